/* SPDX-License-Identifier: MIT */
#include "mock/backend/form.h"

#include "core/utf8.h"
#include "json/write.h"

#include <string.h>
#include <strings.h>

static const char *const names[FORM_FIELDS] = {
    [FORM_EMAIL] = "email",
    [FORM_PASSWORD] = "password",
    [FORM_MODE] = "mode",
    [FORM_CONVERSATION] = "conversation_id",
    [FORM_TEXT] = "text",
    [FORM_PORTFOLIO] = "portfolio_id",
    [FORM_PORTFOLIOS] = "portfolio_ids",
};

static void note_field(struct form *form, int first, const struct json_member *m)
{
    for (int i = first; i < FORM_FIELDS; i++) {
        struct form_value *v = &form->values[i];
        if (!span_is(m->key, names[i]))
            continue;
        v->type = m->value.type;
        v->raw = m->value.raw;
        buf_clear(&v->string);
        if (v->type == JSON_STRING)
            buf_span(&v->string, m->value.string);
    }
}

static void note_context(void *arg, const struct json_member *m)
{
    note_field(arg, FORM_PORTFOLIO, m);
}

static void note_member(void *arg, const struct json_member *m)
{
    if (span_is(m->key, "ui_context"))
        json_read_object(m->value.raw, note_context, arg);
    else
        note_field(arg, 0, m);
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
    if (json_walk(form->reader, body, note_member, form, &form->top) == 0) {
        /* The reader hands out parts of the body, unless it had to correct a copy of it. */
        form->repaired = !span_holds(body, form->top.raw.at);
        return true;
    }
    form->top.type = JSON_NONE;
    buf_printf(problems, "{\"type\":\"json_invalid\",\"loc\":[\"body\",%zu],",
               json_error_offset(form->reader));
    buf_puts(problems, "\"msg\":\"JSON decode error\",\"input\":{},\"ctx\":{\"error\":");
    json_put_string(problems, span_of(json_error(form->reader)));
    buf_puts(problems, "}}");
    return false;
}

void form_release(struct form *form)
{
    for (int i = 0; i < FORM_FIELDS; i++)
        buf_release(&form->values[i].string);
    json_reader_free(form->reader);
    *form = (struct form){.reader = NULL};
}

void problem_add(struct buf *problems, const struct problem *p)
{
    if (problems->len > 0)
        buf_byte(problems, ',');
    buf_byte(problems, '{');
    json_put_text(problems, "type", span_of(p->type));
    buf_printf(problems, ",\"loc\":[\"%s\"", p->part);
    if (p->name)
        buf_printf(problems, ",\"%s\"", p->name);
    buf_puts(problems, "]");
    json_put_text(problems, "msg", span_of(p->message));
    json_put_key(problems, "input");
    json_put_raw(problems, p->input);
    if (p->context) {
        json_put_key(problems, "ctx");
        buf_puts(problems, p->context);
    }
    buf_byte(problems, '}');
}

void problem_add_text(struct buf *problems, struct problem p, struct span input)
{
    struct buf valid = {0}, json = {0};
    utf8_replace(&valid, input);
    json_put_string(&json, buf_view(&valid));
    p.input = buf_view(&json);
    problem_add(problems, &p);
    buf_release(&valid);
    buf_release(&json);
}

bool form_is_object(const struct form *form, const struct request *request, struct buf *problems)
{
    if (form->top.type == JSON_OBJECT)
        return true;
    struct problem p = {.type = "model_attributes_type",
                        .part = "body",
                        .message = "Input should be a valid dictionary or object to extract "
                                   "fields from",
                        .input = form->top.raw};
    if (request->body.len == 0) {
        p = (struct problem){
            .type = "missing", .part = "body", .message = "Field required", .input = SPAN("null")};
        problem_add(problems, &p);
    } else if (form->top.type == JSON_NONE) {
        problem_add_text(problems, p, buf_view(&request->body));
    } else {
        problem_add(problems, &p);
    }
    return false;
}

const struct buf *form_string(const struct form *form, enum form_field field, bool needed,
                              struct buf *problems)
{
    const struct form_value *v = &form->values[field];
    struct problem p = {.part = "body", .name = names[field]};
    if (v->type == JSON_STRING)
        return &v->string;
    if (v->type == JSON_NONE && !needed)
        return NULL;
    if (v->type == JSON_NONE) {
        p.type = "missing";
        p.message = "Field required";
        p.input = form->top.raw;
    } else {
        p.type = "string_type";
        p.message = "Input should be a valid string";
        p.input = v->raw;
    }
    problem_add(problems, &p);
    return NULL;
}

bool form_uuid(const struct form *form, enum form_field field, char out[UUID_SIZE],
               struct buf *problems)
{
    const struct buf *text = form_string(form, field, true, problems);
    return text && problem_uuid(problems, "body", names[field], buf_view(text), out);
}

bool problem_uuid(struct buf *problems, const char *part, const char *name, struct span text,
                  char out[UUID_SIZE])
{
    struct buf why = {0}, message = {0}, context = {0};
    bool good = uuid_read(text, out, &why);
    if (!good) {
        buf_printf(&message, "Input should be a valid UUID, %s", buf_text(&why));
        buf_byte(&context, '{');
        json_put_text(&context, "error", buf_view(&why));
        buf_byte(&context, '}');
        struct problem p = {.type = "uuid_parsing",
                            .part = part,
                            .name = name,
                            .message = buf_text(&message),
                            .context = buf_text(&context)};
        problem_add_text(problems, p, text);
    }
    buf_release(&why);
    buf_release(&message);
    buf_release(&context);
    return good;
}
