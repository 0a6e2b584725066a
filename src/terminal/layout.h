/* SPDX-License-Identifier: MIT */
/* Markdown on lines of a terminal: receives the events of a parser (markdown.h) and appends what is
   to be written. What was appended never changes later: there are line feeds, SGR sequences and
   text whose control characters are escaped, and nothing else.

   A word is appended when it is complete. A newline is appended when something follows it. A table
   is kept until it ends or the parser says that it is too long to be kept. */
#ifndef TERMINAL_LAYOUT_H
#define TERMINAL_LAYOUT_H

#include "core/buf.h"
#include "terminal/markdown.h"

#include <stdbool.h>

struct layout_options {
    unsigned (*columns)(void *arg); /* the width for the line that begins now, at least 20 */
    void *arg;
    bool color; /* SGR sequences; without them the marks of headings and code are shown */
    bool ascii; /* bullets, bars and rules in ASCII */
};

struct layout;

/* `out` is borrowed until layout_free or the next layout_reset. */
struct layout *layout_new(struct buf *out, struct layout_options options);
void layout_free(struct layout *l);
/* For the parser. Valid as long as the layout. */
const struct markdown_sink *layout_sink(struct layout *l);

/* Something else is about to be written: appends the word that is not complete and turns to plain
   style. The caller ends the line, if one was begun; the text goes on in the next one. */
void layout_suspend(struct layout *l);
/* After markdown_end: ends the last line, without a newline unless `newline`. */
void layout_end(struct layout *l, bool newline);
/* The next text begins anew, in `out`. */
void layout_reset(struct layout *l, struct buf *out);

/* Turns to plain style, even if it should be that already; false if no other was ever used. */
bool layout_reset_style(struct layout *l);

/* The rows below the header of the table that is kept, -1 without one. */
long layout_table_rows(const struct layout *l);

#endif
