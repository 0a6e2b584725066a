/* SPDX-License-Identifier: MIT */
/* Lays out Markdown on the lines of a terminal: receives the events of a parser (markdown.h) and
   appends output. The output is final: it consists of text with escaped control characters, line
   feeds and SGR sequences, without cursor movement.
   A word is appended when it is complete or very long. A newline is appended when something follows
   it. A table is held until it ends or the parser reports that it exceeds the limit. */
#ifndef TERMINAL_LAYOUT_H
#define TERMINAL_LAYOUT_H

#include "core/buf.h"
#include "terminal/markdown.h"

#include <stdbool.h>

struct layout_options {
    unsigned (*columns)(void *arg); /* the width of the line that begins, at least 20 */
    void *arg;
    bool color; /* use SGR sequences; otherwise the markers of headings and code are shown */
    bool ascii; /* bullets, bars and rules in ASCII */
};

struct layout;

/* `out` is borrowed until layout_free or the next layout_reset. */
struct layout *layout_new(struct buf *out, struct layout_options options);
void layout_free(struct layout *l);
/* The receiver to pass to the parser. Valid for the life of the layout. */
const struct markdown_sink *layout_sink(struct layout *l);

/* Call before other output is written to the terminal: appends the incomplete word and resets the
   style. If a line was begun, the caller ends it; the text continues on the next one. */
void layout_suspend(struct layout *l);
/* Call after markdown_end: completes the last line, with a newline if `newline`. */
void layout_end(struct layout *l, bool newline);
/* Starts a new text in `out`. */
void layout_reset(struct layout *l, struct buf *out);

/* Appends a reset of the style unconditionally; false, and nothing, if no style was ever used. */
bool layout_reset_style(struct layout *l);

/* The number of rows of the held table without its header, -1 if there is none. */
long layout_table_rows(const struct layout *l);

#endif
