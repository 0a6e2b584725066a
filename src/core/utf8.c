/* SPDX-License-Identifier: MIT */
#include "core/utf8.h"

#include <ctype.h>
#include <string.h>

/* The Unicode Standard, table 3-7: the lead byte fixes the length and the range of the second
   byte; every later byte is 80..BF. */
struct lead {
    unsigned length, low, high;
    uint32_t bits;
};

static struct lead lead_of(unsigned char c)
{
    struct lead none = {0, 0, 0, 0};
    if (c >= 0xC2 && c <= 0xDF)
        return (struct lead){2, 0x80, 0xBF, c & 0x1FU};
    if (c == 0xE0)
        return (struct lead){3, 0xA0, 0xBF, 0};
    if (c == 0xED)
        return (struct lead){3, 0x80, 0x9F, 0x0D};
    if (c >= 0xE1 && c <= 0xEF)
        return (struct lead){3, 0x80, 0xBF, c & 0x0FU};
    if (c == 0xF0)
        return (struct lead){4, 0x90, 0xBF, 0};
    if (c >= 0xF1 && c <= 0xF3)
        return (struct lead){4, 0x80, 0xBF, c & 0x07U};
    if (c == 0xF4)
        return (struct lead){4, 0x80, 0x8F, 4};
    return none;
}

size_t utf8_next(struct span s, uint32_t *point)
{
    const unsigned char *p = (const unsigned char *)s.at;
    if (p[0] < 0x80) {
        *point = p[0];
        return 1;
    }
    struct lead lead = lead_of(p[0]);
    *point = UTF8_ILL_FORMED;
    if (lead.length == 0)
        return 1;
    uint32_t value = lead.bits;
    for (unsigned i = 1; i < lead.length; i++) {
        if (i == s.len)
            return 0;
        unsigned low = i == 1 ? lead.low : 0x80, high = i == 1 ? lead.high : 0xBF;
        if (p[i] < low || p[i] > high)
            return i;
        value = value << 6 | (p[i] & 0x3FU);
    }
    *point = value;
    return lead.length;
}

struct span utf8_take(struct span *rest, uint32_t *point)
{
    struct span first = *rest;
    size_t len = utf8_next(first, point);
    if (len == 0)
        *point = UTF8_ILL_FORMED;
    else
        first.len = len;
    *rest = span_make(first.at + first.len, rest->len - first.len);
    return first;
}

static inline bool is_ascii(uint64_t word)
{
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

static inline uint64_t word_at(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* A word at a time, as most text is ASCII. */
static size_t ascii_prefix(struct span s)
{
    enum { WORD = sizeof(uint64_t), BLOCK = 4 * WORD };
    const char *at = s.at;
    size_t left = s.len;
    for (; left >= BLOCK; at += BLOCK, left -= BLOCK)
        if (!is_ascii(word_at(at) | word_at(at + 8) | word_at(at + 16) | word_at(at + 24)))
            break;
    for (; left >= WORD && is_ascii(word_at(at)); left -= WORD)
        at += WORD;
    for (; left && (unsigned char)*at < 0x80; left--)
        at++;
    return s.len - left;
}

/* The length of the next character or run of ASCII; 0 if there is neither. */
static size_t valid_run(struct span s)
{
    uint32_t point;
    size_t n = ascii_prefix(s);
    if (n)
        return n;
    n = utf8_next(s, &point);
    return point == UTF8_ILL_FORMED ? 0 : n;
}

size_t utf8_valid_prefix(struct span s)
{
    size_t n = 0;
    for (size_t run = 1; run && n < s.len; n += run)
        run = valid_run(span_make(s.at + n, s.len - n));
    return n;
}

void utf8_replace(struct buf *out, struct span s)
{
    while (s.len) {
        size_t good = utf8_valid_prefix(s);
        buf_append(out, s.at, good);
        s = span_make(s.at + good, s.len - good);
        if (!s.len)
            return;
        uint32_t point;
        size_t bad = utf8_next(s, &point);
        if (bad == 0)
            bad = s.len;
        buf_append(out, "\xEF\xBF\xBD", 3);
        s = span_make(s.at + bad, s.len - bad);
    }
}

/* Removes the first bytes of a character that is incomplete at the end. */
static void drop_cut_character(struct buf *b)
{
    uint32_t point;
    size_t from = b->len < 3 ? 0 : b->len - 3;
    while (from < b->len && utf8_next(span_make(b->data + from, b->len - from), &point) != 0)
        from++;
    b->len = from;
}

void utf8_fold(struct buf *out, struct span text, size_t max)
{
    struct buf line = {0};
    for (size_t i = 0; i < text.len && line.len < max; i++) {
        bool blank = isspace((unsigned char)text.at[i]);
        if (!blank)
            buf_byte(&line, text.at[i]);
        else if (line.len && line.data[line.len - 1] != ' ')
            buf_byte(&line, ' ');
    }
    if (line.len && line.data[line.len - 1] == ' ')
        line.len--;
    if (line.len == max)
        drop_cut_character(&line);
    utf8_replace(out, buf_view(&line));
    buf_release(&line);
}

void utf8_put_without_nul(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i])
            buf_byte(out, s.at[i]);
        else
            utf8_put(out, 0xFFFD);
    }
}

void utf8_put(struct buf *out, uint32_t point)
{
    char bytes[4];
    size_t len = 0;
    if (point < 0x80) {
        bytes[len++] = (char)point;
    } else {
        if (point < 0x800) {
            bytes[len++] = (char)(0xC0 | point >> 6);
        } else {
            if (point < 0x10000) {
                bytes[len++] = (char)(0xE0 | point >> 12);
            } else {
                bytes[len++] = (char)(0xF0 | point >> 18);
                bytes[len++] = (char)(0x80 | (point >> 12 & 0x3F));
            }
            bytes[len++] = (char)(0x80 | (point >> 6 & 0x3F));
        }
        bytes[len++] = (char)(0x80 | (point & 0x3F));
    }
    buf_append(out, bytes, len);
}

struct span utf8_skip_mark(struct span text)
{
    static const struct span mark = SPAN("\xEF\xBB\xBF");
    return span_starts(text, mark) ? span_make(text.at + mark.len, text.len - mark.len) : text;
}

struct span utf8_cut(struct span text, size_t max)
{
    if (text.len <= max)
        return text;
    size_t end = max;
    /* A character has at most three bytes behind its first one. */
    while (end && max - end < 3 && ((unsigned char)text.at[end] & 0xC0) == 0x80)
        end--;
    return span_make(text.at, end);
}

struct span utf8_first(struct span text, size_t count)
{
    uint32_t point;
    size_t at = 0;
    for (; count && at < text.len; count--) {
        size_t step = utf8_next(span_make(text.at + at, text.len - at), &point);
        at += step ? step : text.len - at;
    }
    return span_make(text.at, at);
}
