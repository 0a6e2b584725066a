/* SPDX-License-Identifier: MIT */
/* A list of owned, terminated strings. */
#ifndef CORE_STRINGS_H
#define CORE_STRINGS_H

#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>

/* Zeroed is empty. Release with strings_release. */
struct strings {
    char **list;
    size_t count;
};

/* Appends a copy. */
void strings_add(struct strings *s, struct span text);
void strings_copy(struct strings *to, const struct strings *from);
/* Moves `from` to `to`, which is released first. `from` is empty afterwards. */
void strings_move(struct strings *to, struct strings *from);
void strings_release(struct strings *s);
bool strings_equal(const struct strings *a, const struct strings *b);

#endif
