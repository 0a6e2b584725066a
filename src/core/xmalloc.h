/* SPDX-License-Identifier: MIT */
/* Allocation that never returns NULL: without memory the program ends by program_die. Release with
   free(). */
#ifndef CORE_XMALLOC_H
#define CORE_XMALLOC_H

#include "core/span.h"

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
/* Makes room for one more element in a list of `count` elements of `size` bytes, so that appending
   takes constant time on average. Only for a list that always grows by this function; it may become
   shorter. */
void *xgrow(void *list, size_t count, size_t size);
char *xstrdup(const char *text);
/* A terminated copy of `len` bytes. */
char *xmemdup(const void *bytes, size_t len);
char *xspandup(struct span s);

/* Exits like the functions above. */
_Noreturn void out_of_memory(void);

/* Overwrites memory in a way that the compiler cannot remove: for secrets. */
void wipe(void *memory, size_t len);
/* Wipes and frees a terminated string, or NULL. */
void wipe_string(char *text);

#endif
