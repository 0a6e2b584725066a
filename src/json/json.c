/* SPDX-License-Identifier: MIT */
#include "core/xmalloc.h"
#include "json/json_reader.h"
#include "json/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_version.h>

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
    r->yajl = yajl_alloc(&json_callbacks, &memory, r);
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
    buf_wipe(&r->strings);
    buf_wipe(&r->repaired);
    buf_release(&r->error);
    free(r);
}

static void empty(struct json_found *found)
{
    for (uint64_t seen = found->seen; seen; seen &= seen - 1)
        json_drop(&found->slot[__builtin_ctzll(seen)]);
    found->seen = 0;
}

/* Records what yajl says of the bytes it was given last and makes the reader fit for use again. */
static int fail_read(struct json_reader *r, size_t offset, const char *why)
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
    empty(r->found);
    renew(r);
    return -1;
}

/* yajl takes the vertical tab and the form feed for white space, which RFC 8259, section 2, does
   not; inside a string it refuses them itself. */
static const char *strange_space(struct span s)
{
    const char *found = memchr(s.at, '\v', s.len);
    return found ? found : memchr(s.at, '\f', s.len);
}

void json_look_ahead(struct json_reader *r, struct span bytes)
{
    r->plain = bytes;
    for (const char *sign = "\\\v\f"; *sign && r->plain.len; sign++) {
        const char *found = memchr(r->plain.at, *sign, r->plain.len);
        if (found)
            r->plain.len = (size_t)(found - r->plain.at);
    }
}

static inline bool is_plain(const struct json_reader *r, struct span s)
{
    return span_holds(r->plain, s.at) && s.len <= r->plain.len - (size_t)(s.at - r->plain.at);
}

/* What yajl does not see to: -1 when the document cannot be, and a mended one in r->doc where it
   needs to be mended. */
static int prepare(struct json_reader *r, struct span document)
{
    const char *strange = strange_space(document);
    if (strange)
        return fail_read(r, json_offset(r, strange), "invalid char in json text");
    if (memchr(document.at, '\\', document.len))
        r->doc = json_text_mend(document, &r->repaired);
    return 0;
}

/* Reads one document into *found, itself as r->outermost. */
static int read_document(struct json_reader *r, struct span document, struct json_found *found)
{
    r->doc = document;
    r->found = found;
    r->want = &r->outermost;
    r->depth = 0;
    r->now = r->levels;
    buf_clear(&r->strings);
    empty(found);

    const struct json_value *top = &found->slot[JSON_DOCUMENT];
    if (document.len == 0)
        return fail_read(r, 0, "no JSON text at all");
    if (!is_plain(r, document) && prepare(r, document) != 0)
        return -1;
    if (yajl_parse(r->yajl, (const unsigned char *)r->doc.at, r->doc.len) != yajl_status_ok)
        return fail_read(r, json_text_token_before(r->doc, yajl_get_bytes_consumed(r->yajl)), NULL);
    /* A number at the very end is complete only when something that is not a digit follows. Inside
       of what is not closed nobody must hear of it: yajl's copy is no part of the document. */
    if (top->type == JSON_NONE && r->depth == 0)
        yajl_parse(r->yajl, (const unsigned char *)" ", 1);
    if (top->type == JSON_NONE)
        return fail_read(r, r->doc.len, "unexpected end of the text");
    const char *end = top->raw.at + top->raw.len;
    struct span rest = span_trim(span_make(end, r->doc.len - json_offset(r, end)));
    if (rest.len)
        return fail_read(r, json_offset(r, rest.at), "more than one JSON text");
    return 0;
}

int json_find(struct json_reader *r, struct span document, const struct json_shape *shape,
              struct json_found *found)
{
    r->outermost.inside = shape;
    return read_document(r, document, found);
}

int json_walk(struct json_reader *r, struct span document, json_member_fn *on_member, void *arg,
              struct json_value *top)
{
    r->on_member = on_member;
    r->arg = arg;
    r->key = span_make(NULL, 0);
    r->outermost.inside = &json_every;
    int result = read_document(r, document, &r->walked);
    *top = r->walked.slot[JSON_DOCUMENT];
    return result;
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
