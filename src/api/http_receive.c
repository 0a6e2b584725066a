/* SPDX-License-Identifier: MIT */
#include "api/http_exchange.h"

#include "system/system.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEADERS_MAX = 256 * 1024, GATHERED_MAX = 32 * 1024 };

/* Tracing. */

static bool is_secret(struct span line)
{
    static const char *const names[] = {
        "authorization:", "proxy-authorization:", "cookie:", "set-cookie:"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (line.len >= strlen(names[i]) && strncasecmp(line.at, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* Remarks repeat what is masked elsewhere: HTTP/2 headers in brackets, the address of a proxy with
   its password. */
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

static void trace_line(struct http *h, char kind, struct span line)
{
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    if (kind == '*' && repeats_secret(line))
        line = (struct span)SPAN("[masked]");
    if (!is_secret(line)) {
        h->config.trace(h->config.trace_arg, kind, line);
        return;
    }
    buf_clear(&h->trace_line);
    buf_append(&h->trace_line, line.at,
               (size_t)((const char *)memchr(line.at, ':', line.len) - line.at));
    buf_puts(&h->trace_line, ": [masked]");
    h->config.trace(h->config.trace_arg, kind, buf_view(&h->trace_line));
}

/* Bodies are left out: they hold passwords, tokens and the whole answer. */
static int on_debug(CURL *easy, curl_infotype type, char *data, size_t len, void *arg)
{
    (void)easy;
    char kind = type == CURLINFO_TEXT ? '*' : type == CURLINFO_HEADER_OUT ? '>' : '<';
    if (type != CURLINFO_TEXT && type != CURLINFO_HEADER_OUT && type != CURLINFO_HEADER_IN)
        return 0;
    for (struct span rest = span_make(data, len); rest.len;) {
        const char *lf = memchr(rest.at, '\n', rest.len);
        size_t n = lf ? (size_t)(lf - rest.at) : rest.len;
        if (n)
            trace_line(arg, kind, span_make(rest.at, n));
        n += lf ? 1 : 0;
        rest = span_make(rest.at + n, rest.len - n);
    }
    return 0;
}

/* Callbacks of libcurl. */

static size_t on_read(char *to, size_t size, size_t count, void *arg)
{
    struct exchange *x = arg;
    size_t room = size * count, left = x->request->body.len - x->sent;
    size_t n = left < room ? left : room;
    if (n)
        memcpy(to, x->request->body.at + x->sent, n);
    x->sent += n;
    return n;
}

static void keep_header(struct buf *target, struct span value)
{
    buf_clear(target);
    buf_span(target, value);
}

static void on_field(struct exchange *x, struct span name, struct span value)
{
    struct http_response *r = x->response;
    if (name.len == 12 && strncasecmp(name.at, "content-type", 12) == 0)
        keep_header(&r->content_type, value);
    else if (name.len == 16 && strncasecmp(name.at, "content-encoding", 16) == 0)
        keep_header(&r->content_encoding, value);
    else if (name.len == 8 && strncasecmp(name.at, "location", 8) == 0)
        keep_header(&r->location, value);
    else if (name.len == 17 && strncasecmp(name.at, "x-ratelimit-reset", 17) == 0) {
        char text[24] = "";
        memcpy(text, value.at, value.len < sizeof text ? value.len : sizeof text - 1);
        x->reset = strtoll(text, NULL, 10);
    }
}

/* A status line begins a response: an interim one (1xx) may stand before the one that counts. */
static void on_status_line(struct exchange *x, struct span line)
{
    const char *space = memchr(line.at, ' ', line.len);
    x->response->status = space ? atoi(space + 1) : 0;
    buf_clear(&x->response->content_type);
    buf_clear(&x->response->content_encoding);
    buf_clear(&x->response->location);
    x->reset = 0;
}

/* A hint in Unix time is turned into one in ms from now; nonsense into none. */
static void take_retry_hint(struct exchange *x)
{
    curl_off_t seconds = 0;
    curl_easy_getinfo(x->http->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > 0)
        x->response->retry_after = (int64_t)(seconds < INT32_MAX ? seconds : INT32_MAX) * 1000;
    else if (x->reset > 0 && x->reset < INT64_MAX / 2000 && x->reset * 1000 > sys_wall_ms())
        x->response->retry_after = x->reset * 1000 - sys_wall_ms();
}

static void on_headers_end(struct exchange *x)
{
    if (x->response->status < 200)
        return;
    x->headers_done = true;
    take_retry_hint(x);
    const struct http_hooks *hooks = x->request->hooks;
    x->taken = hooks && hooks->takes(hooks->arg, x->response, x->fail);
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct exchange *x = arg;
    size_t len = size * count;
    struct span line = span_trim(span_make(data, len));
    x->received = x->answered = true;
    if (x->headers_done)
        return len; /* a trailer */
    x->header_bytes += len;
    if (x->header_bytes > HEADERS_MAX) {
        fail_set(x->fail, FAIL_PROTOCOL, "the response has more than %d KiB of headers",
                 HEADERS_MAX / 1024);
        return 0;
    }
    const char *colon = line.len ? memchr(line.at, ':', line.len) : NULL;
    if (line.len == 0)
        on_headers_end(x);
    else if (line.len > 5 && memcmp(line.at, "HTTP/", 5) == 0)
        on_status_line(x, line);
    else if (colon)
        on_field(x, span_make(line.at, (size_t)(colon - line.at)),
                 span_trim(span_make(colon + 1, line.len - (size_t)(colon - line.at) - 1)));
    return fail_is_set(x->fail) ? 0 : len;
}

int http_deliver(struct exchange *x)
{
    struct buf *gathered = &x->http->gathered;
    const struct http_hooks *hooks = x->request->hooks;
    if (gathered->len == 0)
        return 0;
    int result = hooks->body(hooks->arg, buf_view(gathered), x->fail);
    buf_clear(gathered);
    return result;
}

/* libcurl calls once for each chunk, and a server sends one for each event: small ones are
   gathered, so that what a turn brings is read at one go. */
static int gather(struct exchange *x, struct span bytes)
{
    const struct http_hooks *hooks = x->request->hooks;
    if (x->http->gathered.len + bytes.len > GATHERED_MAX && http_deliver(x) != 0)
        return -1;
    if (bytes.len > GATHERED_MAX / 8)
        return http_deliver(x) == 0 ? hooks->body(hooks->arg, bytes, x->fail) : -1;
    buf_span(&x->http->gathered, bytes);
    return 0;
}

/* Answering less than what came makes libcurl stop with CURLE_WRITE_ERROR. */
static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct exchange *x = arg;
    size_t len = size * count;
    x->received = x->answered = true;
    if (x->taken)
        return gather(x, span_make(data, len)) == 0 ? len : 0;
    buf_append(&x->response->body, data, len);
    x->full = x->response->body.full;
    return x->full ? 0 : len;
}

void http_receive_with(struct http *h)
{
    curl_easy_setopt(h->easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(h->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(h->easy, CURLOPT_WRITEFUNCTION, on_body);
    if (h->config.trace) {
        curl_easy_setopt(h->easy, CURLOPT_VERBOSE, 1L);
        curl_easy_setopt(h->easy, CURLOPT_DEBUGFUNCTION, on_debug);
        curl_easy_setopt(h->easy, CURLOPT_DEBUGDATA, h);
    }
}

void http_receive_for(struct exchange *x)
{
    curl_easy_setopt(x->http->easy, CURLOPT_READDATA, x);
    curl_easy_setopt(x->http->easy, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(x->http->easy, CURLOPT_WRITEDATA, x);
}
