/* SPDX-License-Identifier: MIT */
#include "json/text.h"

#include <stdbool.h>
#include <string.h>

/* The value of four hexadecimal digits at `at`, or -1. */
static int parse_hex4(const char *at)
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

/* The surrogate that the \uDXXX escape at an offset stands for, or -1. */
static int surrogate_at(struct span s, size_t at)
{
    bool may_be =
        s.len - at >= 6 && s.at[at] == '\\' && s.at[at + 1] == 'u' && (s.at[at + 2] | 32) == 'd';
    int unit = may_be ? parse_hex4(s.at + at + 2) : -1;
    return unit >= 0xD800 ? unit : -1;
}

static bool is_low(int unit)
{
    return unit >= 0xDC00;
}

/* Moves *at to the next unpaired surrogate escape and returns true, or returns false if there is
   none. A backslash outside a string is an error that the parser reports. */
static bool find_unpaired(struct span s, size_t *at)
{
    for (;;) {
        const char *slash = *at < s.len ? memchr(s.at + *at, '\\', s.len - *at) : NULL;
        if (!slash)
            return false;
        *at = (size_t)(slash - s.at);
        int unit = surrogate_at(s, *at);
        if (unit < 0)
            *at += 2;
        else if (!is_low(unit) && is_low(surrogate_at(s, *at + 6)))
            *at += 12;
        else
            return true;
    }
}

bool json_text_has_unpaired(struct span text)
{
    size_t at = 0;
    return find_unpaired(text, &at);
}

/* `\ud83d` and `\ufffd` have the same length, so offsets stay as they are. */
struct span json_text_repair(struct span document, struct buf *copy)
{
    size_t at = 0;
    if (!find_unpaired(document, &at))
        return document;
    buf_clear(copy);
    buf_span(copy, document);
    document = buf_view(copy);
    do
        memcpy(copy->data + at, "\\ufffd", 6);
    while (find_unpaired(document, &at));
    return document;
}

/* A quotation mark inside the string follows an odd number of backslashes; no backslash precedes
   the string. */
const char *json_text_opening_quote(const char *closing)
{
    for (const char *at = closing - 1;; at--) {
        if (*at != '"')
            continue;
        const char *slash = at;
        while (slash[-1] == '\\')
            slash--;
        if ((at - slash) % 2 == 0)
            return at;
    }
}

static bool is_token_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '-' || c == '.';
}

size_t json_text_token_before(struct span document, size_t end)
{
    size_t start = end;
    while (start > 0 && is_token_byte(document.at[start - 1]))
        start--;
    if (start > 0 && (start == end || document.at[start - 1] == '"'))
        start--;
    return start;
}
