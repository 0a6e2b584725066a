/* SPDX-License-Identifier: MIT */
/* Colour for an answer in Markdown while it streams.

   SGR sequences are put between the characters of the text, and that is all: none is changed, held
   back or moved, and there is no look-ahead. How a character looks depends on it and on those
   before it, so that it makes no difference in which pieces a text arrives.

   What shows only later what it is gets the colour of what it may be, until a character says
   otherwise: of `#1 holding` the # has that of a heading. Emphasis and spans of code, which only
   their end could prove, count from their beginning and are given up with their block: at a blank
   line, an item, a heading, a rule, a fence, a first > or a row of a table.

   Recognised are, with the numbers of CommonMark 0.30:
     2.4  \ before a punctuation mark
     4.1  rules of -, * and _ without blanks, as the markers that they begin as
     4.2  headings with #, to the end of the line
     4.5  blocks of code between ``` or ~~~; three columns deeper at most than what they are in
     5.1  > before a line
     5.2  -, +, * and numbers before an item, however deep; not two of them in one line, where the
          second is more often a minus. A number is coloured when it is the next one of its list,
          or may become it, or is 1: a year at the beginning of a line stays as it is
     6.1  spans of code, from a run of ` to the next one as long
     6.2  emphasis, as terminal/emphasis.h has it
   Nothing is recognised within code. */
#ifndef TERMINAL_MARKDOWN_H
#define TERMINAL_MARKDOWN_H

#include "core/buf.h"
#include "core/span.h"
#include "terminal/emphasis.h"

#include <stdbool.h>
#include <stdint.h>

enum { MARKDOWN_LEVELS = 8 };

/* What is known of the text so far: of one size, whatever comes. By value, owns nothing. Zeroed it
   stands before the first byte. */
struct markdown {
    unsigned place; /* within the line, one of markdown.c */
    uint32_t last;  /* the last three bytes, as for emphasis_take */
    unsigned style; /* of the last byte */
    bool used;      /* there was another style than the plain one */

    /* The line. */
    bool item, heading;             /* it began with the marker of one; it is one */
    unsigned column;                /* of its first character that is no blank, after the last > */
    unsigned quotes;                /* how many > it began with */
    unsigned quoted;                /* and how many the line before */
    unsigned content;               /* the column of what belongs to the last item, 0 without */
    uint32_t number;                /* of the item that may be beginning */
    uint32_t next[MARKDOWN_LEVELS]; /* the one that continues a list, by its column */

    /* The text of a block. */
    struct emphasis emphasis;
    unsigned ticks;  /* how many ` end the span of code, 0 without */
    bool escaped;    /* a backslash came */
    char mark;       /* * _ or `, a run of them that is not over; or 0 */
    bool leading;    /* it is the first of its line */
    uint32_t before; /* `last` when it began */
    unsigned run;    /* how many; and of whatever else is counted in its line */

    /* A block of code. */
    char fence;        /* ` or ~, 0 without */
    unsigned fenced;   /* how many of them end it, at least */
    unsigned fence_in; /* and behind how many > */
};

/* Appends `text` with its colours, and with `harmless` as escape_put would. What is appended ends
   in plain style, whatever is to follow. No piece may end inside a character. */
void markdown_put(struct markdown *m, struct buf *out, struct span text, bool harmless);

/* Appends the way back to plain style once more, if ever another one was used: for after a signal
   of the keyboard, with which a terminal may have lost the end of what was written to it. */
void markdown_plain(const struct markdown *m, struct buf *out);

#endif
