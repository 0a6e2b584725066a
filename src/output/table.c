/* SPDX-License-Identifier: MIT */
#include "output/table.h"

#include "base/utf8.h"
#include "base/xmalloc.h"
#include "output/harmless.h"

#include <stdlib.h>

void table_add(struct table *t, struct span text)
{
    t->cells = xrealloc(t->cells, (t->count + 1) * sizeof *t->cells);
    struct buf *cell = &t->cells[t->count++];
    *cell = (struct buf){0};
    harmless_put_line(cell, text);
}

/* Characters, which is as near as a program without a locale comes to columns. */
static size_t width(const struct buf *cell)
{
    size_t n = 0;
    for (size_t i = 0; i < cell->len; i++)
        n += ((unsigned char)cell->data[i] & 0xC0) != 0x80;
    return n;
}

static size_t column_width(const struct table *t, unsigned column)
{
    size_t widest = 0;
    for (size_t i = column; i < t->count; i += t->columns)
        if (width(&t->cells[i]) > widest)
            widest = width(&t->cells[i]);
    return widest;
}

void table_put(const struct table *t, struct output *out)
{
    size_t widths[TABLE_COLUMNS] = {0};
    if (t->columns == 0)
        return;
    for (unsigned c = 0; c < t->columns; c++)
        widths[c] = column_width(t, c);
    for (size_t i = 0; i < t->count; i++) {
        unsigned column = (unsigned)(i % t->columns);
        bool last = column == t->columns - 1;
        buf_span(&out->pending, buf_view(&t->cells[i]));
        if (last)
            buf_byte(&out->pending, '\n');
        else if (!out->terminal)
            buf_byte(&out->pending, '\t');
        else
            for (size_t n = width(&t->cells[i]); n < widths[column] + 2; n++)
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
