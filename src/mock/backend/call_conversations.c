/* SPDX-License-Identifier: MIT */
#include "mock/backend/call.h"

#include "system/system.h"
#include "json/write.h"

#include <errno.h>
#include <stdlib.h>

static const char *id_key(const struct call *c)
{
    return c->options->generation == 2 ? "id" : "conversation_id";
}

static void put_conversation(const struct call *c, const struct conversation *conversation)
{
    struct buf *out = &c->reply->body;
    buf_byte(out, '{');
    json_put_text(out, id_key(c), span_of(conversation->id));
    json_put_text(out, "mode", span_of(conversation->mode));
    buf_puts(out, ",\"created_at\":\"");
    put_time(out, conversation->created);
    buf_puts(out, "\",\"provider\":\"openai\",\"provider_thread_id\":null}");
}

struct conversation *call_conversation(struct call *c)
{
    struct conversation *found = conversations_find(&c->state->conversations, c->id);
    if (found && found->owner == c->account)
        return found;
    reply_detail(c->reply, 404, "Conversation not found");
    return NULL;
}

/* The mode of the body, NULL when it is absent or bad. */
static const char *read_mode(struct call *c, bool needed)
{
    static const struct problem unknown = {
        .type = "string_pattern_mismatch",
        .part = "body",
        .name = "mode",
        .message = "String should match pattern '^(green|blue|indigo|violet)$'",
        .context = "{\"pattern\":\"^(green|blue|indigo|violet)$\"}"};
    const struct buf *text = form_string(&c->form, FORM_MODE, needed, &c->problems);
    if (!text)
        return NULL;
    const char *mode = mode_find(buf_view(text));
    if (!mode)
        problem_add_text(&c->problems, unknown, buf_view(text));
    return mode;
}

void call_create(struct call *c)
{
    const char *mode = read_mode(c, false);
    if (call_refused(c))
        return;
    reply_json(c->reply, 201);
    put_conversation(c, conversations_add(&c->state->conversations, c->account,
                                          mode ? mode : mode_find(span_of("green"))));
}

/* A parameter of the query as a number; absent it is left alone. */
static void read_number(struct call *c, const char *name, long *number)
{
    const char *text = request_query(c->request, name);
    if (!text)
        return;
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end || errno) {
        struct problem p = {.type = "int_parsing",
                            .part = "query",
                            .name = name,
                            .message = "Input should be a valid integer, unable to parse string "
                                       "as an integer"};
        problem_add_text(&c->problems, p, span_of(text));
        return;
    }
    *number = value;
}

void call_list(struct call *c)
{
    long limit = 10, offset = 0;
    read_number(c, "limit", &limit);
    read_number(c, "offset", &offset);
    if (call_refused(c))
        return;
    /* As the real one does, whose database refuses them. */
    if (limit < 0 || offset < 0) {
        reply_detail(c->reply, 500, "Failed to list conversations");
        return;
    }
    reply_json(c->reply, 200);
    struct buf *out = &c->reply->body;
    buf_byte(out, '[');
    const struct conversation *at = c->state->conversations.newest;
    for (; at && limit > 0; at = at->next) {
        if (at->owner != c->account || offset-- > 0)
            continue;
        if (out->len > 1)
            buf_byte(out, ',');
        put_conversation(c, at);
        limit--;
    }
    buf_byte(out, ']');
}

void call_show(struct call *c)
{
    if (call_refused(c))
        return;
    const struct conversation *found = call_conversation(c);
    if (!found)
        return;
    reply_json(c->reply, 200);
    put_conversation(c, found);
}

void call_delete(struct call *c)
{
    if (call_refused(c))
        return;
    struct conversation *found = call_conversation(c);
    if (!found)
        return;
    conversations_remove(&c->state->conversations, found);
    reply_json(c->reply, 204);
}

void call_mode(struct call *c)
{
    const char *mode = read_mode(c, true);
    if (call_refused(c))
        return;
    struct conversation *found = call_conversation(c);
    if (!found)
        return;
    struct buf *out = &c->reply->body;
    reply_json(c->reply, 200);
    buf_byte(out, '{');
    json_put_text(out, id_key(c), span_of(found->id));
    json_put_text(out, "previous_mode", span_of(found->mode));
    json_put_text(out, "new_mode", span_of(mode));
    buf_puts(out, ",\"changed_at\":\"");
    put_time(out, sys_wall_ms());
    buf_puts(out, "\"}");
    found->mode = mode;
}
