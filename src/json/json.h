/* SPDX-License-Identifier: MIT */
/* Reading JSON (RFC 8259) with yajl. A value is a span of the document, so that it can be passed on
   as the server wrote it, digit by digit and escape by escape. src/json/ is the only user of
   yajl. */
#ifndef JSON_JSON_H
#define JSON_JSON_H

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

/* A value in a document. Borrowed until its reader reads again: from the document, or from the
   reader if the document was repaired or a string decoded. */
struct json_value {
    enum json_type type;
    struct span raw;    /* the value's own bytes */
    struct span string; /* JSON_STRING: decoded, valid UTF-8 if the document is, may hold NUL */
};

/* Reads any number of documents. Allocates nothing for a document that is not longer than those
   before it. */
struct json_reader;

struct json_reader *json_reader_new(void);
/* Overwrites decoded text first: it may be a secret. */
void json_reader_free(struct json_reader *r);

/* A shape selects members of an object, and members of their values. All other members are checked
   and skipped. */

struct json_shape;

struct json_key {
    struct span name;                /* decoded */
    unsigned slot;                   /* index of its value in json_found, not 0 */
    const struct json_shape *inside; /* members wanted in its value if that is an object, or NULL */
    unsigned inside_at;              /* added to the slots of `inside` */
};

struct json_shape {
    const struct json_key *keys;
    unsigned count;
};

/* JSON_DOCUMENT is the slot of the document itself. A shape may use slots below JSON_SLOTS and nest
   at most JSON_LEVELS deep. */
enum { JSON_DOCUMENT, JSON_LEVELS = 4, JSON_SLOTS = 64 };

/* Zeroed is empty; an absent value is JSON_NONE. */
struct json_found {
    struct json_value slot[JSON_SLOTS];
    uint64_t seen; /* bit N: slot N may be in use */
};

/* Checks that `document` is one JSON text and stores the values that the shape selects in *found,
   replacing what was there. Of equal keys the last one counts, with only the members of its own
   value. An unpaired surrogate escape is read as \ufffd. With a shape of NULL only the document
   itself is stored. 0, or -1 if it is not JSON: then *found is empty, and json_error() and
   json_error_offset() give the reason and the place. */
int json_find(struct json_reader *r, struct span document, const struct json_shape *shape,
              struct json_found *found);

/* The string in a slot; NULL and empty if it holds no string. */
static inline struct span json_found_string(const struct json_found *found, unsigned slot)
{
    const struct json_value *v = &found->slot[slot];
    return v->type == JSON_STRING ? v->string : span_make(NULL, 0);
}

/* Reading all members. */

struct json_member {
    struct span key; /* decoded; NULL and empty for an element of an array */
    struct json_value value;
};

/* Called when the member is complete: the rest of the document may still be invalid. The member is
   borrowed until the callback returns. */
typedef void json_member_fn(void *arg, const struct json_member *member);

/* As json_find, but reports each member of the document's object or each element of its array, not
   those nested deeper; on_member may read the value with another reader. *top is set to the
   document's own value. */
int json_walk(struct json_reader *r, struct span document, json_member_fn *on_member, void *arg,
              struct json_value *top);

/* json_walk with a temporary reader. -1 also if the document is of another type. */
int json_read_object(struct span document, json_member_fn *on_member, void *arg);
int json_read_array(struct span document, json_member_fn *on_member, void *arg);

/* The reason of the last failure, one line, owned by the reader; and the offset in bytes of the
   invalid token, or of its end. */
const char *json_error(const struct json_reader *r);
size_t json_error_offset(const struct json_reader *r);

/* The key of a member, given its value's raw span: with quotation marks, as it is in the document.
 */
struct span json_key_before(struct span value);
/* The offset in bytes of a span of the document that was read last. */
size_t json_offset(const struct json_reader *r, const char *at);

/* "yajl/2.1.0": the version at run time. */
const char *json_version(void);

/* Conversions. False, and *out unchanged, if the value is of another type or the number is out of
   range. */
bool json_to_int64(const struct json_value *v, int64_t *out);
bool json_to_double(const struct json_value *v, double *out);

#endif
