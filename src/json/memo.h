/* SPDX-License-Identifier: MIT */
/* A cache of document forms, the fast path of json_find. A server sends thousands of documents that
   differ in nothing but their string and number values. A form is a document that yajl accepted
   without those values: the text between them, and where the wanted members lie. A document that
   matches a form is valid JSON by the same grammar and has its members in the same places.

   A match requires the text between the values to be the same byte by byte, strings without control
   characters, in valid UTF-8, and numbers as in RFC 8259, section 6. A string with escapes is left
   to the caller. */
#ifndef JSON_MEMO_H
#define JSON_MEMO_H

#include "json/json.h"

/* The string values with escapes in a document that matched. */
enum { JSON_MEMO_ESCAPED = 4 };

struct json_memo_escaped {
    unsigned count;
    struct span raw[JSON_MEMO_ESCAPED]; /* with quotation marks; what is in between ends before an
                                           unescaped quotation mark */
};

struct json_memo;

struct json_memo *json_memo_new(void);
void json_memo_free(struct json_memo *m);

/* True if the document has a known form for this shape: *found is as json_find would fill it, but
   for the text of the strings with escapes, and provided that these are valid. False leaves *found
   as it is. */
bool json_memo_find(struct json_memo *m, struct span document, const struct json_shape *shape,
                    struct json_found *found, struct json_memo_escaped *escaped);

/* Adds the form of a document that yajl accepted, given what was found in it. Forms that matched
   since they were added are kept longest. A document with many values, or much text between them,
   is ignored. Values are not kept. */
void json_memo_add(struct json_memo *m, struct span document, const struct json_shape *shape,
                   const struct json_found *found);

#endif
