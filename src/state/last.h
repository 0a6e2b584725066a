/* SPDX-License-Identifier: MIT */
/* The last conversation for a profile and URL, with its account and portfolios, as used by
   --continue. */
#ifndef STATE_LAST_H
#define STATE_LAST_H

#include "core/fail.h"
#include "core/strings.h"
#include "state/store.h"

/* The name of the file in the state directory. */
#define LAST_STORE "conversations.json"

/* Zeroed is empty. Strings are owned. */
struct last {
    char *id;                  /* NULL if there is none */
    char *account;             /* NULL if unknown */
    struct strings portfolios; /* IDs */
};

void last_release(struct last *last);

/* Fills *last, which the caller releases; it is empty if it belongs to another account. An
   `account` of NULL matches any account. Fails as store_get. */
int last_get(struct store_key key, const char *account, struct last *last, struct fail *fail);
/* As store_put; does not write if the entry is unchanged. */
int last_put(struct store_key key, const struct last *last, struct fail *fail);
/* Removes the entry if it has this ID. */
int last_forget(struct store_key key, const char *id, struct fail *fail);

#endif
