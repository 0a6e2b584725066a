/* SPDX-License-Identifier: MIT */
#include "api/auth.h"

#include "api/jwt.h"
#include "core/utf8.h"
#include "core/xmalloc.h"
#include "settings/options.h"
#include "state/credentials.h"
#include "system/system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
    TOKEN_MAX = 64 * 1024,
    COMMAND_SECONDS = 30,
    /* A stored token is refreshed when at most this much of its lifetime is left. */
    REFRESH_SECONDS = 300,
    REFRESH_PAUSE = 60,
    REFRESH_PART = 10
};

static void set_token(struct auth *auth, struct api *api, char *token)
{
    wipe_string(auth->token);
    auth->token = token;
    api->token = token;
}

/* The token in a file or output: its first line without a byte order mark and surrounding white
   space. */
static struct span trim_token(struct span text)
{
    return span_trim(span_first_line(utf8_skip_mark(text)));
}

static int accept_token(struct auth *auth, struct api *api, struct span text, const char *source,
                        struct fail *fail)
{
    text = trim_token(text);
    if (!api_is_token(text))
        return fail_set_hint(fail, FAIL_DENIED,
                             "the first line must be the token and contain no blanks",
                             text.len ? "invalid token from %s" : "no token: %s is empty", source);
    set_token(auth, api, xspandup(text));
    jwt_times(auth->token, &auth->issued_at, &auth->expires_at);
    return 0;
}

/* Accepts the first line of a file or output that was read up to TOKEN_MAX bytes. */
static int accept_first_line(struct auth *auth, struct api *api, const struct buf *text,
                             const char *source, struct fail *fail)
{
    if (text->full && span_first_line(buf_view(text)).len == text->len)
        return fail_set_hint(fail, FAIL_DENIED, "the first line must be the token",
                             "no token: the first line of %s is longer than %d KiB", source,
                             TOKEN_MAX / 1024);
    return accept_token(auth, api, buf_view(text), source, fail);
}

static int take_file(struct auth *auth, struct api *api, struct fail *fail)
{
    const char *path = auth->config.token_file;
    struct buf text;
    buf_init(&text, TOKEN_MAX);
    buf_reserve(&text, TOKEN_MAX);
    int result = sys_read_file(path, &text) == 0
                     ? accept_first_line(auth, api, &text, path, fail)
                     : sys_fail(fail, FAIL_INPUT, "cannot read the token file %s", path);
    buf_wipe(&text);
    return result;
}

static int fail_command(const struct auth_config *config, int status, int error, struct fail *fail)
{
    const char *command = config->token_command;
    if (status < 0 && error == ETIMEDOUT && config->deadline && sys_now_us() >= config->deadline)
        return fail_set(fail, FAIL_DEADLINE,
                        "timed out: token_command '%s' took longer than %g s (--max-time)", command,
                        (double)config->max_time / 1e6);
    if (status < 0 && error == ETIMEDOUT)
        return fail_set(fail, FAIL_DENIED, "token_command '%s': not finished after %d s", command,
                        COMMAND_SECONDS);
    if (status < 0) {
        errno = error;
        return sys_fail(fail, FAIL_DENIED, "token_command '%s'", command);
    }
    if (WIFSIGNALED(status))
        return fail_set(fail, FAIL_DENIED, "token_command '%s': killed by signal %d", command,
                        WTERMSIG(status));
    return fail_set_hint(fail, FAIL_DENIED, "run it by itself to see why",
                         "token_command '%s': exit status %d", command, WEXITSTATUS(status));
}

static int take_command(struct auth *auth, struct api *api, struct fail *fail)
{
    struct buf text;
    buf_init(&text, TOKEN_MAX);
    buf_reserve(&text, TOKEN_MAX);
    int64_t limit = COMMAND_SECONDS * INT64_C(1000000);
    int64_t left = auth->config.deadline ? auth->config.deadline - sys_now_us() : limit;
    int status = sys_capture(auth->config.token_command, left < limit ? left : limit, &text);
    int result = status == 0 ? accept_first_line(auth, api, &text, "token_command", fail)
                             : fail_command(&auth->config, status, errno, fail);
    buf_wipe(&text);
    return result;
}

/* Stored credentials. */

/* Reads the stored token; stored->source is AUTH_STORED if there is a valid one. */
static int read_stored(const struct auth_config *config, struct auth *stored, struct fail *fail)
{
    struct credentials c;
    *stored = (struct auth){.config = *config};
    if (credentials_get(config->key, &c, fail) != 0) {
        credentials_release(&c);
        return -1;
    }
    stored->token = c.token;
    stored->email = c.email;
    stored->issued_at = c.issued_at;
    stored->expires_at = c.expires_at;
    if (c.token && api_is_token(span_of(c.token)))
        stored->source = AUTH_STORED;
    return 0;
}

/* The lifetime from the server's response, else from the token itself. */
static void read_session_times(const struct api_session *session, int64_t *issued_at,
                               int64_t *expires_at)
{
    jwt_times(session->token, issued_at, expires_at);
    *issued_at = sys_wall_ms() / 1000;
    if (session->expires_in > 0)
        *expires_at = *issued_at + session->expires_in;
}

int auth_store(const struct auth_config *config, const char *email,
               const struct api_session *session, bool *unsupported, struct fail *fail)
{
    struct credentials c = {.token = xstrdup(session->token), .email = xstrdup(email)};
    read_session_times(session, &c.issued_at, &c.expires_at);
    int result = credentials_put(config->key, &c, unsupported, fail);
    credentials_release(&c);
    return result;
}

char *auth_warning(struct auth *auth)
{
    char *warning = auth->warning;
    auth->warning = NULL;
    return warning;
}

/* The server does not refresh an expired token. */
static bool is_expired(const struct auth *a)
{
    return a->expires_at && a->expires_at <= sys_wall_ms() / 1000;
}

static bool is_near_its_end(const struct auth *a)
{
    int64_t now = sys_wall_ms() / 1000, left = a->expires_at - now;
    int64_t life = a->issued_at ? a->expires_at - a->issued_at : 0;
    int64_t margin =
        life > 0 && life / REFRESH_PART < REFRESH_SECONDS ? life / REFRESH_PART : REFRESH_SECONDS;
    return a->expires_at && left > 0 && left < margin;
}

/* Leaves a stored token that another process has changed or removed since this one was read. */
static void accept_refreshed(struct auth *auth, struct api *api, const struct api_session *session,
                             struct fail *why)
{
    char *old = xstrdup(auth->token);
    set_token(auth, api, xstrdup(session->token));
    read_session_times(session, &auth->issued_at, &auth->expires_at);
    if (!is_near_its_end(auth))
        auth->refreshed_at = 0;
    struct credentials c = {.token = auth->token,
                            .email = auth->email,
                            .issued_at = auth->issued_at,
                            .expires_at = auth->expires_at};
    if (credentials_replace(auth->config.key, old, &c, why) != 0 && why->cause != FAIL_SIGNAL) {
        free(auth->warning);
        auth->warning = xstrdup(why->message);
    }
    wipe_string(old);
}

/* If the refresh fails, the current token is kept: it is still valid. */
static int refresh(struct auth *auth, struct api *api, struct fail *fail)
{
    struct api_session session;
    struct fail why = FAIL_INIT;
    auth->refreshed_at = sys_wall_ms() / 1000;
    if (api_refresh(api, &session, &why) == 0) {
        accept_refreshed(auth, api, &session, &why);
        api_session_release(&session);
    }
    int result = why.cause == FAIL_SIGNAL ? fail_signal(fail, why.signal) : 0;
    fail_release(&why);
    return result;
}

/* The login from the environment. */

static bool has_login(void)
{
    char *email = settings_variable("SIGMASIGHT_EMAIL");
    char *password = settings_variable("SIGMASIGHT_PASSWORD");
    bool result = email && password;
    free(email);
    wipe_string(password);
    return result;
}

static int log_in_from_environment(struct auth *auth, struct api *api, struct fail *fail)
{
    struct api_session session;
    char *email = settings_variable("SIGMASIGHT_EMAIL");
    char *password = settings_variable("SIGMASIGHT_PASSWORD");
    int result = api_login(api, email, password, &session, fail);
    wipe_string(password);
    if (result != 0) {
        free(email);
        return -1;
    }
    result = accept_token(auth, api, span_of(session.token), "the login", fail);
    auth->source = AUTH_LOGIN;
    free(auth->email);
    auth->email = email;
    read_session_times(&session, &auth->issued_at, &auth->expires_at);
    api_session_release(&session);
    return result;
}

/* Obtaining a token. */

/* Without a token. Owned by the caller. */
static char *format_login_hint(const struct auth *auth)
{
    return buf_format("run '%s', or set SIGMASIGHT_TOKEN", auth->config.login);
}

static int fail_without_token(const struct auth *auth, struct fail *fail)
{
    char *hint = format_login_hint(auth);
    fail_set_hint(fail, FAIL_DENIED, hint, "no token");
    free(hint);
    return -1;
}

static int obtain_stored_or_log_in(struct auth *auth, struct api *api, char **warning,
                                   struct fail *fail)
{
    struct auth stored;
    if (read_stored(&auth->config, &stored, fail) != 0) {
        auth_release(&stored);
        return -1;
    }
    if (stored.source == AUTH_STORED && !(is_expired(&stored) && has_login())) {
        *auth = stored;
        api->token = auth->token;
        int result = is_near_its_end(auth) ? refresh(auth, api, fail) : 0;
        *warning = auth_warning(auth);
        return result;
    }
    auth_release(&stored);
    auth->source = AUTH_LOGIN;
    if (has_login())
        return log_in_from_environment(auth, api, fail);
    auth->source = AUTH_NONE;
    return fail_without_token(auth, fail);
}

int auth_check(const struct auth_config *config, struct fail *fail)
{
    struct auth stored;
    if (config->delegate || config->token_file || config->token_command || has_login() ||
        settings_peek_variable("SIGMASIGHT_TOKEN").len)
        return 0;
    int result = read_stored(config, &stored, fail);
    if (result == 0 && stored.source != AUTH_STORED)
        result = fail_without_token(&stored, fail);
    auth_release(&stored);
    return result;
}

/* The delegate. Each request for a token may also be answered with one that another job had
   requested, so there are several attempts. */

enum { DELEGATE_TRIES = 4 };

static bool take_delegated(struct auth *auth, struct api *api, struct fail *fail)
{
    const struct auth_delegate *delegate = auth->config.delegate;
    char *token = delegate->next(delegate->arg, auth->token, fail);
    if (token)
        set_token(auth, api, token);
    return token != NULL;
}

int auth_obtain(struct auth *auth, const struct auth_config *config, struct api *api,
                char **warning, struct fail *fail)
{
    struct span token = settings_peek_variable("SIGMASIGHT_TOKEN");
    *auth = (struct auth){.config = *config};
    *warning = NULL;
    if (config->delegate) {
        auth->source = AUTH_DELEGATE;
        return take_delegated(auth, api, fail) ? 0 : fail_set(fail, FAIL_DENIED, "no token");
    }
    if (config->token_file) {
        auth->source = AUTH_FILE;
        return take_file(auth, api, fail);
    }
    if (token.len) {
        auth->source = AUTH_VARIABLE;
        return accept_token(auth, api, token, "SIGMASIGHT_TOKEN", fail);
    }
    if (config->token_command) {
        auth->source = AUTH_COMMAND;
        return take_command(auth, api, fail);
    }
    return obtain_stored_or_log_in(auth, api, warning, fail);
}

void auth_set_deadline(struct auth *auth, struct api *api, int64_t at)
{
    http_set_deadline(api->http, at);
    auth->config.deadline = at;
}

void auth_extend_deadline(struct auth *auth, struct api *api, int64_t us)
{
    if (auth->config.deadline)
        auth_set_deadline(auth, api, auth->config.deadline + us);
}

int auth_freshen(struct auth *auth, struct api *api, struct fail *fail)
{
    int64_t since = sys_wall_ms() / 1000 - auth->refreshed_at;
    if (auth->source != AUTH_STORED || !is_near_its_end(auth) ||
        (since >= 0 && since < REFRESH_PAUSE))
        return 0;
    return refresh(auth, api, fail);
}

int auth_stored(struct auth *auth, const struct auth_config *config, struct api *api,
                struct fail *fail)
{
    if (read_stored(config, auth, fail) != 0)
        return -1;
    api->token = auth->source == AUTH_STORED ? auth->token : NULL;
    return api->token ? 0 : 1;
}

/* Takes a token that another process has stored meanwhile. */
static bool take_newer(struct auth *auth, struct api *api)
{
    struct auth stored;
    struct fail ignored = FAIL_INIT;
    bool newer = read_stored(&auth->config, &stored, &ignored) == 0 &&
                 stored.source == AUTH_STORED && strcmp(stored.token, auth->token) != 0;
    if (newer) {
        set_token(auth, api, stored.token);
        auth->issued_at = stored.issued_at;
        auth->expires_at = stored.expires_at;
        stored.token = NULL;
        free(auth->email);
        auth->email = stored.email;
        stored.email = NULL;
    }
    auth_release(&stored);
    fail_release(&ignored);
    return newer;
}

static bool take_refreshed(struct auth *auth, struct api *api, struct fail *why)
{
    char *old = xstrdup(auth->token);
    refresh(auth, api, why);
    bool refreshed = strcmp(auth->token, old) != 0;
    wipe_string(old);
    return refreshed;
}

/* Tries the next method to obtain another token; each is tried once. */
static bool renew_stored(struct auth *auth, struct api *api, struct fail *why)
{
    bool renewed = false;
    while (!renewed && !fail_is_set(why) && auth->tries < 3) {
        switch (auth->tries++) {
        case 0:
            renewed = take_newer(auth, api);
            break;
        case 1:
            renewed = !is_expired(auth) && take_refreshed(auth, api, why);
            break;
        default:
            renewed = has_login() && log_in_from_environment(auth, api, why) == 0;
        }
    }
    return renewed;
}

static bool renew(struct auth *auth, struct api *api, struct fail *why)
{
    if (auth->source == AUTH_STORED)
        return renew_stored(auth, api, why);
    if (auth->source == AUTH_DELEGATE)
        return auth->tries++ < DELEGATE_TRIES && take_delegated(auth, api, why);
    if (auth->tries++ > 0)
        return false;
    if (auth->source == AUTH_COMMAND)
        return take_command(auth, api, why) == 0;
    return auth->source == AUTH_LOGIN && log_in_from_environment(auth, api, why) == 0;
}

static void give_hint(const struct auth *auth, struct fail *fail)
{
    char *hint;
    switch (auth->source) {
    case AUTH_DELEGATE:
        break;
    case AUTH_LOGIN:
        /* The token is new, so the server accepts only tokens of its web login. */
        fail_hint(fail, AUTH_WEB_LOGIN);
        break;
    case AUTH_STORED:
        fail_hint(fail,
                  "run '%s'; if the server still refuses, it requires a token of its web login: "
                  "set token_command in the configuration file",
                  auth->config.login);
        break;
    case AUTH_COMMAND:
        fail_hint(fail, "check what token_command prints");
        break;
    case AUTH_NONE:
        hint = format_login_hint(auth);
        fail_hint(fail, "%s", hint);
        free(hint);
        break;
    default:
        fail_hint(fail, "%s takes precedence over a login: get a new token, or %s it",
                  auth->source == AUTH_FILE ? "--token-file" : "SIGMASIGHT_TOKEN",
                  auth->source == AUTH_FILE ? "omit" : "unset");
        break;
    }
}

bool auth_recover(struct auth *auth, struct api *api, struct fail *fail)
{
    struct fail why = FAIL_INIT;
    if (fail->http_status != 401)
        return false;
    bool again = renew(auth, api, &why);
    if (again)
        fail_release(fail);
    else if (why.cause == FAIL_SIGNAL)
        fail_move(fail, &why);
    else
        give_hint(auth, fail);
    fail_release(&why);
    return again;
}

void auth_describe(const struct auth *auth, struct buf *out)
{
    switch (auth->source) {
    case AUTH_FILE:
        buf_printf(out, "--token-file %s", auth->config.token_file);
        break;
    case AUTH_VARIABLE:
        buf_puts(out, "SIGMASIGHT_TOKEN");
        break;
    case AUTH_COMMAND:
        buf_puts(out, "token_command");
        break;
    case AUTH_STORED:
        buf_puts(out, "login");
        break;
    case AUTH_LOGIN:
        buf_puts(out, "SIGMASIGHT_EMAIL and SIGMASIGHT_PASSWORD");
        break;
    case AUTH_DELEGATE:
    case AUTH_NONE:
        buf_puts(out, "none");
        break;
    }
}

void auth_release(struct auth *auth)
{
    wipe_string(auth->token);
    free(auth->email);
    free(auth->warning);
    *auth = (struct auth){.source = AUTH_NONE};
}
