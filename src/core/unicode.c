/* SPDX-License-Identifier: MIT */
#include "core/unicode.h"

#include "core/unicode_tables.h"

#include <stddef.h>
#include <stdlib.h>

static int compare_range(const void *key, const void *element)
{
    uint32_t c = *(const uint32_t *)key;
    const struct range *r = element;
    return c < r->first ? -1 : c > r->last;
}

static bool is_in(uint32_t c, const struct range *ranges, size_t count)
{
    return bsearch(&c, ranges, count, sizeof *ranges, compare_range) != NULL;
}

bool unicode_is_wide(uint32_t point)
{
    return point >= 0x1100 && is_in(point, wide_ranges, sizeof wide_ranges / sizeof wide_ranges[0]);
}

bool unicode_is_zero_width(uint32_t point)
{
    return point >= 0x300 && is_in(point, zero_ranges, sizeof zero_ranges / sizeof zero_ranges[0]);
}

bool unicode_is_punctuation(uint32_t point)
{
    if (point < 0x80)
        return point > ' ' && point < 0x7F && !(point >= '0' && point <= '9') &&
               !((point | 0x20) >= 'a' && (point | 0x20) <= 'z');
    return is_in(point, punctuation_ranges,
                 sizeof punctuation_ranges / sizeof punctuation_ranges[0]);
}

bool unicode_is_space(uint32_t point)
{
    return point == ' ' || (point >= '\t' && point <= '\r' && point != '\v') || point == 0xA0 ||
           point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x202F ||
           point == 0x205F || point == 0x3000;
}
