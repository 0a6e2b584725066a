/* SPDX-License-Identifier: MIT */
/* Properties of code points that the C library does not offer independently of the locale. */
#ifndef CORE_UNICODE_H
#define CORE_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

/* East Asian Width Wide or Fullwidth; includes Emoji_Presentation except the regional
   indicators. */
bool unicode_is_wide(uint32_t point);
/* Combining marks and format characters, which occupy no column. */
bool unicode_is_zero_width(uint32_t point);
/* CommonMark 0.31, 2.1: an ASCII punctuation character, or general category P or S. */
bool unicode_is_punctuation(uint32_t point);
/* CommonMark 0.31, 2.1: general category Zs, tab, line feed, form feed, carriage return. */
bool unicode_is_space(uint32_t point);

#endif
