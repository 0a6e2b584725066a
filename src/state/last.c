/* SPDX-License-Identifier: MIT */
#include "state/last.h"

#include "core/xmalloc.h"
#include "json/write.h"

#include <stdlib.h>
#include <string.h>

struct last {
    char *id, *account;
};

static void take_member(void *arg, const struct json_member *m)
{
    struct last *e = arg;
    bool is_id = span_is(m->key, "conversation_id");
    if (m->value.type != JSON_STRING || (!is_id && !span_is(m->key, "account")))
        return;
    char **target = is_id ? &e->id : &e->account;
    free(*target);
    *target = xmemdup(m->value.string.at, m->value.string.len);
}

/* An unknown account may be the same. */
static bool may_be_same(const char *one, const char *other)
{
    return !one || !other || strcmp(one, other) == 0;
}

int last_get(struct store_key key, const char *account, char **id, struct fail *fail)
{
    struct last e = {NULL, NULL};
    int result = store_get(LAST_STORE, key, take_member, &e, fail);
    bool matches = may_be_same(e.account, account);
    *id = matches ? e.id : NULL;
    if (!matches)
        free(e.id);
    free(e.account);
    return result;
}

/* A failure to read is ignored: writing fails for the same reason and reports it. */
static bool is_last(struct store_key key, const char *account, const char *id)
{
    struct fail ignored = FAIL_INIT;
    struct last e = {NULL, NULL};
    bool result = store_get(LAST_STORE, key, take_member, &e, &ignored) == 0 && e.id &&
                  strcmp(e.id, id) == 0 &&
                  (account ? e.account && strcmp(e.account, account) == 0 : !e.account);
    free(e.id);
    free(e.account);
    fail_release(&ignored);
    return result;
}

int last_put(struct store_key key, const char *account, const char *id, struct fail *fail)
{
    struct buf members = {0};
    if (is_last(key, account, id))
        return 0;
    json_put_text(&members, "conversation_id", span_of(id));
    if (account)
        json_put_text(&members, "account", span_of(account));
    int result = store_put(LAST_STORE, key, buf_view(&members), NULL, fail);
    buf_release(&members);
    return result;
}

int last_forget(struct store_key key, const char *id, struct fail *fail)
{
    char *last;
    int result = last_get(key, NULL, &last, fail);
    if (result == 0 && last && strcmp(last, id) == 0)
        result = store_put(LAST_STORE, key, span_make(NULL, 0), NULL, fail);
    free(last);
    return result;
}
