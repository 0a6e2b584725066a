/* SPDX-License-Identifier: MIT */
#include "mock/backend/call.h"

#include "core/xmalloc.h"
#include "json/write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* In the order of enum form_field. */
static const struct json_shape context;
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
    {SPAN("ui_context"), FORM_CONTEXT, &context, 0},
    {SPAN("portfolio_id"), FORM_PORTFOLIO, NULL, 0},
    {SPAN("portfolio_ids"), FORM_PORTFOLIOS, NULL, 0},
    {SPAN("page_hint"), FORM_PAGE_HINT, NULL, 0},
    {SPAN("route"), FORM_ROUTE, NULL, 0},
};
static const struct json_shape form = {keys, sizeof keys / sizeof keys[0]};
static const struct json_shape context = {keys + FORM_CONTEXT, FORM_ROUTE - FORM_CONTEXT};

void call_release(struct call *c)
{
    json_reader_free(c->reader);
    buf_release(&c->problems);
    values_release(&c->values);
}

/* --- problems --- */

void call_problem(struct call *c, const char *problem, const char *part, const char *name,
                  struct span input)
{
    struct section s;
    if (!data_find("problem", span_of(problem), &s))
        abort();
    values_set(&c->values, "LOC", "[\"%s%s%s\"]", part, name ? "\",\"" : "", name ? name : "");
    values_raw(&c->values, "INPUT", input);
    buf_puts(&c->problems, c->problems.len > 0 ? "," : "");
    data_expand(&c->problems, &s, "", &c->values);
}

void call_text_problem(struct call *c, const char *problem, const char *part, const char *name,
                       struct span input)
{
    struct buf json = {0};
    json_put_string(&json, input);
    call_problem(c, problem, part, name, buf_view(&json));
    buf_release(&json);
}

bool call_refused(struct call *c)
{
    if (c->problems.len == 0)
        return false;
    reply_json(c->reply, 422);
    buf_printf(&c->reply->body, "{\"detail\":[%s]}", buf_text(&c->problems));
    return true;
}

/* --- the request --- */

static bool is_json(const struct request *request)
{
    const char *type = request_header(request, "Content-Type");
    if (!type)
        return true;
    size_t len = strcspn(type, "; ");
    return (len == 16 && strncasecmp(type, "application/json", len) == 0) ||
           (len > 5 && strncasecmp(type + len - 5, "+json", 5) == 0);
}

bool call_read_body(struct call *c)
{
    struct span body = buf_view(&c->request->body);
    if (body.len == 0 || !is_json(c->request))
        return true;
    c->reader = json_reader_new();
    if (json_find(c->reader, body, &form, &c->form) == 0) {
        /* A value is a part of the body, unless the reader had to correct a copy of it. */
        c->repaired = !span_holds(body, c->form.slot[FORM_BODY].raw.at);
        return true;
    }
    values_set(&c->values, "OFFSET", "%zu", json_error_offset(c->reader));
    values_ascii(&c->values, "REASON", span_of(json_error(c->reader)));
    call_problem(c, "json_invalid", "body", NULL, span_of("{}"));
    return false;
}

bool call_has_object(struct call *c)
{
    const struct json_value *body = &c->form.slot[FORM_BODY];
    if (body->type == JSON_OBJECT)
        return true;
    if (c->request->body.len == 0)
        call_problem(c, "missing", "body", NULL, span_of("null"));
    else if (body->type == JSON_NONE)
        call_text_problem(c, "model_attributes_type", "body", NULL, buf_view(&c->request->body));
    else
        call_problem(c, "model_attributes_type", "body", NULL, body->raw);
    return false;
}

const struct span *call_string(struct call *c, enum form_field field, bool required)
{
    const struct json_value *v = &c->form.slot[field];
    const char *name = keys[field - 1].name.at;
    if (v->type == JSON_STRING)
        return &v->string;
    if (v->type != JSON_NONE)
        call_problem(c, "string_type", "body", name, v->raw);
    else if (required)
        call_problem(c, "missing", "body", name, c->form.slot[FORM_BODY].raw);
    return NULL;
}

struct span call_json(const struct call *c, enum form_field field, const char *fallback)
{
    const struct json_value *v = &c->form.slot[field];
    return v->type == JSON_NONE ? span_of(fallback) : v->raw;
}

void call_read_number(struct call *c, const char *name, int64_t *number)
{
    const char *text = request_query(c->request, name);
    char *end;
    if (!text)
        return;
    errno = 0;
    int64_t value = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        call_text_problem(c, "int_parsing", "query", name, span_of(text));
    else
        *number = value;
}

void call_read_uuid(struct call *c, const char *part, const char *name, struct span text,
                    char out[UUID_SIZE])
{
    struct buf why = {0};
    if (!uuid_read(text, out, &why)) {
        values_ascii(&c->values, "REASON", buf_view(&why));
        call_text_problem(c, "uuid_parsing", part, name, text);
    }
    buf_release(&why);
}

/* --- replies --- */

static void expand_reply(struct call *c, const char *name, struct buf *out)
{
    struct section s;
    char *second = buf_format("%s2", name);
    bool found = c->options->generation == 2 && data_find("reply", span_of(second), &s);
    if (!found && !data_find("reply", span_of(name), &s))
        abort();
    data_expand(out, &s, "", &c->values);
    free(second);
}

void call_reply(struct call *c, unsigned status, const char *name)
{
    reply_json(c->reply, status);
    expand_reply(c, name, &c->reply->body);
}

void call_describe(struct call *c, struct record *r, const char *name)
{
    struct buf json = {0};
    expand_reply(c, name, &json);
    free(r->json);
    r->json = buf_take(&json);
}

void call_reply_record(struct call *c, unsigned status, const struct record *r)
{
    reply_json(c->reply, status);
    buf_puts(&c->reply->body, r->json);
}

struct record *call_record(struct call *c, const struct records *records, const char *missing)
{
    if (call_refused(c))
        return NULL;
    struct record *found = records_find(records, c->id);
    if (found && found->owner == c->account)
        return found;
    reply_detail(c->reply, 404, missing);
    return NULL;
}

const char *call_error(const struct call *c)
{
    return c->request->error ? c->request->error : c->options->error;
}

bool call_refuse(struct call *c, const char *code)
{
    struct section s;
    if (!data_find("refusal", span_of(code), &s))
        return false;
    reply_json(c->reply, (unsigned)strtoul(s.rest.at, NULL, 10));
    data_expand(&c->reply->body, &s, "", NULL);
    return true;
}

const char *call_portfolio_id(const struct call *c)
{
    struct section s = {.next = 0};
    return c->options->portfolios > 0 && data_next("portfolio", &s) ? s.name.at : NULL;
}
