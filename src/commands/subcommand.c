/* SPDX-License-Identifier: MIT */
#include "commands/subcommand.h"

#include "core/xmalloc.h"
#include "settings/suggest.h"

#include <stdlib.h>
#include <string.h>

const void *subcommand_find(const struct subcommands *s, const char *name, struct fail *fail)
{
    const char **names = xcalloc(s->count + 1, sizeof *names);
    const void *found = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const void *row = (const char *)s->rows + i * s->size;
        names[i] = *(const char *const *)row;
        if (strcmp(names[i], name) == 0)
            found = row;
    }
    if (!found) {
        fail_set(fail, FAIL_USAGE, "%s: unknown subcommand '%s'", s->command, name);
        suggest_hint(name, names, fail);
    }
    free(names);
    return found;
}
