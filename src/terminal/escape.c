/* SPDX-License-Identifier: MIT */
#include "terminal/escape.h"

#include "core/utf8.h"
#include "core/width.h"

#include <string.h>

bool escape_is_needed(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || c == UTF8_ILL_FORMED;
}

static bool is_dangerous(uint32_t c)
{
    return escape_is_needed(c) || c == 0x200E || c == 0x200F;
}

/* Zero-width characters and unusual spaces, which could hide text in a name. The joiners U+200C and
   U+200D are part of words and emoji. */
static bool is_invisible(uint32_t c)
{
    return c == 0xAD || c == 0x034F || c == 0x115F || c == 0x1160 || c == 0x17B4 || c == 0x17B5 ||
           (c >= 0x180B && c <= 0x180E) || c == 0x200B || (c >= 0x2060 && c <= 0x206F) ||
           c == 0x2800 || c == 0x3164 || c == 0xFEFF || c == 0xFFA0 ||
           (c >= 0xFFF0 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
}

static bool is_dangerous_in_line(uint32_t c)
{
    return is_dangerous(c) || is_invisible(c);
}

/* Appends `text`; the characters for which `needs` is true are passed to `show`. */
static void filter(struct buf *out, struct span text, bool (*needs)(uint32_t point),
                   void (*show)(struct buf *out, uint32_t point, struct span bytes))
{
    const char *from = text.at;
    while (text.len) {
        uint32_t point;
        struct span bytes = utf8_take(&text, &point);
        if (needs(point)) {
            buf_append(out, from, (size_t)(bytes.at - from));
            show(out, point, bytes);
            from = text.at;
        }
    }
    if (from != text.at)
        buf_append(out, from, (size_t)(text.at - from));
}

void escape_put_point(struct buf *out, uint32_t point, struct span bytes)
{
    if (point < 0x20 || point == 0x7F) {
        buf_byte(out, '^');
        buf_byte(out, (char)(point ^ 0x40));
    } else if (point == UTF8_ILL_FORMED) {
        for (size_t i = 0; i < bytes.len; i++)
            buf_printf(out, "\\x{%02x}", (unsigned char)bytes.at[i]);
    } else {
        buf_printf(out, "\\u{%x}", (unsigned)point);
    }
}

static void show_in_text(struct buf *out, uint32_t point, struct span bytes)
{
    if (point == '\n' || point == '\t')
        buf_byte(out, (char)point);
    else
        escape_put_point(out, point, bytes);
}

static void show_in_line(struct buf *out, uint32_t point, struct span bytes)
{
    bool breaks = point == '\n' || point == '\t' || point == '\r';
    if (!breaks)
        escape_put_point(out, point, bytes);
    else if (out->len == 0 || out->data[out->len - 1] != ' ')
        buf_byte(out, ' ');
}

static void show_as_json(struct buf *out, uint32_t point, struct span bytes)
{
    (void)bytes;
    /* Unescaped, these occur only between tokens. */
    if (point == '\n')
        buf_byte(out, '\n');
    else if (point == '\t' || point == '\r')
        buf_byte(out, ' ');
    else if (point == UTF8_ILL_FORMED)
        buf_puts(out, "\\ufffd");
    else if (point > 0xFFFF)
        buf_printf(out, "\\u%04x\\u%04x", 0xD7C0 + (unsigned)(point >> 10),
                   0xDC00 + (unsigned)(point & 0x3FF));
    else
        buf_printf(out, "\\u%04x", (unsigned)point);
}

void escape_put(struct buf *out, struct span text)
{
    filter(out, text, is_dangerous, show_in_text);
}

void escape_put_line(struct buf *out, struct span text)
{
    filter(out, text, is_dangerous_in_line, show_in_line);
}

void escape_put_json(struct buf *out, struct span json)
{
    filter(out, json, is_dangerous_in_line, show_as_json);
}

void escape_put_short(struct buf *out, struct span text, unsigned columns, size_t bytes,
                      const char *mark)
{
    struct buf line = {0};
    if (width_of(span_of(mark)) > columns)
        mark = "";
    unsigned width, mark_width = width_of(span_of(mark));
    /* A character has at most four bytes, and at least one when shown. */
    bool cut = text.len > 4 * bytes;
    escape_put_line(&line, cut ? span_make(text.at, 4 * bytes) : text);
    struct span shown = buf_view(&line);
    if (!cut && shown.len <= bytes && width_of(shown) <= columns) {
        buf_span(out, shown);
    } else {
        size_t room = bytes > strlen(mark) ? bytes - strlen(mark) : 0;
        if (shown.len > room)
            shown.len = utf8_valid_prefix(span_make(shown.at, room));
        buf_span(out, width_fit(shown, columns - mark_width, &width));
        buf_puts(out, mark);
    }
    buf_release(&line);
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
