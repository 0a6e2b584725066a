/* SPDX-License-Identifier: MIT */
/* The explanation in the body of an error response. */
#ifndef API_REFUSAL_H
#define API_REFUSAL_H

#include "core/buf.h"
#include "core/span.h"

/* The most that is kept of a string: an error event may be far larger than a refusal. */
enum { REFUSAL_MAX = 1 << 20 /* bytes */ };

/* Appends the explanation in a body to `words`; nothing if there is none. `code` is set to the
   machine-readable code: the member `code` or `error_type` of an object, else `error`. Recognizes
   FastAPI's `detail` as a string, as an object with `error` and `message`, and as a list of strings
   or of validation errors with `loc` and `msg`; any other JSON is quoted, at most 500 bytes. Of
   HTML the title is used, of plain text the first line. `sent` is the JSON of the request, or
   empty: strings of the request are not repeated, nor is JSON that contains such a string, a member
   of the same name as one in the request, `input` or `ctx`. The value of its member `password` is
   masked within other text, too: everywhere if it has at least 6 bytes, else where it is a word. */
void refusal_read(struct span body, struct span sent, struct buf *words, struct buf *code);

/* Classifies a refusal by the server's code, or by its words if there is no code: an exhausted
   quota (69, never retried) or a rate limit (75). */
enum refusal_class { REFUSAL_OTHER, REFUSAL_QUOTA, REFUSAL_RATE_LIMIT };

enum refusal_class refusal_classify(struct span code, struct span words);

#endif
