/* SPDX-License-Identifier: MIT */
/* portfolios: lists the portfolios of the account. */
#include "commands/client.h"
#include "commands/command.h"

#include "api/portfolios.h"
#include "system/system.h"
#include "terminal/table.h"
#include "json/write.h"

enum {
    COLUMN_NAME = 1,
    COLUMN_VALUE = 4,
    COLUMNS,
    LEAST_NAME = 12 /* columns that are enough to recognize a name */
};

static void put_portfolio_table(struct writer *out, const struct portfolio_list *portfolios,
                                const char *ellipsis)
{
    struct table table = {.columns = COLUMNS,
                          .ellipsis = ellipsis,
                          .width = terminal_columns(),
                          .shrinks = 1U << COLUMN_NAME,
                          .least = LEAST_NAME,
                          .right = 1U << COLUMN_VALUE};
    for (size_t i = 0; i < portfolios->count; i++) {
        const struct portfolio *p = &portfolios->list[i];
        const char *const cells[COLUMNS] = {p->id, p->name, p->account_type, p->currency, p->value};
        for (size_t j = 0; j < COLUMNS; j++)
            table_add(&table, span_of(cells[j]));
    }
    table_put(&table, out);
    table_release(&table);
}

static void put_portfolio_json(struct writer *out, const struct portfolio_list *portfolios)
{
    struct buf line = {0};
    for (size_t i = 0; i < portfolios->count; i++) {
        json_put_raw(&line, span_of(portfolios->list[i].raw));
        buf_byte(&line, '\n');
    }
    writer_put_json(out, buf_view(&line));
    buf_release(&line);
}

static int run_portfolios(const struct invocation *in, struct fail *fail)
{
    struct client c;
    struct portfolio_list portfolios = {NULL, 0};
    struct writer out;
    sys_signals_catch();
    writer_init_standard(&out);
    int result = client_prepare(&c, in, fail);
    while (result == 0 && (result = portfolio_list_get(&c.api, &portfolios, fail)) != 0 &&
           auth_recover(&c.auth, &c.api, fail))
        result = 0;
    if (result != 0 && fail->http_status == 404)
        api_hint_url(&c.api, fail);
    client_warn(&c, in, fail);
    if (setting_is(in->settings, OPT_JSON))
        put_portfolio_json(&out, &portfolios);
    else
        put_portfolio_table(&out, &portfolios, terminal_ellipsis(in->terminal));
    if (writer_finish(&out, fail) != 0)
        result = -1;
    if (result == 0 && portfolios.count == 0 && !setting_is(in->settings, OPT_JSON))
        result = terminal_empty_list(in->terminal, span_of("no portfolios"), fail);
    portfolio_list_release(&portfolios);
    client_close(&c);
    return result;
}

const struct command command_portfolios = {
    .name = "portfolios",
    .summary = "list the portfolios of the account",
    .usage = "[OPTION]...",
    .about = "Prints ID, name, account type, currency and value of each portfolio. --portfolio\n"
             "of other commands accepts the ID, the name, or a beginning of either.\n",
    .examples = "  sigmasight-chat portfolios\n"
                "  sigmasight-chat portfolios -j | jq -r .name\n",
    .groups = GROUP_API | GROUP_JSON,
    .run = run_portfolios,
};
