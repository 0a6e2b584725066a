/* SPDX-License-Identifier: MIT */
/* api: makes any call of the API. */
#include "commands/client.h"
#include "commands/command.h"

#include "chat/retry.h"
#include "chat/stall.h"
#include "output/sink.h"
#include "stream/event.h"
#include "system/system.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DATA_MAX = 64 << 20, /* bytes of a request body */
    EVENT_MAX = 64 << 20 /* bytes of an event that --stall-timeout recognizes */
};

/* A call in progress. */
struct api_job {
    const struct invocation *in;
    const char *method, *path;
    struct buf data;
    bool has_data;
    struct client client;
    struct sinks sinks;
    struct sink *body; /* one of them: standard output */
    struct retry_loop retry;
    struct http_response response;
    bool is_committed; /* a byte of the body was received */
    /* Of an event stream, for --stall-timeout. */
    bool is_stream;
    struct sse sse;
    struct chat_parser *parser;
    int64_t progress; /* events that are neither heartbeats nor other keepalives */
    struct stall stall;
};

/* The arguments. */

static int hex_digit(char c)
{
    const char digits[] = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* A percent-encoded slash or backslash counts as a separator: a server may decode it first. */
static bool has_dot_segment(struct span path)
{
    struct buf segment = {0};
    bool found = false;
    for (size_t i = 0; i <= path.len && !found; i++) {
        char c = i < path.len ? path.at[i] : '/';
        if (c == '%' && path.len - i > 2 && hex_digit(path.at[i + 1]) >= 0 &&
            hex_digit(path.at[i + 2]) >= 0) {
            c = (char)(16 * hex_digit(path.at[i + 1]) + hex_digit(path.at[i + 2]));
            i += 2;
        }
        if (c != '/' && c != '\\') {
            buf_byte(&segment, c);
            continue;
        }
        found = span_is(buf_view(&segment), ".") || span_is(buf_view(&segment), "..");
        buf_clear(&segment);
    }
    buf_release(&segment);
    return found;
}

static int check_path(const char *path, struct fail *fail)
{
    if (path[0] != '/')
        return fail_set(fail, FAIL_USAGE, "api: invalid path '%s': expected one that begins with /",
                        path);
    for (const char *p = path; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == '#' || *p == '\\')
            return fail_set_hint(fail, FAIL_USAGE, "percent-encode other characters",
                                 "api: invalid path: expected printable ASCII without blank, # "
                                 "and \\");
    if (has_dot_segment(span_make(path, strcspn(path, "?"))))
        return fail_set(fail, FAIL_USAGE, "api: invalid path '%s': . and .. are not accepted",
                        path);
    return 0;
}

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
enum { METHODS = sizeof methods / sizeof methods[0] };

static int check_method(const char *method, struct fail *fail)
{
    struct buf expected = {0};
    for (size_t i = 0; i < METHODS; i++)
        if (strcmp(method, methods[i]) == 0)
            return 0;
    for (size_t i = 0; i < METHODS; i++)
        buf_printf(&expected, "%s%s", i == 0 ? "" : i == METHODS - 1 ? " or " : ", ", methods[i]);
    fail_set(fail, FAIL_USAGE, "api: invalid method '%s': expected %s", method,
             buf_text(&expected));
    buf_release(&expected);
    return -1;
}

static int take_arguments(struct api_job *j, struct fail *fail)
{
    const struct operands *o = j->in->operands;
    if (o->count == 0)
        return fail_set(fail, FAIL_USAGE, "api: missing path");
    j->path = o->list[o->count - 1].text;
    j->method = o->count == 2 ? o->list[0].text : j->has_data ? "POST" : "GET";
    if (check_method(j->method, fail) != 0)
        return -1;
    if (j->has_data && strcmp(j->method, "HEAD") == 0)
        return fail_set(fail, FAIL_USAGE, "api: HEAD and --data cannot be combined");
    return check_path(j->path, fail);
}

static int read_data_file(struct buf *data, const char *path, struct fail *fail)
{
    bool is_input = strcmp(path, "-") == 0;
    int result = is_input ? sys_read_all(STDIN_FILENO, data) : sys_read_file(path, data);
    if (result != 0)
        sys_fail(fail, FAIL_INPUT, "cannot read %s", is_input ? "standard input" : path);
    return result;
}

/* Reads the value of --data: JSON, @FILE or -. It is kept in memory for retries. */
static int read_data(struct api_job *j, struct fail *fail)
{
    const char *text = setting_text(j->in->settings, OPT_DATA);
    if (!text)
        return 0;
    if (strcmp(text, "@") == 0)
        return fail_set(fail, FAIL_USAGE, "--data: expected the name of a file after @");
    buf_init(&j->data, DATA_MAX);
    buf_reserve(&j->data, 1);
    if (strcmp(text, "-") == 0 || text[0] == '@') {
        if (read_data_file(&j->data, text[0] == '@' ? text + 1 : text, fail) != 0)
            return -1;
    } else {
        buf_puts(&j->data, text);
    }
    if (j->data.full)
        return fail_set(fail, FAIL_DATA, "api: the request body is larger than %d MiB",
                        DATA_MAX >> 20);
    return 0;
}

/* The response: called by http_run through hooks. */

static bool is_success(const struct http_response *response)
{
    return response->status >= 200 && response->status <= 299;
}

/* The body of a failed call is collected, because another attempt may follow. */
static bool response_takes(void *arg, const struct http_response *response, struct fail *fail)
{
    struct api_job *j = arg;
    (void)fail;
    j->is_stream = j->stall.limit && api_is_event_stream(response);
    stall_begin(&j->stall);
    return is_success(response);
}

/* The streams of other calls may consist of events without names. */
static bool is_keepalive(struct span data)
{
    struct span text = span_trim(data);
    return text.len == 0 || span_is(text, "{}") || span_is(text, "[DONE]");
}

static int on_stream_event(void *arg, const struct sse_event *event, struct fail *fail)
{
    struct api_job *j = arg;
    (void)fail;
    const struct chat_event *e = chat_parse(j->parser, event);
    j->progress += chat_is_progress(e) || (e->kind == CHAT_UNNAMED && !is_keepalive(event->data));
    return 0;
}

static int response_body(void *arg, struct span bytes, struct fail *fail)
{
    struct api_job *j = arg;
    struct fail ignored = FAIL_INIT;
    struct span coding = buf_view(&j->response.content_encoding);
    /* A response to HEAD may have a coding without a body. */
    if (coding.len)
        return fail_set(fail, FAIL_PROTOCOL,
                        "%s: the response is compressed: unexpected Content-Encoding: %.*s",
                        j->method, (int)coding.len, coding.at);
    j->is_committed = true;
    /* An invalid event stream is also printed. */
    if (j->is_stream && sse_feed(&j->sse, bytes.at, bytes.len, &ignored) != 0)
        j->is_stream = false;
    fail_release(&ignored);
    return sinks_bytes(&j->sinks, bytes, fail);
}

static int response_turn(void *arg, struct fail *fail)
{
    struct api_job *j = arg;
    int result = sinks_flush(&j->sinks, fail);
    j->stall.moved += retry_discount_output(&j->retry);
    return result;
}

static int response_tick(void *arg, int64_t now, int64_t *wake, struct fail *fail)
{
    struct api_job *j = arg;
    if (j->is_stream && stall_check(&j->stall, j->progress, now, wake, fail) != 0)
        return -1;
    return HTTP_GO_ON;
}

/* The call. */

static bool call_is_committed(const void *arg)
{
    return ((const struct api_job *)arg)->is_committed;
}

static int attempt_call(void *arg, struct fail *fail)
{
    struct api_job *j = arg;
    const struct http_hooks hooks = {j, response_takes, response_body, response_turn,
                                     response_tick};
    struct span data = j->has_data ? buf_view(&j->data) : span_make(NULL, 0);
    j->is_stream = false;
    j->progress = 0;
    sse_init(&j->sse, EVENT_MAX, on_stream_event, j);
    int result = api_request(&j->client.api, j->method, j->path, data, &hooks, &j->response, fail);
    sse_release(&j->sse);
    if (result != 0 || is_success(&j->response))
        return result;
    char *what = buf_format("%s %.*s", j->method, (int)strcspn(j->path, "?"), j->path);
    api_refused(&j->response, what, fail);
    free(what);
    return -1;
}

/* A missing token is not a failure here: POST /auth/login and /auth/register need none. */
static int authorize(struct api_job *j, struct fail *fail)
{
    struct client *c = &j->client;
    int result = client_authorize(c, fail);
    if (result != 0 && c->auth.source == AUTH_NONE && fail->cause == FAIL_DENIED) {
        fail_release(fail);
        result = 0;
    }
    if (c->warning)
        sinks_warning(&j->sinks, c->warning, fail);
    return result;
}

static int make_call(struct api_job *j, struct fail *fail)
{
    int64_t started = sys_now_us();
    struct retry_policy policy = client_retry_policy(j->in->settings);
    if (client_open(&j->client, j->in, started, fail) != 0 || authorize(j, fail) != 0)
        return -1;
    j->retry = (struct retry_loop){.policy = &policy,
                                   .api = &j->client.api,
                                   .auth = &j->client.auth,
                                   .sinks = &j->sinks,
                                   .started = started,
                                   .stream_ms = -1,
                                   .repeatable = strcmp(j->method, "GET") == 0 ||
                                                 strcmp(j->method, "HEAD") == 0,
                                   .is_committed = call_is_committed,
                                   .arg = j};
    int result = retry_run(&j->retry, attempt_call, fail);
    if (fail->http_status && !j->is_committed)
        sinks_bytes(&j->sinks, buf_view(&j->response.body), fail);
    return result;
}

static void open_sinks(struct api_job *j)
{
    struct writer out;
    writer_init_standard(&out);
    j->body = sink_raw_new(&out, j->in->terminal);
    /* Unlike with -o raw, a line on standard error begins on a new line in the same file, too. */
    j->in->terminal->lines = true;
    sinks_add(&j->sinks, j->body);
    if (!j->in->terminal->quiet)
        sinks_add(&j->sinks, sink_notes_new(j->in->terminal, false, false));
}

/* Writes pending output. A failure to write is reported if the call itself did not fail. */
static void close_sinks(struct api_job *j, struct fail *fail)
{
    struct fail late = FAIL_INIT;
    struct summary end = {.fail = fail};
    sink_summarize(j->body, &end, &late);
    sinks_close(&j->sinks, &late);
    if (fail_is_set(fail))
        fail_release(&late);
    else
        fail_move(fail, &late);
}

static int run_api(const struct invocation *in, struct fail *fail)
{
    struct api_job j = {.in = in,
                        .has_data = setting_is(in->settings, OPT_DATA),
                        .stall = {.limit = setting_us(in->settings, OPT_STALL_TIMEOUT)}};
    if (take_arguments(&j, fail) != 0)
        return -1;
    sys_signals_catch();
    http_response_init(&j.response);
    j.parser = chat_parser_new();
    open_sinks(&j);
    if (read_data(&j, fail) == 0)
        make_call(&j, fail);
    close_sinks(&j, fail);
    client_warn(&j.client, in, fail);
    client_close(&j.client);
    http_response_release(&j.response);
    chat_parser_free(j.parser);
    buf_wipe(&j.data);
    return fail_is_set(fail) ? -1 : 0;
}

const struct command command_api = {
    .name = "api",
    .summary = "make any call of the API",
    .usage = "[OPTION]... [METHOD] PATH",
    .about = "Calls PATH below the URL of the API and prints the body of the response. METHOD\n"
             "is GET (POST with --data), HEAD, POST, PUT, PATCH or DELETE.\n",
    .examples = "  sigmasight-chat api \"/chat/memories?limit=50\" | jq .\n"
                "  sigmasight-chat api /chat/memories --data '{\"content\": \"I prefer ETFs.\"}'\n",
    .operands = 2,
    .groups = GROUP_API | GROUP_CALL | GROUP_RETRY,
    .run = run_api,
};
