/* SPDX-License-Identifier: MIT */
#include "commands/last.h"

#include "base/xmalloc.h"

#include <stdlib.h>
#include <string.h>

static const char file[] = LAST_STORE;

static void take(void *arg, const struct json_member *m)
{
    char **id = arg;
    if (!span_is(m->key, "conversation_id") || m->value.type != JSON_STRING)
        return;
    free(*id);
    *id = xmemdup(m->value.string.at, m->value.string.len);
}

int last_get(struct store_key key, char **id, struct fail *fail)
{
    *id = NULL;
    return store_get(file, key, take, id, fail);
}

/* What hinders the reading will hinder the writing, which tells of it. */
static bool is_last(struct store_key key, const char *id)
{
    struct fail ignored = FAIL_INIT;
    char *last;
    bool result = last_get(key, &last, &ignored) == 0 && last && strcmp(last, id) == 0;
    free(last);
    fail_release(&ignored);
    return result;
}

int last_put(struct store_key key, const char *id, struct fail *fail)
{
    struct buf members = {0};
    if (is_last(key, id))
        return 0;
    json_put_text(&members, "conversation_id", span_of(id));
    int result = store_put(file, key, buf_view(&members), fail);
    buf_release(&members);
    return result;
}

int last_forget(struct store_key key, const char *id, struct fail *fail)
{
    char *last;
    int result = last_get(key, &last, fail);
    if (result == 0 && last && strcmp(last, id) == 0)
        result = store_put(file, key, span_make(NULL, 0), fail);
    free(last);
    return result;
}
