/* SPDX-License-Identifier: MIT */
/* Headers of --header, as "NAME: VALUE". */
#ifndef SETTINGS_HEADER_H
#define SETTINGS_HEADER_H

#include "core/span.h"

#include <stdbool.h>

/* Checks a header. NULL if it is valid, otherwise the reason why not: NAME must be a token (RFC
   9110, 5.6.2) that the program does not set itself, VALUE must not be empty or contain control
   characters other than tab. *name is NAME, or empty if NAME is invalid; borrowed. */
const char *header_error(const char *text, struct span *name);
/* NAME of a valid header, borrowed. */
struct span header_name(const char *text);
/* Whether two of them have the same NAME. */
bool header_is_same(const char *one, const char *other);
/* Whether one of them has this NAME. */
bool header_is_listed(const char *const *headers, size_t count, struct span name);

#endif
