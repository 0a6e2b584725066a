/* SPDX-License-Identifier: MIT */
#include "mock/backend/accounts.h"

#include "core/xmalloc.h"
#include "system/system.h"
#include "json/write.h"

#include <stdlib.h>
#include <strings.h>

void accounts_release(struct accounts *a)
{
    while (a->tokens) {
        struct token *t = a->tokens;
        a->tokens = t->next;
        free(t->text);
        free(t);
    }
    while (a->accounts) {
        struct account *account = a->accounts;
        a->accounts = account->next;
        free(account->email);
        free(account);
    }
}

struct account *accounts_get(struct accounts *a, struct span email)
{
    for (struct account *account = a->accounts; account; account = account->next)
        if (strlen(account->email) == email.len &&
            strncasecmp(account->email, email.at, email.len) == 0)
            return account;
    struct account *account = xcalloc(1, sizeof *account);
    account->email = xmemdup(email.at, email.len);
    account->created = sys_wall_ms();
    uuid_make(account->id);
    account->next = a->accounts;
    a->accounts = account;
    return account;
}

/* Base64 for URLs, without padding. */
static void put_base64(struct buf *out, struct span s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < s.len; i++) {
        bits = bits << 8 | (unsigned char)s.at[i];
        for (have += 8; have >= 6; have -= 6)
            buf_byte(out, digits[bits >> (have - 6) & 63]);
    }
    if (have > 0)
        buf_byte(out, digits[bits << (6 - have) & 63]);
}

/* The signature is random: it only makes the token unique. */
static char *make_jwt(const struct account *account, int64_t expires)
{
    static const struct span header = SPAN("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
    struct buf claims = {0}, jwt = {0};
    buf_byte(&claims, '{');
    json_put_text(&claims, "sub", span_of(account->id));
    json_put_text(&claims, "email", span_of(account->email));
    json_put_int(&claims, "exp", expires / 1000);
    buf_byte(&claims, '}');
    put_base64(&jwt, header);
    buf_byte(&jwt, '.');
    put_base64(&jwt, buf_view(&claims));
    buf_byte(&jwt, '.');
    ids_put_random_hex(&jwt, 21);
    buf_release(&claims);
    return buf_take(&jwt);
}

static struct token *add_token(struct accounts *a, struct account *account, char *text)
{
    struct token *t = xcalloc(1, sizeof *t);
    t->text = text;
    t->account = account;
    t->next = a->tokens;
    a->tokens = t;
    return t;
}

const char *accounts_issue(struct accounts *a, struct account *account, int64_t life)
{
    int64_t expires = sys_wall_ms() + life * 1000;
    struct token *t = add_token(a, account, make_jwt(account, expires));
    t->expires = expires;
    return t->text;
}

void accounts_accept(struct accounts *a, struct account *account, const char *token)
{
    add_token(a, account, xstrdup(token))->fixed = true;
}

struct account *accounts_check(const struct accounts *a, struct span token)
{
    for (const struct token *t = a->tokens; t; t = t->next) {
        if (!span_is(token, t->text))
            continue;
        bool good = t->fixed || (!a->only_fixed && sys_wall_ms() < t->expires);
        return good ? t->account : NULL;
    }
    return NULL;
}
