/* SPDX-License-Identifier: MIT */
/* Escapes of UTF-16 surrogates in JSON text (RFC 8259, section 7): only a high one that a low one
   follows means a character; yajl lets the others through as bytes that are not UTF-8. */
#ifndef BASE_SURROGATE_H
#define BASE_SURROGATE_H

#include "base/span.h"

#include <stdbool.h>

/* Whether an unpaired surrogate escape stands at or after *at, which is moved to its backslash. */
bool surrogate_find_unpaired(struct span json, size_t *at);

#endif
