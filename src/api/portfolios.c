/* SPDX-License-Identifier: MIT */
#include "api/portfolios.h"

#include "core/utf8.h"
#include "core/xmalloc.h"
#include "json/json.h"

#include <stdlib.h>

enum { PREFIX = 4 /* characters of a beginning */, CANDIDATES = 5 /* that a message names */ };

/* Reading. */

enum { ID = JSON_DOCUMENT + 1, NAME, ACCOUNT_TYPE, CURRENCY, TOTAL, NET, EQUITY };

static const struct json_key portfolio_keys[] = {
    {.name = SPAN("id"), .slot = ID},
    {.name = SPAN("name"), .slot = NAME},
    {.name = SPAN("account_type"), .slot = ACCOUNT_TYPE},
    {.name = SPAN("currency"), .slot = CURRENCY},
    {.name = SPAN("total_value"), .slot = TOTAL},
    {.name = SPAN("net_asset_value"), .slot = NET},
    {.name = SPAN("equity_balance"), .slot = EQUITY},
};

static const struct json_shape portfolio_shape = {portfolio_keys,
                                                  sizeof portfolio_keys / sizeof portfolio_keys[0]};

/* A string or a number; "" for anything else. */
static struct span text_of(const struct json_value *v)
{
    return v->type == JSON_STRING ? v->string : v->type == JSON_NUMBER ? v->raw : span_make("", 0);
}

static char *copy_text(const struct json_value *v)
{
    struct buf text = {0};
    utf8_put_without_nul(&text, text_of(v));
    return buf_take(&text);
}

static const struct json_value *value_of(const struct json_found *found)
{
    unsigned slot = TOTAL;
    while (slot < EQUITY && text_of(&found->slot[slot]).len == 0)
        slot++;
    return &found->slot[slot];
}

struct portfolio_reader {
    struct json_reader *json;
    struct portfolio_list *list;
    bool has_list, is_invalid;
};

static void add_portfolio(void *arg, const struct json_member *m)
{
    struct portfolio_reader *r = arg;
    struct portfolio_list *list = r->list;
    struct json_found found = {.seen = 0};
    if (json_find(r->json, m->value.raw, &portfolio_shape, &found) != 0 ||
        text_of(&found.slot[ID]).len == 0) {
        r->is_invalid = true;
        return;
    }
    list->list = xgrow(list->list, list->count, sizeof *list->list);
    list->list[list->count++] =
        (struct portfolio){copy_text(&found.slot[ID]),           copy_text(&found.slot[NAME]),
                           copy_text(&found.slot[ACCOUNT_TYPE]), copy_text(&found.slot[CURRENCY]),
                           copy_text(value_of(&found)),          xspandup(m->value.raw)};
}

static void read_member(void *arg, const struct json_member *m)
{
    struct portfolio_reader *r = arg;
    if (m->value.type == JSON_ARRAY && span_is(m->key, "portfolios"))
        r->has_list = json_read_array(m->value.raw, add_portfolio, r) == 0;
}

/* [ {…}, … ] or { "portfolios": [ {…}, … ] } */
static int read_list(const struct http_response *response, struct portfolio_list *list,
                     const char *what, struct fail *fail)
{
    struct span body = buf_view(&response->body);
    struct portfolio_reader r = {.json = json_reader_new(), .list = list};
    bool is_read = json_read_object(body, read_member, &r) == 0
                       ? r.has_list
                       : json_read_array(body, add_portfolio, &r) == 0;
    json_reader_free(r.json);
    if (is_read && !r.is_invalid)
        return 0;
    portfolio_list_release(list);
    return api_unexpected(response, what, "the response is not a list of portfolios", fail);
}

int portfolio_list_get(struct api *api, struct portfolio_list *list, struct fail *fail)
{
    static const char what[] = "cannot list the portfolios";
    static const char *const paths[] = {"/portfolios", "/data/portfolios"};
    struct http_response response;
    int result = -1;
    *list = (struct portfolio_list){NULL, 0};
    http_response_init(&response);
    for (size_t i = 0; result != 0 && i < sizeof paths / sizeof paths[0]; i++) {
        if (i && fail->http_status != 404)
            break;
        fail_release(fail);
        result = api_call(api, "GET", paths[i], span_make(NULL, 0), &response, what, fail);
    }
    if (result == 0)
        result = read_list(&response, list, what, fail);
    http_response_release(&response);
    return result;
}

void portfolio_list_release(struct portfolio_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct portfolio *p = &list->list[i];
        free(p->id);
        free(p->name);
        free(p->account_type);
        free(p->currency);
        free(p->value);
        free(p->raw);
    }
    free(list->list);
    *list = (struct portfolio_list){NULL, 0};
}

/* Finding. */

static bool portfolio_has_id(const struct portfolio *p, struct span value)
{
    return span_is(value, p->id);
}

static bool portfolio_has_name(const struct portfolio *p, struct span value)
{
    return span_is(value, p->name);
}

static bool begins_with(const struct portfolio *p, struct span value)
{
    return span_starts(span_of(p->name), value) || span_starts(span_of(p->id), value);
}

static bool portfolio_has_prefix(const struct portfolio *p, struct span value)
{
    return utf8_first(value, PREFIX - 1).len < value.len && begins_with(p, value);
}

static int refuse_ambiguous_portfolio(const struct portfolio_list *list,
                                      bool (*fits)(const struct portfolio *p, struct span value),
                                      const char *value, struct fail *fail)
{
    struct buf names = {0};
    size_t named = 0;
    for (size_t i = 0; i < list->count && named <= CANDIDATES; i++) {
        const struct portfolio *p = &list->list[i];
        if (!fits(p, span_of(value)))
            continue;
        if (named++ == CANDIDATES)
            buf_puts(&names, " and others");
        else
            buf_printf(&names, "%s%s (%s)", named > 1 ? ", " : "", p->name, p->id);
    }
    fail_set(fail, FAIL_DATA, "ambiguous portfolio '%s': %s", value, buf_text(&names));
    buf_release(&names);
    return -1;
}

/* The only portfolio that fits. NULL if none does; several are a failure. */
static const struct portfolio *find_by(const struct portfolio_list *list,
                                       bool (*fits)(const struct portfolio *p, struct span value),
                                       const char *value, struct fail *fail)
{
    const struct portfolio *found = NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (!fits(&list->list[i], span_of(value)))
            continue;
        if (found) {
            refuse_ambiguous_portfolio(list, fits, value, fail);
            return NULL;
        }
        found = &list->list[i];
    }
    return found;
}

static void refuse_unknown_portfolio(const struct portfolio_list *list, const struct api *api,
                                     const char *value, struct fail *fail)
{
    bool is_too_short = false;
    for (size_t i = 0; i < list->count; i++)
        is_too_short = is_too_short || begins_with(&list->list[i], span_of(value));
    fail_set(fail, FAIL_DATA, "unknown portfolio '%s'", value);
    if (is_too_short)
        fail_hint(
            fail,
            "a beginning has at least %d characters; 'sigmasight-chat portfolios%s' lists them",
            PREFIX, api->server_options);
    fail_hint(fail, "'sigmasight-chat portfolios%s' lists them", api->server_options);
}

const struct portfolio *portfolio_find(const struct portfolio_list *list, const struct api *api,
                                       const char *value, struct fail *fail)
{
    const struct portfolio *found = find_by(list, portfolio_has_id, value, fail);
    if (!found && !fail_is_set(fail))
        found = find_by(list, portfolio_has_name, value, fail);
    if (!found && !fail_is_set(fail))
        found = find_by(list, portfolio_has_prefix, value, fail);
    if (!found && !fail_is_set(fail))
        refuse_unknown_portfolio(list, api, value, fail);
    return found;
}
