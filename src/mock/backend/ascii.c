/* SPDX-License-Identifier: MIT */
#include "mock/backend/ascii.h"

#include "core/utf8.h"

static void put_unit(struct buf *out, unsigned unit)
{
    buf_printf(out, "\\u%04x", unit);
}

static void put_point(struct buf *out, uint32_t point)
{
    switch (point) {
    case '"':
        buf_puts(out, "\\\"");
        return;
    case '\\':
        buf_puts(out, "\\\\");
        return;
    case '\n':
        buf_puts(out, "\\n");
        return;
    case '\r':
        buf_puts(out, "\\r");
        return;
    case '\t':
        buf_puts(out, "\\t");
        return;
    default:
        break;
    }
    if (point >= 0x20 && point < 0x7F) {
        buf_byte(out, (char)point);
    } else if (point < 0x10000) {
        put_unit(out, point);
    } else {
        put_unit(out, 0xD800 + ((point - 0x10000) >> 10));
        put_unit(out, 0xDC00 + ((point - 0x10000) & 0x3FF));
    }
}

void ascii_put(struct buf *out, struct span text)
{
    while (text.len > 0) {
        uint32_t point;
        size_t len = utf8_next(text, &point);
        if (len == 0) {
            len = text.len;
            point = UTF8_ILL_FORMED;
        }
        put_point(out, point == UTF8_ILL_FORMED ? 0xFFFD : point);
        text = span_make(text.at + len, text.len - len);
    }
}
