/* SPDX-License-Identifier: MIT */
/* The styled text of a table cell, encoded in a buffer until the column widths are known. */
#ifndef TERMINAL_CELL_H
#define TERMINAL_CELL_H

#include "core/buf.h"
#include "core/span.h"
#include "terminal/pen.h"

#include <stdbool.h>
#include <stdint.h>

/* Control bytes of the encoding: CELL_STYLE is followed by two bytes with the style of the
   following text, CELL_BREAK is a line break. The text itself has no control characters. */
enum { CELL_STYLE = 1, CELL_BREAK = 2 };

void cell_put_style(struct buf *out, unsigned style);

struct cell_size {
    unsigned natural; /* the widest line */
    unsigned longest; /* the longest word */
};

struct cell_size cell_measure(struct span text);

/* The rest of a cell that is being shown. */
struct cell_reader {
    struct span rest;
    unsigned style, base; /* of the next character; added to that of each character */
};

struct cell_character {
    uint32_t point;
    struct span bytes;
    unsigned style;
};

/* Reads the next character; a line break is CELL_BREAK. False at the end. */
bool cell_next(struct cell_reader *reader, struct cell_character *c);

/* Reads the next line of at most `width` columns and appends it with its styles. Longer words are
   split. Returns the width of the line. The reader is at its end when `rest` is empty. */
unsigned cell_take_line(struct cell_reader *reader, unsigned width, struct pen *pen);

#endif
