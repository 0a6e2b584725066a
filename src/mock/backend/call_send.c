/* SPDX-License-Identifier: MIT */
#include "mock/backend/call.h"

#include "core/utf8.h"
#include "mock/backend/answer.h"

#include <string.h>

enum { TEXT_MAX = 4000 }; /* code points */

/* What Rust's trim() takes off, for pydantic is written in it. */
static bool is_space(uint32_t point)
{
    return point == ' ' || (point >= '\t' && point <= '\r') || point == 0x85 || point == 0xA0 ||
           point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 ||
           point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000;
}

/* The text without the white space at its ends; its length in code points. */
static struct span trim(struct span s, size_t *points)
{
    size_t from = s.len, to = 0, seen = 0;
    *points = 0;
    for (size_t at = 0; at < s.len;) {
        uint32_t point;
        size_t len = utf8_next(span_make(s.at + at, s.len - at), &point);
        if (len == 0)
            len = s.len - at;
        if (from != s.len || !is_space(point)) {
            from = from < at ? from : at;
            seen++;
        }
        at += len;
        if (!is_space(point)) {
            to = at;
            *points = seen;
        }
    }
    return to ? span_make(s.at + from, to - from) : span_make(s.at, 0);
}

static struct span read_text(struct call *c)
{
    static const struct problem too_short = {.type = "string_too_short",
                                             .part = "body",
                                             .name = "text",
                                             .message = "String should have at least 1 character",
                                             .context = "{\"min_length\":1}"};
    static const struct problem too_long = {.type = "string_too_long",
                                            .part = "body",
                                            .name = "text",
                                            .message = "String should have at most 4000 characters",
                                            .context = "{\"max_length\":4000}"};
    const struct buf *text = form_string(&c->form, FORM_TEXT, true, &c->problems);
    if (!text)
        return span_of(NULL);
    size_t points;
    struct span trimmed = trim(buf_view(text), &points);
    if (points == 0)
        problem_add_text(&c->problems, too_short, buf_view(text));
    else if (points > TEXT_MAX)
        problem_add_text(&c->problems, too_long, buf_view(text));
    return trimmed;
}

static void stream(struct call *c, const struct conversation *conversation, struct span text)
{
    const struct form_value *values = c->form.values;
    struct question q = {.second = c->options->generation == 2,
                         .conversation = conversation->id,
                         .mode = conversation->mode,
                         .text = text,
                         .portfolio = values[FORM_PORTFOLIO].raw,
                         .portfolios = values[FORM_PORTFOLIOS].raw,
                         .pace = c->options->pace,
                         .trim = c->options->trim_deltas};
    const char *mode = answer_mode(text);
    reply_stream(c->reply);
    if (c->state->recording.loaded)
        recording_play(&c->state->recording, q.pace, &c->reply->script);
    else if (mode)
        answer_play_mode(&q, mode, &c->reply->script);
    else
        answer_play(&q, &c->reply->script);
}

void call_send(struct call *c)
{
    char id[UUID_SIZE];
    form_uuid(&c->form, FORM_CONVERSATION, id, &c->problems);
    struct span text = read_text(c);
    if (call_refused(c))
        return;
    const struct conversation *found = conversations_find(&c->state->conversations, id);
    if (!found) {
        reply_detail(c->reply, 404, "Conversation not found");
    } else if (found->owner != c->account) {
        reply_detail(c->reply, 403, "Not authorized to access this conversation");
    } else if (c->form.repaired) {
        reply_json(c->reply, 500);
        headers_remove(&c->reply->headers, "content-type");
        headers_add(&c->reply->headers, "content-type", "text/plain; charset=utf-8");
        buf_puts(&c->reply->body, "Internal Server Error");
    } else {
        stream(c, found, text);
    }
}
