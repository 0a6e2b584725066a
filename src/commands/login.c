/* SPDX-License-Identifier: MIT */
/* login, logout: the stored token. */
#include "commands/client.h"
#include "commands/command.h"

#include "core/xmalloc.h"
#include "state/credentials.h"
#include "system/system.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PASSWORD_MAX = 4096 };

/* Call after sys_ask has failed. `what` was to be entered. */
static int ask_failed(const char *what, struct fail *fail)
{
    if (errno == ENXIO)
        return fail_set_hint(fail, FAIL_USAGE, "use --email and --password-stdin",
                             "no terminal for a prompt");
    if (errno == ENODATA)
        return fail_set(fail, FAIL_INPUT, "cannot log in: no %s was entered", what);
    return sys_fail(fail, FAIL_INPUT, "cannot read from the terminal");
}

static int get_email(const struct settings *s, struct buf *email, struct fail *fail)
{
    const char *given = setting_text(s, OPT_EMAIL);
    if (given)
        buf_puts(email, given);
    else if (sys_ask("Email: ", false, email) != 0)
        return ask_failed("email", fail);
    if (span_trim(buf_view(email)).len == 0)
        return fail_set(fail, FAIL_DENIED, "cannot log in: the email is empty");
    return 0;
}

static int read_password(struct buf *password, struct fail *fail)
{
    if (sys_read_all(STDIN_FILENO, password) != 0)
        return sys_fail(fail, FAIL_INPUT, "cannot read standard input");
    password->len = span_first_line(buf_view(password)).len;
    return 0;
}

static int get_password(const struct settings *s, struct buf *password, struct fail *fail)
{
    char *given = settings_variable("SIGMASIGHT_PASSWORD");
    buf_init(password, PASSWORD_MAX);
    buf_reserve(password, PASSWORD_MAX);
    int result = 0;
    if (setting_is(s, OPT_PASSWORD_STDIN))
        result = read_password(password, fail);
    else if (given)
        buf_puts(password, given);
    else if (sys_ask("Password: ", true, password) != 0)
        result = ask_failed("password", fail);
    wipe_string(given);
    if (result == 0 && password->len && memchr(password->data, '\0', password->len))
        result = fail_set(fail, FAIL_DATA, "cannot log in: the password contains a NUL character");
    if (result == 0 && password->len == 0)
        result = fail_set(fail, FAIL_DENIED, "cannot log in: the password is empty");
    return result;
}

/* Releases the line. */
static void print_escaped_take(const struct invocation *in, struct buf *line, struct fail *fail)
{
    struct buf escaped = {0};
    escape_put_line(&escaped, buf_view(line));
    if (!in->terminal->quiet)
        terminal_line(in->terminal, buf_view(&escaped), fail);
    buf_release(&escaped);
    buf_release(line);
}

/* Warns if a source of higher precedence has a token: then the stored one is not used. */
static void warn_of_other_token(const struct invocation *in, struct fail *fail)
{
    struct buf text = {0};
    if (settings_peek_variable("SIGMASIGHT_TOKEN").len)
        buf_puts(&text, "SIGMASIGHT_TOKEN is set and takes precedence over the login; unset it");
    else if (setting_is(in->settings, OPT_TOKEN_FILE) ||
             setting_is(in->settings, OPT_TOKEN_COMMAND))
        buf_printf(&text, "%s is set and takes precedence over the login",
                   setting_is(in->settings, OPT_TOKEN_FILE) ? "token-file" : "token_command");
    if (text.len && !in->terminal->quiet)
        terminal_warning(in->terminal, buf_view(&text), fail);
    buf_release(&text);
}

/* Some servers issue tokens that they do not accept: fail at login rather than at the first
   question. */
static int try_token(struct client *c, const struct api_session *session, struct fail *fail)
{
    struct http_response response;
    http_response_init(&response);
    c->api.token = session->token;
    int result = api_me(&c->api, &response, fail);
    if (result != 0 && fail->http_status == 401)
        fail_hint(fail, AUTH_WEB_LOGIN);
    http_response_release(&response);
    return result;
}

static bool asks_password(const struct settings *s)
{
    char *given = settings_variable("SIGMASIGHT_PASSWORD");
    bool asks = !given && !setting_is(s, OPT_PASSWORD_STDIN);
    wipe_string(given);
    return asks;
}

static int log_in(const struct invocation *in, struct client *c, struct fail *fail)
{
    struct buf email = {0}, password = {0}, line = {0};
    struct api_session session = {NULL, -1};
    bool no_lock = false;
    /* Do not ask for a password if the server does not answer. */
    if (asks_password(in->settings) && sys_has_terminal() && !client_answers(c, fail))
        return -1;
    int result = get_email(in->settings, &email, fail);
    if (result == 0)
        result = get_password(in->settings, &password, fail);
    if (result == 0)
        result = api_login(&c->api, buf_text(&email), buf_text(&password), &session, fail);
    buf_wipe(&password);
    if (result == 0)
        result = try_token(c, &session, fail);
    if (result == 0)
        result = auth_store(&c->config, buf_text(&email), &session, &no_lock, fail);
    if (result == 0) {
        buf_printf(&line, "Logged in to %s as %s.", c->base, buf_text(&email));
        print_escaped_take(in, &line, fail);
        warn_of_other_token(in, fail);
        if (no_lock && !in->terminal->quiet)
            terminal_warning(in->terminal,
                             span_of("the file system of the state directory has no locks: logins "
                                     "at the same time may overwrite each other"),
                             fail);
    }
    c->api.token = NULL;
    api_session_release(&session);
    buf_release(&email);
    return result;
}

static int run_login(const struct invocation *in, struct fail *fail)
{
    struct client c;
    sys_signals_catch();
    int result = client_open(&c, in, sys_now_us(), fail);
    if (result == 0)
        result = log_in(in, &c, fail);
    client_close(&c);
    return result;
}

/* The stored token is deleted even if the server does not answer; then it remains valid until it
   expires. */
static int log_out(const struct invocation *in, struct client *c, struct fail *fail)
{
    struct fail told = FAIL_INIT;
    struct buf line = {0};
    int known = auth_stored(&c->auth, &c->config, &c->api, fail);
    if (known < 0)
        return -1;
    if (known > 0) {
        buf_printf(&line, "No login is stored for %s.", c->base);
        print_escaped_take(in, &line, fail);
        return 0;
    }
    if (credentials_forget(c->config.key, fail) != 0)
        return -1;
    if (api_logout(&c->api, &told) != 0 && told.cause == FAIL_SIGNAL)
        fail_move(fail, &told);
    else if (fail_is_set(&told) && told.http_status != 401 && !in->terminal->quiet)
        terminal_warning(in->terminal, span_of(told.message), fail);
    buf_printf(&line, "Logged out of %s.", c->base);
    print_escaped_take(in, &line, fail);
    warn_of_other_token(in, fail);
    fail_release(&told);
    return fail_is_set(fail) ? -1 : 0;
}

static int run_logout(const struct invocation *in, struct fail *fail)
{
    struct client c;
    sys_signals_catch();
    int result = client_open(&c, in, sys_now_us(), fail);
    if (result == 0)
        result = log_out(in, &c, fail);
    client_close(&c);
    return result;
}

const struct command command_login = {
    .name = "login",
    .summary = "log in and store the token",
    .usage = "[OPTION]...",
    .about = "Asks for email and password on the terminal, unless --email and\n"
             "--password-stdin are given, and stores the token for this URL and profile.\n",
    .examples = "  sigmasight-chat login\n"
                "  sigmasight-chat login --email me@example.com --password-stdin < password.txt\n",
    .groups = GROUP_API | GROUP_LOGIN,
    .run = run_login,
};

const struct command command_logout = {
    .name = "logout",
    .summary = "delete the stored token",
    .usage = "[OPTION]...",
    .about = "Deletes the stored token for this URL and profile and tells the server.\n",
    .examples = "  sigmasight-chat logout\n",
    .groups = GROUP_API,
    .run = run_logout,
};
