/* SPDX-License-Identifier: MIT */
/* The columns that text takes on a terminal: East Asian Wide and Fullwidth characters and emoji
   two, combining and format characters none, a pair of regional indicators two. */
#ifndef CORE_WIDTH_H
#define CORE_WIDTH_H

#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

/* What the characters before decide about the next one. Zeroed it stands before the first one. By
   value. */
struct width {
    unsigned columns; /* of the last character with all that joined it */
    bool starts;      /* the last code point began a character; it did not join one */
    bool joins;       /* it was U+200D: the next code point joins */
    bool emoji;       /* a skin tone joins */
    bool indicator;   /* a regional indicator that may become one of a pair */
};

/* Adds a code point that is not a control character. Returns the columns that the text grows by:
   for U+FE0F and for the second of a pair of regional indicators this is the column that makes the
   character before it wide. */
unsigned width_add(struct width *w, uint32_t point);

/* For UTF-8 without control characters. */
unsigned width_of(struct span text);
/* The longest prefix that takes at most `columns`; *width gets what it takes. */
struct span width_fit(struct span text, unsigned columns, unsigned *width);

#endif
