/* SPDX-License-Identifier: MIT */
#include "terminal/layout.h"

#include "core/utf8.h"
#include "core/width.h"
#include "core/xmalloc.h"
#include "terminal/escape.h"
#include "terminal/grid.h"
#include "terminal/pen.h"

#include <stdlib.h>

enum {
    LEAST_TEXT = 10,
    LONGEST_RULE = 80,
    CODE_INDENT = 2,
    /* Bytes between two characters of a line of code. Further blanks are dropped. */
    CODE_BLANKS = 4096,
    /* Bytes of a word that is held. The widest terminal has room for fewer, unless many of them are
       zero-width characters. */
    LONGEST_WORD = 65536
};

/* A quote or an item that is open. */
struct box {
    enum markdown_kind kind;
    unsigned indent; /* columns */
    struct buf mark; /* of an item: the text before its first line */
    bool shown;      /* its bar or mark was written */
    bool filled;     /* it has a child */
};

/* A change of style within the word. */
struct style_change {
    size_t at;
    unsigned style;
};

struct layout {
    struct markdown_sink sink;
    struct layout_options options;
    struct pen pen;
    struct box boxes[MARKDOWN_DEPTH + 1]; /* the first is the document */
    unsigned depth;

    /* Between blocks. */
    bool written;       /* there is a line already */
    bool gap;           /* an empty line comes before the next one */
    unsigned gap_depth; /* with the bars of so many boxes */

    /* The line. */
    bool open;    /* it was begun */
    bool pending; /* the previous line needs a newline before the next one */
    bool empty;   /* only bars and marks were written to it */
    bool resumes; /* it continues one that layout_suspend interrupted */
    unsigned columns, column;
    unsigned blanks, blank_style; /* not written yet */

    /* The word. */
    struct buf word;
    struct style_change *changes;
    unsigned change_count, change_capacity;
    struct width width;
    unsigned word_columns;
    size_t last_character; /* where in `word` its last character begins, */
    unsigned last_columns; /* and the columns of that */
    bool adjoins;          /* a character was written which zero-width ones may follow */
    bool direct;           /* it is a URL longer than a line: written as it arrives, not split */

    /* The block. */
    bool in_code, in_table, in_cell;
    struct buf code_blanks; /* before the next character of a line of code */
    unsigned base;          /* style of the block */
    struct grid grid;
};

/* Lines. */

static unsigned boxes_width(const struct layout *l)
{
    unsigned width = 0;
    for (unsigned i = 1; i <= l->depth; i++)
        width += l->boxes[i].indent;
    return width;
}

/* The indent to omit, outermost boxes first, so that LEAST_TEXT columns are left for the text. */
static unsigned excess_columns(const struct layout *l, unsigned columns)
{
    unsigned width = boxes_width(l);
    return width + LEAST_TEXT > columns ? width + LEAST_TEXT - columns : 0;
}

/* A mark that does not fit goes to the next line. */
static void put_mark(struct layout *l, struct span mark)
{
    pen_set_style(&l->pen, 0);
    if (l->column + l->blanks + width_of(mark) > l->columns) {
        buf_byte(l->pen.out, '\n');
        l->column = l->blanks = 0;
    }
    pen_blanks(&l->pen, l->blanks);
    pen_put(&l->pen, mark, PEN_FAINT);
    l->column += l->blanks + width_of(mark);
    l->blanks = 0;
}

/* Appends the bars and marks of the first `depth` boxes. Blanks after the last one stay pending. */
static void put_boxes(struct layout *l, unsigned depth)
{
    unsigned give_up = excess_columns(l, l->columns);
    for (unsigned i = 1; i <= depth; i++) {
        struct box *box = &l->boxes[i];
        unsigned indent = box->indent;
        bool first = !box->shown;
        box->shown = true;
        if (box->kind == MARKDOWN_ITEM && first) {
            put_mark(l, buf_view(&box->mark));
            l->blanks++;
            give_up = 0;
            continue;
        }
        unsigned less = give_up < indent ? give_up : indent;
        give_up -= less;
        indent -= less;
        if (box->kind == MARKDOWN_QUOTE && indent == box->indent) {
            put_mark(l, span_of(l->options.ascii ? "|" : "│"));
            l->blanks++;
        } else {
            l->blanks += indent;
        }
    }
}

static void finish_line(struct layout *l)
{
    pen_set_style(&l->pen, 0);
    l->blanks = 0;
    l->column = 0;
    l->open = l->adjoins = false;
    l->pending = true;
    l->written = true;
}

static void end_previous_line(struct layout *l)
{
    if (l->pending)
        buf_byte(l->pen.out, '\n');
    l->pending = false;
}

/* The empty line before a block, with the bars of the quotes around. */
static void put_gap(struct layout *l)
{
    if (l->gap && l->written) {
        put_boxes(l, l->gap_depth);
        pen_set_style(&l->pen, 0);
        buf_byte(l->pen.out, '\n');
        l->blanks = 0;
        l->column = 0;
    }
    l->gap = false;
}

static void update_columns(struct layout *l)
{
    l->columns = l->options.columns(l->options.arg);
}

/* The column where text begins on a line without marks. */
static unsigned text_column(const struct layout *l)
{
    return boxes_width(l) - excess_columns(l, l->columns);
}

static unsigned text_width(const struct layout *l)
{
    return l->columns - text_column(l);
}

static void start_line(struct layout *l)
{
    update_columns(l);
    end_previous_line(l);
    put_gap(l);
    put_boxes(l, l->depth);
    pen_set_style(&l->pen, 0);
    /* After marks that were continued on this line. */
    if (l->column + l->blanks < text_column(l))
        l->blanks = text_column(l) - l->column;
    l->open = l->empty = true;
    l->resumes = false;
    l->blank_style = 0;
}

/* Whether the next line has more room: this line has text, or the marks of deeply nested items. */
static bool gains_room(const struct layout *l)
{
    return !l->empty || l->column + l->blanks > text_column(l);
}

/* Begins a line if there is none, and the next one if this has no room for `columns`. */
static void reserve_columns(struct layout *l, unsigned columns)
{
    if (!l->open)
        start_line(l);
    if (l->column + l->blanks + columns > l->columns && gains_room(l)) {
        finish_line(l);
        start_line(l);
    }
}

/* Words. */

static unsigned style_at_end(const struct layout *l)
{
    return l->change_count ? l->changes[l->change_count - 1].style : 0;
}

static void put_blanks(struct layout *l)
{
    if (l->blanks == 0)
        return;
    pen_set_style(&l->pen, l->blank_style);
    pen_blanks(&l->pen, l->blanks);
    l->column += l->blanks;
    l->blanks = 0;
}

/* Removes the first `len` bytes of the word. The rest begins in the style in effect there. */
static void drop_from_word(struct layout *l, size_t len, unsigned columns)
{
    unsigned past = 0;
    while (past + 1 < l->change_count && l->changes[past + 1].at <= len)
        past++;
    l->change_count -= past;
    memmove(l->changes, l->changes + past, l->change_count * sizeof *l->changes);
    for (unsigned i = 0; i < l->change_count; i++)
        l->changes[i].at = l->changes[i].at > len ? l->changes[i].at - len : 0;
    buf_drop(&l->word, len);
    l->word_columns -= columns;
    if (l->word.len == 0)
        l->change_count = 0;
}

/* Writes the first `len` bytes of the word, which take `columns`, to the line. */
static void put_word(struct layout *l, size_t len, unsigned columns)
{
    put_blanks(l);
    for (unsigned i = 0; i < l->change_count && l->changes[i].at < len; i++) {
        size_t from = l->changes[i].at, end = len;
        if (i + 1 < l->change_count && l->changes[i + 1].at < len)
            end = l->changes[i + 1].at;
        pen_put(&l->pen, span_make(l->word.data + from, end - from), l->changes[i].style);
    }
    l->column += columns;
    l->empty = false;
    drop_from_word(l, len, columns);
}

/* Writes the first part of the word to this line or, if it does not fit, to the next. */
static void place_word(struct layout *l, size_t len, unsigned columns)
{
    reserve_columns(l, columns);
    put_word(l, len, columns);
}

static void flush_word(struct layout *l)
{
    if (l->word.len)
        place_word(l, l->word.len, l->word_columns);
    if (l->direct && l->column > l->columns)
        l->column = l->columns;
    l->direct = false;
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Whether the word is SCHEME:// after brackets or quotes, or the URL of a link. */
static bool is_url(const struct layout *l)
{
    struct span rest = buf_view(&l->word);
    if (l->change_count && (l->changes[0].style & MARKDOWN_URL))
        return true;
    while (rest.len && strchr("([{<\"'", rest.at[0]))
        rest = span_make(rest.at + 1, rest.len - 1);
    size_t scheme = 0;
    while (scheme < rest.len && is_letter(rest.at[scheme]))
        scheme++;
    return scheme > 1 && rest.len - scheme > 3 && memcmp(rest.at + scheme, "://", 3) == 0;
}

/* The word is longer than a line or than LONGEST_WORD. A URL is left for the terminal to wrap; any
   other word is split before its last character or, if it has only one, within that. */
static void split_word(struct layout *l)
{
    if (is_url(l)) {
        if (l->open && !l->empty)
            finish_line(l);
        place_word(l, l->word.len, l->word_columns);
        l->direct = true;
    } else if (l->last_character > 0) {
        unsigned columns = l->word_columns - l->last_columns;
        place_word(l, l->last_character, columns);
        l->last_character = 0;
    } else {
        place_word(l, l->word.len, l->word_columns);
        l->adjoins = true;
    }
}

/* A line may break on either side of a wide character. */
static void put_wide(struct layout *l)
{
    if (l->last_character > 0)
        place_word(l, l->last_character, l->word_columns - l->last_columns);
    l->last_character = 0;
    place_word(l, l->word.len, l->word_columns);
    l->adjoins = true;
}

static void add_style_change(struct layout *l, unsigned style)
{
    if (l->change_count && style_at_end(l) == style)
        return;
    if (l->change_count == l->change_capacity) {
        l->change_capacity = l->change_capacity ? 2 * l->change_capacity : 8;
        l->changes = xrealloc(l->changes, l->change_capacity * sizeof *l->changes);
    }
    l->changes[l->change_count++] = (struct style_change){l->word.len, style};
}

static void add_character(struct layout *l, uint32_t point, struct span bytes, unsigned style)
{
    unsigned columns = width_add(&l->width, point);
    if (l->direct || (l->adjoins && !l->width.starts)) {
        pen_put(&l->pen, bytes, style);
        l->column += columns;
        return;
    }
    l->adjoins = false;
    if (l->word.len == 0 && !l->open)
        update_columns(l);
    if (l->width.starts || l->word.len == 0) {
        l->last_character = l->word.len;
        l->last_columns = 0;
    }
    add_style_change(l, style);
    buf_span(&l->word, bytes);
    l->word_columns += columns;
    l->last_columns += columns;
    bool is_longer = l->word_columns > LEAST_TEXT && l->word_columns > text_width(l);
    if (columns && l->last_columns > 1 && !is_url(l))
        put_wide(l);
    else if ((columns && is_longer) || l->word.len > LONGEST_WORD)
        split_word(l);
}

static void add_blank(struct layout *l, unsigned style)
{
    bool within = l->word.len && (style_at_end(l) & style & MARKDOWN_URL);
    flush_word(l);
    l->adjoins = false;
    l->width = (struct width){0};
    if (!l->open || l->empty)
        return;
    l->blanks = style & (MARKDOWN_CODE | MARKDOWN_URL) ? l->blanks + 1 : 1;
    l->blank_style = within ? style : style & ~(unsigned)MARKDOWN_URL;
}

/* In a paragraph or heading. */
static void add_point(struct layout *l, uint32_t point, struct span bytes, unsigned style)
{
    if (point == ' ' || point == '\t')
        add_blank(l, style);
    else
        add_character(l, point, bytes, style);
}

/* Code and cells. */

/* Blanks are held back, so that there are none at the end of a line. Lines are not wrapped. */
static void add_code_character(struct layout *l, uint32_t point, struct span bytes)
{
    if (point == ' ' || point == '\t') {
        buf_span(&l->code_blanks, bytes);
        return;
    }
    if (!l->open) {
        start_line(l);
        l->blanks += CODE_INDENT;
    }
    put_blanks(l);
    pen_put(&l->pen, buf_view(&l->code_blanks), MARKDOWN_CODE);
    pen_put(&l->pen, bytes, MARKDOWN_CODE);
    buf_clear(&l->code_blanks);
    l->empty = false;
}

static void add_text_point(struct layout *l, uint32_t point, struct span bytes, unsigned style)
{
    if (l->in_cell)
        grid_add(&l->grid, bytes, style);
    else if (l->in_code)
        add_code_character(l, point, bytes);
    else if (!l->in_table)
        add_point(l, point, bytes, style | l->base);
}

static void add_escaped(struct layout *l, uint32_t point, struct span bytes, unsigned style)
{
    struct buf shown = {0};
    escape_put_point(&shown, point, bytes);
    for (size_t i = 0; i < shown.len; i++)
        add_text_point(l, (unsigned char)shown.data[i], span_make(shown.data + i, 1), style);
    buf_release(&shown);
}

static void on_text(void *arg, struct span text, unsigned style)
{
    struct layout *l = arg;
    bool mark = style & MARKDOWN_MARK;
    if (mark && l->options.color)
        return;
    while (text.len) {
        uint32_t point;
        struct span bytes = utf8_take(&text, &point);
        if (escape_is_needed(point) && point != '\t')
            add_escaped(l, point, bytes, style & ~(unsigned)MARKDOWN_MARK);
        else
            add_text_point(l, point, bytes, style & ~(unsigned)MARKDOWN_MARK);
    }
}

static void on_line_break(void *arg)
{
    struct layout *l = arg;
    if (l->in_cell) {
        grid_break(&l->grid);
        return;
    }
    flush_word(l);
    l->adjoins = false;
    l->width = (struct width){0};
    if (l->in_code && !l->open && !l->resumes)
        start_line(l);
    l->resumes = false;
    if (l->open)
        finish_line(l);
    buf_clear(&l->code_blanks);
}

/* Tables. */

/* HEADER: VALUE for each cell that is not empty. */
static void put_record(struct layout *l, const struct grid_row *row)
{
    for (unsigned i = 0; i < row->count; i++) {
        struct span header = grid_cell(&l->grid, &l->grid.header, i);
        struct span value = grid_cell(&l->grid, row, i);
        struct cell_reader readers[] = {{header, 0, MARKDOWN_STRONG}, {value, 0, 0}};
        bool is_header = row == &l->grid.header;
        if (cell_measure(value).natural == 0)
            continue;
        for (unsigned k = is_header || cell_measure(header).natural == 0; k < 2; k++) {
            struct cell_character c;
            while (cell_next(&readers[k], &c)) {
                if (c.point != CELL_BREAK)
                    add_point(l, c.point, c.bytes, c.style);
                else if (k == 0)
                    add_blank(l, 0);
                else
                    on_line_break(l);
            }
            if (k == 0) {
                add_character(l, ':', span_make(":", 1), MARKDOWN_STRONG);
                add_blank(l, 0);
            }
        }
        on_line_break(l);
    }
    l->gap = true;
    l->gap_depth = l->depth;
}

static void put_cells(struct layout *l, const struct grid_row *row, bool header)
{
    struct buf piece = {0};
    struct pen pen = {.out = &piece, .color = l->pen.color};
    struct cell_reader *readers = xcalloc(l->grid.columns, sizeof *readers);
    for (unsigned i = 0; i < l->grid.columns; i++)
        readers[i] =
            (struct cell_reader){grid_cell(&l->grid, row, i), 0, header ? MARKDOWN_STRONG : 0};
    bool more = true;
    while (more) {
        more = false;
        reserve_columns(l, text_width(l));
        for (unsigned i = 0; i < l->grid.columns; i++) {
            unsigned width = l->grid.widths[i];
            buf_clear(&piece);
            unsigned used = cell_take_line(&readers[i], width, &pen);
            unsigned free_columns = used < width ? width - used : 0, before = 0;
            if (l->grid.align[i] == MARKDOWN_RIGHT)
                before = free_columns;
            else if (l->grid.align[i] == MARKDOWN_CENTER)
                before = free_columns / 2;
            l->blanks += before;
            if (used)
                put_blanks(l);
            buf_span(l->pen.out, buf_view(&piece));
            l->blanks += free_columns - before + GRID_GAP;
            more = more || readers[i].rest.len;
        }
        finish_line(l);
    }
    free(readers);
    buf_release(&piece);
}

static void put_line_below_header(struct layout *l)
{
    start_line(l);
    put_blanks(l);
    for (unsigned n = grid_width(&l->grid); n; n--)
        pen_put(&l->pen, span_of(l->options.ascii ? "-" : "─"), PEN_FAINT);
    finish_line(l);
}

static void put_table_row(struct layout *l, const struct grid_row *row)
{
    bool header = row == &l->grid.header;
    if (l->grid.records && header && (l->grid.count || l->grid.fixed))
        return;
    if (l->grid.records) {
        put_record(l, row);
        return;
    }
    put_cells(l, row, header);
    if (header)
        put_line_below_header(l);
}

static void finish_table(struct layout *l)
{
    update_columns(l);
    grid_fit(&l->grid, text_width(l));
    put_table_row(l, &l->grid.header);
    for (size_t i = 0; i < l->grid.count; i++)
        put_table_row(l, &l->grid.rows[i]);
    grid_clear_rows(&l->grid);
}

static void on_table_full(void *arg)
{
    struct layout *l = arg;
    l->grid.fixed = true;
    finish_table(l);
}

static void end_row(struct layout *l)
{
    grid_end_row(&l->grid);
    if (!l->grid.fixed)
        return;
    for (size_t i = 0; i < l->grid.count; i++)
        put_table_row(l, &l->grid.rows[i]);
    grid_clear_rows(&l->grid);
}

static void end_table(struct layout *l)
{
    l->in_table = false;
    if (!l->grid.fixed)
        finish_table(l);
    l->gap = false;
    grid_release(&l->grid);
}

/* Blocks. */

static void begin_block(struct layout *l, const struct markdown_block *block)
{
    struct box *parent = &l->boxes[l->depth];
    bool free_standing = l->depth == 0 || parent->kind == MARKDOWN_QUOTE;
    bool gap = block->gap || (free_standing && !(block->kind == MARKDOWN_ITEM && block->continues));
    if (parent->filled && gap && (!l->gap || l->depth < l->gap_depth)) {
        l->gap = true;
        l->gap_depth = l->depth;
    }
    parent->filled = true;
}

static void push_box(struct layout *l, const struct markdown_block *block)
{
    struct box *box = &l->boxes[++l->depth];
    box->kind = block->kind;
    box->filled = box->shown = false;
    buf_clear(&box->mark);
    box->indent = 2;
    if (block->kind == MARKDOWN_QUOTE)
        return;
    if (block->marker.len)
        buf_span(&box->mark, block->marker);
    else
        buf_puts(&box->mark, l->options.ascii ? "*" : "•");
    box->indent = width_of(buf_view(&box->mark)) + 1;
}

/* A box without contents still shows its bar or mark. */
static void pop_box(struct layout *l)
{
    if (!l->boxes[l->depth].shown) {
        start_line(l);
        finish_line(l);
    }
    l->depth--;
}

static void put_rule(struct layout *l)
{
    reserve_columns(l, 1);
    put_blanks(l);
    unsigned end = l->columns < LONGEST_RULE ? l->columns : LONGEST_RULE;
    do
        pen_put(&l->pen, span_of(l->options.ascii ? "-" : "─"), PEN_FAINT);
    while (++l->column < end);
    finish_line(l);
}

static void begin_heading(struct layout *l, unsigned level)
{
    l->base = PEN_HEADING;
    if (l->options.color)
        return;
    while (level--)
        add_character(l, '#', span_make("#", 1), 0);
    add_blank(l, 0);
}

static void on_open(void *arg, const struct markdown_block *block)
{
    struct layout *l = arg;
    if (block->kind < MARKDOWN_ROW)
        begin_block(l, block);
    l->base = 0;
    l->width = (struct width){0};
    switch (block->kind) {
    case MARKDOWN_QUOTE:
    case MARKDOWN_ITEM:
        push_box(l, block);
        break;
    case MARKDOWN_HEADING:
        begin_heading(l, block->level);
        break;
    case MARKDOWN_CODE_BLOCK:
        l->in_code = true;
        break;
    case MARKDOWN_RULE:
        put_rule(l);
        break;
    case MARKDOWN_TABLE_BLOCK:
        /* The status line may be drawn while the table is kept. */
        end_previous_line(l);
        grid_begin(&l->grid, block->columns, block->align);
        l->in_table = true;
        break;
    case MARKDOWN_CELL:
        grid_begin_cell(&l->grid);
        l->in_cell = true;
        break;
    default:
        break;
    }
}

static void on_close(void *arg, enum markdown_kind kind)
{
    struct layout *l = arg;
    switch (kind) {
    case MARKDOWN_QUOTE:
    case MARKDOWN_ITEM:
        pop_box(l);
        break;
    case MARKDOWN_PARAGRAPH:
    case MARKDOWN_HEADING:
    case MARKDOWN_CODE_BLOCK:
        flush_word(l);
        if (l->open)
            finish_line(l);
        buf_clear(&l->code_blanks);
        l->in_code = l->resumes = false;
        l->base = 0;
        break;
    case MARKDOWN_CELL:
        l->in_cell = false;
        grid_end_cell(&l->grid);
        break;
    case MARKDOWN_ROW:
        end_row(l);
        break;
    case MARKDOWN_TABLE_BLOCK:
        end_table(l);
        break;
    case MARKDOWN_RULE:
        break;
    }
}

/* The interface. */

struct layout *layout_new(struct buf *out, struct layout_options options)
{
    struct layout *l = xcalloc(1, sizeof *l);
    l->sink = (struct markdown_sink){.open = on_open,
                                     .close = on_close,
                                     .text = on_text,
                                     .line_break = on_line_break,
                                     .table_full = on_table_full,
                                     .arg = l};
    l->options = options;
    l->pen = (struct pen){.out = out, .color = options.color};
    buf_init(&l->code_blanks, CODE_BLANKS);
    return l;
}

const struct markdown_sink *layout_sink(struct layout *l)
{
    return &l->sink;
}

void layout_free(struct layout *l)
{
    if (!l)
        return;
    for (unsigned i = 0; i <= MARKDOWN_DEPTH; i++)
        buf_release(&l->boxes[i].mark);
    buf_release(&l->word);
    buf_release(&l->code_blanks);
    grid_release(&l->grid);
    free(l->changes);
    free(l);
}

void layout_suspend(struct layout *l)
{
    flush_word(l);
    pen_set_style(&l->pen, 0);
    buf_clear(&l->code_blanks);
    l->resumes = l->resumes || l->open; /* it may be called again before the line continues */
    l->written = l->written || l->open;
    l->open = l->pending = l->adjoins = false;
    l->blanks = 0;
    l->column = 0;
}

void layout_end(struct layout *l, bool newline)
{
    if (l->pending && newline) {
        buf_byte(l->pen.out, '\n');
        l->pending = false;
    }
}

void layout_reset(struct layout *l, struct buf *out)
{
    l->pen.out = out;
    l->pen.style = 0;
    l->depth = 0;
    l->boxes[0].filled = false;
    l->written = l->gap = l->open = l->pending = l->resumes = l->adjoins = l->direct = false;
    l->in_code = l->in_table = l->in_cell = false;
    l->blanks = l->column = l->base = 0;
    l->width = (struct width){0};
    buf_clear(&l->word);
    buf_clear(&l->code_blanks);
    l->change_count = l->word_columns = 0;
    grid_release(&l->grid);
}

bool layout_reset_style(struct layout *l)
{
    if (!l->pen.used)
        return false;
    buf_puts(l->pen.out, "\033[0m");
    l->pen.style = 0;
    return true;
}

long layout_table_rows(const struct layout *l)
{
    return l->in_table && !l->grid.fixed ? (long)l->grid.count : -1;
}
