/* SPDX-License-Identifier: MIT */
#include "output/sink.h"

#include "json/write.h"

#include <stdlib.h>

void sinks_add(struct sinks *sinks, struct sink *sink)
{
    if (sinks->count == SINKS_MAX)
        abort();
    sinks->list[sinks->count++] = sink;
    if (sink->ops->event && !sink->ops->without_text)
        sinks->with_text[sinks->with_text_count++] = sink;
}

enum sink_commit sinks_commit(const struct sinks *sinks)
{
    enum sink_commit most = SINK_NOTHING;
    for (unsigned i = 0; i < sinks->count; i++)
        if (sinks->list[i]->ops->commit > most)
            most = sinks->list[i]->ops->commit;
    return most;
}

/* Calls a function of each sink that has it; `result` becomes -1 if one fails. */
#define CALL_EACH(result, sinks, entry, ...)                                                       \
    for (unsigned i = 0; i < (sinks)->count; i++) {                                                \
        struct sink *s = (sinks)->list[i];                                                         \
        if (s->ops->entry && s->ops->entry(s, __VA_ARGS__) != 0)                                   \
            (result) = -1;                                                                         \
    }

int sinks_begin(struct sinks *sinks, struct fail *fail)
{
    int result = 0;
    CALL_EACH(result, sinks, begin, fail)
    return result;
}

int sinks_open(struct sinks *sinks, const struct sink_open *open, struct fail *fail)
{
    int result = 0;
    CALL_EACH(result, sinks, open, open, fail)
    return result;
}

int sinks_bytes(struct sinks *sinks, struct span bytes, struct fail *fail)
{
    int result = 0;
    CALL_EACH(result, sinks, bytes, bytes, fail)
    return result;
}

static int send_event_with_text(struct sinks *sinks, const struct chat_event *event,
                                struct fail *fail)
{
    int result = 0;
    for (unsigned i = 0; i < sinks->with_text_count; i++)
        if (sinks->with_text[i]->ops->event(sinks->with_text[i], event, fail) != 0)
            result = -1;
    return result;
}

int sinks_event(struct sinks *sinks, const struct chat_event *event, struct fail *fail)
{
    int result = 0;
    if (event->kind == CHAT_MESSAGE)
        return send_event_with_text(sinks, event, fail);
    CALL_EACH(result, sinks, event, event, fail)
    return result;
}

int sinks_final_text(struct sinks *sinks, struct span text, struct fail *fail)
{
    int result = 0;
    CALL_EACH(result, sinks, final_text, text, fail)
    return result;
}

int sinks_end_text(struct sinks *sinks, struct fail *fail)
{
    int result = 0;
    CALL_EACH(result, sinks, end_text, fail)
    return result;
}

int sinks_retry(struct sinks *sinks, const struct sink_retry *retry, struct fail *fail)
{
    int result = 0;
    CALL_EACH(result, sinks, retry, retry, fail)
    return result;
}

static int warn(struct sinks *sinks, const struct sink_warning *warning, struct fail *fail)
{
    int result = 0;
    CALL_EACH(result, sinks, warning, warning, fail)
    return result;
}

int sinks_warning(struct sinks *sinks, const char *message, struct fail *fail)
{
    return warn(sinks, &(struct sink_warning){message, false}, fail);
}

int sinks_fatal_warning(struct sinks *sinks, const char *message, struct fail *fail)
{
    return warn(sinks, &(struct sink_warning){message, true}, fail);
}

int64_t sinks_tick(struct sinks *sinks, int64_t now)
{
    int64_t wake = INT64_MAX;
    for (unsigned i = 0; i < sinks->count; i++) {
        struct sink *s = sinks->list[i];
        int64_t due = s->ops->tick ? s->ops->tick(s, now) : INT64_MAX;
        wake = due < wake ? due : wake;
    }
    return wake;
}

int sinks_flush(struct sinks *sinks, struct fail *fail)
{
    int result = 0;
    CALL_EACH(result, sinks, flush, fail)
    return result;
}

int sinks_conclude(struct sinks *sinks, bool signalled, struct fail *fail)
{
    int result = 0;
    CALL_EACH(result, sinks, conclude, signalled, fail)
    return result;
}

int sink_summarize(struct sink *sink, const struct summary *summary, struct fail *fail)
{
    return sink->ops->summarize ? sink->ops->summarize(sink, summary, fail) : 0;
}

int sinks_close(struct sinks *sinks, struct fail *fail)
{
    int result = 0;
    CALL_EACH(result, sinks, close, fail)
    for (unsigned i = 0; i < sinks->count; i++)
        sinks->list[i]->ops->free(sinks->list[i]);
    sinks->count = sinks->with_text_count = 0;
    return result;
}

static void put_number_or_null(struct buf *out, const char *key, const char *number)
{
    if (number) {
        json_put_key(out, key);
        buf_puts(out, number);
    }
}

static void put_milliseconds(struct buf *out, const char *key, int64_t value)
{
    if (value >= 0) {
        json_put_int(out, key, value);
    } else {
        json_put_key(out, key);
        buf_puts(out, "null");
    }
}

static void put_timing(struct buf *out, const struct sink_timing *t)
{
    json_put_key(out, "timing");
    buf_byte(out, '{');
    put_milliseconds(out, "connect_ms", t->connect_ms);
    put_milliseconds(out, "tls_ms", t->tls_ms);
    put_milliseconds(out, "first_byte_ms", t->first_byte_ms);
    put_milliseconds(out, "first_delta_ms", t->first_delta_ms);
    put_milliseconds(out, "elapsed_ms", t->elapsed_ms);
    buf_byte(out, '}');
}

static void put_fail(struct buf *out, const struct summary *summary)
{
    const struct fail *fail = summary->fail;
    json_put_key(out, "error");
    buf_byte(out, '{');
    json_put_text(out, "message", span_of(fail->message));
    json_put_text_or_null(out, "code", summary->code);
    json_put_key(out, "retryable");
    buf_puts(out, summary->retryable ? "true" : "false");
    json_put_key(out, "retry_after");
    if (fail->retry_after >= 0)
        buf_printf(out, "%.10g", (double)fail->retry_after / 1000);
    else
        buf_puts(out, "null");
    json_put_key(out, "http_status");
    if (fail->http_status)
        buf_printf(out, "%d", fail->http_status);
    else
        buf_puts(out, "null");
    buf_byte(out, '}');
}

void summary_put(struct buf *out, const struct summary *summary)
{
    json_put_int(out, "schema", SINK_SCHEMA);
    json_put_text(out, "status", span_of(summary->status));
    json_put_int(out, "exit_code", fail_status(summary->fail));
    json_put_text_or_null(out, "conversation_id", summary->conversation_id);
    if (summary->message_id)
        json_put_text(out, "message_id", span_of(summary->message_id));
    json_put_int(out, "events", summary->events);
    json_put_int(out, "text_bytes", summary->text_bytes);
    json_put_int(out, "tool_calls", summary->tool_calls);
    put_number_or_null(out, "total_tokens", summary->total_tokens);
    put_number_or_null(out, "latency_ms", summary->latency_ms);
    put_timing(out, &summary->timing);
    if (fail_is_set(summary->fail))
        put_fail(out, summary);
}
