/* SPDX-License-Identifier: MIT */
/* The cells of a table, and the widths of its columns. */
#ifndef TERMINAL_GRID_H
#define TERMINAL_GRID_H

#include "core/buf.h"
#include "terminal/cell.h"

#include <stdbool.h>
#include <stddef.h>

enum { GRID_GAP = 2 /* columns between two columns */ };

struct grid_row {
    size_t first; /* in `cells` */
    unsigned count;
};

/* Zeroed is none. By value. */
struct grid {
    unsigned columns;
    unsigned char *align; /* enum markdown_align of each column */
    bool begun;           /* the header is complete */
    bool fixed;           /* the widths are: rows are shown as they come */
    bool records;         /* the columns do not fit side by side */
    struct grid_row header, *rows;
    size_t count, capacity;
    struct buf text; /* of the cells, encoded as cell.h has it */
    size_t *cells;   /* where each one begins in `text`; one more is its end */
    size_t cell_count, cell_capacity;
    size_t header_cells, header_text; /* what remains when the rows are dropped */
    unsigned row_cells;               /* of the row that was begun */
    unsigned style;                   /* of the cell at its end */
    unsigned *widths;
    struct cell_size *sizes; /* of the widest cell of each column so far */
};

void grid_begin(struct grid *g, unsigned columns, const unsigned char *align);
void grid_begin_cell(struct grid *g);
/* A character, or a part of an escape, of the cell. */
void grid_add(struct grid *g, struct span bytes, unsigned style);
void grid_break(struct grid *g);
void grid_end_cell(struct grid *g);
/* The first row is the header. */
void grid_end_row(struct grid *g);
/* A cell's text, empty where the row has none. */
struct span grid_cell(const struct grid *g, const struct grid_row *row, unsigned column);

/* Sets the widths so that the table takes `width` columns at most, or `records`: the widest column,
   the leftmost of equals, loses one column at a time, but none becomes narrower than its longest
   word or than 8 columns, if it was as wide. */
void grid_fit(struct grid *g, unsigned width);
unsigned grid_width(const struct grid *g);
/* Keeps the header. */
void grid_clear_rows(struct grid *g);
void grid_release(struct grid *g);

#endif
