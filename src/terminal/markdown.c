/* SPDX-License-Identifier: MIT */
/* The block part of Markdown: CommonMark 0.31, sections 4 and 5, a line at a time. */
#include "terminal/markdown.h"

#include "core/buf.h"
#include "core/utf8.h"
#include "core/xmalloc.h"
#include "terminal/inline.h"

#include <stdlib.h>

enum { CODE_INDENT = 4, FENCE = 3, LONGEST_NUMBER = 9, LEVELS = 6, NO_ALIGN = 'x' };

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
    char fence;
    size_t fence_length;
    unsigned fence_indent;
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

/* The start of a line. It is examined until the block is known; the result is a plan. */

enum action {
    ACTION_BLANK,
    ACTION_LAZY,  /* text of a paragraph whose containers have no markers in this line */
    ACTION_TEXT,  /* of a paragraph, a new one or the open one */
    ACTION_TABLE, /* the delimiter row */
    ACTION_ROW,
    ACTION_HEADING,
    ACTION_RULE,
    ACTION_FENCE, /* one that opens */
    ACTION_FENCE_END,
    ACTION_INDENTED,
    ACTION_CODE /* a line of the open block of code */
};

struct opening {
    struct container container;
    struct span marker;
};

struct plan {
    unsigned matched; /* containers that go on */
    unsigned opened;  /* new ones within them */
    struct opening open[MARKDOWN_DEPTH];
    enum action action;
    size_t at;       /* where the contents of the leaf begin */
    unsigned spaces; /* columns of a tab before that */
    unsigned level;  /* ACTION_HEADING */
    char fence;      /* ACTION_FENCE */
    size_t fence_length;
    unsigned fence_indent;
    bool candidate; /* the text may head a table */
};

/* What the end of the available part of a line means. */
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
    unsigned spaces; /* columns that are left of a tab before `at` */
    /* The next character that is not a blank. */
    size_t next;
    unsigned indent;  /* columns from here */
    int c;            /* '\n' at the end of the line, UNKNOWN if more input is needed */
    const char *same; /* if undecided, see struct markdown */
};

enum { UNKNOWN = -1, ANY = 'x' };

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

/* Whether the next character that is not a blank is known. */
static bool find_next(struct cursor *c)
{
    unsigned column = c->column + c->spaces;
    c->next = c->at;
    while (is_blank(peek_at(c, c->next)))
        column += c->s.at[c->next++] == '\t' ? 4 - column % 4 : 1;
    c->indent = column - c->column;
    c->c = peek_at(c, c->next);
    c->same = " \t";
    return c->c != UNKNOWN;
}

/* Skips blanks. */
static void advance_columns(struct cursor *c, unsigned columns)
{
    while (columns) {
        if (c->spaces == 0 && !is_blank(peek_at(c, c->at)))
            return;
        if (c->spaces == 0)
            c->spaces = c->s.at[c->at++] == '\t' ? 4 - c->column % 4 : 1;
        unsigned n = c->spaces < columns ? c->spaces : columns;
        c->spaces -= n;
        c->column += n;
        columns -= n;
    }
}

/* Skips a marker of `len` characters at the next character that is not a blank. */
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

/* The find_ functions return 1 if found, 0 if not, or UNKNOWN. */

static int find_heading(const struct cursor *c, struct plan *plan)
{
    size_t n = c->c == '#' ? count_same(c, c->next) : 0;
    if (n == 0 || n > LEVELS)
        return 0;
    int after = peek_at(c, c->next + n);
    plan->level = (unsigned)n;
    return after == UNKNOWN ? UNKNOWN : is_blank(after) || after == '\n';
}

static int find_fence(struct cursor *c, struct plan *plan)
{
    if (c->c != '`' && c->c != '~')
        return 0;
    size_t n = count_same(c, c->next), end = c->next + n;
    int after = peek_at(c, end);
    if (after == UNKNOWN || n < FENCE)
        return after == UNKNOWN ? UNKNOWN : 0;
    plan->fence = (char)c->c;
    plan->fence_length = n;
    plan->fence_indent = c->indent;
    if (c->c == '~')
        return 1;
    if (memchr(c->s.at + end, '`', c->s.len - end))
        return 0;
    c->same = NULL;
    return c->end == END_OPEN ? UNKNOWN : 1;
}

/* Of the open block of code. */
static int find_fence_end(struct cursor *c, const struct markdown *m)
{
    static const char *const same[] = {"` \t", "~ \t"};
    if (c->indent >= CODE_INDENT || c->c != m->fence)
        return 0;
    size_t n = count_same(c, c->next), end = skip_blanks(c, c->next + n);
    if (peek_at(c, end) == UNKNOWN) {
        c->same = same[m->fence == '~'];
        return UNKNOWN;
    }
    return n >= m->fence_length && peek_at(c, end) == '\n';
}

static int find_setext(struct cursor *c)
{
    if (c->c != '=' && c->c != '-')
        return 0;
    size_t end = skip_blanks(c, c->next + count_same(c, c->next));
    c->same = c->c == '=' ? "= \t" : "- \t";
    return peek_at(c, end) == UNKNOWN ? UNKNOWN : peek_at(c, end) == '\n';
}

static int find_rule(struct cursor *c)
{
    static const char marks[] = "*-_";
    static const char *const same[] = {"* \t", "- \t", "_ \t"};
    const char *mark = c->c ? strchr(marks, c->c) : NULL;
    size_t n = 0, at = c->next;
    if (!mark)
        return 0;
    for (; peek_at(c, at) == c->c || is_blank(peek_at(c, at)); at++)
        n += peek_at(c, at) == c->c;
    c->same = same[mark - marks];
    return peek_at(c, at) == UNKNOWN ? UNKNOWN : n >= 3 && peek_at(c, at) == '\n';
}

/* The marker of an item and the blanks behind it: what is found is in *opening, and the cursor is
   behind it. */
/* Whether digits have the value 1. The text behind them is not terminated. */
static bool is_one(struct span digits)
{
    while (digits.len > 1 && digits.at[0] == '0')
        digits = span_make(digits.at + 1, digits.len - 1);
    return digits.len == 1 && digits.at[0] == '1';
}

static int find_item(struct cursor *c, bool interrupts, struct opening *opening)
{
    size_t n = 1;
    char list = (char)c->c;
    struct span marker = {0};
    if (c->c >= '0' && c->c <= '9') {
        for (n = 0; n <= LONGEST_NUMBER && peek_at(c, c->next + n) >= '0' &&
                    peek_at(c, c->next + n) <= '9';)
            n++;
        int end = peek_at(c, c->next + n);
        if (end == UNKNOWN)
            return UNKNOWN;
        if (n > LONGEST_NUMBER || (end != '.' && end != ')'))
            return 0;
        list = (char)end;
        marker = span_make(c->s.at + c->next, ++n);
        if (interrupts && !is_one(span_make(marker.at, marker.len - 1)))
            return 0;
    } else if (c->c != '-' && c->c != '+' && c->c != '*') {
        return 0;
    }
    size_t first = c->next + n, behind = skip_blanks(c, first);
    int after = peek_at(c, first), content = peek_at(c, behind);
    if (after == UNKNOWN)
        return UNKNOWN;
    if (!is_blank(after) && after != '\n')
        return 0;
    c->same = " \t";
    if (content == UNKNOWN)
        return UNKNOWN;
    if (interrupts && content == '\n')
        return 0;
    unsigned indent = c->indent + (unsigned)n;
    advance_marker(c, n);
    find_next(c);
    unsigned blanks = c->indent > 4 || content == '\n' ? 1 : c->indent;
    advance_columns(c, blanks);
    *opening =
        (struct opening){{.kind = MARKDOWN_ITEM, .indent = indent + blanks, .list = list}, marker};
    return 1;
}

/* The markers of the open containers. 1, or UNKNOWN. */
static int match_containers(const struct markdown *m, struct cursor *c, struct plan *plan)
{
    for (plan->matched = 0; plan->matched < m->depth; plan->matched++) {
        const struct container *box = &m->containers[plan->matched + 1];
        if (!find_next(c))
            return UNKNOWN;
        if (box->kind == MARKDOWN_ITEM) {
            if (c->indent < box->indent && (c->c != '\n' || !box->filled))
                return 1;
            advance_columns(c, box->indent);
        } else {
            if (c->indent >= CODE_INDENT || c->c != '>')
                return 1;
            advance_marker(c, 1);
            if (peek_at(c, c->at) == UNKNOWN) {
                c->same = "";
                return UNKNOWN;
            }
            advance_columns(c, 1);
        }
    }
    return 1;
}

static int plan_leaf(struct plan *plan, const struct cursor *c, enum action action)
{
    plan->action = action;
    plan->at = c->at;
    plan->spaces = c->spaces;
    return 1;
}

/* The line continues the open block of code, or ends it. 0 if it does neither. */
static int match_code(const struct markdown *m, struct cursor *c, struct plan *plan)
{
    if (m->leaf == LEAF_INDENTED) {
        if (c->indent < CODE_INDENT || c->c == '\n')
            return 0;
        advance_columns(c, CODE_INDENT);
        return plan_leaf(plan, c, ACTION_CODE);
    }
    int end = find_fence_end(c, m);
    if (end == UNKNOWN)
        return UNKNOWN;
    if (end)
        return plan_leaf(plan, c, ACTION_FENCE_END);
    advance_columns(c, m->fence_indent);
    return plan_leaf(plan, c, c->c == '\n' ? ACTION_BLANK : ACTION_CODE);
}

/* A block that begins here, except for a paragraph. 1: a leaf; 2: a container; 0; UNKNOWN. */
static int find_block(struct cursor *c, struct plan *plan, unsigned depth, bool in_paragraph,
                      bool after_paragraph)
{
    bool indented = c->indent >= CODE_INDENT;
    struct opening *opening = &plan->open[plan->opened];
    if (indented) {
        if (after_paragraph || c->c == '\n')
            return 0;
        advance_columns(c, CODE_INDENT);
        return plan_leaf(plan, c, ACTION_INDENTED);
    }
    c->same = "";
    if (c->c == '>' && depth < MARKDOWN_DEPTH) {
        *opening = (struct opening){.container = {.kind = MARKDOWN_QUOTE}};
        advance_marker(c, 1);
        if (peek_at(c, c->at) == UNKNOWN)
            return UNKNOWN;
        advance_columns(c, 1);
        return 2;
    }
    int found = find_heading(c, plan);
    if (found == 1) {
        advance_marker(c, plan->level);
        return plan_leaf(plan, c, ACTION_HEADING);
    }
    if (found == 0 && (found = find_fence(c, plan)) == 1)
        return plan_leaf(plan, c, ACTION_FENCE);
    if (found == 0 && in_paragraph && (found = find_setext(c)) == 1)
        return plan_leaf(plan, c, ACTION_RULE);
    if (found == 0 && (found = find_rule(c)) == 1)
        return plan_leaf(plan, c, ACTION_RULE);
    if (found == 0 && depth < MARKDOWN_DEPTH && (found = find_item(c, in_paragraph, opening)) == 1)
        return 2;
    return found;
}

/* Calls `take`, unless it is NULL, for each cell of a row. Returns their number. */
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

static void take_align(void *arg, struct span cell)
{
    struct buf *align = arg;
    bool left = cell.len && cell.at[0] == ':', right = cell.len && cell.at[cell.len - 1] == ':';
    size_t dashes = 0;
    for (size_t i = left; i < cell.len; i++)
        dashes += cell.at[i] == '-';
    bool whole = dashes > 0 && dashes + left + right == cell.len;
    buf_byte(align, !whole          ? NO_ALIGN
                    : left && right ? MARKDOWN_CENTER
                    : left          ? MARKDOWN_LEFT
                    : right         ? MARKDOWN_RIGHT
                                    : MARKDOWN_ALIGN_NONE);
}

/* Whether the text is the delimiter row below the candidate; its alignment goes to m->align. */
static int find_delimiters(struct markdown *m, struct cursor *c)
{
    size_t at = c->next;
    int here;
    while ((here = peek_at(c, at)) > 0 && strchr("|:- \t", here))
        at++;
    c->same = "|:- \t";
    if (here != '\n')
        return here == UNKNOWN ? UNKNOWN : 0;
    buf_clear(&m->align);
    split_row(span_make(c->s.at + c->next, at - c->next), take_align, &m->align);
    return m->columns && m->align.len == m->columns &&
           !memchr(m->align.data, NO_ALIGN, m->align.len);
}

static int plan_text(struct markdown *m, struct cursor *c, struct plan *plan, bool all)
{
    bool inside = all && plan->opened == 0;
    advance_columns(c, c->indent);
    plan_leaf(plan, c, ACTION_TEXT);
    plan->spaces = 0;
    plan->candidate = c->c == '|';
    if (inside && m->leaf == LEAF_TABLE) {
        /* A bar alone is not a row. */
        int after = c->c == '|' ? peek_at(c, skip_blanks(c, c->next + 1)) : ANY;
        if (after == UNKNOWN)
            return UNKNOWN;
        plan->action = after == '\n' ? ACTION_TEXT : ACTION_ROW;
    } else if (m->leaf == LEAF_PARAGRAPH && plan->opened == 0 && !all) {
        plan->action = ACTION_LAZY;
    } else if (inside && m->candidate && c->indent < CODE_INDENT) {
        int found = find_delimiters(m, c);
        if (found == UNKNOWN)
            return UNKNOWN;
        if (found)
            plan->action = ACTION_TABLE;
    }
    return 1;
}

/* Classifies the line. 1, or UNKNOWN. Changes only m->align in *m. */
static int plan_line(struct markdown *m, struct cursor *c, struct plan *plan)
{
    plan->opened = 0;
    plan->candidate = false;
    c->same = "";
    if (match_containers(m, c, plan) == UNKNOWN || !find_next(c))
        return UNKNOWN;
    bool all = plan->matched == m->depth;
    if (all && (m->leaf == LEAF_FENCED || m->leaf == LEAF_INDENTED)) {
        int found = match_code(m, c, plan);
        if (found != 0)
            return found;
    }
    bool in_paragraph = all && m->leaf == LEAF_PARAGRAPH, after = m->leaf == LEAF_PARAGRAPH;
    for (;;) {
        unsigned depth = plan->matched + plan->opened;
        int found = find_block(c, plan, depth, in_paragraph, after);
        if (found == UNKNOWN || found == 1)
            return found;
        if (found == 0)
            break;
        plan->opened++;
        in_paragraph = after = false;
        if (!find_next(c))
            return UNKNOWN;
    }
    if (c->c == '\n')
        return plan_leaf(plan, c, ACTION_BLANK);
    return plan_text(m, c, plan, all);
}

/* Carrying out the plan. */

static void open_containers(struct markdown *m, const struct plan *plan)
{
    for (unsigned i = 0; i < plan->opened; i++) {
        const struct opening *o = &plan->open[i];
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
    m->table_size = header.len;
    m->row = header;
}

struct row_reader {
    struct markdown *m;
    unsigned count;
    struct buf cell;
};

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
        m->fence_length = plan->fence_length;
        m->fence_indent = plan->fence_indent;
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
    switch (plan->action) {
    case ACTION_BLANK:
        if (same)
            m->empty_lines++;
        else if (!plan->opened)
            m->gap = true;
        m->rest = REST_SKIPPED;
        break;
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
        m->rest = REST_SKIPPED;
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
        m->rest = REST_SKIPPED;
        break;
    case ACTION_RULE:
    case ACTION_FENCE:
        m->rest = REST_SKIPPED;
        break;
    }
}

/* The rest of a line. */

/* Holds back # after a blank, and blanks after these, until another character follows. */
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

static void put_rest(struct markdown *m, struct span text)
{
    if (text.len == 0)
        return;
    size_t room;
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
        room = m->row.len < MARKDOWN_TABLE ? MARKDOWN_TABLE - m->row.len : 0;
        while (room && room < text.len && ((unsigned char)text.at[room] & 0xC0) == 0x80)
            room++;
        buf_append(&m->row, text.at, text.len < room ? text.len : room);
        if (text.len > room)
            break_row(m, span_make(text.at + room, text.len - room));
        break;
    case REST_SKIPPED:
    case REST_UNDECIDED:
        break;
    }
}

/* Classifies the line, if possible. */
static void decide(struct markdown *m, enum line_part_end end)
{
    struct plan plan = {.level = 0};
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
        while (n < text.len && ((unsigned char)text.at[n] & 0xC0) == 0x80)
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
        if (((unsigned char)text.at[from] & 0xC0) == 0x80)
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
