/* SPDX-License-Identifier: MIT */
/* A growing buffer of bytes with an optional maximum size. */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include "core/span.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* `max` is in bytes, 0 for no maximum. Bytes that exceed it are dropped and set `full` until the
   next clear, so that not every append has to be checked. A zeroed buffer is empty and has no
   maximum. Release with buf_release(). */
struct buf {
    char *data;
    size_t len, cap, max;
    bool full;
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);

/* Allocates capacity for `more` bytes: until more are appended, pointers into the data stay valid.
   Does not change the maximum. */
void buf_reserve(struct buf *b, size_t more);
/* The general case of buf_append: grows the buffer and respects the maximum. */
void buf_append_slow(struct buf *b, const void *bytes, size_t len);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* A string made as by printf, owned by the caller. */
char *buf_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The contents as a terminated string, owned by the buffer and valid until it changes. */
const char *buf_text(struct buf *b);
/* Moves the contents, terminated, to the caller, who frees them. The buffer is empty afterwards. */
char *buf_take(struct buf *b);
/* Overwrites the memory before it is freed: for secrets. */
void buf_wipe(struct buf *b);
/* Removes the first `len` bytes. */
void buf_drop(struct buf *b, size_t len);

/* Frees the memory of an empty buffer with a capacity of more than `kept` bytes. */
void buf_shrink(struct buf *b, size_t kept);

static inline void buf_clear(struct buf *b)
{
    b->len = 0;
    b->full = false;
}

static inline void buf_append(struct buf *b, const void *bytes, size_t len)
{
    if (len != 0 && len <= b->cap - b->len && b->max == 0) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): what has room has data */
        memcpy(b->data + b->len, bytes, len);
        b->len += len;
    } else {
        buf_append_slow(b, bytes, len);
    }
}

static inline void buf_span(struct buf *b, struct span s)
{
    buf_append(b, s.at, s.len);
}

static inline void buf_puts(struct buf *b, const char *text)
{
    buf_append(b, text, strlen(text));
}

static inline void buf_byte(struct buf *b, char c)
{
    buf_append(b, &c, 1);
}

static inline struct span buf_view(const struct buf *b)
{
    return span_make(b->data, b->len);
}

#endif
