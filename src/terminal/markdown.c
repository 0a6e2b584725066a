/* SPDX-License-Identifier: MIT */
/* The block part of Markdown: CommonMark 0.31, sections 4 and 5.
   markdown_feed cuts the input into lines and whole characters. decide examines the start of a line
   until its blocks are known, opens and closes them; put_rest passes on the rest of the line as it
   arrives, most of it to the inline parser. */
#include "terminal/markdown.h"

#include "core/buf.h"
#include "core/utf8.h"
#include "core/xmalloc.h"
#include "terminal/inline.h"

#include <stdlib.h>

enum { TAB_STOP = 4, CODE_INDENT = 4, FENCE = 3, LONGEST_NUMBER = 9, LEVELS = 6, NO_ALIGN = 'x' };

/* The kind of the open leaf block. */
enum leaf { LEAF_NONE, LEAF_PARAGRAPH, LEAF_FENCED, LEAF_INDENTED, LEAF_TABLE };

/* How the rest of the line is processed. */
enum rest {
    REST_UNDECIDED,
    REST_TEXT,
    REST_HEADING,
    REST_CODE,
    REST_SKIPPED,
    REST_ROW /* is kept to its end: a row of a table, or what may be a header */
};

struct container {
    enum markdown_kind kind; /* MARKDOWN_QUOTE or MARKDOWN_ITEM */
    unsigned indent;         /* an item: the minimum indentation of its contents */
    bool filled;             /* an item: it has contents */
    char list;               /* the list of its last child: -, +, *, . or ), else 0 */
};

/* A container that the line begins. */
struct opening {
    struct container container;
    struct span marker; /* of a numbered item, in the line */
};

/* The fence that a block of code began with. */
struct fence {
    char mark;
    size_t length;
    unsigned indent;
};

struct markdown {
    const struct markdown_sink *sink;
    struct inline_parser *inline_parser;

    /* The bytes. */
    struct buf character; /* the beginning of one */
    bool carriage;        /* a carriage return, possibly part of a line terminator */

    /* The blocks. The first container is the document. */
    struct container containers[MARKDOWN_DEPTH + 1];
    unsigned depth; /* not counting the document */
    enum leaf leaf;
    bool gap;        /* the previous line was empty */
    bool leaf_gap;   /* `gap` of the paragraph that was not reported yet */
    bool leaf_begun; /* it was */
    struct fence fence;
    bool lines;         /* the block of code has one */
    size_t empty_lines; /* of the block of code, at its end so far */
    struct buf row;     /* a possible table header, or a row */
    bool candidate;     /* `row` is a line of the paragraph that may be a table header */
    unsigned columns;   /* of that, or of the table */
    struct buf align;
    size_t table_size;

    /* The line. */
    enum rest rest;
    struct buf line;   /* REST_UNDECIDED: all of it */
    const char *same;  /* bytes that leave it undecided, NULL for any but a backtick, "" for none */
    struct buf hashes; /* REST_HEADING: what may be its end */
    bool after_blank;  /* REST_HEADING: a # may be that */
    struct opening openings[MARKDOWN_DEPTH];
};

/* Events. */

static void open_block(struct markdown *m, struct markdown_block block)
{
    m->sink->open(m->sink->arg, &block);
}

static void close_block(struct markdown *m, enum markdown_kind kind)
{
    m->sink->close(m->sink->arg, kind);
}

/* Begins a child: an item of `list`, or another block if 0. Returns whether the list continues. */
static bool begin_child_block(struct markdown *m, char list)
{
    struct container *parent = &m->containers[m->depth];
    bool continues = list && parent->list == list;
    parent->filled = true;
    parent->list = list;
    return continues;
}

static void begin_paragraph(struct markdown *m)
{
    if (m->leaf_begun)
        return;
    open_block(m, (struct markdown_block){.kind = MARKDOWN_PARAGRAPH, .gap = m->leaf_gap});
    inline_begin(m->inline_parser, false);
    m->leaf_begun = true;
}

static void feed_paragraph(struct markdown *m, struct span text)
{
    begin_paragraph(m);
    inline_feed(m->inline_parser, text);
}

/* The candidate line is not a table header. */
static void release_candidate(struct markdown *m)
{
    if (!m->candidate)
        return;
    m->candidate = false;
    feed_paragraph(m, buf_view(&m->row));
    inline_newline(m->inline_parser);
    buf_clear(&m->row);
}

static void end_paragraph(struct markdown *m)
{
    release_candidate(m);
    if (!m->leaf_begun)
        return;
    inline_end(m->inline_parser);
    close_block(m, MARKDOWN_PARAGRAPH);
    m->leaf_begun = false;
}

static void put_code_lines(struct markdown *m)
{
    for (size_t i = m->empty_lines + (m->lines ? 1 : 0); i > 0; i--)
        m->sink->line_break(m->sink->arg);
    m->lines = true;
    m->empty_lines = 0;
}

/* Empty lines at the end of code belong to it when a fence follows. */
static void end_code(struct markdown *m, bool fenced)
{
    if (fenced && m->empty_lines)
        put_code_lines(m);
    else if (m->empty_lines)
        m->gap = true;
    close_block(m, MARKDOWN_CODE_BLOCK);
}

static void close_leaf(struct markdown *m)
{
    switch (m->leaf) {
    case LEAF_PARAGRAPH:
        end_paragraph(m);
        break;
    case LEAF_FENCED:
    case LEAF_INDENTED:
        end_code(m, false);
        break;
    case LEAF_TABLE:
        close_block(m, MARKDOWN_TABLE_BLOCK);
        break;
    case LEAF_NONE:
        break;
    }
    m->leaf = LEAF_NONE;
}

static void close_containers(struct markdown *m, unsigned depth)
{
    while (m->depth > depth)
        close_block(m, m->containers[m->depth--].kind);
}

/* The start of a line: which open containers it continues and which blocks it begins (CommonMark
   5, and "A parsing strategy" in its appendix). It is examined again with each piece of input until
   that is known. The result is a plan; nothing is reported before. */

/* The result of a find_ function for the text at the cursor. */
enum found {
    UNKNOWN = -1, /* it depends on input that has not arrived */
    ABSENT,
    FOUND,
    FOUND_CONTAINER /* find_block: a quote or an item; otherwise FOUND, a leaf */
};

enum action {
    ACTION_BLANK,
    ACTION_LAZY,  /* a lazy continuation line of the paragraph */
    ACTION_TEXT,  /* of a paragraph, a new one or the open one */
    ACTION_TABLE, /* the delimiter row */
    ACTION_ROW,
    ACTION_HEADING,
    ACTION_RULE,
    ACTION_FENCE, /* an opening one */
    ACTION_FENCE_END,
    ACTION_INDENTED,
    ACTION_CODE /* a line of the open block of code */
};

struct plan {
    unsigned matched; /* open containers that continue */
    unsigned opened;  /* new ones within them, in struct markdown */
    enum action action;
    size_t at;          /* offset of the leaf's contents */
    unsigned spaces;    /* columns of a tab before that */
    unsigned level;     /* ACTION_HEADING */
    struct fence fence; /* ACTION_FENCE */
    bool candidate;     /* the text may be the header row of a table */
};

/* The kind of end of the available part of a line. */
enum line_part_end {
    END_OPEN, /* more input follows and may decide */
    END_LINE, /* it is the end of the line */
    END_BOUND /* more input follows, but the limit is reached */
};

struct cursor {
    struct span s;
    enum line_part_end end;
    size_t at;
    unsigned column;
    unsigned spaces; /* remaining columns of a tab before `at` */
    /* The first character at or after `at` that is not a blank. */
    size_t first_at;
    unsigned indent;  /* columns before it */
    int first;        /* '\n' at the end of the line, UNKNOWN if more input is needed */
    const char *same; /* if undecided, see struct markdown */
};

enum { ANY = 'x' };

static int peek_at(const struct cursor *c, size_t at)
{
    if (at < c->s.len)
        return (unsigned char)c->s.at[at];
    return c->end == END_LINE ? '\n' : c->end == END_BOUND ? ANY : UNKNOWN;
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static unsigned tab_width(unsigned column)
{
    return TAB_STOP - column % TAB_STOP;
}

/* Whether the first character that is not a blank is known. */
static bool find_first(struct cursor *c)
{
    unsigned column = c->column + c->spaces;
    c->first_at = c->at;
    while (is_blank(peek_at(c, c->first_at)))
        column += c->s.at[c->first_at++] == '\t' ? tab_width(column) : 1;
    c->indent = column - c->column;
    c->first = peek_at(c, c->first_at);
    c->same = " \t";
    return c->first != UNKNOWN;
}

/* Skips at most so many columns of blanks. A tab may be split (CommonMark 2.2). */
static void advance_columns(struct cursor *c, unsigned columns)
{
    while (columns) {
        if (c->spaces == 0 && !is_blank(peek_at(c, c->at)))
            return;
        if (c->spaces == 0)
            c->spaces = c->s.at[c->at++] == '\t' ? tab_width(c->column) : 1;
        unsigned n = c->spaces < columns ? c->spaces : columns;
        c->spaces -= n;
        c->column += n;
        columns -= n;
    }
}

/* Skips blanks and the marker of `len` characters after them. */
static void advance_marker(struct cursor *c, size_t len)
{
    advance_columns(c, c->indent);
    c->at += len;
    c->column += (unsigned)len;
}

/* The length of the run of equal characters at `at`. */
static size_t count_same(const struct cursor *c, size_t at)
{
    size_t n = 0;
    while (at + n < c->s.len && c->s.at[at + n] == c->s.at[at])
        n++;
    return n;
}

static size_t skip_blanks(const struct cursor *c, size_t at)
{
    while (is_blank(peek_at(c, at)))
        at++;
    return at;
}

/* An ATX heading: CommonMark 4.2. */
static enum found find_heading(const struct cursor *c, struct plan *plan)
{
    size_t n = c->first == '#' ? count_same(c, c->first_at) : 0;
    if (n == 0 || n > LEVELS)
        return ABSENT;
    int after = peek_at(c, c->first_at + n);
    plan->level = (unsigned)n;
    if (after == UNKNOWN)
        return UNKNOWN;
    return is_blank(after) || after == '\n' ? FOUND : ABSENT;
}

/* An opening code fence: CommonMark 4.5. The info string of backticks has none. */
static enum found find_fence(struct cursor *c, struct plan *plan)
{
    if (c->first != '`' && c->first != '~')
        return ABSENT;
    size_t n = count_same(c, c->first_at), end = c->first_at + n;
    if (peek_at(c, end) == UNKNOWN)
        return UNKNOWN;
    if (n < FENCE)
        return ABSENT;
    plan->fence = (struct fence){(char)c->first, n, c->indent};
    if (c->first == '~')
        return FOUND;
    if (memchr(c->s.at + end, '`', c->s.len - end))
        return ABSENT;
    c->same = NULL;
    return c->end == END_OPEN ? UNKNOWN : FOUND;
}

/* The closing fence of the open block of code. */
static enum found find_fence_end(struct cursor *c, const struct fence *fence)
{
    if (c->indent >= CODE_INDENT || c->first != fence->mark)
        return ABSENT;
    size_t n = count_same(c, c->first_at), end = skip_blanks(c, c->first_at + n);
    if (peek_at(c, end) == UNKNOWN) {
        c->same = fence->mark == '~' ? "~ \t" : "` \t";
        return UNKNOWN;
    }
    return n >= fence->length && peek_at(c, end) == '\n' ? FOUND : ABSENT;
}

/* A setext heading underline: CommonMark 4.3. */
static enum found find_setext(struct cursor *c)
{
    if (c->first != '=' && c->first != '-')
        return ABSENT;
    size_t end = skip_blanks(c, c->first_at + count_same(c, c->first_at));
    c->same = c->first == '=' ? "= \t" : "- \t";
    if (peek_at(c, end) == UNKNOWN)
        return UNKNOWN;
    return peek_at(c, end) == '\n' ? FOUND : ABSENT;
}

/* A thematic break: CommonMark 4.1. */
static enum found find_rule(struct cursor *c)
{
    int mark = c->first;
    if (mark != '*' && mark != '-' && mark != '_')
        return ABSENT;
    size_t n = 0, at = c->first_at;
    for (; peek_at(c, at) == mark || is_blank(peek_at(c, at)); at++)
        n += peek_at(c, at) == mark;
    c->same = mark == '*' ? "* \t" : mark == '-' ? "- \t" : "_ \t";
    if (peek_at(c, at) == UNKNOWN)
        return UNKNOWN;
    return n >= 3 && peek_at(c, at) == '\n' ? FOUND : ABSENT;
}

/* A block quote marker: CommonMark 5.1. The cursor is left after it and one blank. */
static enum found find_quote(struct cursor *c)
{
    if (c->indent >= CODE_INDENT || c->first != '>')
        return ABSENT;
    advance_marker(c, 1);
    c->same = "";
    if (peek_at(c, c->at) == UNKNOWN)
        return UNKNOWN;
    advance_columns(c, 1);
    return FOUND_CONTAINER;
}

/* A list marker: CommonMark 5.2. */
struct list_marker {
    size_t len;
    char list;          /* -, +, *, . or ) */
    struct span number; /* as in the source, without the . or ); empty for a bullet */
};

static enum found find_marker(const struct cursor *c, struct list_marker *marker)
{
    size_t n = 0;
    if (c->first == '-' || c->first == '+' || c->first == '*') {
        *marker = (struct list_marker){.len = 1, .list = (char)c->first};
        return FOUND;
    }
    while (n <= LONGEST_NUMBER && is_digit(peek_at(c, c->first_at + n)))
        n++;
    int end = peek_at(c, c->first_at + n);
    if (n == 0 || n > LONGEST_NUMBER)
        return ABSENT;
    if (end == UNKNOWN)
        return UNKNOWN;
    if (end != '.' && end != ')')
        return ABSENT;
    *marker = (struct list_marker){n + 1, (char)end, span_make(c->s.at + c->first_at, n)};
    return FOUND;
}

static bool is_one(struct span number)
{
    while (number.len > 1 && number.at[0] == '0')
        number = span_make(number.at + 1, number.len - 1);
    return number.len == 1 && number.at[0] == '1';
}

/* The start of a list item: CommonMark 5.2. The cursor is left at its contents. A paragraph is
   interrupted only by an item that is not empty and whose number, if it has one, is 1. */
static enum found find_item(struct cursor *c, bool interrupts, struct opening *opening)
{
    struct list_marker marker;
    enum found found = find_marker(c, &marker);
    if (found != FOUND)
        return found;
    bool numbered = marker.number.len > 0;
    if (interrupts && numbered && !is_one(marker.number))
        return ABSENT;
    size_t behind = c->first_at + marker.len;
    int after = peek_at(c, behind), content = peek_at(c, skip_blanks(c, behind));
    if (after == UNKNOWN)
        return UNKNOWN;
    if (!is_blank(after) && after != '\n')
        return ABSENT;
    c->same = " \t";
    if (content == UNKNOWN)
        return UNKNOWN;
    if (interrupts && content == '\n')
        return ABSENT;
    unsigned indent = c->indent + (unsigned)marker.len;
    if (numbered)
        opening->marker = span_make(marker.number.at, marker.len);
    else
        opening->marker = span_make("", 0);
    advance_marker(c, marker.len);
    find_first(c);
    /* More than four blanks are one, and the start of indented code. */
    unsigned blanks = c->indent > CODE_INDENT || content == '\n' ? 1 : c->indent;
    advance_columns(c, blanks);
    opening->container =
        (struct container){.kind = MARKDOWN_ITEM, .indent = indent + blanks, .list = marker.list};
    return FOUND_CONTAINER;
}

/* Skips the markers and indents of the open containers that continue. */
static enum found match_containers(const struct markdown *m, struct cursor *c, struct plan *plan)
{
    for (plan->matched = 0; plan->matched < m->depth; plan->matched++) {
        const struct container *box = &m->containers[plan->matched + 1];
        if (!find_first(c))
            return UNKNOWN;
        if (box->kind == MARKDOWN_ITEM) {
            bool blank = c->first == '\n' && box->filled;
            if (c->indent < box->indent && !blank)
                return FOUND;
            advance_columns(c, box->indent);
        } else {
            enum found found = find_quote(c);
            if (found != FOUND_CONTAINER)
                return found == UNKNOWN ? UNKNOWN : FOUND;
        }
    }
    return FOUND;
}

static enum found plan_leaf(struct plan *plan, const struct cursor *c, enum action action)
{
    plan->action = action;
    plan->at = c->at;
    plan->spaces = c->spaces;
    return FOUND;
}

/* Whether the line continues or ends the open block of code. */
static enum found match_code(const struct markdown *m, struct cursor *c, struct plan *plan)
{
    if (m->leaf == LEAF_INDENTED) {
        if (c->indent < CODE_INDENT || c->first == '\n')
            return ABSENT;
        advance_columns(c, CODE_INDENT);
        return plan_leaf(plan, c, ACTION_CODE);
    }
    enum found end = find_fence_end(c, &m->fence);
    if (end == UNKNOWN)
        return UNKNOWN;
    if (end == FOUND)
        return plan_leaf(plan, c, ACTION_FENCE_END);
    advance_columns(c, m->fence.indent);
    return plan_leaf(plan, c, c->first == '\n' ? ACTION_BLANK : ACTION_CODE);
}

/* A block that begins here, except for a paragraph. `interrupts`: the line would else continue the
   open paragraph; `lazy`: also if its containers do not continue. */
static enum found find_block(struct markdown *m, struct cursor *c, struct plan *plan,
                             bool interrupts, bool lazy)
{
    bool has_room = plan->matched + plan->opened < MARKDOWN_DEPTH;
    struct opening *opening = &m->openings[plan->opened];
    enum found found;
    if (c->indent >= CODE_INDENT) { /* CommonMark 4.4 */
        if (lazy || c->first == '\n')
            return ABSENT;
        advance_columns(c, CODE_INDENT);
        return plan_leaf(plan, c, ACTION_INDENTED);
    }
    c->same = "";
    if (has_room && (found = find_quote(c)) != ABSENT) {
        *opening = (struct opening){.container = {.kind = MARKDOWN_QUOTE}};
        return found;
    }
    if ((found = find_heading(c, plan)) == FOUND) {
        advance_marker(c, plan->level);
        return plan_leaf(plan, c, ACTION_HEADING);
    }
    if (found == ABSENT && (found = find_fence(c, plan)) == FOUND)
        return plan_leaf(plan, c, ACTION_FENCE);
    if (found == ABSENT && interrupts && (found = find_setext(c)) == FOUND)
        return plan_leaf(plan, c, ACTION_RULE);
    if (found == ABSENT && (found = find_rule(c)) == FOUND)
        return plan_leaf(plan, c, ACTION_RULE);
    if (found == ABSENT && has_room)
        found = find_item(c, interrupts, opening);
    return found;
}

/* Calls `take`, unless it is NULL, for each cell of a row of a table. Returns their number. */
static unsigned split_row(struct span row, void (*take)(void *arg, struct span cell), void *arg)
{
    unsigned count = 0;
    row = span_trim(row);
    size_t at = row.len && row.at[0] == '|', from = at;
    while (at < row.len) {
        while (at < row.len && row.at[at] != '|')
            at += row.at[at] == '\\' && at + 1 < row.len ? 2 : 1;
        at = at < row.len ? at : row.len;
        if (take)
            take(arg, span_trim(span_make(row.at + from, at - from)));
        count++;
        from = ++at;
    }
    return count;
}

/* Appends the alignment given by a cell of the delimiter row. */
static void take_align(void *arg, struct span cell)
{
    struct buf *align = arg;
    bool left = cell.len && cell.at[0] == ':', right = cell.len && cell.at[cell.len - 1] == ':';
    size_t dashes = 0;
    for (size_t i = left; i < cell.len; i++)
        dashes += cell.at[i] == '-';
    if (dashes == 0 || dashes + left + right != cell.len)
        buf_byte(align, NO_ALIGN);
    else if (left && right)
        buf_byte(align, MARKDOWN_CENTER);
    else
        buf_byte(align, left ? MARKDOWN_LEFT : right ? MARKDOWN_RIGHT : MARKDOWN_ALIGN_NONE);
}

/* The delimiter row of a table whose header row is the candidate. Its alignment goes to m->align.
 */
static enum found find_delimiters(struct markdown *m, struct cursor *c)
{
    size_t at = c->first_at;
    int here;
    while ((here = peek_at(c, at)) > 0 && strchr("|:- \t", here))
        at++;
    c->same = "|:- \t";
    if (here != '\n')
        return here == UNKNOWN ? UNKNOWN : ABSENT;
    buf_clear(&m->align);
    split_row(span_make(c->s.at + c->first_at, at - c->first_at), take_align, &m->align);
    bool all =
        m->columns && m->align.len == m->columns && !memchr(m->align.data, NO_ALIGN, m->align.len);
    return all ? FOUND : ABSENT;
}

/* No block begins here: the line is text, or belongs to a table. `all`: all containers continue. */
static enum found plan_text(struct markdown *m, struct cursor *c, struct plan *plan, bool all)
{
    bool inside = all && plan->opened == 0;
    advance_columns(c, c->indent);
    plan_leaf(plan, c, ACTION_TEXT);
    plan->spaces = 0;
    plan->candidate = c->first == '|';
    if (inside && m->leaf == LEAF_TABLE) {
        /* A bar alone is not a row. */
        int after = c->first == '|' ? peek_at(c, skip_blanks(c, c->first_at + 1)) : ANY;
        if (after == UNKNOWN)
            return UNKNOWN;
        plan->action = after == '\n' ? ACTION_TEXT : ACTION_ROW;
    } else if (m->leaf == LEAF_PARAGRAPH && plan->opened == 0 && !all) {
        plan->action = ACTION_LAZY;
    } else if (inside && m->candidate && c->indent < CODE_INDENT) {
        enum found found = find_delimiters(m, c);
        if (found == UNKNOWN)
            return UNKNOWN;
        if (found == FOUND)
            plan->action = ACTION_TABLE;
    }
    return FOUND;
}

/* Classifies the line: FOUND, or UNKNOWN. Changes only m->openings and m->align in *m. */
static enum found plan_line(struct markdown *m, struct cursor *c, struct plan *plan)
{
    c->same = "";
    if (match_containers(m, c, plan) == UNKNOWN || !find_first(c))
        return UNKNOWN;
    bool all = plan->matched == m->depth;
    if (all && (m->leaf == LEAF_FENCED || m->leaf == LEAF_INDENTED)) {
        enum found found = match_code(m, c, plan);
        if (found != ABSENT)
            return found;
    }
    bool lazy = m->leaf == LEAF_PARAGRAPH, interrupts = all && lazy;
    enum found found;
    while ((found = find_block(m, c, plan, interrupts, lazy)) == FOUND_CONTAINER) {
        plan->opened++;
        interrupts = lazy = false;
        if (!find_first(c))
            return UNKNOWN;
    }
    if (found != ABSENT)
        return found;
    if (c->first == '\n')
        return plan_leaf(plan, c, ACTION_BLANK);
    return plan_text(m, c, plan, all);
}

/* Carrying out the plan. */

static void open_containers(struct markdown *m, const struct plan *plan)
{
    for (unsigned i = 0; i < plan->opened; i++) {
        const struct opening *o = &m->openings[i];
        struct markdown_block block = {
            .kind = o->container.kind, .gap = m->gap, .marker = o->marker};
        block.continues = begin_child_block(m, o->container.list);
        m->containers[++m->depth] = o->container;
        m->containers[m->depth].list = 0;
        open_block(m, block);
        m->gap = false;
    }
}

/* Whether the open leaf continues. */
static bool continues_leaf(const struct markdown *m, const struct plan *plan)
{
    switch (plan->action) {
    case ACTION_LAZY:
    case ACTION_ROW:
    case ACTION_TABLE:
    case ACTION_CODE:
    case ACTION_FENCE_END:
        return true;
    case ACTION_TEXT:
        return plan->opened == 0 && plan->matched == m->depth && m->leaf == LEAF_PARAGRAPH;
    case ACTION_BLANK:
        return plan->opened == 0 && plan->matched == m->depth &&
               (m->leaf == LEAF_FENCED || m->leaf == LEAF_INDENTED);
    default:
        return false;
    }
}

/* The candidate is the header row of a table (GitHub's extension) that ends the paragraph. */
static void begin_table(struct markdown *m)
{
    struct buf header = m->row;
    m->row = (struct buf){0};
    m->candidate = false;
    bool gap = !m->leaf_begun && m->leaf_gap;
    end_paragraph(m);
    m->leaf = LEAF_TABLE;
    open_block(m, (struct markdown_block){.kind = MARKDOWN_TABLE_BLOCK,
                                          .gap = gap,
                                          .columns = m->columns,
                                          .align = (const unsigned char *)m->align.data});
    /* A header that ends in a cut character may be larger than the bound. */
    m->table_size = header.len < MARKDOWN_TABLE ? header.len : MARKDOWN_TABLE;
    m->row = header;
}

struct row_reader {
    struct markdown *m;
    unsigned count;
    struct buf cell;
};

/* An escaped bar is a bar, also in code. */
static void take_cell(void *arg, struct span source)
{
    struct row_reader *r = arg;
    struct markdown *m = r->m;
    if (r->count++ >= m->columns)
        return;
    buf_clear(&r->cell);
    for (size_t i = 0; i < source.len; i++)
        if (source.at[i] != '\\' || i + 1 == source.len || source.at[i + 1] != '|')
            buf_byte(&r->cell, source.at[i]);
    open_block(m, (struct markdown_block){.kind = MARKDOWN_CELL});
    inline_begin(m->inline_parser, true);
    inline_feed(m->inline_parser, buf_view(&r->cell));
    inline_end(m->inline_parser);
    close_block(m, MARKDOWN_CELL);
}

static void pass_row(struct markdown *m)
{
    struct row_reader reader = {.m = m};
    open_block(m, (struct markdown_block){.kind = MARKDOWN_ROW});
    split_row(buf_view(&m->row), take_cell, &reader);
    close_block(m, MARKDOWN_ROW);
    buf_release(&reader.cell);
    buf_clear(&m->row);
}

static void add_table_size(struct markdown *m, size_t size)
{
    bool before = m->table_size > MARKDOWN_TABLE;
    m->table_size += size;
    if (!before && m->table_size > MARKDOWN_TABLE)
        m->sink->table_full(m->sink->arg);
}

static void begin_leaf(struct markdown *m, const struct plan *plan)
{
    struct markdown_block block = {.gap = m->gap, .level = plan->level};
    switch (plan->action) {
    case ACTION_TEXT:
        begin_child_block(m, 0);
        m->leaf = LEAF_PARAGRAPH;
        m->leaf_gap = m->gap;
        m->leaf_begun = false;
        break;
    case ACTION_HEADING:
        begin_child_block(m, 0);
        block.kind = MARKDOWN_HEADING;
        open_block(m, block);
        inline_begin(m->inline_parser, false);
        buf_clear(&m->hashes);
        m->after_blank = true;
        break;
    case ACTION_RULE:
        begin_child_block(m, 0);
        block.kind = MARKDOWN_RULE;
        open_block(m, block);
        close_block(m, MARKDOWN_RULE);
        break;
    case ACTION_FENCE:
    case ACTION_INDENTED:
        begin_child_block(m, 0);
        block.kind = MARKDOWN_CODE_BLOCK;
        open_block(m, block);
        m->leaf = plan->action == ACTION_FENCE ? LEAF_FENCED : LEAF_INDENTED;
        m->fence = plan->fence;
        m->lines = false;
        m->empty_lines = 0;
        break;
    default:
        break;
    }
}

static void put_spaces(struct markdown *m, unsigned spaces)
{
    for (; spaces; spaces--)
        m->sink->text(m->sink->arg, span_make(" ", 1), MARKDOWN_CODE);
}

/* Processes the line according to the plan and sets m->rest. */
static void begin_rest(struct markdown *m, const struct plan *plan)
{
    m->rest = REST_SKIPPED;
    switch (plan->action) {
    case ACTION_LAZY:
    case ACTION_TEXT:
        m->candidate = plan->candidate;
        m->rest = plan->candidate ? REST_ROW : REST_TEXT;
        buf_clear(&m->row);
        break;
    case ACTION_TABLE:
        begin_table(m);
        pass_row(m);
        add_table_size(m, m->line.len);
        break;
    case ACTION_ROW:
        m->rest = REST_ROW;
        break;
    case ACTION_HEADING:
        m->rest = REST_HEADING;
        break;
    case ACTION_INDENTED:
    case ACTION_CODE:
        put_code_lines(m);
        put_spaces(m, plan->spaces);
        m->rest = REST_CODE;
        break;
    case ACTION_FENCE_END:
        end_code(m, true);
        m->leaf = LEAF_NONE;
        break;
    case ACTION_BLANK:
    case ACTION_RULE:
    case ACTION_FENCE:
        break;
    }
}

static void carry_out(struct markdown *m, const struct plan *plan)
{
    bool same = continues_leaf(m, plan);
    if (plan->action != ACTION_TABLE)
        release_candidate(m);
    if (!same) {
        close_leaf(m);
        close_containers(m, plan->matched);
        open_containers(m, plan);
        begin_leaf(m, plan);
    }
    if (plan->action != ACTION_BLANK || plan->opened)
        m->gap = false;
    else if (same)
        m->empty_lines++;
    else
        m->gap = true;
    begin_rest(m, plan);
}

/* The rest of a line. */

/* The text of a heading without its closing sequence (CommonMark 4.2): # after a blank, and blanks
   after these, are held back until another character follows. */
static void pass_heading(struct markdown *m, struct span text)
{
    struct buf *held = &m->hashes;
    for (size_t at = 0, n; at < text.len; at += n) {
        bool blank = is_blank(text.at[at]), hash = text.at[at] == '#';
        bool full = held->len >= MARKDOWN_OPENER;
        bool in_hashes = held->len && held->data[held->len - 1] == '#';
        n = 1;
        if (held->len && !full && (blank || (hash && in_hashes))) {
            buf_byte(held, text.at[at]);
            continue;
        }
        bool begins = hash && (held->len ? !in_hashes : m->after_blank) && !full;
        while (!begins && !blank && at + n < text.len && !is_blank(text.at[at + n]))
            n++;
        inline_feed(m->inline_parser, buf_view(held));
        buf_clear(held);
        if (begins)
            buf_byte(held, '#');
        else
            inline_feed(m->inline_parser, span_make(text.at + at, n));
        m->after_blank = blank;
    }
}

/* The row has reached the limit. The rest is text. */
static void break_row(struct markdown *m, struct span text)
{
    if (m->candidate) {
        m->candidate = false;
        feed_paragraph(m, buf_view(&m->row));
        buf_clear(&m->row);
    } else {
        pass_row(m);
        close_leaf(m);
        m->leaf = LEAF_PARAGRAPH;
        m->leaf_gap = false;
        m->leaf_begun = false;
    }
    m->rest = REST_TEXT;
    feed_paragraph(m, text);
}

static bool continues_character(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

static void feed_row(struct markdown *m, struct span text)
{
    size_t room = m->row.len < MARKDOWN_TABLE ? MARKDOWN_TABLE - m->row.len : 0;
    while (room && room < text.len && continues_character(text.at[room]))
        room++;
    buf_append(&m->row, text.at, text.len < room ? text.len : room);
    if (text.len > room)
        break_row(m, span_make(text.at + room, text.len - room));
}

/* More of a line whose start is known. */
static void put_rest(struct markdown *m, struct span text)
{
    if (text.len == 0)
        return;
    switch (m->rest) {
    case REST_TEXT:
        feed_paragraph(m, text);
        break;
    case REST_HEADING:
        pass_heading(m, text);
        break;
    case REST_CODE:
        m->sink->text(m->sink->arg, text, MARKDOWN_CODE);
        break;
    case REST_ROW:
        feed_row(m, text);
        break;
    case REST_SKIPPED:
    case REST_UNDECIDED:
        break;
    }
}

/* Examines the start of the line and, if its blocks are known, carries that out. */
static void decide(struct markdown *m, enum line_part_end end)
{
    struct plan plan = {0};
    struct cursor cursor = {.s = buf_view(&m->line), .end = end};
    if (plan_line(m, &cursor, &plan) == UNKNOWN) {
        m->same = cursor.same;
        return;
    }
    carry_out(m, &plan);
    if (plan.at < m->line.len)
        put_rest(m, span_make(m->line.data + plan.at, m->line.len - plan.at));
    buf_clear(&m->line);
}

/* Whether more of the line cannot decide what it begins: see `same` of struct markdown. Without
   this a long line that arrives byte by byte would be examined from its start for each of them. */
static bool leaves_undecided(const struct markdown *m, struct span text)
{
    if (!m->same)
        return !memchr(text.at, '`', text.len);
    for (size_t i = 0; i < text.len; i++)
        if (!text.at[i] || !strchr(m->same, text.at[i]))
            return false;
    return true;
}

/* Whole characters of one line. */
static void feed_line(struct markdown *m, struct span text)
{
    while (text.len && m->rest == REST_UNDECIDED) {
        size_t room = MARKDOWN_OPENER - m->line.len, n = text.len < room ? text.len : room;
        while (n < text.len && continues_character(text.at[n]))
            n++;
        struct span piece = span_make(text.at, n);
        bool undecided = m->line.len && leaves_undecided(m, piece);
        buf_span(&m->line, piece);
        text = span_make(text.at + n, text.len - n);
        if (m->line.len >= MARKDOWN_OPENER)
            decide(m, END_BOUND);
        else if (!undecided)
            decide(m, END_OPEN);
    }
    put_rest(m, text);
}

static void end_source_line(struct markdown *m)
{
    if (m->rest == REST_UNDECIDED)
        decide(m, END_LINE);
    switch (m->rest) {
    case REST_TEXT:
        inline_newline(m->inline_parser);
        break;
    case REST_HEADING:
        inline_end(m->inline_parser);
        close_block(m, MARKDOWN_HEADING);
        break;
    case REST_ROW:
        if (m->candidate) {
            m->columns = split_row(buf_view(&m->row), NULL, NULL);
        } else {
            size_t size = m->row.len;
            pass_row(m);
            add_table_size(m, size + 1);
        }
        break;
    default:
        break;
    }
    m->rest = REST_UNDECIDED;
    m->same = "";
    buf_clear(&m->line);
}

/* The bytes: whole characters, line ends, NUL. */

static void put_characters(struct markdown *m, struct span text)
{
    uint32_t point;
    while (m->character.len && text.len) {
        buf_byte(&m->character, text.at[0]);
        text = span_make(text.at + 1, text.len - 1);
        size_t n = utf8_next(buf_view(&m->character), &point);
        if (n == 0)
            continue;
        /* An ill-formed sequence, and the byte after it. */
        bool over = n < m->character.len;
        struct buf whole = m->character;
        m->character = (struct buf){0};
        feed_line(m, span_make(whole.data, n));
        if (over)
            put_characters(m, span_make(whole.data + n, whole.len - n));
        buf_release(&whole);
    }
    size_t cut = text.len;
    for (size_t back = 1; back <= 3 && back <= text.len; back++) {
        size_t from = text.len - back;
        if (continues_character(text.at[from]))
            continue;
        if (utf8_next(span_make(text.at + from, back), &point) == 0)
            cut = from;
        break;
    }
    feed_line(m, span_make(text.at, cut));
    buf_append(&m->character, text.at + cut, text.len - cut);
}

static void end_characters(struct markdown *m)
{
    struct buf rest = m->character;
    m->character = (struct buf){0};
    if (rest.len)
        feed_line(m, buf_view(&rest));
    buf_release(&rest);
}

static void put_ordinary(struct markdown *m, struct span text)
{
    static const struct span replacement = SPAN("\xEF\xBF\xBD");
    while (text.len) {
        const char *nul = memchr(text.at, '\0', text.len);
        size_t n = nul ? (size_t)(nul - text.at) : text.len;
        put_characters(m, span_make(text.at, n));
        if (nul) {
            end_characters(m);
            feed_line(m, replacement);
            n++;
        }
        text = span_make(text.at + n, text.len - n);
    }
}

static void end_carriage(struct markdown *m)
{
    if (!m->carriage)
        return;
    m->carriage = false;
    end_characters(m);
    feed_line(m, span_make("\r", 1));
}

void markdown_feed(struct markdown *m, struct span text)
{
    for (size_t from = 0, at = 0; at < text.len; from = at) {
        while (at < text.len && text.at[at] != '\n' && text.at[at] != '\r')
            at++;
        if (at > from)
            end_carriage(m);
        put_ordinary(m, span_make(text.at + from, at - from));
        if (at == text.len)
            return;
        if (text.at[at++] == '\r') {
            end_carriage(m);
            m->carriage = true;
        } else {
            m->carriage = false;
            end_characters(m);
            end_source_line(m);
        }
    }
}

void markdown_end(struct markdown *m)
{
    end_carriage(m);
    end_characters(m);
    if (m->rest != REST_UNDECIDED || m->line.len)
        end_source_line(m);
    close_leaf(m);
    close_containers(m, 0);
    markdown_reset(m);
}

void markdown_reset(struct markdown *m)
{
    buf_clear(&m->character);
    buf_clear(&m->line);
    buf_clear(&m->row);
    buf_clear(&m->hashes);
    m->carriage = m->gap = m->candidate = m->leaf_begun = false;
    m->depth = 0;
    m->leaf = LEAF_NONE;
    m->rest = REST_UNDECIDED;
    m->same = "";
    m->containers[0] = (struct container){0};
}

struct markdown *markdown_new(const struct markdown_sink *sink)
{
    struct markdown *m = xcalloc(1, sizeof *m);
    m->sink = sink;
    m->inline_parser = inline_new(sink);
    markdown_reset(m);
    return m;
}

void markdown_free(struct markdown *m)
{
    if (!m)
        return;
    inline_free(m->inline_parser);
    buf_release(&m->character);
    buf_release(&m->line);
    buf_release(&m->row);
    buf_release(&m->hashes);
    buf_release(&m->align);
    free(m);
}
