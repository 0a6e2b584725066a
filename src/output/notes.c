/* SPDX-License-Identifier: MIT */
/* What standard error says beside the answer: tools, retries, warnings, one line each. */
#include "output/sink.h"

#include "core/utf8.h"
#include "core/xmalloc.h"
#include "system/system.h"

#include <stdlib.h>

enum { REASON_MAX = 500 /* bytes */ };

struct notes_sink {
    struct sink sink;
    struct terminal *terminal;
    bool tools;
    bool status_line; /* the terminal can have one, and the format leaves room for it */
    bool waiting;     /* the first wait has begun: for a conversation, or for the answer */
    struct status status;
    struct buf line;
};

static const struct span thinking = SPAN("SigmaSight is thinking…");

static void show_status(struct notes_sink *n, struct span text)
{
    if (n->status_line)
        status_show(&n->status, text);
}

static int say(struct notes_sink *n, struct fail *fail)
{
    int result = terminal_line(n->terminal, buf_view(&n->line), fail);
    buf_clear(&n->line);
    return result;
}

static void take_message(void *arg, const struct json_member *m)
{
    struct buf *out = arg;
    if (span_is(m->key, "message") && m->value.type == JSON_STRING) {
        buf_clear(out);
        buf_span(out, m->value.string);
    }
}

/* The string itself, or an object's `message`, in one line. */
static void put_reason(struct buf *line, const struct json_value *error)
{
    struct buf text = {0}, folded = {0};
    if (error->type == JSON_STRING)
        buf_span(&text, error->string);
    else if (error->type == JSON_OBJECT)
        json_read_object(error->raw, take_message, &text);
    buf_puts(line, ": ");
    utf8_fold(&folded, buf_view(&text), REASON_MAX);
    if (folded.len)
        escape_put_line(line, buf_view(&folded));
    else
        buf_puts(line, "failed");
    buf_release(&text);
    buf_release(&folded);
}

/* Where there is a status line it names the running tool, and only finished ones get a line. */
static int tool_started(struct notes_sink *n, const struct chat_event *event, struct fail *fail)
{
    struct span name = event->member[CHAT_TOOL_NAME].string;
    show_status(n, name);
    if (n->status_line)
        return terminal_begin_line(n->terminal, fail);
    if (!n->tools)
        return 0;
    buf_puts(&n->line, "tool_started ");
    escape_put_line(&n->line, name);
    return say(n, fail);
}

static int tool_finished(struct notes_sink *n, const struct chat_event *event, struct fail *fail)
{
    const struct json_value *error = chat_tool_error(event);
    show_status(n, thinking);
    if (!n->tools)
        return 0;
    buf_puts(&n->line, !n->status_line ? "tool_finished " : error ? "✗ " : "✓ ");
    escape_put_line(&n->line, event->member[CHAT_TOOL_NAME].string);
    if (event->member[CHAT_DURATION_MS].type == JSON_NUMBER) {
        buf_byte(&n->line, ' ');
        buf_span(&n->line, event->member[CHAT_DURATION_MS].raw);
        buf_puts(&n->line, " ms");
    }
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
            escape_put_line(&n->line, event->member[m].string);
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
            escape_put_line(&n->line, v->type == JSON_STRING ? v->string : v->raw);
        }
    }
    return say(n, fail);
}

static int notes_event(struct sink *s, const struct chat_event *event, struct fail *fail)
{
    struct notes_sink *n = (struct notes_sink *)s;
    if (event->kind == CHAT_TOOL_STARTED)
        return tool_started(n, event, fail);
    if (event->kind == CHAT_TOOL_FINISHED)
        return tool_finished(n, event, fail);
    if (!n->tools)
        return 0;
    if (event->kind == CHAT_START && n->terminal->verbosity)
        return started(n, event, fail);
    if (event->kind == CHAT_INFO && n->terminal->verbosity)
        return informed(n, event, fail);
    return 0;
}

static int notes_begin(struct sink *s, struct fail *fail)
{
    struct notes_sink *n = (struct notes_sink *)s;
    (void)fail;
    n->waiting = true;
    show_status(n, thinking);
    return 0;
}

static int64_t notes_tick(struct sink *s, int64_t now)
{
    struct notes_sink *n = (struct notes_sink *)s;
    if (!n->waiting)
        notes_begin(s, NULL);
    return status_tick(&n->status, now);
}

static int notes_retry(struct sink *s, const struct sink_retry *retry, struct fail *fail)
{
    struct notes_sink *n = (struct notes_sink *)s;
    buf_printf(&n->line, "sigmasight-chat: retry %d of %d in %.1f s: ", retry->attempt, retry->of,
               (double)retry->delay_ms / 1000);
    escape_put_line(&n->line, span_first_line(span_trim(span_of(retry->reason))));
    int result = say(n, fail);
    if (n->status_line)
        status_count_down(&n->status, span_make("trying again in", 15),
                          sys_now_us() + retry->delay_ms * 1000);
    return result;
}

static int notes_warning(struct sink *s, const struct sink_warning *warning, struct fail *fail)
{
    struct notes_sink *n = (struct notes_sink *)s;
    if (warning->fatal)
        return 0;
    return terminal_warning(n->terminal, span_of(warning->message), fail);
}

static void put_seconds(struct buf *line, const char *what, int64_t ms)
{
    if (ms >= 0)
        buf_printf(line, ", %s %.2f s", what, (double)ms / 1000);
}

/* With -v, at the end: one line of figures. */
static int notes_summarize(struct sink *s, const struct summary *summary, struct fail *fail)
{
    struct notes_sink *n = (struct notes_sink *)s;
    status_hide(&n->status);
    n->waiting = false;
    if (!n->terminal->verbosity)
        return 0;
    buf_printf(&n->line, "%s", summary->status);
    put_seconds(&n->line, "first text", summary->timing.first_delta_ms);
    put_seconds(&n->line, "total", summary->timing.elapsed_ms);
    if (summary->total_tokens)
        buf_printf(&n->line, ", %s tokens", summary->total_tokens);
    buf_printf(&n->line, ", %lld tool call%s", (long long)summary->tool_calls,
               summary->tool_calls == 1 ? "" : "s");
    if (summary->model) {
        buf_puts(&n->line, ", ");
        escape_put_line(&n->line, span_of(summary->model));
    }
    return say(n, fail);
}

static void notes_free(struct sink *s)
{
    struct notes_sink *n = (struct notes_sink *)s;
    status_release(&n->status);
    n->terminal->status = NULL;
    buf_release(&n->line);
    free(n);
}

struct sink *sink_notes_new(struct terminal *terminal, bool tools, bool status)
{
    static const struct sink_ops ops = {.without_text = true,
                                        .begin = notes_begin,
                                        .event = notes_event,
                                        .tick = notes_tick,
                                        .retry = notes_retry,
                                        .warning = notes_warning,
                                        .summarize = notes_summarize,
                                        .free = notes_free};
    struct notes_sink *n = xcalloc(1, sizeof *n);
    n->sink.ops = &ops;
    n->terminal = terminal;
    n->tools = tools;
    n->status_line = status && terminal->live;
    n->status.color = terminal->color;
    if (n->status_line)
        terminal->status = &n->status;
    return &n->sink;
}
