/* SPDX-License-Identifier: MIT */
/* The columns that text takes on a terminal. */
#ifndef CORE_WIDTH_H
#define CORE_WIDTH_H

#include "core/span.h"

/* Wide characters take two, combining ones none. For UTF-8 without control characters. */
unsigned width_of(struct span text);
/* The longest prefix that takes at most `columns`; *width gets what it takes. */
struct span width_fit(struct span text, unsigned columns, unsigned *width);

#endif
