/* SPDX-License-Identifier: MIT */
/* Text in the styles of Markdown and of the program's own marks, as SGR sequences: the terminal's
   16 colours, bold, dim, italic, underline and strike. */
#ifndef TERMINAL_PEN_H
#define TERMINAL_PEN_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>

/* Besides those of enum markdown_style. */
enum pen_style {
    PEN_HEADING = 256,
    PEN_FAINT = 512 /* marks and borders */
};

/* By value. `out` is borrowed. */
struct pen {
    struct buf *out;
    unsigned style; /* of what is appended next; 0 is plain */
    bool color;     /* without it styles are not shown */
    bool used;      /* a sequence was appended */
};

/* Appends the sequence that turns to `style`, unless that is the present one. */
void pen_turn(struct pen *pen, unsigned style);
void pen_put(struct pen *pen, struct span text, unsigned style);
void pen_blanks(struct pen *pen, size_t count);

#endif
