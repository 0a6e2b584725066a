/* SPDX-License-Identifier: MIT */
/* A set of byte strings: a hash table over one block of memory with all of them. */
#ifndef CORE_SET_H
#define CORE_SET_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct set_entry {
    size_t at; /* in `bytes`, plus 1; 0: free */
    size_t len;
    uint64_t hash;
};

/* Zeroed is empty. Release with set_release. */
struct set {
    struct buf bytes;
    struct set_entry *table;
    size_t count, capacity; /* a power of 2 */
};

/* False if it is in the set already. The bytes are copied. */
bool set_add(struct set *s, struct span bytes);
bool set_has(const struct set *s, struct span bytes);
void set_release(struct set *s);

#endif
