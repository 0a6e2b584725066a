/* SPDX-License-Identifier: MIT */
/* Memory that is there or ends the program: with one line on standard error and status 70
   (EX_SOFTWARE). None of these returns NULL. Release with free(). */
#ifndef CORE_XMALLOC_H
#define CORE_XMALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
/* A terminated copy of `len` bytes. */
char *xmemdup(const void *bytes, size_t len);

/* What the functions above end with. */
_Noreturn void out_of_memory(void);

/* Overwrites memory in a way that the compiler may not leave out: for secrets. */
void wipe(void *memory, size_t len);
/* free() after that, for a terminated string; NULL is legal. */
void wipe_string(char *text);

#endif
