/* SPDX-License-Identifier: MIT */
#include "terminal/cell.h"

#include "core/utf8.h"
#include "core/width.h"

enum { STYLE_SIZE = 3 };

void cell_put_style(struct buf *out, unsigned style)
{
    buf_byte(out, CELL_STYLE);
    buf_byte(out, (char)(0x20 + (style & 0x3F)));
    buf_byte(out, (char)(0x20 + (style >> 6)));
}

static unsigned read_style(struct span text)
{
    return (unsigned)(text.at[1] - 0x20) | (unsigned)(text.at[2] - 0x20) << 6;
}

static bool ends_word(char c)
{
    return c == ' ' || c == CELL_BREAK;
}

struct word {
    size_t len; /* bytes */
    unsigned columns;
    size_t fits;      /* its bytes that fit into a limit, */
    unsigned fitting; /* and their columns */
};

/* Measures the word at the start. */
static struct word measure_word(struct span text, unsigned limit)
{
    struct word word = {0};
    struct width state = {0};
    size_t at = 0;
    while (at < text.len && !ends_word(text.at[at])) {
        if (text.at[at] == CELL_STYLE) {
            at += STYLE_SIZE;
            continue;
        }
        uint32_t point;
        size_t step = utf8_next(span_make(text.at + at, text.len - at), &point);
        word.columns += width_add(&state, point);
        at += step ? step : 1;
        if (word.columns <= limit) {
            word.fits = at;
            word.fitting = word.columns;
        }
    }
    word.len = at;
    return word;
}

struct cell_size cell_measure(struct span text)
{
    struct cell_size size = {0, 0};
    unsigned line = 0;
    for (size_t at = 0; at < text.len;) {
        if (ends_word(text.at[at])) {
            line = text.at[at++] == CELL_BREAK ? 0 : line;
            continue;
        }
        struct word word = measure_word(span_make(text.at + at, text.len - at), 0);
        at += word.len;
        line += word.columns && line ? word.columns + 1 : word.columns;
        size.natural = line > size.natural ? line : size.natural;
        size.longest = word.columns > size.longest ? word.columns : size.longest;
    }
    return size;
}

static void skip_bytes(struct cell_reader *r, size_t len)
{
    r->rest = span_make(r->rest.at + len, r->rest.len - len);
}

bool cell_next(struct cell_reader *r, struct cell_character *c)
{
    while (r->rest.len && r->rest.at[0] == CELL_STYLE) {
        r->style = read_style(r->rest);
        skip_bytes(r, STYLE_SIZE);
    }
    if (r->rest.len == 0)
        return false;
    size_t step = utf8_next(r->rest, &c->point);
    step = step ? step : 1;
    c->bytes = span_make(r->rest.at, step);
    c->style = r->style | r->base;
    skip_bytes(r, step);
    return true;
}

static void take_bytes(struct cell_reader *r, size_t len, struct pen *pen)
{
    while (len) {
        size_t n = 0;
        if (r->rest.at[0] == CELL_STYLE) {
            r->style = read_style(r->rest);
            n = STYLE_SIZE;
        } else {
            while (n < len && r->rest.at[n] != CELL_STYLE)
                n++;
            pen_put(pen, span_make(r->rest.at, n), r->style | r->base);
        }
        skip_bytes(r, n);
        len -= n;
    }
}

unsigned cell_take_line(struct cell_reader *r, unsigned width, struct pen *pen)
{
    unsigned used = 0;
    while (r->rest.len) {
        if (r->rest.at[0] == ' ') {
            skip_bytes(r, 1);
            continue;
        }
        if (r->rest.at[0] == CELL_BREAK) {
            skip_bytes(r, 1);
            break;
        }
        struct word word = measure_word(r->rest, width);
        if (used && word.columns && used + 1 + word.columns > width)
            break;
        if (used && word.columns) {
            pen_set_style(pen, r->style | r->base);
            pen_blanks(pen, 1);
            used++;
        }
        bool split = word.columns > width && word.fits;
        take_bytes(r, split ? word.fits : word.len, pen);
        used += split ? word.fitting : word.columns;
        if (split)
            break;
    }
    pen_set_style(pen, 0);
    return used;
}
