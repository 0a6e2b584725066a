/* SPDX-License-Identifier: MIT */
#include "mock/backend/conversations.h"

#include "core/xmalloc.h"
#include "system/system.h"

#include <stdlib.h>

const char *mode_find(struct span name)
{
    static const char *const modes[] = {"green", "blue", "indigo", "violet"};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (span_is(name, modes[i]))
            return modes[i];
    return NULL;
}

void conversations_release(struct conversations *all)
{
    while (all->newest)
        conversations_remove(all, all->newest);
}

struct conversation *conversations_add(struct conversations *all, const struct account *owner,
                                       const char *mode)
{
    struct conversation *c = xcalloc(1, sizeof *c);
    uuid_make(c->id);
    c->owner = owner;
    c->mode = mode;
    c->created = sys_wall_ms();
    c->next = all->newest;
    all->newest = c;
    return c;
}

struct conversation *conversations_find(const struct conversations *all, const char *id)
{
    struct conversation *c = all->newest;
    while (c && strcmp(c->id, id) != 0)
        c = c->next;
    return c;
}

void conversations_remove(struct conversations *all, struct conversation *gone)
{
    struct conversation **at = &all->newest;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    free(gone);
}
