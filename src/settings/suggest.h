/* SPDX-License-Identifier: MIT */
/* "did you mean …?": the known name that is closest to a misspelled one. */
#ifndef SETTINGS_SUGGEST_H
#define SETTINGS_SUGGEST_H

#include "core/fail.h"
#include "core/span.h"

/* The name in the NULL-terminated list `names` that is most similar to `word`, NULL if none is. A
   name is similar if its edit distance (insertions, deletions, replacements, transpositions of
   bytes) is at most two and less than half of the length of the word; or if both have a common
   prefix of at least three bytes and half of the word. Borrowed from `names`. */
const char *suggest_name(struct span word, const char *const *names);
/* Adds the hint "did you mean NAME?" to the recorded failure if a name is similar. */
void suggest_hint(const char *word, const char *const *names, struct fail *fail);
/* The same for the long options of `groups` (enum option_group). `word` is without `--`. */
const char *suggest_option(struct span word, unsigned groups);

#endif
