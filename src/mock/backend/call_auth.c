/* SPDX-License-Identifier: MIT */
#include "mock/backend/call.h"

#include <ctype.h>

/* Any other password is accepted. */
static const char wrong_password[] = "wrong";

/* The mock's monthly limit of messages. */
enum { MESSAGES_MAX = 1000 };

static void reply_token(struct call *c, struct user *account)
{
    long long life = c->options->token_life;
    const char *token = accounts_issue(&c->state->accounts, account, life);
    struct buf cookie = {0};
    buf_printf(&cookie, "auth_token=%s; HttpOnly; Max-Age=%lld; Path=/; SameSite=lax", token, life);
    headers_add(&c->reply->headers, "set-cookie", buf_text(&cookie));
    buf_release(&cookie);
    values_set(&c->values, "TOKEN", "%s", token);
    values_set(&c->values, "LIFE", "%lld", life);
    call_reply(c, 200, "token");
}

void call_login(struct call *c)
{
    const struct span *email = call_string(c, FORM_EMAIL, true);
    if (email && (email->len == 0 || !memchr(email->at, '@', email->len)))
        call_text_problem(c, "value_error", "body", "email", *email);
    const struct span *password = call_string(c, FORM_PASSWORD, true);
    if (call_refused(c) || !email || !password)
        return;
    if (password->len == 0 || span_is(*password, wrong_password))
        reply_detail(c->reply, 401, "Incorrect email or password");
    else
        reply_token(c, accounts_get(&c->state->accounts, *email));
}

void call_refresh(struct call *c)
{
    reply_token(c, c->account);
}

void call_logout(struct call *c)
{
    headers_add(&c->reply->headers, "set-cookie",
                "auth_token=\"\"; Max-Age=0; Path=/; SameSite=lax");
    call_reply(c, 200, "logout");
}

/* "First Last" of first_last@host. */
static void put_full_name(struct buf *out, const char *email)
{
    bool start = true;
    for (const char *p = email; *p && *p != '@'; p++) {
        bool gap = strchr("._-+", *p);
        buf_byte(out, gap ? ' ' : start ? (char)toupper((unsigned char)*p) : *p);
        start = gap;
    }
}

void call_me(struct call *c)
{
    const struct user *a = c->account;
    struct values *v = &c->values;
    const char *portfolio = call_portfolio_id(c);
    struct buf name = {0};
    put_full_name(&name, a->email);
    values_set(v, "ID", "%s", a->id);
    values_string(v, "EMAIL", span_of(a->email));
    values_string(v, "NAME", buf_view(&name));
    values_time(v, "TIME", a->created);
    values_set(v, "PORTFOLIO", portfolio ? "\"%s\"" : "null", portfolio);
    values_set(v, "COUNT", "%d", (int)c->options->portfolios);
    values_set(v, "LIMIT", "%d", MESSAGES_MAX);
    values_set(v, "USED", "%d", a->messages);
    values_set(v, "LEFT", "%d", a->messages < MESSAGES_MAX ? MESSAGES_MAX - a->messages : 0);
    call_reply(c, 200, "me");
    buf_release(&name);
}
