/* SPDX-License-Identifier: MIT */
#include "terminal/escape.h"

#include "core/utf8.h"

static bool is_dangerous(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == UTF8_ILL_FORMED;
}

/* Walks over `text`, passes on what is harmless in runs and gives the rest to `show`. */
static void filter(struct buf *out, struct span text,
                   void (*show)(struct buf *out, uint32_t point, struct span bytes))
{
    size_t from = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        size_t step = utf8_next(span_make(text.at + at, text.len - at), &point);
        if (step == 0) {
            point = UTF8_ILL_FORMED;
            step = text.len - at;
        }
        if (is_dangerous(point)) {
            buf_append(out, text.at + from, at - from);
            show(out, point, span_make(text.at + at, step));
            from = at + step;
        }
        at += step;
    }
    if (from < text.len)
        buf_append(out, text.at + from, text.len - from);
}

static void show_visibly(struct buf *out, uint32_t point, struct span bytes)
{
    if (point == '\n' || point == '\t') {
        buf_byte(out, (char)point);
    } else if (point < 0x20 || point == 0x7F) {
        buf_byte(out, '^');
        buf_byte(out, (char)(point ^ 0x40));
    } else if (point == UTF8_ILL_FORMED) {
        for (size_t i = 0; i < bytes.len; i++)
            buf_printf(out, "\\x{%02x}", (unsigned char)bytes.at[i]);
    } else {
        buf_printf(out, "\\u{%x}", (unsigned)point);
    }
}

static void show_in_line(struct buf *out, uint32_t point, struct span bytes)
{
    bool breaks = point == '\n' || point == '\t' || point == '\r';
    if (!breaks)
        show_visibly(out, point, bytes);
    else if (out->len == 0 || out->data[out->len - 1] != ' ')
        buf_byte(out, ' ');
}

static void show_as_json(struct buf *out, uint32_t point, struct span bytes)
{
    (void)bytes;
    /* Raw, these can only stand between tokens. */
    if (point == '\n')
        buf_byte(out, '\n');
    else if (point == '\t' || point == '\r')
        buf_byte(out, ' ');
    else if (point == UTF8_ILL_FORMED)
        buf_puts(out, "\\ufffd");
    else
        buf_printf(out, "\\u%04x", (unsigned)point);
}

void escape_put(struct buf *out, struct span text)
{
    filter(out, text, show_visibly);
}

void escape_put_line(struct buf *out, struct span text)
{
    filter(out, text, show_in_line);
}

void escape_put_json(struct buf *out, struct span json)
{
    filter(out, json, show_as_json);
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F);
}

void escape_put_field(struct buf *out, struct span text)
{
    for (size_t at = 0, step; at < text.len; at += step) {
        uint32_t point;
        step = utf8_next(span_make(text.at + at, text.len - at), &point);
        step = step ? step : text.len - at;
        if (is_control(point))
            buf_byte(out, ' ');
        else
            buf_append(out, text.at + at, step);
    }
}
