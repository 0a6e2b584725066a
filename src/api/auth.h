/* SPDX-License-Identifier: MIT */
/* Where a token comes from. */
#ifndef API_AUTH_H
#define API_AUTH_H

#include "base/fail.h"

/* A token and its source as messages call it. Owned; auth_release wipes the token. */
struct auth {
    char *token;
    char *source;
};

/* From `token_file` where that is not NULL, else from SIGMASIGHT_TOKEN. FAIL_INPUT (66) for a file
   that cannot be read, FAIL_DENIED (77) when there is no token or what there is cannot be one. */
int auth_obtain(struct auth *auth, const char *token_file, struct fail *fail);
void auth_release(struct auth *auth);

#endif
