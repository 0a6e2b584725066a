/* SPDX-License-Identifier: MIT */
/* The UTF-8 decoder of the Encoding Standard (section 8.1.1) word for word, one byte at a time:
   slow, and independent of the decoder under test. */
#ifndef ORACLE_H
#define ORACLE_H

#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

enum { ORACLE_ERROR = 0x110000 };

/* Decodes all of `s`. `next` receives each code point, or ORACLE_ERROR for U+FFFD, with its
   bytes. */
static inline void oracle_decode(struct span s,
                                 void (*next)(void *arg, uint32_t c, struct span from), void *arg)
{
    uint32_t point = 0;
    unsigned needed = 0, seen = 0, low = 0x80, high = 0xBF;
    size_t start = 0;
    for (size_t i = 0; i < s.len;) {
        unsigned byte = (unsigned char)s.at[i];
        if (needed == 0) {
            start = i++;
            if (byte <= 0x7F) {
                next(arg, byte, span_make(s.at + start, 1));
            } else if (byte >= 0xC2 && byte <= 0xDF) {
                needed = 1;
                point = byte & 0x1F;
            } else if (byte >= 0xE0 && byte <= 0xEF) {
                if (byte == 0xE0)
                    low = 0xA0;
                if (byte == 0xED)
                    high = 0x9F;
                needed = 2;
                point = byte & 0xF;
            } else if (byte >= 0xF0 && byte <= 0xF4) {
                if (byte == 0xF0)
                    low = 0x90;
                if (byte == 0xF4)
                    high = 0x8F;
                needed = 3;
                point = byte & 0x7;
            } else {
                next(arg, ORACLE_ERROR, span_make(s.at + start, 1));
            }
            continue;
        }
        if (byte < low || byte > high) {
            /* The byte is read again. */
            needed = seen = 0;
            low = 0x80;
            high = 0xBF;
            next(arg, ORACLE_ERROR, span_make(s.at + start, i - start));
            continue;
        }
        i++;
        low = 0x80;
        high = 0xBF;
        point = (point << 6) | (byte & 0x3F);
        if (++seen == needed) {
            needed = seen = 0;
            next(arg, point, span_make(s.at + start, i - start));
        }
    }
    if (needed)
        next(arg, ORACLE_ERROR, span_make(s.at + start, s.len - start));
}

#endif
