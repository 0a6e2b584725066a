/* SPDX-License-Identifier: MIT */
#include "terminal/markdown.h"

#include "terminal/escape.h"

#include <ctype.h>
#include <string.h>

/* A style is a set of these and of those of emphasis. */
enum { HEADING = 4, CODE = 8, MARKER = 16, QUOTE = 32 };

/* How each of them looks, as parameters of SGR. Of two colours the later one is seen. */
static const struct {
    unsigned style;
    const char *sgr;
} looks[] = {
    {HEADING, ";1;35"}, {EMPHASIS_STRONG, ";1"}, {EMPHASIS_WEAK, ";3"},
    {CODE, ";36"},      {MARKER, ";33"},         {QUOTE, ";2"},
};

enum place {
    AT_START, /* nothing but blanks and markers so far */
    IN_HASHES,
    IN_BULLET, /* a - or + */
    IN_RULE,   /* more - */
    IN_NUMBER,
    IN_NUMBER_END, /* its . or ) */
    IN_TILDES,
    IN_TEXT,
    IN_INFO, /* what stands behind the fence that begins a block of code */
    IN_CODE,
    IN_FENCE,      /* the one that may end it */
    IN_FENCE_TAIL, /* blanks behind that */
};

enum { LARGEST_NUMBER = 999999999, DEEPER = 3, HASHES = 6, FENCE = 3 };

/* Blocks. */

/* What was begun in the text does not go beyond its block. */
static void end_block(struct markdown *m)
{
    m->emphasis = (struct emphasis){.depth = 0};
    m->ticks = 0;
}

/* A blank behind a > belongs to that. */
static bool is_too_deep(const struct markdown *m)
{
    return m->column > m->content + DEEPER + (m->quotes ? 1 : 0);
}

static unsigned level_of(const struct markdown *m)
{
    unsigned level = m->column / 2;
    return level < MARKDOWN_LEVELS ? level : MARKDOWN_LEVELS - 1;
}

/* The marker was there and `width` columns wide. */
static void begin_item(struct markdown *m, unsigned width)
{
    end_block(m);
    for (unsigned level = level_of(m) + 1; level < MARKDOWN_LEVELS; level++)
        m->next[level] = 0;
    m->item = true;
    m->column += width;
    m->content = m->column + 1;
    m->place = AT_START;
}

static void begin_fence(struct markdown *m, char mark)
{
    end_block(m);
    m->fence = mark;
    m->fenced = m->run;
    m->fence_in = m->quotes;
    m->place = IN_INFO;
}

/* Text. */

static unsigned style_of_text(const struct markdown *m)
{
    return emphasis_style(&m->emphasis) | (m->heading ? HEADING : 0) | (m->ticks ? CODE : 0);
}

/* The markers of emphasis look like those of items, for a * at the beginning of a line may become
   either. */
static unsigned style_of_run(const struct markdown *m)
{
    if (m->mark == '`')
        return style_of_text(m) | CODE;
    if (emphasis_is_marker(&m->emphasis, m->mark, m->before))
        return (m->heading ? HEADING : 0) | MARKER;
    return style_of_text(m);
}

static unsigned begin_run(struct markdown *m, unsigned char mark, bool leading)
{
    m->place = IN_TEXT;
    m->mark = (char)mark;
    m->run = 1;
    m->leading = leading;
    m->before = m->last;
    return style_of_run(m);
}

static void end_run(struct markdown *m, unsigned char next)
{
    char mark = m->mark;
    m->mark = 0;
    if (mark == '*' && m->run == 1 && m->leading && !m->item && isspace(next))
        begin_item(m, 1);
    else if (m->ticks && m->run == m->ticks && mark == '`')
        m->ticks = 0;
    else if (mark == '`' && m->run >= FENCE && m->leading && !is_too_deep(m))
        begin_fence(m, mark);
    else if (!m->ticks && mark == '`')
        m->ticks = m->run;
    else if (!m->ticks)
        emphasis_take(&m->emphasis, mark, m->run, m->before, next);
}

static unsigned in_text(struct markdown *m, unsigned char c)
{
    bool escaped = m->escaped;
    m->place = IN_TEXT;
    m->escaped = c == '\\' && !escaped && !m->ticks;
    if (escaped && ispunct(c))
        return style_of_text(m);
    if (c == '`' || (!m->ticks && (c == '*' || c == '_')))
        return begin_run(m, c, false);
    return style_of_text(m);
}

/* The beginning of a line, and what it turns out to be. */

/* Whether the number so far is 1, or that of the next item, or the first digits of it. */
static bool is_due(const struct markdown *m)
{
    for (uint32_t due = m->next[level_of(m)]; due && m->number; due /= 10)
        if (due == m->number)
            return true;
    return m->number == 1;
}

static unsigned in_number(struct markdown *m, unsigned char c)
{
    if (isdigit(c) && m->number <= LARGEST_NUMBER / 10) {
        m->number = m->number * 10 + (c - '0');
        m->run++;
    } else if (c == '.' || c == ')') {
        m->place = IN_NUMBER_END;
    } else {
        return in_text(m, c);
    }
    return is_due(m) ? MARKER : style_of_text(m);
}

static void end_number(struct markdown *m)
{
    m->next[level_of(m)] = m->number + 1;
    begin_item(m, m->run + 1);
}

static unsigned in_number_end(struct markdown *m, unsigned char c)
{
    if (!isspace(c))
        return in_text(m, c);
    end_number(m);
    m->column++;
    return 0;
}

static unsigned in_bullet(struct markdown *m, unsigned char c)
{
    if (isspace(c)) {
        begin_item(m, 1);
        m->column++;
        return 0;
    }
    if (c != '-' || (m->last & 0xFF) != '-')
        return in_text(m, c);
    m->place = IN_RULE;
    return MARKER;
}

static unsigned in_rule(struct markdown *m, unsigned char c)
{
    return c == '-' ? MARKER : in_text(m, c);
}

static unsigned in_hashes(struct markdown *m, unsigned char c)
{
    if (c == '#' && m->run < HASHES) {
        m->run++;
        return HEADING;
    }
    if (!isspace(c))
        return in_text(m, c);
    end_block(m);
    memset(m->next, 0, sizeof m->next);
    m->heading = true;
    m->place = IN_TEXT;
    return HEADING;
}

/* One or two are text more often than not. */
static unsigned in_tildes(struct markdown *m, unsigned char c)
{
    if (c == '~')
        return ++m->run < FENCE ? style_of_text(m) : CODE;
    if (m->run < FENCE)
        return in_text(m, c);
    begin_fence(m, '~');
    return CODE;
}

static unsigned begin_text(struct markdown *m, unsigned char c)
{
    if (m->item || m->column < m->content)
        m->content = m->column;
    m->run = 1;
    if (c == '`' || c == '*' || c == '_')
        return begin_run(m, c, true);
    if (c == '#' && !is_too_deep(m)) {
        m->place = IN_HASHES;
        return HEADING;
    }
    if (c == '~' && !is_too_deep(m)) {
        m->place = IN_TILDES;
        return style_of_text(m);
    }
    if (!m->item && (c == '-' || c == '+')) {
        m->place = IN_BULLET;
        return MARKER;
    }
    if (!m->item && isdigit(c)) {
        m->place = IN_NUMBER;
        m->number = m->run = 0;
        return in_number(m, c);
    }
    if (c == '|')
        end_block(m);
    return in_text(m, c);
}

/* Blocks of code. */

static unsigned in_info(struct markdown *m, unsigned char c)
{
    if (c != '`' || m->fence != '`')
        return CODE;
    /* It was a span. */
    m->fence = 0;
    m->ticks = m->fenced;
    return begin_run(m, c, false);
}

static unsigned begin_code(struct markdown *m, unsigned char c)
{
    m->run = 1;
    m->place = c == (unsigned char)m->fence && !is_too_deep(m) ? IN_FENCE : IN_CODE;
    return CODE;
}

static unsigned in_code(struct markdown *m, unsigned char c)
{
    (void)m;
    (void)c;
    return CODE;
}

static unsigned in_fence(struct markdown *m, unsigned char c)
{
    if (c == (unsigned char)m->fence)
        m->run++;
    else
        m->place = isspace(c) && m->run >= m->fenced ? IN_FENCE_TAIL : IN_CODE;
    return CODE;
}

static unsigned in_fence_tail(struct markdown *m, unsigned char c)
{
    if (!isspace(c))
        m->place = IN_CODE;
    return CODE;
}

/* Lines. */

static unsigned begin_quote(struct markdown *m)
{
    m->quotes++;
    m->column = 0;
    if (m->quotes > m->quoted)
        end_block(m);
    return QUOTE;
}

static unsigned at_start(struct markdown *m, unsigned char c)
{
    bool outside = m->fence && m->quotes < m->fence_in;
    bool quotes = m->fence ? outside : !m->item && !is_too_deep(m);
    if (isspace(c)) {
        m->column = c == '\t' ? m->column / 4 * 4 + 4 : m->column + 1;
        return 0;
    }
    if (c == '>' && quotes)
        return begin_quote(m);
    if (outside)
        m->fence = 0;
    return m->fence ? begin_code(m, c) : begin_text(m, c);
}

/* What had to wait for the end of the line. */
static void settle_line(struct markdown *m)
{
    if (m->place == IN_NUMBER_END)
        end_number(m);
    else if (m->place == IN_BULLET)
        begin_item(m, 1);
    else if (m->place == IN_TILDES && m->run >= FENCE)
        begin_fence(m, '~');
    else if (m->place == IN_FENCE_TAIL || (m->place == IN_FENCE && m->run >= m->fenced))
        m->fence = 0;
    else if (m->place == IN_RULE || m->place == IN_HASHES || m->heading)
        end_block(m);
}

static void end_line(struct markdown *m)
{
    settle_line(m);
    if (m->place == AT_START && !m->item) {
        end_block(m);
        if (m->quotes < m->fence_in)
            m->fence = 0;
    }
    m->place = AT_START;
    m->column = 0;
    m->quoted = m->quotes;
    m->quotes = 0;
    m->item = m->heading = m->escaped = false;
}

/* Takes one byte. Answers its style. */
static unsigned step(struct markdown *m, unsigned char c)
{
    static unsigned (*const in[])(struct markdown *, unsigned char) = {
        [AT_START] = at_start,   [IN_HASHES] = in_hashes, [IN_BULLET] = in_bullet,
        [IN_RULE] = in_rule,     [IN_NUMBER] = in_number, [IN_NUMBER_END] = in_number_end,
        [IN_TILDES] = in_tildes, [IN_TEXT] = in_text,     [IN_INFO] = in_info,
        [IN_CODE] = in_code,     [IN_FENCE] = in_fence,   [IN_FENCE_TAIL] = in_fence_tail,
    };
    /* A character looks as its first byte. */
    if ((c & 0xC0) == 0x80)
        return m->style;
    if (m->mark && c == (unsigned char)m->mark) {
        m->run++;
        return style_of_run(m);
    }
    if (m->mark)
        end_run(m, c);
    if (c != '\n')
        return in[m->place](m, c);
    end_line(m);
    return 0;
}

static void put(struct buf *out, struct span text, bool harmless)
{
    if (harmless)
        escape_put(out, text);
    else
        buf_span(out, text);
}

/* Each sequence says all of a style, none builds on another. */
static void put_style(struct buf *out, unsigned style)
{
    buf_append(out, "\033[0", 3);
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        if (style & looks[i].style)
            buf_puts(out, looks[i].sgr);
    buf_byte(out, 'm');
}

void markdown_put(struct markdown *m, struct buf *out, struct span text, bool harmless)
{
    unsigned style = 0;
    size_t from = 0;
    if (text.len == 0)
        return;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        m->style = step(m, c);
        m->last = (m->last << 8 | c) & 0xFFFFFF;
        if (m->style == style)
            continue;
        put(out, span_make(text.at + from, i - from), harmless);
        put_style(out, m->style);
        style = m->style;
        from = i;
        m->used = true;
    }
    put(out, span_make(text.at + from, text.len - from), harmless);
    if (style)
        put_style(out, 0);
}

void markdown_plain(const struct markdown *m, struct buf *out)
{
    if (m->used)
        put_style(out, 0);
}
