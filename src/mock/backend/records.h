/* SPDX-License-Identifier: MIT */
/* What an account stores on the server: conversations, messages and memories. Kept in memory. */
#ifndef MOCK_BACKEND_RECORDS_H
#define MOCK_BACKEND_RECORDS_H

#include "mock/backend/accounts.h"
#include "mock/backend/ids.h"

struct record {
    struct record *next; /* the next older one */
    const struct account *owner;
    char id[UUID_SIZE];
    int64_t created;  /* Unix time, ms */
    const char *mode; /* of a conversation: one of mode_find's */
    int broken;       /* of a conversation: how many answers fail (--broken-history) */
    bool by_user;     /* of a message */
    char *json;       /* of a memory: the object; of a message: its feedback; owned, or NULL */
};

/* Records of one kind. Owned: records_release. A zeroed one is empty. */
struct records {
    struct record *newest;
};

/* The name of a mode, static; NULL when there is no such mode. */
const char *mode_find(struct span name);

void records_release(struct records *all);
struct record *records_add(struct records *all, const struct account *owner);
/* NULL when there is none with that ID. */
struct record *records_find(const struct records *all, const char *id);
void records_remove(struct records *all, struct record *gone);

/* Appends a JSON array of the owner's records, newest first: of `limit` at most, after `offset`
   others. `put` appends one of them. */
void records_put(struct buf *out, const struct records *all, const struct account *owner,
                 long limit, long offset, void (*put)(struct buf *out, const struct record *r));
/* How many the owner has. */
int records_count(const struct records *all, const struct account *owner);

#endif
