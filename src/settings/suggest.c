/* SPDX-License-Identifier: MIT */
#include "settings/suggest.h"

#include "settings/options.h"

enum { WORD_MAX = 32, EDITS_MAX = 2, PREFIX_MIN = 3 };

static unsigned smaller_of(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* The optimal string alignment distance. It needs three rows of the table at a time: cell j is the
   distance to the first j bytes of `b`. */
static unsigned edit_distance(struct span a, struct span b)
{
    unsigned rows[3][WORD_MAX];
    if (a.len >= WORD_MAX || b.len >= WORD_MAX)
        return WORD_MAX;
    for (unsigned j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3], *last = rows[(i - 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            bool same = a.at[i - 1] == b.at[j - 1];
            row[j] = smaller_of(last[j - 1] + !same, smaller_of(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
                row[j] = smaller_of(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

static size_t common_prefix(struct span a, struct span b)
{
    size_t n = 0;
    while (n < a.len && n < b.len && a.at[n] == b.at[n])
        n++;
    return n;
}

const char *suggest_name(struct span word, const char *const *names)
{
    const char *nearest = NULL, *prefixed = NULL;
    unsigned fewest = EDITS_MAX + 1;
    size_t longest = PREFIX_MIN - 1;
    for (; *names; names++) {
        unsigned edits = edit_distance(word, span_of(*names));
        size_t prefix = common_prefix(word, span_of(*names));
        if (edits < fewest && word.len > (size_t)2 * edits) {
            fewest = edits;
            nearest = *names;
        }
        if (prefix > longest && 2 * prefix >= word.len) {
            longest = prefix;
            prefixed = *names;
        }
    }
    return nearest ? nearest : prefixed;
}

void suggest_hint(const char *word, const char *const *names, struct fail *fail)
{
    const char *name = suggest_name(span_of(word), names);
    if (name)
        fail_hint(fail, "did you mean %s?", name);
}

const char *suggest_option(struct span word, unsigned groups)
{
    const char *names[OPT_COUNT + 1];
    size_t count = 0;
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (option_row(id)->groups & groups)
            names[count++] = option_row(id)->name;
    names[count] = NULL;
    return suggest_name(word, names);
}
