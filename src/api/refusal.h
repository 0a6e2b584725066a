/* SPDX-License-Identifier: MIT */
/* The explanation in the body of an error response. */
#ifndef API_REFUSAL_H
#define API_REFUSAL_H

#include "core/buf.h"
#include "core/span.h"

/* Appends to `words` what a body says in one sentence; nothing when it says nothing. `code` gets
   the machine-readable code of an object's `error`. Understands FastAPI's `detail` as a string, an
   object with `error` and `message`, and a list of validation errors with `loc` and `msg` or of
   strings; where it is none of these, its JSON, of 500 bytes at most. HTML by its title; plain text
   by its first line. `sent` is the JSON of the request, or empty: no string that was sent is shown,
   and no JSON with such a string, with a member named as one that was sent, `input` or `ctx`. */
void refusal_read(struct span body, struct span sent, struct buf *words, struct buf *code);

/* What the server's code means, or its words where it gave no code: a used-up quota (69, never
   retried) or a rate limit (75). */
enum refusal_class { REFUSAL_OTHER, REFUSAL_QUOTA, REFUSAL_RATE_LIMIT };

enum refusal_class refusal_classify(struct span code, struct span words);

#endif
