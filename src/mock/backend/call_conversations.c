/* SPDX-License-Identifier: MIT */
#include "mock/backend/call.h"

#include "system/system.h"

static const char *id_key(const struct call *c)
{
    return c->options->generation == 2 ? "id" : "conversation_id";
}

static void put_conversation(struct buf *out, const struct record *r, const char *key)
{
    struct buf time = {0};
    ids_put_time(&time, r->created);
    buf_printf(out,
               "{\"%s\":\"%s\",\"mode\":\"%s\",\"created_at\":\"%s\",\"provider\":\"openai\","
               "\"provider_thread_id\":null}",
               key, r->id, r->mode, buf_text(&time));
    buf_release(&time);
}

static void put_first(struct buf *out, const struct record *r)
{
    put_conversation(out, r, "conversation_id");
}

static void put_second(struct buf *out, const struct record *r)
{
    put_conversation(out, r, "id");
}

static void reply_conversation(struct call *c, unsigned status, const struct record *r)
{
    reply_json(c->reply, status);
    put_conversation(&c->reply->body, r, id_key(c));
}

/* The mode in the body; NULL when it is absent or invalid. */
static const char *read_mode(struct call *c, bool required)
{
    const struct span *text = form_string(&c->form, FORM_MODE, required, &c->problems);
    const char *mode = text ? mode_find(*text) : NULL;
    if (text && !mode)
        problem_add_text(&c->problems, PROBLEM_MODE, "body", "mode", *text);
    return mode;
}

void call_create(struct call *c)
{
    const char *mode = read_mode(c, false);
    if (call_refused(c))
        return;
    /* With one portfolio, that is used if none is named. */
    bool named = form_json(&c->form, FORM_PORTFOLIO, "null").at[0] == '"';
    if (c->options->portfolios == 0 || (c->options->portfolios > 1 && !named)) {
        reply_detail(c->reply, 500, "Failed to create conversation");
        return;
    }
    struct record *r = records_add(&c->state->conversations, c->account);
    r->mode = mode ? mode : mode_find(span_of("green"));
    reply_conversation(c, 201, r);
}

void call_list(struct call *c)
{
    long limit = 10, offset = 0;
    call_read_number(c, "limit", &limit);
    call_read_number(c, "offset", &offset);
    if (call_refused(c))
        return;
    /* The database of the real backend refuses these. */
    if (limit < 0 || offset < 0) {
        reply_detail(c->reply, 500, "Failed to list conversations");
        return;
    }
    reply_json(c->reply, 200);
    records_put(&c->reply->body, &c->state->conversations, c->account, limit, offset,
                c->options->generation == 2 ? put_second : put_first);
}

void call_show(struct call *c)
{
    const struct record *found = call_record(c, &c->state->conversations, "Conversation");
    if (found)
        reply_conversation(c, 200, found);
}

void call_delete(struct call *c)
{
    struct record *found = call_record(c, &c->state->conversations, "Conversation");
    if (!found)
        return;
    records_remove(&c->state->conversations, found);
    reply_json(c->reply, 204);
}

void call_mode(struct call *c)
{
    const char *mode = read_mode(c, true);
    struct record *found = call_record(c, &c->state->conversations, "Conversation");
    if (!found)
        return;
    values_set(&c->values, "KEY", "%s", id_key(c));
    values_set(&c->values, "ID", "%s", found->id);
    values_set(&c->values, "OLD", "%s", found->mode);
    values_set(&c->values, "NEW", "%s", mode);
    values_time(&c->values, "TIME", sys_wall_ms());
    call_reply(c, 200, "mode");
    found->mode = mode;
}
