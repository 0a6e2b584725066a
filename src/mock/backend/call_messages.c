/* SPDX-License-Identifier: MIT */
#include "mock/backend/call.h"

#include "core/utf8.h"
#include "core/xmalloc.h"
#include "mock/backend/answer.h"

#include <stdlib.h>

enum {
    TEXT_MAX = 4000,   /* code points */
    BROKEN_ANSWERS = 5 /* that fail after one with tools, with --broken-history */
};

/* The white space of Rust's trim(), in which pydantic is written. */
static bool is_rust_space(uint32_t point)
{
    return point == ' ' || (point >= '\t' && point <= '\r') || point == 0x85 || point == 0xA0 ||
           point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 ||
           point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000;
}

/* The text without white space at both ends; *points gets its length in code points. */
static struct span trim_text(struct span s, size_t *points)
{
    size_t from = s.len, to = 0, seen = 0;
    *points = 0;
    for (size_t at = 0; at < s.len;) {
        uint32_t point;
        size_t len = utf8_next(span_make(s.at + at, s.len - at), &point);
        if (len == 0)
            len = s.len - at;
        if (from != s.len || !is_rust_space(point)) {
            from = from < at ? from : at;
            seen++;
        }
        at += len;
        if (!is_rust_space(point)) {
            to = at;
            *points = seen;
        }
    }
    return to ? span_make(s.at + from, to - from) : span_make(s.at, 0);
}

static struct span read_text(struct call *c)
{
    const struct span *text = form_string(&c->form, FORM_TEXT, true, &c->problems);
    if (!text)
        return span_of(NULL);
    size_t points;
    struct span trimmed = trim_text(*text, &points);
    if (points == 0)
        problem_add_text(&c->problems, PROBLEM_TOO_SHORT, "body", "text", *text);
    else if (points > TEXT_MAX)
        problem_add_text(&c->problems, PROBLEM_TOO_LONG, "body", "text", *text);
    return trimmed;
}

static void stream_answer(struct call *c, struct record *conversation, struct span text)
{
    struct record *asked = records_add(&c->state->messages, c->account);
    struct record *answered = records_add(&c->state->messages, c->account);
    asked->by_user = true;
    c->account->messages++;
    const char *portfolio = call_portfolio_id(c);
    struct answer_input q = {.second = c->options->generation == 2,
                             .conversation = conversation->id,
                             .mode = conversation->mode,
                             .user_message = asked->id,
                             .assistant_message = answered->id,
                             .text = text,
                             .default_portfolio = portfolio ? portfolio : "",
                             .portfolio = form_json(&c->form, FORM_PORTFOLIO, ""),
                             .portfolios = form_json(&c->form, FORM_PORTFOLIOS, "null"),
                             .page_hint = form_json(&c->form, FORM_PAGE_HINT, "null"),
                             .route = form_json(&c->form, FORM_ROUTE, "null"),
                             .error = call_error(c),
                             .pace = c->options->pace,
                             .trim = c->options->trim_deltas};
    const char *mode = answer_mode(text);
    struct script *script = &c->reply->script;
    reply_stream(c->reply);
    if (c->options->answer)
        answer_play_recorded(buf_view(&c->state->recording), q.pace, script);
    else if (conversation->broken > 0 && conversation->broken--)
        answer_play_broken(&q, script);
    else if (q.error)
        answer_play_error(&q, script);
    else if (mode)
        answer_play_mode(&q, mode, script);
    else if (answer_play(&q, script) > 0 && c->options->broken_history)
        conversation->broken = BROKEN_ANSWERS;
}

void call_send(struct call *c)
{
    char id[UUID_SIZE] = "";
    const struct span *field = form_string(&c->form, FORM_CONVERSATION, true, &c->problems);
    if (field)
        problem_uuid(&c->problems, "body", "conversation_id", *field, id);
    struct span text = read_text(c);
    if (call_refused(c))
        return;
    struct record *found = records_find(&c->state->conversations, id);
    const char *error = call_error(c);
    if (!found) {
        reply_detail(c->reply, 404, "Conversation not found");
    } else if (found->owner != c->account) {
        reply_detail(c->reply, 403, "Not authorized to access this conversation");
    } else if (c->form.repaired) {
        c->reply->status = 500;
        headers_add(&c->reply->headers, "content-type", "text/plain; charset=utf-8");
        buf_puts(&c->reply->body, "Internal Server Error");
    } else if (!error || !call_refuse(c, error)) {
        stream_answer(c, found, text);
    }
}

/* The message of the path, if it can be rated; else NULL and a refusal. */
static struct record *find_rated(struct call *c)
{
    if (call_refused(c))
        return NULL;
    struct record *found = records_find(&c->state->messages, c->id);
    if (!found)
        reply_detail(c->reply, 404, "Message not found");
    else if (found->owner != c->account)
        reply_detail(c->reply, 403, "Not authorized to access this message");
    else if (found->by_user)
        reply_detail(c->reply, 400, "Feedback can only be provided on assistant messages");
    else
        return found;
    return NULL;
}

void call_rate(struct call *c)
{
    const struct span *rating = form_string(&c->form, FORM_RATING, true, &c->problems);
    if (rating && !span_is(*rating, "up") && !span_is(*rating, "down"))
        problem_add_text(&c->problems, PROBLEM_RATING, "body", "rating", *rating);
    struct record *found = find_rated(c);
    if (!found || !rating)
        return;
    char id[UUID_SIZE];
    uuid_make(id);
    values_set(&c->values, "ID", "%s", id);
    values_set(&c->values, "MESSAGE", "%s", found->id);
    values_string(&c->values, "RATING", *rating);
    values_raw(&c->values, "EDITED", form_json(&c->form, FORM_EDITED, "null"));
    values_raw(&c->values, "COMMENT", form_json(&c->form, FORM_COMMENT, "null"));
    call_reply(c, 200, "feedback");
    free(found->json);
    found->json = xmemdup(c->reply->body.data, c->reply->body.len);
}

void call_rating(struct call *c)
{
    const struct record *found = find_rated(c);
    if (!found)
        return;
    if (!found->json) {
        reply_detail(c->reply, 404, "Feedback not found");
        return;
    }
    reply_json(c->reply, 200);
    buf_puts(&c->reply->body, found->json);
}
