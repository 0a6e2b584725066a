/* SPDX-License-Identifier: MIT */
#include "mock/backend/form.h"

#include "json/write.h"

#include <string.h>
#include <strings.h>

#define SHARED                                                                                     \
    {SPAN("portfolio_id"), FORM_PORTFOLIO, NULL, 0},                                               \
        {SPAN("portfolio_ids"), FORM_PORTFOLIOS, NULL, 0},                                         \
        {SPAN("page_hint"), FORM_PAGE_HINT, NULL, 0},                                              \
    {                                                                                              \
        SPAN("route"), FORM_ROUTE, NULL, 0                                                         \
    }

static const struct json_key context_keys[] = {SHARED};
static const struct json_shape context = {context_keys,
                                          sizeof context_keys / sizeof context_keys[0]};

/* In the order of enum form_field. */
static const struct json_key keys[] = {
    {SPAN("email"), FORM_EMAIL, NULL, 0},
    {SPAN("password"), FORM_PASSWORD, NULL, 0},
    {SPAN("mode"), FORM_MODE, NULL, 0},
    {SPAN("conversation_id"), FORM_CONVERSATION, NULL, 0},
    {SPAN("text"), FORM_TEXT, NULL, 0},
    {SPAN("rating"), FORM_RATING, NULL, 0},
    {SPAN("comment"), FORM_COMMENT, NULL, 0},
    {SPAN("edited_text"), FORM_EDITED, NULL, 0},
    {SPAN("content"), FORM_CONTENT, NULL, 0},
    {SPAN("scope"), FORM_SCOPE, NULL, 0},
    SHARED,
    {SPAN("ui_context"), FORM_CONTEXT, &context, 0},
};
static const struct json_shape shape = {keys, sizeof keys / sizeof keys[0]};

static const struct problem_row {
    const char *type, *message, *context;
} rows[] = {
    [PROBLEM_MISSING] = {"missing", "Field required", NULL},
    [PROBLEM_OBJECT] = {"model_attributes_type",
                        "Input should be a valid dictionary or object to extract fields from",
                        NULL},
    [PROBLEM_STRING] = {"string_type", "Input should be a valid string", NULL},
    [PROBLEM_TOO_SHORT] = {"string_too_short", "String should have at least 1 character",
                           "{\"min_length\":1}"},
    [PROBLEM_TOO_LONG] = {"string_too_long", "String should have at most 4000 characters",
                          "{\"max_length\":4000}"},
    [PROBLEM_EMAIL] = {"value_error",
                       "value is not a valid email address: An email address must have an @-sign.",
                       "{\"reason\":\"An email address must have an @-sign.\"}"},
    [PROBLEM_MODE] = {"string_pattern_mismatch",
                      "String should match pattern '^(green|blue|indigo|violet)$'",
                      "{\"pattern\":\"^(green|blue|indigo|violet)$\"}"},
    [PROBLEM_RATING] = {"literal_error", "Input should be 'up' or 'down'",
                        "{\"expected\":\"'up' or 'down'\"}"},
    [PROBLEM_INTEGER] = {"int_parsing",
                         "Input should be a valid integer, unable to parse string as an integer",
                         NULL},
};

static void put_problem(struct buf *problems, const struct problem_row *row, const char *part,
                        const char *name, struct span input)
{
    buf_puts(problems, problems->len ? ",{" : "{");
    json_put_text(problems, "type", span_of(row->type));
    buf_printf(problems, ",\"loc\":[\"%s\"", part);
    if (name)
        buf_printf(problems, ",\"%s\"", name);
    buf_puts(problems, "]");
    json_put_text(problems, "msg", span_of(row->message));
    json_put_key(problems, "input");
    json_put_raw(problems, input);
    if (row->context)
        buf_printf(problems, ",\"ctx\":%s", row->context);
    buf_byte(problems, '}');
}

void problem_add(struct buf *problems, enum problem problem, const char *part, const char *name,
                 struct span input)
{
    put_problem(problems, &rows[problem], part, name, input);
}

static void put_problem_text(struct buf *problems, const struct problem_row *row, const char *part,
                             const char *name, struct span input)
{
    struct buf json = {0};
    json_put_string(&json, input);
    put_problem(problems, row, part, name, buf_view(&json));
    buf_release(&json);
}

void problem_add_text(struct buf *problems, enum problem problem, const char *part,
                      const char *name, struct span input)
{
    put_problem_text(problems, &rows[problem], part, name, input);
}

bool problem_uuid(struct buf *problems, const char *part, const char *name, struct span text,
                  char out[UUID_SIZE])
{
    struct buf why = {0}, message = {0}, error = {0};
    bool valid = uuid_read(text, out, &why);
    if (!valid) {
        buf_printf(&message, "Input should be a valid UUID, %s", buf_text(&why));
        buf_puts(&error, "{\"error\":");
        json_put_string(&error, buf_view(&why));
        buf_byte(&error, '}');
        struct problem_row row = {"uuid_parsing", buf_text(&message), buf_text(&error)};
        put_problem_text(problems, &row, part, name, text);
    }
    buf_release(&why);
    buf_release(&message);
    buf_release(&error);
    return valid;
}

static bool is_json(const struct request *request)
{
    const char *type = request_header(request, "Content-Type");
    if (!type)
        return true;
    size_t len = strcspn(type, "; ");
    return (len == 16 && strncasecmp(type, "application/json", len) == 0) ||
           (len > 5 && strncasecmp(type + len - 5, "+json", 5) == 0);
}

bool form_read(struct form *form, const struct request *request, struct buf *problems)
{
    struct span body = buf_view(&request->body);
    if (body.len == 0 || !is_json(request))
        return true;
    form->reader = json_reader_new();
    if (json_find(form->reader, body, &shape, &form->found) == 0) {
        /* A value is a part of the body, unless the reader had to correct a copy of it. */
        form->repaired = !span_holds(body, form->found.slot[FORM_BODY].raw.at);
        return true;
    }
    form->found = (struct json_found){.seen = 0};
    buf_printf(problems, "{\"type\":\"json_invalid\",\"loc\":[\"body\",%zu],",
               json_error_offset(form->reader));
    buf_puts(problems, "\"msg\":\"JSON decode error\",\"input\":{},\"ctx\":{\"error\":");
    json_put_string(problems, span_of(json_error(form->reader)));
    buf_puts(problems, "}}");
    return false;
}

void form_release(struct form *form)
{
    json_reader_free(form->reader);
    form->reader = NULL;
}

bool form_is_object(const struct form *form, const struct request *request, struct buf *problems)
{
    const struct json_value *body = &form->found.slot[FORM_BODY];
    if (body->type == JSON_OBJECT)
        return true;
    if (request->body.len == 0)
        problem_add(problems, PROBLEM_MISSING, "body", NULL, span_of("null"));
    else if (body->type == JSON_NONE)
        problem_add_text(problems, PROBLEM_OBJECT, "body", NULL, buf_view(&request->body));
    else
        problem_add(problems, PROBLEM_OBJECT, "body", NULL, body->raw);
    return false;
}

const struct span *form_string(const struct form *form, enum form_field field, bool required,
                               struct buf *problems)
{
    const struct json_value *v = &form->found.slot[field];
    const char *name = keys[field - 1].name.at;
    if (v->type == JSON_STRING)
        return &v->string;
    if (v->type != JSON_NONE)
        problem_add(problems, PROBLEM_STRING, "body", name, v->raw);
    else if (required)
        problem_add(problems, PROBLEM_MISSING, "body", name, form->found.slot[FORM_BODY].raw);
    return NULL;
}

struct span form_json(const struct form *form, enum form_field field, const char *fallback)
{
    const struct json_value *v = &form->found.slot[field];
    return v->type == JSON_NONE ? span_of(fallback) : v->raw;
}
