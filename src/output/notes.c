/* SPDX-License-Identifier: MIT */
/* The sink for standard error: tools, retries and warnings, one line each. */
#include "output/sink.h"

#include "core/utf8.h"
#include "core/xmalloc.h"
#include "system/system.h"

#include <stdlib.h>
#include <string.h>

/* Limits of what is shown of the server's text. */
enum {
    NAME_COLUMNS = 80,
    NAME_BYTES = 400,
    ARGUMENT_COLUMNS = 40,
    ARGUMENT_BYTES = 400,
    ARGUMENT_SOURCE = 1600, /* bytes before they are escaped */
    REASON_COLUMNS = 500,
    REASON_BYTES = 2000,
    CALLS = 64 /* maximum number of running tools whose arguments are kept */
};

/* A tool that was started, with its arguments formatted for the line. */
struct tool_call {
    char *id, *name;
    char *arguments;
};

struct notes_sink {
    struct sink sink;
    struct terminal *terminal;
    bool tools;
    bool status_line; /* a status line is drawn */
    bool waiting;     /* the first wait has begun */
    struct status status;
    struct buf line;
    struct tool_call calls[CALLS]; /* the oldest first */
    unsigned call_count;
};

static struct span thinking_text(const struct notes_sink *n)
{
    return span_of(n->terminal->utf8 ? "SigmaSight is thinking…" : "SigmaSight is thinking...");
}

/* Appends text of the server in one line. */
static void put_name(struct notes_sink *n, struct span text)
{
    escape_put_short(&n->line, text, NAME_COLUMNS, NAME_BYTES, terminal_ellipsis(n->terminal));
}

static void show_status(struct notes_sink *n, struct span text)
{
    if (n->status_line)
        status_show(&n->status, text);
}

static int print_line(struct notes_sink *n, struct fail *fail)
{
    int result = terminal_line(n->terminal, buf_view(&n->line), fail);
    buf_clear(&n->line);
    return result;
}

static void read_error_message(void *arg, const struct json_member *m)
{
    struct buf *out = arg;
    if (span_is(m->key, "message") && m->value.type == JSON_STRING) {
        buf_clear(out);
        buf_span(out, m->value.string);
    }
}

/* Appends an error in one line: the string itself, or the `message` of an object. */
static void put_reason(struct notes_sink *n, const struct json_value *error)
{
    struct buf text = {0}, folded = {0};
    if (error->type == JSON_STRING)
        buf_span(&text, error->string);
    else if (error->type == JSON_OBJECT)
        json_read_object(error->raw, read_error_message, &text);
    buf_puts(&n->line, ": ");
    utf8_fold(&folded, buf_view(&text), (size_t)4 * REASON_BYTES);
    if (folded.len)
        escape_put_short(&n->line, buf_view(&folded), REASON_COLUMNS, REASON_BYTES,
                         terminal_ellipsis(n->terminal));
    else
        buf_puts(&n->line, "failed");
    buf_release(&text);
    buf_release(&folded);
}

/* Arguments. */

struct argument_list {
    struct buf *out;
    const char *separator;
    size_t from; /* offset of the list in `out` */
};

static void put_argument(struct argument_list *list, const struct json_value *v)
{
    struct span text = span_trim(v->type == JSON_STRING ? v->string : v->raw);
    if ((v->type != JSON_STRING && v->type != JSON_NUMBER) || text.len == 0 || span_is_uuid(text))
        return;
    /* Text beyond the limit is never shown. */
    if (list->out->len > ARGUMENT_SOURCE)
        return;
    if (list->out->len > list->from)
        buf_puts(list->out, list->separator);
    buf_append(list->out, text.at, text.len < ARGUMENT_SOURCE ? text.len : ARGUMENT_SOURCE);
}

static void take_element(void *arg, const struct json_member *m)
{
    put_argument(arg, &m->value);
}

static void take_argument(void *arg, const struct json_member *m)
{
    struct argument_list *list = arg;
    if (m->value.type != JSON_ARRAY) {
        put_argument(list, &m->value);
        return;
    }
    struct buf elements = {0};
    struct argument_list inner = {&elements, ", ", 0};
    json_read_array(m->value.raw, take_element, &inner);
    struct json_value joined = {.type = JSON_STRING, .string = buf_view(&elements)};
    put_argument(list, &joined);
    buf_release(&elements);
}

/* Formats strings and numbers, including those in arrays, in the server's order; owned by the
   caller. */
static char *show_arguments(const struct notes_sink *n, const struct json_value *arguments)
{
    struct buf text = {0}, line = {0};
    struct argument_list list = {&text, n->terminal->utf8 ? " · " : " , ", 0};
    if (arguments->type == JSON_OBJECT)
        json_read_object(arguments->raw, take_argument, &list);
    escape_put_short(&line, buf_view(&text), ARGUMENT_COLUMNS, ARGUMENT_BYTES,
                     terminal_ellipsis(n->terminal));
    buf_release(&text);
    return buf_take(&line);
}

static void forget_call(struct notes_sink *n, unsigned at)
{
    free(n->calls[at].id);
    free(n->calls[at].name);
    free(n->calls[at].arguments);
    n->call_count--;
    memmove(n->calls + at, n->calls + at + 1, (n->call_count - at) * sizeof *n->calls);
}

static void forget_calls(struct notes_sink *n)
{
    while (n->call_count)
        forget_call(n, n->call_count - 1);
}

static char *copy_name(struct span text)
{
    struct buf b = {0};
    buf_append(&b, text.at, text.len < NAME_BYTES ? text.len : NAME_BYTES);
    return buf_take(&b);
}

static void remember_call(struct notes_sink *n, const struct chat_event *event)
{
    if (n->call_count == CALLS)
        forget_call(n, 0);
    n->calls[n->call_count++] = (struct tool_call){
        copy_name(chat_call_id(event)), copy_name(event->member[CHAT_TOOL_NAME].string),
        show_arguments(n, &event->member[CHAT_ARGUMENTS])};
}

/* The call that an event ends; call_count if there is none. */
static unsigned find_call(const struct notes_sink *n, const struct chat_event *event)
{
    char *id = copy_name(chat_call_id(event));
    char *name = copy_name(event->member[CHAT_TOOL_NAME].string);
    struct chat_call finished = {span_of(id), span_of(name)};
    unsigned i = 0;
    while (i < n->call_count &&
           !chat_is_same_call(
               (struct chat_call){span_of(n->calls[i].id), span_of(n->calls[i].name)}, finished))
        i++;
    free(id);
    free(name);
    return i;
}

/* With a status line, that shows the running tool, and only finished tools get a line. */
static int report_tool_start(struct notes_sink *n, const struct chat_event *event,
                             struct fail *fail)
{
    struct span name = event->member[CHAT_TOOL_NAME].string;
    if (n->status_line) {
        put_name(n, name);
        show_status(n, buf_view(&n->line));
        buf_clear(&n->line);
        remember_call(n, event);
        return terminal_begin_line(n->terminal, fail);
    }
    if (!n->tools)
        return 0;
    buf_puts(&n->line, "tool_started ");
    put_name(n, name);
    return print_line(n, fail);
}

/* MARK NAME ARGUMENTS · N ms: REASON */
static void put_finished(struct notes_sink *n, const struct chat_event *event, bool failed)
{
    bool utf8 = n->terminal->utf8;
    const char *separator = utf8 ? " · " : " , ";
    const struct json_value *duration = &event->member[CHAT_DURATION_MS];
    unsigned call = find_call(n, event);
    buf_puts(&n->line, failed ? (utf8 ? "✗ " : "failed ") : (utf8 ? "✓ " : "ok "));
    put_name(n, event->member[CHAT_TOOL_NAME].string);
    if (call < n->call_count) {
        const char *arguments = n->calls[call].arguments;
        buf_puts(&n->line, *arguments ? " " : "");
        buf_puts(&n->line, arguments);
        forget_call(n, call);
    }
    if (duration->type == JSON_NUMBER) {
        buf_puts(&n->line, separator);
        put_name(n, duration->raw);
        buf_puts(&n->line, " ms");
    }
}

static int report_tool_end(struct notes_sink *n, const struct chat_event *event, struct fail *fail)
{
    const struct json_value *error = chat_tool_error(event);
    const struct json_value *duration = &event->member[CHAT_DURATION_MS];
    show_status(n, thinking_text(n));
    if (!n->tools)
        return 0;
    if (n->status_line) {
        put_finished(n, event, error);
    } else {
        buf_puts(&n->line, "tool_finished ");
        put_name(n, event->member[CHAT_TOOL_NAME].string);
        if (duration->type == JSON_NUMBER) {
            buf_byte(&n->line, ' ');
            put_name(n, duration->raw);
            buf_puts(&n->line, " ms");
        }
    }
    if (error)
        put_reason(n, error);
    if (!error)
        return print_line(n, fail);
    int result = terminal_failed_line(n->terminal, buf_view(&n->line), fail);
    buf_clear(&n->line);
    return result;
}

static int print_start(struct notes_sink *n, const struct chat_event *event, struct fail *fail)
{
    buf_puts(&n->line, "start");
    for (enum chat_member m = CHAT_CONVERSATION_ID; m <= CHAT_MODEL; m++) {
        if (event->member[m].type == JSON_STRING) {
            buf_byte(&n->line, ' ');
            put_name(n, event->member[m].string);
        }
    }
    return print_line(n, fail);
}

/* The server retries or changes the model. */
static int print_info(struct notes_sink *n, const struct chat_event *event, struct fail *fail)
{
    buf_puts(&n->line, "info");
    for (enum chat_member m = CHAT_INFO_TYPE; m <= CHAT_INFO_TO; m++) {
        const struct json_value *v = &event->member[m];
        if (v->type == JSON_STRING || v->type == JSON_NUMBER) {
            buf_byte(&n->line, ' ');
            put_name(n, v->type == JSON_STRING ? v->string : v->raw);
        }
    }
    return print_line(n, fail);
}

static int notes_event(struct sink *s, const struct chat_event *event, struct fail *fail)
{
    struct notes_sink *n = (struct notes_sink *)s;
    if (event->kind == CHAT_TOOL_STARTED)
        return report_tool_start(n, event, fail);
    if (event->kind == CHAT_TOOL_FINISHED)
        return report_tool_end(n, event, fail);
    if (!n->tools)
        return 0;
    if (event->kind == CHAT_START && n->terminal->verbosity)
        return print_start(n, event, fail);
    if (event->kind == CHAT_INFO && n->terminal->verbosity)
        return print_info(n, event, fail);
    return 0;
}

static int notes_begin(struct sink *s, struct fail *fail)
{
    struct notes_sink *n = (struct notes_sink *)s;
    (void)fail;
    forget_calls(n);
    n->waiting = true;
    show_status(n, thinking_text(n));
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
    escape_put_short(&n->line, span_first_line(span_trim(span_of(retry->reason))), REASON_COLUMNS,
                     REASON_BYTES, terminal_ellipsis(n->terminal));
    int result = print_line(n, fail);
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

/* With -v: prints a line of statistics. */
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
    if (summary->total_tokens) {
        buf_puts(&n->line, ", ");
        put_name(n, span_of(summary->total_tokens));
        buf_puts(&n->line, " tokens");
    }
    buf_printf(&n->line, ", %lld tool call%s", (long long)summary->tool_calls,
               summary->tool_calls == 1 ? "" : "s");
    if (summary->model) {
        buf_puts(&n->line, ", ");
        put_name(n, span_of(summary->model));
    }
    return print_line(n, fail);
}

static void notes_free(struct sink *s)
{
    struct notes_sink *n = (struct notes_sink *)s;
    status_release(&n->status);
    n->terminal->status = NULL;
    forget_calls(n);
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
    n->status.ascii = !terminal->utf8;
    if (n->status_line)
        terminal->status = &n->status;
    return &n->sink;
}
