/* SPDX-License-Identifier: MIT */
/* The events of the Markdown parser: the blocks and runs of text, their independence of cuts, and
   how early they are reported. */
#include "terminal/markdown.h"

#include "unit.h"

/* Events as text: [p TEXT] for blocks, {e TEXT} for runs in a style, / for a line break. */
static struct buf events;
static unsigned last_style;

static void put_style_end(void)
{
    if (last_style)
        buf_byte(&events, '}');
    last_style = 0;
}

static void on_open(void *arg, const struct markdown_block *block)
{
    static const char *const names[] = {"quote", "item",  "p",   "h",   "code",
                                        "rule",  "table", "row", "cell"};
    (void)arg;
    put_style_end();
    buf_printf(&events, "[%s", names[block->kind]);
    if (block->kind == MARKDOWN_HEADING)
        buf_printf(&events, "%u", block->level);
    if (block->kind == MARKDOWN_ITEM)
        buf_printf(&events, "%s%.*s", block->continues ? "+" : "", (int)block->marker.len,
                   block->marker.at);
    for (unsigned i = 0; block->kind == MARKDOWN_TABLE_BLOCK && i < block->columns; i++)
        buf_byte(&events, "-lcr"[block->align[i]]);
    buf_puts(&events, block->gap ? "^ " : " ");
}

static void on_close(void *arg, enum markdown_kind kind)
{
    (void)arg;
    (void)kind;
    put_style_end();
    buf_byte(&events, ']');
}

static void on_text(void *arg, struct span text, unsigned style)
{
    static const char letters[] = "eskclum";
    (void)arg;
    if (style != last_style) {
        put_style_end();
        if (style)
            buf_byte(&events, '{');
        for (unsigned i = 0; i < 7; i++)
            if (style & 1U << i)
                buf_byte(&events, letters[i]);
        if (style)
            buf_byte(&events, ' ');
        last_style = style;
    }
    buf_span(&events, text);
}

static void on_line_break(void *arg)
{
    (void)arg;
    put_style_end();
    buf_byte(&events, '/');
}

static void on_table_full(void *arg)
{
    (void)arg;
    buf_puts(&events, "[full]");
}

static const struct markdown_sink sink = {on_open,       on_close,      on_text,
                                          on_line_break, on_table_full, NULL};

struct row {
    const char *name;
    struct span text;
    const char *events;
};

#define ROW(name, text, events)                                                                    \
    {                                                                                              \
        name, SPAN(text), events                                                                   \
    }

static const struct row rows[] = {
    ROW("a paragraph of two lines", "one\ntwo  \nthree", "[p one /two   /three]"),
    ROW("paragraphs", "one\n\ntwo", "[p one ][p^ two]"),
    ROW("headings", "# a #\n###### b\n####### c", "[h1 a][h6 b][p ####### c]"),
    ROW("a setext underline is a rule", "a\n===\nb\n---\n", "[p a ][rule ][p b ][rule ]"),
    ROW("a list with a nested one", "- a\n  - b\n- c", "[item [p a ][item [p b ]]][item+ [p c]]"),
    ROW("another list", "- a\n* b\n1. c\n2) d",
        "[item [p a ]][item [p b ]][item1. [p c ]][item2) [p d]]"),
    ROW("an empty line between items", "- a\n\n- b", "[item [p a ]][item+^ [p b]]"),
    ROW("an empty item", "-\n- a", "[item ][item+ [p a]]"),
    ROW("a number with leading zeros interrupts a paragraph", "a\n001. b",
        "[p a ][item001. [p b]]"),
    ROW("a number that interrupts no paragraph", "a\n2. b", "[p a /2. b]"),
    ROW("a quote with a lazy line", "> a\nb", "[quote [p a /b]]"),
    ROW("a quote in an item", "- > a", "[item [quote [p a]]]"),
    ROW("fenced code", "```c\na\n\n b\n```\n", "[code {c a}//{c  b}]"),
    ROW("empty lines before a fence", "~~~\na\n\n~~~", "[code {c a}//]"),
    ROW("code that nothing ends", "```\na\n\n", "[code {c a}]"),
    ROW("indented code", "    a\n\n      b\n\nc", "[code {c a}//{c   b}][p^ c]"),
    ROW("a tab that is cut", "-\t\ta", "[item [code {c   a}]]"),
    ROW("a table", "| a | b |\n|:-:|--:|\n| 1 |\n| 2 | 3 | 4 |\n",
        "[tablecr [row [cell a][cell b]][row [cell 1]][row [cell 2][cell 3]]]"),
    ROW("a table below text", "t\n|a|\n|-|\n", "[p t ][table- [row [cell a]]]"),
    ROW("no table", "|a|\n|b|\n", "[p |a| /|b| ]"),
    ROW("a header without a bar", "a|b\n-|-\n", "[p a|b /-|- ]"),
    ROW("what is in cells", "|a\\|b|`c\\|d`|e<br>f|\n|-|-|-|\n",
        "[table--- [row [cell a|b][cell {cm `}{c c|d}{cm `}][cell e/f]]]"),
    ROW("emphasis", "*a* **b** ***c*** _d_ ~~e~~ ~f~", "[p {e a} {s b} {es c} {e d} {k e} ~f~]"),
    ROW("no emphasis", "2 * 3 * 4 snake_case_name **a", "[p 2 * 3 * 4 snake_case_name **a]"),
    ROW("the rule of three", "*a**b* **c*d**", "[p {e a**b} {s c*d}]"),
    ROW("a symbol is punctuation", "a**\xE2\x82\xAC**b", "[p a**\xE2\x82\xAC**b]"),
    ROW("the longest entities", "&#x0020AC; &#1114111;", "[p \xE2\x82\xAC \xF4\x8F\xBF\xBF]"),
    ROW("code spans", "`a` `` b` `` `c", "[p {cm `}{c a}{cm `} {cm `` }{c b`}{cm  ``} `c]"),
    ROW("code binds tighter", "*a `*` b*", "[p {e a }{ecm `}{ec *}{ecm `}{e  b}]"),
    ROW("a link", "[a *b*](<u v> \"t\")", "[p {l a }{el b}{u  (u v)}]"),
    ROW("the text of a link is its URL", "[http://a](http://a)", "[p {l http://a}]"),
    ROW("no link", "[a] (b) [c]( d [e", "[p [a] (b) [c]( d [e]"),
    ROW("a link ends what is around", "[a [b](c) d](e)", "[p [a {l b}{u  (c)} d](e)]"),
    ROW("an image", "![a *b*](c)", "[p a {e b}{u  (c)}]"),
    ROW("autolinks", "<http://a&amp;b> <a@b.c> <b>", "[p {l http://a&b} {l a@b.c} <b>]"),
    ROW("escapes and entities", "\\*a\\* &lt;&#x41;&copy;&#0; \\a",
        "[p *a* <A&copy;\xEF\xBF\xBD \\a]"),
    ROW("a backslash at the end", "a\\", "[p a\\]"),
    ROW("numeric entities that are too long", "&#12345678; &#xABCDEF0;",
        "[p &#12345678; &#xABCDEF0;]"),
    ROW("a fence with text ends no code", "```\n``` a\n```\n", "[code {c ``` a}]"),
    ROW("delimiters without a dash", "|a|b|\n|-|:|\n", "[p |a|b| /|-|:| ]"),
    ROW("a bar alone is not a header", "|\n|-|\n", "[p | /|-| ]"),
    ROW("line ends", "a\r\nb\rc", "[p a /b\rc]"),
    ROW("NUL", "a\0b",
        "[p a\xEF\xBF\xBD"
        "b]"),
    ROW("ill-formed UTF-8", "a\xE2\x82z \xC3(\xE2\x82", "[p a\xE2\x82z \xC3(\xE2\x82]"),
};

static void feed(struct markdown *m, struct span text, size_t size)
{
    buf_clear(&events);
    last_style = 0;
    for (size_t at = 0; at < text.len; at += size)
        markdown_feed(m, span_make(text.at + at, text.len - at < size ? text.len - at : size));
}

/* Ignores white space next to a line break or the end of a block. */
static void check_events(struct span want, const char *name)
{
    struct span texts[] = {buf_view(&events), want};
    struct buf trimmed[2] = {{0}, {0}};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < texts[k].len; i++) {
            char c = texts[k].at[i];
            struct buf *b = &trimmed[k];
            while ((c == ']' || c == '[' || c == '/' || c == ' ') && b->len &&
                   b->data[b->len - 1] == ' ')
                b->len--;
            buf_byte(b, c);
        }
    }
    check_span(buf_view(&trimmed[0]), buf_view(&trimmed[1]), name);
    buf_release(&trimmed[0]);
    buf_release(&trimmed[1]);
}

static void test_events(void)
{
    struct markdown *m = markdown_new(&sink);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t size = 1; size < 1000; size = size * 3 + 1) {
            feed(m, rows[i].text, size);
            markdown_end(m);
            check_events(span_of(rows[i].events), rows[i].name);
        }
    }
    markdown_free(m);
}

/* Events that are reported before the end of the text is known. */
static const struct row early[] = {
    ROW("a word and a blank", "one ", "[p one "),
    ROW("the beginning of a line", "a\n- ", "[p a "),
    ROW("a line", "a\n", "[p a "),
    ROW("an item", "- a", "[item [p a"),
    ROW("an opener", "a *b c", "[p a "),
    ROW("an opener that was closed", "a *b* c", "[p a {e b} c"),
    ROW("a bracket that is not a link", "[a] b", "[p [a] b"),
    ROW("the target of a link that is none", "[a](b c", "[p [a](b c"),
    ROW("an angle that is not a link", "a <b c", "[p a <b c"),
    ROW("a line with a bar", "|a|", ""),
    ROW("a bar and a line that is text", "|a|\nb", "[p |a| /b"),
    ROW("a header", "|a|\n|-|\n", "[table- [row [cell a]]"),
    ROW("hashes", "# a #", "[h1 a "),
    ROW("code", "```\na", "[code {c a"),
};

static void test_early(void)
{
    struct markdown *m = markdown_new(&sink);
    for (size_t i = 0; i < COUNT(early); i++) {
        feed(m, early[i].text, 1);
        check_events(span_of(early[i].events), early[i].name);
        markdown_end(m);
    }
    markdown_free(m);
}

/* What follows an opener that is given up is parsed anew, also while another one is open. */
static void test_after_bound(void)
{
    static const char want[] = "[p ![{e a} [b";
    struct markdown *m = markdown_new(&sink);
    struct buf text = {0};
    buf_puts(&text, "![*a* [b");
    for (size_t i = 0; i < MARKDOWN_OPENER; i++)
        buf_byte(&text, 'b');
    feed(m, buf_view(&text), 1);
    markdown_end(m);
    check_span(span_make(events.data, strlen(want)), span_of(want), "after the bound");
    buf_release(&text);
    markdown_free(m);
}

/* Appends `count` times the text. */
static void put_repeated(struct buf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_puts(out, text);
}

/* An opener is given up when what closes it ends further away. */
static void test_bound(void)
{
    static const struct {
        const char *before, *after;
        char style; /* the last letter in the events */
    } openers[] = {{"*", "*", 'e'},    {"~~", "~~", 'k'},    {"`", "`", 'm'},    {"<ab:", ">", 'l'},
                   {"[", "](b)", 'l'}, {"[b](<", ">)", 'l'}, {"![", "](b)", 'u'}};
    struct markdown *m = markdown_new(&sink);
    for (size_t k = 0; k < COUNT(openers); k++) {
        size_t before = strlen(openers[k].before), after = strlen(openers[k].after);
        for (size_t fill = MARKDOWN_OPENER - before - after - 2;
             fill <= MARKDOWN_OPENER - before + 2; fill++) {
            struct buf text = {0};
            buf_puts(&text, openers[k].before);
            put_repeated(&text, "a", fill);
            buf_puts(&text, openers[k].after);
            bool closed = text.len <= MARKDOWN_OPENER;
            for (size_t size = 1; size < 10000; size = 20 * size + 1) {
                feed(m, buf_view(&text), size);
                markdown_end(m);
                check((strchr(buf_text(&events), '{') != NULL) == closed, "%s and %zu bytes: %.9s",
                      openers[k].before, fill, events.data);
                check(!closed || strchr(strchr(events.data, '{'), openers[k].style), "%s: %.9s",
                      openers[k].before, events.data);
            }
            text.len -= after;
            feed(m, buf_view(&text), 1);
            check(text.len == MARKDOWN_OPENER || (events.len > 3) == (text.len > MARKDOWN_OPENER),
                  "%s and %zu bytes: %zu", openers[k].before, text.len, events.len);
            markdown_end(m);
            buf_release(&text);
        }
    }
    markdown_free(m);
}

/* A closer that ends at the bound gives up its own bracket. What follows is parsed as elsewhere. */
static void test_bracket_at_bound(void)
{
    static const char *const openers[] = {"[", "!["}, *const closers[] = {"]", "](", "](y)", "] ]"};
    static const char rest[] = " *b* [c](u) ] [d] ![e](v) [f](w)", want[] = " {e b} {l c}";
    struct markdown *m = markdown_new(&sink);
    struct buf text = {0}, after = {0};
    buf_printf(&text, "a%s", rest);
    feed(m, buf_view(&text), text.len);
    markdown_end(m);
    buf_puts(&after, buf_text(&events) + strlen("[p a"));
    check(strncmp(buf_text(&after), want, strlen(want)) == 0, "the rest: %s", after.data);
    for (size_t k = 0; k < COUNT(openers) * COUNT(closers); k++) {
        const char *opener = openers[k % COUNT(openers)], *closer = closers[k / COUNT(openers)];
        for (size_t fill = MARKDOWN_OPENER - 8; fill <= MARKDOWN_OPENER + 2; fill++) {
            buf_clear(&text);
            buf_puts(&text, opener);
            put_repeated(&text, "a", fill);
            buf_puts(&text, closer);
            buf_puts(&text, rest);
            for (size_t size = 1; size < 10000; size = 20 * size + 1) {
                feed(m, buf_view(&text), size);
                markdown_end(m);
                check(events.len > after.len &&
                          strcmp(buf_text(&events) + events.len - after.len, after.data) == 0,
                      "%s, %zu bytes, %s", opener, fill, closer);
            }
        }
    }
    buf_release(&text);
    buf_release(&after);
    markdown_free(m);
}

/* Feeds `count` times the text between two others, cut in several ways. The events must have it
   between two others, too. */
static void check_repeated(struct markdown *m, const char *before, const char *text, size_t count,
                           const char *after, const char *want_before, const char *want_after)
{
    struct buf source = {0}, want = {0};
    buf_puts(&source, before);
    put_repeated(&source, text, count);
    buf_puts(&source, after);
    buf_puts(&want, want_before);
    put_repeated(&want, text, count);
    buf_puts(&want, want_after);
    for (size_t size = 1; size < 200000; size = 40 * size + 1) {
        feed(m, buf_view(&source), size);
        markdown_end(m);
        check_events(buf_view(&want), before);
    }
    buf_release(&source);
    buf_release(&want);
}

/* Runs of equal characters and line starts that are longer than the limits are text. */
static void test_long_runs(void)
{
    struct markdown *m = markdown_new(&sink);
    check_repeated(m, "a", "*", MARKDOWN_OPENER, "b*", "[p a", "b*]");
    check_repeated(m, "a", "`", 80, "b", "[p a", "b]");
    check_repeated(m, "a", "`", 81, "b", "[p a", "b]");
    check_repeated(m, "", "-", MARKDOWN_OPENER, "", "[p ", "]");
    check_repeated(m, "a", "a", MARKDOWN_OPENER - 2, "\xC3\xA9z", "[p a", "\xC3\xA9z]");
    check_repeated(m, "# a ", "#", MARKDOWN_OPENER, " b", "[h1 a ", " b]");
    check_repeated(m, "# a ", "#", MARKDOWN_OPENER + 1, "", "[h1 a ", "]");
    markdown_feed(m, S("# a "));
    feed(m, S("########\n"), 1);
    check_span(buf_view(&events), S("]"), "a closing sequence");
    markdown_end(m);
    markdown_free(m);
}

/* Deeper quotes are text. */
static void test_depth(void)
{
    struct buf text = {0}, want = {0};
    struct markdown *m = markdown_new(&sink);
    put_repeated(&text, ">", MARKDOWN_DEPTH + 2);
    buf_byte(&text, 'a');
    put_repeated(&want, "[quote ", MARKDOWN_DEPTH);
    buf_puts(&want, "[p >>a]");
    put_repeated(&want, "]", MARKDOWN_DEPTH);
    feed(m, buf_view(&text), 1);
    markdown_end(m);
    check_events(buf_view(&want), "quotes");
    markdown_free(m);
    buf_release(&text);
    buf_release(&want);
}

/* What was reported is dropped while openers after it are still open. */
static void test_many_tokens(void)
{
    struct buf source = {0}, want = {0};
    struct markdown *m = markdown_new(&sink);
    put_repeated(&source, "w\n", 300);
    buf_puts(&source, "**p [l *m* _n ~~o");
    size_t cut = source.len;
    buf_puts(&source, "~~ q_](u) r** *s* [t](v)");
    buf_puts(&want, "[p w ");
    put_repeated(&want, "/w ", 299);
    buf_puts(
        &want,
        "/{s p }{sl l }{esl m}{sl  }{esl n }{eskl o}{esl  q}{u  (u)}{s  r} {e s} {l t}{u  (v)}]");
    for (size_t first = 1; first <= cut; first += cut - 1) {
        buf_clear(&events);
        last_style = 0;
        markdown_feed(m, span_make(source.data, first));
        markdown_feed(m, span_make(source.data + first, source.len - first));
        markdown_end(m);
        check_events(buf_view(&want), "many tokens");
    }
    markdown_free(m);
    buf_release(&source);
    buf_release(&want);
}

/* A row beyond the limit is text, from a character that would exceed the limit. */
static void test_long_row(void)
{
    struct markdown *m = markdown_new(&sink);
    check_repeated(m, "|", "\xC3\xA9", MARKDOWN_TABLE / 2 + 10, "|\n|-|\n", "[p |", "| /|-| ]");
    struct buf source = {0}, want = {0};
    buf_puts(&source, "|a|\n|-|\n|");
    buf_puts(&want, "[table- [row [cell a]][row [cell ");
    put_repeated(&source, "\xC3\xA9", MARKDOWN_TABLE / 2 + 10);
    put_repeated(&want, "\xC3\xA9", MARKDOWN_TABLE / 2);
    buf_puts(&want, "]]][p ");
    put_repeated(&want, "\xC3\xA9", 10);
    buf_byte(&want, ']');
    for (size_t size = 1; size < 200000; size = 40 * size + 1) {
        feed(m, buf_view(&source), size);
        markdown_end(m);
        check_events(buf_view(&want), "a row");
    }
    buf_release(&source);
    buf_release(&want);
    markdown_free(m);
}

static void test_table_bound(void)
{
    struct markdown *m = markdown_new(&sink);
    struct buf header = {0};
    /* A character of the header begins before the bound and ends after it. */
    buf_puts(&header, "|a");
    put_repeated(&header, " ", MARKDOWN_TABLE - 3);
    buf_puts(&header, "\u00e9\n|-|\n");
    feed(m, buf_view(&header), header.len);
    check(strstr(buf_text(&events), "full"), "not full after a header of %zu bytes", header.len);
    markdown_end(m);
    buf_release(&header);
    markdown_feed(m, S("|a|\n|-|\n"));
    buf_clear(&events);
    size_t size = 8;
    while (size <= MARKDOWN_TABLE) {
        check(!strstr(buf_text(&events), "full"), "full after %zu bytes", size);
        markdown_feed(m, S("|b|\n"));
        size += 4;
    }
    check(strstr(buf_text(&events), "full"), "not full after %zu bytes", size);
    buf_clear(&events);
    markdown_feed(m, S("|b|\n"));
    check_events(S("[row [cell b]]"), "after the bound");
    markdown_end(m);
    markdown_free(m);
}

int main(void)
{
    unit_case("events", test_events);
    unit_case("events before the end of the text", test_early);
    unit_case("the bound of an opener", test_bound);
    unit_case("a bracket at the bound", test_bracket_at_bound);
    unit_case("what follows the bound", test_after_bound);
    unit_case("long runs of a character", test_long_runs);
    unit_case("the bound of containers", test_depth);
    unit_case("many tokens in one piece", test_many_tokens);
    unit_case("the bound of a row", test_long_row);
    unit_case("the bound of a table", test_table_bound);
    buf_release(&events);
    return unit_status();
}
