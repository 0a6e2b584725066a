/* SPDX-License-Identifier: MIT */
/* The hash function FNV-1a, 64 bits. Not for protection against chosen inputs. */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include "core/span.h"

#include <stdint.h>

/* The hash of no bytes. */
#define HASH_INIT UINT64_C(0xcbf29ce484222325)

/* The hash of the bytes that have the hash `hash`, followed by `s`. */
static inline uint64_t hash_add(uint64_t hash, struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
