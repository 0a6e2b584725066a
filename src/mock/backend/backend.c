/* SPDX-License-Identifier: MIT */
#include "mock/backend/backend.h"

#include "core/xmalloc.h"
#include "mock/backend/call.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct backend {
    pthread_mutex_t lock; /* for `state` */
    const struct options *options;
    struct state state;
};

enum { NO_TOKEN = 1, BODY = 2 };

struct route {
    const char *method, *path;
    unsigned flags;
    void (*run)(struct call *c);
};

static const struct route routes[] = {
    {"POST", "/auth/login", NO_TOKEN | BODY, call_login},
    {"POST", "/auth/refresh", 0, call_refresh},
    {"GET", "/auth/me", 0, call_me},
    {"POST", "/auth/logout", 0, call_logout},
    {"POST", "/chat/conversations", BODY, call_create},
    {"GET", "/chat/conversations", 0, call_list},
    {"GET", "/chat/conversations/*", 0, call_show},
    {"DELETE", "/chat/conversations/*", 0, call_delete},
    {"PUT", "/chat/conversations/*/mode", BODY, call_mode},
    {"POST", "/chat/send", BODY, call_send},
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

struct backend *backend_new(const struct options *options, struct fail *f)
{
    struct backend *b = xcalloc(1, sizeof *b);
    pthread_mutex_init(&b->lock, NULL);
    b->options = options;
    b->state.accounts.only_fixed = options->web_tokens;
    struct account *demo = accounts_get(&b->state.accounts, span_of("demo@sigmasight.example"));
    for (size_t i = 0; i < options->token_count; i++)
        accounts_accept(&b->state.accounts, demo, options->tokens[i]);
    if (options->answer && recording_read(&b->state.recording, options->answer, f) != 0) {
        backend_free(b);
        return NULL;
    }
    return b;
}

void backend_free(struct backend *b)
{
    if (!b)
        return;
    conversations_release(&b->state.conversations);
    accounts_release(&b->state.accounts);
    recording_release(&b->state.recording);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

bool call_refused(struct call *c)
{
    if (c->problems.len == 0)
        return false;
    reply_json(c->reply, 422);
    buf_printf(&c->reply->body, "{\"detail\":[%s]}", buf_text(&c->problems));
    return true;
}

/* An unknown path, or a known one with another method or with a slash after it. */
static void answer_no_route(const struct request *request, const char *path, struct reply *reply)
{
    struct buf allow = {0}, bare = {0};
    buf_puts(&bare, path ? path : "");
    bool slash = bare.len > 1 && bare.data[bare.len - 1] == '/';
    if (slash)
        bare.len--;
    for (size_t i = 0; i < ROUTES; i++)
        if (path_matches(routes[i].path, buf_text(&bare), NULL))
            buf_printf(&allow, "%s%s", allow.len ? ", " : "", routes[i].method);
    const char *host = request_header(request, "Host");
    if (allow.len == 0) {
        reply_detail(reply, 404, "Not Found");
    } else if (slash) {
        const char *query = strchr(request->target, '?');
        struct buf location = {0};
        buf_printf(&location, "http://%s/api/v1%s%s", host ? host : "", buf_text(&bare),
                   query ? query : "");
        reply->status = 307;
        headers_add(&reply->headers, "location", buf_text(&location));
        buf_release(&location);
    } else {
        headers_add(&reply->headers, "allow", buf_text(&allow));
        reply_detail(reply, 405, "Method Not Allowed");
    }
    buf_release(&allow);
    buf_release(&bare);
}

/* In FastAPI's order: a body that is no JSON, then the token, then everything else. */
static void run(struct backend *b, const struct route *route, struct call *c, struct span id)
{
    bool body = route->flags & BODY;
    if (body && !form_read(&c->form, c->request, &c->problems)) {
        call_refused(c);
        return;
    }
    pthread_mutex_lock(&b->lock);
    if (!(route->flags & NO_TOKEN))
        c->account = accounts_check(&c->state->accounts, request_token(c->request));
    if (!c->account && !(route->flags & NO_TOKEN)) {
        reply_unauthorized(c->reply);
    } else {
        if (id.len > 0)
            problem_uuid(&c->problems, "path", "conversation_id", id, c->id);
        if (!body || form_is_object(&c->form, c->request, &c->problems))
            route->run(c);
        else
            call_refused(c);
    }
    pthread_mutex_unlock(&b->lock);
}

void backend_answer(struct backend *b, const struct request *request, struct reply *reply)
{
    if (request->body.full) {
        reply_detail(reply, 413, "Request body is too large");
        return;
    }
    const char *path = request_api_path(request);
    struct span id = {NULL, 0};
    const struct route *route = NULL;
    for (size_t i = 0; path && !route && i < ROUTES; i++)
        if (strcmp(routes[i].method, request->method) == 0 &&
            path_matches(routes[i].path, path, &id))
            route = &routes[i];
    if (!route) {
        answer_no_route(request, path, reply);
        return;
    }
    struct call c = {.state = &b->state, .options = b->options, .request = request, .reply = reply};
    run(b, route, &c, id);
    form_release(&c.form);
    buf_release(&c.problems);
}
