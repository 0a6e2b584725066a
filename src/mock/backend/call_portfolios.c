/* SPDX-License-Identifier: MIT */
#include "mock/backend/call.h"

#include "system/system.h"

/* A portfolio has a line for each generation. */
void call_portfolios(struct call *c)
{
    struct section s = {.next = 0};
    struct buf list = {0};
    for (int i = 0; i < c->options->portfolios && data_next("portfolio", &s); i++) {
        buf_puts(&list, i > 0 ? "," : "");
        buf_puts(&list, data_lines[s.begin + (size_t)c->options->generation - 1]);
    }
    values_raw(&c->values, "LIST", buf_view(&list));
    values_set(&c->values, "COUNT", "%d", (int)c->options->portfolios);
    call_reply(c, 200, "portfolios");
    buf_release(&list);
}

static void reply_insight(struct call *c, struct span portfolio, const char *name)
{
    char id[UUID_SIZE];
    uuid_make(id);
    values_set(&c->values, "ID", "%s", id);
    values_string(&c->values, "PORTFOLIO", portfolio);
    values_time(&c->values, "TIME", sys_wall_ms());
    call_reply(c, 200, name);
}

void call_generate_insight(struct call *c)
{
    const struct span *portfolio = call_string(c, FORM_PORTFOLIO, true);
    if (!call_refused(c))
        reply_insight(c, *portfolio, "insight");
}

void call_list_insights(struct call *c)
{
    if (!call_refused(c))
        reply_insight(c, span_of(c->id), "insights");
}
