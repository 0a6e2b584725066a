/* SPDX-License-Identifier: MIT */
/* JSON (RFC 8259), read by yajl and kept as the bytes that came: a value is a span of the document,
   so that what is passed on is the server's own text, number by number and string by string. The
   only user of yajl. */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "core/buf.h"
#include "core/span.h"

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

/* A value in a document. All of it is borrowed until the reader that gave it reads again: from the
   document, or from the reader where the document had to be corrected or decoded. */
struct json_value {
    enum json_type type;
    struct span raw;    /* the value's own bytes */
    struct span string; /* JSON_STRING: decoded, valid UTF-8 where the document is, may hold NUL */
};

/* Reusable for any number of documents; reading allocates nothing once it is warm. */
struct json_reader;

struct json_reader *json_reader_new(void);
/* What was decoded is overwritten: it may be a secret. */
void json_reader_free(struct json_reader *r);

/* Documents that lie in `bytes` come next: what yajl does not see to is looked for in all of them
   at once. They are borrowed; before they change or go this is called anew, or nothing is read. */
void json_look_ahead(struct json_reader *r, struct span bytes);

/* Reading what is known beforehand. A shape says which members of an object are wanted, and which
   members of those; the rest is checked and passed over. */

struct json_shape;

struct json_key {
    struct span name;                /* decoded */
    unsigned slot;                   /* its value's place among what is found, not 0 */
    const struct json_shape *inside; /* wanted of its value, if that is an object; NULL: nothing */
    unsigned inside_at;              /* where the slots of `inside` begin */
};

struct json_shape {
    const struct json_key *keys; /* not NULL; quickest in the order of the documents */
    unsigned count;
};

/* At most so many shapes within shapes and slots in all, which is the duty of who writes them;
   JSON_DOCUMENT is the slot of the document itself. */
enum { JSON_DOCUMENT, JSON_LEVELS = 4, JSON_SLOTS = 64 };

/* What was found; one that is zeroed is empty. What is absent is JSON_NONE. */
struct json_found {
    struct json_value slot[JSON_SLOTS];
    uint64_t seen; /* bit N: slot N may hold something */
};

/* Checks that `document` is one JSON text in UTF-8 and puts what it holds of the shape in *found,
   in the place of what was there before. Of a key that is there twice the last one counts, and
   only what lies in that. An unpaired surrogate escape counts as \ufffd. Where the shape is NULL
   only the document itself is found.
   0, or -1 when it is not JSON: then nothing was found, and json_error() and json_error_offset()
   say why and where. */
int json_find(struct json_reader *r, struct span document, const struct json_shape *shape,
              struct json_found *found);

/* Reading what is not: each member in turn. */

struct json_member {
    struct span key; /* decoded; of an element of an array NULL and empty */
    struct json_value value;
};

/* Called as soon as the member is complete: the rest of the document may still turn out to be no
   JSON. What is to outlast the call has to be copied. */
typedef void json_member_fn(void *arg, const struct json_member *member);

/* As json_find, but reports all members of an object or elements of an array, of the document
   itself alone; on_member may walk their values with another reader. *top gets the document's own
   value. */
int json_walk(struct json_reader *r, struct span document, json_member_fn *on_member, void *arg,
              struct json_value *top);

/* The same for what is read once. -1 also when the document is of another type. */
int json_read_object(struct span document, json_member_fn *on_member, void *arg);
int json_read_array(struct span document, json_member_fn *on_member, void *arg);

/* The reason of the last failure, one line, owned by the reader; the offset in bytes of the token
   that cannot be, or of its end. */
const char *json_error(const struct json_reader *r);
size_t json_error_offset(const struct json_reader *r);

/* The key of a member, given the raw span of its value: with its quotation marks, where it stands.
 */
struct span json_key_before(struct span value);
/* Where in the document that was read last a span of it begins, in bytes. */
size_t json_offset(const struct json_reader *r, const char *at);

/* "yajl/2.1.0": the version at run time. */
const char *json_version(void);

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
