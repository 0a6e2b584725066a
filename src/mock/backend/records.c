/* SPDX-License-Identifier: MIT */
#include "mock/backend/records.h"

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

void records_release(struct records *all)
{
    while (all->newest)
        records_remove(all, all->newest);
}

struct record *records_add(struct records *all, const struct account *owner)
{
    struct record *r = xcalloc(1, sizeof *r);
    uuid_make(r->id);
    r->owner = owner;
    r->created = sys_wall_ms();
    r->next = all->newest;
    all->newest = r;
    return r;
}

struct record *records_find(const struct records *all, const char *id)
{
    struct record *r = all->newest;
    while (r && strcmp(r->id, id) != 0)
        r = r->next;
    return r;
}

void records_remove(struct records *all, struct record *gone)
{
    struct record **at = &all->newest;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    free(gone->json);
    free(gone);
}

void records_put(struct buf *out, const struct records *all, const struct account *owner,
                 long limit, long offset, void (*put)(struct buf *out, const struct record *r))
{
    const char *separator = "";
    buf_byte(out, '[');
    for (const struct record *r = all->newest; r && limit > 0; r = r->next) {
        if (r->owner != owner || offset-- > 0)
            continue;
        buf_puts(out, separator);
        put(out, r);
        separator = ",";
        limit--;
    }
    buf_byte(out, ']');
}

int records_count(const struct records *all, const struct account *owner)
{
    int count = 0;
    for (const struct record *r = all->newest; r; r = r->next)
        count += r->owner == owner;
    return count;
}
