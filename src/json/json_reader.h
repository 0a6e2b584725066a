/* SPDX-License-Identifier: MIT */
/* What the files that implement json/json.h share: the reader, between the document that it was
   given and the tokens that yajl finds in it. */
#ifndef JSON_JSON_READER_H
#define JSON_JSON_READER_H

#include "json/json.h"

#include <yajl/yajl_parse.h>

/* An open container that is wanted itself, and what is wanted in it. */
struct json_level {
    unsigned depth;                 /* of its members */
    unsigned slots;                 /* where theirs begin */
    const struct json_key *next;    /* of its keys: the one after the last that came */
    const struct json_key *end;     /* behind the last one */
    const struct json_shape *shape; /* all of them, or &json_every */
    struct json_value *value;       /* its own; its bytes begin where the container does */
};

/* One yajl handle serves every document: yajl_allow_multiple_values lets the next one follow, so
   that nothing is allocated for it. Two values in one document pass yajl unnoticed, but what
   follows the first is not blank then. After an error, and after a document that stopped half
   way, the handle is of no further use and is replaced. */
struct json_reader {
    yajl_handle yajl;
    struct span plain; /* bytes ahead without backslash, VT and FF */
    struct span doc;
    struct json_found *found;
    const struct json_key *want; /* what the value that comes next is to be kept as, or NULL */
    struct json_key outermost;   /* the document's own: in slot JSON_DOCUMENT, without a name */
    unsigned depth;              /* of the container that is open */
    struct json_level *now;
    struct json_level levels[JSON_LEVELS + 2]; /* the first is outside the document */
    json_member_fn *on_member;
    void *arg;
    struct span key;          /* of a walk's member */
    struct json_found walked; /* what a walk has found last */
    struct buf strings;       /* decoded text that had escapes */
    struct buf repaired;      /* the document with its surrogates mended */
    struct buf error;
    size_t error_offset;
};

/* Wanted of a walk: every member, whatever its key. */
extern const struct json_shape json_every;
/* The reader's part of what yajl reports, the reader being the context. */
extern const yajl_callbacks json_callbacks;

/* Makes a slot JSON_NONE. */
static inline void json_drop(struct json_value *value)
{
    value->type = JSON_NONE;
    value->raw.len = 0;
}

#endif
