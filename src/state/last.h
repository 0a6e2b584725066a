/* SPDX-License-Identifier: MIT */
/* The last conversation of a profile at a URL, and whose it is, which --continue takes up. */
#ifndef STATE_LAST_H
#define STATE_LAST_H

#include "core/fail.h"
#include "state/store.h"

/* The name of the file below the state directory. */
#define LAST_STORE "conversations.json"

/* *id is owned by the caller, NULL when there is none, or one of another account; an `account` of
   NULL is not known and may be any. FAIL_CONFIG as store_get. */
int last_get(struct store_key key, const char *account, char **id, struct fail *fail);
/* As store_put; nothing is written where it is the last one already. */
int last_put(struct store_key key, const char *account, const char *id, struct fail *fail);
/* Forgets the conversation if it is this one. */
int last_forget(struct store_key key, const char *id, struct fail *fail);

#endif
