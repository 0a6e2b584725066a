/* SPDX-License-Identifier: MIT */
/* json/ compared with the literal grammar and with yajl, and the writers, which must write JSON for
   any bytes. */
#include "json/json.h"
#include "json/write.h"

#include "fuzz.h"
#include "model.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

FUZZ_TARGET("chat.dict", "tests/fuzz/corpus/json/* tests/transcripts/*.jsonl");

struct walk {
    struct json_reader *reader;
    struct buf members;
};

static void put_name(struct buf *out, bool keyed, size_t at, struct span name)
{
    if (!keyed)
        return;
    buf_printf(out, "key at %zu, %zu bytes: ", at, name.len);
    buf_span(out, name);
    buf_byte(out, ' ');
}

static void put_member(void *arg, const struct json_member *m)
{
    struct walk *w = arg;
    size_t at = m->key.at ? json_offset(w->reader, json_key_before(m->value.raw).at) : 0;
    put_name(&w->members, m->key.at != NULL, at, m->key);
    model_put_value(&w->members, m->value.type, json_offset(w->reader, m->value.raw.at),
                    m->value.raw.len, m->value.string);
}

static void put_model(struct buf *out, const struct model *m)
{
    for (size_t i = 0; i < model_count(m); i++) {
        const struct model_member *member = model_member(m, i);
        put_name(out, member->keyed, member->key_at, model_name(m, member));
        model_put(out, m, member);
    }
}

/* Parses the document with yajl as its documentation describes. */
static bool yajl_takes(struct span document)
{
    static const yajl_callbacks none;
    yajl_handle h = yajl_alloc(&none, NULL, NULL);
    bool good = yajl_parse(h, (const unsigned char *)document.at, document.len) == yajl_status_ok &&
                yajl_complete_parse(h) == yajl_status_ok;
    yajl_free(h);
    return good;
}

/* yajl accepts more than json/json.h specifies: other white space, and an incomplete token after
   the value. It must not accept less. */
static void compare_with_yajl(struct span document, bool good)
{
    fuzz_require(!good || yajl_takes(document), "json_walk accepts what yajl does not");
}

static void put_value(struct buf *out, const struct json_reader *reader, const struct json_value *v)
{
    if (v->type != JSON_NONE)
        model_put_value(out, v->type, json_offset(reader, v->raw.at), v->raw.len, v->string);
    else
        buf_puts(out, "absent\n");
}

static void compare_with_grammar(struct json_reader *reader, struct span document,
                                 const struct walk *walk, const struct json_value *top, bool good)
{
    static struct model model;
    static struct buf got, want;
    model_clear(&model);
    bool theirs = model_read(&model, document);
    fuzz_require(good == theirs, "json_walk returns %d (%s), the grammar %d", good,
                 good ? "" : json_error(reader), theirs);
    if (!good)
        return;
    buf_clear(&want);
    put_model(&want, &model);
    fuzz_same(buf_view(&walk->members), buf_view(&want), "members");
    buf_clear(&got);
    buf_clear(&want);
    put_value(&got, reader, top);
    model_put(&want, &model, &model.top);
    fuzz_same(buf_view(&got), buf_view(&want), "the document's value");
}

/* A shape of all kinds: nested, with a repeated key and an empty one. */
static const struct json_key deep_keys[] = {{SPAN("error"), 1, NULL, 0}, {SPAN("b"), 2, NULL, 0}};
static const struct json_shape deep = {deep_keys, 2};
static const struct json_key data_keys[] = {
    {SPAN("delta"), 1, NULL, 0}, {SPAN("result"), 2, &deep, 5}, {SPAN("a"), 3, NULL, 0}};
static const struct json_shape in_data = {data_keys, 3};
static const struct json_key keys[] = {{SPAN("type"), 2, NULL, 0},
                                       {SPAN("data"), 1, &in_data, 10},
                                       {SPAN("a"), 3, &deep, 30},
                                       {SPAN(""), 4, NULL, 0}};
static const struct json_shape shape = {keys, 4};

/* The members of a shape in the value at an offset according to the grammar: the last one of equal
   keys. */
static void expect(struct span document, size_t at, size_t len, const struct json_shape *wanted,
                   unsigned slots, struct buf *found)
{
    struct model m = {.tokens.max = 1};
    bool is_object =
        len && model_read(&m, span_make(document.at + at, len)) && m.top.type == JSON_OBJECT;
    for (unsigned k = 0; k < wanted->count; k++) {
        const struct json_key *key = &wanted->keys[k];
        struct buf *slot = &found[slots + key->slot];
        const struct model_member *last = NULL;
        for (size_t i = 0; is_object && i < model_count(&m); i++)
            if (span_equal(model_name(&m, model_member(&m, i)), key->name))
                last = model_member(&m, i);
        if (last)
            model_put_value(slot, last->type, at + last->at, last->len, model_string(&m, last));
        else
            buf_puts(slot, "absent\n");
        if (key->inside)
            expect(document, last ? at + last->at : 0, last ? last->len : 0, key->inside,
                   slots + key->inside_at, found);
    }
    model_release(&m);
}

static void find(struct json_reader *reader, struct span document, bool utf8, bool good)
{
    static struct json_found found;
    static struct buf want[JSON_SLOTS];
    struct buf got = {0};
    int result = json_find(reader, document, &shape, &found);
    fuzz_require(good == (result == 0), "json_find returns %d, json_walk %d", result, good);
    if (!good)
        fuzz_require(found.seen == 0, "a member was found in invalid JSON");
    for (unsigned i = 0; i < JSON_SLOTS; i++) {
        buf_clear(&want[i]);
        fuzz_require(found.slot[i].type == JSON_NONE || (found.seen >> i & 1),
                     "slot %u was not seen", i);
        fuzz_require(good || found.slot[i].type == JSON_NONE, "slot %u is not empty", i);
    }
    if (!good || !utf8)
        return;
    struct span doc = found.slot[JSON_DOCUMENT].raw;
    expect(document, json_offset(reader, doc.at), doc.len, &shape, 0, want);
    for (unsigned i = JSON_DOCUMENT + 1; i < JSON_SLOTS; i++) {
        buf_clear(&got);
        put_value(&got, reader, &found.slot[i]);
        fuzz_same(buf_view(&got), want[i].len ? buf_view(&want[i]) : span_of("absent\n"), "a slot");
    }
    buf_release(&got);
}

/* Twice with one reader: the first walk must not affect the second. */
static void walk(struct json_reader *reader, struct span document)
{
    static struct walk first, second;
    struct json_value top;
    bool utf8 = fuzz_is_utf8(document);
    first.reader = second.reader = reader;
    buf_clear(&first.members);
    buf_clear(&second.members);
    int again = json_walk(reader, document, put_member, &first, &top);
    int result = json_walk(reader, document, put_member, &second, &top);
    fuzz_require(result == again, "the second walk returns %d, the first %d", result, again);
    fuzz_same(buf_view(&second.members), buf_view(&first.members), "the second walk");
    if (result != 0)
        fuzz_require(json_error_offset(reader) <= document.len && *json_error(reader),
                     "the error is at %zu", json_error_offset(reader));
    if (utf8)
        compare_with_grammar(reader, document, &second, &top, result == 0);
    compare_with_yajl(document, result == 0);
    find(reader, document, utf8, result == 0);
    double number = 0;
    int64_t whole = 0;
    json_walk(reader, document, put_member, &second, &top);
    if (result == 0 && json_to_int64(&top, &whole))
        fuzz_require(json_to_double(&top, &number), "an integer is not a number");
}

static bool has(struct span s, char c)
{
    return s.len && memchr(s.at, c, s.len);
}

static void write(struct span text)
{
    static struct buf out;
    static struct model model;
    buf_clear(&out);
    buf_byte(&out, '{');
    json_put_text(&out, "key", text);
    json_put_text_or_null(&out, "none", NULL);
    json_put_int(&out, "int", (int64_t)text.len);
    buf_byte(&out, '}');
    fuzz_require_json_line(buf_view(&out), "json_put_text");
    /* Valid text is read back unchanged. */
    model_clear(&model);
    buf_clear(&out);
    json_put_string(&out, text);
    fuzz_require(!has(buf_view(&out), '\x7f'), "DEL is not escaped");
    model_read(&model, buf_view(&out));
    if (fuzz_is_utf8(text))
        fuzz_same(model_string(&model, &model.top), text, "json_put_string");
    model_release(&model);
}

static void put_raw(struct span document)
{
    static struct buf line;
    static struct model before, after;
    model_clear(&before);
    if (has(document, '\r') || !fuzz_is_utf8(document) || !model_read(&before, document))
        return;
    buf_clear(&line);
    json_put_raw(&line, document);
    fuzz_require_json_line(buf_view(&line), "json_put_raw");
    model_clear(&after);
    model_read(&after, buf_view(&line));
    fuzz_same(buf_view(&after.tokens), buf_view(&before.tokens), "json_put_raw");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_reader *reader;
    if (!reader)
        reader = json_reader_new();
    struct span in = fuzz_input(data, size);
    walk(reader, in);
    write(in);
    put_raw(in);
    return 0;
}
