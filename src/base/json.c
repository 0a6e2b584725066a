/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/surrogate.h"
#include "base/xmalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>
#include <yajl/yajl_version.h>

/* One yajl handle serves every document: yajl_allow_multiple_values lets the next one follow, so
   that nothing is allocated for it. Two values in one document would pass unnoticed; `values`
   counts them. After an error, and after a document that stopped half way, the handle is of no
   further use and is replaced. */
struct json_reader {
    yajl_handle yajl;
    struct span doc;
    json_member_fn *on_member;
    void *arg;
    struct json_value *top;
    unsigned depth;
    unsigned values;
    /* For each open level that is reported: where its value began, and the key that it has. */
    size_t start[JSON_DEPTH + 1];
    bool in_object[JSON_DEPTH + 1];
    struct span path[JSON_DEPTH];
    struct span key_raw[JSON_DEPTH];
    /* Where the last token of a reported level ended: the next one begins after it. */
    size_t mark;
    struct buf keys;     /* decoded keys that had escapes */
    struct buf repaired; /* the document with its surrogates mended */
    struct buf scalar;   /* the decoded string of a document that is a string */
    struct buf error;
    size_t error_offset;
};

static inline size_t consumed(const struct json_reader *r)
{
    return yajl_get_bytes_consumed(r->yajl);
}

/* The first byte of the token after `from`: between two tokens stand white space and at most one
   of `:` and `,`. */
static size_t token_start(const struct json_reader *r, size_t from)
{
    for (; from < r->doc.len; from++) {
        char c = r->doc.at[from];
        if (c != ' ' && c != ',' && c != ':' && c != '\n' && c != '\t' && c != '\r')
            break;
    }
    return from;
}

/* The bytes of a token whose text yajl gives without its `quotes` (1 or 0 at either end). Nearly
   always that text lies in the document; what had escapes was decoded elsewhere. */
static struct span token(struct json_reader *r, const char *text, size_t len, size_t quotes)
{
    size_t at = (uintptr_t)text - (uintptr_t)r->doc.at;
    size_t start = at - quotes, end = at + len + quotes;
    if (at >= r->doc.len) {
        end = consumed(r);
        start = token_start(r, r->mark);
    }
    r->mark = end;
    return span_make(r->doc.at + start, end - start);
}

static void report(struct json_reader *r, struct json_value value)
{
    if (r->depth == 0) {
        *r->top = value;
    } else if (r->on_member) {
        struct json_member member = {r->depth, r->path, r->key_raw[r->depth - 1], value};
        r->on_member(r->arg, &member);
    }
}

/* Before any value: an element of an array has no key. A document has one value: a second one is
   not begun, and yajl stops. */
static inline bool begin_value(struct json_reader *r)
{
    if (r->depth == 0)
        return r->values++ == 0;
    if (!r->in_object[r->depth])
        r->path[r->depth - 1] = r->key_raw[r->depth - 1] = span_make(NULL, 0);
    return true;
}

/* true, false, null: yajl does not say where, but it is at their end. */
static int on_word(struct json_reader *r, enum json_type type, size_t len)
{
    if (r->depth > JSON_DEPTH)
        return 1;
    if (!begin_value(r))
        return 0;
    r->mark = consumed(r);
    struct json_value value = {.type = type, .raw = {r->doc.at + r->mark - len, len}};
    report(r, value);
    return 1;
}

static int on_null(void *arg)
{
    return on_word(arg, JSON_NULL, 4);
}

static int on_boolean(void *arg, int value)
{
    return value ? on_word(arg, JSON_TRUE, 4) : on_word(arg, JSON_FALSE, 5);
}

static int on_number(void *arg, const char *text, size_t len)
{
    struct json_reader *r = arg;
    if (r->depth > JSON_DEPTH)
        return 1;
    if (!begin_value(r))
        return 0;
    struct json_value value = {.type = JSON_NUMBER, .raw = token(r, text, len, 0)};
    report(r, value);
    return 1;
}

static int on_string(void *arg, const unsigned char *text, size_t len)
{
    struct json_reader *r = arg;
    if (r->depth > JSON_DEPTH)
        return 1;
    if (!begin_value(r))
        return 0;
    struct json_value value = {JSON_STRING, token(r, (const char *)text, len, 1),
                               span_make((const char *)text, len)};
    if (r->depth == 0) {
        buf_clear(&r->scalar);
        buf_span(&r->scalar, value.string);
        value.string = buf_view(&r->scalar);
    }
    report(r, value);
    return 1;
}

static int on_key(void *arg, const unsigned char *text, size_t len)
{
    struct json_reader *r = arg;
    if (r->depth > JSON_DEPTH)
        return 1;
    struct span raw = token(r, (const char *)text, len, 1);
    struct span key = span_make((const char *)text, len);
    if (raw.at + 1 != key.at) {
        /* It had escapes, and yajl's copy lives only until its next one. Room for every key of
           the document is made at once, so that earlier ones do not move. */
        buf_reserve(&r->keys, r->doc.len - r->keys.len);
        key.at = r->keys.data + r->keys.len;
        buf_append(&r->keys, text, len);
    }
    r->path[r->depth - 1] = key;
    r->key_raw[r->depth - 1] = raw;
    return 1;
}

static int open_container(struct json_reader *r, bool object)
{
    if (r->depth <= JSON_DEPTH) {
        if (!begin_value(r))
            return 0;
        r->mark = consumed(r);
        r->start[r->depth] = r->mark - 1;
        if (r->depth < JSON_DEPTH)
            r->in_object[r->depth + 1] = object;
    }
    r->depth++;
    return 1;
}

static int close_container(struct json_reader *r, enum json_type type)
{
    r->depth--;
    if (r->depth <= JSON_DEPTH) {
        r->mark = consumed(r);
        size_t start = r->start[r->depth];
        struct json_value value = {.type = type, .raw = {r->doc.at + start, r->mark - start}};
        report(r, value);
    }
    return 1;
}

static int on_start_map(void *arg)
{
    return open_container(arg, true);
}

static int on_end_map(void *arg)
{
    return close_container(arg, JSON_OBJECT);
}

static int on_start_array(void *arg)
{
    return open_container(arg, false);
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

/* yajl does not look at what its allocation functions answer. */
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

static void renew(struct json_reader *r)
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
    renew(r);
    return r;
}

void json_reader_free(struct json_reader *r)
{
    if (!r)
        return;
    yajl_free(r->yajl);
    buf_release(&r->keys);
    buf_release(&r->repaired);
    buf_release(&r->scalar);
    buf_release(&r->error);
    free(r);
}

/* `\ud83d` and `\ufffd` are of one length, so a corrected document is its own size. */
static struct span repair(struct json_reader *r, struct span document)
{
    size_t at = 0;
    if (!surrogate_find_unpaired(document, &at))
        return document;
    buf_clear(&r->repaired);
    buf_span(&r->repaired, document);
    document = buf_view(&r->repaired);
    do
        memcpy(r->repaired.data + at, "\\ufffd", 6);
    while (surrogate_find_unpaired(document, &at));
    return document;
}

/* Records what yajl says of the bytes it was given last and makes the reader fit for use again. */
static int fail_walk(struct json_reader *r, size_t offset, const char *why)
{
    r->error_offset = offset;
    buf_clear(&r->error);
    if (why) {
        buf_puts(&r->error, why);
    } else {
        unsigned char *said =
            yajl_get_error(r->yajl, 0, (const unsigned char *)r->doc.at, r->doc.len);
        struct span line = span_first_line(span_of((const char *)said));
        struct span noise = SPAN("parse error: ");
        if (span_starts(line, noise))
            line = span_make(line.at + noise.len, line.len - noise.len);
        noise = (struct span)SPAN("lexical error: ");
        if (span_starts(line, noise))
            line = span_make(line.at + noise.len, line.len - noise.len);
        if (line.len && line.at[line.len - 1] == '.')
            line.len--;
        buf_span(&r->error, line);
        yajl_free_error(r->yajl, said);
    }
    buf_text(&r->error);
    renew(r);
    return -1;
}

/* A number at the very end is complete only when something that is not a digit follows. */
static int end_number(struct json_reader *r)
{
    if (yajl_parse(r->yajl, (const unsigned char *)" ", 1) != yajl_status_ok)
        return -1;
    if (r->top->type == JSON_NUMBER) {
        size_t start = token_start(r, 0);
        r->top->raw = span_make(r->doc.at + start, r->doc.len - start);
        r->mark = r->doc.len;
    }
    return 0;
}

/* What yajl has not reported is either white space, or the start of a token that it keeps in the
   hope of more. */
static bool is_blank_from(const struct json_reader *r, size_t at)
{
    for (; at < r->doc.len; at++) {
        char c = r->doc.at[at];
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
            return false;
    }
    return true;
}

/* yajl takes the vertical tab and the form feed for white space, which RFC 8259 does not; inside a
   string it refuses them itself. */
static bool find_strange_space(struct span s, size_t *at)
{
    const char *found = s.len ? memchr(s.at, '\v', s.len) : NULL;
    if (!found && s.len)
        found = memchr(s.at, '\f', s.len);
    if (found)
        *at = (size_t)(found - s.at);
    return found != NULL;
}

int json_walk(struct json_reader *r, struct span document, json_member_fn *on_member, void *arg,
              struct json_value *top)
{
    r->doc = repair(r, document);
    r->on_member = on_member;
    r->arg = arg;
    r->top = top;
    r->depth = r->values = 0;
    r->mark = 0;
    buf_clear(&r->keys);
    *top = (struct json_value){.type = JSON_NONE};

    size_t strange;
    if (find_strange_space(r->doc, &strange))
        return fail_walk(r, strange, "invalid char in json text");
    const unsigned char *bytes = (const unsigned char *)r->doc.at;
    yajl_status status = yajl_parse(r->yajl, bytes, r->doc.len);
    if (status == yajl_status_error)
        return fail_walk(r, token_start(r, r->mark), NULL);
    if (r->doc.len == 0)
        return fail_walk(r, 0, "no JSON text at all");
    if ((r->values == 0 && end_number(r) != 0) || r->values == 0 || r->depth != 0)
        return fail_walk(r, r->doc.len, "unexpected end of the text");
    if (status != yajl_status_ok || !is_blank_from(r, r->mark))
        return fail_walk(r, token_start(r, r->mark), "more than one JSON text");
    return 0;
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

const char *json_version(void)
{
    static char name[32];
    int v = yajl_version();
    snprintf(name, sizeof name, "yajl/%d.%d.%d", v / 10000, v / 100 % 100, v % 100);
    return name;
}
