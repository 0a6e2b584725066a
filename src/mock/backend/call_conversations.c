/* SPDX-License-Identifier: MIT */
#include "mock/backend/call.h"

#include "system/system.h"

/* The mode in the body; NULL if it is absent or invalid. */
static const char *read_requested_mode(struct call *c, bool required)
{
    const struct span *text = call_string(c, FORM_MODE, required);
    const char *mode = text ? mode_find(*text) : NULL;
    if (text && !mode)
        call_text_problem(c, "string_pattern_mismatch", "body", "mode", *text);
    return mode;
}

static void change_mode(struct call *c, struct record *r, const char *mode)
{
    r->mode = mode;
    values_set(&c->values, "ID", "%s", r->id);
    values_set(&c->values, "MODE", "%s", mode);
    values_time(&c->values, "TIME", r->created);
    call_describe(c, r, "conversation");
}

void call_create(struct call *c)
{
    const char *mode = read_requested_mode(c, false);
    if (call_refused(c))
        return;
    /* The only portfolio is used if none is named. */
    bool named = call_json(c, FORM_PORTFOLIO, "null").at[0] == '"';
    if (c->options->portfolios == 0 || (c->options->portfolios > 1 && !named)) {
        reply_detail(c->reply, 500, "Failed to create conversation");
        return;
    }
    struct record *r = records_add(&c->state->conversations, c->account);
    change_mode(c, r, mode ? mode : mode_find(span_of("green")));
    call_reply_record(c, 201, r);
}

void call_list(struct call *c)
{
    int64_t limit = 10, offset = 0;
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
    records_put(&c->reply->body, &c->state->conversations, c->account, limit, offset);
}

void call_show(struct call *c)
{
    const struct record *found = call_record(c, &c->state->conversations, "Conversation not found");
    if (found)
        call_reply_record(c, 200, found);
}

void call_delete(struct call *c)
{
    struct record *found = call_record(c, &c->state->conversations, "Conversation not found");
    if (!found)
        return;
    records_remove(&c->state->conversations, found);
    reply_json(c->reply, 204);
}

void call_mode(struct call *c)
{
    const char *mode = read_requested_mode(c, true);
    struct record *found = call_record(c, &c->state->conversations, "Conversation not found");
    if (!found)
        return;
    values_set(&c->values, "OLD", "%s", found->mode);
    values_time(&c->values, "NOW", sys_wall_ms());
    change_mode(c, found, mode);
    call_reply(c, 200, "mode");
}
