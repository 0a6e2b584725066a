/* SPDX-License-Identifier: MIT */
#include "mock/backend/call.h"

/* The number of memories listed without a limit in the query. */
enum { MEMORIES_LIMIT = 50 };

void call_remember(struct call *c)
{
    const struct span *content = call_string(c, FORM_CONTENT, true);
    if (content && content->len == 0)
        call_text_problem(c, "string_too_short", "body", "content", *content);
    if (call_refused(c) || !content)
        return;
    struct record *r = records_add(&c->state->memories, c->account);
    values_set(&c->values, "ID", "%s", r->id);
    values_string(&c->values, "CONTENT", *content);
    values_raw(&c->values, "SCOPE", call_json(c, FORM_SCOPE, "\"user\""));
    values_time(&c->values, "TIME", r->created);
    call_describe(c, r, "memory");
    call_reply_record(c, 201, r);
}

void call_list_memories(struct call *c)
{
    int64_t limit = MEMORIES_LIMIT;
    struct buf list = {0};
    call_read_number(c, "limit", &limit);
    if (call_refused(c))
        return;
    records_put(&list, &c->state->memories, c->account, limit, 0);
    values_raw(&c->values, "LIST", buf_view(&list));
    values_set(&c->values, "COUNT", "%d", records_count(&c->state->memories, c->account));
    values_set(&c->values, "LIMIT", "%lld", (long long)limit);
    call_reply(c, 200, "memories");
    buf_release(&list);
}

void call_count_memories(struct call *c)
{
    values_set(&c->values, "COUNT", "%d", records_count(&c->state->memories, c->account));
    call_reply(c, 200, "count");
}

void call_forget(struct call *c)
{
    struct record *found = call_record(c, &c->state->memories, "Memory not found");
    if (!found)
        return;
    records_remove(&c->state->memories, found);
    values_set(&c->values, "COUNT", "1");
    call_reply(c, 200, "deleted");
}

void call_forget_all(struct call *c)
{
    int count = 0;
    for (struct record *r = c->state->memories.newest, *next; r; r = next) {
        next = r->next;
        if (r->owner != c->account)
            continue;
        records_remove(&c->state->memories, r);
        count++;
    }
    values_set(&c->values, "COUNT", "%d", count);
    call_reply(c, 200, "deleted");
}
