/* SPDX-License-Identifier: MIT */
#include "core/set.h"

#include "core/hash.h"
#include "core/xmalloc.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

static uint64_t hash_bytes(struct span s)
{
    uint64_t hash = hash_add(HASH_INIT, s);
    return hash ^ (hash >> 32); /* the table uses the low bits */
}

/* The entry with these bytes, else the free one where they belong. There is a free one. */
static struct set_entry *find_entry(const struct set *s, struct span bytes, uint64_t hash)
{
    for (size_t i = (size_t)hash & (s->capacity - 1);; i = (i + 1) & (s->capacity - 1)) {
        struct set_entry *e = &s->table[i];
        if (!e->at)
            return e;
        if (e->hash == hash && span_equal(span_make(s->bytes.data + e->at - 1, e->len), bytes))
            return e;
    }
}

static void grow(struct set *s)
{
    struct set_entry *old = s->table;
    size_t capacity = s->capacity;
    s->capacity = capacity ? 2 * capacity : FIRST_CAPACITY;
    s->table = xcalloc(s->capacity, sizeof *s->table);
    for (size_t i = 0; i < capacity; i++) {
        size_t to = (size_t)old[i].hash & (s->capacity - 1);
        if (!old[i].at)
            continue;
        while (s->table[to].at)
            to = (to + 1) & (s->capacity - 1);
        s->table[to] = old[i];
    }
    free(old);
}

bool set_add(struct set *s, struct span bytes)
{
    uint64_t hash = hash_bytes(bytes);
    if (4 * (s->count + 1) > 3 * s->capacity)
        grow(s);
    struct set_entry *e = find_entry(s, bytes, hash);
    if (e->at)
        return false;
    *e = (struct set_entry){.at = s->bytes.len + 1, .len = bytes.len, .hash = hash};
    buf_span(&s->bytes, bytes);
    s->count++;
    return true;
}

bool set_has(const struct set *s, struct span bytes)
{
    return s->count && find_entry(s, bytes, hash_bytes(bytes))->at;
}

void set_release(struct set *s)
{
    buf_release(&s->bytes);
    free(s->table);
    *s = (struct set){.count = 0};
}
