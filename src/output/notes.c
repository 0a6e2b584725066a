/* SPDX-License-Identifier: MIT */
/* What standard error says beside the answer: tools, retries, warnings, one line each. */
#include "output/sink.h"

#include "base/xmalloc.h"

#include <stdlib.h>

struct notes_sink {
    struct sink sink;
    struct terminal *terminal;
    bool tools;
    struct buf line;
};

static int say(struct notes_sink *n, struct fail *fail)
{
    int result = terminal_line(n->terminal, buf_view(&n->line), fail);
    buf_clear(&n->line);
    return result;
}

static void take_message(void *arg, const struct json_member *m)
{
    struct buf *out = arg;
    if (span_is(m->path[0], "message") && m->value.type == JSON_STRING) {
        buf_clear(out);
        buf_span(out, m->value.string);
    }
}

/* The string itself, or an object's `message`. */
static void put_reason(struct buf *line, const struct json_value *error)
{
    struct buf text = {0};
    if (error->type == JSON_STRING)
        buf_span(&text, error->string);
    else if (error->type == JSON_OBJECT)
        json_read_object(error->raw, take_message, &text);
    buf_puts(line, ": ");
    if (text.len)
        harmless_put_line(line, span_first_line(buf_view(&text)));
    else
        buf_puts(line, "failed");
    buf_release(&text);
}

static int tool_started(struct notes_sink *n, const struct chat_event *event, struct fail *fail)
{
    buf_puts(&n->line, "tool_started ");
    harmless_put_line(&n->line, event->member[CHAT_TOOL_NAME].string);
    return say(n, fail);
}

static int tool_finished(struct notes_sink *n, const struct chat_event *event, struct fail *fail)
{
    buf_puts(&n->line, "tool_finished ");
    harmless_put_line(&n->line, event->member[CHAT_TOOL_NAME].string);
    if (event->member[CHAT_DURATION_MS].type == JSON_NUMBER) {
        buf_byte(&n->line, ' ');
        buf_span(&n->line, event->member[CHAT_DURATION_MS].raw);
        buf_puts(&n->line, " ms");
    }
    const struct json_value *error = chat_tool_error(event);
    if (error)
        put_reason(&n->line, error);
    return say(n, fail);
}

static int started(struct notes_sink *n, const struct chat_event *event, struct fail *fail)
{
    buf_puts(&n->line, "start");
    for (enum chat_member m = CHAT_CONVERSATION_ID; m <= CHAT_MODEL; m++) {
        if (event->member[m].type == JSON_STRING) {
            buf_byte(&n->line, ' ');
            harmless_put_line(&n->line, event->member[m].string);
        }
    }
    return say(n, fail);
}

/* The server tries again by itself, or changes the model. */
static int informed(struct notes_sink *n, const struct chat_event *event, struct fail *fail)
{
    buf_puts(&n->line, "info");
    for (enum chat_member m = CHAT_INFO_TYPE; m <= CHAT_INFO_TO; m++) {
        const struct json_value *v = &event->member[m];
        if (v->type == JSON_STRING || v->type == JSON_NUMBER) {
            buf_byte(&n->line, ' ');
            harmless_put_line(&n->line, v->type == JSON_STRING ? v->string : v->raw);
        }
    }
    return say(n, fail);
}

static int notes_event(struct sink *s, const struct chat_event *event, struct fail *fail)
{
    struct notes_sink *n = (struct notes_sink *)s;
    if (!n->tools)
        return 0;
    if (event->kind == CHAT_TOOL_STARTED)
        return tool_started(n, event, fail);
    if (event->kind == CHAT_TOOL_FINISHED)
        return tool_finished(n, event, fail);
    if (event->kind == CHAT_START && n->terminal->verbosity)
        return started(n, event, fail);
    if (event->kind == CHAT_INFO && n->terminal->verbosity)
        return informed(n, event, fail);
    return 0;
}

static int notes_retry(struct sink *s, const struct sink_retry *retry, struct fail *fail)
{
    struct notes_sink *n = (struct notes_sink *)s;
    buf_printf(&n->line, "sigmasight-chat: retry %d of %d in %.1f s: ", retry->attempt, retry->of,
               (double)retry->delay_ms / 1000);
    harmless_put_line(&n->line, span_first_line(span_of(retry->reason)));
    return say(n, fail);
}

static int notes_warning(struct sink *s, const char *message, struct fail *fail)
{
    return terminal_warning(((struct notes_sink *)s)->terminal, span_of(message), fail);
}

static void put_seconds(struct buf *line, const char *what, int64_t ms)
{
    if (ms >= 0)
        buf_printf(line, ", %s %.2f s", what, (double)ms / 1000);
}

/* With -v, at the end: one line of figures. */
static int notes_close(struct sink *s, const struct summary *summary, struct fail *fail)
{
    struct notes_sink *n = (struct notes_sink *)s;
    if (!n->terminal->verbosity)
        return 0;
    buf_printf(&n->line, "%s", summary->status);
    put_seconds(&n->line, "first text", summary->timing.first_delta_ms);
    put_seconds(&n->line, "total", summary->timing.elapsed_ms);
    if (summary->total_tokens >= 0)
        buf_printf(&n->line, ", %lld tokens", (long long)summary->total_tokens);
    buf_printf(&n->line, ", %lld tool calls", (long long)summary->tool_calls);
    if (summary->model) {
        buf_puts(&n->line, ", ");
        harmless_put_line(&n->line, span_of(summary->model));
    }
    return say(n, fail);
}

static void notes_free(struct sink *s)
{
    buf_release(&((struct notes_sink *)s)->line);
    free(s);
}

struct sink *sink_notes_new(struct terminal *terminal, bool tools)
{
    static const struct sink_ops ops = {.event = notes_event,
                                        .retry = notes_retry,
                                        .warning = notes_warning,
                                        .close = notes_close,
                                        .free = notes_free};
    struct notes_sink *n = xcalloc(1, sizeof *n);
    n->sink.ops = &ops;
    n->terminal = terminal;
    n->tools = tools;
    return &n->sink;
}
