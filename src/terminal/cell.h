/* SPDX-License-Identifier: MIT */
/* The text of a table's cell with its styles, kept until the widths of the columns are known. */
#ifndef TERMINAL_CELL_H
#define TERMINAL_CELL_H

#include "core/buf.h"
#include "core/span.h"
#include "terminal/pen.h"

#include <stdbool.h>
#include <stdint.h>

/* In the encoded text: the two bytes behind CELL_STYLE are the style of what follows, CELL_BREAK is
   a line break. The text itself has no control characters. */
enum { CELL_STYLE = 1, CELL_BREAK = 2 };

void cell_put_style(struct buf *out, unsigned style);

struct cell_size {
    unsigned natural; /* the widest line */
    unsigned longest; /* the longest word */
};

struct cell_size cell_measure(struct span text);

/* What is left to be shown of a cell. */
struct cell_reader {
    struct span rest;
    unsigned style, base; /* of the next character; of all of them besides */
};

struct cell_character {
    uint32_t point;
    struct span bytes;
    unsigned style;
};

/* Takes the next character; a line break is a blank. False at the end. */
bool cell_next(struct cell_reader *reader, struct cell_character *c);

/* Takes the next line of at most `width` columns and appends it in its styles. Words longer than
   that are split. Returns its columns. The reader is at its end when `rest` is empty. */
unsigned cell_take_line(struct cell_reader *reader, unsigned width, struct pen *pen);

#endif
