/* SPDX-License-Identifier: MIT */
/* "did you mean …?": the known name that is closest to a misspelled one. */
#ifndef SETTINGS_SUGGEST_H
#define SETTINGS_SUGGEST_H

#include "core/span.h"

/* The name in the NULL-terminated list `names` that `word` probably stands for, NULL if none is
   similar. Similar is a name within two edits (a byte inserted, deleted, replaced, or swapped with
   its neighbour) of a word of more than twice as many bytes; otherwise one that shares at least
   three bytes and half of the word at its start. Borrowed from `names`. */
const char *suggest_name(struct span word, const char *const *names);
/* The same for the long options of `groups` (enum option_group). `word` is without `--`. */
const char *suggest_option(struct span word, unsigned groups);

#endif
