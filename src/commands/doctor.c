/* SPDX-License-Identifier: MIT */
/* doctor: checks everything an answer depends on, from the settings to the server. */
#include "commands/client.h"
#include "commands/command.h"

#include "api/http_url.h"
#include "core/width.h"
#include "core/xmalloc.h"
#include "settings/config.h"
#include "state/credentials.h"
#include "state/last.h"
#include "state/log.h"
#include "state/log_files.h"
#include "state/store.h"
#include "system/system.h"
#include "terminal/escape.h"
#include "json/write.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum check_level { OK, WARNING, FAILURE };

static const char *const level_names[] = {"ok", "warning", "failure"};

struct doctor {
    const struct invocation *in;
    struct client client;
    struct writer out;
    struct fail *fail; /* the first failure: the exit status */
    int64_t begun;     /* when the first request was made */
    bool established;  /* its connection was reported */
};

static void put_json_report(struct doctor *d, const char *check, enum check_level level,
                            const char *message, const char *hint)
{
    struct buf line = {0};
    buf_byte(&line, '{');
    json_put_text(&line, "check", span_of(check));
    json_put_text(&line, "status", span_of(level_names[level]));
    json_put_text(&line, "message", span_of(message));
    if (hint)
        json_put_text(&line, "hint", span_of(hint));
    buf_puts(&line, "}\n");
    writer_put_json(&d->out, buf_view(&line));
    buf_release(&line);
}

enum {
    INDENT = 21,      /* of messages: "warning  connection  " */
    NARROW = 60,      /* with fewer columns, a message begins below the name of its check */
    NARROW_INDENT = 4 /* there */
};

/* Appends words that begin at the column `indent`, and breaks lines of `columns` between them. A
   word that is too long for that begins a line of its own further left, if it fits there. 0 columns
   are no limit. */
static void put_wrapped(struct buf *out, struct span text, unsigned indent, unsigned columns)
{
    unsigned column = indent;
    for (bool first = true; text.len; first = false) {
        const char *blank = memchr(text.at, ' ', text.len);
        struct span word = span_make(text.at, blank ? (size_t)(blank - text.at) : text.len);
        unsigned width = width_of(word), begin = indent;
        if (indent + width > columns && NARROW_INDENT + width <= columns)
            begin = NARROW_INDENT;
        bool fits = columns == 0 || column + !first + width <= columns;
        if (!fits && (!first || begin != indent)) {
            while (out->len && out->data[out->len - 1] == ' ')
                out->len--;
            buf_printf(out, "\n%*s", (int)begin, "");
            column = begin;
        } else if (!first) {
            buf_byte(out, ' ');
            column++;
        }
        buf_span(out, word);
        column += width;
        size_t taken = word.len + (blank != NULL);
        text = span_make(text.at + taken, text.len - taken);
    }
}

static void put_report(struct doctor *d, const char *check, enum check_level level,
                       const char *message, const char *hint)
{
    static const char *const colors[] = {"32", "35", "31"};
    unsigned columns = d->out.terminal ? terminal_columns() : 0;
    bool narrow = columns && columns < NARROW;
    struct buf *out = &d->out.pending, text = {0};
    if (d->in->terminal->colored)
        buf_printf(out, "\033[%sm%-8s\033[0m", colors[level], level_names[level]);
    else
        buf_printf(out, "%-8s", level_names[level]);
    if (narrow)
        buf_printf(out, " %s\n%*s", check, NARROW_INDENT, "");
    else
        buf_printf(out, " %-11s ", check);
    terminal_put_message(d->in->terminal, &text, span_first_line(span_trim(span_of(message))));
    if (hint) {
        buf_puts(&text, "; ");
        escape_put_line(&text, span_of(hint));
    }
    put_wrapped(out, buf_view(&text), narrow ? NARROW_INDENT : INDENT, columns);
    buf_byte(out, '\n');
    buf_release(&text);
}

/* Prints the result of a check without delay. `hint` may be NULL. */
static void report_check(struct doctor *d, const char *check, enum check_level level,
                         const char *message, const char *hint)
{
    if (setting_is(d->in->settings, OPT_JSON))
        put_json_report(d, check, level, message, hint);
    else
        put_report(d, check, level, message, hint);
    writer_flush(&d->out, d->fail);
}

/* Reports a failed check. The first one determines the exit status; its message is not repeated on
   a terminal that shows the report. */
static int report_failure(struct doctor *d, const char *check, struct fail *why)
{
    bool signalled = why->cause == FAIL_SIGNAL;
    if (!signalled)
        report_check(d, check, FAILURE, why->message, why->hint);
    if (!fail_is_set(d->fail)) {
        if (!signalled)
            fail_prefix(why, check);
        why->shown = !signalled && d->in->terminal->same && !setting_is(d->in->settings, OPT_JSON);
        fail_move(d->fail, why);
    }
    fail_release(why);
    return -1;
}

/* The settings that are not defaults, with their origins. `config` shows all. */
static void put_sources(struct buf *out, const struct settings *s)
{
    static const char *const origins[] = {[ORIGIN_FILE] = "file",
                                          [ORIGIN_PROFILE] = "profile",
                                          [ORIGIN_COMMAND_LINE] = "command line"};
    for (enum option_id id = 0; id < OPT_COUNT; id++) {
        enum origin from = s->of[id].origin;
        const struct option_row *row = option_row(id);
        if (from <= ORIGIN_DEFAULT || !(row->in_file || id == OPT_PROFILE))
            continue;
        buf_printf(out, ", %s (%s)", row->name,
                   from == ORIGIN_ENVIRONMENT ? row->environment : origins[from]);
    }
}

static void report_warnings(struct doctor *d)
{
    struct buf message = {0};
    for (struct span rest = d->in->warnings, line; rest.len;
         rest = span_make(line.at + line.len + 1, rest.len - line.len - 1)) {
        line = span_first_line(rest);
        buf_clear(&message);
        buf_span(&message, line);
        report_check(d, "settings", WARNING, buf_text(&message), NULL);
    }
    buf_release(&message);
}

static int check_settings(struct doctor *d)
{
    struct buf path = {0}, message = {0};
    if (d->in->config_failure)
        return report_failure(d, "settings", d->in->config_failure);
    bool place = config_path(&path), there = place && access(buf_text(&path), R_OK) == 0;
    buf_printf(&message, "%s%s",
               place ? buf_text(&path)
                     : "no configuration file: neither XDG_CONFIG_HOME nor HOME is set",
               place && !there ? " (does not exist)" : "");
    put_sources(&message, d->in->settings);
    report_check(d, "settings", OK, buf_text(&message), NULL);
    report_warnings(d);
    buf_release(&path);
    buf_release(&message);
    return 0;
}

/* The files that login and send keep. */

static int check_store(struct doctor *d, const char *name, bool needed)
{
    struct fail why = FAIL_INIT;
    int result = store_check(name, &why);
    if (result >= 0)
        return 0;
    if (needed)
        return report_failure(d, "files", &why);
    report_check(d, "files", WARNING, why.message, why.hint);
    fail_release(&why);
    return 1;
}

static void put_mode(struct buf *out, const char *directory, const char *name)
{
    struct buf path = {0};
    struct stat st;
    buf_printf(&path, "%s/%s", directory, name);
    if (stat(buf_text(&path), &st) == 0)
        buf_printf(out, ", %s %04o", name, (unsigned)(st.st_mode & 07777));
    buf_release(&path);
}

/* A log that cannot be written is no problem if nothing is logged. */
static void put_log(struct doctor *d, struct buf *out, const char *directory)
{
    const struct settings *s = d->in->settings;
    struct fail why = FAIL_INIT;
    int64_t size;
    bool is_off = setting_is_set(s, OPT_LOG) && !setting_is(s, OPT_LOG);
    int result = log_check(&size, &why);
    put_mode(out, directory, LOG_FILE);
    if (size)
        buf_printf(out, " (%lld KiB)", (long long)((size + 1023) / 1024));
    if (result != 0 && !is_off)
        report_check(d, "files", WARNING, why.message,
                     why.hint ? why.hint : "answers are not logged");
    fail_release(&why);
}

/* `usable`: otherwise there is a warning already. */
static void report_directory(struct doctor *d, const char *path, unsigned mode, bool usable)
{
    struct buf message = {0};
    bool open = mode & 077;
    char *hint = open ? fail_command_hint("chmod 700", path) : NULL;
    buf_printf(&message, "%s %04o", path, mode);
    put_mode(&message, path, CREDENTIALS_STORE);
    put_mode(&message, path, LAST_STORE);
    put_log(d, &message, path);
    if (open)
        buf_puts(&message, ": others can read the directory");
    if (open || usable)
        report_check(d, "files", open ? WARNING : OK, buf_text(&message), hint);
    free(hint);
    buf_release(&message);
}

static void warn_unusable(struct doctor *d, const char *path, const char *hint)
{
    struct fail why = FAIL_INIT;
    sys_fail(&why, FAIL_CREATE, "cannot write to %s", path);
    report_check(d, "files", WARNING, why.message,
                 hint ? hint : "neither a login nor the log can be stored there");
    fail_release(&why);
}

/* Warns and returns false if files cannot be created in the state directory. */
static bool check_directory(struct doctor *d, const char *path, const struct stat *st)
{
    if (access(path, R_OK | W_OK | X_OK) == 0)
        return true;
    bool is_mode = errno == EACCES && S_ISDIR(st->st_mode) && st->st_uid == geteuid();
    char *hint = is_mode ? fail_command_hint("chmod 700", path) : NULL;
    warn_unusable(d, path, hint);
    free(hint);
    return false;
}

/* The state directory does not exist: reports whether it can be created in the nearest directory
   that does. */
static void report_missing_directory(struct doctor *d, const char *path)
{
    struct buf message = {0};
    struct stat st;
    char *parent = xstrdup(path), *slash;
    while (lstat(parent, &st) != 0 && parent[1] && (slash = strrchr(parent, '/')))
        slash[slash == parent] = '\0';
    bool is_directory = stat(parent, &st) == 0 && S_ISDIR(st.st_mode);
    if (!is_directory)
        errno = ENOTDIR;
    if (is_directory && access(parent, W_OK | X_OK) == 0) {
        buf_printf(&message, "%s (does not exist: no login, nothing to continue)", path);
        report_check(d, "files", OK, buf_text(&message), NULL);
    } else {
        warn_unusable(d, parent, NULL);
    }
    free(parent);
    buf_release(&message);
}

/* -1 if the stored token cannot be read and there is no other one. */
static int check_files(struct doctor *d)
{
    bool needed = !settings_peek_variable("SIGMASIGHT_TOKEN").len &&
                  !setting_is(d->in->settings, OPT_TOKEN_FILE) &&
                  !setting_is(d->in->settings, OPT_TOKEN_COMMAND);
    struct buf path = {0};
    struct stat st;
    int credentials = 0, last = 0;
    if (!config_state_directory(&path)) {
        report_check(d, "files", WARNING,
                     "no state directory: neither XDG_STATE_HOME nor HOME is set",
                     "login and --continue need one");
    } else if (stat(buf_text(&path), &st) != 0) {
        report_missing_directory(d, buf_text(&path));
    } else {
        bool usable = check_directory(d, buf_text(&path), &st);
        credentials = check_store(d, CREDENTIALS_STORE, needed);
        last = check_store(d, LAST_STORE, false);
        if (credentials == 0 && last == 0)
            report_directory(d, buf_text(&path), (unsigned)(st.st_mode & 07777), usable);
    }
    buf_release(&path);
    return credentials < 0 ? -1 : 0;
}

static int check_address(struct doctor *d)
{
    struct fail why = FAIL_INIT;
    if (client_open(&d->client, d->in, sys_now_us(), &why) != 0)
        return report_failure(d, "url", &why);
    if (!d->client.https && !d->client.loopback)
        report_check(d, "url", WARNING, d->client.base,
                     "plain HTTP shows the token to the network");
    else
        report_check(d, "url", OK, d->client.base,
                     setting_is_set(d->in->settings, OPT_URL)
                         ? NULL
                         : "this is the default; SIGMASIGHT_URL or the key url sets another");
    return 0;
}

/* The value is not shown: it may contain a password. */
static void check_proxy(struct doctor *d)
{
    struct buf message = {0};
    const char *used = http_proxy_variable(d->client.https);
    const char *exceptions = sys_getenv("no_proxy")   ? "no_proxy"
                             : sys_getenv("NO_PROXY") ? "NO_PROXY"
                                                      : NULL;
    if (d->client.loopback) {
        buf_puts(&message, "none: the loopback interface is never reached through a proxy");
    } else if (used) {
        buf_printf(&message, "set in %s", used);
        if (exceptions)
            buf_printf(&message, ", except for hosts listed in %s", exceptions);
    } else {
        buf_puts(&message, "none");
    }
    report_check(d, "proxy", OK, buf_text(&message), NULL);
    buf_release(&message);
}

/* DNS, connection and TLS are tested by one request without a token. */

/* Whether the host of a URL is an IP address. Of all hosts, IPv6 addresses alone have colons. */
static bool is_address(const char *host)
{
    struct in_addr four;
    return strchr(host, ':') || inet_pton(AF_INET, host, &four) == 1;
}

static void report_name(struct doctor *d)
{
    struct buf message = {0};
    struct span address = span_of(http_address(d->client.api.http));
    buf_span(&message, client_host(&d->client));
    if (is_address(buf_text(&message)))
        buf_puts(&message, " is an address");
    else if (address.len)
        buf_printf(&message, " is reached at %s", address.at);
    else
        buf_puts(&message, " was found");
    report_check(d, "name", OK, buf_text(&message), NULL);
    buf_release(&message);
}

static void report_connection(struct doctor *d, int64_t took_us)
{
    struct buf message = {0};
    buf_puts(&message, d->client.origin);
    if (took_us >= 0)
        buf_printf(&message, " after %lld ms", (long long)(took_us / 1000));
    report_check(d, "connection", OK, buf_text(&message), NULL);
    buf_release(&message);
}

static void put_authorities(struct buf *out, const struct client *c)
{
    buf_puts(out, c->cacert ? c->cacert : "the system's authorities");
    if (c->capath)
        buf_printf(out, " or %s", c->capath);
}

static void report_tls(struct doctor *d, int64_t took_us)
{
    struct buf message = {0};
    if (!d->client.https) {
        report_check(d, "tls", d->client.loopback ? OK : WARNING,
                     d->client.loopback ? "none, not needed on the loopback interface" : "none",
                     d->client.loopback ? NULL : "use an https:// address");
    } else if (setting_is(d->in->settings, OPT_INSECURE)) {
        report_check(d, "tls", WARNING, "the certificate was not verified (--insecure)",
                     "use --cacert instead");
    } else {
        buf_puts(&message, "the certificate was verified by ");
        put_authorities(&message, &d->client);
        buf_printf(&message, ", after %lld ms", (long long)(took_us / 1000));
        report_check(d, "tls", OK, buf_text(&message), NULL);
    }
    buf_release(&message);
}

/* Called while the request waits: reports the connection once it is established, which may be long
   before the server answers. */
static int64_t report_established(void *arg, int64_t now)
{
    struct doctor *d = arg;
    struct http_times times = http_times(d->client.api.http);
    (void)now;
    if (d->established || !times.connected)
        return INT64_MAX;
    d->established = true;
    report_name(d);
    report_connection(d, times.connected - d->begun);
    report_tls(d, times.secured - times.connected);
    return INT64_MAX;
}

/* -1 if there is no connection. */
static int check_connection(struct doctor *d, struct fail *why)
{
    struct http_times times = http_times(d->client.api.http);
    report_established(d, 0);
    if (d->established)
        return 0;
    if (times.proxy_failed)
        return report_failure(d, "connection", why);
    if (!times.resolved)
        return report_failure(d, "name", why);
    report_name(d);
    if (!times.tls_failed)
        return report_failure(d, "connection", why);
    report_connection(d, -1);
    return report_failure(d, "tls", why);
}

/* 0 if the server answered; 401 and 403 are expected without a token. */
static int check_network(struct doctor *d)
{
    struct fail why = FAIL_INIT;
    struct http_response response;
    d->begun = sys_now_us();
    http_response_init(&response);
    http_on_tick(d->client.api.http, report_established, d);
    int result = api_me(&d->client.api, &response, &why);
    http_on_tick(d->client.api.http, NULL, NULL);
    http_response_release(&response);
    if (why.cause == FAIL_SIGNAL) {
        fail_move(d->fail, &why);
        return -1;
    }
    if (check_connection(d, &why) != 0)
        return -1;
    if (result != 0 && why.http_status != 401 && why.http_status != 403) {
        if (why.http_status == 404)
            api_hint_url(&d->client.api, &why);
        return report_failure(d, "server", &why);
    }
    fail_release(&why);
    return 0;
}

/* The token. */

static const char *make_token_hint(const struct doctor *d, struct buf *text)
{
    switch (d->client.auth.source) {
    case AUTH_STORED:
        buf_printf(text, "run '%s'", d->client.login);
        break;
    case AUTH_COMMAND:
        buf_puts(text, "check what token_command prints");
        break;
    case AUTH_LOGIN:
        buf_puts(text, AUTH_WEB_LOGIN);
        break;
    default:
        buf_puts(text, "get a new one");
        break;
    }
    return buf_text(text);
}

static void report_expiry(struct doctor *d)
{
    const struct auth *auth = &d->client.auth;
    struct buf message = {0}, hint = {0};
    int64_t left = auth->expires_at - sys_wall_ms() / 1000;
    if (!auth->expires_at)
        buf_puts(&message, "unknown: neither the server nor the token states it");
    else if (left <= 0 && left > -60)
        buf_puts(&message, "expired less than a minute ago");
    else if (left <= 0)
        buf_printf(&message, "expired %lld min ago", (long long)(-left / 60));
    else if (left < 7200)
        buf_printf(&message, "in %lld min %lld s", (long long)(left / 60), (long long)(left % 60));
    else
        buf_printf(&message, "in %lld h", (long long)(left / 3600));
    bool expired = auth->expires_at && left <= 0;
    report_check(d, "expiry", expired ? WARNING : OK, buf_text(&message),
                 expired ? make_token_hint(d, &hint) : NULL);
    buf_release(&message);
    buf_release(&hint);
}

static int check_token(struct doctor *d)
{
    struct fail why = FAIL_INIT;
    struct buf message = {0};
    if (client_authorize(&d->client, &why) != 0)
        return report_failure(d, "token", &why);
    auth_describe(&d->client.auth, &message);
    report_check(d, "token", OK, buf_text(&message), NULL);
    if (d->client.warning)
        report_check(d, "files", WARNING, d->client.warning, NULL);
    report_expiry(d);
    buf_release(&message);
    return 0;
}

static int check_account(struct doctor *d)
{
    struct fail why = FAIL_INIT;
    struct http_response response;
    http_response_init(&response);
    int result = client_me(&d->client, &response, &why);
    http_response_release(&response);
    char *warning = auth_warning(&d->client.auth);
    if (warning)
        report_check(d, "files", WARNING, warning, NULL);
    free(warning);
    if (result != 0)
        return report_failure(d, "account", &why);
    report_check(d, "account", OK, "the server accepts the token", NULL);
    return 0;
}

static void note_generation(void *arg, const struct api_conversation *c)
{
    int *generation = arg;
    *generation = c->by_guide ? 1 : 2;
}

static void check_generation(struct doctor *d)
{
    struct fail why = FAIL_INIT;
    struct http_response response;
    int generation = 0;
    bool more;
    http_response_init(&response);
    int result = api_list(&d->client.api, 1, 0, &response, &why);
    if (result == 0 &&
        api_each_conversation(buf_view(&response.body), note_generation, &generation, &more) < 0)
        result = api_unexpected(&response, "cannot list the conversations",
                                "the response is not a list of conversations", &why);
    if (result != 0)
        report_failure(d, "server", &why);
    else
        report_check(d, "server", OK,
                     generation == 1   ? "first generation"
                     : generation == 2 ? "second generation"
                                       : "generation unknown: there is no conversation yet",
                     NULL);
    http_response_release(&response);
}

static int run_doctor(const struct invocation *in, struct fail *fail)
{
    struct doctor d = {.in = in, .fail = fail};
    sys_signals_catch();
    writer_init_standard(&d.out);
    bool is_configured = check_settings(&d) == 0, has_files = check_files(&d) == 0;
    if (is_configured && check_address(&d) == 0) {
        check_proxy(&d);
        if (check_network(&d) == 0 && has_files && check_token(&d) == 0 && check_account(&d) == 0)
            check_generation(&d);
    }
    writer_finish(&d.out, fail);
    client_close(&d.client);
    return fail_is_set(fail) ? -1 : 0;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "check settings, connection, token and server",
    .usage = "[OPTION]...",
    .about = "Checks settings, files, URL, proxy, DNS, connection, TLS, token and server, and\n"
             "prints a line for each: ok, warning or failure, and what to do. The exit status\n"
             "is that of the first failure.\n",
    .examples = "  sigmasight-chat doctor\n"
                "  sigmasight-chat doctor -j | jq -r 'select(.status != \"ok\").message'\n",
    .groups = GROUP_API | GROUP_JSON,
    .runs_unconfigured = true,
    .run = run_doctor,
};
