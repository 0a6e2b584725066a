/* SPDX-License-Identifier: MIT */
/* Colours of Markdown: nothing but colour, the same for each character in whatever pieces the text
   comes, and plain at the end of each piece. */
#include "terminal/markdown.h"

#include "core/utf8.h"
#include "fuzz.h"
#include "terminal/escape.h"

#include <string.h>

FUZZ_TARGET("markdown.dict", "tests/fuzz/corpus/markdown/* tests/transcripts/*.text");

/* What a terminal makes of it: the characters, and behind each the sequence that counts for it. */
struct shown {
    struct buf text, looks;
    struct span look;
    bool harmless;
};

static const struct span plain = SPAN("\033[0m");

static void show(struct shown *s, struct span out)
{
    for (size_t at = 0; at < out.len;) {
        struct span rest = span_make(out.at + at, out.len - at);
        size_t own = fuzz_own_sequence(rest, FUZZ_STYLES);
        if (own) {
            s->look = span_make(rest.at, own);
            at += own;
            continue;
        }
        buf_byte(&s->text, *rest.at);
        buf_byte(&s->looks, *rest.at);
        buf_span(&s->looks, s->look);
        at++;
    }
    fuzz_require(span_equal(s->look, plain), "a piece that does not end in plain style");
    s->look = plain;
}

/* The text in pieces of whole characters, of about `size` bytes. */
static void put(struct shown *s, struct span text, size_t size)
{
    static struct buf out;
    struct markdown m = {0};
    buf_clear(&s->text);
    buf_clear(&s->looks);
    s->look = plain;
    for (size_t from = 0; from < text.len;) {
        size_t to = text.len - from > size ? from + size : text.len;
        while (to < text.len && ((unsigned char)text.at[to] & 0xC0) == 0x80)
            to++;
        buf_clear(&out);
        markdown_put(&m, &out, span_make(text.at + from, to - from), s->harmless);
        show(s, buf_view(&out));
        from = to;
    }
}

static void check(struct span text, bool harmless)
{
    static struct shown whole, cut;
    static struct buf want;
    whole.harmless = cut.harmless = harmless;
    put(&whole, text, text.len + 1);
    buf_clear(&want);
    if (harmless)
        escape_put(&want, text);
    else
        buf_span(&want, text);
    fuzz_same(buf_view(&whole.text), buf_view(&want), "more than colour");
    for (size_t size = 1; size < 12; size += 5) {
        put(&cut, text, size);
        fuzz_same(buf_view(&cut.looks), buf_view(&whole.looks), "in pieces it looks different");
    }
    if (!harmless)
        return;
    static struct buf out;
    struct markdown m = {0};
    buf_clear(&out);
    markdown_put(&m, &out, text, true);
    fuzz_require_harmless(buf_view(&out), FUZZ_STYLES, "coloured text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf text;
    buf_clear(&text);
    utf8_replace(&text, fuzz_input(data, size));
    check(buf_view(&text), true);
    /* Where no colour of the text's own could be taken for ours. */
    if (text.len && !memchr(text.data, '\033', text.len))
        check(buf_view(&text), false);
    return 0;
}
