/* SPDX-License-Identifier: MIT */
#include "mock/scenario/words.h"

/* Large enough for any test, small enough that nobody waits for a number by mistake. */
static const uint64_t NUMBER_MAX = 1000000000000;

bool word_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct span word_trim(struct span s)
{
    while (s.len > 0 && word_is_blank(s.at[0]))
        s = span_make(s.at + 1, s.len - 1);
    while (s.len > 0 && word_is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

struct span word_take(struct span *s)
{
    size_t len = 0;
    while (len < s->len && !word_is_blank(s->at[len]))
        len++;
    struct span word = span_make(s->at, len);
    size_t skip = len < s->len ? len + 1 : len;
    *s = span_make(s->at + skip, s->len - skip);
    return word;
}

bool word_number(struct span word, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(word.at[i] - '0');
        if (value > NUMBER_MAX)
            return false;
    }
    *out = value;
    return word.len > 0;
}
