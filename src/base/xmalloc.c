/* SPDX-License-Identifier: MIT */
#include "base/xmalloc.h"

#include "base/system.h"

#include <stdlib.h>
#include <string.h>

static void *there(void *memory)
{
    if (!memory)
        sys_die(70, "out of memory");
    return memory;
}

/* Zero bytes are rounded up to one: malloc(0) may answer NULL without a failure. */
void *xmalloc(size_t size)
{
    return there(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return there(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
    return there(realloc(old, size ? size : 1));
}

char *xmemdup(const void *bytes, size_t len)
{
    char *copy = xmalloc(len + 1);
    if (len)
        memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

char *xstrdup(const char *text)
{
    return xmemdup(text, strlen(text));
}
