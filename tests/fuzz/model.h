/* SPDX-License-Identifier: MIT */
/* JSON by the letter of RFC 8259, slow and in nothing like what it judges. */
#ifndef MODEL_H
#define MODEL_H

#include "core/buf.h"
#include "core/span.h"
#include "json/json.h"

#include <stdbool.h>

/* A member of the document, or an element of it. Offsets are from its start, those of text in
   model.text. */
struct model_member {
    bool keyed;
    size_t key_at, key_len; /* with quotation marks, where it stands */
    size_t name, name_len;  /* decoded */
    enum json_type type;
    size_t at, len;
    size_t string, string_len; /* JSON_STRING: decoded */
};

/* What a document says. Zeroed before the first use, of use again after model_clear(). */
struct model {
    struct buf members; /* of struct model_member, in order; of the document itself alone */
    struct buf text;
    struct buf
        tokens; /* all of them; strings decoded, so that two spellings of one text are equal */
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

/* Appends a value as text that can be compared. */
void model_put(struct buf *out, const struct model *m, const struct model_member *member);
/* The same of one that json_walk gave. */
void model_put_value(struct buf *out, enum json_type type, size_t at, size_t len,
                     struct span string);

#endif
