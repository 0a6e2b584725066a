/* SPDX-License-Identifier: MIT */
/* The cells of a table, and the widths of its columns. */
#ifndef TERMINAL_GRID_H
#define TERMINAL_GRID_H

#include "core/buf.h"
#include "terminal/cell.h"

#include <stdbool.h>
#include <stddef.h>

enum { GRID_GAP = 2 /* terminal columns between two table columns */ };

struct grid_row {
    size_t first; /* in `cells` */
    unsigned count;
};

/* Zeroed is empty. Release with grid_release. */
struct grid {
    unsigned columns;
    unsigned char *align; /* enum markdown_align of each column */
    bool begun;           /* the header is complete */
    bool fixed;           /* the widths are final: rows are shown as they arrive */
    bool records;         /* the columns do not fit: each row is shown as a record */
    struct grid_row header, *rows;
    size_t count, capacity;
    struct buf text; /* of the cells, in the encoding of cell.h */
    size_t *cells;   /* offset of each cell in `text`, then the end of the last */
    size_t cell_count, cell_capacity;
    size_t header_cells, header_text; /* what remains after grid_clear_rows */
    unsigned row_cells;               /* of the current row */
    unsigned style;                   /* at the end of the current cell */
    unsigned *widths;
    struct cell_size *sizes; /* of the widest cell of each column so far */
};

void grid_begin(struct grid *g, unsigned columns, const unsigned char *align);
void grid_begin_cell(struct grid *g);
/* Appends a character, or a part of an escape, to the cell. */
void grid_add(struct grid *g, struct span bytes, unsigned style);
void grid_break(struct grid *g);
void grid_end_cell(struct grid *g);
/* The first row is the header. */
void grid_end_row(struct grid *g);
/* The encoded text of a cell, empty if the row has fewer cells. */
struct span grid_cell(const struct grid *g, const struct grid_row *row, unsigned column);

/* Sets the widths so that the table is at most `width` wide: the widest column, the leftmost of
   several, is narrowed by one until the table fits. No column becomes narrower than its longest
   word, or than 8 if it was wider. Sets `records` if that is impossible. */
void grid_fit(struct grid *g, unsigned width);
unsigned grid_width(const struct grid *g);
/* Removes the rows, but keeps the header. */
void grid_clear_rows(struct grid *g);
void grid_release(struct grid *g);

#endif
