/* SPDX-License-Identifier: MIT */
/* What * and _ begin and end in the text of one block, told without knowing what follows.

   After CommonMark 0.30, 6.2, with three differences, since a colour that runs on is worse than one
   that is missing. Nothing begins within a word or after a closing bracket: a*b is more often a
   product than half a word in italics. What can end something ends it, whatever follows, but for a
   _ within a word. And of one kind there is one at a time. */
#ifndef TERMINAL_EMPHASIS_H
#define TERMINAL_EMPHASIS_H

#include <stdbool.h>
#include <stdint.h>

/* Sets of these. */
enum { EMPHASIS_WEAK = 1, EMPHASIS_STRONG = 2 };

/* Each style of each mark. */
enum { EMPHASIS_ROOM = 4 };

/* Zeroed is none, and as such begins each block. By value, owns nothing. */
struct emphasis {
    struct {
        char mark; /* * or _ */
        unsigned char style;
    } open[EMPHASIS_ROOM]; /* the innermost last */
    unsigned depth;
};

/* Where bytes of the text are asked for as a number these are the last three of them, the newest
   lowest: a whole character as far as it matters. 0 is the beginning of the text. */

/* Whether a `mark` after `before` may begin or end something, for all that is known by then. */
bool emphasis_is_marker(const struct emphasis *e, char mark, uint32_t before);
/* A run of `run` such marks came after `before`, and after it came `next`. */
void emphasis_take(struct emphasis *e, char mark, unsigned run, uint32_t before,
                   unsigned char next);
/* What the text is in. */
unsigned emphasis_style(const struct emphasis *e);

#endif
