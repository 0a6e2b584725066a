/* SPDX-License-Identifier: MIT */
#include "chat/portfolio.h"

#include "core/utf8.h"
#include "system/system.h"

#include <strings.h>

enum { NAMES_MAX = 200 /* bytes of the portfolios' names in a note */ };

void portfolio_choice_release(struct portfolio_choice *c)
{
    portfolio_list_release(&c->list);
    strings_release(&c->ids);
    *c = (struct portfolio_choice){.is_listed = false};
}

/* Returns 0 also if the server cannot list portfolios. */
static int list_once(struct portfolio_choice *c, struct api *api, struct fail *fail)
{
    if (c->is_listed || c->is_unsupported)
        return 0;
    if (portfolio_list_get(api, &c->list, fail) == 0) {
        c->is_listed = true;
        return 0;
    }
    c->is_unsupported = fail->http_status == 404;
    if (!c->is_unsupported)
        return -1;
    fail_release(fail);
    return 0;
}

static int add_id(struct portfolio_choice *c, struct api *api, struct strings *ids,
                  const char *value, struct fail *fail)
{
    if (!span_is_uuid(span_of(value)) && list_once(c, api, fail) != 0)
        return -1;
    if (span_is_uuid(span_of(value)) || c->is_unsupported) {
        strings_add(ids, span_of(value));
        return 0;
    }
    const struct portfolio *found = portfolio_find(&c->list, api, value, fail);
    if (!found)
        return -1;
    strings_add(ids, span_of(found->id));
    return 0;
}

static void add_all(const struct portfolio_choice *c, struct strings *ids)
{
    for (size_t i = 0; i < c->list.count; i++)
        strings_add(ids, span_of(c->list.list[i].id));
}

int portfolio_resolve(struct portfolio_choice *c, struct api *api, struct api_portfolios wanted,
                      bool is_new, struct fail *fail)
{
    struct strings ids = {NULL, 0};
    int result = 0;
    for (size_t i = 0; result == 0 && i < wanted.count; i++)
        result = add_id(c, api, &ids, wanted.ids[i], fail);
    if (result != 0)
        strings_release(&ids);
    c->ids_are_implied = wanted.count == 0 && is_new && c->is_implied;
    if (c->ids_are_implied)
        add_all(c, &ids);
    strings_move(&c->ids, &ids);
    c->has_tried = false;
    return result;
}

struct api_portfolios portfolio_ids(const struct portfolio_choice *c)
{
    return (struct api_portfolios){(const char *const *)c->ids.list, c->ids.count,
                                   c->ids_are_implied};
}

static bool contains_ignoring_case(const char *text, const char *word)
{
    for (size_t len = strlen(word); *text; text++)
        if (strncasecmp(text, word, len) == 0)
            return true;
    return false;
}

/* Whether the creation of a conversation may have failed because no portfolio was given. */
static bool is_portfolio_missing(const struct fail *why)
{
    return why->http_status == 500 ||
           (why->http_status == 404 && contains_ignoring_case(why->message, "portfolio"));
}

static char *describe(const struct portfolio_list *list)
{
    struct buf names = {0}, note = {0};
    for (size_t i = 0; i < list->count; i++) {
        const struct portfolio *p = &list->list[i];
        buf_printf(&names, "%s%s", i ? ", " : "", *p->name ? p->name : p->id);
    }
    struct span shown = utf8_cut(buf_view(&names), NAMES_MAX);
    if (list->count > 2)
        buf_printf(&note, "asking about all %zu portfolios", list->count);
    else if (list->count == 2)
        buf_puts(&note, "asking about both portfolios");
    if (list->count > 1)
        buf_printf(&note, " (%.*s%s); --portfolio NAME selects one", (int)shown.len, shown.at,
                   shown.len < names.len ? ", ..." : "");
    else
        buf_printf(&note, "asking about the portfolio %.*s; --portfolio NAME selects another",
                   (int)shown.len, shown.at);
    buf_release(&names);
    return buf_take(&note);
}

int portfolio_choose(struct portfolio_choice *c, struct api *api, char **note, struct fail *why)
{
    struct fail list_failed = FAIL_INIT;
    *note = NULL;
    if (c->has_tried || c->ids.count || !is_portfolio_missing(why) || sys_signal())
        return -1;
    c->has_tried = true;
    if (list_once(c, api, &list_failed) != 0 && list_failed.cause == FAIL_SIGNAL)
        fail_move(why, &list_failed);
    fail_release(&list_failed);
    if (!c->is_listed)
        return -1;
    fail_release(why);
    if (c->list.count == 0)
        return fail_set(why, FAIL_DATA,
                        "cannot create a conversation: this account has no portfolio");
    c->is_implied = c->ids_are_implied = true;
    strings_release(&c->ids);
    add_all(c, &c->ids);
    *note = describe(&c->list);
    return 0;
}
