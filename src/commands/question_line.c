/* SPDX-License-Identifier: MIT */
#include "commands/question_line.h"

#include "api/api.h"
#include "commands/message.h"
#include "core/utf8.h"
#include "core/xmalloc.h"

#include <stdlib.h>
#include <string.h>

enum { SLOT_ID = 1, SLOT_TEXT, SLOT_CONVERSATION, SLOT_MODE, SLOT_PORTFOLIO, SLOT_CONTEXT };

static const struct json_key question_keys[] = {
    {SPAN("id"), SLOT_ID, NULL, 0},
    {SPAN("text"), SLOT_TEXT, NULL, 0},
    {SPAN("conversation_id"), SLOT_CONVERSATION, NULL, 0},
    {SPAN("mode"), SLOT_MODE, NULL, 0},
    {SPAN("portfolio"), SLOT_PORTFOLIO, NULL, 0},
    {SPAN("context"), SLOT_CONTEXT, NULL, 0},
};

static const struct json_shape question_shape = {question_keys,
                                                 sizeof question_keys / sizeof question_keys[0]};

static int refuse_member(const char *name, const char *expected, struct fail *fail)
{
    return fail_set(fail, FAIL_DATA, "invalid \"%s\": expected %s", name, expected);
}

/* Whether the value is a string that can be a C string and is not empty. */
static bool is_text(const struct json_value *v)
{
    return v->type == JSON_STRING && v->string.len && !memchr(v->string.at, '\0', v->string.len);
}

static int read_id(struct question_line *q, const struct json_value *v, struct fail *fail)
{
    if (v->type == JSON_STRING || v->type == JSON_NUMBER)
        buf_span(&q->id, v->raw);
    else if (v->type != JSON_NONE)
        return refuse_member("id", "a string or a number", fail);
    return 0;
}

static int read_text(struct question_line *q, const struct json_value *v, struct fail *fail)
{
    if (v->type != JSON_STRING)
        return v->type == JSON_NONE ? fail_set(fail, FAIL_DATA, "the line has no \"text\"")
                                    : refuse_member("text", "a string", fail);
    buf_init(&q->text, MESSAGE_MAX);
    buf_span(&q->text, v->string);
    return 0;
}

static int read_conversation(struct question_line *q, const struct json_value *v, struct fail *fail)
{
    if (v->type == JSON_NONE)
        return 0;
    if (!is_text(v) || !api_is_id(v->string))
        return refuse_member("conversation_id", "the ID of a conversation", fail);
    q->conversation = xspandup(v->string);
    return 0;
}

static int read_mode(struct question_line *q, const struct json_value *v, struct fail *fail)
{
    const struct option_row *row = option_row(OPT_MODE);
    if (v->type == JSON_NONE)
        return 0;
    if (!is_text(v))
        return refuse_member("mode", "a string", fail);
    q->mode = xspandup(v->string);
    if (!option_is_choice(row, q->mode))
        return option_refuse(row, q->mode, "\"mode\"", FAIL_DATA, fail);
    return 0;
}

/* Collects the members of an array or object. */
struct list_reader {
    struct strings *list;
    bool is_invalid;
};

static void read_portfolio(void *arg, const struct json_member *m)
{
    struct list_reader *r = arg;
    if (is_text(&m->value))
        strings_add(r->list, m->value.string);
    else
        r->is_invalid = true;
}

static int read_portfolios(struct question_line *q, const struct json_value *v, struct fail *fail)
{
    struct list_reader r = {&q->portfolios, false};
    const struct json_member only = {.value = *v};
    if (v->type == JSON_NONE)
        return 0;
    q->has_portfolios = true;
    if (v->type == JSON_STRING)
        read_portfolio(&r, &only);
    else if (v->type != JSON_ARRAY || json_read_array(v->raw, read_portfolio, &r) != 0)
        r.is_invalid = true;
    return r.is_invalid ? refuse_member("portfolio", "a string or an array of strings", fail) : 0;
}

/* "KEY=VALUE", in the format of --context. */
static void read_pair(void *arg, const struct json_member *m)
{
    struct list_reader *r = arg;
    struct fail why = FAIL_INIT;
    struct buf pair = {0};
    struct span key = m->key, value = m->value.string;
    bool is_valid = m->value.type == JSON_STRING && !memchr(key.at, '=', key.len) &&
                    !memchr(key.at, '\0', key.len) &&
                    (!value.len || !memchr(value.at, '\0', value.len));
    if (is_valid) {
        buf_span(&pair, key);
        buf_byte(&pair, '=');
        buf_span(&pair, value);
        is_valid = context_check(buf_text(&pair), &why) == 0;
    }
    if (is_valid)
        strings_add(r->list, buf_view(&pair));
    r->is_invalid = r->is_invalid || !is_valid;
    buf_release(&pair);
    fail_release(&why);
}

static int read_context(struct question_line *q, const struct json_value *v, struct fail *fail)
{
    struct list_reader r = {&q->context, false};
    if (v->type == JSON_NONE)
        return 0;
    if (v->type != JSON_OBJECT || json_read_object(v->raw, read_pair, &r) != 0)
        r.is_invalid = true;
    return r.is_invalid
               ? refuse_member("context", "an object of strings with the keys of --context", fail)
               : 0;
}

static int read_object(struct question_line *q, struct json_reader *reader, struct span line,
                       struct fail *fail)
{
    struct json_found found = {.seen = 0};
    if (json_find(reader, line, &question_shape, &found) != 0)
        fail_set(fail, FAIL_DATA, "invalid JSON: %s (byte %zu)", json_error(reader),
                 json_error_offset(reader) + 1);
    else if (found.slot[JSON_DOCUMENT].type != JSON_OBJECT)
        fail_set(fail, FAIL_DATA, "the line is not a JSON object");
    if (fail_is_set(fail) && !span_starts(span_trim(line), span_of("{")))
        fail_hint(fail, "--lines reads plain questions");
    if (fail_is_set(fail))
        return -1;
    if (read_id(q, &found.slot[SLOT_ID], fail) != 0 ||
        read_text(q, &found.slot[SLOT_TEXT], fail) != 0 ||
        read_conversation(q, &found.slot[SLOT_CONVERSATION], fail) != 0 ||
        read_mode(q, &found.slot[SLOT_MODE], fail) != 0 ||
        read_portfolios(q, &found.slot[SLOT_PORTFOLIO], fail) != 0 ||
        read_context(q, &found.slot[SLOT_CONTEXT], fail) != 0)
        return -1;
    return 0;
}

int question_line_read(struct question_line *q, struct json_reader *reader, struct span line,
                       bool plain, const struct settings *settings, struct fail *fail)
{
    *q = (struct question_line){.conversation = NULL};
    if (!utf8_valid(line))
        return fail_set(fail, FAIL_DATA, "the line is not UTF-8 (byte %zu)",
                        utf8_valid_prefix(line) + 1);
    if (plain) {
        buf_init(&q->text, MESSAGE_MAX);
        buf_span(&q->text, line);
    } else if (read_object(q, reader, line, fail) != 0) {
        return -1;
    }
    return message_check(&q->text, settings, fail);
}

void question_line_release(struct question_line *q)
{
    buf_release(&q->id);
    buf_release(&q->text);
    free(q->conversation);
    free(q->mode);
    strings_release(&q->portfolios);
    strings_release(&q->context);
    *q = (struct question_line){.conversation = NULL};
}
