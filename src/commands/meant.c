/* SPDX-License-Identifier: MIT */
#include "commands/meant.h"

#include "core/distance.h"

#include <string.h>

enum { ENOUGH = 3 /* bytes that two words have in common at their start */ };

static size_t common_start(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] && a[n] == b[n])
        n++;
    return n;
}

/* A word that is mistyped, else one that begins right. */
static const char *nearest_command(const struct command *const *commands, const char *word)
{
    const char *best = NULL;
    size_t most = ENOUGH - 1;
    unsigned fewest = DISTANCE_MAX, steps;
    for (const struct command *const *c = commands; *c; c++) {
        size_t same = common_start(word, (*c)->name);
        bool small = distance_is_small(span_of(word), span_of((*c)->name), &steps);
        if (small ? steps < fewest : fewest == DISTANCE_MAX && same > most)
            best = (*c)->name;
        if (small && steps < fewest)
            fewest = steps;
        if (same > most)
            most = same;
    }
    return best;
}

void meant_command(const struct command *const *commands, const char *word, struct fail *fail)
{
    const char *best = nearest_command(commands, word);
    if (strcmp(word, "version") == 0)
        best = "--version";
    if (best)
        fail_hint(fail, "did you mean %s?", best);
}

/* "it is an option of A", "A and B", "A, B and others". */
static void name_owners(const struct command *const *commands, const struct option_row *row,
                        struct fail *fail)
{
    const char *owners[2] = {NULL, NULL};
    size_t count = 0;
    for (const struct command *const *c = commands; *c; c++)
        if ((*c)->groups & row->groups && count++ < 2)
            owners[count - 1] = (*c)->name;
    if (count == 1)
        fail_hint(fail, "it is an option of %s", owners[0]);
    else if (count == 2)
        fail_hint(fail, "it is an option of %s and %s", owners[0], owners[1]);
    else if (count > 2)
        fail_hint(fail, "it is an option of %s, %s and others", owners[0], owners[1]);
}

void meant_option(const struct command *const *commands, unsigned groups, const char *word,
                  struct fail *fail)
{
    struct span name = span_make(word + 2, strcspn(word + 2, "="));
    const struct option_row *best = NULL;
    unsigned fewest = DISTANCE_MAX, steps;
    for (enum option_id id = 0; id < OPT_COUNT; id++) {
        const struct option_row *row = option_row(id);
        struct span other = span_of(row->name);
        if (span_equal(name, other))
            name_owners(commands, row, fail);
        if (!(row->groups & groups))
            continue;
        bool small = distance_is_small(name, other, &steps);
        if (small ? steps < fewest : !best && name.len >= ENOUGH && span_starts(other, name))
            best = row;
        if (small && steps < fewest)
            fewest = steps;
    }
    if (best)
        fail_hint(fail, "did you mean --%s?", best->name);
}
