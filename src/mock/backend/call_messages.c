/* SPDX-License-Identifier: MIT */
#include "mock/backend/call.h"

#include "core/unicode.h"
#include "core/utf8.h"

/* The maximum length of a message, in code points. */
enum { TEXT_MAX = 4000 };

/* The white space that pydantic removes: that of Rust's trim(). */
static bool is_rust_space(uint32_t point)
{
    return unicode_is_space(point) || point == '\v' || point == 0x85 || point == 0x2028 ||
           point == 0x2029;
}

/* The text without leading and trailing white space; *points gets its length in code points. */
static struct span trim_text(struct span s, size_t *points)
{
    struct span text = {NULL, 0};
    size_t seen = 0;
    *points = 0;
    while (s.len > 0) {
        uint32_t point;
        struct span character = utf8_take(&s, &point);
        bool is_space = is_rust_space(point);
        if (is_space && !text.at)
            continue;
        if (!text.at)
            text.at = character.at;
        seen++;
        if (!is_space) {
            text.len = (size_t)(character.at - text.at) + character.len;
            *points = seen;
        }
    }
    return text;
}

static struct span read_requested_text(struct call *c)
{
    const struct span *text = call_string(c, FORM_TEXT, true);
    if (!text)
        return span_of(NULL);
    size_t points;
    struct span trimmed = trim_text(*text, &points);
    if (points == 0)
        call_text_problem(c, "string_too_short", "body", "text", *text);
    else if (points > TEXT_MAX)
        call_text_problem(c, "string_too_long", "body", "text", *text);
    return trimmed;
}

void call_send(struct call *c)
{
    char id[UUID_SIZE] = "";
    const struct span *field = call_string(c, FORM_CONVERSATION, true);
    if (field)
        call_read_uuid(c, "body", "conversation_id", *field, id);
    struct span text = read_requested_text(c);
    if (call_refused(c))
        return;
    struct record *found = records_find(&c->state->conversations, id);
    const char *error = call_error(c);
    if (!found) {
        reply_detail(c->reply, 404, "Conversation not found");
    } else if (found->owner != c->account) {
        reply_detail(c->reply, 403, "Not authorized to access this conversation");
    } else if (c->repaired) {
        c->reply->status = 500;
        headers_add(&c->reply->headers, "content-type", "text/plain; charset=utf-8");
        buf_puts(&c->reply->body, "Internal Server Error");
    } else if (!error || !call_refuse(c, error)) {
        call_answer(c, found, text);
    }
}

/* The message of the path if it can be rated; otherwise NULL and a refusal. */
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
    const struct span *rating = call_string(c, FORM_RATING, true);
    if (rating && !span_is(*rating, "up") && !span_is(*rating, "down"))
        call_text_problem(c, "literal_error", "body", "rating", *rating);
    struct record *found = find_rated(c);
    if (!found || !rating)
        return;
    char id[UUID_SIZE];
    uuid_make(id);
    values_set(&c->values, "ID", "%s", id);
    values_set(&c->values, "MESSAGE", "%s", found->id);
    values_string(&c->values, "RATING", *rating);
    values_raw(&c->values, "EDITED", call_json(c, FORM_EDITED, "null"));
    values_raw(&c->values, "COMMENT", call_json(c, FORM_COMMENT, "null"));
    call_describe(c, found, "feedback");
    call_reply_record(c, 200, found);
}

void call_rating(struct call *c)
{
    const struct record *found = find_rated(c);
    if (found && found->json)
        call_reply_record(c, 200, found);
    else if (found)
        reply_detail(c->reply, 404, "Feedback not found");
}
