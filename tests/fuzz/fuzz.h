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

/* Defined if the address sanitizer reports before the process ends. */
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

/* Always returns 0. Leaks nothing, and depends only on the bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The name of the dictionary, and the seeds: patterns relative to the source directory, separated
   by blanks. replay.c and tests/fuzz/run read them. */
#define FUZZ_TARGET(dictionary, seeds) const char fuzz_seeds[] = seeds
extern const char fuzz_seeds[];

/* The input as a C string. */
static inline struct span fuzz_input(const uint8_t *data, size_t size)
{
    return span_make((const char *)data, size);
}

/* Reports a finding and ends the process unless the condition is true. */
void fuzz_require(bool condition, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Does the same unless both are equal, and prints the first difference. */
void fuzz_same(struct span got, struct span want, const char *what);

/* Passes `in` to `feed` in pieces until that returns a value other than 0: in one piece, byte by
   byte, or in pieces of random lengths, which are the same for the same input. Each piece is in
   memory of exactly its size, which is freed when `feed` returns. Returns the number of bytes
   passed. */
enum fuzz_way { FUZZ_WHOLE, FUZZ_BYTES, FUZZ_PIECES, FUZZ_WAYS };
size_t fuzz_feed(struct span in, enum fuzz_way way, int (*feed)(void *arg, struct span piece),
                 void *arg);

/* A number that depends only on the input. */
uint32_t fuzz_hash(struct span in);

/* Whether the text is valid UTF-8, by a decoder independent of that of the program. */
bool fuzz_is_utf8(struct span s);

/* Text for a terminal must be UTF-8 without control characters except line feed and tab, without
   bidirectional controls and line separators. The program's own sequences are permitted as
   follows. */
enum fuzz_own {
    FUZZ_NONE,
    FUZZ_STYLES, /* SGR of rendered Markdown, and direction marks (U+200E, U+200F) */
    FUZZ_LINES /* lines that are faint, yellow or red, and a status line that is drawn and erased */
};
void fuzz_require_harmless(struct span shown, enum fuzz_own own, const char *what);
/* The length of such a sequence at the beginning of `s`, or 0. */
size_t fuzz_own_sequence(struct span s, enum fuzz_own own);

/* Requires a JSON line: one JSON text in one line, without control characters except tabs between
   tokens. */
void fuzz_require_json_line(struct span line, const char *what);

/* A descriptor whose contents are in memory. */
int fuzz_memory(void);
/* Appends the contents to `out` and empties it. */
void fuzz_memory_take(int fd, struct buf *out);
/* Redirects standard error to the descriptor until fuzz_error_restore(), except reports of a
   sanitizer or of fuzz_require(). */
void fuzz_error_redirect(int fd);
void fuzz_error_restore(void);

#endif
