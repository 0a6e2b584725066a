/* SPDX-License-Identifier: MIT */
/* The tokens that `login` stores, one for each profile and URL. */
#ifndef STATE_CREDENTIALS_H
#define STATE_CREDENTIALS_H

#include "core/fail.h"
#include "state/store.h"

#include <stdint.h>

/* The name of the file in the state directory. */
#define CREDENTIALS_STORE "credentials.json"

/* A stored token. Owned; zeroed is none. */
struct credentials {
    char *token;
    char *email;                   /* of the account, NULL when unknown */
    int64_t issued_at, expires_at; /* Unix seconds, 0 when unknown */
};

/* Reads the token for `key`; c->token is NULL if none is stored. Fails as store_get. */
int credentials_get(struct store_key key, struct credentials *c, struct fail *fail);
/* Stores a token, as store_put. `unsupported` may be NULL. */
int credentials_put(struct store_key key, const struct credentials *c, bool *unsupported,
                    struct fail *fail);
/* Stores `c` if the stored token is still `old`, as store_replace. */
int credentials_replace(struct store_key key, const char *old, const struct credentials *c,
                        struct fail *fail);
/* Removes it, as store_put. */
int credentials_forget(struct store_key key, struct fail *fail);
/* Wipes the token. */
void credentials_release(struct credentials *c);

#endif
