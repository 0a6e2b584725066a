# SPDX-License-Identifier: MIT
"""Display width of text, implemented independently from the rules in the manual and Python's Unicode data."""
import unicodedata


def characters(text):
    """Yields each character with its combining characters, and its width."""
    out, joins = [], False
    for c in text:
        point = ord(c)
        if out and (joins or c == "\u200d" or (0x1f3fb <= point <= 0x1f3ff and out[-1][1] == 2)):
            out[-1][0] += c
        elif out and c == "\ufe0f":
            out[-1] = [out[-1][0] + c, max(2, out[-1][1])]
        elif out and 0x1f1e6 <= point <= 0x1f1ff and len(out[-1][0]) == 1 and 0x1f1e6 <= ord(out[-1][0]) <= 0x1f1ff:
            out[-1] = [out[-1][0] + c, 2]
        elif unicodedata.category(c) in ("Mn", "Me", "Cf"):
            out.append([c, 0])
        else:
            out.append([c, 2 if unicodedata.east_asian_width(c) in "WF" else 1])
        joins = c == "\u200d"
    return out


def width(text):
    return sum(n for _, n in characters(text))


def has_wide(text):
    return any(n == 2 for _, n in characters(text))
