/* SPDX-License-Identifier: MIT */
#include "state/last.h"

#include "core/xmalloc.h"

#include <stdlib.h>
#include <string.h>

static const char file[] = LAST_STORE;

struct entry {
    char *id, *account;
};

static void take(void *arg, const struct json_member *m)
{
    struct entry *e = arg;
    bool is_id = span_is(m->key, "conversation_id");
    if (m->value.type != JSON_STRING || (!is_id && !span_is(m->key, "account")))
        return;
    char **target = is_id ? &e->id : &e->account;
    free(*target);
    *target = xmemdup(m->value.string.at, m->value.string.len);
}

/* What is not known of either may be the same. */
static bool may_be_same(const char *one, const char *other)
{
    return !one || !other || strcmp(one, other) == 0;
}

int last_get(struct store_key key, const char *account, char **id, struct fail *fail)
{
    struct entry e = {NULL, NULL};
    int result = store_get(file, key, take, &e, fail);
    bool ours = may_be_same(e.account, account);
    *id = ours ? e.id : NULL;
    if (!ours)
        free(e.id);
    free(e.account);
    return result;
}

/* What hinders the reading will hinder the writing, which tells of it. */
static bool is_last(struct store_key key, const char *account, const char *id)
{
    struct fail ignored = FAIL_INIT;
    struct entry e = {NULL, NULL};
    bool result = store_get(file, key, take, &e, &ignored) == 0 && e.id && strcmp(e.id, id) == 0 &&
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
    int result = store_put(file, key, buf_view(&members), fail);
    buf_release(&members);
    return result;
}

int last_forget(struct store_key key, const char *id, struct fail *fail)
{
    char *last;
    int result = last_get(key, NULL, &last, fail);
    if (result == 0 && last && strcmp(last, id) == 0)
        result = store_put(file, key, span_make(NULL, 0), fail);
    free(last);
    return result;
}
