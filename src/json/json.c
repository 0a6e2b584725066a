/* SPDX-License-Identifier: MIT */
#include "json/json.h"

#include "core/buf.h"
#include "core/xmalloc.h"
#include "json/memo.h"
#include "json/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>
#include <yajl/yajl_version.h>

/* An open container that is wanted, with its wanted members. */
struct json_level {
    unsigned depth; /* of its members */
    unsigned slots; /* added to the slots of `shape` */
    const struct json_shape *shape;
    struct json_value *value; /* its own; the raw span begins with the container */
};

/* One yajl handle reads all documents, so that nothing is allocated for each. It needs
   yajl_allow_multiple_values, so this file checks that only white space follows the first value.
   After an error, and after an incomplete document, the handle is replaced. */
struct json_reader {
    yajl_handle yajl;
    struct json_memo *memo;
    struct span doc;
    struct json_found *found;
    const struct json_key *want; /* the key of the next value if it is wanted, or NULL */
    struct json_key outermost;   /* the document's own key: no name, slot JSON_DOCUMENT */
    unsigned depth;              /* of the open container */
    struct json_level *level;
    struct json_level levels[JSON_LEVELS + 2]; /* the first is outside the document */
    json_member_fn *on_member;
    void *arg;
    struct span key;         /* of the member that a walk reports */
    struct json_found alone; /* of a walk, or of a string that is read alone */
    struct buf strings;      /* decoded text */
    struct buf repaired;     /* a copy of the document without unpaired surrogates */
    struct buf error;
    size_t error_offset;
};

/* The shape of a walk: every member. */
static const struct json_key any_key = {.slot = 1};
static const struct json_shape every_member = {&any_key, 0};

static const struct json_shape no_member = {&any_key, 0};

static const char *position_of(const struct json_reader *r)
{
    return r->doc.at + yajl_get_bytes_consumed(r->yajl);
}

/* Copies decoded text that yajl is going to overwrite. All text of a document is not longer than
   the document, so the copies made before stay where they are. */
static struct span keep_text(struct json_reader *r, const unsigned char *text, size_t len)
{
    buf_reserve(&r->strings, r->doc.len - r->strings.len);
    size_t at = r->strings.len;
    buf_append(&r->strings, text, len);
    return span_make(r->strings.data + at, len);
}

static void report_member(struct json_reader *r)
{
    struct json_member member = {r->key, r->found->slot[any_key.slot]};
    bool is_element = r->key.at == NULL;
    r->want = is_element ? &any_key : NULL;
    r->on_member(r->arg, &member);
}

/* The callbacks of yajl return 1 to continue. Called when a wanted value is complete. */
static int complete(struct json_reader *r)
{
    r->want = NULL;
    if (r->level->shape == &every_member)
        report_member(r);
    return 1;
}

/* The place of the wanted value. */
static struct json_value *claim_wanted_value(struct json_reader *r)
{
    unsigned slot = r->level->slots + r->want->slot;
    r->found->seen |= UINT64_C(1) << slot;
    return &r->found->slot[slot];
}

static int store_value(struct json_reader *r, enum json_type type, const char *start, size_t len,
                       struct span string)
{
    *claim_wanted_value(r) = (struct json_value){type, span_make(start, len), string};
    return complete(r);
}

static const struct span no_string;

/* true, false and null end at the position. */
static int store_literal(struct json_reader *r, enum json_type type, size_t len)
{
    return r->want ? store_value(r, type, position_of(r) - len, len, no_string) : 1;
}

static int on_null(void *arg)
{
    return store_literal(arg, JSON_NULL, 4);
}

static int on_boolean(void *arg, int value)
{
    return value ? store_literal(arg, JSON_TRUE, 4) : store_literal(arg, JSON_FALSE, 5);
}

/* yajl reports a pointer into the document, unless the text has escapes or is the document's first
   token: then it reports a copy. */
static int on_number(void *arg, const char *text, size_t len)
{
    struct json_reader *r = arg;
    if (!r->want)
        return 1;
    if (r->depth == 0)
        text = span_trim(r->doc).at;
    return store_value(r, JSON_NUMBER, text, len, no_string);
}

static int on_string(void *arg, const unsigned char *bytes, size_t len)
{
    struct json_reader *r = arg;
    const char *text = (const char *)bytes;
    if (!r->want)
        return 1;
    if (span_holds(r->doc, text))
        return store_value(r, JSON_STRING, text - 1, len + 2, span_make(text, len));
    const char *end = position_of(r);
    const char *start = r->depth == 0 ? span_trim(r->doc).at : json_text_opening_quote(end - 1);
    return store_value(r, JSON_STRING, start, (size_t)(end - start), keep_text(r, bytes, len));
}

/* Empties the slots of a shape. */
static void clear_slots(struct json_found *found, const struct json_shape *shape, unsigned slots)
{
    for (unsigned i = 0; i < shape->count; i++) {
        const struct json_key *key = &shape->keys[i];
        found->slot[slots + key->slot] = (struct json_value){.type = JSON_NONE};
        if (key->inside)
            clear_slots(found, key->inside, slots + key->inside_at);
    }
}

static const struct json_key *find_key(const struct json_shape *shape, struct span name)
{
    for (unsigned i = 0; i < shape->count; i++)
        if (span_equal(shape->keys[i].name, name))
            return &shape->keys[i];
    return NULL;
}

static int on_key(void *arg, const unsigned char *bytes, size_t len)
{
    struct json_reader *r = arg;
    const struct json_level *level = r->level;
    struct span name = span_make((const char *)bytes, len);
    if (r->depth != level->depth)
        return 1;
    if (level->shape == &every_member) {
        r->key = span_holds(r->doc, name.at) ? name : keep_text(r, bytes, len);
        r->want = &any_key;
        return 1;
    }
    r->want = find_key(level->shape, name);
    /* The last of equal keys counts: discard the members of an earlier one. */
    if (r->want && r->want->inside)
        clear_slots(r->found, r->want->inside, level->slots + r->want->inside_at);
    return 1;
}

/* `first`: the key of the first member in a walk. */
static int open_container(struct json_reader *r, const struct json_key *first)
{
    r->depth++;
    if (!r->want)
        return 1;
    if (r->level == r->levels + JSON_LEVELS + 1)
        abort(); /* more than JSON_LEVELS shapes inside each other */
    const struct json_key *key = r->want;
    struct json_value *value = claim_wanted_value(r);
    *value = (struct json_value){.type = JSON_NONE, .raw = {position_of(r) - 1, 0}};
    r->level[1] = (struct json_level){.depth = r->depth,
                                      .slots = r->level->slots + key->inside_at,
                                      .shape = key->inside ? key->inside : &no_member,
                                      .value = value};
    r->level++;
    r->want = r->level->shape == &every_member ? first : NULL;
    return 1;
}

static int close_container(struct json_reader *r, enum json_type type)
{
    struct json_value *value = r->level->value;
    if (r->depth-- != r->level->depth)
        return 1;
    r->level--;
    value->type = type;
    value->raw.len = (size_t)(position_of(r) - value->raw.at);
    return complete(r);
}

static int on_start_map(void *arg)
{
    return open_container(arg, NULL);
}

static int on_end_map(void *arg)
{
    return close_container(arg, JSON_OBJECT);
}

static int on_start_array(void *arg)
{
    return open_container(arg, &any_key);
}

static int on_end_array(void *arg)
{
    return close_container(arg, JSON_ARRAY);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end_map,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end_array,
};

/* yajl does not check the results of its allocation functions. */
static void *yajl_xmalloc(void *ctx, size_t size)
{
    (void)ctx;
    return xmalloc(size);
}

static void *yajl_xrealloc(void *ctx, void *old, size_t size)
{
    (void)ctx;
    return xrealloc(old, size);
}

static void yajl_xfree(void *ctx, void *memory)
{
    (void)ctx;
    free(memory);
}

static void replace_handle(struct json_reader *r)
{
    yajl_alloc_funcs memory = {yajl_xmalloc, yajl_xrealloc, yajl_xfree, NULL};
    if (r->yajl)
        yajl_free(r->yajl);
    r->yajl = yajl_alloc(&callbacks, &memory, r);
    yajl_config(r->yajl, yajl_allow_multiple_values, 1);
}

struct json_reader *json_reader_new(void)
{
    struct json_reader *r = xcalloc(1, sizeof *r);
    r->memo = json_memo_new();
    replace_handle(r);
    return r;
}

void json_reader_free(struct json_reader *r)
{
    if (!r)
        return;
    yajl_free(r->yajl);
    json_memo_free(r->memo);
    buf_wipe(&r->strings);
    buf_wipe(&r->repaired);
    buf_release(&r->error);
    free(r);
}

static void clear_found(struct json_found *found)
{
    for (uint64_t seen = found->seen; seen; seen &= seen - 1)
        found->slot[__builtin_ctzll(seen)] = (struct json_value){.type = JSON_NONE};
    found->seen = 0;
}

static const char *skip_prefix(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(text, prefix, len) == 0 ? text + len : text;
}

static void put_yajl_error(struct buf *out, struct json_reader *r)
{
    unsigned char *said = yajl_get_error(r->yajl, 0, (const unsigned char *)r->doc.at, r->doc.len);
    const char *text = skip_prefix((const char *)said, "parse error: ");
    text = skip_prefix(text, "lexical error: ");
    buf_append(out, text, strcspn(text, "\r\n"));
    if (out->len && out->data[out->len - 1] == '.')
        out->len--;
    yajl_free_error(r->yajl, said);
}

/* `why` is NULL if yajl has the reason. */
static int fail_read(struct json_reader *r, size_t offset, const char *why)
{
    r->error_offset = offset;
    buf_clear(&r->error);
    if (why)
        buf_puts(&r->error, why);
    else
        put_yajl_error(&r->error, r);
    buf_text(&r->error);
    clear_found(r->found);
    replace_handle(r);
    return -1;
}

/* yajl accepts the vertical tab and the form feed as white space, unlike RFC 8259, section 2. It
   refuses them in strings. */
static const char *find_invalid_space(struct span s)
{
    const char *found = memchr(s.at, '\v', s.len);
    return found ? found : memchr(s.at, '\f', s.len);
}

static void begin_document(struct json_reader *r, const struct json_shape *shape,
                           struct json_found *found)
{
    r->outermost.inside = shape;
    r->found = found;
    r->want = &r->outermost;
    r->depth = 0;
    r->level = r->levels;
}

static int read_document(struct json_reader *r, struct span document,
                         const struct json_shape *shape, struct json_found *found)
{
    const struct json_value *top = &found->slot[JSON_DOCUMENT];
    r->doc = document;
    begin_document(r, shape, found);
    buf_clear(&r->strings);
    clear_found(found);
    if (document.len == 0)
        return fail_read(r, 0, "empty document");
    const char *invalid = find_invalid_space(document);
    if (invalid)
        return fail_read(r, json_offset(r, invalid), "invalid char in json text");
    r->doc = json_text_repair(document, &r->repaired);
    if (yajl_parse(r->yajl, (const unsigned char *)r->doc.at, r->doc.len) != yajl_status_ok)
        return fail_read(r, json_text_token_before(r->doc, yajl_get_bytes_consumed(r->yajl)), NULL);
    /* yajl reports a number only once a character follows it. It must not report one inside an
       unclosed container, which would not lie in the document. */
    if (top->type == JSON_NONE && r->depth == 0)
        yajl_parse(r->yajl, (const unsigned char *)" ", 1);
    if (top->type == JSON_NONE)
        return fail_read(r, r->doc.len, "unexpected end of text");
    const char *end = top->raw.at + top->raw.len;
    struct span rest = span_trim(span_make(end, r->doc.len - json_offset(r, end)));
    if (rest.len)
        return fail_read(r, json_offset(r, rest.at), "unexpected text after the JSON value");
    return 0;
}

/* Reads one string of r->doc as a separate document. */
static int read_string_alone(struct json_reader *r, struct span raw)
{
    begin_document(r, NULL, &r->alone);
    if (!json_text_has_unpaired(raw) &&
        yajl_parse(r->yajl, (const unsigned char *)raw.at, raw.len) == yajl_status_ok)
        return 0;
    replace_handle(r);
    return -1;
}

/* Checks and decodes the strings with escapes, which the memo does not. */
static int read_escaped(struct json_reader *r, const struct json_memo_escaped *escaped,
                        struct json_found *found)
{
    for (unsigned i = 0; i < escaped->count; i++) {
        struct span raw = escaped->raw[i];
        if (read_string_alone(r, raw) != 0)
            return -1;
        for (uint64_t seen = found->seen; seen; seen &= seen - 1) {
            struct json_value *value = &found->slot[__builtin_ctzll(seen)];
            if (value->type == JSON_STRING && value->raw.at == raw.at)
                value->string = r->alone.slot[JSON_DOCUMENT].string;
        }
    }
    return 0;
}

/* Reads a document of a form that is known. */
static int read_known(struct json_reader *r, struct span document, const struct json_shape *shape,
                      struct json_found *found)
{
    struct json_memo_escaped escaped;
    if (!json_memo_find(r->memo, document, shape, found, &escaped))
        return -1;
    r->doc = document;
    buf_clear(&r->strings);
    return read_escaped(r, &escaped, found);
}

int json_find(struct json_reader *r, struct span document, const struct json_shape *shape,
              struct json_found *found)
{
    if (read_known(r, document, shape, found) == 0)
        return 0;
    if (read_document(r, document, shape, found) != 0)
        return -1;
    json_memo_add(r->memo, r->doc, shape, found);
    return 0;
}

int json_walk(struct json_reader *r, struct span document, json_member_fn *on_member, void *arg,
              struct json_value *top)
{
    r->on_member = on_member;
    r->arg = arg;
    r->key = span_make(NULL, 0);
    int result = read_document(r, document, &every_member, &r->alone);
    *top = r->alone.slot[JSON_DOCUMENT];
    return result;
}

static int read_once(struct span document, enum json_type type, json_member_fn *on_member,
                     void *arg)
{
    struct json_reader *r = json_reader_new();
    struct json_value top;
    int result = json_walk(r, document, on_member, arg, &top);
    json_reader_free(r);
    return result == 0 && top.type == type ? 0 : -1;
}

int json_read_object(struct span document, json_member_fn *on_member, void *arg)
{
    return read_once(document, JSON_OBJECT, on_member, arg);
}

int json_read_array(struct span document, json_member_fn *on_member, void *arg)
{
    return read_once(document, JSON_ARRAY, on_member, arg);
}

const char *json_error(const struct json_reader *r)
{
    return r->error.len ? r->error.data : "not JSON";
}

size_t json_error_offset(const struct json_reader *r)
{
    return r->error_offset;
}

size_t json_offset(const struct json_reader *r, const char *at)
{
    return (size_t)(at - r->doc.at);
}

struct span json_key_before(struct span value)
{
    const char *closing = value.at - 1;
    while (*closing != '"')
        closing--;
    const char *at = json_text_opening_quote(closing);
    return span_make(at, (size_t)(closing + 1 - at));
}

const char *json_version(void)
{
    static char name[32];
    int v = yajl_version();
    snprintf(name, sizeof name, "yajl/%d.%d.%d", v / 10000, v / 100 % 100, v % 100);
    return name;
}

bool json_to_double(const struct json_value *v, double *out)
{
    char text[64];
    if (v->type != JSON_NUMBER || v->raw.len >= sizeof text)
        return false;
    memcpy(text, v->raw.at, v->raw.len);
    text[v->raw.len] = '\0';
    double value = strtod(text, NULL);
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

bool json_to_int64(const struct json_value *v, int64_t *out)
{
    double value;
    if (!json_to_double(v, &value) || fabs(value) > 9007199254740992.0)
        return false;
    *out = (int64_t)value;
    return true;
}
