/* SPDX-License-Identifier: MIT */
#include "terminal/table.h"

#include "core/width.h"
#include "core/xmalloc.h"
#include "terminal/escape.h"

#include <stdlib.h>

void table_add(struct table *t, struct span text)
{
    t->cells = xrealloc(t->cells, (t->count + 1) * sizeof *t->cells);
    struct buf *cell = &t->cells[t->count++];
    *cell = (struct buf){0};
    buf_span(cell, text);
}

static void put_cell(struct buf *out, struct span cell, bool aligned)
{
    if (aligned)
        escape_put_line(out, cell);
    else
        escape_put_field(out, cell);
}

static unsigned cell_width(struct span cell)
{
    struct buf shown = {0};
    escape_put_line(&shown, cell);
    unsigned width = width_of(buf_view(&shown));
    buf_release(&shown);
    return width;
}

static unsigned column_width(const struct table *t, unsigned column)
{
    unsigned widest = 0;
    for (size_t i = column; i < t->count; i += t->columns) {
        unsigned width = cell_width(buf_view(&t->cells[i]));
        widest = width > widest ? width : widest;
    }
    return widest;
}

void table_put(const struct table *t, struct writer *out)
{
    unsigned widths[TABLE_COLUMNS] = {0};
    if (t->columns == 0)
        return;
    for (unsigned c = 0; out->terminal && c < t->columns; c++)
        widths[c] = column_width(t, c);
    for (size_t i = 0; i < t->count; i++) {
        unsigned column = (unsigned)(i % t->columns);
        struct span cell = buf_view(&t->cells[i]);
        put_cell(&out->pending, cell, out->terminal);
        if (column == t->columns - 1)
            buf_byte(&out->pending, '\n');
        else if (!out->terminal)
            buf_byte(&out->pending, '\t');
        else
            for (unsigned n = cell_width(cell); n < widths[column] + 2; n++)
                buf_byte(&out->pending, ' ');
    }
}

void table_release(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        buf_release(&t->cells[i]);
    free(t->cells);
    *t = (struct table){.columns = t->columns};
}
