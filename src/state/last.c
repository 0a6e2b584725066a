/* SPDX-License-Identifier: MIT */
#include "state/last.h"

#include "core/xmalloc.h"
#include "json/write.h"

#include <stdlib.h>
#include <string.h>

void last_release(struct last *last)
{
    free(last->id);
    free(last->account);
    strings_release(&last->portfolios);
    *last = (struct last){.id = NULL};
}

static void read_last_portfolio(void *arg, const struct json_member *m)
{
    struct last *last = arg;
    if (m->value.type == JSON_STRING)
        strings_add(&last->portfolios, m->value.string);
}

static void read_last_member(void *arg, const struct json_member *m)
{
    struct last *last = arg;
    bool is_id = span_is(m->key, "conversation_id");
    if (span_is(m->key, "portfolios") && m->value.type == JSON_ARRAY) {
        strings_release(&last->portfolios);
        json_read_array(m->value.raw, read_last_portfolio, last);
    }
    if (m->value.type != JSON_STRING || (!is_id && !span_is(m->key, "account")))
        return;
    char **target = is_id ? &last->id : &last->account;
    free(*target);
    *target = xspandup(m->value.string);
}

/* An unknown account counts as the same. */
static bool may_be_same(const char *one, const char *other)
{
    return !one || !other || strcmp(one, other) == 0;
}

int last_get(struct store_key key, const char *account, struct last *last, struct fail *fail)
{
    *last = (struct last){.id = NULL};
    int result = store_get(LAST_STORE, key, read_last_member, last, fail);
    if (result != 0 || !last->id || !may_be_same(last->account, account))
        last_release(last);
    return result;
}

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A failure to read is ignored: writing fails for the same reason and reports it. */
static bool is_last(struct store_key key, const struct last *last)
{
    struct fail ignored = FAIL_INIT;
    struct last stored;
    bool result = last_get(key, NULL, &stored, &ignored) == 0 &&
                  is_same_text(stored.id, last->id) &&
                  is_same_text(stored.account, last->account) &&
                  strings_equal(&stored.portfolios, &last->portfolios);
    last_release(&stored);
    fail_release(&ignored);
    return result;
}

int last_put(struct store_key key, const struct last *last, struct fail *fail)
{
    struct buf members = {0};
    if (is_last(key, last))
        return 0;
    json_put_text(&members, "conversation_id", span_of(last->id));
    if (last->account)
        json_put_text(&members, "account", span_of(last->account));
    if (last->portfolios.count) {
        json_put_key(&members, "portfolios");
        json_put_strings(&members, (const char *const *)last->portfolios.list,
                         last->portfolios.count);
    }
    int result = store_put(LAST_STORE, key, buf_view(&members), NULL, fail);
    buf_release(&members);
    return result;
}

int last_forget(struct store_key key, const char *id, struct fail *fail)
{
    struct last last;
    int result = last_get(key, NULL, &last, fail);
    /* If there is nothing to remove, no lock file is created. */
    if (result == 0 && last.id && strcmp(last.id, id) == 0)
        result = store_replace(LAST_STORE, key, (struct store_member){"conversation_id", id},
                               span_make(NULL, 0), fail);
    last_release(&last);
    return result;
}
