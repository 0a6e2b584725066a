/* SPDX-License-Identifier: MIT */
/* How each character of a Markdown text looks, that no cut of the text shows, and that there is
   nothing but colour: without it every byte is there and in its place. */
#include "terminal/markdown.h"

#include "terminal/escape.h"
#include "unit.h"

/* Every sequence there may be, and a letter for how the text behind it looks. */
static const struct {
    struct span sequence;
    char look;
} sequences[] = {
    {SPAN("\033[0m"), '.'},
    {SPAN("\033[0;1;35m"), 'H'},   /* heading */
    {SPAN("\033[0;1;35;1m"), 'H'}, /* and strong */
    {SPAN("\033[0;1;35;3m"), 'h'}, /* and weak */
    {SPAN("\033[0;1;35;1;3m"), 'h'},
    {SPAN("\033[0;1;35;33m"), 'm'}, /* a marker in it */
    {SPAN("\033[0;1;35;36m"), 'c'}, /* code in it */
    {SPAN("\033[0;1m"), 'S'},       /* strong */
    {SPAN("\033[0;3m"), 'E'},       /* weak emphasis */
    {SPAN("\033[0;1;3m"), 'B'},     /* both */
    {SPAN("\033[0;36m"), 'C'},      /* code */
    {SPAN("\033[0;1;36m"), 'D'},    /* in strong */
    {SPAN("\033[0;3;36m"), 'F'},    /* in weak */
    {SPAN("\033[0;1;3;36m"), 'G'},  /* in both */
    {SPAN("\033[0;1;35;1;36m"), 'c'},
    {SPAN("\033[0;1;35;3;36m"), 'c'},
    {SPAN("\033[0;1;35;1;3;36m"), 'c'},
    {SPAN("\033[0;33m"), 'M'}, /* marker */
    {SPAN("\033[0;2m"), 'Q'},  /* of a quote */
};

/* What a terminal makes of it: the bytes, and how each of them looks. */
struct shown {
    struct buf text, looks, out;
    char look;
};

static void release(struct shown *s)
{
    buf_release(&s->text);
    buf_release(&s->looks);
    buf_release(&s->out);
}

/* Whether `s` begins with one of the sequences: how many bytes. */
static size_t sequence_at(struct span s, char *look)
{
    for (size_t i = 0; i < COUNT(sequences); i++) {
        if (span_starts(s, sequences[i].sequence)) {
            *look = sequences[i].look;
            return sequences[i].sequence.len;
        }
    }
    return 0;
}

static void show(struct shown *s, struct span out)
{
    for (size_t i = 0; i < out.len;) {
        size_t skip = sequence_at(span_make(out.at + i, out.len - i), &s->look);
        i += skip;
        if (skip)
            continue;
        buf_byte(&s->text, out.at[i++]);
        buf_byte(&s->looks, s->look);
    }
}

/* Feeds a piece; what comes of it ends in plain style. */
static bool feed(struct shown *s, struct markdown *m, struct span piece, bool harmless)
{
    buf_clear(&s->out);
    markdown_put(m, &s->out, piece, harmless);
    show(s, buf_view(&s->out));
    return check(s->look == '.', "'%.*s' ends in '%c'", (int)piece.len, piece.at, s->look);
}

static void clear(struct shown *s)
{
    buf_clear(&s->text);
    buf_clear(&s->looks);
    s->look = '.';
}

static void begin(struct shown *s, struct markdown *m)
{
    clear(s);
    *m = (struct markdown){0};
}

struct row {
    const char *name;
    struct span text;
    const char *looks;
};

#define ROW(name, text, looks)                                                                     \
    {                                                                                              \
        name, SPAN(text), looks                                                                    \
    }

static const struct row rows[] = {
    /* headings */
    ROW("a heading", "# One\ntwo", "HHHHH...."),
    ROW("six levels", "###### Six", "HHHHHHHHHH"),
    ROW("seven are none", "####### seven", "HHHHHH......."),
    ROW("a heading needs a blank", "#foo\n# \n#\n#\tbar", "H....HH.H.HHHHH"),
    ROW("three columns are a heading's", "   # a\n    # b", "...HHH........"),
    ROW("not within a line", "a # b", "....."),
    ROW("what is in a heading", "## A **b** *c* `d` _e", "HHHHHmmHmmHmhmHcccHmh"),
    ROW("a heading ends what was begun", "*a\n# b\nc", "ME.HHH.."),
    ROW("an empty heading, too", "*a\n#\nb", "ME.H.."),
    ROW("a heading after a carriage return", "# a\r\nb\r\n", "HHHH...."),

    /* emphasis */
    ROW("strong", "a **b** c", "..MMSMM.."),
    ROW("strong of the other kind", "a __b__ c", "..MMSMM.."),
    ROW("weak", "*a* _b_ c", "MEM.MEM.."),
    ROW("both", "***a*** b", "MMMBMMM.."),
    ROW("both, ended one by one", "***a* b** c", "MMMBMSSMM.."),
    ROW("both, the other way", "***a** b* c", "MMMBMMEEM.."),
    ROW("one in the other", "**a *b* c** d", "MMSSMBMSSMM.."),
    ROW("the other in the one", "*a **b** c* d", "MEEMMBMMEEM.."),
    ROW("four at once", "*a **b _c __d e_ f** g* h", "MEEMMBBMBBMMBBBMBBMMEEM.."),
    ROW("half an end ends what is within", "***a _b* c** d", "MMMBBMBMSSMM.."),
    ROW("one mark in the other", "**a _b_ c** d", "MMSSMBMSSMM.."),
    ROW("an end ends what is within", "**a *b** c", "MMSSMBMM.."),
    ROW("no product", "2 * 3 and 2 ** 3", "..M.........MM.."),
    ROW("no product without blanks", "a*b*c 2*3 x**2", ".............."),
    ROW("no name", "snake_case_name a_b_", "...................."),
    ROW("no end within a word", "_a_b_ c", "MEMEM.."),
    ROW("an end before a word", "**a**b *c*d", "MMSMM..MEM."),
    ROW("no beginning after a bracket", "(a)*b* f[i]*c", "............."),
    ROW("no end after a bracket", "*a (*b", "MEEEME"),
    ROW("no beginning before a bracket", "(a *) b", "...M..."),
    ROW("after punctuation", "$**1** :*2* -_3_ \"**4**\"", ".MMSMM..MEM..MEM..MMSMM."),
    ROW("after a quotation mark and a dash",
        "\342\200\234**a**\342\200\235\342\200\224_b_\342\200\224c", "...MMSMM......MEM...."),
    ROW("blanks of Unicode", "a\302\240*b* \342\200\211*b* *c\302\240* d*",
        "...MEM....MEM.MEEEMEEM"),
    ROW("blanks and dashes before another mark",
        "\342\200\200_a_ \342\200\212_a_ \342\200\257_a_ \343\200\200_a_ \342\200\220_a_ "
        "\342\200\277_a_",
        "...MEM....MEM....MEM....MEM....MEM....MEM"),
    ROW("after any other character", "\342\201\200*a* \342\201\200_a_ \303\251*b*",
        "...MEM..........MEM"),
    ROW("languages without blanks", "\344\270\255**\346\226\207**\344\270\255_\346\226\207_",
        "...MMSSSMM........"),
    ROW("a slip before the end", "**a ** b", "MMSSMM.."),
    ROW("four are none", "****a**** b", "MMMM......."),
    ROW("it goes on in the next line", "**a\nb** c", "MMS.SMM.."),
    ROW("a blank line ends it", "**a\n\nb** c", "MMS......."),
    ROW("a line of blanks ends it", "**a\n \t\nb", "MMS....."),
    ROW("an item ends it", "**a\n- b", "MMS.M.."),
    ROW("a row of a table ends it", "| *a | b |\n| c |", "..MEEEEEEE......"),
    ROW("a quote ends it", "*a\n> b *c\n> d\n\n> e", "ME.Q...ME.Q.E..Q.."),
    ROW("at the end of the text", "a **", "..MM"),
    ROW("unlike marks do not match", "*a_ b __c** d", "MEEEEEMMBMMBB"),

    /* spans of code */
    ROW("a span", "a `b` c", "..CCC.."),
    ROW("a longer one", "``a ` b`` c", "CCCCCCCCC.."),
    ROW("a run of another length does not end it", "`a``b` c", "CCCCCC.."),
    ROW("nothing within a span", "`**a** \\` b", "CCCCCCCCC.."),
    ROW("a span in emphasis", "**a `b` c** *d `e`*", "MMSSDDDSSMM.MEEFFFM"),
    ROW("a span goes on in the next line", "`a\nb` c", "CC.CC.."),
    ROW("a blank line ends a span", "`a\n\nb` c", "CC...CCC"),
    ROW("an item ends a span", "`a\n- b` c", "CC.M..CCC"),
    ROW("empty and alone", "a `` b `` c `", "..CCCCCCC...C"),

    /* escapes */
    ROW("escaped marks", "\\*a\\* \\_b\\_ \\`c\\` \\**d*", "....................MEM"),
    ROW("an escaped backslash", "\\\\*a*", "..MEM"),
    ROW("letters are not escaped", "\\a*b* \\ *c*", "........MEM"),
    ROW("the end of a line is not escaped", "a\\\n*b*", "...MEM"),
    ROW("escaped at the beginning", "\\# a\n\\- b\n1\\. c\n\\```", "..........M.......CC"),

    /* lists */
    ROW("bullets", "- a\n+ b\n* c", "M...M...M.."),
    ROW("a bullet needs a blank", "-a\n+b\n-1.5\n+2", "M..M..M....M."),
    ROW("without text", "-\n*\n+\n1.\na", "M.M.M.MM.."),
    ROW("nested", "- a\n  - b\n    * c\n\t+ d\n            - e",
        "M.....M.......M....M...............M.."),
    ROW("not two in a line", "- - a\n* * b\n1. 2. c", "M.....M.M...MM....."),
    ROW("a heading in an item", "- # a\n  # b\n1. ## c", "M.HHH...HHH.MM.HHHH"),
    ROW("numbers", "1. a\n2. b\n3) c", "MM...MM...MM.."),
    ROW("the next number only", "1. a\n3. b\n4. c\n6. d", "MM........MM......."),
    ROW("more digits", "9. a\n10. b\n11. c", ".....MMM...MMM.."),
    ROW("the beginning of the next number", "9. a\n10. b\n1 c\n12 d", ".....MMM...M...M..."),
    ROW("no number", "2024 a\n60% b\n3.5 c\n1.5 d\n1a", "...................MM....M."),
    ROW("nested numbers", "1. a\n   1. b\n   2. c\n2. d\n   1. e\n   3. f",
        "MM......MM......MM...MM......MM.........."),
    ROW("numbers of an item that is over", "1. a\n   1. b\n   2. c\n2. d\n   3. e\n   1. f",
        "MM......MM......MM...MM..............MM.."),
    ROW("numbers far inside",
        "                1. a\n                2. b\n                        3. c",
        "................MM...................MM...........................MM.."),
    ROW("bullets between numbers", "1. a\n- b\n2. c", "MM...M...MM.."),
    ROW("a heading begins numbers anew", "1. a\n# b\n2. c", "MM...HHH....."),
    ROW("too large a number", "1234567890. a", "M............"),
    ROW("a very large one", "999999999. a\n1000000000. b", ".............MMMMMMMMM...."),
    ROW("a star at the beginning", "*a* b\n**c** d\n* e", "MEM...MMSMM...M.."),
    ROW("a star in an item", "- *a* b\n1. **c** d", "M.MEM...MM.MMSMM.."),
    ROW("a star begins an item", "**a\n* b\n* # c", "MMS.M...M.HHH"),
    ROW("no second star", "- * # a\n_ # b", "M.M.....M...."),
    ROW("how deep an item is",
        "- a\n     # b\n      # c\n10. d\n       # e\n        # f\n1. g\n      # h\n       # i",
        "M........HHH...........M............HHH.............MM.........HHH..........."),
    ROW("how deep one without text is", "-\n     # a\n1.\n      # b\n-\n      # c\n1.\n       # d",
        "M......HHH.MM.......HHH.M...........MM..........."),
    ROW("blanks after the marker", "-   a\n*   b\n*\tc", "M.....M.....M.."),

    /* rules */
    ROW("rules", "---\n***\n___\n-----", "MMM.MMM.MMM.MMMMM"),
    ROW("a rule ends what was begun", "*a\n---\nb", "ME.MMM.."),
    ROW("no rule", "-- a\n--- a", "MM...MMM.."),

    /* quotes */
    ROW("a quote", "> a\n>b\n   > c", "Q...Q.....Q.."),
    ROW("how deep a quote is", ">    # a\n>     # b", "Q....HHH.Q........"),
    ROW("quotes in quotes", ">> a\n> > b", "QQ...Q.Q.."),
    ROW("what is in a quote", "> # a\n> - b\n> 1. c\n> *d*\n> ```\n> e\n> ```\n> f",
        "Q.HHH.Q.M...Q.MM...Q.MEM.Q.CCC.Q.C.Q.CCC.Q.."),
    ROW("not within a line", "a > b\n- > c", "......M...."),
    ROW("an empty line of a quote", "> *a\n>\n> b", "Q.ME.Q.Q.."),

    /* blocks of code */
    ROW("a block", "```\na *b*\n```\nc", "CCC.CCCCC.CCC.."),
    ROW("with a name", "```sh title\n# a\n```\nc", "CCCCCCCCCCC.CCC.CCC.."),
    ROW("tildes", "~~~\na ```\n~~~\nb", "..C.CCCCC.CCC.."),
    ROW("tildes with a name", "~~~ sh\na\n~~~\nb\n~~~sh\n#\n~~~", "..CCCC.C.CCC.....CCC.C.CCC"),
    ROW("a longer fence", "````\n```\n````\na", "CCCC.CCC.CCCC.."),
    ROW("the end may be longer", "```\na\n`````\nb", "CCC.C.CCCCC.."),
    ROW("the end has nothing behind it", "```\n``` a\n```  \t\nb", "CCC.CCCCC.CCCCCC.."),
    ROW("not even a letter", "```\n```x\n```\na", "CCC.CCCC.CCC.."),
    ROW("a shorter one with a blank", "````\n``` \n````\na", "CCCC.CCCC.CCCC.."),
    ROW("the end is of the same kind", "```\n~~~\n```\na", "CCC.CCC.CCC.."),
    ROW("three columns", "   ```\n   a\n  ```\nb", "...CCC....C...CCC.."),
    ROW("four columns are no end", "```\n    ```\n```\na", "CCC.....CCC.CCC.."),
    ROW("four columns are no fence", "    ```\na", "....CCC.C"),
    ROW("in an item", "- a\n  ```\n  b\n  ```\n  c", "M.....CCC...C...CCC...."),
    ROW("in an item of an item", "1. a\n   - b\n     ```\n     c\n     ```\n\nd",
        "MM......M........CCC......C......CCC..."),
    ROW("behind the marker", "- ```\n  a\n  ```\nb", "M.CCC...C...CCC.."),
    ROW("blank lines within", "```\na\n\n**b\n\n```\nc", "CCC.C..CCC..CCC.."),
    ROW("no end", "```\na\n\n# b", "CCC.C..CCC"),
    ROW("a span at the beginning of a line", "```a``` b\n``c`` d", "CCCCCCC...CCCCC.."),
    ROW("a longer run within that", "```a````b``` c", "CCCCCCCCCCCC.."),
    ROW("a span ends at the beginning of a line", "a ```b\nc\n``` d", "..CCCC.C.CCC.."),
    ROW("a fence ends a span", "a `b\n```\nc\n```\nd", "..CC.CCC.C.CCC.."),
    ROW("a fence ends emphasis", "**a\n```\nb\n```\nc", "MMS.DDD.C.CCC.."),
    ROW("one and two tildes", "~5 ~~a~~ ~\n~~b~~", "................"),
    ROW("in a quote", "> ```\n> a\n```\nb\n```\nc", "Q.CCC.Q.C.CCC.C.CCC.."),
    ROW("a quote ends", "> ```\n> a\nb", "Q.CCC.Q.C.."),
    ROW("a quote ends with an empty line", "> ```\n> a\n\nb", "Q.CCC.Q.C..."),
    ROW("more in the code of a quote", "> ```\n> > a\n> ```\n> b", "Q.CCC.Q.CCC.Q.CCC.Q.."),

    /* characters */
    ROW("wide characters", "**\303\274** `\342\202\254` *\360\237\223\210*", "MMSSMM.CCCCC.MEEEEM"),
};

static bool check_shown(const struct shown *s, struct span text, const char *looks,
                        const char *name)
{
    return check_span(buf_view(&s->text), text, name) &&
           check_span(buf_view(&s->looks), span_of(looks), name);
}

static void each_row(void)
{
    struct shown s = {.look = '.'};
    struct markdown m;
    for (size_t i = 0; i < COUNT(rows); i++) {
        begin(&s, &m);
        feed(&s, &m, rows[i].text, false);
        check_shown(&s, rows[i].text, rows[i].looks, rows[i].name);
    }
    release(&s);
}

static void each_row_byte_by_byte(void)
{
    struct shown s = {.look = '.'};
    struct markdown m;
    for (size_t i = 0; i < COUNT(rows); i++) {
        begin(&s, &m);
        for (size_t at = 0; at < rows[i].text.len; at++)
            feed(&s, &m, span_make(rows[i].text.at + at, 1), false);
        check_shown(&s, rows[i].text, rows[i].looks, rows[i].name);
    }
    release(&s);
}

static void check_cuts(struct shown *s, const struct row *row)
{
    struct markdown m;
    const char *text = row->text.at;
    size_t len = row->text.len;
    for (size_t one = 0; one <= len; one++) {
        for (size_t two = one; two <= len; two++) {
            begin(s, &m);
            feed(s, &m, span_make(text, one), false);
            feed(s, &m, span_make(text + one, two - one), false);
            feed(s, &m, span_make(text + two, len - two), false);
            if (!check_shown(s, row->text, row->looks, row->name))
                return;
        }
    }
}

static void each_row_in_three(void)
{
    struct shown s = {.look = '.'};
    for (size_t i = 0; i < COUNT(rows); i++)
        check_cuts(&s, &rows[i]);
    release(&s);
}

/* One row after another, a heading of its own between them: none is seen in the next. */
static void all_rows(void)
{
    struct shown s = {.look = '.'};
    struct markdown m;
    begin(&s, &m);
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* A block of code has no other end, and what is behind it is not a row any more. */
        if (m.fence)
            begin(&s, &m);
        feed(&s, &m, S("\n\nx\n# \n\n"), false);
        clear(&s);
        feed(&s, &m, rows[i].text, false);
        check_shown(&s, rows[i].text, rows[i].looks, rows[i].name);
    }
    release(&s);
}

/* Texts that nobody would write. */

static const struct span scraps[] = {
    SPAN("*"),
    SPAN("**"),
    SPAN("***"),
    SPAN("_"),
    SPAN("__"),
    SPAN("`"),
    SPAN("``"),
    SPAN("```"),
    SPAN("~~~"),
    SPAN("#"),
    SPAN("## "),
    SPAN("- "),
    SPAN("+ "),
    SPAN("-"),
    SPAN("1. "),
    SPAN("2) "),
    SPAN("10"),
    SPAN("> "),
    SPAN(">"),
    SPAN("|"),
    SPAN("\\"),
    SPAN(" "),
    SPAN("    "),
    SPAN("\t"),
    SPAN("\n"),
    SPAN("\n\n"),
    SPAN("\r\n"),
    SPAN("a"),
    SPAN("word"),
    SPAN("("),
    SPAN(")"),
    SPAN("."),
    SPAN("\0"),
    SPAN("\xC3\xA9"),
    SPAN("\xE2\x80\x94"),
    SPAN("\x7F"),
    SPAN("\xC2\xA0"),
    SPAN("\xF0\x9F\x93\x88"),
    /* From here on not for a raw text that is to be told from its colours. */
    SPAN("\033"),
    SPAN("\033["),
    SPAN("\033[0m"),
    SPAN("\033[0;1m"),
    SPAN("\xC2\x9B"),
    SPAN("0;36m"),
    SPAN("\xE2\x80\xAE"),
    SPAN("\b"),
};

enum { HOSTILE = 8, SCRAPS = 40, ROUNDS = 10000 };

/* A text of scraps; *ends gets where each ends. */
static size_t write_scraps(struct buf *text, size_t *ends, uint32_t kinds)
{
    size_t count = any(SCRAPS) + 1;
    buf_clear(text);
    for (size_t i = 0; i < count; i++) {
        buf_span(text, scraps[any(kinds)]);
        ends[i] = text->len;
    }
    return count;
}

static void any_text(void)
{
    struct shown whole = {.look = '.'}, pieces = {.look = '.'};
    struct buf text = {0};
    struct markdown m;
    size_t ends[SCRAPS];
    for (int round = 0; round < ROUNDS; round++) {
        write_scraps(&text, ends, COUNT(scraps) - HOSTILE);
        begin(&whole, &m);
        feed(&whole, &m, buf_view(&text), false);
        begin(&pieces, &m);
        for (size_t at = 0, step; at < text.len; at += step) {
            step = round % 2 ? 1 : any(9) + 1;
            step = step < text.len - at ? step : text.len - at;
            feed(&pieces, &m, span_make(text.data + at, step), false);
        }
        if (!check_span(buf_view(&whole.text), buf_view(&text), "text") ||
            !check_span(buf_view(&pieces.text), buf_view(&text), "text in pieces") ||
            !check_span(buf_view(&pieces.looks), buf_view(&whole.looks), buf_text(&text)))
            break;
    }
    release(&whole);
    release(&pieces);
    buf_release(&text);
}

/* On a terminal: without colours it is what there is without highlighting, and the sequences are
   the only ones. */
static bool check_harmless(const struct shown *s, struct span want)
{
    return check_span(buf_view(&s->text), want, "harmless text") &&
           check(s->text.len == 0 || !memchr(s->text.data, '\033', s->text.len),
                 "an escape of the text's own gets out");
}

static void hostile_text(void)
{
    struct shown whole = {.look = '.'}, pieces = {.look = '.'};
    struct buf text = {0}, want = {0};
    struct markdown m;
    size_t ends[SCRAPS];
    for (int round = 0; round < ROUNDS; round++) {
        size_t count = write_scraps(&text, ends, COUNT(scraps));
        buf_clear(&want);
        escape_put(&want, buf_view(&text));
        begin(&whole, &m);
        feed(&whole, &m, buf_view(&text), true);
        begin(&pieces, &m);
        for (size_t i = 0, at = 0; i < count; at = ends[i++])
            feed(&pieces, &m, span_make(text.data + at, ends[i] - at), true);
        if (!check_harmless(&whole, buf_view(&want)) || !check_harmless(&pieces, buf_view(&want)) ||
            !check_span(buf_view(&pieces.looks), buf_view(&whole.looks), "looks"))
            break;
    }
    release(&whole);
    release(&pieces);
    buf_release(&text);
    buf_release(&want);
}

/* Bytes that are no text at all. */
static void any_bytes(void)
{
    static const char markers[] = "*_`~#>-1. \n\\";
    struct shown s = {.look = '.'};
    struct buf want = {0};
    struct markdown m;
    char bytes[48];
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = any(sizeof bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)(any(2) ? (uint32_t)markers[any(sizeof markers - 1)] : any(256));
        buf_clear(&want);
        escape_put(&want, span_make(bytes, len));
        begin(&s, &m);
        feed(&s, &m, span_make(bytes, len), true);
        if (!check_harmless(&s, buf_view(&want)))
            break;
    }
    release(&s);
    buf_release(&want);
}

/* In a pipe the bytes are left alone, whatever they are. */
static void raw_bytes(void)
{
    struct markdown m = {0};
    struct buf out = {0};
    markdown_put(&m, &out, S("\033[31m *a\x9B\xFF\0b* \b"), false);
    check_span(buf_view(&out), S("\033[31m \033[0;33m*\033[0;3ma\x9B\xFF\0b\033[0;33m*\033[0m \b"),
               "raw");
    buf_release(&out);
}

static void nothing_at_all(void)
{
    struct markdown m = {0};
    struct buf out = {0};
    markdown_put(&m, &out, span_make(NULL, 0), false);
    markdown_put(&m, &out, span_make(NULL, 0), true);
    markdown_put(&m, &out, S("plain text, plain 5.5 text\n\n"), true);
    check_span(buf_view(&out), S("plain text, plain 5.5 text\n\n"), "plain");
    buf_release(&out);
}

/* What goes on for ever, on one line: nothing grows but the output, and a blank line is the end. */
static void without_end(void)
{
    static const struct span endless[] = {
        SPAN("*"),   SPAN("_"),   SPAN("`"),    SPAN("#"),  SPAN(">"),   SPAN("-"),   SPAN("1"),
        SPAN("~"),   SPAN(" "),   SPAN("\t"),   SPAN("\\"), SPAN("* "),  SPAN("> "),  SPAN("- "),
        SPAN("**a"), SPAN(" *a"), SPAN(" _*b"), SPAN("`a"), SPAN("``a"), SPAN("1. "), SPAN("|"),
    };
    enum { TIMES = 100000, LONGEST = 16 };
    struct shown s = {.look = '.'};
    struct buf text = {0}, out = {0};
    check(sizeof(struct markdown) <= 256, "it takes %zu bytes", sizeof(struct markdown));
    for (size_t i = 0; i < COUNT(endless); i++) {
        struct markdown m = {0};
        buf_clear(&text);
        buf_clear(&out);
        buf_puts(&text, "a ");
        while (text.len < TIMES)
            buf_span(&text, endless[i]);
        markdown_put(&m, &out, buf_view(&text), false);
        check(out.len <= text.len * LONGEST, "%zu bytes of '%s' became %zu", text.len,
              endless[i].at, out.len);
        clear(&s);
        feed(&s, &m, S("\n\nplain"), false);
        check_span(buf_view(&s.looks), S("......."), endless[i].at);
    }
    buf_release(&text);
    buf_release(&out);
    release(&s);
}

/* At the beginning of lines, too. */
static void lines_without_end(void)
{
    static const struct span endless[] = {
        SPAN("*"), SPAN("_"),  SPAN("#"), SPAN(">"), SPAN("-"),  SPAN("1"),
        SPAN(" "), SPAN("\t"), SPAN("+"), SPAN("|"), SPAN("> "), SPAN("9"),
    };
    enum { TIMES = 100000 };
    struct shown s = {.look = '.'};
    struct buf text = {0}, out = {0};
    for (size_t i = 0; i < COUNT(endless); i++) {
        struct markdown m = {0};
        buf_clear(&text);
        buf_clear(&out);
        while (text.len < TIMES)
            buf_span(&text, endless[i]);
        markdown_put(&m, &out, buf_view(&text), false);
        clear(&s);
        feed(&s, &m, S("\n\nplain\n- a\n"), false);
        check_span(buf_view(&s.looks), S("........M..."), endless[i].at);
    }
    buf_release(&text);
    buf_release(&out);
    release(&s);
}

static void plain_again(void)
{
    struct markdown m = {0};
    struct buf out = {0};
    markdown_put(&m, &out, S("plain\n"), true);
    markdown_plain(&m, &out);
    check_span(buf_view(&out), S("plain\n"), "nothing to take back");
    buf_clear(&out);
    markdown_put(&m, &out, S("`a\n\nb"), true);
    markdown_plain(&m, &out);
    check_span(buf_view(&out), S("\033[0;36m`a\033[0m\n\nb\033[0m"), "taken back");
    buf_release(&out);
}

int main(void)
{
    unit_case("nothing at all", nothing_at_all);
    unit_case("how each text looks", each_row);
    unit_case("byte by byte", each_row_byte_by_byte);
    unit_case("in three pieces, cut anywhere", each_row_in_three);
    unit_case("one text after another", all_rows);
    unit_case("any text in any pieces", any_text);
    unit_case("hostile text on a terminal", hostile_text);
    unit_case("any bytes on a terminal", any_bytes);
    unit_case("any bytes in a pipe", raw_bytes);
    unit_case("markers without end", without_end);
    unit_case("beginnings of lines without end", lines_without_end);
    unit_case("plain again", plain_again);
    return unit_status();
}
