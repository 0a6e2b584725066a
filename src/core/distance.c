/* SPDX-License-Identifier: MIT */
#include "core/distance.h"

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* The three rows of the table that are needed at a time: cell j is for the first j bytes of b. */
unsigned distance(struct span a, struct span b)
{
    unsigned rows[3][DISTANCE_MAX];
    if (a.len >= DISTANCE_MAX || b.len >= DISTANCE_MAX)
        return DISTANCE_MAX;
    for (unsigned j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *now = rows[i % 3], *last = rows[(i - 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            bool same = a.at[i - 1] == b.at[j - 1];
            now[j] = least(last[j - 1] + !same, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
                now[j] = least(now[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

bool distance_is_small(struct span word, struct span name, unsigned *steps)
{
    *steps = distance(word, name);
    return *steps <= 2 && word.len > (size_t)2 * *steps;
}
