/* SPDX-License-Identifier: MIT */
/* UTF-8 as the Encoding Standard decodes it: no surrogates, nothing overlong, nothing above
   U+10FFFF; an ill-formed sequence is replaced by one U+FFFD for each maximal subpart. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

/* The length of the longest valid prefix of `s`, in bytes. */
size_t utf8_valid_prefix(struct span s);

static inline bool utf8_valid(struct span s)
{
    return utf8_valid_prefix(s) == s.len;
}

/* What utf8_next gives instead of a code point for bytes that are not UTF-8. */
#define UTF8_ILL_FORMED UINT32_MAX

/* One character at the start of `s` (not empty): its length in bytes, the code point in *point.
   An ill-formed start gives UTF8_ILL_FORMED and the length of the maximal subpart. When `s` ends
   inside a sequence that is well-formed so far, the answer is 0. */
size_t utf8_next(struct span s, uint32_t *point);

/* Appends `s` to `out` with everything ill-formed replaced; a sequence that `s` cuts off at its
   end is replaced, too. */
void utf8_replace(struct buf *out, struct span s);

/* The longest prefix of at most `max` bytes that does not end inside a character. */
struct span utf8_cut(struct span text, size_t max);

/* Appends what fits into `max` bytes of `text`, in one line and with everything ill-formed
   replaced: a run of white space is one blank, at the ends there is none. */
void utf8_fold(struct buf *out, struct span text, size_t max);

/* Appends `s` as a C string can hold it: in the place of NUL stands U+FFFD. */
void utf8_put_without_nul(struct buf *out, struct span s);

/* Appends the encoding of a code point (a scalar value). */
void utf8_put(struct buf *out, uint32_t point);

#endif
