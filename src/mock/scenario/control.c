/* SPDX-License-Identifier: MIT */
#include "mock/scenario/control.h"

#include "mock/scenario/words.h"

#include <string.h>

static const struct span prefix = SPAN("/mock/");

bool control_owns(const char *path)
{
    return span_starts(span_of(path), prefix);
}

static void open_gate(struct stage *stage, const struct request *request, struct span name,
                      struct reply *reply)
{
    (void)request;
    struct gate *gate = stage_gate(stage, name);
    reply->status = gate ? 204 : 500;
    if (gate)
        stage_open(stage, gate);
}

static void await_gate(struct stage *stage, const struct request *request, struct span name,
                       struct reply *reply)
{
    struct gate *gate = stage_gate(stage, name);
    reply->status = gate ? 204 : 500;
    if (gate)
        wait_for(stage_stopped(stage), request->fd, gate_arrived(gate), -1);
}

static void show_requests(struct stage *stage, const struct request *request, struct span name,
                          struct reply *reply)
{
    (void)request, (void)name;
    struct stage_count count = stage_count(stage);
    reply_json(reply, 200);
    buf_printf(&reply->body, "{\"requests\":%llu,\"open\":%llu}\n",
               (unsigned long long)count.requests,
               (unsigned long long)(count.requests - count.ended));
}

static void await_ended(struct stage *stage, const struct request *request, struct span number,
                        struct reply *reply)
{
    (void)request;
    uint64_t count;
    if (!word_number(number, &count))
        reply_detail(reply, 422, "Not a number");
    else
        reply->status = stage_wait_ended(stage, count) ? 204 : 503;
}

static const struct row {
    const char *method, *path;
    void (*run)(struct stage *stage, const struct request *request, struct span segment,
                struct reply *reply);
} rows[] = {
    {"POST", "/mock/gates/*", open_gate},
    {"GET", "/mock/gates/*", await_gate},
    {"GET", "/mock/requests", show_requests},
    {"GET", "/mock/closed/*", await_ended},
};

void control_answer(struct stage *stage, const struct request *request, struct reply *reply)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct span segment;
        if (strcmp(rows[i].method, request->method) == 0 &&
            path_matches(rows[i].path, request->path, &segment)) {
            rows[i].run(stage, request, segment, reply);
            return;
        }
    }
    reply_detail(reply, 404, "Not Found");
}
