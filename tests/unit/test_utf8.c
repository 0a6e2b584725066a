/* SPDX-License-Identifier: MIT */
/* UTF-8 against the decoder of the Encoding Standard, every short sequence. */
#include "core/utf8.h"

#include "oracle.h"
#include "unit.h"

static struct guard guard;

/* What the oracle makes of a text. */
struct expected {
    struct span text;
    struct buf replaced;
    size_t valid;     /* bytes before the first error */
    uint32_t first;   /* the first code point, or ORACLE_ERROR */
    size_t first_len; /* and its bytes */
    bool seen, invalid;
};

static void next(void *arg, uint32_t c, struct span from)
{
    struct expected *e = arg;
    if (!e->seen) {
        e->first = c;
        e->first_len = from.len;
        e->seen = true;
    }
    if (c == ORACLE_ERROR)
        e->invalid = true;
    else if (!e->invalid)
        e->valid += from.len;
    if (c == ORACLE_ERROR)
        buf_puts(&e->replaced, "\xEF\xBF\xBD");
    else
        buf_span(&e->replaced, from);
}

/* Whether `s` is the start of something well-formed that goes on after its end. */
static bool is_cut(struct span s)
{
    static const char *const tails[] = {"\x80",     "\xA0",         "\x80\x80",
                                        "\xA0\x80", "\x90\x80\x80", "\x80\x80\x80"};
    for (size_t i = 0; i < COUNT(tails); i++) {
        char whole[16];
        struct expected e = {0};
        size_t tail = strlen(tails[i]);
        memcpy(whole, s.at, s.len);
        memcpy(whole + s.len, tails[i], tail);
        oracle_decode(span_make(whole, s.len + tail), next, &e);
        bool good = e.first != ORACLE_ERROR && e.first_len == s.len + tail;
        buf_release(&e.replaced);
        if (good)
            return true;
    }
    return false;
}

static void compare(struct expected *e, struct buf *out, struct span s)
{
    struct buf replaced = e->replaced;
    *e = (struct expected){.replaced = replaced};
    buf_clear(&e->replaced);
    buf_clear(out);
    oracle_decode(s, next, e);

    struct span text = span_make(guard_copy(&guard, s), s.len);
    check(utf8_valid_prefix(text) == e->valid, "%02x %02x %02x …: valid prefix %zu",
          (unsigned char)s.at[0], (unsigned char)s.at[1], (unsigned char)s.at[2],
          utf8_valid_prefix(text));
    check(utf8_valid(text) == !e->invalid, "utf8_valid");
    utf8_replace(out, text);
    if (!span_equal(buf_view(out), buf_view(&e->replaced)))
        check_span(buf_view(out), buf_view(&e->replaced), "replaced");

    uint32_t point = 1234567;
    size_t len = utf8_next(text, &point);
    bool good;
    if (len == 0)
        good = e->first == ORACLE_ERROR && e->first_len == s.len && is_cut(s);
    else if (e->first == ORACLE_ERROR)
        good =
            point == UTF8_ILL_FORMED && len == e->first_len && (e->first_len < s.len || !is_cut(s));
    else
        good = point == e->first && len == e->first_len;
    check(good, "%02x %02x %02x … (%zu bytes): utf8_next gives U+%04X, %zu bytes",
          (unsigned char)s.at[0], (unsigned char)s.at[1], (unsigned char)s.at[2], s.len,
          (unsigned)point, len);
}

static void sequences(unsigned length)
{
    struct expected e = {0};
    struct buf out = {0};
    for (uint32_t n = 0; n < 1U << (8 * length); n++) {
        char bytes[4] = {0};
        for (unsigned i = 0; i < length; i++)
            bytes[i] = (char)(n >> (8 * i));
        compare(&e, &out, span_make(bytes, length));
    }
    buf_release(&e.replaced);
    buf_release(&out);
}

static void one_byte(void)
{
    sequences(1);
}

static void two_bytes(void)
{
    sequences(2);
}

/* Each first byte and second byte with each third byte that stands for a class: 80..8F, 90..9F,
   A0..BF and what is outside, with both ends of every class. All of them where the first byte
   is a lead byte of three or four. */
static void three_bytes(void)
{
    struct expected e = {0};
    struct buf out = {0};
    static const unsigned char edges[] = {0x00, 0x0A, 0x41, 0x7F, 0x80, 0x8F, 0x90,
                                          0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                          0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF};
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            bool all = a >= 0xE0 && a <= 0xF4;
            for (unsigned c = 0; c < (all ? 256 : COUNT(edges)); c++) {
                char bytes[4] = {(char)a, (char)b, (char)(all ? c : edges[c]), 0};
                compare(&e, &out, span_make(bytes, 3));
            }
        }
    }
    buf_release(&e.replaced);
    buf_release(&out);
}

static void four_bytes(void)
{
    struct expected e = {0};
    struct buf out = {0};
    static const unsigned char edges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                          0xC0, 0xC2, 0xDF, 0xE0, 0xED, 0xF0, 0xF4, 0xF5, 0xFF};
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned n = 0; n < COUNT(edges) * COUNT(edges) * COUNT(edges); n++) {
            char bytes[4] = {(char)a, (char)edges[n % COUNT(edges)],
                             (char)edges[n / COUNT(edges) % COUNT(edges)],
                             (char)edges[n / COUNT(edges) / COUNT(edges)]};
            if (a >= 0xE0 || n % 17 == 0)
                compare(&e, &out, span_make(bytes, 4));
        }
    }
    for (int round = 0; round < 200000; round++) {
        char bytes[4];
        for (int i = 0; i < 4; i++)
            bytes[i] = (char)(any(4) ? 0x80 + any(128) : any(256));
        compare(&e, &out, span_make(bytes, 4));
    }
    buf_release(&e.replaced);
    buf_release(&out);
}

/* Longer ones, for the part that reads eight bytes at a time. */
static void longer(void)
{
    struct expected e = {0};
    struct buf out = {0};
    for (int round = 0; round < 100000; round++) {
        static const char smile[] = {'\xF0', '\x9F', '\x98', '\x80'};
        char bytes[40];
        size_t len = 4 + any(sizeof bytes - 3);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)(any(12) ? any(128) : 0x80 + any(128));
        if (any(2) && len > 8)
            memcpy(bytes + any((uint32_t)len - 4), smile, sizeof smile);
        compare(&e, &out, span_make(bytes, len));
    }
    buf_release(&e.replaced);
    buf_release(&out);
}

/* Every scalar value there and back. */
static void every_point(void)
{
    struct buf out = {0};
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        buf_clear(&out);
        utf8_put(&out, c);
        uint32_t point = 0;
        size_t want = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        struct span text = span_make(guard_copy(&guard, buf_view(&out)), out.len);
        if (!check(out.len == want && utf8_next(text, &point) == want && point == c,
                   "U+%04X: %zu bytes, U+%04X", (unsigned)c, out.len, (unsigned)point))
            break;
    }
    buf_release(&out);
}

static void nothing(void)
{
    struct buf out = {0};
    check(utf8_valid(span_make(NULL, 0)) && utf8_valid_prefix(S("")) == 0, "empty is valid");
    utf8_replace(&out, span_make(NULL, 0));
    check_int((int64_t)out.len, 0, "empty replaced");
    buf_release(&out);
}

static void folding(void)
{
    static const struct {
        struct span text, folded;
    } rows[] = {
        {SPAN(""), SPAN("")},
        {SPAN(" \r\n\t\v\f"), SPAN("")},
        {SPAN("one"), SPAN("one")},
        {SPAN("\n one\r\n\t two \n"), SPAN("one two")},
        {SPAN("twelve bytes and more"), SPAN("twelve bytes")},
        {SPAN("eleven byte and more"), SPAN("eleven byte")},
        {SPAN("a\xFF"), SPAN("a\xEF\xBF\xBD")},
        {SPAN("eleven byte\xC3\xA4"), SPAN("eleven byte")},
        {SPAN("ten bytes.\xC3\xA4!"), SPAN("ten bytes.\xC3\xA4")},
    };
    struct buf out = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *at = guard_copy(&guard, rows[i].text);
        buf_clear(&out);
        utf8_fold(&out, span_make(at, rows[i].text.len), 12);
        check(span_equal(buf_view(&out), rows[i].folded), "row %zu: %s", i, buf_text(&out));
    }
    buf_release(&out);
}

static void prefixes(void)
{
    static const struct {
        struct span text;
        size_t max, cut,
            first; /* what utf8_cut keeps of `max` bytes, utf8_first of `max` characters */
    } rows[] = {
        {SPAN(""), 0, 0, 0},
        {SPAN("abc"), 0, 0, 0},
        {SPAN("abc"), 2, 2, 2},
        {SPAN("abc"), 9, 3, 3},
        {SPAN("a\xc3\xa4z"), 2, 1, 3},
        {SPAN("a\xc3\xa4z"), 3, 3, 4},
        {SPAN("\xf0\x9f\x98\x80z"), 1, 0, 4},
        {SPAN("\xf0\x9f\x98\x80z"), 3, 0, 5},
        {SPAN("\xf0\x9f\x98\x80z"), 4, 4, 5},
        {SPAN("\x80\x80\x80\x80\x80\x80"), 5, 2, 5},
        {SPAN("ab\xe2\x82"), 3, 2, 4},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t cut = utf8_cut(rows[i].text, rows[i].max).len;
        size_t first = utf8_first(rows[i].text, rows[i].max).len;
        check(cut == rows[i].cut, "row %zu: cut to %zu bytes", i, cut);
        check(first == rows[i].first, "row %zu: the first characters have %zu bytes", i, first);
    }
}

int main(void)
{
    guard = guard_new(4096);
    unit_case("nothing", nothing);
    unit_case("each byte", one_byte);
    unit_case("each two bytes", two_bytes);
    unit_case("each three bytes", three_bytes);
    unit_case("four bytes", four_bytes);
    unit_case("longer texts", longer);
    unit_case("each code point", every_point);
    unit_case("one line", folding);
    unit_case("prefixes", prefixes);
    guard_free(&guard);
    return unit_status();
}
