/* SPDX-License-Identifier: MIT */
/* A set of byte strings: a hash table whose strings are stored in one block of memory. */
#ifndef CORE_SET_H
#define CORE_SET_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct set_entry {
    size_t at; /* offset in `bytes`, plus 1; 0: free */
    size_t len;
    uint64_t hash;
};

/* Zeroed is empty. Release with set_release. */
struct set {
    struct buf bytes;
    struct set_entry *table;
    size_t count, capacity; /* a power of 2 */
};

/* Adds a copy of the bytes. False if the set already contains them. */
bool set_add(struct set *s, struct span bytes);
bool set_has(const struct set *s, struct span bytes);
void set_release(struct set *s);

#endif
