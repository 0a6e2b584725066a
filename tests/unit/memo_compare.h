/* SPDX-License-Identifier: MIT */
/* Compares a reader that knows forms of documents with a new one, which knows none and uses only
   yajl. */
#ifndef UNIT_MEMO_COMPARE_H
#define UNIT_MEMO_COMPARE_H

#include "core/buf.h"
#include "json/json.h"

/* Members at two levels, one of them of the same name, and an empty key. */
static const struct json_key memo_inner_keys[] = {{SPAN("a"), 1, NULL, 0}, {SPAN("c"), 2, NULL, 0}};
static const struct json_shape memo_inner = {memo_inner_keys, 2};
static const struct json_key memo_keys[] = {
    {SPAN("a"), 1, NULL, 0}, {SPAN("b"), 2, &memo_inner, 2}, {SPAN(""), 5, NULL, 0}};
static const struct json_shape memo_shape = {memo_keys, 3};

/* Appends the result of reading a document: the error, or all values found. */
static void memo_put(struct buf *out, struct json_reader *reader, struct span document)
{
    static struct json_found found;
    if (json_find(reader, document, &memo_shape, &found) != 0)
        buf_printf(out, "%s at %zu\n", json_error(reader), json_error_offset(reader));
    for (unsigned i = 0; i < JSON_SLOTS; i++) {
        const struct json_value *value = &found.slot[i];
        if (value->type == JSON_NONE)
            continue;
        buf_printf(out, "%u: type %d at %zu: ", i, (int)value->type,
                   json_offset(reader, value->raw.at));
        buf_span(out, value->raw);
        if (value->type == JSON_STRING) {
            buf_printf(out, " = %zu bytes ", value->string.len);
            buf_span(out, value->string);
        }
        buf_byte(out, '\n');
    }
}

/* The same with a new reader. */
static void memo_put_plain(struct buf *out, struct span document)
{
    struct json_reader *plain = json_reader_new();
    memo_put(out, plain, document);
    json_reader_free(plain);
}

#endif
