/* SPDX-License-Identifier: MIT */
/* Rows and columns: aligned for a person at a terminal, separated by tabs for a program. */
#ifndef TERMINAL_TABLE_H
#define TERMINAL_TABLE_H

#include "core/buf.h"
#include "terminal/writer.h"

enum { TABLE_COLUMNS = 4 };

/* Zeroed with the number of columns; owned by whoever declared it. */
struct table {
    unsigned columns;
    struct buf *cells;
    size_t count;
};

/* Adds a copy of a cell, row by row. */
void table_add(struct table *t, struct span text);
/* Appends the rows to the output, a line each, harmless where that is a terminal; does not flush.
 */
void table_put(const struct table *t, struct writer *out);
void table_release(struct table *t);

#endif
