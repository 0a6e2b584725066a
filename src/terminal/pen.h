/* SPDX-License-Identifier: MIT */
/* Text in the styles of Markdown and of the program's own marks, as SGR sequences: the terminal's
   16 colours, bold, dim, italic, underline and strike. */
#ifndef TERMINAL_PEN_H
#define TERMINAL_PEN_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>

/* In addition to enum markdown_style. */
enum pen_style {
    PEN_HEADING = 256,
    PEN_FAINT = 512 /* marks and borders */
};

/* By value. `out` is borrowed. */
struct pen {
    struct buf *out;
    unsigned style; /* the current style, 0 for plain */
    bool color;     /* false: styles are ignored */
    bool used;      /* a sequence was appended */
};

/* Changes the style; appends nothing if it is the current one. */
void pen_set_style(struct pen *pen, unsigned style);
void pen_put(struct pen *pen, struct span text, unsigned style);
void pen_blanks(struct pen *pen, size_t count);

#endif
