/* SPDX-License-Identifier: MIT */
#include "api/http_trace.h"

#include "settings/header.h"

#include <string.h>
#include <strings.h>

/* Headers whose values are shown. */
static const char *const public_headers[] = {
    "accept",
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expires",
    "host",
    "keep-alive",
    "last-modified",
    "proxy-connection",
    "retry-after",
    "server",
    "strict-transport-security",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-accel-buffering",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
};

static bool is_public(struct span name)
{
    for (size_t i = 0; i < sizeof public_headers / sizeof public_headers[0]; i++)
        if (span_equal_nocase(name, span_of(public_headers[i])))
            return true;
    return false;
}

/* libcurl's information repeats masked headers, and the URL of a proxy with its password. */
static bool repeats_secret(struct span remark)
{
    static const char *const signs[] = {"authorization", "cookie", "@"};
    for (size_t i = 0; i < remark.len; i++)
        for (size_t j = 0; j < sizeof signs / sizeof signs[0]; j++)
            if (remark.len - i >= strlen(signs[j]) &&
                strncasecmp(remark.at + i, signs[j], strlen(signs[j])) == 0)
                return true;
    return false;
}

/* Shows a header without its value. A line without a name, such as a folded line, continues a
   value. */
static void show_masked(struct http_trace *t, char kind, struct span name)
{
    struct buf line = {0};
    buf_span(&line, name);
    buf_puts(&line, name.len ? ": [masked]" : "[masked]");
    t->show(t->arg, kind, buf_view(&line));
    buf_release(&line);
}

static void show_header(struct http_trace *t, char kind, struct span line)
{
    bool folded = line.len && (line.at[0] == ' ' || line.at[0] == '\t');
    const char *colon = line.len && !folded ? memchr(line.at, ':', line.len) : NULL;
    struct span name = span_make(line.at, colon ? (size_t)(colon - line.at) : 0);
    bool is_secret =
        !is_public(name) || (kind == '>' && header_is_listed(t->headers, t->header_count, name));
    if (line.len == 0 || !is_secret)
        t->show(t->arg, kind, line);
    else
        show_masked(t, kind, name);
}

/* Parameters of a query whose values are shown. */
static bool is_public_parameter(struct span name)
{
    return span_is(name, "limit") || span_is(name, "offset");
}

static void put_parameter(struct buf *out, struct span parameter)
{
    const char *sign = parameter.len ? memchr(parameter.at, '=', parameter.len) : NULL;
    struct span name = span_make(parameter.at, sign ? (size_t)(sign - parameter.at) : 0);
    if (is_public_parameter(name)) {
        buf_span(out, parameter);
        return;
    }
    buf_span(out, name);
    buf_puts(out, sign ? "=[masked]" : "[masked]");
}

/* Shows the method, the target and the version. A query may contain a secret. */
static void show_request_line(struct http_trace *t, char kind, struct span line)
{
    const char *query = line.len ? memchr(line.at, '?', line.len) : NULL;
    if (!query) {
        t->show(t->arg, kind, line);
        return;
    }
    struct buf shown = {0};
    size_t at = (size_t)(query - line.at) + 1, end = at;
    buf_append(&shown, line.at, at);
    for (; end < line.len && line.at[end] != ' '; end++)
        if (line.at[end] == '&') {
            put_parameter(&shown, span_make(line.at + at, end - at));
            buf_byte(&shown, '&');
            at = end + 1;
        }
    put_parameter(&shown, span_make(line.at + at, end - at));
    buf_append(&shown, line.at + end, line.len - end);
    t->show(t->arg, kind, buf_view(&shown));
    buf_release(&shown);
}

static void show_line(struct http_trace *t, char kind, struct span line)
{
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    bool first = kind == '<' ? line.len >= 5 && memcmp(line.at, "HTTP/", 5) == 0 : !t->in_head;
    if (kind == '>')
        t->in_head = line.len > 0;
    if (first && kind == '>')
        show_request_line(t, kind, line);
    else if (first)
        t->show(t->arg, kind, line);
    else
        show_header(t, kind, line);
}

static void show_remark(struct http_trace *t, struct span remark)
{
    while (remark.len) {
        struct span line = span_first_line(remark);
        size_t used = line.len < remark.len ? line.len + 1 : line.len;
        t->show(t->arg, '*', repeats_secret(line) ? (struct span)SPAN("[masked]") : line);
        remark = span_make(remark.at + used, remark.len - used);
    }
}

/* Sent data may be reported in parts of a line. */
void http_trace_bytes(struct http_trace *t, char kind, struct span bytes)
{
    if (kind == '*') {
        show_remark(t, bytes);
        return;
    }
    struct buf *partial = kind == '>' ? &t->sent : &t->received;
    while (bytes.len) {
        const char *lf = memchr(bytes.at, '\n', bytes.len);
        size_t n = lf ? (size_t)(lf - bytes.at) : bytes.len;
        buf_append(partial, bytes.at, n);
        if (lf) {
            show_line(t, kind, buf_view(partial));
            buf_wipe(partial);
            n++;
        }
        bytes = span_make(bytes.at + n, bytes.len - n);
    }
}

void http_trace_release(struct http_trace *t)
{
    buf_wipe(&t->sent);
    buf_wipe(&t->received);
}
