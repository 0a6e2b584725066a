/* SPDX-License-Identifier: MIT */
/* A JSON parser that follows the grammar of RFC 8259 literally: slow, and independent of the one
   under test. */
#ifndef MODEL_H
#define MODEL_H

#include "core/buf.h"
#include "core/span.h"
#include "json/json.h"

#include <stdbool.h>

/* A member or an element of the document. Offsets are relative to its start, those of decoded text
   to that of model.text. */
struct model_member {
    bool keyed;
    size_t key_at, key_len; /* in the document, with quotation marks */
    size_t name, name_len;  /* decoded */
    enum json_type type;
    size_t at, len;
    size_t string, string_len; /* JSON_STRING: decoded */
};

/* The contents of a document. Zeroed before the first use; can be reused after model_clear(). */
struct model {
    struct buf members; /* of struct model_member, in order; only those of the outermost value */
    struct buf text;
    struct buf tokens; /* all tokens; strings are decoded, so that equal strings in different
                          notations are equal */
    struct model_member top;
};

/* Whether the document is one JSON text. It must be UTF-8. An unpaired surrogate escape is read as
   U+FFFD. */
bool model_read(struct model *m, struct span document);
void model_clear(struct model *m);
void model_release(struct model *m);

size_t model_count(const struct model *m);
const struct model_member *model_member(const struct model *m, size_t i);
struct span model_name(const struct model *m, const struct model_member *member);
struct span model_string(const struct model *m, const struct model_member *member);

/* Appends a value in a form that can be compared. */
void model_put(struct buf *out, const struct model *m, const struct model_member *member);
/* Does the same for a value of json_walk(). */
void model_put_value(struct buf *out, enum json_type type, size_t at, size_t len,
                     struct span string);

#endif
