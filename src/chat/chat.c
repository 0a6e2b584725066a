/* SPDX-License-Identifier: MIT */
#include "chat/chat.h"

#include "chat/cause.h"
#include "core/xmalloc.h"
#include "system/system.h"

#include <stdlib.h>

enum {
    SECOND = 1000000,
    /* How long the server may take to close the stream after `done`: it stores the answer then. */
    DRAIN = 5 * SECOND,
    /* An answer that comes in one piece so long after the message was held up on the way. */
    BUFFERED = 2 * SECOND,
    /* How long the deletion of a conversation may hold up the end. */
    CLEAN_UP = 2 * SECOND
};

struct exchange {
    struct api *api;
    struct reader *reader;
    const struct chat_request *request;
    struct chat_outcome *outcome;
    int attempt;      /* messages posted, from 1 */
    int64_t ended;    /* when `done` or `error` was seen, 0 before */
    int64_t moved;    /* when the last event other than a heartbeat came */
    int64_t progress; /* the reader's count at that time */
    bool taken;       /* the response is an event stream */
    bool first_turn;  /* nothing of the body has been looked at as a whole */
    int64_t first;    /* when its first byte came */
    bool drained_out;
    struct http_response response; /* of this attempt */
    int64_t stream_hint;           /* ms, the last that a stream gave; -1 without */
};

/* The summary's times. */

static int64_t since_start(const struct exchange *x, int64_t at)
{
    return at > 0 ? (at - x->request->started) / 1000 : -1;
}

static void note_connection(struct exchange *x)
{
    struct http_times times = http_times(x->api->http);
    x->outcome->connected = times.connected > 0;
    x->outcome->timing.connect_ms = since_start(x, times.connected);
    x->outcome->timing.tls_ms = since_start(x, times.secured);
}

/* Hooks of the stream. */

static bool takes_stream(void *arg, const struct http_response *response, struct fail *fail)
{
    struct exchange *x = arg;
    x->taken = api_is_event_stream(response);
    if (!x->taken)
        return false;
    x->outcome->accepted = true;
    x->moved = sys_now_us();
    char *url = api_send_url(x->api);
    struct sink_open open = {url, response->status, x->attempt, x->outcome->conversation};
    sinks_open(x->reader->sinks, &open, fail);
    free(url);
    return true;
}

static int on_body(void *arg, struct span bytes, struct fail *fail)
{
    struct exchange *x = arg;
    if (!x->reader->body_begun) {
        x->first = sys_now_us();
        x->outcome->timing.first_byte_ms = since_start(x, x->first);
    }
    return reader_feed(x->reader, bytes, fail);
}

/* Text that arrives together with `start`, long after the question, was kept back by something
   between the server and here. */
static int warn_of_buffering(struct exchange *x, struct fail *fail)
{
    if (!x->reader->body_begun || !x->first_turn)
        return 0;
    x->first_turn = false;
    if (!x->reader->answer.begun || x->first - x->response.sent < BUFFERED)
        return 0;
    return sinks_warning(x->reader->sinks,
                         "the answer came in one piece: something between the server and here "
                         "buffers the stream",
                         fail);
}

static int on_turn(void *arg, struct fail *fail)
{
    struct exchange *x = arg;
    if (!x->taken)
        return 0;
    int result = warn_of_buffering(x, fail);
    int64_t before = sys_now_us();
    if (reader_flush(x->reader, fail) != 0)
        result = -1;
    int64_t waited = sys_now_us() - before;
    x->moved += waited;
    http_extend(x->api->http, waited);
    return result;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int on_tick(void *arg, int64_t now, int64_t *wake, struct fail *fail)
{
    struct exchange *x = arg;
    const struct answer *answer = &x->reader->answer;
    if (answer->ended) {
        if (!x->ended)
            x->ended = now;
        x->drained_out = now >= x->ended + DRAIN;
        *wake = earlier(*wake, x->ended + DRAIN);
        return x->drained_out ? HTTP_ENOUGH : HTTP_GO_ON;
    }
    if (!x->request->stall_timeout || !x->taken)
        return HTTP_GO_ON;
    if (answer->progress != x->progress) {
        x->progress = answer->progress;
        x->moved = now;
    }
    if (now >= x->moved + x->request->stall_timeout)
        return fail_set(fail, FAIL_CLOCK,
                        "out of time: no event but heartbeats for %g s (--stall-timeout)",
                        (double)x->request->stall_timeout / SECOND);
    *wake = earlier(*wake, x->moved + x->request->stall_timeout);
    return HTTP_GO_ON;
}

/* The calls of an exchange. Each is one attempt. */

static void warn_of_orphan(struct exchange *x)
{
    struct fail ignored = FAIL_INIT;
    sinks_warning(x->reader->sinks,
                  "a conversation may have been created and could not be deleted: no time left",
                  &ignored);
    fail_release(&ignored);
}

static int create(struct exchange *x, struct fail *fail)
{
    struct chat_outcome *o = x->outcome;
    /* Interrupted here, it would leave a conversation behind that nobody knows. */
    http_patience(x->api->http, x->request->ephemeral ? CLEAN_UP : 0);
    int result = api_create(x->api, x->request->mode, x->request->portfolios, x->request->context,
                            &o->conversation, fail);
    http_patience(x->api->http, 0);
    o->created = result == 0;
    if (result == 0 && sys_signal())
        return fail_signal(fail, sys_signal());
    if (x->request->ephemeral && fail->cause == FAIL_SIGNAL && http_times(x->api->http).connected)
        warn_of_orphan(x);
    return result;
}

static int set_mode(struct exchange *x, struct fail *fail)
{
    return api_set_mode(x->api, x->outcome->conversation, x->request->mode, fail);
}

static void warn_after_done(struct exchange *x, const struct fail *why, struct fail *fail)
{
    struct buf text = {0};
    if (why->cause == FAIL_CUT)
        buf_puts(&text, "the connection was lost");
    else
        buf_printf(&text, "%s,", why->message);
    buf_puts(&text, " after `done`: the server may not have stored the answer");
    sinks_warning(x->reader->sinks, buf_text(&text), fail);
    buf_release(&text);
}

/* What the events said counts for more than how the connection ended afterwards: after `done` a
   cut only means that the server may not have stored the answer. */
static int conclude_stream(struct exchange *x, struct fail *fail)
{
    const struct answer *answer = &x->reader->answer;
    bool cut = fail->cause == FAIL_CUT || fail->cause == FAIL_CLOCK || fail->cause == FAIL_DEADLINE;
    if (cut && (answer->done || fail_is_set(&answer->verdict))) {
        struct fail after = FAIL_INIT;
        fail_move(&after, fail);
        if (answer->done && !fail_is_set(&answer->verdict))
            warn_after_done(x, &after, fail);
        fail_release(&after);
    }
    if (x->drained_out && answer->done)
        sinks_warning(x->reader->sinks, "the server did not close the stream within 5 s of `done`",
                      fail);
    reader_flush(x->reader, fail);
    return reader_finish(x->reader, "the stream ended", fail);
}

static int post(struct exchange *x, struct fail *fail)
{
    const struct http_hooks hooks = {x, takes_stream, on_body, on_turn, on_tick};
    struct http_response *response = &x->response;
    if (reader_begin(x->reader, fail) != 0)
        return -1;
    x->attempt++;
    x->outcome->posted = true;
    x->taken = x->drained_out = false;
    x->first_turn = true;
    x->ended = x->moved = x->progress = 0;
    http_response_init(response);
    int result = api_send(x->api, x->outcome->conversation, x->request->portfolios,
                          x->request->context, x->request->text, &hooks, response, fail);
    x->outcome->timing.first_delta_ms = since_start(x, x->reader->answer.first_delta_us);
    if (x->taken)
        result = conclude_stream(x, fail);
    else if (result == 0)
        result = api_refused(response, "cannot send the message", fail);
    if (x->reader->sse.retry_ms >= 0)
        x->stream_hint = x->reader->sse.retry_ms;
    http_response_release(response);
    return result;
}

/* Retries. */

static int64_t on_time(void *sinks, int64_t now)
{
    return sinks_tick(sinks, now);
}

/* Waits, but for a signal. */
static int pause_for(struct exchange *x, int64_t ms, struct fail *fail)
{
    int64_t now = sys_now_us(), end = now + ms * 1000;
    int result = 0;
    for (; result == 0 && now < end; now = sys_now_us())
        result = sys_wait(-1, 0, earlier(end, sinks_tick(x->reader->sinks, now)));
    return result == 0 ? 0 : fail_signal(fail, sys_signal());
}

static int announce(struct exchange *x, int attempt, int64_t delay, const char *reason,
                    struct fail *fail)
{
    struct sink_retry retry = {attempt, x->request->retry.max, delay, reason};
    int result = sinks_retry(x->reader->sinks, &retry, fail);
    return sinks_flush(x->reader->sinks, fail) != 0 ? -1 : result;
}

/* Makes a call and repeats it as the policy says. */
static int persist(struct exchange *x, int (*call)(struct exchange *x, struct fail *fail),
                   struct fail *fail)
{
    bool own = !x->request->conversation;
    for (int made = 0;; made++) {
        struct fail why = FAIL_INIT;
        if (call(x, &why) == 0) {
            fail_release(&why);
            return 0;
        }
        if (auth_recover(x->request->auth, x->api, &why)) {
            made--;
            continue;
        }
        struct retry_case now = {.cause = why.cause,
                                 .committed = reader_is_committed(x->reader),
                                 .own = own,
                                 .made = made,
                                 .elapsed_ms = since_start(x, sys_now_us()),
                                 .hint_ms = why.retry_after,
                                 .stream_ms = x->stream_hint,
                                 .random = sys_random()};
        int64_t delay = retry_delay(&x->request->retry, &now);
        int result = delay < 0 ? -1 : announce(x, made + 1, delay, why.message, fail);
        if (result == 0)
            result = pause_for(x, delay, fail);
        else if (!fail_is_set(fail))
            fail_move(fail, &why);
        fail_release(&why);
        if (result != 0)
            return -1;
    }
}

/* A conversation of no further use: an ephemeral one, or one that was created for a message which
   the server then refused; unless it had begun to answer that before. */
static bool is_useless(const struct exchange *x, const struct fail *fail)
{
    bool refused = fail->http_status >= 400 && cause_row(fail->cause)->retry != RETRY_MAYBE_STORED;
    return x->outcome->created && (x->request->ephemeral || (refused && !x->outcome->accepted));
}

static void clean_up(struct exchange *x)
{
    struct chat_outcome *o = x->outcome;
    struct fail why = FAIL_INIT, ignored = FAIL_INIT;
    http_patience(x->api->http, CLEAN_UP);
    int64_t end = sys_now_us() + CLEAN_UP;
    http_deadline(x->api->http, end);
    x->request->auth->config.deadline = end;
    int result;
    do
        result = api_delete(x->api, o->conversation, &why);
    while (result != 0 && auth_recover(x->request->auth, x->api, &why));
    bool gone = why.http_status == 404;
    if (result != 0 && !gone) {
        struct buf text = {0};
        bool late = why.cause == FAIL_SIGNAL || why.cause == FAIL_DEADLINE;
        buf_printf(&text, "conversation %s could not be deleted: %s", o->conversation,
                   late ? "no time left" : why.message);
        sinks_warning(x->reader->sinks, buf_text(&text), &ignored);
        buf_release(&text);
    } else if (!x->request->ephemeral) {
        free(o->conversation);
        o->conversation = NULL;
    }
    fail_release(&why);
    fail_release(&ignored);
}

static int converse(struct exchange *x, struct fail *fail)
{
    const struct chat_request *request = x->request;
    if (request->conversation)
        x->outcome->conversation = xstrdup(request->conversation);
    else if (persist(x, create, fail) != 0)
        return -1;
    if (request->conversation && request->mode && persist(x, set_mode, fail) != 0)
        return -1;
    return persist(x, post, fail);
}

int chat_run(struct api *api, struct reader *reader, const struct chat_request *request,
             struct chat_outcome *outcome, struct fail *fail)
{
    struct exchange x = {
        .api = api, .reader = reader, .request = request, .outcome = outcome, .stream_hint = -1};
    http_on_tick(api->http, on_time, reader->sinks);
    int result = converse(&x, fail);
    note_connection(&x);
    if (is_useless(&x, fail))
        clean_up(&x);
    return result;
}

void chat_outcome_init(struct chat_outcome *o)
{
    *o = (struct chat_outcome){.timing = {-1, -1, -1, -1, -1}};
}

void chat_outcome_release(struct chat_outcome *o)
{
    free(o->conversation);
    chat_outcome_init(o);
}
