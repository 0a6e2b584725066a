#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints src/core/unicode_tables.h from the Unicode data of this Python.

Run it with a newer Python to follow a newer Unicode: python3 src/core/unicode.py >src/core/unicode_tables.h
"""
import unicodedata as u

LAST = 0x10FFFF


def is_wide(c):
    return u.east_asian_width(chr(c)) in "WF" and not is_zero(c)


def is_zero(c):
    """Nonspacing and enclosing marks, format characters, and the Hangul vowels and finals that join a syllable."""
    return u.category(chr(c)) in ("Mn", "Me", "Cf") or 0x1160 <= c <= 0x11FF


def is_punctuation(c):
    return u.category(chr(c))[0] in "PS"


def print_table(name, comment, first, holds, gap):
    """Unassigned code points between two ranges are part of both where `gap` says so."""
    found = []
    for c in range(first, LAST + 1):
        if not holds(c):
            continue
        if found and (found[-1][1] == c - 1 or
                      gap and all(u.category(chr(x)) == "Cn" for x in range(found[-1][1] + 1, c))):
            found[-1][1] = c
        else:
            found.append([c, c])
    print(f"\n/* {comment} */\nstatic const struct range {name}[] = {{")
    for i in range(0, len(found), 4):
        print("    " + " ".join(f"{{0x{a:04X}, 0x{b:04X}}}," for a, b in found[i:i + 4]))
    print("};")


print("/* SPDX-License-Identifier: MIT */")
print(f"/* Made by src/core/unicode.py from the data of Unicode {u.unidata_version}. */")
print("""#ifndef CORE_UNICODE_TABLES_H
#define CORE_UNICODE_TABLES_H

#include <stdint.h>

struct range {
    uint32_t first, last;
};""")
print_table("wide_ranges", "East Asian Width W and F.", 0x300, is_wide, True)
print_table("zero_ranges", "Characters that take no column of their own.", 0x300, is_zero, True)
print_table("punctuation_ranges", "General categories P and S, above ASCII.", 0x80, is_punctuation, False)
print("\n#endif")
