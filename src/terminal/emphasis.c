/* SPDX-License-Identifier: MIT */
#include "terminal/emphasis.h"

#include <ctype.h>
#include <string.h>

static bool is_among(unsigned char c, const char *set)
{
    return c && strchr(set, c);
}

/* Of Unicode's blanks the no-break space, the widths of U+2000, the narrow and the ideographic. */
static bool ends_blank(uint32_t bytes)
{
    return (bytes & 0xFF) == 0 || isspace((unsigned char)bytes) || (bytes & 0xFFFF) == 0xC2A0 ||
           (bytes >= 0xE28080 && bytes <= 0xE2808A) || bytes == 0xE280AF || bytes == 0xE38080;
}

/* The dashes, quotation marks and their like of U+2010 to U+203F. */
static bool ends_wide_punctuation(uint32_t bytes)
{
    return bytes >= 0xE28090 && bytes <= 0xE280BF && !ends_blank(bytes);
}

static bool may_begin(char mark, uint32_t before)
{
    unsigned char c = before & 0xFF;
    if (ends_blank(before) || ends_wide_punctuation(before))
        return true;
    /* Languages without blanks have emphasis, too. */
    if (c >= 0x80)
        return mark == '*';
    return ispunct(c) && !is_among(c, ")]}");
}

static bool may_end(uint32_t before)
{
    return !ends_blank(before) && !is_among(before & 0xFF, "([{<");
}

static bool is_open(const struct emphasis *e, char mark, unsigned style)
{
    for (unsigned i = 0; i < e->depth; i++)
        if (e->open[i].mark == mark && (e->open[i].style & style))
            return true;
    return false;
}

static void begin(struct emphasis *e, char mark, unsigned style)
{
    if (e->depth == EMPHASIS_ROOM || is_open(e, mark, style))
        return;
    e->open[e->depth].mark = mark;
    e->open[e->depth++].style = (unsigned char)style;
}

/* Ends the innermost of that style, and what was begun within it. */
static bool end(struct emphasis *e, char mark, unsigned style)
{
    for (unsigned i = e->depth; i-- > 0;) {
        if (e->open[i].mark == mark && (e->open[i].style & style)) {
            e->open[i].style &= (unsigned char)~style;
            e->depth = e->open[i].style ? i + 1 : i;
            return true;
        }
    }
    return false;
}

bool emphasis_is_marker(const struct emphasis *e, char mark, uint32_t before)
{
    return may_begin(mark, before) ||
           (may_end(before) && is_open(e, mark, EMPHASIS_WEAK | EMPHASIS_STRONG));
}

void emphasis_take(struct emphasis *e, char mark, unsigned run, uint32_t before, unsigned char next)
{
    bool weak = run != 2, strong = run >= 2;
    bool ends = may_end(before) && (mark == '*' || !isalnum(next));
    /* With a blank on either side, ** after **, nothing else can be meant. */
    if (ends || (run == 2 && isspace(next))) {
        bool ended = strong && end(e, mark, EMPHASIS_STRONG);
        ended = (weak && end(e, mark, EMPHASIS_WEAK)) || ended;
        if (ended)
            return;
    }
    if (run <= 3 && may_begin(mark, before) && !isspace(next) && !is_among(next, ")]},;"))
        begin(e, mark, (weak ? EMPHASIS_WEAK : 0) | (strong ? EMPHASIS_STRONG : 0));
}

unsigned emphasis_style(const struct emphasis *e)
{
    unsigned style = 0;
    for (unsigned i = 0; i < e->depth; i++)
        style |= e->open[i].style;
    return style;
}
