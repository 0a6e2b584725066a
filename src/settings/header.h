/* SPDX-License-Identifier: MIT */
/* Headers of --header, as "NAME: VALUE". */
#ifndef SETTINGS_HEADER_H
#define SETTINGS_HEADER_H

#include "core/span.h"

#include <stdbool.h>

/* What is wrong with a header, NULL for nothing: NAME must be a token (RFC 9110, 5.6.2) and none
   that the program sets itself, VALUE not empty and without control characters except tab. */
const char *header_error(const char *text);
/* NAME of one without an error, borrowed. */
struct span header_name(const char *text);
/* Whether two of them have the same NAME. */
bool header_is_same(const char *one, const char *other);

#endif
