/* SPDX-License-Identifier: MIT */
/* Shared by the fuzz targets. A target is a function that passes arbitrary bytes to the program's
   code and checks invariants with fuzz_require(). */
#ifndef FUZZ_H
#define FUZZ_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether an address sanitizer reports before the process ends. */
#if defined __SANITIZE_ADDRESS__
#define FUZZ_SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define FUZZ_SANITIZED 1
#endif
#endif
#ifdef FUZZ_SANITIZED
#include <sanitizer/common_interface_defs.h>
#endif

/* Always 0. Leaks nothing and depends on nothing but the bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The file of words that help to find something new, and where inputs to begin with are: patterns
   below the sources, separated by blanks. replay.c and tests/fuzz/run read them. */
#define FUZZ_TARGET(dictionary, seeds) const char fuzz_seeds[] = seeds
extern const char fuzz_seeds[];

/* The input as text. */
static inline struct span fuzz_input(const uint8_t *data, size_t size)
{
    return span_make((const char *)data, size);
}

/* Ends the process with a finding unless it is `so`. */
void fuzz_require(bool so, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same unless both are equal; shows the first difference. */
void fuzz_same(struct span got, struct span want, const char *what);

/* Gives `in` to `feed` in pieces until that answers other than 0: in one piece, byte by byte, or
   in pieces of random lengths, which are the same for the same input. Each piece lies in memory of
   exactly its size and is gone when `feed` returns. Answers how many bytes were given. */
enum fuzz_way { FUZZ_WHOLE, FUZZ_BYTES, FUZZ_PIECES, FUZZ_WAYS };
size_t fuzz_feed(struct span in, enum fuzz_way way, int (*feed)(void *arg, struct span piece),
                 void *arg);

/* A number that depends on the input alone. */
uint32_t fuzz_hash(struct span in);

/* Strict UTF-8, by a decoder independent of the program's. */
bool fuzz_is_utf8(struct span s);

/* Text for a terminal must be UTF-8 without anything that drives it: no control character but line
   feed and tab, no bidirectional control, no line separator; and besides, in these places, what the
   program writes itself. */
enum fuzz_own {
    FUZZ_NONE,
    FUZZ_STYLES, /* rendered Markdown, in which direction marks (U+200E, U+200F) are shown, too */
    FUZZ_LINES   /* whole lines dim, yellow or red, and a status line that comes and goes */
};
void fuzz_require_harmless(struct span shown, enum fuzz_own own, const char *what);
/* The length of such a sequence at the beginning of `s`, 0 for none. */
size_t fuzz_own_sequence(struct span s, enum fuzz_own own);

/* A JSON line of output: a whole text by the grammar, one line, no other control character than a
   tab between tokens. */
void fuzz_require_json_line(struct span line, const char *what);

/* A descriptor whose contents are in memory. */
int fuzz_memory(void);
/* Appends the contents to `out` and empties it. */
void fuzz_memory_take(int fd, struct buf *out);
/* Standard error goes to the descriptor until fuzz_error_restore(). What a sanitizer or
   fuzz_require has to say does not. */
void fuzz_error_redirect(int fd);
void fuzz_error_restore(void);

#endif
