/* SPDX-License-Identifier: MIT */
/* The layout without Markdown: what it makes of events at a width. */
#include "terminal/layout.h"

#include "unit.h"

static unsigned width;
static struct buf out;
static struct layout *layout;
static const struct markdown_sink *sink;

static unsigned columns(void *arg)
{
    (void)arg;
    return width;
}

static void begin(unsigned wide, bool color, bool ascii)
{
    width = wide;
    buf_clear(&out);
    layout = layout_new(
        &out, (struct layout_options){.columns = columns, .color = color, .ascii = ascii});
    sink = layout_sink(layout);
}

static void expect(const char *want)
{
    layout_end(layout, true);
    check_span(buf_view(&out), span_of(want), "layout");
    layout_free(layout);
}

static void open_block(enum markdown_kind kind, bool gap)
{
    struct markdown_block block = {.kind = kind, .gap = gap, .level = 2};
    sink->open(sink->arg, &block);
}

static void close_block(enum markdown_kind kind)
{
    sink->close(sink->arg, kind);
}

static void text(const char *words, unsigned style)
{
    sink->text(sink->arg, span_of(words), style);
}

static void paragraph(const char *words)
{
    open_block(MARKDOWN_PARAGRAPH, false);
    text(words, 0);
    close_block(MARKDOWN_PARAGRAPH);
}

static void test_wrapping(void)
{
    begin(20, false, false);
    paragraph("one two three four five six");
    paragraph("aaaaaaaaaaaaaaaaaaaaaaaaa b");
    paragraph("see https://example.com/long/path now");
    expect("one two three four\nfive six\n\naaaaaaaaaaaaaaaaaaaa\naaaaa b\n\nsee\n"
           "https://example.com/long/path\nnow\n");
    begin(20, false, false);
    /* Wide characters, a joined emoji, a combining mark. */
    paragraph("ab \xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8"
              "\xAD\xE4\xB8\xAD\xE4\xB8\xAD");
    paragraph("0123456789abcdefghie\xCC\x81 x");
    expect("ab \xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD\xE4\xB8\xAD"
           "\xE4\xB8\xAD\n\xE4\xB8\xAD\n\n0123456789abcdefghie\xCC\x81\nx\n");
}

static void test_boxes(void)
{
    begin(20, false, true);
    open_block(MARKDOWN_QUOTE, false);
    open_block(MARKDOWN_ITEM, false);
    paragraph("one two three four five");
    open_block(MARKDOWN_CODE_BLOCK, false);
    text("  code \t", MARKDOWN_CODE);
    sink->line_break(sink->arg);
    sink->line_break(sink->arg);
    text("\tx", MARKDOWN_CODE);
    close_block(MARKDOWN_CODE_BLOCK);
    close_block(MARKDOWN_ITEM);
    paragraph("p");
    close_block(MARKDOWN_QUOTE);
    open_block(MARKDOWN_ITEM, false);
    close_block(MARKDOWN_ITEM);
    expect("| * one two three\n|   four five\n|       code\n|\n|     \tx\n|\n| p\n\n*\n");
}

/* A container that has nothing to show still has its bar or mark, also around an empty block. */
static void test_empty_boxes(void)
{
    begin(20, false, true);
    open_block(MARKDOWN_QUOTE, false);
    open_block(MARKDOWN_CODE_BLOCK, false);
    close_block(MARKDOWN_CODE_BLOCK);
    close_block(MARKDOWN_QUOTE);
    open_block(MARKDOWN_ITEM, false);
    open_block(MARKDOWN_QUOTE, false);
    open_block(MARKDOWN_CODE_BLOCK, false);
    close_block(MARKDOWN_CODE_BLOCK);
    close_block(MARKDOWN_QUOTE);
    close_block(MARKDOWN_ITEM);
    open_block(MARKDOWN_ITEM, false);
    open_block(MARKDOWN_CODE_BLOCK, false);
    close_block(MARKDOWN_CODE_BLOCK);
    paragraph("text");
    close_block(MARKDOWN_ITEM);
    expect("|\n\n* |\n\n* text\n");
}

static void row(const char *const *cells, size_t count)
{
    open_block(MARKDOWN_ROW, false);
    for (size_t i = 0; i < count; i++) {
        open_block(MARKDOWN_CELL, false);
        text(cells[i], 0);
        close_block(MARKDOWN_CELL);
    }
    close_block(MARKDOWN_ROW);
}

static void nest_items(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        open_block(MARKDOWN_ITEM, false);
}

/* The marks of items on one line wrap, too, and the text goes below marks that leave no room. */
static void test_many_marks(void)
{
    begin(20, false, true);
    nest_items(9);
    paragraph("a bb");
    expect("* * * * * * * * * a\n          bb\n");
    begin(20, false, true);
    nest_items(9);
    paragraph("word");
    expect("* * * * * * * * *\n          word\n");
    begin(20, false, true);
    nest_items(12);
    paragraph("a bb");
    expect("* * * * * * * * * *\n* *       a bb\n");
    /* The lines of a table begin in the same column. */
    static const unsigned char align[] = {MARKDOWN_LEFT};
    static const char *const header[] = {"a"};
    begin(20, false, true);
    nest_items(6);
    struct markdown_block block = {.kind = MARKDOWN_TABLE_BLOCK, .columns = 1, .align = align};
    sink->open(sink->arg, &block);
    row(header, 1);
    close_block(MARKDOWN_TABLE_BLOCK);
    expect("* * * * * *\n          a\n          -\n");
    begin(20, false, true);
    nest_items(10);
    open_block(MARKDOWN_RULE, false);
    close_block(MARKDOWN_RULE);
    expect("* * * * * * * * * *\n          ----------\n");
    begin(20, false, true);
    nest_items(2);
    for (unsigned i = 0; i < 4; i++)
        open_block(MARKDOWN_QUOTE, false);
    paragraph("a word longer");
    expect("* * | | | | a word\n  | | | | longer\n");
}

static void test_styles(void)
{
    begin(20, true, true);
    open_block(MARKDOWN_HEADING, false);
    text("a ", 0);
    text("b", MARKDOWN_CODE);
    close_block(MARKDOWN_HEADING);
    expect("\033[0;1ma \033[0;1;35mb\033[0m\n");
    begin(20, false, true);
    open_block(MARKDOWN_HEADING, false);
    text("a ", 0);
    text("`", MARKDOWN_CODE | MARKDOWN_MARK);
    text("b", MARKDOWN_CODE);
    text("`", MARKDOWN_CODE | MARKDOWN_MARK);
    close_block(MARKDOWN_HEADING);
    expect("## a `b`\n");
}

static void table(unsigned wide)
{
    static const char *const header[] = {"aaaaaaaa", "b", "cccc cccc"};
    static const char *const one[] = {"1 2 3 4 5 6", "22", "x"};
    static const char *const two[] = {"3"};
    static const unsigned char align[] = {MARKDOWN_LEFT, MARKDOWN_RIGHT, MARKDOWN_CENTER};
    begin(wide, false, true);
    struct markdown_block block = {.kind = MARKDOWN_TABLE_BLOCK, .columns = 3, .align = align};
    sink->open(sink->arg, &block);
    row(header, 3);
    check_int(layout_table_rows(layout), 0, "rows");
    row(one, 3);
    row(two, 1);
    check_int(layout_table_rows(layout), 2, "rows");
    close_block(MARKDOWN_TABLE_BLOCK);
    check_int(layout_table_rows(layout), -1, "rows");
}

static void test_tables(void)
{
    table(80);
    expect("aaaaaaaa      b  cccc cccc\n--------------------------\n1 2 3 4 5 6  22      x\n3\n");
    /* The widest column, the leftmost of equals, is narrower first. */
    table(24);
    expect("aaaaaaaa    b  cccc cccc\n------------------------\n1 2 3 4 5  22      x\n6\n3\n");
    table(22);
    expect("aaaaaaaa   b    cccc\n                cccc\n----------------------\n"
           "1 2 3 4   22     x\n5 6\n3\n");
    table(21);
    expect("aaaaaaaa: 1 2 3 4 5 6\nb: 22\ncccc cccc: x\n\naaaaaaaa: 3\n");
}

static void begin_table(unsigned count)
{
    static const unsigned char align[2] = {MARKDOWN_LEFT, MARKDOWN_LEFT};
    struct markdown_block block = {.kind = MARKDOWN_TABLE_BLOCK, .columns = count, .align = align};
    sink->open(sink->arg, &block);
}

/* A cell with <br>. */
static void broken_cell(const char *one, const char *two)
{
    open_block(MARKDOWN_CELL, false);
    text(one, 0);
    sink->line_break(sink->arg);
    text(two, 0);
    close_block(MARKDOWN_CELL);
}

/* <br> breaks the line of a record, too; it is a blank in its header. */
static void test_breaks_in_records(void)
{
    begin(20, false, true);
    begin_table(2);
    open_block(MARKDOWN_ROW, false);
    broken_cell("aaaaaaaa", "aaaaaaaaaaaaaaaa");
    broken_cell("", "bbbbbb");
    close_block(MARKDOWN_ROW);
    open_block(MARKDOWN_ROW, false);
    broken_cell("one", "two");
    broken_cell("one", "two");
    close_block(MARKDOWN_ROW);
    close_block(MARKDOWN_TABLE_BLOCK);
    expect("aaaaaaaa\naaaaaaaaaaaaaaaa:\none\ntwo\nbbbbbb: one\ntwo\n");
}

/* A value without a header has no label. An empty value is left out with its header. */
static void test_empty_cells_of_records(void)
{
    static const char *const header[] = {"", "bbbbbbbbbbbb"}, *const one[] = {"aaaaaaaaaa", ""},
                             *const two[] = {" ", "b"};
    begin(20, false, true);
    begin_table(2);
    row(header, 2);
    row(one, 2);
    row(two, 2);
    close_block(MARKDOWN_TABLE_BLOCK);
    expect("aaaaaaaaaa\n\nbbbbbbbbbbbb: b\n");
}

/* The gaps alone are wider than the line: a table of empty cells shows nothing. */
static void test_empty_table(void)
{
    enum { COLUMNS = 12 };
    static const unsigned char align[COLUMNS] = {0};
    static const char *const cells[COLUMNS] = {"", "", "", "", "", "", "", "", "", "", "", ""};
    static const unsigned widths[] = {21, 22};
    for (unsigned i = 0; i < COUNT(widths); i++) {
        begin(widths[i], false, true);
        paragraph("p");
        struct markdown_block block = {
            .kind = MARKDOWN_TABLE_BLOCK, .columns = COLUMNS, .align = align};
        sink->open(sink->arg, &block);
        row(cells, COLUMNS);
        row(cells, 1);
        row(cells, COLUMNS);
        close_block(MARKDOWN_TABLE_BLOCK);
        paragraph("q");
        expect(widths[i] == 21 ? "p\n\nq\n" : "p\n\n\n----------------------\n\n\n\nq\n");
    }
}

/* The columns keep their widths, in which longer words are split. */
static void test_full_table(void)
{
    static const char *const header[] = {"aaaa", "bb"}, *const one[] = {"1", "2"},
                             *const two[] = {"x  yyyyyyyyyy zz", "\xE4\xB8\xAD\xE4\xB8\xAD"};
    begin(20, false, true);
    begin_table(2);
    row(header, 2);
    row(one, 2);
    check_int(layout_table_rows(layout), 1, "rows");
    sink->table_full(sink->arg);
    check_span(buf_view(&out), S("aaaa  bb\n--------\n1     2"), "a full table");
    check_int(layout_table_rows(layout), -1, "rows");
    buf_clear(&out);
    row(two, 2);
    row(one, 2);
    close_block(MARKDOWN_TABLE_BLOCK);
    paragraph("p");
    expect("\nx     \xE4\xB8\xAD\nyyyy  \xE4\xB8\xAD\nyyyy\nyy\nzz\n1     2\n\np\n");
}

static void test_many_rows(void)
{
    static const char *const header[] = {"a", "b"}, *const cells[] = {"1", "2"};
    struct buf want = {0};
    begin(20, false, true);
    begin_table(2);
    row(header, 2);
    buf_puts(&want, "a  b\n----\n");
    for (unsigned i = 0; i < 200; i++) {
        row(cells, 2);
        buf_puts(&want, "1  2\n");
    }
    close_block(MARKDOWN_TABLE_BLOCK);
    expect(buf_text(&want));
    buf_release(&want);
}

static void test_suspension(void)
{
    begin(20, true, true);
    open_block(MARKDOWN_ITEM, false);
    open_block(MARKDOWN_PARAGRAPH, false);
    text("one tw", MARKDOWN_STRONG);
    layout_suspend(layout);
    check_span(buf_view(&out), S("\033[0;2m*\033[0m \033[0;1mone tw\033[0m"), "suspended");
    buf_clear(&out);
    text("o", 0);
    close_block(MARKDOWN_PARAGRAPH);
    close_block(MARKDOWN_ITEM);
    expect("  o\n");
    /* The line that was interrupted was the first one, and ends here. */
    begin(20, false, true);
    open_block(MARKDOWN_PARAGRAPH, false);
    text("one", 0);
    layout_suspend(layout);
    buf_clear(&out);
    close_block(MARKDOWN_PARAGRAPH);
    paragraph("two");
    expect("\ntwo\n");
    /* A line of code that is interrupted twice, after its end, is not followed by an empty line. */
    begin(20, false, true);
    open_block(MARKDOWN_ITEM, false);
    open_block(MARKDOWN_CODE_BLOCK, false);
    text("one", 0);
    layout_suspend(layout);
    layout_suspend(layout);
    buf_clear(&out);
    sink->line_break(sink->arg);
    text("two", 0);
    layout_suspend(layout);
    layout_suspend(layout);
    check_span(buf_view(&out), S("    two"), "suspended");
    buf_clear(&out);
    sink->line_break(sink->arg);
    sink->line_break(sink->arg);
    text("three", 0);
    close_block(MARKDOWN_CODE_BLOCK);
    close_block(MARKDOWN_ITEM);
    expect("\n    three\n");
    /* It does not continue in the next block, whose first line is empty. */
    begin(20, false, true);
    paragraph("one");
    open_block(MARKDOWN_CODE_BLOCK, false);
    text("two", 0);
    layout_suspend(layout);
    buf_clear(&out);
    close_block(MARKDOWN_CODE_BLOCK);
    open_block(MARKDOWN_CODE_BLOCK, false);
    sink->line_break(sink->arg);
    text("three", 0);
    close_block(MARKDOWN_CODE_BLOCK);
    expect("\n\n  three\n");
    /* The interrupted line does not continue in the next text. */
    begin(20, false, true);
    paragraph("one");
    open_block(MARKDOWN_PARAGRAPH, false);
    text("two", 0);
    layout_suspend(layout);
    close_block(MARKDOWN_PARAGRAPH);
    buf_clear(&out);
    layout_reset(layout, &out);
    open_block(MARKDOWN_CODE_BLOCK, false);
    sink->line_break(sink->arg);
    text("three", 0);
    close_block(MARKDOWN_CODE_BLOCK);
    expect("\n  three\n");
    /* The empty line before a table is written with the table. */
    static const unsigned char align[] = {MARKDOWN_LEFT};
    static const char *const header[] = {"a"};
    begin(20, false, true);
    paragraph("one");
    struct markdown_block block = {.kind = MARKDOWN_TABLE_BLOCK, .columns = 1, .align = align};
    sink->open(sink->arg, &block);
    row(header, 1);
    layout_suspend(layout);
    check_span(buf_view(&out), S("one\n"), "suspended");
    buf_clear(&out);
    close_block(MARKDOWN_TABLE_BLOCK);
    expect("\na\n-\n");
}

static void put_repeated(struct buf *to, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_puts(to, bytes);
}

/* What is held does not grow with the text. */
static void test_limits(void)
{
    enum { COUNT = 100000, BLANKS = 4096 };
    struct buf marks = {0}, zero = {0}, blanks = {0}, want = {0};
    put_repeated(&marks, "\xCC\x81", COUNT);
    put_repeated(&zero, "\xE2\x80\x8B", COUNT);
    put_repeated(&blanks, " \t", COUNT);
    /* A word with zero-width characters: the line does not break before or between them. */
    begin(20, false, false);
    open_block(MARKDOWN_PARAGRAPH, false);
    text("one tw", 0);
    text(buf_text(&marks), 0);
    check(out.len + 70000 > marks.len, "%zu of %zu bytes written", out.len, marks.len);
    text("o three four five", 0);
    close_block(MARKDOWN_PARAGRAPH);
    buf_puts(&want, "one tw");
    buf_span(&want, buf_view(&marks));
    buf_puts(&want, "o three four\nfive\n");
    expect(buf_text(&want));
    /* A word that has nothing else. */
    begin(20, false, false);
    paragraph(buf_text(&zero));
    buf_clear(&want);
    buf_span(&want, buf_view(&zero));
    buf_puts(&want, "\n");
    expect(buf_text(&want));
    /* Blanks in code are shortened, those at the end of the line left out. */
    begin(20, false, false);
    open_block(MARKDOWN_CODE_BLOCK, false);
    text("a", MARKDOWN_CODE);
    text(buf_text(&blanks), MARKDOWN_CODE);
    text("b", MARKDOWN_CODE);
    text(buf_text(&blanks), MARKDOWN_CODE);
    close_block(MARKDOWN_CODE_BLOCK);
    buf_clear(&want);
    buf_puts(&want, "  a");
    buf_append(&want, blanks.data, BLANKS);
    buf_puts(&want, "b\n");
    expect(buf_text(&want));
    buf_release(&marks);
    buf_release(&zero);
    buf_release(&blanks);
    buf_release(&want);
}

static void test_escapes(void)
{
    begin(20, false, true);
    paragraph("a\033[1m \xE2\x80\xAE \xE2\x80\x8E\xFF");
    expect("a^[[1m \\u{202e}\n\xE2\x80\x8E\\x{ff}\n");
}

int main(void)
{
    unit_case("wrapping", test_wrapping);
    unit_case("boxes", test_boxes);
    unit_case("empty boxes", test_empty_boxes);
    unit_case("many marks", test_many_marks);
    unit_case("styles", test_styles);
    unit_case("tables", test_tables);
    unit_case("breaks in records", test_breaks_in_records);
    unit_case("empty cells of records", test_empty_cells_of_records);
    unit_case("a table of empty cells", test_empty_table);
    unit_case("a full table", test_full_table);
    unit_case("a table of many rows", test_many_rows);
    unit_case("suspension", test_suspension);
    unit_case("limits", test_limits);
    unit_case("escapes", test_escapes);
    buf_release(&out);
    return unit_status();
}
