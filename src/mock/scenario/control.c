/* SPDX-License-Identifier: MIT */
#include "mock/scenario/control.h"

#include <stdlib.h>
#include <string.h>

static const struct span prefix = SPAN("/mock/");

bool control_owns(const char *path)
{
    return span_starts(span_of(path), prefix);
}

static void open_gate(struct gates *gates, int client, struct span name, struct reply *reply)
{
    (void)client;
    reply->status = gates_open(gates, name) ? 204 : 500;
}

static void await_gate(struct gates *gates, int client, struct span name, struct reply *reply)
{
    reply->status = gates_await(gates, name, client) == WAKE_EVENT ? 204 : 503;
}

static void show_requests(struct gates *gates, int client, struct span segment, struct reply *reply)
{
    (void)client, (void)segment;
    struct gates_count count = gates_count(gates);
    reply_json(reply, 200);
    buf_printf(&reply->body, "{\"requests\":%llu,\"open\":%llu}\n",
               (unsigned long long)count.requests,
               (unsigned long long)(count.requests - count.ended));
}

/* The segment ends the path and so the string. */
static void await_ended(struct gates *gates, int client, struct span number, struct reply *reply)
{
    if (strspn(number.at, "0123456789") != number.len)
        reply_detail(reply, 422, "Not a number");
    else
        reply->status = gates_await_ended(gates, strtoul(number.at, NULL, 10), client) == WAKE_EVENT
                            ? 204
                            : 503;
}

static const struct call_row {
    const char *method, *path;
    void (*run)(struct gates *gates, int client, struct span segment, struct reply *reply);
} calls[] = {
    {"POST", "/mock/gates/*", open_gate},
    {"GET", "/mock/gates/*", await_gate},
    {"GET", "/mock/requests", show_requests},
    {"GET", "/mock/closed/*", await_ended},
};

void control_answer(struct gates *gates, const struct request *request, struct reply *reply)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct span segment;
        if (strcmp(calls[i].method, request->method) == 0 &&
            path_matches(calls[i].path, request->path, &segment)) {
            calls[i].run(gates, request->fd, segment, reply);
            return;
        }
    }
    reply_detail(reply, 404, "Not Found");
}
