/* SPDX-License-Identifier: MIT */
/* The part of json/json.h that takes what is wanted from among yajl's tokens. */
#include "json/json_reader.h"
#include "json/json_text.h"

#include <stdlib.h>

/* Slow ways, out of line so that the ones that every token takes stay small. */
#define APART __attribute__((noinline))

/* Of a walk: every member, whatever its key. */
static const struct json_key any = {.slot = 1};
const struct json_shape json_every = {&any, 0};

/* With a pointer, as nothing may be added to none. */
static const struct json_shape nothing = {&any, 0};

static inline const char *here(const struct json_reader *r)
{
    return r->doc.at + yajl_get_bytes_consumed(r->yajl);
}

/* Decoded text that yajl will overwrite. All of one document together is not longer than that, so
   room is made once and what was kept before does not move. */
static struct span keep(struct json_reader *r, const unsigned char *text, size_t len)
{
    buf_reserve(&r->strings, r->doc.len - r->strings.len);
    size_t at = r->strings.len;
    buf_append(&r->strings, text, len);
    return span_make(r->strings.data + at, len);
}

/* Of an array every element is wanted, of an object what its key says. */
APART static int report(struct json_reader *r)
{
    struct json_member member = {r->key, r->found->slot[any.slot]};
    r->want = r->key.at ? NULL : &any;
    r->on_member(r->arg, &member);
    return 1;
}

/* A value that was wanted is complete. Answers what a callback of yajl answers to go on. */
static inline int complete(struct json_reader *r)
{
    r->want = NULL;
    return r->now->shape == &json_every ? report(r) : 1;
}

/* Where the value that is wanted goes. */
static inline struct json_value *place(struct json_reader *r)
{
    unsigned slot = r->now->slots + r->want->slot;
    r->found->seen |= UINT64_C(1) << slot;
    return &r->found->slot[slot];
}

static inline int take(struct json_reader *r, enum json_type type, const char *start, size_t len,
                       struct span string)
{
    *place(r) = (struct json_value){type, span_make(start, len), string};
    return complete(r);
}

static const struct span no_string;

/* true, false, null: yajl does not say where, but it is at their end. */
static int on_word(struct json_reader *r, enum json_type type, size_t len)
{
    return r->want ? take(r, type, here(r) - len, len, no_string) : 1;
}

static int on_null(void *arg)
{
    return on_word(arg, JSON_NULL, 4);
}

static int on_boolean(void *arg, int value)
{
    return value ? on_word(arg, JSON_TRUE, 4) : on_word(arg, JSON_FALSE, 5);
}

/* Text without escapes lies in the document, but for the first token, which yajl copies: then that
   is the document. */
static int on_number(void *arg, const char *text, size_t len)
{
    struct json_reader *r = arg;
    if (!r->want)
        return 1;
    if (r->depth == 0)
        text = span_trim(r->doc).at;
    return take(r, JSON_NUMBER, text, len, no_string);
}

APART static int take_decoded_string(struct json_reader *r, const unsigned char *text, size_t len)
{
    const char *end = here(r);
    const char *start = r->depth == 0 ? span_trim(r->doc).at : json_text_opening_quote(end - 1);
    return take(r, JSON_STRING, start, (size_t)(end - start), keep(r, text, len));
}

static int on_string(void *arg, const unsigned char *bytes, size_t len)
{
    struct json_reader *r = arg;
    const char *text = (const char *)bytes;
    if (!r->want)
        return 1;
    if (!span_holds(r->doc, text))
        return take_decoded_string(r, bytes, len);
    return take(r, JSON_STRING, text - 1, len + 2, span_make(text, len));
}

/* Drops what lies in the slots of a shape. */
static void forget(struct json_found *found, const struct json_shape *shape, unsigned slots)
{
    for (unsigned i = 0; i < shape->count; i++) {
        const struct json_key *key = &shape->keys[i];
        json_drop(&found->slot[slots + key->slot]);
        if (key->inside)
            forget(found, key->inside, slots + key->inside_at);
    }
}

APART static int want_any(struct json_reader *r, const char *text, size_t len)
{
    r->key = span_make(text, len);
    if (!span_holds(r->doc, text))
        r->key = keep(r, (const unsigned char *)text, len);
    r->want = &any;
    return 1;
}

/* The value of a key that has something inside: of two such ones the last one counts. */
APART static int want_inside(struct json_reader *r, const struct json_key *key)
{
    unsigned slots = r->now->slots;
    if (r->found->seen >> (slots + key->slot) & 1)
        forget(r->found, key->inside, slots + key->inside_at);
    return 1;
}

static inline int want(struct json_reader *r, const struct json_key *key)
{
    r->want = key;
    r->now->next = key + 1;
    return key->inside ? want_inside(r, key) : 1;
}

/* Looks at all keys of the shape, beginning with those that have not come yet. */
APART static int search(struct json_reader *r, const char *text, size_t len)
{
    struct json_level *now = r->now;
    const struct json_shape *shape = now->shape;
    if (shape == &json_every)
        return want_any(r, text, len);
    const struct json_key *key = now->next;
    for (unsigned tries = shape->count; tries; tries--, key++) {
        if (key == now->end)
            key = shape->keys;
        if (span_equal(key->name, span_make(text, len)))
            return want(r, key);
    }
    r->want = NULL;
    return 1;
}

/* Keys mostly come in the order of the shape. */
static int on_key(void *arg, const unsigned char *bytes, size_t len)
{
    struct json_reader *r = arg;
    const struct json_level *now = r->now;
    const char *text = (const char *)bytes;
    if (r->depth != now->depth)
        return 1;
    const struct json_key *key = now->next;
    if (key != now->end && key->name.len == len && len <= 16 &&
        span_equal_short(key->name, span_make(text, len)))
        return want(r, key);
    return search(r, text, len);
}

/* `first`: wanted of a walk before a key says so. */
static int open_container(struct json_reader *r, const struct json_key *first)
{
    r->depth++;
    if (!r->want)
        return 1;
    const char *start = here(r) - 1;
    const struct json_key *key = r->want;
    if (r->now == r->levels + JSON_LEVELS + 1)
        abort(); /* shapes deeper than they may be */
    const struct json_shape *inside = key->inside ? key->inside : &nothing;
    struct json_value *value = place(r);
    value->type = JSON_NONE;
    value->raw.at = start;
    value->string = no_string;
    struct json_level *level = r->now + 1;
    level->depth = r->depth;
    level->slots = r->now->slots + key->inside_at;
    level->next = inside->keys;
    level->end = inside->keys + inside->count;
    level->shape = inside;
    level->value = value;
    r->now = level;
    r->want = inside == &json_every ? first : NULL;
    return 1;
}

static int close_container(struct json_reader *r, enum json_type type)
{
    struct json_value *value = r->now->value;
    if (r->depth-- != r->now->depth)
        return 1;
    r->now--;
    value->type = type;
    value->raw.len = (size_t)(here(r) - value->raw.at);
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
    return open_container(arg, &any);
}

static int on_end_array(void *arg)
{
    return close_container(arg, JSON_ARRAY);
}

const yajl_callbacks json_callbacks = {
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
