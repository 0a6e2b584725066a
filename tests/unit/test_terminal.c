/* SPDX-License-Identifier: MIT */
/* Output for a terminal is escaped: every code point and every ill-formed byte. */
#include "terminal/terminal.h"

#include "core/utf8.h"
#include "core/width.h"
#include "oracle.h"
#include "unit.h"
#include "json/json.h"
#include "json/write.h"

/* "control characters other than newline and tab, escape sequences, C1 and bidirectional
   overrides" */
static bool is_harmful(uint32_t c)
{
    if (c == '\n' || c == '\t')
        return false;
    return c < 0x20 || c == 0x7F || (c >= 0x80 && c <= 0x9F) || c == 0x061C || c == 0x200E ||
           c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
           c == ORACLE_ERROR;
}

struct look {
    bool in_line; /* no newline and no tab either */
    bool bad;
    uint32_t which;
};

static void look_at(void *arg, uint32_t c, struct span from)
{
    struct look *look = arg;
    (void)from;
    if (is_harmful(c) || (look->in_line && (c == '\n' || c == '\t'))) {
        look->bad = true;
        look->which = c;
    }
}

static bool check_harmless(struct span out, bool in_line, const char *what, unsigned long n)
{
    struct look look = {.in_line = in_line};
    oracle_decode(out, look_at, &look);
    return check(!look.bad, "%s %lx: U+%04X gets out", what, n, (unsigned)look.which);
}

/* All forms of one text. */
static bool check_text(struct span text, const char *what, unsigned long n)
{
    static struct buf out;
    buf_clear(&out);
    escape_put(&out, text);
    bool good = check_harmless(buf_view(&out), false, what, n);
    buf_clear(&out);
    escape_put_line(&out, text);
    good = check_harmless(buf_view(&out), true, what, n) && good;
    buf_clear(&out);
    escape_put_json(&out, text);
    return check_harmless(buf_view(&out), false, what, n) && good;
}

static void each_point(void)
{
    struct buf text = {0}, out = {0};
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        buf_clear(&text);
        buf_byte(&text, 'a');
        utf8_put(&text, c);
        buf_byte(&text, 'b');
        if (!check_text(buf_view(&text), "code point", c))
            break;
        buf_clear(&out);
        escape_put(&out, buf_view(&text));
        bool separator = c == 0x2028 || c == 0x2029;
        if (!is_harmful(c) && !separator &&
            !check(span_equal(buf_view(&out), buf_view(&text)), "U+%04X is changed", (unsigned)c))
            break;
    }
    buf_release(&text);
    buf_release(&out);
}

/* Each byte alone, each two bytes, and three with a lead byte. */
static void each_ill_formed(void)
{
    for (unsigned n = 0; n < 256; n++)
        check_text(span_make((char[]){(char)n}, 1), "byte", n);
    for (unsigned n = 0; n < 65536; n++)
        check_text(span_make((char[]){(char)(n >> 8), (char)n}, 2), "bytes", n);
    for (unsigned n = 0; n < 65536; n++)
        for (unsigned c = 0; c < 256; c += n >= 0xE000 && n < 0xF500 ? 5 : 83)
            check_text(span_make((char[]){(char)(n >> 8), (char)n, (char)c, 'x'}, 4), "bytes", n);
}

static void random_bytes(void)
{
    char bytes[32];
    for (int round = 0; round < 50000; round++) {
        size_t len = any(sizeof bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)any(256);
        if (!check_text(span_make(bytes, len), "round", (unsigned long)round))
            break;
    }
}

static const struct {
    struct span text;
    const char *shown, *line;
} forms[] = {
    {SPAN(""), "", ""},
    {SPAN("plain"), "plain", "plain"},
    {SPAN("a\nb\tc"), "a\nb\tc", "a b c"},
    {SPAN("a\rb"), "a^Mb", "a b"},
    {SPAN("\033[31mred\033[0m"), "^[[31mred^[[0m", "^[[31mred^[[0m"},
    {SPAN("\033]0;title\007"), "^[]0;title^G", "^[]0;title^G"},
    {SPAN("\0\x7F\b"), "^@^?^H", "^@^?^H"},
    {SPAN("\xC2\x9B"
          "31m"),
     "\\u{9b}31m", "\\u{9b}31m"},
    {SPAN("\x9B"
          "31m"),
     "\\x{9b}31m", "\\x{9b}31m"},
    {SPAN("\xE2\x82"), "\\x{e2}\\x{82}", "\\x{e2}\\x{82}"},
    {SPAN("\xE2\x80\xAE"
          "abc"),
     "\\u{202e}abc", "\\u{202e}abc"},
    {SPAN("\xE2\x81\xA6"), "\\u{2066}", "\\u{2066}"},
    {SPAN("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
     "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
    {SPAN("\xC2\xA0"), "\xC2\xA0", "\xC2\xA0"},
};

static void how_it_is_shown(void)
{
    struct buf out = {0};
    for (size_t i = 0; i < COUNT(forms); i++) {
        buf_clear(&out);
        escape_put(&out, forms[i].text);
        check_span(buf_view(&out), span_of(forms[i].shown), "text");
        buf_clear(&out);
        escape_put_line(&out, forms[i].text);
        check_span(buf_view(&out), span_of(forms[i].line), "line");
    }
    buf_release(&out);
}

static void nothing_at_all(void)
{
    struct buf out = {0};
    escape_put(&out, span_make(NULL, 0));
    escape_put_line(&out, span_make(NULL, 0));
    escape_put_json(&out, span_make(NULL, 0));
    check_int((int64_t)out.len, 0, "length");
    buf_release(&out);
}

/* JSON keeps its value. */

static struct json_reader *reader;

static bool check_value(struct span json, struct span value, const char *what, unsigned long n)
{
    static struct buf out;
    static struct json_found found;
    buf_clear(&out);
    escape_put_json(&out, json);
    return check_harmless(buf_view(&out), false, what, n) &&
           check(json_find(reader, buf_view(&out), NULL, &found) == 0, "%s %lx: no JSON: %s", what,
                 n, json_error(reader)) &&
           check_span(found.slot[JSON_DOCUMENT].string, value, what);
}

static void json_of_each_point(void)
{
    struct buf json = {0}, value = {0};
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        buf_clear(&value);
        utf8_put(&value, c);
        buf_clear(&json);
        if (c < 0x20 || c == '"' || c == '\\') {
            json_put_string(&json, buf_view(&value));
        } else {
            buf_byte(&json, '"');
            buf_span(&json, buf_view(&value));
            buf_byte(&json, '"');
        }
        if (!check_value(buf_view(&json), buf_view(&value), "code point", c))
            break;
    }
    buf_release(&json);
    buf_release(&value);
}

static const struct span documents[] = {
    SPAN("{\"event\":\"message\",\"data\":{\"delta\":\"a\x7F\xC2\x9B\\u001b\\\\\xE2\x80\xAE\"}}\n"),
    SPAN("{\"a\":\t1}\n"),
    SPAN("{\t\"a\"\t:\t[\t1\t,\t2\t]\t}\n"),
    SPAN("{\"a\":\r1}\n"),
    SPAN("{\"\x7F\":\"\\\\\x7F\"}\n"),
    SPAN("[\"\\\"\xC2\x80\",1.50]\n"),
};

static void json_stays_json(void)
{
    struct buf out = {0};
    for (size_t i = 0; i < COUNT(documents); i++) {
        static struct json_found found;
        buf_clear(&out);
        escape_put_json(&out, documents[i]);
        check(json_find(reader, buf_view(&out), NULL, &found) == 0, "'%s' is not JSON: %s",
              buf_text(&out), json_error(reader));
        check(out.len && out.data[out.len - 1] == '\n', "the line ends");
        check_harmless(buf_view(&out), false, "document", i);
    }
    buf_release(&out);
}

/* Columns. */

static const struct {
    struct span text;
    unsigned width;
} widths[] = {
    {SPAN(""), 0},
    {SPAN("abc"), 3},
    {SPAN("\xC3\xA9"), 1},
    {SPAN("e\xCC\x81"), 1},                        /* a combining acute */
    {SPAN("\xE4\xBE\xA1\xE6\xA0\xBC"), 4},         /* CJK */
    {SPAN("\xEA\xB0\x80"), 2},                     /* a Hangul syllable */
    {SPAN("\xE1\x84\x80\xE1\x85\xA1"), 2},         /* the same of two letters */
    {SPAN("\xEF\xBD\xB1"), 1},                     /* half width */
    {SPAN("\xF0\x9F\x93\x88"), 2},                 /* an emoji */
    {SPAN("\xE2\x9D\xA4"), 1},                     /* a text form */
    {SPAN("\xE2\x9D\xA4\xEF\xB8\x8F"), 2},         /* its emoji */
    {SPAN("\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA"), 2}, /* a flag of two letters */
    {SPAN("\xF0\x9F\x87\xA9"), 1},                 /* one of them */
    {SPAN("\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD"), 2}, /* an emoji and a skin tone */
    {SPAN("\xF0\x9F\x8F\xBD"), 2},                 /* a skin tone alone */
    {SPAN("\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB"
          "x"),
     3},                                                           /* two that are joined */
    {SPAN("1\xEF\xB8\x8F\xE2\x83\xA3"), 2},                        /* a keycap */
    {SPAN("\xE2\x80\x8B"), 0},                                     /* a space without width */
    {SPAN("\xE2\xA0\x8B\xE2\x80\xA6\xE2\x9C\x93\xE2\x9C\x97"), 4}, /* our own */
    {SPAN("\xE2\x98\x9D\xF0\x9F\x8F\xBD"), 1},                     /* narrow, with a skin tone */
    {SPAN("\xF0\x9F\x95\xB5\xF0\x9F\x8F\xBD"), 1},
    {SPAN("\xF0\x9F\x96\x90\xEF\xB8\x8F\xF0\x9F\x8F\xBD"), 2},
    {SPAN("\xE2\x9C\x93\xF0\x9F\x8F\xBD"), 3}, /* a character without skin tones */
    {SPAN("\xE4\xBE\xA1\xF0\x9F\x8F\xBD"), 4},
    {SPAN("\xE2\x9D\xA4\xE2\x80\x8D\xF0\x9F\x94\xA5\xEF\xB8\x8F"),
     1},                                                           /* one joined to a narrow one */
    {SPAN("\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA\xF0\x9F\x87\xA9"), 3}, /* three letters of flags */
};

static void columns_of_text(void)
{
    for (size_t i = 0; i < COUNT(widths); i++)
        check_int(width_of(widths[i].text), widths[i].width, "row");
}

static void prefixes_that_fit(void)
{
    static const struct span text = SPAN("a\xE4\xBE\xA1"
                                         "e\xCC\x81z");
    static const struct {
        unsigned columns, width;
        size_t len;
    } rows[] = {{0, 0, 0}, {1, 1, 1}, {2, 1, 1}, {3, 3, 4}, {4, 4, 7}, {5, 5, 8}, {9, 5, 8}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned width;
        struct span fits = width_fit(text, rows[i].columns, &width);
        check_int((int64_t)fits.len, (int64_t)rows[i].len, "length");
        check_int(width, rows[i].width, "width");
    }
}

static void short_texts(void)
{
    static const struct {
        struct span text;
        unsigned columns;
        size_t bytes;
        const char *shown;
    } rows[] = {
        {SPAN("abc"), 3, 100, "abc"},
        {SPAN("abcd"), 3, 100, "ab~"},
        {SPAN("abcd"), 100, 3, "ab~"},
        {SPAN("\xE4\xBE\xA1\xE6\xA0\xBC"), 4, 100, "\xE4\xBE\xA1\xE6\xA0\xBC"},
        {SPAN("\xE4\xBE\xA1\xE6\xA0\xBC"), 3, 100, "\xE4\xBE\xA1~"},
        {SPAN("e\xCC\x81\xCC\x81\xCC\x81\xCC\x81"), 10, 6, "e\xCC\x81\xCC\x81~"},
        {SPAN("\033\033\033"), 5, 100, "^[^[~"},
        {SPAN("a\nb"), 5, 100, "a b"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0};
        escape_put_short(&out, rows[i].text, rows[i].columns, rows[i].bytes, "~");
        check_span(buf_view(&out), span_of(rows[i].shown), "shown");
        buf_release(&out);
    }
    /* A mark that has more columns than there are is left out. */
    static const char *const narrow[] = {"", "a", "ab", "...", "a..."};
    for (unsigned i = 0; i < COUNT(narrow); i++) {
        struct buf out = {0};
        escape_put_short(&out, S("abcde"), i, 100, "...");
        check_span(buf_view(&out), span_of(narrow[i]), "with a longer mark");
        buf_release(&out);
    }
}

static void invisible_characters(void)
{
    static const uint32_t invisible[] = {0xAD,   0x200B, 0x2060, 0x2064,  0x206A, 0xFEFF,
                                         0x3164, 0xFFA0, 0x115F, 0xE0041, 0x200E, 0x202E};
    for (size_t i = 0; i < COUNT(invisible); i++) {
        struct buf text = {0}, out = {0}, want = {0};
        utf8_put(&text, invisible[i]);
        buf_printf(&want, "\\u{%x}", (unsigned)invisible[i]);
        escape_put_line(&out, buf_view(&text));
        check_span(buf_view(&out), buf_view(&want), "escape");
        buf_release(&text);
        buf_release(&out);
        buf_release(&want);
    }
    /* In JSON, too: a character beyond U+FFFF is a pair of escapes. */
    struct buf out = {0};
    escape_put_json(&out, S("\"\xE2\x80\x8B\xF3\xA0\x81\x81\""));
    check_span(buf_view(&out), S("\"\\u200b\\udb40\\udc41\""), "JSON");
    buf_clear(&out);
    /* Parts of words and emoji. */
    escape_put_line(&out, S("\xE2\x80\x8C\xE2\x80\x8D"));
    check_span(buf_view(&out), S("\xE2\x80\x8C\xE2\x80\x8D"), "joiners");
    buf_release(&out);
}

int main(void)
{
    reader = json_reader_new();
    unit_case("every code point", each_point);
    unit_case("every ill-formed sequence", each_ill_formed);
    unit_case("random bytes", random_bytes);
    unit_case("nothing at all", nothing_at_all);
    unit_case("escaped forms", how_it_is_shown);
    unit_case("JSON of every code point", json_of_each_point);
    unit_case("JSON stays JSON", json_stays_json);
    unit_case("columns of text", columns_of_text);
    unit_case("prefixes that fit", prefixes_that_fit);
    unit_case("short texts", short_texts);
    unit_case("invisible characters", invisible_characters);
    json_reader_free(reader);
    return unit_status();
}
