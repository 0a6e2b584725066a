/* SPDX-License-Identifier: MIT */
#include "base/surrogate.h"

#include <string.h>

/* The value of four hexadecimal digits at `at`, or -1. */
static int hex4(const char *at)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int c = (unsigned char)at[i];
        int digit = c >= '0' && c <= '9'                 ? c - '0'
                    : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                         : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static int unit_at(struct span s, size_t at)
{
    return s.len - at >= 6 && s.at[at] == '\\' && s.at[at + 1] == 'u' ? hex4(s.at + at + 2) : -1;
}

static bool is_high(int unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(int unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* A backslash outside a string is an error that the parser finds. */
bool surrogate_find_unpaired(struct span s, size_t *at)
{
    for (;;) {
        const char *slash = *at < s.len ? memchr(s.at + *at, '\\', s.len - *at) : NULL;
        if (!slash)
            return false;
        *at = (size_t)(slash - s.at);
        int unit = unit_at(s, *at);
        if (is_high(unit) && is_low(unit_at(s, *at + 6)))
            *at += 12;
        else if (is_high(unit) || is_low(unit))
            return true;
        else
            *at += 2;
    }
}
