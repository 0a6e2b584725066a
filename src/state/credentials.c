/* SPDX-License-Identifier: MIT */
#include "state/credentials.h"

#include "core/xmalloc.h"
#include "json/write.h"

#include <stdlib.h>

static void read_token_member(void *arg, const struct json_member *m)
{
    struct credentials *c = arg;
    if (span_is(m->key, "token") && m->value.type == JSON_STRING) {
        wipe_string(c->token);
        c->token = xspandup(m->value.string);
    } else if (span_is(m->key, "email") && m->value.type == JSON_STRING) {
        free(c->email);
        c->email = xspandup(m->value.string);
    } else if (span_is(m->key, "issued_at")) {
        json_to_int64(&m->value, &c->issued_at);
    } else if (span_is(m->key, "expires_at")) {
        json_to_int64(&m->value, &c->expires_at);
    }
}

int credentials_get(struct store_key key, struct credentials *c, struct fail *fail)
{
    *c = (struct credentials){.token = NULL};
    return store_get(CREDENTIALS_STORE, key, read_token_member, c, fail);
}

static void put_members(struct buf *out, const struct credentials *c)
{
    /* Reserve the final size: a reallocation would leave a copy of the token in freed memory. */
    buf_reserve(out, span_of(c->token).len + 6 * span_of(c->email).len + 256);
    json_put_text(out, "token", span_of(c->token));
    if (c->email)
        json_put_text(out, "email", span_of(c->email));
    json_put_int(out, "issued_at", c->issued_at);
    json_put_int(out, "expires_at", c->expires_at);
}

int credentials_put(struct store_key key, const struct credentials *c, bool *unsupported,
                    struct fail *fail)
{
    struct buf members = {0};
    put_members(&members, c);
    int result = store_put(CREDENTIALS_STORE, key, buf_view(&members), unsupported, fail);
    buf_wipe(&members);
    return result;
}

int credentials_replace(struct store_key key, const char *old, const struct credentials *c,
                        struct fail *fail)
{
    struct buf members = {0};
    put_members(&members, c);
    int result = store_replace(CREDENTIALS_STORE, key, (struct store_member){"token", old},
                               buf_view(&members), fail);
    buf_wipe(&members);
    return result;
}

int credentials_forget(struct store_key key, struct fail *fail)
{
    return store_put(CREDENTIALS_STORE, key, span_make(NULL, 0), NULL, fail);
}

void credentials_release(struct credentials *c)
{
    wipe_string(c->token);
    free(c->email);
    *c = (struct credentials){.token = NULL};
}
