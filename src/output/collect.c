/* SPDX-License-Identifier: MIT */
#include "output/collect.h"

#include "core/xmalloc.h"

#include <stdlib.h>

static void release_tool(struct collected_tool *t)
{
    buf_release(&t->name);
    buf_release(&t->call_id);
    buf_release(&t->arguments);
    buf_release(&t->duration_ms);
    buf_release(&t->result);
    buf_release(&t->error);
}

/* Added to the size of each tool: about the length of the keys of its JSON. */
enum { TOOL_OVERHEAD = 48 };

/* Drops the tools from this one on. */
static void truncate_tools(struct collected *c, size_t count)
{
    while (c->count > count)
        release_tool(&c->tools[--c->count]);
    c->tools_len = 0;
    for (size_t i = 0; i < count; i++) {
        const struct collected_tool *t = &c->tools[i];
        c->tools_len += TOOL_OVERHEAD + t->name.len + t->call_id.len + t->arguments.len +
                        t->duration_ms.len + t->error.len;
    }
}

static void forget_tools(struct collected *c)
{
    truncate_tools(c, 0);
    c->left_out = c->former_tools = false;
}

static void forget_text(struct collected *c)
{
    buf_clear(&c->text);
    c->former_text = false;
}

static void collect_text(struct collected *c, struct span text)
{
    if (c->former_text && text.len)
        forget_text(c);
    buf_span(&c->text, text);
}

void collected_begin(struct collected *c)
{
    c->former_text = c->former_tools = true;
}

void collected_final_text(struct collected *c, struct span text)
{
    collect_text(c, text);
}

/* Whether `more` bytes are within the bound; else no further tool is added. */
static bool fits(struct collected *c, size_t more)
{
    if (c->tools_max && c->tools_len + more > c->tools_max)
        c->left_out = true;
    return !c->left_out;
}

static struct collected_tool *add_tool(struct collected *c, const struct chat_event *event)
{
    struct span name = event->member[CHAT_TOOL_NAME].raw;
    struct span call_id = chat_call_id(event);
    struct span arguments = event->member[CHAT_ARGUMENTS].raw;
    size_t len = TOOL_OVERHEAD + name.len + call_id.len + arguments.len;
    if (!fits(c, len))
        return NULL;
    c->tools = xgrow(c->tools, c->count, sizeof *c->tools);
    struct collected_tool *t = &c->tools[c->count++];
    *t = (struct collected_tool){.is_finished = false};
    buf_span(&t->name, name);
    buf_span(&t->call_id, call_id);
    buf_span(&t->arguments, arguments);
    c->tools_len += len;
    return t;
}

/* The unfinished call that an event ends; a new one if there is none. */
static struct collected_tool *find_tool(struct collected *c, const struct chat_event *event)
{
    struct chat_call finished = {chat_call_id(event), event->member[CHAT_TOOL_NAME].raw};
    for (size_t i = 0; i < c->count; i++) {
        struct collected_tool *t = &c->tools[i];
        struct chat_call started = {buf_view(&t->call_id), buf_view(&t->name)};
        if (!t->is_finished && chat_is_same_call(started, finished))
            return t;
    }
    return add_tool(c, event);
}

static void finish_tool(struct collected *c, const struct chat_event *event)
{
    struct collected_tool *t = find_tool(c, event);
    const struct json_value *error = chat_tool_error(event);
    struct span duration = event->member[CHAT_DURATION_MS].raw;
    size_t more = duration.len + (error ? error->raw.len : 0);
    if (!t)
        return;
    t->is_finished = true;
    if (c->tools_max && c->tools_len + more > c->tools_max) {
        truncate_tools(c, (size_t)(t - c->tools));
        c->left_out = true;
        return;
    }
    buf_span(&t->duration_ms, duration);
    if (error)
        buf_span(&t->error, error->raw);
    else if (c->has_results)
        buf_span(&t->result, event->member[CHAT_RESULT].raw);
    c->tools_len += more;
}

void collected_event(struct collected *c, const struct chat_event *event)
{
    bool shows = event->kind == CHAT_MESSAGE || event->kind == CHAT_TOOL_STARTED ||
                 event->kind == CHAT_TOOL_FINISHED || event->kind == CHAT_DONE;
    if (c->former_tools && shows)
        forget_tools(c);
    if (event->kind == CHAT_MESSAGE)
        collect_text(c, event->member[CHAT_DELTA].string);
    else if (event->kind == CHAT_DONE && c->former_text)
        forget_text(c);
    else if (event->kind == CHAT_TOOL_STARTED)
        add_tool(c, event);
    else if (event->kind == CHAT_TOOL_FINISHED)
        finish_tool(c, event);
}

void collected_clear(struct collected *c)
{
    forget_tools(c);
    forget_text(c);
}

void collected_release(struct collected *c)
{
    collected_clear(c);
    free(c->tools);
    buf_release(&c->text);
    *c = (struct collected){.count = 0};
}

/* The sink. */

struct collect_sink {
    struct sink sink;
    struct collected *collected;
};

static int collect_begin(struct sink *s, struct fail *fail)
{
    (void)fail;
    collected_begin(((struct collect_sink *)s)->collected);
    return 0;
}

static int collect_event(struct sink *s, const struct chat_event *event, struct fail *fail)
{
    (void)fail;
    collected_event(((struct collect_sink *)s)->collected, event);
    return 0;
}

static int collect_final_text(struct sink *s, struct span text, struct fail *fail)
{
    (void)fail;
    collected_final_text(((struct collect_sink *)s)->collected, text);
    return 0;
}

static void collect_free(struct sink *s)
{
    free(s);
}

struct sink *sink_collect_new(struct collected *c)
{
    static const struct sink_ops ops = {.begin = collect_begin,
                                        .event = collect_event,
                                        .final_text = collect_final_text,
                                        .free = collect_free};
    struct collect_sink *s = xcalloc(1, sizeof *s);
    s->sink.ops = &ops;
    s->collected = c;
    return &s->sink;
}
