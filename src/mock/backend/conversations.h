/* SPDX-License-Identifier: MIT */
/* The conversations of all accounts. Kept in memory; callers keep each other out. */
#ifndef MOCK_BACKEND_CONVERSATIONS_H
#define MOCK_BACKEND_CONVERSATIONS_H

#include "mock/backend/accounts.h"
#include "mock/backend/ids.h"

struct conversation {
    struct conversation *next; /* the next older one */
    const struct account *owner;
    char id[UUID_SIZE];
    const char *mode; /* one of mode_find's */
    int64_t created;  /* Unix time, ms */
};

/* Owned: conversations_release. A zeroed one is empty. */
struct conversations {
    struct conversation *newest;
};

/* The name of a mode, static; NULL for what is none. */
const char *mode_find(struct span name);

void conversations_release(struct conversations *all);
struct conversation *conversations_add(struct conversations *all, const struct account *owner,
                                       const char *mode);
/* NULL when there is none of that ID. */
struct conversation *conversations_find(const struct conversations *all, const char *id);
void conversations_remove(struct conversations *all, struct conversation *gone);

#endif
