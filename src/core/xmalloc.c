/* SPDX-License-Identifier: MIT */
#include "core/xmalloc.h"

#include "core/fault.h"
#include "core/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void out_of_memory(void)
{
    program_die("out of memory");
}

static void *check_allocation(void *memory)
{
    if (!memory || fault_here(ENOMEM))
        out_of_memory();
    return memory;
}

/* Zero bytes are rounded up to one: malloc(0) may return NULL without a failure. */
void *xmalloc(size_t size)
{
    return check_allocation(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return check_allocation(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
    return check_allocation(realloc(old, size ? size : 1));
}

/* The capacity is the power of two that is not less than the count, so it need not be stored. */
void *xgrow(void *list, size_t count, size_t size)
{
    bool is_full = (count & (count - 1)) == 0;
    return is_full ? xrealloc(list, (count ? 2 * count : 1) * size) : list;
}

char *xmemdup(const void *bytes, size_t len)
{
    char *copy = xmalloc(len + 1);
    if (len)
        memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

char *xspandup(struct span s)
{
    return xmemdup(s.at, s.len);
}

char *xstrdup(const char *text)
{
    return xmemdup(text, strlen(text));
}

void wipe(void *memory, size_t len)
{
    static void *(*const volatile overwrite)(void *at, int byte, size_t len) = memset;
    if (len)
        overwrite(memory, 0, len);
}

void wipe_string(char *text)
{
    if (text)
        wipe(text, strlen(text));
    free(text);
}
