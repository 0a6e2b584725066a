/* SPDX-License-Identifier: MIT */
/* Where a token comes from, and where the next one does when it is refused or about to expire
   ("Files and environment" in the manual). */
#ifndef API_AUTH_H
#define API_AUTH_H

#include "api/api.h"
#include "core/fail.h"
#include "state/store.h"

#include <stdint.h>

/* In the order in which they are asked. */
enum auth_source {
    AUTH_NONE,
    AUTH_FILE,
    AUTH_VARIABLE,
    AUTH_COMMAND,
    AUTH_STORED,
    AUTH_LOGIN,
    AUTH_DELEGATE /* another process, instead of all others */
};

/* Obtains tokens in another process, which does so once for several. */
struct auth_delegate {
    /* A token in place of `refused`, NULL for the first one; owned by the caller. NULL if there is
       none, with *fail only after a signal. */
    char *(*next)(void *arg, const char *refused, struct fail *fail);
    void *arg;
};

/* What decides. All borrowed, NULL where not set. */
struct auth_config {
    const char *token_file;
    const char *token_command;
    const char *login;    /* the command that logs in there, for hints */
    int64_t deadline;     /* sys_now_us() at which --max-time ends, 0 for none */
    int64_t max_time;     /* its microseconds, for messages */
    struct store_key key; /* of the stored credentials; the URL is the API's base */
    const struct auth_delegate *delegate;
};

/* A token and what is known of it. Owned; auth_release wipes it. */
struct auth {
    struct auth_config config;
    enum auth_source source;
    char *token;
    char *email;                   /* whose it is, NULL where that is not known */
    int64_t issued_at, expires_at; /* Unix seconds, 0 when unknown */
    int tries;                     /* ways to another token that were tried after a 401 */
    char *warning;                 /* a token could not be stored; for auth_warning, or NULL */
};

/* The hint for a server that refuses tokens of its own login. */
#define AUTH_WEB_LOGIN                                                                             \
    "this server requires a token of its web login: set token_command in the configuration file "  \
    "to "                                                                                          \
    "a command that prints one"

/* Obtains a token and gives it to `api`. A stored one that is near its end is refreshed first:
   less than a tenth of its life left, at most five minutes; when that fails it is used as it is.
   Failures: FAIL_INPUT for a token file, FAIL_CONFIG for a bad credentials file, FAIL_DENIED for
   everything else that leaves no token, FAIL_SIGNAL. *warning gets, besides success, what could not
   be stored; owned by the caller. */
int auth_obtain(struct auth *auth, const struct auth_config *config, struct api *api,
                char **warning, struct fail *fail);

/* Only the stored token, expired or not: 0, 1 when there is none, -1 with FAIL_CONFIG. */
int auth_stored(struct auth *auth, const struct auth_config *config, struct api *api,
                struct fail *fail);

/* After a call that failed: true when that was a 401 and there is a new token to try once more
   with; *fail is clear then. From token_command or the login of the environment, where those gave
   the refused one; for a stored one, in this order: a login that another process stored, a refresh,
   the login of the environment. Each once, until `tries` is set to 0. Otherwise false, and a 401
   gets the hint what to do about it. */
bool auth_recover(struct auth *auth, struct api *api, struct fail *fail);

/* What the user should know of auth_recover: a new token that could not be stored. Owned by the
   caller; NULL without, or if it was taken before. */
char *auth_warning(struct auth *auth);

/* Stores a session for later runs; `email` is shown by whoami. As store_put. */
int auth_store(const struct auth_config *config, const char *email,
               const struct api_session *session, bool *unsupported, struct fail *fail);

/* "--token-file /run/secrets/token", "SIGMASIGHT_TOKEN", …, appended. */
void auth_describe(const struct auth *auth, struct buf *out);

void auth_release(struct auth *auth);

#endif
