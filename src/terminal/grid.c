/* SPDX-License-Identifier: MIT */
#include "terminal/grid.h"

#include "core/xmalloc.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_WIDTH = 8 };

static void begin_text(struct grid *g)
{
    if (g->cell_count + 1 >= g->cell_capacity) {
        g->cell_capacity = g->cell_capacity ? 2 * g->cell_capacity : 64;
        g->cells = xrealloc(g->cells, g->cell_capacity * sizeof *g->cells);
    }
    g->cells[g->cell_count] = g->text.len;
}

void grid_begin(struct grid *g, unsigned columns, const unsigned char *align)
{
    grid_release(g);
    g->columns = columns;
    g->align = xcalloc(columns, sizeof *g->align);
    g->widths = xcalloc(columns, sizeof *g->widths);
    g->sizes = xcalloc(columns, sizeof *g->sizes);
    memcpy(g->align, align, columns);
}

void grid_begin_cell(struct grid *g)
{
    begin_text(g);
    g->style = 0;
}

void grid_add(struct grid *g, struct span bytes, unsigned style)
{
    bool blank = bytes.at[0] == ' ' || bytes.at[0] == '\t';
    bool first = g->text.len == g->cells[g->cell_count];
    if (blank && (first || g->text.data[g->text.len - 1] == ' '))
        return;
    if (style != g->style)
        cell_put_style(&g->text, style);
    g->style = style;
    if (blank)
        buf_byte(&g->text, ' ');
    else
        buf_span(&g->text, bytes);
}

void grid_break(struct grid *g)
{
    buf_byte(&g->text, CELL_BREAK);
}

static struct span text_between(const struct grid *g, size_t from, size_t to)
{
    return from == to ? span_make("", 0) : span_make(g->text.data + from, to - from);
}

static void widen_cell_size(struct cell_size *size, struct cell_size cell)
{
    size->natural = cell.natural > size->natural ? cell.natural : size->natural;
    size->longest = cell.longest > size->longest ? cell.longest : size->longest;
}

void grid_end_cell(struct grid *g)
{
    size_t from = g->cells[g->cell_count++];
    g->cells[g->cell_count] = g->text.len;
    if (!g->fixed)
        widen_cell_size(&g->sizes[g->row_cells], cell_measure(text_between(g, from, g->text.len)));
    g->row_cells++;
}

void grid_end_row(struct grid *g)
{
    struct grid_row row = {g->cell_count - g->row_cells, g->row_cells};
    g->row_cells = 0;
    if (!g->begun) {
        g->begun = true;
        g->header = row;
        g->header_cells = g->cell_count;
        g->header_text = g->text.len;
        return;
    }
    if (g->count == g->capacity) {
        g->capacity = g->capacity ? 2 * g->capacity : 64;
        g->rows = xrealloc(g->rows, g->capacity * sizeof *g->rows);
    }
    g->rows[g->count++] = row;
}

struct span grid_cell(const struct grid *g, const struct grid_row *row, unsigned column)
{
    if (column >= row->count)
        return span_make("", 0);
    return text_between(g, g->cells[row->first + column], g->cells[row->first + column + 1]);
}

/* The minimum width of a column. */
static unsigned least_width(const struct cell_size *size)
{
    unsigned least = size->natural < LEAST_WIDTH ? size->natural : LEAST_WIDTH;
    return size->longest > least ? size->longest : least;
}

static unsigned limited_width(const struct cell_size *size, unsigned limit)
{
    unsigned least = least_width(size), width = size->natural < limit ? size->natural : limit;
    return width > least ? width : least;
}

static size_t total_width(const struct grid *g, unsigned limit)
{
    size_t all = 0;
    for (unsigned i = 0; i < g->columns; i++)
        all += limited_width(&g->sizes[i], limit);
    return all;
}

/* Narrowing the widest column repeatedly ends with all columns at a common limit or at their
   minimum, except that some may be one wider than the limit. */
void grid_fit(struct grid *g, unsigned width)
{
    size_t gaps = (size_t)GRID_GAP * (g->columns - 1), room = width > gaps ? width - gaps : 0;
    unsigned limit = width;
    g->records = gaps > width || total_width(g, 0) > room;
    if (g->records)
        return;
    while (limit && total_width(g, limit) > room)
        limit--;
    size_t rest = room - total_width(g, limit);
    for (unsigned i = g->columns; i-- > 0;) {
        g->widths[i] = limited_width(&g->sizes[i], limit);
        bool wider = limited_width(&g->sizes[i], limit + 1) > g->widths[i];
        if (wider && rest) {
            g->widths[i]++;
            rest--;
        }
    }
}

unsigned grid_width(const struct grid *g)
{
    unsigned width = GRID_GAP * (g->columns - 1);
    for (unsigned i = 0; i < g->columns; i++)
        width += g->widths[i];
    return width;
}

void grid_clear_rows(struct grid *g)
{
    g->count = 0;
    g->cell_count = g->header_cells;
    g->text.len = g->header_text;
}

void grid_release(struct grid *g)
{
    buf_release(&g->text);
    free(g->align);
    free(g->rows);
    free(g->cells);
    free(g->widths);
    free(g->sizes);
    *g = (struct grid){0};
}
