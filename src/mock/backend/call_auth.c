/* SPDX-License-Identifier: MIT */
#include "mock/backend/call.h"

#include "mock/backend/portfolio.h"
#include "json/write.h"

#include <ctype.h>

/* Any password but this one is right. */
static const char wrong_password[] = "wrong";

static void answer_token(struct call *c, struct account *account)
{
    int64_t life = c->options->token_life;
    const char *token = accounts_issue(&c->state->accounts, account, life);
    struct buf cookie = {0};
    buf_printf(&cookie, "auth_token=%s; HttpOnly; Max-Age=%lld; Path=/; SameSite=lax", token,
               (long long)life);
    headers_add(&c->reply->headers, "set-cookie", buf_text(&cookie));
    buf_release(&cookie);

    struct buf *out = &c->reply->body;
    reply_json(c->reply, 200);
    buf_byte(out, '{');
    json_put_text(out, "access_token", span_of(token));
    json_put_text(out, "token_type", span_of("bearer"));
    json_put_int(out, "expires_in", life);
    buf_byte(out, '}');
}

static void check_email(struct call *c, const struct buf *email)
{
    static const struct problem no_at = {
        .type = "value_error",
        .part = "body",
        .name = "email",
        .message = "value is not a valid email address: An email address must have an @-sign.",
        .context = "{\"reason\":\"An email address must have an @-sign.\"}"};
    if (email && (email->len == 0 || !memchr(email->data, '@', email->len)))
        problem_add_text(&c->problems, no_at, buf_view(email));
}

void call_login(struct call *c)
{
    const struct buf *email = form_string(&c->form, FORM_EMAIL, true, &c->problems);
    check_email(c, email);
    const struct buf *password = form_string(&c->form, FORM_PASSWORD, true, &c->problems);
    if (call_refused(c))
        return;
    if (password->len == 0 || span_is(buf_view(password), wrong_password))
        reply_detail(c->reply, 401, "Incorrect email or password");
    else
        answer_token(c, accounts_get(&c->state->accounts, buf_view(email)));
}

void call_refresh(struct call *c)
{
    answer_token(c, c->account);
}

void call_logout(struct call *c)
{
    headers_add(&c->reply->headers, "set-cookie",
                "auth_token=\"\"; Max-Age=0; Path=/; SameSite=lax");
    reply_json(c->reply, 200);
    buf_puts(&c->reply->body, "{\"message\":\"Successfully logged out\",\"success\":true}");
}

/* first_last@host becomes "First Last". */
static void put_full_name(struct buf *out, const char *email)
{
    struct buf name = {0};
    bool start = true;
    for (const char *p = email; *p && *p != '@'; p++) {
        bool gap = strchr("._-+", *p);
        buf_byte(&name, gap ? ' ' : start ? (char)toupper((unsigned char)*p) : *p);
        start = gap;
    }
    json_put_text(out, "full_name", buf_view(&name));
    buf_release(&name);
}

void call_me(struct call *c)
{
    const struct account *a = c->account;
    struct buf *out = &c->reply->body;
    reply_json(c->reply, 200);
    buf_byte(out, '{');
    json_put_text(out, "id", span_of(a->id));
    json_put_text(out, "email", span_of(a->email));
    put_full_name(out, a->email);
    buf_puts(out, ",\"is_active\":true,\"created_at\":\"");
    put_time(out, a->created);
    buf_byte(out, '"');
    if (c->options->generation == 2)
        buf_puts(out, ",\"tier\":\"paid\",\"invite_validated\":true,"
                      "\"portfolio_id\":\"" PORTFOLIO_ID "\",\"portfolio_count\":1,"
                      "\"limits\":{\"max_portfolios\":10,\"max_ai_messages\":1000,"
                      "\"ai_messages_used\":0,\"ai_messages_remaining\":1000}");
    buf_byte(out, '}');
}
