/* SPDX-License-Identifier: MIT */
/* Obtains tokens, and replaces those that are refused or about to expire ("Files and environment"
   in the manual). */
#ifndef API_AUTH_H
#define API_AUTH_H

#include "api/api.h"
#include "core/fail.h"
#include "state/store.h"

#include <stdint.h>

/* Sources of a token, in order of precedence. */
enum auth_source {
    AUTH_NONE,
    AUTH_FILE,
    AUTH_VARIABLE,
    AUTH_COMMAND,
    AUTH_STORED,
    AUTH_LOGIN,
    AUTH_DELEGATE /* another process, which replaces all other sources */
};

/* Requests tokens from another process, which obtains each token once for all its jobs. */
struct auth_delegate {
    /* Returns a token to replace `refused`, or the first one if that is NULL; owned by the caller.
       NULL if there is none; *fail is set only after a signal. */
    char *(*next)(void *arg, const char *refused, struct fail *fail);
    void *arg;
};

/* All borrowed, NULL if not set. */
struct auth_config {
    const char *token_file;
    const char *token_command;
    const char *login;    /* the command to log in to this server, for hints */
    int64_t deadline;     /* sys_now_us() at which --max-time ends, 0 for none */
    int64_t max_time;     /* --max-time in microseconds, for messages */
    struct store_key key; /* of the stored credentials; the URL is the API's base */
    const struct auth_delegate *delegate;
};

/* A token and its properties. Owned; auth_release wipes it. */
struct auth {
    struct auth_config config;
    enum auth_source source;
    char *token;
    char *email;                   /* of the account, NULL if unknown */
    int64_t issued_at, expires_at; /* Unix seconds, 0 when unknown */
    int64_t refreshed_at;          /* Unix seconds of the last refresh without success, or 0 */
    int tries;                     /* number of ways to obtain another token tried after a 401 */
    char *warning;                 /* for auth_warning: a token could not be stored; or NULL */
};

/* The hint for a server that refuses tokens of its own login. */
#define AUTH_WEB_LOGIN                                                                             \
    "this server requires a token of its web login: set token_command in the configuration file "  \
    "to "                                                                                          \
    "a command that prints one"

/* Sets the deadline of all calls and of token_command: sys_now_us(), 0 for none. */
void auth_set_deadline(struct auth *auth, struct api *api, int64_t at);
/* Extends the deadline, if there is one, by time that does not count. */
void auth_extend_deadline(struct auth *auth, struct api *api, int64_t us);

/* Whether there is a source of a token: 0, or -1 with FAIL_DENIED as auth_obtain, or FAIL_CONFIG or
   FAIL_SIGNAL. Nothing is sent, and neither token_file nor token_command is used, so auth_obtain
   may fail nevertheless. */
int auth_check(const struct auth_config *config, struct fail *fail);

/* Obtains a token and sets that of `api`. A stored token is refreshed first if less than a tenth of
   its lifetime, and less than five minutes, are left; if that fails it is used unchanged.
   FAIL_INPUT for a token file, FAIL_CONFIG for an invalid credentials file, FAIL_DEADLINE for a
   token_command that takes longer than --max-time, FAIL_SIGNAL; as api_login for the login from the
   environment; FAIL_DENIED for any other failure. After a success, *warning says what could not be
   stored, or is NULL; owned by the caller. */
int auth_obtain(struct auth *auth, const struct auth_config *config, struct api *api,
                char **warning, struct fail *fail);

/* Call before further questions with the same token. Refreshes a stored token that is near its end,
   as auth_obtain does, because an expired one cannot be refreshed. After a refresh that failed, or
   whose token is near its end as well, it does nothing for a minute. -1 with FAIL_SIGNAL only. */
int auth_freshen(struct auth *auth, struct api *api, struct fail *fail);

/* Reads only the stored token, expired or not: 0, 1 if there is none, -1 with FAIL_CONFIG. */
int auth_stored(struct auth *auth, const struct auth_config *config, struct api *api,
                struct fail *fail);

/* Call after a failed call. True if it failed with 401 and another token was obtained, so that the
   call can be repeated; *fail is cleared. A token of token_command or of the login from the
   environment is requested again from there. For a stored token it tries, in this order, a token
   that another process has stored, a refresh, and the login from the environment. Each is tried
   once, until `tries` is set to 0. Otherwise false, and for a 401 a hint is added to *fail. */
bool auth_recover(struct auth *auth, struct api *api, struct fail *fail);

/* The warning of auth_recover and auth_freshen: a new token that could not be stored. Owned by the
   caller; NULL if there is none or it was returned before. */
char *auth_warning(struct auth *auth);

/* Stores a session for later runs; whoami shows `email`. Returns as store_put. */
int auth_store(const struct auth_config *config, const char *email,
               const struct api_session *session, bool *unsupported, struct fail *fail);

/* Appends the source of the token: "--token-file /run/secrets/token", "SIGMASIGHT_TOKEN", … */
void auth_describe(const struct auth *auth, struct buf *out);

void auth_release(struct auth *auth);

#endif
