/* SPDX-License-Identifier: MIT */
#include "core/width.h"

#include "core/unicode.h"
#include "core/utf8.h"

enum { JOINER = 0x200D, EMOJI_FORM = 0xFE0F };

static bool is_skin_tone(uint32_t c)
{
    return c >= 0x1F3FB && c <= 0x1F3FF;
}

static bool is_regional_indicator(uint32_t c)
{
    return c >= 0x1F1E6 && c <= 0x1F1FF;
}

/* Wide characters outside the East Asian scripts, and the narrow ones that take a skin tone. */
static bool is_emoji(uint32_t c, bool wide)
{
    if (wide)
        return c < 0x2E80 || (c >= 0x1F000 && c < 0x20000);
    return c == 0x261D || c == 0x26F9 || c == 0x270C || c == 0x270D || c == 0x1F3CB ||
           c == 0x1F3CC || c == 0x1F574 || c == 0x1F575 || c == 0x1F590;
}

static unsigned join(struct width *w, unsigned columns)
{
    w->starts = false;
    w->indicator = false;
    w->columns += columns;
    return columns;
}

unsigned width_add(struct width *w, uint32_t point)
{
    if (point >= 0x20 && point < 0x300 && !w->joins) {
        *w = (struct width){.columns = 1, .starts = true};
        return 1;
    }
    if (w->joins) {
        w->joins = false;
        /* Nothing makes a joined character wider again. */
        if (w->columns < 2)
            w->columns = 2;
        return join(w, 0);
    }
    if (point == JOINER) {
        w->joins = true;
        return join(w, 0);
    }
    if (point == EMOJI_FORM) {
        w->emoji = true;
        return join(w, w->columns == 1);
    }
    if (is_skin_tone(point) && w->emoji)
        return join(w, 0);
    if (is_regional_indicator(point) && w->indicator)
        return join(w, 1);
    if (unicode_is_zero_width(point))
        return join(w, 0);
    bool wide = unicode_is_wide(point);
    *w = (struct width){.columns = wide ? 2 : 1,
                        .starts = true,
                        .emoji = is_emoji(point, wide),
                        .indicator = is_regional_indicator(point)};
    return w->columns;
}

struct span width_fit(struct span text, unsigned columns, unsigned *width)
{
    struct width state = {0};
    size_t at = 0, whole = 0;
    unsigned used = 0, before = 0;
    *width = 0;
    while (at < text.len) {
        uint32_t point;
        size_t step = utf8_next(span_make(text.at + at, text.len - at), &point);
        if (step == 0)
            break;
        used += width_add(&state, point);
        if (state.starts) {
            whole = at;
            before = *width;
        }
        /* A character that grows too wide is left out as a whole. */
        if (used > columns) {
            *width = before;
            return span_make(text.at, whole);
        }
        at += step;
        *width = used;
    }
    return span_make(text.at, at);
}

unsigned width_of(struct span text)
{
    unsigned width;
    width_fit(text, UINT32_MAX, &width);
    return width;
}
