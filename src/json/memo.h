/* SPDX-License-Identifier: MIT */
/* A cache of document forms, the fast path of json_find. A server sends thousands of documents that
   differ only in their string and number values. A form is what remains of a document that yajl
   accepted: the text between those values, and the positions of the wanted members. A document that
   matches a form is valid JSON and has the same members in the same places. A match requires the
   text between the values to be the same byte by byte, strings without control characters, in valid
   UTF-8, and numbers as in RFC 8259, section 6. Strings with escapes must be checked and decoded by
   the caller. */
#ifndef JSON_MEMO_H
#define JSON_MEMO_H

#include "json/json.h"

/* The string values with escapes in a document that matched. */
enum { JSON_MEMO_ESCAPED = 4 };

struct json_memo_escaped {
    unsigned count;
    struct span raw[JSON_MEMO_ESCAPED]; /* with quotation marks; the text between them has no
                                           unescaped quotation mark */
};

struct json_memo;

struct json_memo *json_memo_new(void);
void json_memo_free(struct json_memo *m);

/* True if the document has a known form for this shape: *found is then filled as by json_find,
   except for the text of strings with escapes, which may still be invalid. False leaves *found
   unchanged. */
bool json_memo_find(struct json_memo *m, struct span document, const struct json_shape *shape,
                    struct json_found *found, struct json_memo_escaped *escaped);

/* Adds the form of a document that yajl accepted, given what was found in it. Forms that have not
   matched since they were added are replaced first. A document with many values, or much text
   between them, is ignored. Values are not kept. */
void json_memo_add(struct json_memo *m, struct span document, const struct json_shape *shape,
                   const struct json_found *found);

#endif
