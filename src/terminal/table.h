/* SPDX-License-Identifier: MIT */
/* A table: aligned columns on a terminal, otherwise separated by tabs. */
#ifndef TERMINAL_TABLE_H
#define TERMINAL_TABLE_H

#include "core/buf.h"
#include "terminal/writer.h"

enum { TABLE_COLUMNS = 5 };

/* Initialize with zeros and the number of columns; release with table_release. */
struct table {
    unsigned columns;
    struct buf *cells;
    size_t count;
    const char *ellipsis; /* on a terminal: the end of a cell that was too long, see
                             terminal_ellipsis; NULL: cells are not cut */
    unsigned width;       /* on a terminal: the columns of a row; 0: any number */
    unsigned shrinks;     /* bit N: column N is cut if a row is wider, the last of them first;
                             requires an ellipsis */
    unsigned least;       /* a column is not cut to less than this, even if the row does not fit */
    unsigned right;       /* bit N: on a terminal column N is aligned to the right */
};

/* Adds a cell (copied), row by row. */
void table_add(struct table *t, struct span text);
/* Appends the rows to the output, one line each, escaped for a terminal; does not flush. */
void table_put(const struct table *t, struct writer *out);
void table_release(struct table *t);

#endif
