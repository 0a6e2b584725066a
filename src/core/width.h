/* SPDX-License-Identifier: MIT */
/* The number of terminal columns that text occupies: two for East Asian Wide and Fullwidth
   characters, emoji and pairs of regional indicators, none for combining and format characters, one
   for all others. */
#ifndef CORE_WIDTH_H
#define CORE_WIDTH_H

#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

/* What the preceding characters imply for the next one. Zeroed: before the first character. Passed
   by value. */
struct width {
    unsigned columns; /* of the last character, including what joined it */
    bool starts;      /* the last code point began a character */
    bool joins;       /* the last code point was U+200D: the next one joins */
    bool emoji;       /* a skin tone joins */
    bool indicator;   /* the last one was the first regional indicator of a possible pair */
};

/* Adds a code point that is not a control character. Returns the number of columns it adds. For
   U+FE0F and for the second of a pair of regional indicators, that is the second column of the
   preceding character. */
unsigned width_add(struct width *w, uint32_t point);

/* For UTF-8 without control characters. */
unsigned width_of(struct span text);
/* The longest prefix of at most `columns` columns; *width is set to its width. */
struct span width_fit(struct span text, unsigned columns, unsigned *width);

#endif
