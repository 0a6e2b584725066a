/* SPDX-License-Identifier: MIT */
/* doctor: is everything in order, from the settings to the server's answer. */
#include "commands/client.h"
#include "commands/command.h"

#include "base/config.h"
#include "base/json.h"
#include "base/system.h"
#include "output/harmless.h"

#include <stdlib.h>
#include <unistd.h>

enum level { OK, WARNING, FAILURE };

static const char *const level_names[] = {"ok", "warning", "failure"};

struct doctor {
    const struct invocation *in;
    struct client client;
    struct output out;
    struct fail *fail; /* the first failure: the exit status */
};

/* A line: what was looked at, how it is, and what to do. `hint` may be NULL. */
static void report(struct doctor *d, const char *check, enum level level, const char *message,
                   const char *hint)
{
    struct buf *out = &d->out.pending;
    if (setting_is(d->in->settings, OPT_JSON)) {
        buf_puts(out, "{\"check\":");
        json_put_string(out, span_of(check));
        json_put_text(out, "status", span_of(level_names[level]));
        json_put_text(out, "message", span_of(message));
        if (hint)
            json_put_text(out, "hint", span_of(hint));
        buf_puts(out, "}\n");
    } else {
        buf_printf(out, "%-8s %-11s ", level_names[level], check);
        harmless_put_line(out, span_first_line(span_of(message)));
        if (hint) {
            buf_puts(out, "; ");
            harmless_put_line(out, span_of(hint));
        }
        buf_byte(out, '\n');
    }
}

/* A check that failed; the first one gives the command its exit status. */
static int report_failure(struct doctor *d, const char *check, struct fail *why)
{
    report(d, check, FAILURE, why->message, why->hint);
    if (!fail_is_set(d->fail)) {
        fail_prefix(why, check);
        fail_move(d->fail, why);
    }
    fail_release(why);
    return -1;
}

static void check_settings(struct doctor *d)
{
    struct buf path = {0}, message = {0};
    bool there = config_path(&path) && access(buf_text(&path), R_OK) == 0;
    buf_printf(&message, "%s%s", path.len ? buf_text(&path) : "no home directory",
               there ? "" : " (not there: environment and defaults)");
    if (setting_is(d->in->settings, OPT_PROFILE))
        buf_printf(&message, ", profile %s", setting_text(d->in->settings, OPT_PROFILE));
    report(d, "settings", OK, buf_text(&message), NULL);
    buf_release(&path);
    buf_release(&message);
}

/* The address, the certificates, and whether a proxy stands between. */
static int check_address(struct doctor *d)
{
    struct fail why = FAIL_INIT;
    struct buf message = {0};
    const struct settings *s = d->in->settings;
    if (client_open(&d->client, d->in, sys_now_us(), &why) != 0)
        return report_failure(d, "url", &why);
    buf_puts(&message, d->client.base);
    if (!d->client.https && !d->client.loopback)
        report(d, "url", WARNING, buf_text(&message), "plain HTTP shows the token to the network");
    else
        report(d, "url", OK, buf_text(&message), NULL);
    if (setting_is(s, OPT_INSECURE))
        report(d, "tls", WARNING, "--insecure: any server is believed",
               "name its authority with --cacert instead");
    buf_release(&message);
    return 0;
}

/* The first variable of a NULL-terminated list that is set. */
static const char *first_set(const char *const *names)
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (value && *value)
            return *names;
    }
    return NULL;
}

static void check_proxy(struct doctor *d)
{
    static const char *const plain[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const tls[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
    const char *used = first_set(d->client.https ? tls : plain);
    if (d->client.loopback)
        used = "none: this machine is never reached through one";
    report(d, "proxy", OK, used ? used : "none", NULL);
}

static void put_expiry(struct buf *out, const struct auth *auth)
{
    int64_t left = auth->expires_at - sys_wall_ms() / 1000;
    if (auth->expires_at && left > 0)
        buf_printf(out, ", good for %lld min", (long long)(left / 60));
}

static int check_token(struct doctor *d)
{
    struct fail why = FAIL_INIT;
    struct buf message = {0};
    if (client_authorize(&d->client, &why) != 0)
        return report_failure(d, "token", &why);
    const struct auth *auth = &d->client.auth;
    auth_describe(auth, &message);
    put_expiry(&message, auth);
    bool expired = auth->expires_at && auth->expires_at <= sys_wall_ms() / 1000;
    if (expired)
        report(d, "token", WARNING, "it has expired", "run 'sigmasight-chat login'");
    else
        report(d, "token", OK, buf_text(&message), NULL);
    if (d->client.warning)
        report(d, "state", WARNING, d->client.warning, NULL);
    buf_release(&message);
    return 0;
}

static void report_connection(struct doctor *d, int64_t begun)
{
    struct http_times times = http_times(d->client.api.http);
    struct buf message = {0};
    buf_printf(&message, "%s in %lld ms", d->client.origin,
               (long long)((times.connected - begun) / 1000));
    if (times.secured)
        buf_printf(&message, ", TLS after %lld ms", (long long)((times.secured - begun) / 1000));
    report(d, "connection", OK, buf_text(&message), NULL);
    buf_release(&message);
}

/* One request proves name, connection, TLS, proxy and token together; libcurl tells them apart. */
static int check_account(struct doctor *d)
{
    struct fail why = FAIL_INIT;
    struct http_response response;
    int64_t begun = sys_now_us();
    http_response_init(&response);
    int result = api_me(&d->client.api, &response, &why);
    if (http_times(d->client.api.http).connected)
        report_connection(d, begun);
    if (result != 0 && auth_recover(&d->client.auth, &d->client.api, &why))
        result = api_me(&d->client.api, &response, &why);
    http_response_release(&response);
    if (result != 0)
        return report_failure(d, why.http_status ? "account" : "connection", &why);
    report(d, "account", OK, "the server accepts the token", NULL);
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
    if (api_list(&d->client.api, 1, 0, &response, &why) != 0)
        report_failure(d, "server", &why);
    else if (api_each_conversation(buf_view(&response.body), note_generation, &generation, &more) <
             0)
        report(d, "server", WARNING, "its list of conversations is none", "check --url");
    else
        report(d, "server", OK,
               generation == 1   ? "first generation"
               : generation == 2 ? "second generation"
                                 : "generation unknown: there is no conversation yet",
               NULL);
    http_response_release(&response);
}

static int run(const struct invocation *in, struct fail *fail)
{
    struct doctor d = {.in = in, .fail = fail};
    sys_signals_catch();
    output_init_standard(&d.out);
    check_settings(&d);
    if (check_address(&d) == 0) {
        check_proxy(&d);
        if (check_token(&d) == 0 && check_account(&d) == 0)
            check_generation(&d);
    }
    output_finish(&d.out, fail);
    client_close(&d.client);
    return fail_is_set(fail) ? -1 : 0;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "check settings, connection, token and server",
    .usage = "[OPTION]...",
    .about = "Looks at the settings, the address, the proxy, the token, the connection and the\n"
             "server: a line each with ok, warning or failure, and what to do. The exit status is\n"
             "that of the first failure.\n",
    .examples = "  sigmasight-chat doctor\n"
                "  sigmasight-chat doctor -j | jq -r 'select(.status != \"ok\").message'\n",
    .groups = GROUP_API | GROUP_JSON,
    .run = run,
};
