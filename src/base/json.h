/* SPDX-License-Identifier: MIT */
/* JSON (RFC 8259), read by yajl and kept as the bytes that came: a walk checks a whole document
   and reports the members of its upper levels as spans of it, so that what is passed on is the
   server's own text, number by number and string by string. The only user of yajl. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum json_type {
    JSON_NONE, /* absent */
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_OBJECT,
    JSON_ARRAY
};

/* How many levels of members a walk reports. */
enum { JSON_DEPTH = 3 };

/* A value in a document. All of it is borrowed from the reader or the document. */
struct json_value {
    enum json_type type;
    struct span raw;    /* the value's own bytes */
    struct span string; /* JSON_STRING: decoded, valid UTF-8, may hold NUL */
};

struct json_member {
    unsigned depth;          /* 1: of the document itself, 2: of a value in it, … JSON_DEPTH */
    const struct span *path; /* path[0 .. depth - 1], decoded; the last is the member's own key;
                                elements of an array have an empty key with a NULL pointer */
    struct span key_raw;     /* the key with its quotation marks, where it stands */
    struct json_value value;
};

/* Called for each member when its value is complete, so inner ones come first. What the member
   points to is valid until the next walk of the same reader, but for `value.string` and keys
   with an escape in them: until the call returns. */
typedef void json_member_fn(void *arg, const struct json_member *member);

/* Reusable for any number of documents; a walk allocates nothing once it is warm. */
struct json_reader;

struct json_reader *json_reader_new(void);
void json_reader_free(struct json_reader *r);

/* Checks that `document` is one JSON text in UTF-8 and reports its members. An unpaired surrogate
   escape counts as \ufffd: the spans then point to a corrected copy that the reader keeps until
   the next walk. `top` gets the document's own value, its spans as long-lived as those of a
   member (`string` until the next walk). `on_member` may be NULL.
   0, or -1 when it is not JSON: json_error() and json_error_offset() say why and where. */
int json_walk(struct json_reader *r, struct span document, json_member_fn *on_member, void *arg,
              struct json_value *top);

/* The reason of the last failed walk, one line, owned by the reader; the offset in bytes of the
   token that cannot be, as far as the reported levels tell. */
const char *json_error(const struct json_reader *r);
size_t json_error_offset(const struct json_reader *r);

/* Where in the document of the last walk a span of it begins, in bytes. */
size_t json_offset(const struct json_reader *r, const char *at);

/* "yajl/2.1.0": the version at run time. */
const char *json_version(void);

/* One-off helpers, for what is read once. */

/* A document of which only members of the top level matter: calls on_member for these alone. */
int json_read_object(struct span document, json_member_fn *on_member, void *arg);

/* Values to C. Each answers false and leaves the target alone when the type is another or the
   number does not fit. */
bool json_to_int64(const struct json_value *v, int64_t *out);
bool json_to_double(const struct json_value *v, double *out);

/* Writing. */

/* Appends `text` as a JSON string with its quotation marks. Escapes what RFC 8259 demands and DEL;
   what is not UTF-8 becomes U+FFFD. */
void json_put_string(struct buf *out, struct span text);
/* Appends `"key":`, with a comma before it unless the object was just opened. */
void json_put_key(struct buf *out, const char *key);
/* Appends a value's bytes; a line break between its tokens becomes a space. */
void json_put_raw(struct buf *out, struct span raw);
/* Convenience: `"key":value`, as json_put_key. */
void json_put_text(struct buf *out, const char *key, struct span text);
/* The same for a terminated string; NULL is null. */
void json_put_text_or_null(struct buf *out, const char *key, const char *text);
void json_put_int(struct buf *out, const char *key, int64_t value);

#endif
