/* SPDX-License-Identifier: MIT */
/* One object at the end: the text, the tools, and what became of the exchange. */
#include "output/sink.h"

#include "core/xmalloc.h"
#include "json/write.h"

#include <stdlib.h>

/* Values are kept as the server's own JSON; empty when it said nothing. */
struct tool {
    struct buf name, call_id, arguments, duration_ms, result, error;
    bool finished;
};

struct json_sink {
    struct sink sink;
    struct writer out;
    struct terminal *terminal;
    struct buf text;
    struct tool *tools;
    size_t count, room;
    bool former_text, former_tools; /* of a former attempt: they stand until there are others */
};

static void tool_release(struct tool *t)
{
    buf_release(&t->name);
    buf_release(&t->call_id);
    buf_release(&t->arguments);
    buf_release(&t->duration_ms);
    buf_release(&t->result);
    buf_release(&t->error);
}

static void forget_tools(struct json_sink *j)
{
    for (size_t i = 0; i < j->count; i++)
        tool_release(&j->tools[i]);
    j->count = 0;
    j->former_tools = false;
}

static void forget_text(struct json_sink *j)
{
    buf_clear(&j->text);
    j->former_text = false;
}

static void add_text(struct json_sink *j, struct span text)
{
    if (j->former_text && text.len)
        forget_text(j);
    buf_span(&j->text, text);
}

static int json_begin(struct sink *s, struct fail *fail)
{
    (void)fail;
    struct json_sink *j = (struct json_sink *)s;
    j->former_text = j->former_tools = true;
    return 0;
}

static struct tool *add_tool(struct json_sink *j, const struct chat_event *event)
{
    if (j->count == j->room) {
        j->room = j->room ? j->room * 2 : 8;
        j->tools = xrealloc(j->tools, j->room * sizeof *j->tools);
    }
    struct tool *t = &j->tools[j->count++];
    *t = (struct tool){.finished = false};
    buf_span(&t->name, event->member[CHAT_TOOL_NAME].raw);
    buf_span(&t->call_id, event->member[CHAT_TOOL_CALL_ID].raw);
    buf_span(&t->arguments, event->member[CHAT_ARGUMENTS].raw);
    return t;
}

/* The call that an event ends: by its ID, and where the server gives none by order, the first of
   that name that is still running. */
static struct tool *find_tool(struct json_sink *j, const struct chat_event *event)
{
    struct span id = event->member[CHAT_TOOL_CALL_ID].raw;
    struct span name = event->member[CHAT_TOOL_NAME].raw;
    for (size_t i = 0; i < j->count; i++) {
        struct tool *t = &j->tools[i];
        if (t->finished)
            continue;
        if (id.len ? span_equal(buf_view(&t->call_id), id) : span_equal(buf_view(&t->name), name))
            return t;
    }
    return add_tool(j, event);
}

static void finish_tool(struct json_sink *j, const struct chat_event *event)
{
    struct tool *t = find_tool(j, event);
    const struct json_value *error = chat_tool_error(event);
    t->finished = true;
    buf_span(&t->duration_ms, event->member[CHAT_DURATION_MS].raw);
    if (error)
        buf_span(&t->error, error->raw);
    else
        buf_span(&t->result, event->member[CHAT_RESULT].raw);
}

static int json_event(struct sink *s, const struct chat_event *event, struct fail *fail)
{
    (void)fail;
    struct json_sink *j = (struct json_sink *)s;
    bool shows = event->kind == CHAT_MESSAGE || event->kind == CHAT_TOOL_STARTED ||
                 event->kind == CHAT_TOOL_FINISHED || event->kind == CHAT_DONE;
    if (j->former_tools && shows)
        forget_tools(j);
    if (event->kind == CHAT_MESSAGE)
        add_text(j, event->member[CHAT_DELTA].string);
    else if (event->kind == CHAT_DONE && j->former_text)
        forget_text(j);
    else if (event->kind == CHAT_TOOL_STARTED)
        add_tool(j, event);
    else if (event->kind == CHAT_TOOL_FINISHED)
        finish_tool(j, event);
    return 0;
}

static int json_final(struct sink *s, struct span text, struct fail *fail)
{
    (void)fail;
    add_text((struct json_sink *)s, text);
    return 0;
}

static void put_kept(struct buf *out, const char *key, const struct buf *raw)
{
    if (raw->len) {
        json_put_key(out, key);
        json_put_raw(out, buf_view(raw));
    }
}

static void put_tools(struct buf *out, const struct json_sink *j)
{
    json_put_key(out, "tools");
    buf_byte(out, '[');
    for (size_t i = 0; i < j->count; i++) {
        const struct tool *t = &j->tools[i];
        buf_puts(out, i ? ",{" : "{");
        put_kept(out, "name", &t->name);
        put_kept(out, "arguments", &t->arguments);
        put_kept(out, "duration_ms", &t->duration_ms);
        put_kept(out, "result", &t->result);
        put_kept(out, "error", &t->error);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
}

static void put_object(struct buf *out, const struct json_sink *j, const struct summary *summary)
{
    buf_byte(out, '{');
    json_put_text(out, "text", buf_view(&j->text));
    json_put_text_or_null(out, "mode", summary->mode);
    json_put_text_or_null(out, "model", summary->model);
    put_tools(out, j);
    summary_put(out, summary);
    buf_puts(out, "}\n");
}

static int json_summarize(struct sink *s, const struct summary *summary, struct fail *fail)
{
    struct json_sink *j = (struct json_sink *)s;
    struct buf object = {0};
    terminal_make_way(j->terminal);
    put_object(&object, j, summary);
    writer_put_json(&j->out, buf_view(&object));
    buf_release(&object);
    forget_tools(j);
    forget_text(j);
    return writer_end(&j->out, summary_is_last_words(summary), true, fail);
}

static void json_free(struct sink *s)
{
    struct json_sink *j = (struct json_sink *)s;
    forget_tools(j);
    free(j->tools);
    buf_release(&j->text);
    writer_release(&j->out);
    free(j);
}

struct sink *sink_json_new(struct writer *out, struct terminal *terminal)
{
    static const struct sink_ops ops = {.begin = json_begin,
                                        .event = json_event,
                                        .final_text = json_final,
                                        .summarize = json_summarize,
                                        .free = json_free};
    struct json_sink *j = xcalloc(1, sizeof *j);
    j->sink.ops = &ops;
    j->out = *out;
    j->terminal = terminal;
    return &j->sink;
}
