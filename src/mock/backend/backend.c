/* SPDX-License-Identifier: MIT */
#include "mock/backend/backend.h"

#include "core/xmalloc.h"
#include "mock/backend/call.h"
#include "system/system.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct backend {
    pthread_mutex_t lock; /* for `state` */
    const struct backend_options *options;
    struct state state;
};

enum { NO_TOKEN = 1, BODY = 2 };

static const struct route {
    const char *method, *path;
    unsigned flags;
    int generation; /* 0: both */
    const char *id; /* the name of the segment `*`, which is a UUID */
    void (*run)(struct call *c);
} routes[] = {
    {"POST", "/auth/login", NO_TOKEN | BODY, 0, NULL, call_login},
    {"POST", "/auth/refresh", 0, 0, NULL, call_refresh},
    {"GET", "/auth/me", 0, 0, NULL, call_me},
    {"POST", "/auth/logout", 0, 0, NULL, call_logout},
    {"POST", "/chat/conversations", BODY, 0, NULL, call_create},
    {"GET", "/chat/conversations", 0, 0, NULL, call_list},
    {"GET", "/chat/conversations/*", 0, 0, "conversation_id", call_show},
    {"DELETE", "/chat/conversations/*", 0, 0, "conversation_id", call_delete},
    {"PUT", "/chat/conversations/*/mode", BODY, 0, "conversation_id", call_mode},
    {"POST", "/chat/send", BODY, 0, NULL, call_send},
    {"POST", "/chat/messages/*/feedback", BODY, 0, "message_id", call_rate},
    {"GET", "/chat/messages/*/feedback", 0, 0, "message_id", call_rating},
    {"GET", "/chat/memories/count", 0, 0, NULL, call_count_memories},
    {"GET", "/chat/memories", 0, 0, NULL, call_list_memories},
    {"POST", "/chat/memories", BODY, 0, NULL, call_remember},
    {"DELETE", "/chat/memories", 0, 0, NULL, call_forget_all},
    {"DELETE", "/chat/memories/*", 0, 0, "memory_id", call_forget},
    {"GET", "/data/portfolios", 0, 1, NULL, call_portfolios},
    {"GET", "/portfolios", 0, 2, NULL, call_portfolios},
    {"POST", "/insights/generate", BODY, 0, NULL, call_generate_insight},
    {"GET", "/insights/portfolio/*", 0, 0, "portfolio_id", call_list_insights},
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

/* An error code has a section of errors, which are events, or of refusals, which are replies. */
bool backend_knows_error(struct span code)
{
    struct section s;
    return data_find("error", code, &s) || data_find("refusal", code, &s);
}

struct backend *backend_new(const struct backend_options *options, struct fail *f)
{
    if (options->error && !backend_knows_error(span_of(options->error))) {
        fail_set(f, FAIL_USAGE, "invalid value '%s' for --error: unknown error code",
                 options->error);
        return NULL;
    }
    struct backend *b = xcalloc(1, sizeof *b);
    pthread_mutex_init(&b->lock, NULL);
    b->options = options;
    b->state.accounts.only_accepted = options->web_tokens;
    struct user *demo = accounts_get(&b->state.accounts, span_of("demo@sigmasight.example"));
    for (size_t i = 0; i < options->tokens.count; i++)
        accounts_accept(&b->state.accounts, demo, options->tokens.list[i]);
    if (options->answer && sys_read_file(options->answer, &b->state.recording) != 0) {
        fail_errno(f, FAIL_INPUT, errno, "cannot read %s", options->answer);
        backend_free(b);
        return NULL;
    }
    return b;
}

void backend_free(struct backend *b)
{
    if (!b)
        return;
    records_release(&b->state.conversations);
    records_release(&b->state.messages);
    records_release(&b->state.memories);
    accounts_release(&b->state.accounts);
    buf_release(&b->state.recording);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

/* --- dispatch --- */

static const struct route *find_route(const struct backend *b, const char *method, const char *path,
                                      struct span *id)
{
    for (size_t i = 0; path && i < ROUTES; i++)
        if ((!routes[i].generation || routes[i].generation == b->options->generation) &&
            strcmp(routes[i].method, method) == 0 && path_matches(routes[i].path, path, id))
            return &routes[i];
    return NULL;
}

/* An unknown path, or a known one with another method or with a trailing slash. */
static void answer_no_route(const struct backend *b, const struct request *request,
                            const char *path, struct reply *reply)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    struct buf allow = {0}, bare = {0};
    buf_puts(&bare, path ? path : "");
    bool slash = bare.len > 1 && bare.data[bare.len - 1] == '/';
    if (slash)
        bare.len--;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (find_route(b, methods[i], buf_text(&bare), NULL))
            buf_printf(&allow, "%s%s", allow.len ? ", " : "", methods[i]);
    const char *host = request_header(request, "Host");
    if (allow.len == 0) {
        reply_detail(reply, 404, "Not Found");
    } else if (slash) {
        const char *query = strchr(request->target, '?');
        char *location = buf_format("http://%s/api/v1%s%s", host ? host : "", buf_text(&bare),
                                    query ? query : "");
        reply->status = 307;
        headers_add(&reply->headers, "location", location);
        free(location);
    } else {
        headers_add(&reply->headers, "allow", buf_text(&allow));
        reply_detail(reply, 405, "Method Not Allowed");
    }
    buf_release(&allow);
    buf_release(&bare);
}

/* Answers 429 to a call beyond --rate-limit. */
static bool is_too_many(struct call *c)
{
    struct state *s = c->state;
    int64_t now = sys_now_us();
    if (c->options->rate_limit == 0)
        return false;
    if (now - s->second >= 1000000) {
        s->second = now;
        s->calls = 0;
    }
    if (++s->calls <= c->options->rate_limit)
        return false;
    if (c->options->retry_after >= 0) {
        char *seconds = buf_format("%lld", (long long)c->options->retry_after);
        headers_add(&c->reply->headers, "retry-after", seconds);
        free(seconds);
    }
    reply_detail(c->reply, 429, "Rate limit exceeded");
    return true;
}

/* With the lock held. FastAPI checks the token before the path and the body. */
static void check_and_run(struct call *c, const struct route *route, struct span id)
{
    c->account = accounts_check(&c->state->accounts, request_token(c->request));
    if (is_too_many(c))
        return;
    if (!c->account && !(route->flags & NO_TOKEN)) {
        headers_add(&c->reply->headers, "www-authenticate", "Bearer");
        reply_detail(c->reply, 401, "Could not validate credentials");
        return;
    }
    if (c->request->error && call_refuse(c, c->request->error))
        return;
    if (route->id)
        call_read_uuid(c, "path", route->id, id, c->id);
    if (!(route->flags & BODY) || call_has_object(c))
        route->run(c);
    else
        call_refused(c);
}

void backend_answer(struct backend *b, const struct request *request, struct reply *reply)
{
    struct span id = {NULL, 0};
    const char *path = request_api_path(request);
    const struct route *route = find_route(b, request->method, path, &id);
    struct call c = {.state = &b->state, .options = b->options, .request = request, .reply = reply};
    if (request->body.full) {
        reply_detail(reply, 413, "Request body is too large");
    } else if (!route) {
        answer_no_route(b, request, path, reply);
    } else if ((route->flags & BODY) && !call_read_body(&c)) {
        call_refused(&c); /* a malformed body is reported before a bad token */
    } else {
        pthread_mutex_lock(&b->lock);
        check_and_run(&c, route, id);
        pthread_mutex_unlock(&b->lock);
    }
    call_release(&c);
}
