/* SPDX-License-Identifier: MIT */
/* The words of a line, which blanks and tabs separate. */
#ifndef MOCK_SCENARIO_WORDS_H
#define MOCK_SCENARIO_WORDS_H

#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

bool word_is_blank(char c);
/* Without the blanks at both ends. */
struct span word_trim(struct span s);
/* The first word of *s, which becomes what follows it and one blank. */
struct span word_take(struct span *s);
/* Whether the word is a number of digits alone that is not larger than 10^12. */
bool word_number(struct span word, uint64_t *out);

#endif
