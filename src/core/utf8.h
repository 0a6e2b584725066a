/* SPDX-License-Identifier: MIT */
/* UTF-8 as in the Encoding Standard: surrogates, overlong forms and code points above U+10FFFF are
   ill-formed; each maximal subpart of an ill-formed sequence is replaced by one U+FFFD. */
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

/* The code point that utf8_next returns for ill-formed bytes. */
#define UTF8_ILL_FORMED UINT32_MAX

/* Decodes the first character of `s`, which is not empty. Returns its length in bytes and sets
   *point; for ill-formed bytes UTF8_ILL_FORMED and the length of the maximal subpart; 0 if `s` ends
   inside a sequence that is well-formed so far. */
size_t utf8_next(struct span s, uint32_t *point);

/* Removes the first character from *rest, which is not empty, and returns its bytes. Works as
   utf8_next, but an incomplete sequence at the end is ill-formed too. */
struct span utf8_take(struct span *rest, uint32_t *point);

/* Appends `s` to `out` with ill-formed sequences replaced, also one that is incomplete at the end.
 */
void utf8_replace(struct buf *out, struct span s);

/* Without a byte order mark (U+FEFF) at the start. */
struct span utf8_skip_mark(struct span text);

/* The longest prefix of at most `max` bytes that does not end inside a character. */
struct span utf8_cut(struct span text, size_t max);

/* The first `count` characters; bytes that are not UTF-8 count as one for each maximal subpart. */
struct span utf8_first(struct span text, size_t count);

/* Appends at most `max` bytes of `text` as one line: ill-formed sequences are replaced, each run of
   white space is one space, leading and trailing white space is removed. */
void utf8_fold(struct buf *out, struct span text, size_t max);

/* Appends `s` with each NUL replaced by U+FFFD, so that it can be a C string. */
void utf8_put_without_nul(struct buf *out, struct span s);

/* Appends the encoding of a code point (a scalar value). */
void utf8_put(struct buf *out, uint32_t point);

#endif
