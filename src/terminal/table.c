/* SPDX-License-Identifier: MIT */
#include "terminal/table.h"

#include "core/width.h"
#include "core/xmalloc.h"
#include "terminal/escape.h"

#include <stdlib.h>

/* On a terminal. The first is for other cells of a column, which are padded to the longest one. */
enum { COLUMN_MAX = 80, GAP = 2, CELL_COLUMNS = 256, CELL_BYTES = 1024 };

void table_add(struct table *t, struct span text)
{
    t->cells = xgrow(t->cells, t->count, sizeof *t->cells);
    struct buf *cell = &t->cells[t->count++];
    *cell = (struct buf){0};
    buf_span(cell, text);
}

static bool is_in(unsigned columns, unsigned column)
{
    return columns & 1U << column;
}

static bool can_shrink(const struct table *t, unsigned column)
{
    return t->width && is_in(t->shrinks, column);
}

static void put_cell(const struct table *t, struct buf *out, struct span cell, unsigned columns)
{
    if (t->ellipsis)
        escape_put_short(out, cell, columns, CELL_BYTES, t->ellipsis);
    else
        escape_put_line(out, cell);
}

static unsigned cell_width(const struct table *t, struct span cell, unsigned columns)
{
    struct buf shown = {0};
    put_cell(t, &shown, cell, columns);
    unsigned width = width_of(buf_view(&shown));
    buf_release(&shown);
    return width;
}

static unsigned column_width(const struct table *t, unsigned column)
{
    unsigned widest = 0;
    for (size_t i = column; i < t->count; i += t->columns) {
        unsigned width = cell_width(t, buf_view(&t->cells[i]), CELL_COLUMNS);
        widest = width > widest ? width : widest;
    }
    return widest < COLUMN_MAX || can_shrink(t, column) ? widest : COLUMN_MAX;
}

/* Makes the rows fit into the width. A column without room for the ellipsis is left empty. */
static void shrink_columns(const struct table *t, unsigned *widths)
{
    unsigned used = 0, end = t->columns;
    for (unsigned c = 0; c < t->columns; c++)
        used += widths[c] + (c ? GAP : 0);
    for (unsigned c = t->columns; c-- > 1 && used > t->width;) {
        unsigned excess = used - t->width, former = widths[c];
        if (!can_shrink(t, c))
            continue;
        widths[c] = former > excess ? former - excess : 0;
        if (widths[c] < t->least)
            widths[c] = former < t->least ? former : t->least;
        if (widths[c] < former && widths[c] < width_of(span_of(t->ellipsis)))
            widths[c] = 0;
        used -= former - widths[c];
        if (widths[c] == 0 && c + 1 == end) {
            used -= GAP; /* a line does not end in blanks */
            end = c;
        }
    }
}

/* Appends a cell after *gap blanks and sets *gap to those between it and the next one: a line does
   not end in blanks. */
static void put_aligned(const struct table *t, struct buf *out, struct span cell, unsigned column,
                        unsigned columns, unsigned *gap)
{
    unsigned limit = can_shrink(t, column) ? columns : CELL_COLUMNS;
    if (limit == 0)
        cell.len = 0;
    unsigned width = cell_width(t, cell, limit), padding = width < columns ? columns - width : 0;
    unsigned before = is_in(t->right, column) ? padding : 0;
    *gap += before;
    for (; cell.len && *gap; --*gap)
        buf_byte(out, ' ');
    put_cell(t, out, cell, limit);
    *gap += GAP + padding - before;
}

void table_put(const struct table *t, struct writer *out)
{
    unsigned widths[TABLE_COLUMNS] = {0}, gap = 0;
    if (t->columns == 0)
        return;
    for (unsigned c = 0; out->terminal && c < t->columns; c++)
        widths[c] = column_width(t, c);
    if (out->terminal && t->width)
        shrink_columns(t, widths);
    for (size_t i = 0; i < t->count; i++) {
        unsigned column = (unsigned)(i % t->columns);
        struct span cell = buf_view(&t->cells[i]);
        bool is_last = column == t->columns - 1;
        if (out->terminal)
            put_aligned(t, &out->pending, cell, column, widths[column], &gap);
        else
            escape_put_field(&out->pending, cell);
        if (is_last || !out->terminal)
            buf_byte(&out->pending, is_last ? '\n' : '\t');
        if (is_last)
            gap = 0;
    }
}

void table_release(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        buf_release(&t->cells[i]);
    free(t->cells);
    t->cells = NULL;
    t->count = 0;
}
