/* SPDX-License-Identifier: MIT */
/* Server-sent events to chat events: properties of the spans of chat_parse() and of their JSON. */
#include "stream/event.h"
#include "json/write.h"

#include "fuzz.h"
#include "model.h"

#include <string.h>

FUZZ_TARGET("chat.dict", "tests/transcripts/*.sse tests/fuzz/corpus/stream/*");

static bool lies_in(struct span part, struct span whole)
{
    return part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
}

/* The bytes of the value are JSON of its type, and a string is decoded correctly. */
static void check_value(const struct json_value *v, const char *what)
{
    static struct model model;
    static struct buf got, want;
    if (v->type == JSON_NONE)
        return;
    model_clear(&model);
    fuzz_require(model_read(&model, v->raw), "%s: not JSON: %.*s", what, (int)v->raw.len,
                 v->raw.at);
    buf_clear(&got);
    buf_clear(&want);
    model_put_value(&got, v->type, 0, v->raw.len, v->string);
    model_put(&want, &model, &model.top);
    fuzz_same(buf_view(&got), buf_view(&want), what);
    fuzz_require(v->type != JSON_STRING || fuzz_is_utf8(v->string), "%s is not UTF-8", what);
}

/* `data` with the keys of the guide differs from that of the server only in these keys. */
static void check_data(const struct chat_event *event)
{
    static struct buf put, want;
    static struct model got, plain;
    buf_clear(&put);
    chat_put_data(&put, event);
    fuzz_require_json_line(buf_view(&put), "chat_put_data");
    if (!event->is_json)
        return;
    buf_clear(&want);
    struct span data = event->member[CHAT_DATA].raw;
    const char *at = data.at;
    for (unsigned i = 0; i < event->renames; i++) {
        const struct chat_rename *r = &event->rename[i];
        fuzz_require(lies_in(r->key_raw, data) && r->key_raw.at >= at && r->name,
                     "a renamed key is not in its place");
        buf_append(&want, at, (size_t)(r->key_raw.at - at));
        buf_printf(&want, "\"%s\"", r->name);
        at = r->key_raw.at + r->key_raw.len;
    }
    buf_append(&want, at, (size_t)(data.at + data.len - at));
    model_clear(&got);
    model_clear(&plain);
    model_read(&got, buf_view(&put));
    fuzz_require(model_read(&plain, buf_view(&want)), "renamed, `data` is not JSON");
    fuzz_same(buf_view(&got.tokens), buf_view(&plain.tokens), "`data`");
}

/* The name in the guide of each member that may have another name on the wire. */
static const struct {
    enum chat_member member;
    const char *guide;
} named[] = {{CHAT_ARGUMENTS, "arguments"},
             {CHAT_RESULT, "result"},
             {CHAT_ERROR_MESSAGE, "message"},
             {CHAT_ERROR_CODE, "code"}};

/* The number of occurrences of a name in the output for `data`, and its last value. */
struct found {
    const char *name;
    int count;
    struct buf value;
};

static void look_for(void *arg, const struct json_member *m)
{
    struct found *f = arg;
    if (!span_is(m->key, f->name))
        return;
    f->count++;
    buf_clear(&f->value);
    buf_span(&f->value, m->value.raw);
}

/* What the program reads of an event is what the JSON lines show of it: every member lies in
   `data`, is there under the guide's name, and a rename makes no key stand twice. */
static void check_agreement(const struct chat_event *event)
{
    static struct buf put, value;
    static struct found found;
    if (!event->is_json)
        return;
    struct span data = event->member[CHAT_DATA].raw;
    for (unsigned m = 0; m < CHAT_MEMBERS; m++)
        fuzz_require(event->member[m].type == JSON_NONE || lies_in(event->member[m].raw, data),
                     "member %u does not lie in `data`", m);
    buf_clear(&put);
    chat_put_data(&put, event);
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        const struct json_value *member = &event->member[named[i].member];
        found.name = named[i].guide;
        found.count = 0;
        json_read_object(data, look_for, &found);
        int before = found.count, renamed = 0;
        for (unsigned k = 0; k < event->renames; k++)
            renamed += strcmp(event->rename[k].name, named[i].guide) == 0;
        fuzz_require(before == 0 || renamed == 0, "a key is renamed to one that exists: %s",
                     named[i].guide);
        if (member->type == JSON_NONE)
            continue;
        json_read_object(buf_view(&put), look_for, &found);
        buf_clear(&value);
        json_put_raw(&value, member->raw);
        fuzz_same(buf_view(&found.value), buf_view(&value), named[i].guide);
    }
}

/* The definition of an envelope in stream/event.h, member by member. */
struct wrapping {
    struct span name;
    bool has_name;
    bool type, data, beside;
};

static bool is_type_of(const struct wrapping *w, struct span type)
{
    if (w->has_name)
        return span_equal(type, w->name);
    return span_is(type, "token") || span_is(type, "message") || span_is(type, "error");
}

static void look_for_wrapping(void *arg, const struct json_member *m)
{
    struct wrapping *w = arg;
    if (span_is(m->key, "type"))
        w->type = m->value.type == JSON_STRING && is_type_of(w, m->value.string);
    w->data = w->data || span_is(m->key, "data");
    w->beside = w->beside || span_is(m->key, "run_id") || span_is(m->key, "seq") ||
                span_is(m->key, "timestamp");
}

static void check_envelope(const struct chat_event *event)
{
    static struct model model;
    struct wrapping w = {.name = event->from->name, .has_name = event->from->has_name};
    size_t whole = span_trim(event->from->data).len;
    bool wrapped = event->is_json && event->member[CHAT_DATA].raw.len != whole;
    if (event->is_json)
        json_read_object(event->from->data, look_for_wrapping, &w);
    fuzz_require(!wrapped || (w.type && w.data), "not an envelope");
    /* Known events require only these two. */
    fuzz_require(wrapped || !w.has_name || !(w.type && w.data && w.beside),
                 "an envelope was not recognized");
    fuzz_require(w.has_name ||
                     wrapped <= (event->kind == CHAT_MESSAGE || event->kind == CHAT_ERROR),
                 "an unnamed event in an envelope");
    for (unsigned i = 0; i < CHAT_ENVELOPE; i++) {
        const struct json_value *part = &event->envelope[i];
        model_clear(&model);
        fuzz_require(part->type == JSON_NONE || model_read(&model, part->raw),
                     "part %u of the envelope is not JSON", i);
    }
}

static bool is_string(const struct chat_event *event, enum chat_member member)
{
    return event->member[member].type == JSON_STRING;
}

/* Invariants on which readers of an event depend. */
static void check_kind(const struct chat_event *event)
{
    enum chat_kind kind = event->kind;
    bool tool = kind == CHAT_TOOL_STARTED || kind == CHAT_TOOL_FINISHED;
    bool object = event->member[CHAT_DATA].type == JSON_OBJECT;
    fuzz_require(kind != CHAT_MESSAGE || is_string(event, CHAT_DELTA), "a message without delta");
    fuzz_require(!tool || is_string(event, CHAT_TOOL_NAME), "a tool without a name");
    fuzz_require(kind == CHAT_OTHER || kind == CHAT_UNNAMED || kind == CHAT_MALFORMED || object,
                 "an event of kind %d is not a JSON object", (int)kind);
    fuzz_require(kind != CHAT_MALFORMED || event->why, "a malformed event without a reason");
    fuzz_require(!span_starts(event->name, span_of("client.")),
                 "a name that is reserved for the program");
    const struct json_value *error = chat_tool_error(event);
    if (error)
        check_value(error, "the error of a tool");
}

/* The complete result of a parse as text. */
static void put_event(struct buf *out, const struct chat_event *event)
{
    buf_printf(out, "%d %d ", (int)event->kind, event->is_json);
    buf_span(out, event->name);
    chat_put_data(out, event);
    for (unsigned i = 0; i < CHAT_ENVELOPE; i++)
        buf_span(out, event->envelope[i].raw);
    buf_puts(out, event->kind == CHAT_MALFORMED ? event->why : "");
    for (unsigned m = 0; m < CHAT_MEMBERS; m++) {
        const struct json_value *v = &event->member[m];
        if (v->type != JSON_NONE) {
            buf_printf(out, " %u", m);
            model_put_value(out, v->type, 0, v->raw.len, v->string);
            buf_span(out, v->raw);
        }
    }
}

struct target {
    struct chat_parser *used;
    struct fail fail;
    struct sse sse;
};

static int on_event(void *arg, const struct sse_event *from, struct fail *fail)
{
    static struct buf first, second;
    struct target *t = arg;
    const struct chat_event *event = chat_parse(t->used, from);
    (void)fail;
    fuzz_require(fuzz_is_utf8(event->name), "a name that is not UTF-8");
    check_kind(event);
    for (unsigned m = 0; m < CHAT_MEMBERS; m++)
        check_value(&event->member[m], "a member");
    check_data(event);
    check_agreement(event);
    check_envelope(event);
    /* A parser that has read other events gives the same result as a new one. */
    buf_clear(&first);
    put_event(&first, event);
    struct chat_parser *unused = chat_parser_new();
    event = chat_parse(unused, from);
    buf_clear(&second);
    put_event(&second, event);
    fuzz_same(buf_view(&first), buf_view(&second), "a reused parser");
    chat_parser_free(unused);
    return 0;
}

static int feed(void *arg, struct span piece)
{
    struct target *t = arg;
    return sse_feed(&t->sse, piece.at, piece.len, &t->fail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct target t = {.used = chat_parser_new(), .fail = FAIL_INIT};
    sse_init(&t.sse, 1 << 24, on_event, &t);
    fuzz_feed(fuzz_input(data, size), FUZZ_WHOLE, feed, &t);
    sse_release(&t.sse);
    fail_release(&t.fail);
    chat_parser_free(t.used);
    return 0;
}
