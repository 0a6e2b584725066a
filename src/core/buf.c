/* SPDX-License-Identifier: MIT */
#include "core/buf.h"

#include "core/xmalloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALLEST = 64 };

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_release(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

void buf_reserve(struct buf *b, size_t more)
{
    if (more <= b->cap - b->len)
        return;
    if (more > SIZE_MAX / 2 - b->len)
        out_of_memory();
    size_t cap = b->cap ? b->cap : SMALLEST;
    while (cap - b->len < more)
        cap *= 2;
    b->data = xrealloc(b->data, cap);
    b->cap = cap;
}

void buf_append_slow(struct buf *b, const void *bytes, size_t len)
{
    if (b->max != 0 && len > b->max - b->len) {
        len = b->max - b->len;
        b->full = true;
    }
    if (len == 0)
        return;
    buf_reserve(b, len);
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len <= 0)
        return;
    char *text = xmalloc((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, args);
    buf_append(b, text, (size_t)len);
    free(text);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

char *buf_format(const char *format, ...)
{
    va_list args;
    struct buf text = {0};
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    return buf_take(&text);
}

const char *buf_text(struct buf *b)
{
    buf_reserve(b, 1);
    b->data[b->len] = '\0';
    return b->data;
}

char *buf_take(struct buf *b)
{
    buf_text(b);
    char *data = b->data;
    buf_init(b, b->max);
    return data;
}

void buf_shrink(struct buf *b, size_t kept)
{
    if (b->len == 0 && b->cap > kept)
        buf_release(b);
}

void buf_wipe(struct buf *b)
{
    if (b->data)
        wipe(b->data, b->cap);
    buf_release(b);
}

void buf_drop(struct buf *b, size_t len)
{
    if (len == 0)
        return;
    memmove(b->data, b->data + len, b->len - len);
    b->len -= len;
}
