/* SPDX-License-Identifier: MIT */
#include "chat/reader.h"

#include "api/api.h"
#include "api/refusal.h"
#include "core/hash.h"
#include "core/utf8.h"
#include "core/xmalloc.h"
#include "system/system.h"

#include <math.h>
#include <stdlib.h>

/* The maximum delay accepted from the server, in seconds. */
#define RETRY_AFTER_MAX 1e9

/* The maximum length of a message that is JSON of an unknown form. */
enum { MESSAGE_MAX = 500 /* bytes */ };

static void answer_reset(struct answer *a)
{
    free(a->conversation_id);
    free(a->message_id);
    free(a->mode);
    free(a->model);
    free(a->total_tokens);
    free(a->latency_ms);
    fail_release(&a->verdict);
    *a = (struct answer){.hash = HASH_INIT, .verdict = FAIL_INIT};
}

static void set_string(char **target, const struct json_value *value)
{
    if (value->type != JSON_STRING)
        return;
    free(*target);
    *target = xspandup(value->string);
}

static void set_id(char **target, const struct json_value *value)
{
    if (value->type == JSON_STRING && api_is_id(value->string))
        set_string(target, value);
}

/* The first generation sends two `done` events, either of which may have null. */
static void set_number(char **target, const struct json_value *value)
{
    if (value->type != JSON_NUMBER)
        return;
    free(*target);
    *target = xspandup(value->raw);
}

static void count_text(struct answer *a, struct span text)
{
    if (text.len == 0)
        return;
    if (a->first_delta_us == 0)
        a->first_delta_us = sys_now_us();
    a->text_bytes += (int64_t)text.len;
    a->hash = hash_add(a->hash, text);
}

/* Reads the message and the code of an error event in any of the forms that servers use. */
static void read_error(const struct chat_event *event, struct buf *words, struct buf *code)
{
    const struct json_value *message = &event->member[CHAT_ERROR_MESSAGE];
    const struct json_value *own_code = &event->member[CHAT_ERROR_CODE];
    if (message->type == JSON_STRING && span_trim(message->string).len)
        buf_span(words, utf8_cut(message->string, REFUSAL_MAX));
    else
        refusal_read(event->member[CHAT_DATA].raw, span_make(NULL, 0), words, code);
    if (words->len == 0 && message->type != JSON_NONE && message->type != JSON_NULL &&
        message->type != JSON_STRING)
        utf8_fold(words, message->raw, MESSAGE_MAX);
    if (own_code->type == JSON_STRING && own_code->string.len) {
        buf_clear(code);
        buf_span(code, utf8_cut(own_code->string, REFUSAL_MAX));
    }
}

/* The first generation cannot continue a conversation whose last answer used a tool. Its message is
   only the text of a Python KeyError. Each retry stores the question again. */
static bool is_history_error(struct span words)
{
    return span_is(span_trim(words), "'id'");
}

/* The members of an error event that concern a retry. */
struct retry_facts {
    bool retryable;
    double retry_after; /* seconds, -1 without */
};

static void take_retry_fact(void *arg, const struct json_member *m)
{
    struct retry_facts *facts = arg;
    if (span_is(m->key, "retryable"))
        facts->retryable = m->value.type == JSON_TRUE;
    else if (span_is(m->key, "retry_after") && !json_to_double(&m->value, &facts->retry_after))
        facts->retry_after = -1;
}

/* {"error": {…}} and {"detail": {…}}. */
static void look_inside(void *arg, const struct json_member *m)
{
    if (m->value.type == JSON_OBJECT && (span_is(m->key, "error") || span_is(m->key, "detail")))
        json_read_object(m->value.raw, take_retry_fact, arg);
}

/* The event's own members precede those of an object in it. */
static struct retry_facts read_retry_facts(const struct chat_event *event)
{
    struct retry_facts facts = {.retry_after = -1};
    const struct json_value *retryable = &event->member[CHAT_RETRYABLE];
    json_read_object(event->member[CHAT_DATA].raw, look_inside, &facts);
    if (retryable->type != JSON_NONE && retryable->type != JSON_NULL)
        facts.retryable = retryable->type == JSON_TRUE;
    json_to_double(&event->member[CHAT_RETRY_AFTER], &facts.retry_after);
    return facts;
}

static enum fail_cause cause_of_error(bool retryable, struct span words, struct span code)
{
    if (is_history_error(words))
        return FAIL_ANSWER;
    switch (refusal_classify(code, words)) {
    case REFUSAL_QUOTA:
        return FAIL_ANSWER_QUOTA;
    case REFUSAL_RATE_LIMIT:
        return retryable ? FAIL_ANSWER_RETRY : FAIL_ANSWER_LIMIT;
    default:
        return retryable ? FAIL_ANSWER_RETRY : FAIL_ANSWER;
    }
}

static void take_error(struct answer *a, const struct chat_event *event)
{
    struct buf words = {0}, code = {0}, message = {0};
    if (fail_is_set(&a->verdict))
        return;
    read_error(event, &words, &code);
    struct retry_facts facts = read_retry_facts(event);
    utf8_put_without_nul(&message, buf_view(&words));
    fail_set(&a->verdict, cause_of_error(facts.retryable, buf_view(&words), buf_view(&code)), "%s",
             span_trim(buf_view(&message)).len ? buf_text(&message) : "no explanation");
    a->verdict.origin = "server error";
    if (is_history_error(buf_view(&words)))
        fail_hint(&a->verdict, "this server cannot continue the conversation; start a new one");
    if (code.len)
        fail_code(&a->verdict, buf_view(&code));
    if (facts.retry_after >= 0)
        a->verdict.retry_after = (int64_t)(fmin(facts.retry_after, RETRY_AFTER_MAX) * 1000);
    buf_release(&words);
    buf_release(&code);
    buf_release(&message);
}

/* Without deltas, `final_text` is the only copy of the answer. */
static int take_final_text(struct reader *r, struct span text, struct fail *fail)
{
    struct answer *a = &r->answer;
    count_text(a, text);
    a->begun = true;
    a->deltas = 1;
    return sinks_final_text(r->sinks, text, fail);
}

/* With deltas, it shows whether one was lost. */
static int compare_final_text(struct reader *r, struct span text, struct fail *fail)
{
    struct answer *a = &r->answer;
    if ((int64_t)text.len == a->text_bytes && hash_add(HASH_INIT, text) == a->hash)
        return 0;
    struct fail differs = FAIL_INIT;
    fail_set(&differs, FAIL_PROTOCOL,
             "incomplete answer: the received text (%lld bytes) differs from the "
             "server's final text (%zu bytes)",
             (long long)a->text_bytes, text.len);
    bool first = !fail_is_set(&a->verdict);
    int result = first ? sinks_fatal_warning(r->sinks, differs.message, fail)
                       : sinks_warning(r->sinks, differs.message, fail);
    if (first)
        fail_move(&a->verdict, &differs);
    fail_release(&differs);
    return result;
}

/* The text ends before the event is passed on, and before a warning. */
static int end_text(struct reader *r, struct fail *fail)
{
    r->answer.ended = true;
    return sinks_end_text(r->sinks, fail);
}

static int take_done(struct reader *r, const struct chat_event *event, struct fail *fail)
{
    struct answer *a = &r->answer;
    const struct json_value *final = &event->member[CHAT_FINAL_TEXT];
    bool is_only_copy = final->type == JSON_STRING && a->deltas == 0;
    int result = 0;
    a->done = true;
    set_id(&a->message_id, &event->member[CHAT_MESSAGE_ID]);
    set_number(&a->total_tokens, &event->member[CHAT_TOTAL_TOKENS]);
    set_number(&a->latency_ms, &event->member[CHAT_LATENCY_MS]);
    if (is_only_copy)
        result = take_final_text(r, final->string, fail);
    if (end_text(r, fail) != 0)
        result = -1;
    if (final->type == JSON_STRING && !is_only_copy &&
        compare_final_text(r, final->string, fail) != 0)
        result = -1;
    return result;
}

static int update_answer(struct reader *r, const struct chat_event *event, struct fail *fail)
{
    struct answer *a = &r->answer;
    a->events++;
    a->progress += chat_is_progress(event);
    switch (event->kind) {
    case CHAT_MESSAGE:
        a->begun = true;
        a->deltas++;
        count_text(a, event->member[CHAT_DELTA].string);
        return 0;
    case CHAT_CREATED:
    case CHAT_START:
        set_id(&a->conversation_id, &event->member[CHAT_CONVERSATION_ID]);
        set_id(&a->message_id, &event->member[CHAT_MESSAGE_ID]);
        set_string(&a->mode, &event->member[CHAT_MODE]);
        set_string(&a->model, &event->member[CHAT_MODEL]);
        return 0;
    case CHAT_TOOL_STARTED:
        a->tool_calls++;
        a->begun = a->tools = true;
        return 0;
    case CHAT_TOOL_FINISHED:
        a->begun = a->tools = true;
        return 0;
    case CHAT_DONE:
        return take_done(r, event, fail);
    case CHAT_ERROR:
        take_error(a, event);
        return end_text(r, fail);
    case CHAT_MALFORMED:
        /* The text may continue. */
        a->ended = a->ended || span_is(event->name, "error");
        fail_set(&a->verdict, FAIL_PROTOCOL, "event stream: invalid `%.*s` event: %s",
                 (int)event->name.len, event->name.at, event->why);
        return 0;
    default:
        return 0;
    }
}

static int read_event(void *arg, const struct sse_event *from, struct fail *fail)
{
    struct reader *r = arg;
    const struct chat_event *event = chat_parse(r->parser, from);
    int result = update_answer(r, event, fail);
    if (sinks_event(r->sinks, event, fail) != 0)
        result = -1;
    return result;
}

void reader_init(struct reader *r, struct sinks *sinks, size_t max_event)
{
    *r = (struct reader){.parser = chat_parser_new(), .sinks = sinks};
    r->answer.verdict = (struct fail)FAIL_INIT;
    answer_reset(&r->answer);
    sse_init(&r->sse, max_event, read_event, r);
}

void reader_release(struct reader *r)
{
    answer_reset(&r->answer);
    chat_parser_free(r->parser);
    sse_release(&r->sse);
}

static int64_t standing_text(const struct answer *a)
{
    return a->text_bytes || a->done ? a->text_bytes : a->former_text;
}

static int64_t standing_tools(const struct answer *a)
{
    return a->begun || a->done ? a->tool_calls : a->former_tools;
}

int reader_begin(struct reader *r, struct fail *fail)
{
    size_t max_event = r->sse.max_event;
    int64_t text = standing_text(&r->answer), tools = standing_tools(&r->answer);
    answer_reset(&r->answer);
    r->answer.former_text = text;
    r->answer.former_tools = tools;
    sse_release(&r->sse);
    sse_init(&r->sse, max_event, read_event, r);
    r->body_begun = false;
    return sinks_begin(r->sinks, fail);
}

int reader_feed(struct reader *r, struct span bytes, struct fail *fail)
{
    if (bytes.len == 0)
        return 0;
    r->body_begun = true;
    int result = sinks_bytes(r->sinks, bytes, fail);
    if (sse_feed(&r->sse, bytes.at, bytes.len, fail) != 0)
        result = -1;
    return result;
}

int reader_flush(struct reader *r, struct fail *fail)
{
    return sinks_flush(r->sinks, fail);
}

int reader_finish(struct reader *r, const char *why, struct fail *fail)
{
    if (fail_is_set(fail))
        return -1;
    if (fail_is_set(&r->answer.verdict)) {
        fail_move(fail, &r->answer.verdict);
        return -1;
    }
    if (!r->answer.done)
        return fail_set(fail, FAIL_CUT, "incomplete answer: %s before `done`", why);
    return 0;
}

bool reader_is_committed(const struct reader *r)
{
    switch (sinks_commit(r->sinks)) {
    case SINK_BYTES:
        return r->body_begun;
    case SINK_ANSWER:
        return r->answer.begun;
    case SINK_TOOLS:
        return r->answer.tools;
    case SINK_NOTHING:
        break;
    }
    return false;
}

void reader_summarize(const struct reader *r, struct summary *summary)
{
    const struct answer *a = &r->answer;
    summary->conversation_id = a->conversation_id;
    summary->message_id = a->message_id;
    summary->mode = a->mode;
    summary->model = a->model;
    summary->events = a->events;
    summary->text_bytes = standing_text(a);
    summary->tool_calls = standing_tools(a);
    summary->total_tokens = a->total_tokens;
    summary->latency_ms = a->latency_ms;
}
