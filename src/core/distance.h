/* SPDX-License-Identifier: MIT */
/* How far a word is from one that was meant. */
#ifndef CORE_DISTANCE_H
#define CORE_DISTANCE_H

#include "core/span.h"

#include <stdbool.h>

enum { DISTANCE_MAX = 32 };

/* The fewest steps that turn one word into the other: a byte more, less or another one, or two
   neighbours that change places. DISTANCE_MAX where one of them has that many bytes or more. */
unsigned distance(struct span a, struct span b);

/* Whether somebody who typed `word` may have meant `name`: at most two steps away, and fewer than
   half as many as the word has bytes. */
bool distance_is_small(struct span word, struct span name, unsigned *steps);

#endif
