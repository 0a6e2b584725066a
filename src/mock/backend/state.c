/* SPDX-License-Identifier: MIT */
#include "mock/backend/state.h"

#include "core/xmalloc.h"
#include "system/system.h"
#include "json/write.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- identifiers --- */

enum { UUID_DIGITS = 32 };

void put_random_hex(struct buf *out, size_t bytes)
{
    while (bytes-- > 0)
        buf_printf(out, "%02x", sys_random() & 0xFF);
}

static void format_uuid(const char digits[UUID_DIGITS], char out[UUID_SIZE])
{
    snprintf(out, UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12,
             digits + 16, digits + 20);
}

void uuid_make(char out[UUID_SIZE])
{
    struct buf digits = {0};
    put_random_hex(&digits, UUID_DIGITS / 2);
    digits.data[12] = '4';
    digits.data[16] = "89ab"[sys_random() & 3];
    format_uuid(digits.data, out);
    buf_release(&digits);
}

bool uuid_read(struct span text, char out[UUID_SIZE], struct buf *why)
{
    static const struct span urn = SPAN("urn:uuid:");
    char digits[UUID_DIGITS];
    size_t count = 0;
    struct span s = text;
    if (span_starts(s, urn))
        s = span_make(s.at + urn.len, s.len - urn.len);
    else if (s.len > 2 && s.at[0] == '{' && s.at[s.len - 1] == '}')
        s = span_make(s.at + 1, s.len - 2);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if (c == '-')
            continue;
        if (!isxdigit(c)) {
            buf_printf(why,
                       "invalid character: expected an optional prefix of `urn:uuid:` followed by "
                       "[0-9a-fA-F-], found `%c` at %zu",
                       isprint(c) ? c : '?', (size_t)(s.at - text.at) + i + 1);
            return false;
        }
        if (count < UUID_DIGITS)
            digits[count] = (char)tolower(c);
        count++;
    }
    if (count != UUID_DIGITS) {
        buf_printf(why, "invalid length: expected length 32 for simple format, found %zu", count);
        return false;
    }
    format_uuid(digits, out);
    return true;
}

/* --- accounts --- */

void accounts_release(struct accounts *a)
{
    while (a->tokens) {
        struct token *t = a->tokens;
        a->tokens = t->next;
        free(t->text);
        free(t);
    }
    while (a->accounts) {
        struct user *account = a->accounts;
        a->accounts = account->next;
        free(account->email);
        free(account);
    }
}

struct user *accounts_get(struct accounts *a, struct span email)
{
    for (struct user *account = a->accounts; account; account = account->next)
        if (strlen(account->email) == email.len &&
            strncasecmp(account->email, email.at, email.len) == 0)
            return account;
    struct user *account = xcalloc(1, sizeof *account);
    account->email = xmemdup(email.at, email.len);
    account->created = sys_wall_ms();
    uuid_make(account->id);
    account->next = a->accounts;
    a->accounts = account;
    return account;
}

/* Base64url without padding (RFC 7515, appendix C). */
static void put_base64url(struct buf *out, struct span s)
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
static char *make_jwt(const struct user *account, int64_t expires)
{
    static const struct span header = SPAN("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
    struct buf claims = {0}, jwt = {0};
    buf_byte(&claims, '{');
    json_put_text(&claims, "sub", span_of(account->id));
    json_put_text(&claims, "email", span_of(account->email));
    json_put_int(&claims, "exp", expires / 1000);
    buf_byte(&claims, '}');
    put_base64url(&jwt, header);
    buf_byte(&jwt, '.');
    put_base64url(&jwt, buf_view(&claims));
    buf_byte(&jwt, '.');
    put_random_hex(&jwt, 21);
    buf_release(&claims);
    return buf_take(&jwt);
}

static const char *add_token(struct accounts *a, struct user *account, char *text, int64_t expires)
{
    struct token *t = xcalloc(1, sizeof *t);
    *t = (struct token){.next = a->tokens, .text = text, .account = account, .expires = expires};
    a->tokens = t;
    return text;
}

const char *accounts_issue(struct accounts *a, struct user *account, int64_t life)
{
    int64_t expires = sys_wall_ms() + life * 1000;
    return add_token(a, account, make_jwt(account, expires), a->only_accepted ? 0 : expires);
}

void accounts_accept(struct accounts *a, struct user *account, const char *token)
{
    add_token(a, account, xstrdup(token), INT64_MAX);
}

struct user *accounts_check(const struct accounts *a, struct span token)
{
    for (const struct token *t = a->tokens; t; t = t->next)
        if (span_is(token, t->text))
            return sys_wall_ms() < t->expires ? t->account : NULL;
    return NULL;
}

/* --- records --- */

const char *mode_find(struct span name)
{
    static const char *const modes[] = {"green", "blue", "indigo", "violet"};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (span_is(name, modes[i]))
            return modes[i];
    return NULL;
}

void records_release(struct records *all)
{
    while (all->newest)
        records_remove(all, all->newest);
}

struct record *records_add(struct records *all, const struct user *owner)
{
    struct record *r = xcalloc(1, sizeof *r);
    uuid_make(r->id);
    r->owner = owner;
    r->created = sys_wall_ms();
    r->next = all->newest;
    all->newest = r;
    return r;
}

struct record *records_find(const struct records *all, const char *id)
{
    struct record *r = all->newest;
    while (r && strcmp(r->id, id) != 0)
        r = r->next;
    return r;
}

void records_remove(struct records *all, struct record *gone)
{
    struct record **at = &all->newest;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    free(gone->json);
    free(gone);
}

void records_put(struct buf *out, const struct records *all, const struct user *owner,
                 int64_t limit, int64_t offset)
{
    const char *separator = "";
    buf_byte(out, '[');
    for (const struct record *r = all->newest; r && limit > 0; r = r->next) {
        if (r->owner != owner || offset-- > 0)
            continue;
        buf_printf(out, "%s%s", separator, r->json);
        separator = ",";
        limit--;
    }
    buf_byte(out, ']');
}

int records_count(const struct records *all, const struct user *owner)
{
    int count = 0;
    for (const struct record *r = all->newest; r; r = r->next)
        count += r->owner == owner;
    return count;
}
