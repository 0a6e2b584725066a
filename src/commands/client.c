/* SPDX-License-Identifier: MIT */
#include "commands/client.h"

#include "api/http_url.h"
#include "core/xmalloc.h"
#include "system/system.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void trace(void *arg, char kind, struct span line)
{
    struct fail ignored = FAIL_INIT;
    struct buf text = {0};
    buf_printf(&text, "%c ", kind);
    terminal_put_message(arg, &text, line);
    terminal_line(arg, buf_view(&text), &ignored);
    buf_release(&text);
    fail_release(&ignored);
}

static char *copy_without_slash(const char *url)
{
    size_t len = strlen(url);
    while (len && url[len - 1] == '/')
        len--;
    return xmemdup(url, len);
}

char *client_base(const struct settings *s)
{
    return copy_without_slash(setting_text(s, OPT_URL));
}

struct span client_host(const struct client *c)
{
    const char *host = strstr(c->origin, "://") + 3, *port = strrchr(host, ':');
    return *host == '[' ? span_make(host + 1, (size_t)(port - host) - 2)
                        : span_make(host, (size_t)(port - host));
}

/* The options of this command line that another command needs to use the same server, each preceded
   by a blank. */
static char *make_server_options(const struct settings *s)
{
    static const enum option_id passed_on[] = {OPT_PROFILE, OPT_URL,      OPT_CACERT,    OPT_CERT,
                                               OPT_KEY,     OPT_INSECURE, OPT_ALLOW_HTTP};
    struct buf out = {0};
    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
        const struct option_row *row = option_row(passed_on[i]);
        if (!setting_is_given(s, row->id))
            continue;
        if (row->letter)
            buf_printf(&out, " -%c", row->letter);
        else
            buf_printf(&out, " --%s", row->name);
        if (row->argument) {
            buf_byte(&out, ' ');
            fail_put_word(&out, setting_text(s, row->id));
        }
    }
    buf_text(&out);
    return buf_take(&out);
}

/* Where the URL is set: --url, with its origin unless that is the command line. */
static char *describe_url_setting(const struct settings *s)
{
    enum origin origin = s->of[OPT_URL].origin;
    struct buf out = {0};
    buf_puts(&out, "--url");
    if (origin == ORIGIN_ENVIRONMENT)
        buf_printf(&out, " (set by %s)", option_row(OPT_URL)->environment);
    else if (origin == ORIGIN_PROFILE)
        buf_printf(&out, " (set by the profile %s)", setting_text(s, OPT_PROFILE));
    else if (origin == ORIGIN_FILE)
        buf_puts(&out, " (set by the configuration file)");
    else if (origin == ORIGIN_DEFAULT)
        buf_puts(&out, " (not set: this is the default)");
    return buf_take(&out);
}

/* The command that logs in to the same server. */
static char *make_login_command(const struct client *c)
{
    struct buf out = {0};
    buf_printf(&out, "sigmasight-chat login%s", c->server_options);
    return buf_take(&out);
}

static int check_readable(const char *path, const char *what, struct fail *fail)
{
    int fd = path ? sys_open(path, O_RDONLY, 0) : -1;
    if (path && fd < 0)
        return sys_fail(fail, FAIL_INPUT, "cannot read the %s in %s", what, path);
    if (path)
        close(fd);
    return 0;
}

/* Trusted authorities: --cacert, else the variables that curl(1) reads. */
static int choose_certificates(const struct settings *s, struct http_config *config,
                               struct fail *fail)
{
    config->cacert = setting_text(s, OPT_CACERT);
    if (!config->cacert)
        config->cacert = sys_getenv("CURL_CA_BUNDLE");
    if (!config->cacert) {
        config->cacert = sys_getenv("SSL_CERT_FILE");
        config->capath = sys_getenv("SSL_CERT_DIR");
    }
    config->cert = setting_text(s, OPT_CERT);
    config->key = setting_text(s, OPT_KEY);
    if (check_readable(config->cacert, "certificates", fail) != 0 ||
        check_readable(config->cert, "client certificate", fail) != 0 ||
        check_readable(config->key, "private key", fail) != 0)
        return -1;
    return 0;
}

/* Addresses that mean all interfaces of a machine. */
static bool is_wildcard(const char *origin)
{
    const char *host = strstr(origin, "://") + 3;
    return strncmp(host, "0.0.0.0:", 8) == 0 || strncmp(host, "[::]:", 5) == 0;
}

static int check_url(struct client *c, const struct settings *s, struct http_config *config,
                     struct fail *fail)
{
    struct http_url url;
    if (http_url_parse(c->base, &url, fail) != 0)
        return -1;
    bool exposed = !url.https && !url.loopback && !setting_is(s, OPT_ALLOW_HTTP);
    if (exposed)
        fail_set_hint(
            fail, FAIL_CONFIG,
            is_wildcard(url.origin)
                ? "use 127.0.0.1 for a server on this machine, or --allow-http to accept that"
                : "use https://, or --allow-http to accept that",
            "%s: plain HTTP would show the token to the network", url.origin);
    config->loopback = url.loopback;
    c->https = url.https;
    c->loopback = url.loopback;
    c->origin = url.origin;
    config->origin = c->origin;
    return exposed ? -1 : 0;
}

/* libcurl's TLS library writes the keys of each connection to the file that this variable names. */
static int warn_of_key_log(const struct client *c, const struct invocation *in, struct fail *fail)
{
    const char *path = sys_getenv("SSLKEYLOGFILE");
    if (!c->https || !path || !in->terminal->verbosity || in->terminal->quiet)
        return 0;
    struct buf line = {0};
    buf_printf(&line, "SSLKEYLOGFILE is set: whoever reads %s can decrypt the connection", path);
    int result = terminal_warning(in->terminal, buf_view(&line), fail);
    buf_release(&line);
    return result;
}

/* Sets everything in *c but the HTTP handle, and *config for that. */
static int configure(struct client *c, struct http_config *config, const struct invocation *in,
                     int64_t started, struct fail *fail)
{
    const struct settings *s = in->settings;
    int64_t max_time = command_accepts(in, OPT_MAX_TIME) ? setting_us(s, OPT_MAX_TIME) : 0;
    *config = (struct http_config){.headers = (const char *const *)s->of[OPT_HEADER].list,
                                   .header_count = (size_t)s->of[OPT_HEADER].count,
                                   .insecure = setting_is(s, OPT_INSECURE),
                                   .connect_timeout = setting_us(s, OPT_CONNECT_TIMEOUT),
                                   .idle_timeout = setting_us(s, OPT_IDLE_TIMEOUT),
                                   .deadline = max_time ? started + max_time : 0,
                                   .max_time = max_time};
    if (setting_count(s, OPT_VERBOSE) > 1 && !in->terminal->quiet) {
        config->trace = trace;
        config->trace_arg = in->terminal;
    }
    *c = (struct client){.base = client_base(s), .url_setting = describe_url_setting(s)};
    config->url_setting = c->url_setting;
    c->server_options = make_server_options(s);
    c->login = make_login_command(c);
    c->config = (struct auth_config){
        .login = c->login,
        .token_file = setting_text(s, OPT_TOKEN_FILE),
        .token_command = setting_text(s, OPT_TOKEN_COMMAND),
        .deadline = config->deadline,
        .max_time = max_time,
        .key = {setting_text(s, OPT_PROFILE), c->base},
    };
    if (check_url(c, s, config, fail) != 0)
        return -1;
    int result = choose_certificates(s, config, fail);
    c->cacert = config->cacert;
    c->capath = config->capath;
    return result;
}

int client_open(struct client *c, const struct invocation *in, int64_t started, struct fail *fail)
{
    struct http_config config;
    if (configure(c, &config, in, started, fail) != 0 || warn_of_key_log(c, in, fail) != 0)
        return -1;
    c->api = (struct api){
        .http = http_new(&config, fail), .base = c->base, .server_options = c->server_options};
    return c->api.http ? 0 : -1;
}

int client_check(const struct invocation *in, struct fail *fail)
{
    struct client c;
    struct http_config config;
    int result = configure(&c, &config, in, sys_now_us(), fail);
    if (result == 0)
        result = auth_check(&c.config, fail);
    client_close(&c);
    return result;
}

/* A retry after --max-time would fail, so that also limits the retries. */
struct retry_policy client_retry_policy(const struct settings *s)
{
    int64_t bound = setting_us(s, OPT_RETRY_MAX_TIME), all = setting_us(s, OPT_MAX_TIME);
    int64_t hint_max = bound;
    if (all && (!bound || all < bound))
        bound = all;
    return (struct retry_policy){.max = (int)setting_number(s, OPT_RETRY),
                                 .delay_ms = setting_us(s, OPT_RETRY_DELAY) / 1000,
                                 .max_time_ms = bound / 1000,
                                 .hint_max_ms = hint_max / 1000,
                                 .all = setting_is(s, OPT_RETRY_ALL)};
}

struct api_portfolios client_portfolios(const struct settings *s)
{
    const struct setting *portfolios = &s->of[OPT_PORTFOLIO];
    return (struct api_portfolios){.ids = (const char *const *)portfolios->list,
                                   .count = (size_t)portfolios->count};
}

struct api_context client_context(const struct settings *s)
{
    const struct setting *context = &s->of[OPT_CONTEXT];
    return (struct api_context){.pairs = (const char *const *)context->list,
                                .count = (size_t)context->count};
}

int client_authorize(struct client *c, struct fail *fail)
{
    return auth_obtain(&c->auth, &c->config, &c->api, &c->warning, fail);
}

int client_prepare(struct client *c, const struct invocation *in, struct fail *fail)
{
    if (client_open(c, in, sys_now_us(), fail) != 0 || client_authorize(c, fail) != 0)
        return -1;
    if (c->warning && !in->terminal->quiet)
        terminal_warning(in->terminal, span_of(c->warning), fail);
    return 0;
}

void client_warn(struct client *c, const struct invocation *in, struct fail *fail)
{
    char *warning = auth_warning(&c->auth);
    if (warning && !in->terminal->quiet)
        terminal_warning(in->terminal, span_of(warning), fail);
    free(warning);
}

int client_me(struct client *c, struct http_response *response, struct fail *fail)
{
    int result;
    do
        result = api_me(&c->api, response, fail);
    while (result != 0 && auth_recover(&c->auth, &c->api, fail));
    return result;
}

bool client_answers(struct client *c, struct fail *fail)
{
    struct http_response response;
    struct fail why = FAIL_INIT;
    http_response_init(&response);
    bool answers =
        api_me(&c->api, &response, &why) == 0 || why.http_status == 401 || why.http_status == 403;
    if (why.http_status == 404)
        api_hint_url(&c->api, &why);
    if (!answers)
        fail_move(fail, &why);
    fail_release(&why);
    http_response_release(&response);
    return answers;
}

void client_hint_id(const struct client *c, const char *id, struct fail *fail)
{
    static const char example[] = "3f2b8c1e-9d47-4a60-b5e2-7c81d0a94f36";
    if (strlen(id) != strlen(example) && fail->cause == FAIL_DATA)
        fail_hint(fail, "an ID looks like %s, and 'sigmasight-chat conversations%s' lists them",
                  example, c->server_options);
}

void client_close(struct client *c)
{
    http_free(c->api.http);
    auth_release(&c->auth);
    free(c->base);
    free(c->origin);
    free(c->url_setting);
    free(c->warning);
    free(c->server_options);
    free(c->login);
    *c = (struct client){.base = NULL};
}
