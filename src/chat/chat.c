/* SPDX-License-Identifier: MIT */
#include "chat/chat.h"

#include "chat/cause.h"
#include "chat/stall.h"
#include "core/xmalloc.h"
#include "system/system.h"

#include <stdlib.h>

enum {
    SECOND = 1000000,
    /* Time for the server to store the answer and close the stream after `done`. */
    DRAIN = 5 * SECOND,
    /* An answer that arrives in one piece later than this was buffered on the way. */
    BUFFERED = 2 * SECOND,
    /* Time limit for deleting a conversation at the end. */
    CLEAN_UP = 2 * SECOND
};

/* A question that is being asked. */
struct chat {
    struct api *api;
    struct reader *reader;
    const struct chat_request *request;
    struct chat_outcome *outcome;
    int attempt;   /* messages posted, from 1 */
    int64_t ended; /* when `done` or `error` was seen, 0 before */
    struct stall stall;
    bool taken;      /* the response is an event stream */
    bool first_turn; /* no turn with bytes of the body has ended yet */
    int64_t first;   /* time of the first byte of the body */
    bool drained_out;
    bool failure_known;            /* request->on_failure was called */
    struct http_response response; /* of this attempt */
    struct retry_loop retry;
};

/* The summary's times. */

static int64_t ms_since_start(const struct chat *c, int64_t at)
{
    return at > 0 ? (at - c->request->started) / 1000 : -1;
}

static void note_connection(struct chat *c)
{
    struct http_times times = http_times(c->api->http);
    c->outcome->connected = times.used || times.connected > 0;
    c->outcome->timing.connect_ms = ms_since_start(c, times.connected);
    c->outcome->timing.tls_ms = ms_since_start(c, times.secured);
}

/* The stream: called by http_run through stream_hooks. */

static bool stream_takes(void *arg, const struct http_response *response, struct fail *fail)
{
    struct chat *c = arg;
    c->taken = api_is_event_stream(response);
    if (!c->taken)
        return false;
    c->outcome->accepted = true;
    stall_begin(&c->stall);
    char *url = api_send_url(c->api);
    struct sink_open open = {url, response->status, c->attempt, c->outcome->conversation};
    sinks_open(c->reader->sinks, &open, fail);
    free(url);
    return true;
}

static int stream_body(void *arg, struct span bytes, struct fail *fail)
{
    struct chat *c = arg;
    if (!c->reader->body_begun) {
        c->first = sys_now_us();
        c->outcome->timing.first_byte_ms = ms_since_start(c, c->first);
    }
    return reader_feed(c->reader, bytes, fail);
}

/* Text that arrives together with `start`, long after the question, was buffered between the server
   and the program. */
static int warn_of_buffering(struct chat *c, struct fail *fail)
{
    if (!c->reader->body_begun || !c->first_turn)
        return 0;
    c->first_turn = false;
    if (!c->reader->answer.begun || c->first - c->response.sent < BUFFERED)
        return 0;
    return sinks_warning(c->reader->sinks,
                         "the answer arrived in one piece: something between the server and "
                         "this program buffers the stream",
                         fail);
}

static int stream_turn(void *arg, struct fail *fail)
{
    struct chat *c = arg;
    if (!c->taken)
        return 0;
    int result = warn_of_buffering(c, fail);
    if (reader_flush(c->reader, fail) != 0)
        result = -1;
    int64_t us = retry_discount_output(&c->retry);
    c->stall.moved += us;
    if (c->ended)
        c->ended += us;
    return result;
}

static int64_t earlier_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void announce_failure(struct chat *c, const struct fail *why)
{
    if (c->request->on_failure && !c->failure_known)
        c->request->on_failure(c->request->on_failure_arg, why);
    c->failure_known = true;
}

static int stream_tick(void *arg, int64_t now, int64_t *wake, struct fail *fail)
{
    struct chat *c = arg;
    const struct answer *answer = &c->reader->answer;
    if (answer->ended) {
        if (!c->ended)
            c->ended = sys_now_us(); /* not `now`: writing `done` may have taken a long time */
        if (fail_is_set(&answer->verdict) && retry_is_excluded(&c->retry, &answer->verdict))
            announce_failure(c, &answer->verdict);
        c->drained_out = now >= c->ended + DRAIN;
        *wake = earlier_of(*wake, c->ended + DRAIN);
        return c->drained_out ? HTTP_ENOUGH : HTTP_GO_ON;
    }
    if (c->taken && stall_check(&c->stall, answer->progress, now, wake, fail) != 0)
        return -1;
    return HTTP_GO_ON;
}

/* The calls of a question. Each is one attempt. */

static void warn_of_orphan(struct chat *c)
{
    struct fail ignored = FAIL_INIT;
    sinks_warning(c->reader->sinks,
                  "a conversation may have been created and could not be deleted: no time left",
                  &ignored);
    fail_release(&ignored);
}

static int find_portfolios(void *arg, struct fail *fail)
{
    struct chat *c = arg;
    struct portfolio_choice *choice = c->request->choice;
    int result =
        portfolio_resolve(choice, c->api, c->request->portfolios, !c->request->conversation, fail);
    c->outcome->portfolio_unknown = result != 0 && choice->is_listed && fail->cause == FAIL_DATA;
    return result;
}

static int create_once(struct chat *c, struct fail *fail)
{
    struct chat_outcome *o = c->outcome;
    /* If the call were interrupted, the ID of the new conversation would be lost. */
    http_set_grace(c->api->http, c->request->ephemeral ? CLEAN_UP : 0);
    int result = api_create(c->api, c->request->mode, portfolio_ids(c->request->choice),
                            c->request->context, &o->conversation, fail);
    http_set_grace(c->api->http, 0);
    o->created = result == 0;
    if (result == 0 && sys_signal())
        return fail_signal(fail, sys_signal());
    if (c->request->ephemeral && fail->cause == FAIL_SIGNAL && http_times(c->api->http).connected)
        warn_of_orphan(c);
    return result;
}

static int create(void *arg, struct fail *fail)
{
    struct chat *c = arg;
    char *note = NULL;
    int result = create_once(c, fail);
    if (result == 0 || portfolio_choose(c->request->choice, c->api, &note, fail) != 0)
        return result;
    sinks_warning(c->reader->sinks, note, fail);
    free(note);
    return fail_is_set(fail) ? -1 : create_once(c, fail);
}

static int set_mode(void *arg, struct fail *fail)
{
    struct chat *c = arg;
    return api_set_mode(c->api, c->outcome->conversation, c->request->mode, fail);
}

static void warn_after_done(struct chat *c, const struct fail *why, struct fail *fail)
{
    struct buf text = {0};
    if (why->cause == FAIL_CUT)
        buf_puts(&text, "the connection was lost");
    else
        buf_printf(&text, "%s,", why->message);
    buf_puts(&text, " after `done`: the server may not have stored the answer");
    sinks_warning(c->reader->sinks, buf_text(&text), fail);
    buf_release(&text);
}

/* The events take precedence over the end of the connection: if it is lost after `done`, the answer
   is complete, but the server may not have stored it. */
static int conclude_stream(struct chat *c, struct fail *fail)
{
    const struct answer *answer = &c->reader->answer;
    bool cut = fail->cause == FAIL_CUT || fail->cause == FAIL_CLOCK || fail->cause == FAIL_DEADLINE;
    if (cut && (answer->done || fail_is_set(&answer->verdict))) {
        struct fail after = FAIL_INIT;
        fail_move(&after, fail);
        if (answer->done && !fail_is_set(&answer->verdict))
            warn_after_done(c, &after, fail);
        fail_release(&after);
    }
    if (c->drained_out && answer->done)
        sinks_warning(c->reader->sinks, "the server did not close the stream within 5 s of `done`",
                      fail);
    reader_flush(c->reader, fail);
    return reader_finish(c->reader, "the stream ended", fail);
}

/* Whether a response rejects the message, which was not stored then. */
static bool is_rejection(const struct fail *fail)
{
    return fail->http_status >= 400 && cause_row(fail->cause)->retry != RETRY_MAYBE_STORED;
}

/* Whether the server may have stored a message whose attempt failed for this reason. */
static bool is_maybe_stored(const struct fail *fail)
{
    enum retry_class retry = cause_row(fail->cause)->retry;
    return retry != RETRY_NOT_STORED && retry != RETRY_ONCE && !is_rejection(fail);
}

static int post(void *arg, struct fail *fail)
{
    struct chat *c = arg;
    const struct http_hooks stream_hooks = {c, stream_takes, stream_body, stream_turn, stream_tick};
    const struct api_message message = {.conversation = c->outcome->conversation,
                                        .portfolios = portfolio_ids(c->request->choice),
                                        .context = c->request->context,
                                        .text = c->request->text};
    struct http_response *response = &c->response;
    if (reader_begin(c->reader, fail) != 0)
        return -1;
    c->attempt++;
    c->outcome->posted = true;
    c->taken = c->drained_out = false;
    c->first_turn = true;
    c->ended = 0;
    c->outcome->timing.first_byte_ms = -1;
    http_response_init(response);
    int result = api_send(c->api, &message, &stream_hooks, response, fail);
    c->outcome->timing.first_delta_ms = ms_since_start(c, c->reader->answer.first_delta_us);
    if (c->taken)
        result = conclude_stream(c, fail);
    else if (result == 0)
        result = api_refused(response, "cannot send the message", fail);
    if (c->taken || is_maybe_stored(fail))
        c->outcome->maybe_stored = true;
    if (c->reader->sse.retry_ms >= 0)
        c->retry.stream_ms = c->reader->sse.retry_ms;
    http_response_release(response);
    return result;
}

static bool question_is_committed(const void *arg)
{
    const struct chat *c = arg;
    return reader_is_committed(c->reader);
}

static int64_t tick_sinks(void *sinks, int64_t now)
{
    return sinks_tick(sinks, now);
}

/* Whether to delete the conversation: it is ephemeral, or it was created for a message that the
   server refused before it began to answer. */
static bool is_useless(const struct chat *c, const struct fail *fail)
{
    return c->outcome->created && !c->request->keep &&
           (c->request->ephemeral || (is_rejection(fail) && !c->outcome->accepted));
}

int chat_discard(struct api *api, struct auth *auth, const char *conversation, char **warning)
{
    struct fail why = FAIL_INIT;
    http_set_grace(api->http, CLEAN_UP);
    auth_set_deadline(auth, api, sys_now_us() + CLEAN_UP);
    int result;
    do
        result = api_delete(api, conversation, &why);
    while (result != 0 && auth_recover(auth, api, &why));
    http_set_grace(api->http, 0);
    bool late = why.cause == FAIL_SIGNAL || why.cause == FAIL_DEADLINE;
    if (why.http_status == 404)
        result = 0;
    *warning = result == 0 ? NULL
                           : buf_format("conversation %s could not be deleted: %s", conversation,
                                        late ? "no time left" : why.message);
    fail_release(&why);
    return result;
}

static void clean_up(struct chat *c)
{
    struct chat_outcome *o = c->outcome;
    struct fail ignored = FAIL_INIT;
    char *warning;
    if (chat_discard(c->api, c->request->auth, o->conversation, &warning) != 0) {
        sinks_warning(c->reader->sinks, warning, &ignored);
    } else if (!c->request->ephemeral) {
        free(o->conversation);
        o->conversation = NULL;
    }
    free(warning);
    fail_release(&ignored);
}

static void warn_of_token(struct chat *c)
{
    struct fail ignored = FAIL_INIT;
    char *warning = auth_warning(c->request->auth);
    if (warning)
        sinks_warning(c->reader->sinks, warning, &ignored);
    free(warning);
    fail_release(&ignored);
}

static int ask(struct chat *c, struct fail *fail)
{
    const struct chat_request *request = c->request;
    c->retry.repeatable = true;
    /* Without --portfolio there is no call, so no turn is reserved. */
    int found = request->portfolios.count ? retry_run(&c->retry, find_portfolios, fail)
                                          : find_portfolios(c, fail);
    if (found != 0)
        return -1;
    c->retry.repeatable = !request->conversation;
    if (!request->conversation && retry_run(&c->retry, create, fail) != 0)
        return -1;
    if (request->conversation && request->mode && retry_run(&c->retry, set_mode, fail) != 0)
        return -1;
    return retry_run(&c->retry, post, fail);
}

int chat_run(struct api *api, struct reader *reader, const struct chat_request *request,
             struct chat_outcome *outcome, struct fail *fail)
{
    struct chat c = {.api = api,
                     .reader = reader,
                     .request = request,
                     .outcome = outcome,
                     .stall = {.limit = request->stall_timeout}};
    c.retry = (struct retry_loop){.policy = &request->retry,
                                  .api = api,
                                  .auth = request->auth,
                                  .sinks = reader->sinks,
                                  .pace = request->pace,
                                  .started = request->started,
                                  .stream_ms = -1,
                                  .is_committed = question_is_committed,
                                  .arg = &c};
    /* Before anything can fail: the caller continues or deletes the conversation of the outcome. */
    if (request->conversation)
        outcome->conversation = xstrdup(request->conversation);
    http_on_tick(api->http, tick_sinks, reader->sinks);
    http_set_grace(api->http, 0);
    auth_set_deadline(request->auth, api, request->deadline);
    int result = ask(&c, fail);
    /* Before the deletion, which takes time, and before any warning. */
    if (sinks_conclude(reader->sinks, fail->cause == FAIL_SIGNAL, fail) != 0)
        result = -1;
    if (result != 0)
        announce_failure(&c, fail);
    strings_copy(&outcome->portfolios, &request->choice->ids);
    note_connection(&c);
    if (is_useless(&c, fail))
        clean_up(&c);
    warn_of_token(&c);
    http_on_tick(api->http, NULL, NULL);
    http_forget_times(api->http);
    return result;
}

void chat_outcome_init(struct chat_outcome *o)
{
    *o = (struct chat_outcome){.timing = {-1, -1, -1, -1, -1}};
}

void chat_outcome_release(struct chat_outcome *o)
{
    free(o->conversation);
    strings_release(&o->portfolios);
    chat_outcome_init(o);
}
