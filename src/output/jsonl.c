/* SPDX-License-Identifier: MIT */
/* The sink for JSON Lines: each event is one JSON object; the program adds events called
   `client.NAME`. */
#include "output/sink.h"

#include "core/xmalloc.h"
#include "json/write.h"

#include <stdlib.h>

struct jsonl_sink {
    struct sink sink;
    struct writer out;
    struct terminal *terminal;
    struct buf line; /* on a terminal: the line before it is escaped */
};

/* The buffer for a line: that of the output if nothing has to be escaped. */
static struct buf *begin_json_line(struct jsonl_sink *j)
{
    return j->out.terminal ? &j->line : &j->out.pending;
}

static void end_json_line(struct jsonl_sink *j)
{
    buf_byte(begin_json_line(j), '\n');
    if (j->out.terminal) {
        escape_put_json(&j->out.pending, buf_view(&j->line));
        buf_clear(&j->line);
    }
}

/* Begins an event of the program, up to the members of its data. */
static struct buf *begin_client(struct jsonl_sink *j, const char *name)
{
    struct buf *out = begin_json_line(j);
    buf_printf(out, "{\"event\":\"client.%s\",\"data\":{", name);
    return out;
}

static void end_client(struct jsonl_sink *j)
{
    buf_puts(begin_json_line(j), "}}");
    end_json_line(j);
}

static void put_beside(struct buf *out, const char *key, struct span raw)
{
    if (raw.len) {
        buf_puts(out, key);
        json_put_raw(out, raw);
    }
}

static int put_malformed(struct jsonl_sink *j, const struct chat_event *event, struct fail *fail)
{
    struct buf *out = begin_client(j, "parse_error");
    json_put_text(out, "event", event->name);
    json_put_text(out, "message", span_of(event->why));
    json_put_text(out, "raw", event->from->data);
    end_client(j);
    return writer_turn(&j->out, fail);
}

/* The names of known events need no escaping. */
static void put_event_name(struct buf *out, const struct chat_event *event)
{
    if (event->kind == CHAT_OTHER) {
        json_put_string(out, event->name);
        return;
    }
    buf_byte(out, '"');
    buf_span(out, event->name);
    buf_byte(out, '"');
}

static int jsonl_event(struct sink *s, const struct chat_event *event, struct fail *fail)
{
    struct jsonl_sink *j = (struct jsonl_sink *)s;
    if (event->kind == CHAT_MALFORMED)
        return put_malformed(j, event, fail);
    struct buf *out = begin_json_line(j);
    buf_append(out, "{\"event\":", 9);
    put_event_name(out, event);
    if (event->from->has_id) {
        buf_append(out, ",\"id\":", 6);
        json_put_string(out, event->from->id);
    }
    put_beside(out, ",\"run_id\":", event->envelope[CHAT_RUN_ID].raw);
    put_beside(out, ",\"seq\":", event->envelope[CHAT_SEQ].raw);
    put_beside(out, ",\"timestamp\":", event->envelope[CHAT_TIMESTAMP].raw);
    buf_append(out, ",\"data\":", 8);
    chat_put_data(out, event);
    buf_byte(out, '}');
    end_json_line(j);
    return writer_turn(&j->out, fail);
}

static int jsonl_open(struct sink *s, const struct sink_open *open, struct fail *fail)
{
    struct jsonl_sink *j = (struct jsonl_sink *)s;
    struct buf *out = begin_client(j, "open");
    json_put_int(out, "schema", SINK_SCHEMA);
    json_put_text(out, "url", span_of(open->url));
    json_put_int(out, "status", open->status);
    json_put_int(out, "attempt", open->attempt);
    json_put_text(out, "conversation_id", span_of(open->conversation_id));
    end_client(j);
    return writer_turn(&j->out, fail);
}

static int jsonl_retry(struct sink *s, const struct sink_retry *retry, struct fail *fail)
{
    struct jsonl_sink *j = (struct jsonl_sink *)s;
    struct buf *out = begin_client(j, "retry");
    json_put_int(out, "attempt", retry->attempt);
    json_put_int(out, "of", retry->of);
    json_put_int(out, "delay_ms", retry->delay_ms);
    json_put_text(out, "reason", span_of(retry->reason));
    end_client(j);
    return writer_turn(&j->out, fail);
}

static int jsonl_warning(struct sink *s, const struct sink_warning *warning, struct fail *fail)
{
    struct jsonl_sink *j = (struct jsonl_sink *)s;
    json_put_text(begin_client(j, "warning"), "message", span_of(warning->message));
    end_client(j);
    return writer_turn(&j->out, fail);
}

static int jsonl_flush(struct sink *s, struct fail *fail)
{
    return writer_flush(&((struct jsonl_sink *)s)->out, fail);
}

static int jsonl_summarize(struct sink *s, const struct summary *summary, struct fail *fail)
{
    struct jsonl_sink *j = (struct jsonl_sink *)s;
    summary_put(begin_client(j, "close"), summary);
    end_client(j);
    return writer_end(&j->out, summary_ends_process(summary), true, fail);
}

static int jsonl_close(struct sink *s, struct fail *fail)
{
    return writer_close(&((struct jsonl_sink *)s)->out, fail);
}

static void jsonl_free(struct sink *s)
{
    struct jsonl_sink *j = (struct jsonl_sink *)s;
    terminal_forget_answer(j->terminal, &j->out);
    writer_release(&j->out);
    buf_release(&j->line);
    free(j);
}

#define JSONL_ENTRIES                                                                              \
    .open = jsonl_open, .event = jsonl_event, .retry = jsonl_retry, .warning = jsonl_warning,      \
    .flush = jsonl_flush, .summarize = jsonl_summarize, .close = jsonl_close, .free = jsonl_free

static const struct sink_ops with_text = {.commit = SINK_ANSWER, JSONL_ENTRIES};
/* Without the text, only tool events would be repeated by a retry. */
static const struct sink_ops without_text = {
    .commit = SINK_TOOLS, .without_text = true, JSONL_ENTRIES};

struct sink *sink_jsonl_new(struct writer *out, struct terminal *terminal, bool text)
{
    struct jsonl_sink *j = xcalloc(1, sizeof *j);
    j->sink.ops = text ? &with_text : &without_text;
    j->out = *out;
    j->terminal = terminal;
    if (text)
        terminal->answer = &j->out;
    return &j->sink;
}
