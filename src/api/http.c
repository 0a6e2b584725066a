/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "api/http.h"

#include "api/http_authorities.h"
#include "api/http_result.h"
#include "api/http_trace.h"

#include "core/fault.h"
#include "core/xmalloc.h"
#include "settings/header.h"
#include "system/system.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECOND = 1000000,
    /* libcurl abandons an unresponsive address after a part of the timeout, but does not set a
       timer for that. While connecting it is therefore called at this interval. */
    CONNECTING = SECOND / 10,
    TLS_NO_APPLICATION_PROTOCOL = 120, /* an alert (RFC 7301, 3.2): HTTP/1.1 is not supported */
    HEADERS_MAX = 256 * 1024,
    GATHERED_MAX = 32 * 1024
};

struct http {
    struct http_config config;
    CURLM *multi;
    CURL *easy;
    struct http_trace trace;
    struct buf gathered; /* body bytes of this turn for the hooks */
    struct http_authorities authorities;
    struct http_times times;
    char address[64]; /* of the newest connection */
    int64_t (*tick)(void *arg, int64_t now);
    void *tick_arg;
    int64_t grace;       /* see http_set_grace */
    int64_t interrupted; /* time when a signal was first noticed, 0 for never */
    int64_t last_used;   /* when the newest exchange ended, 0 before */
    curl_socket_t kept;  /* of its connection; CURL_SOCKET_BAD if that was closed */
    int alert;           /* the TLS alert that ended the newest connection, 0 for none */
    bool wants_cert;     /* its TLS server asked for a certificate of the client */
};

/* The request in progress. */
struct transfer {
    struct http *http;
    const struct http_request *request;
    struct http_response *response;
    struct fail *fail;
    size_t sent;         /* of the request body */
    size_t header_bytes; /* of the response, to bound them */
    int port;            /* of the last address that a connection was tried to */
    int out_of_files;    /* errno if no socket could be created, else 0 */
    bool ready;          /* a connection was ready for the request */
    bool timed;          /* its times were recorded */
    bool answered;       /* a byte of the response was received */
    bool headers_done;
    bool taken;          /* the hooks receive the body */
    bool received;       /* bytes were received in this turn */
    bool enough;         /* a hook ended it */
    bool full;           /* the collected body has reached its bound */
    int64_t retry_after; /* Retry-After, seconds, 0 without */
    int64_t reset;       /* X-RateLimit-Reset, Unix seconds, 0 without */
    int64_t begun, last_byte;
    char error[CURL_ERROR_SIZE];
};

void http_response_init(struct http_response *r)
{
    *r = (struct http_response){.retry_after = -1, .url_setting = "--url"};
    buf_init(&r->body, HTTP_BODY_MAX);
}

void http_response_release(struct http_response *r)
{
    buf_release(&r->content_type);
    buf_release(&r->content_encoding);
    buf_release(&r->location);
    buf_wipe(&r->body);
    buf_wipe(&r->request_body);
    http_response_init(r);
}

/* Callbacks of libcurl. */

static size_t on_read(char *to, size_t size, size_t count, void *arg)
{
    struct transfer *x = arg;
    size_t room = size * count, left = x->request->body.len - x->sent;
    size_t n = left < room ? left : room;
    if (n)
        memcpy(to, x->request->body.at + x->sent, n);
    x->sent += n;
    return n;
}

/* Prevents libcurl from repeating a request. Version 8.14 also rewinds before it sends the first
   byte if the previous transfer failed; that is accepted. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
    const struct transfer *x = arg;
    return x->sent == 0 && offset == 0 && origin == SEEK_SET ? CURL_SEEKFUNC_OK
                                                             : CURL_SEEKFUNC_FAIL;
}

static bool is_header_name(struct span s, const char *name)
{
    return span_equal_nocase(s, span_of(name));
}

/* Whether a list of codings (RFC 9110, 5.6.1) contains only `identity` and `allowed`. */
static bool has_only(struct span list, const char *allowed)
{
    while (list.len) {
        const char *comma = memchr(list.at, ',', list.len);
        size_t n = comma ? (size_t)(comma - list.at) : list.len;
        struct span coding = span_trim(span_make(list.at, n));
        if (coding.len && !is_header_name(coding, "identity") && !is_header_name(coding, allowed))
            return false;
        n += comma ? 1 : 0;
        list = span_make(list.at + n, list.len - n);
    }
    return true;
}

static void keep_header(struct buf *target, struct span value)
{
    buf_clear(target);
    buf_span(target, value);
}

/* Retry-After as seconds from now: a number or a date. 0 if it is invalid or in the past. libcurl's
   own value has a limit of six hours in some versions. */
static int64_t parse_retry_after(struct span value)
{
    char text[64] = "", *end;
    if (value.len >= sizeof text)
        return 0;
    memcpy(text, value.at, value.len);
    if (text[0] >= '0' && text[0] <= '9') {
        int64_t seconds = strtoll(text, &end, 10);
        return *end ? 0 : seconds;
    }
    int64_t date = sys_http_date(text), now = sys_wall_ms() / 1000;
    return date > now ? date - now : 0;
}

static void on_field(struct transfer *x, struct span name, struct span value)
{
    struct http_response *r = x->response;
    if (is_header_name(name, "content-type")) {
        keep_header(&r->content_type, value);
    } else if (is_header_name(name, "content-encoding")) {
        if (!has_only(value, "identity"))
            keep_header(&r->content_encoding, value);
    } else if (is_header_name(name, "location")) {
        keep_header(&r->location, value);
    } else if (is_header_name(name, "transfer-encoding")) {
        /* libcurl would decompress it, and a small body may become a huge one. */
        if (!has_only(value, "chunked"))
            fail_set(x->fail, FAIL_PROTOCOL,
                     "invalid HTTP response: unexpected Transfer-Encoding: %.*s", (int)value.len,
                     value.at);
    } else if (is_header_name(name, "retry-after")) {
        x->retry_after = parse_retry_after(value);
    } else if (is_header_name(name, "x-ratelimit-reset")) {
        char text[24] = "";
        memcpy(text, value.at, value.len < sizeof text ? value.len : sizeof text - 1);
        x->reset = strtoll(text, NULL, 10);
    }
}

/* A status line begins a response. An interim response (1xx) may precede the final one. */
static void on_status_line(struct transfer *x, struct span line)
{
    const char *space = memchr(line.at, ' ', line.len);
    x->response->status = space ? atoi(space + 1) : 0;
    buf_clear(&x->response->content_type);
    buf_clear(&x->response->content_encoding);
    buf_clear(&x->response->location);
    x->retry_after = x->reset = 0;
}

/* Retry-After, else with 429 the time until X-RateLimit-Reset, at most INT32_MAX seconds. Many
   services send X-RateLimit-Reset with every response, where it is no reason to wait. */
static void take_retry_hint(struct transfer *x)
{
    int64_t seconds = x->retry_after, now = sys_wall_ms();
    if (seconds <= 0 && x->response->status == 429 && x->reset > now / 1000) {
        int64_t wait = x->reset - now / 1000;
        x->response->retry_after =
            (wait < INT32_MAX ? wait : INT32_MAX) * INT64_C(1000) - now % 1000;
    } else if (seconds > 0) {
        x->response->retry_after = (seconds < INT32_MAX ? seconds : INT32_MAX) * INT64_C(1000);
    }
}

static void on_headers_end(struct transfer *x)
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
    struct transfer *x = arg;
    size_t len = size * count;
    struct span line = span_trim(span_make(data, len));
    x->header_bytes += len;
    if (!x->ready)
        return len; /* a trailer of the proxy's response to CONNECT */
    x->received = x->answered = true;
    if (x->header_bytes > HEADERS_MAX) {
        fail_set(x->fail, FAIL_PROTOCOL, "the response has more than %d KiB of headers",
                 HEADERS_MAX / 1024);
        return 0;
    }
    if (x->headers_done)
        return len; /* a trailer */
    const char *colon = line.len ? memchr(line.at, ':', line.len) : NULL;
    if (line.len == 0)
        on_headers_end(x);
    else if (line.len > 5 && memcmp(line.at, "HTTP/", 5) == 0)
        on_status_line(x, line);
    else if (colon)
        on_field(x, span_trim(span_make(line.at, (size_t)(colon - line.at))),
                 span_trim(span_make(colon + 1, line.len - (size_t)(colon - line.at) - 1)));
    return fail_is_set(x->fail) ? 0 : len;
}

static int deliver(struct transfer *x)
{
    struct buf *gathered = &x->http->gathered;
    const struct http_hooks *hooks = x->request->hooks;
    if (gathered->len == 0)
        return 0;
    int result = hooks->body(hooks->arg, buf_view(gathered), x->fail);
    buf_clear(gathered);
    return result;
}

/* libcurl calls this for each chunk, and a server sends a chunk for each event. Small chunks are
   collected, so that all bytes of a turn are processed together. */
static int gather_body(struct transfer *x, struct span bytes)
{
    const struct http_hooks *hooks = x->request->hooks;
    if (x->http->gathered.len + bytes.len > GATHERED_MAX && deliver(x) != 0)
        return -1;
    if (bytes.len > GATHERED_MAX / 8)
        return deliver(x) == 0 ? hooks->body(hooks->arg, bytes, x->fail) : -1;
    buf_span(&x->http->gathered, bytes);
    return 0;
}

/* An HTTP/2 connection begins with a SETTINGS frame (RFC 9113, 3.4, 4.1). */
static bool is_http2(struct span bytes)
{
    static const char stream_0[4] = {0};
    return bytes.len >= 9 && bytes.at[0] == 0 && bytes.at[3] == 4 &&
           memcmp(bytes.at + 5, stream_0, sizeof stream_0) == 0;
}

static int fail_without_http1(struct transfer *x)
{
    return fail_set(x->fail, FAIL_SERVER_OTHER,
                    "cannot talk to %s: the server supports HTTP/2 only, and this program "
                    "HTTP/1.1 only",
                    x->http->config.origin);
}

/* The response begins without a status line. */
static int fail_without_head(struct transfer *x, struct span bytes)
{
    if (is_http2(bytes))
        return fail_without_http1(x);
    return fail_set(x->fail, FAIL_PROTOCOL, "invalid HTTP response: it has no status line");
}

/* Returning less than `len` makes libcurl stop with CURLE_WRITE_ERROR. */
static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *x = arg;
    size_t len = size * count;
    x->received = x->answered = true;
    if (!x->headers_done) {
        fail_without_head(x, span_make(data, len));
        return 0;
    }
    if (x->taken)
        return gather_body(x, span_make(data, len)) == 0 ? len : 0;
    buf_append(&x->response->body, data, len);
    x->full = x->response->body.full;
    return x->full ? 0 : len;
}

/* Tracing. */

/* Notes a TLS message of the server that may explain a failure (RFC 8446, 4 and 6). libcurl passes
   the headers of records as well, which have five bytes. Only alerts have two. */
static void note_tls_message(struct http *h, struct span message)
{
    enum { FATAL = 2, CERTIFICATE_REQUEST = 13, RECORD_HEADER = 5 };
    if (message.len == 2 && message.at[0] == FATAL)
        h->alert = (unsigned char)message.at[1];
    else if (message.len > RECORD_HEADER && message.at[0] == CERTIFICATE_REQUEST)
        h->wants_cert = true;
}

static int on_debug(CURL *easy, curl_infotype type, char *data, size_t len, void *arg)
{
    struct http *h = arg;
    struct span bytes = span_make(data, len);
    (void)easy;
    if (type == CURLINFO_SSL_DATA_IN)
        note_tls_message(h, bytes);
    else if (!h->config.trace)
        return 0;
    else if (type == CURLINFO_TEXT)
        http_trace_bytes(&h->trace, '*', bytes);
    else if (type == CURLINFO_HEADER_OUT)
        http_trace_bytes(&h->trace, '>', bytes);
    else if (type == CURLINFO_HEADER_IN)
        http_trace_bytes(&h->trace, '<', bytes);
    return 0;
}

static int check_connecting(struct transfer *x);

/* While the proxy sends its response to CONNECT, libcurl does not return from curl_multi_perform,
   but calls this for each byte. */
static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    struct transfer *x = arg;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return x->ready ? 0 : check_connecting(x);
}

/* The client. */

/* libcurl calls this when it has an address to connect to, perhaps that of a proxy. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct transfer *x = arg;
    (void)purpose;
    if (!x->http->times.resolved)
        x->http->times.resolved = sys_now_us();
    if (to->family == AF_INET)
        x->port = ntohs(((struct sockaddr_in *)(void *)&to->addr)->sin_port);
    else if (to->family == AF_INET6)
        x->port = ntohs(((struct sockaddr_in6 *)(void *)&to->addr)->sin6_port);
    int fd = sys_socket(to->family, to->socktype, to->protocol);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        x->out_of_files = errno;
    return fd;
}

/* A connection, new or reused, is ready for the request. */
static int on_ready(void *arg, char *to, char *from, int to_port, int from_port)
{
    struct transfer *x = arg;
    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    x->ready = true;
    if (!x->response->sent)
        x->response->sent = x->last_byte = sys_now_us();
    return CURL_PREREQFUNC_OK;
}

static bool is_https(const struct http *h)
{
    return strncmp(h->config.origin, "https:", 6) == 0;
}

/* Whether to try again with the bundle: the certificate was not verified, and nothing was sent
   yet. */
static bool needs_bundle(struct transfer *x, CURLcode code)
{
    struct http *h = x->http;
    if (code != CURLE_PEER_FAILED_VERIFICATION || x->ready || fail_is_set(x->fail) ||
        !http_authorities_add_bundle(&h->authorities, h->easy))
        return false;
    x->error[0] = '\0';
    return true;
}

static void set_protocol(CURL *e)
{
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "sigmasight-chat/" PACKAGE_VERSION);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    /* Accept a response without a status line, to report what it is. */
    curl_easy_setopt(e, CURLOPT_HTTP09_ALLOWED, 1L);
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
}

static void set_callbacks(struct http *h)
{
    CURL *e = h->easy;
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_ready);
    curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    if (h->config.trace || is_https(h)) {
        curl_easy_setopt(e, CURLOPT_VERBOSE, 1L);
        curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_debug);
        curl_easy_setopt(e, CURLOPT_DEBUGDATA, h);
    }
}

static void set_connection(struct http *h)
{
    CURL *e = h->easy;
    /* libcurl divides this time among the addresses of a name. A long may have 32 bits. */
    int64_t ms = h->config.connect_timeout / 1000 + 1;
    bool is_small = h->config.connect_timeout && ms < INT32_MAX;
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, is_small ? (long)ms : (long)INT32_MAX);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    /* Do not wait for the resolver thread at exit. */
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    /* Requests to this machine must not leave it through a proxy. */
    if (h->config.loopback)
        curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
}

static void set_tls(struct http *h)
{
    CURL *e = h->easy;
    /* Even if the configuration of OpenSSL allows older versions (RFC 8996). */
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    http_authorities_choose(&h->authorities, e, h->config.cacert, h->config.capath, is_https(h));
    /* OpenSSL must not ask for the password of an encrypted key on the terminal. */
    curl_easy_setopt(e, CURLOPT_KEYPASSWD, "");
    curl_easy_setopt(e, CURLOPT_SSLCERT, h->config.cert);
    curl_easy_setopt(e, CURLOPT_SSLKEY, h->config.key);
    if (h->config.insecure) {
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

struct http *http_new(const struct http_config *config, struct fail *fail)
{
    struct http *h = xcalloc(1, sizeof *h);
    h->config = *config;
    h->trace = (struct http_trace){.show = config->trace,
                                   .arg = config->trace_arg,
                                   .headers = config->headers,
                                   .header_count = config->header_count};
    if (!fault_here(ENOMEM) && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        h->easy = curl_easy_init();
        h->multi = curl_multi_init();
    }
    if (!h->easy || !h->multi) {
        fail_set(fail, FAIL_SOFTWARE, "cannot initialize libcurl");
        http_free(h);
        return NULL;
    }
    /* One connection is kept: an idle one that is not reused is closed when another is kept. */
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, 1L);
#if LIBCURL_VERSION_NUM >= 0x081400 /* since then the threads belong to this handle */
    curl_multi_setopt(h->multi, CURLMOPT_QUICK_EXIT, 1L);
#endif
    set_protocol(h->easy);
    set_callbacks(h);
    set_connection(h);
    set_tls(h);
    return h;
}

const char *http_url_setting(const struct http *h)
{
    return h->config.url_setting;
}

void http_free(struct http *h)
{
    if (!h)
        return;
    curl_easy_cleanup(h->easy);
    curl_multi_cleanup(h->multi);
    curl_global_cleanup();
    http_trace_release(&h->trace);
    buf_release(&h->gathered);
    free(h);
}

const char *http_version(void)
{
    static char name[64];
    snprintf(name, sizeof name, "libcurl/%s", curl_version_info(CURLVERSION_NOW)->version);
    return name;
}

struct http_times http_times(const struct http *h)
{
    return h->times;
}

void http_forget_times(struct http *h)
{
    h->times = (struct http_times){.used = false};
}

const char *http_address(const struct http *h)
{
    return h->address;
}

void http_on_tick(struct http *h, int64_t (*tick)(void *arg, int64_t now), void *arg)
{
    h->tick = tick;
    h->tick_arg = arg;
}

void http_set_grace(struct http *h, int64_t us)
{
    h->grace = us;
}

void http_set_deadline(struct http *h, int64_t at)
{
    h->config.deadline = at;
}

/* Times. */

/* A reused connection has no times; those of the new one are kept. */
static void record_times(struct transfer *x)
{
    curl_off_t us;
    struct http *h = x->http;
    const char *address;
    if (curl_easy_getinfo(h->easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address)
        snprintf(h->address, sizeof h->address, "%s", address);
    if (!x->ready)
        return;
    x->timed = h->times.used = true;
    if (curl_easy_getinfo(h->easy, CURLINFO_CONNECT_TIME_T, &us) == CURLE_OK && us > 0)
        h->times.connected = x->begun + us;
    if (curl_easy_getinfo(h->easy, CURLINFO_APPCONNECT_TIME_T, &us) == CURLE_OK && us > 0)
        h->times.secured = x->begun + us;
}

/* Failures. */

static enum http_phase phase_of(const struct transfer *x)
{
    long sent = 0;
    if (x->answered)
        return HTTP_ANSWERED;
    if (!x->ready)
        return HTTP_CONNECTING;
    /* Bytes that the read callback returned may not have been sent. */
    curl_easy_getinfo(x->http->easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0 ? HTTP_SENT : HTTP_READY;
}

static int fail_with(struct transfer *x, CURLcode code)
{
    const struct http_config *config = &x->http->config;
    long error = 0, proxy_status = 0;
    enum http_culprit culprit;
    if (x->http->alert == TLS_NO_APPLICATION_PROTOCOL && !x->ready) {
        x->http->times.tls_failed = true;
        return fail_without_http1(x);
    }
    if (x->out_of_files && !x->ready)
        return fail_errno(x->fail, FAIL_SOFTWARE, x->out_of_files, "cannot create a socket");
    curl_easy_getinfo(x->http->easy, CURLINFO_OS_ERRNO, &error);
    curl_easy_getinfo(x->http->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    struct http_end end = {.code = code,
                           .phase = phase_of(x),
                           .origin = config->origin,
                           .url_setting = config->url_setting,
                           .loopback = config->loopback,
                           .in_body = x->headers_done,
                           .timeout = (double)config->connect_timeout / (double)SECOND,
                           .text = x->error,
                           .error = (int)error,
                           .port = x->port,
                           .alert = x->http->alert,
                           .wants_cert = x->http->wants_cert,
                           .has_cert = config->cert != NULL,
                           .default_cas = !config->cacert && !config->capath,
                           .no_cas = x->http->authorities.none,
                           .proxy_status = (int)proxy_status};
    http_result_fail(&end, &culprit, x->fail);
    x->http->times.tls_failed = culprit == HTTP_BLAME_TLS;
    x->http->times.proxy_failed = culprit == HTTP_BLAME_PROXY;
    return -1;
}

/* Checks the time limits. `now` is from before the turn's bytes were read, so that a process that
   was stopped reads the socket before it reports an idle timeout. */
static int check_clocks(struct transfer *x, int64_t now, int64_t *wake)
{
    const struct http_config *c = &x->http->config;
    int64_t connect_end = x->begun + c->connect_timeout, idle_end = x->last_byte + c->idle_timeout;
    if (c->deadline && now >= c->deadline)
        return fail_set(x->fail, FAIL_DEADLINE,
                        "timed out: the command took longer than %g s (--max-time)",
                        (double)c->max_time / (double)SECOND);
    if (!x->response->sent) {
        if (c->connect_timeout && now >= connect_end)
            return fail_with(x, CURLE_OPERATION_TIMEDOUT);
        *wake = now + CONNECTING < *wake ? now + CONNECTING : *wake;
    }
    if (c->idle_timeout && x->response->sent) {
        if (now >= idle_end && !x->received)
            return fail_set(x->fail, FAIL_CLOCK,
                            "timed out: nothing was received for %g s (--idle-timeout)",
                            (double)c->idle_timeout / (double)SECOND);
        *wake = idle_end < *wake ? idle_end : *wake;
    }
    if (c->deadline)
        *wake = c->deadline < *wake ? c->deadline : *wake;
    return 0;
}

/* A caught signal ends the request after the grace period. */
static int check_signal(struct transfer *x, int64_t now, int64_t *wake)
{
    struct http *h = x->http;
    if (!sys_signal()) {
        h->interrupted = 0;
        return 0;
    }
    if (!h->interrupted)
        h->interrupted = now;
    if (now >= h->interrupted + h->grace)
        return fail_signal(x->fail, sys_signal());
    *wake = h->interrupted + h->grace < *wake ? h->interrupted + h->grace : *wake;
    return 0;
}

/* Checks all that can end a request whose connection is not ready. */
static int check_connecting(struct transfer *x)
{
    int64_t now = sys_now_us(), wake = INT64_MAX;
    if (x->header_bytes > HEADERS_MAX)
        return fail_with(x, CURLE_RECV_ERROR);
    return check_signal(x, now, &wake) == 0 ? check_clocks(x, now, &wake) : -1;
}

enum turn_result { TURN_AGAIN, TURN_OVER };

/* One iteration without the wait. An enum turn_result, or -1 with *x->fail. */
static int take_turn(struct transfer *x, int64_t *wake)
{
    const struct http_hooks *hooks = x->request->hooks;
    int64_t now = sys_now_us();
    int running = 0;
    x->received = false;
    CURLMcode code =
        fault_here(ENOMEM) ? CURLM_OUT_OF_MEMORY : curl_multi_perform(x->http->multi, &running);
    if (deliver(x) != 0)
        return -1;
    /* The wait may have ended for another reason than data from the server. */
    if (!x->received)
        sys_reader_check();
    if (hooks && hooks->turn(hooks->arg, x->fail) != 0)
        return -1;
    *wake = now + 3600 * (int64_t)SECOND;
    if (running && check_signal(x, now, wake) != 0)
        return -1;
    if (code != CURLM_OK)
        return fail_set(x->fail, FAIL_SOFTWARE, "libcurl: %s", curl_multi_strerror(code));
    if (x->received)
        x->last_byte = sys_now_us();
    if (running == 0)
        return TURN_OVER;
    if (x->ready && !x->timed)
        record_times(x);
    if (x->http->tick) {
        int64_t due = x->http->tick(x->http->tick_arg, now);
        *wake = due < *wake ? due : *wake;
    }
    if (hooks) {
        int verdict = hooks->tick(hooks->arg, now, wake, x->fail);
        x->enough = verdict == HTTP_ENOUGH;
        if (verdict != HTTP_GO_ON)
            return x->enough ? TURN_OVER : -1;
    }
    return check_clocks(x, now, wake) == 0 ? TURN_AGAIN : -1;
}

static int wait_until(struct http *h, int64_t wake, struct fail *fail)
{
    struct curl_waitfd extra[2];
    unsigned count = 0;
    if (sys_signal_fd() >= 0 && !h->interrupted) /* it stays readable */
        extra[count++] = (struct curl_waitfd){.fd = sys_signal_fd(), .events = CURL_WAIT_POLLIN};
    struct pollfd reader = sys_reader();
    if (reader.fd >= 0) /* a pipe never has urgent data: that is for POLLERR and POLLHUP */
        extra[count++] = (struct curl_waitfd){
            .fd = reader.fd, .events = reader.events ? CURL_WAIT_POLLIN : CURL_WAIT_POLLPRI};
    int64_t ms = (wake - sys_now_us()) / 1000 + 1;
    CURLMcode code = fault_here(ENOMEM)
                         ? CURLM_OUT_OF_MEMORY
                         : curl_multi_poll(h->multi, extra, count, ms < 0 ? 0 : (int)ms, NULL);
    if (code != CURLM_OK)
        return fail_set(fail, FAIL_SOFTWARE, "libcurl: %s", curl_multi_strerror(code));
    return 0;
}

/* The result of the transfer; CURLE_OK if a hook ended it. */
static CURLcode read_result(CURLM *multi)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(multi, &left));)
        if (m->msg == CURLMSG_DONE)
            return m->data.result;
    return CURLE_OK;
}

/* The end of an exchange with libcurl's result: 0, or -1 with its failure, the first cause. */
static int conclude_transfer(struct transfer *x, CURLcode code)
{
    if (fail_is_set(x->fail))
        return -1;
    if (x->headers_done && x->response->status >= 300)
        return 0; /* the status of a refusal counts even if its body is truncated */
    if (x->full || (code == CURLE_OK && (x->headers_done || x->enough)))
        return 0;
    if (code == CURLE_OK)
        return fail_set(x->fail, FAIL_CUT, "the connection was lost inside the response's headers");
    return fail_with(x, code);
}

/* Performs the request once. libcurl's result; CURLE_OK if *x->fail is set. */
static CURLcode perform(struct transfer *x)
{
    struct http *h = x->http;
    h->alert = 0;
    h->wants_cert = false;
    CURLMcode added =
        fault_here(ENOMEM) ? CURLM_OUT_OF_MEMORY : curl_multi_add_handle(h->multi, h->easy);
    if (added != CURLM_OK) {
        fail_set(x->fail, FAIL_SOFTWARE, "libcurl: %s", curl_multi_strerror(added));
        return CURLE_OK;
    }
    int turn;
    for (int64_t wake = 0; (turn = take_turn(x, &wake)) == TURN_AGAIN;)
        if (wait_until(h, wake, x->fail) != 0)
            break;
    CURLcode code = read_result(h->multi);
    record_times(x);
    /* Not available after the handle is removed. */
    if (curl_easy_getinfo(h->easy, CURLINFO_ACTIVESOCKET, &h->kept) != CURLE_OK)
        h->kept = CURL_SOCKET_BAD;
    curl_multi_remove_handle(h->multi, h->easy);
    h->last_used = sys_now_us();
    return code;
}

static int run(struct transfer *x)
{
    CURLcode code = perform(x);
    if (needs_bundle(x, code))
        code = perform(x);
    return conclude_transfer(x, code);
}

/* Running out of memory ends the program: the missing header could be the token. */
static struct curl_slist *add_header(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = fault_here(ENOMEM) ? NULL : curl_slist_append(list, line);
    if (!longer)
        out_of_memory();
    return longer;
}

static struct curl_slist *make_headers(const struct http_config *config,
                                       const struct http_request *request)
{
    struct buf line = {0};
    struct curl_slist *list = NULL;
    buf_printf(&line, "Accept: %s", request->accept);
    list = add_header(list, buf_text(&line));
    if (!header_is_listed(config->headers, config->header_count, span_of("Cache-Control")))
        list = add_header(list, "Cache-Control: no-cache");
    for (size_t i = 0; i < config->header_count; i++)
        list = add_header(list, config->headers[i]);
    list = add_header(list, "Expect:");
    /* A line without a value removes the header that libcurl sends with a POST. */
    list = add_header(list, request->body.at ? "Content-Type: application/json" : "Content-Type:");
    if (request->token) {
        buf_clear(&line);
        buf_reserve(&line, strlen(request->token) + 32);
        buf_puts(&line, "Authorization: Bearer ");
        buf_puts(&line, request->token);
        list = add_header(list, buf_text(&line));
    }
    buf_wipe(&line);
    return list;
}

static void free_headers(struct curl_slist *list)
{
    for (struct curl_slist *at = list; at; at = at->next)
        wipe(at->data, strlen(at->data));
    curl_slist_free_all(list);
}

static void set_request_options(CURL *e, const struct http_request *request)
{
    bool get = strcmp(request->method, "GET") == 0, post = strcmp(request->method, "POST") == 0;
    bool head = strcmp(request->method, "HEAD") == 0;
    bool has_body = request->body.at || post;
    if (fault_here(ENOMEM) || curl_easy_setopt(e, CURLOPT_URL, request->url) != CURLE_OK)
        out_of_memory();
    curl_easy_setopt(e, CURLOPT_NOBODY, head ? 1L : 0L);
    if (has_body) {
        curl_easy_setopt(e, CURLOPT_POST, 1L);
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    } else if (!head) {
        curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    }
    bool is_implied = post || head || (get && !has_body);
    if (curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, is_implied ? NULL : request->method) != CURLE_OK)
        out_of_memory();
}

/* Whether the kept connection, if any, must not be used again: it was idle for too long, or there
   is something to read, the end or data that answers nothing. libcurl's own limit is in whole
   seconds, and version 8.23 does not check a connection that was used shortly before. */
static bool is_stale(const struct http *h, int64_t now)
{
    if (!h->last_used)
        return false;
    return now - h->last_used > HTTP_IDLE_SECONDS * (int64_t)SECOND ||
           (h->kept != CURL_SOCKET_BAD && sys_wait(h->kept, POLLIN, now) == 1);
}

int http_run(struct http *h, const struct http_request *request, struct http_response *response,
             struct fail *fail)
{
    http_response_release(response);
    response->url_setting = http_url_setting(h);
    struct transfer x = {.http = h, .request = request, .response = response, .fail = fail};
    x.begun = x.last_byte = sys_now_us();
    struct curl_slist *headers = make_headers(&h->config, request);
    set_request_options(h->easy, request);
    curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h->easy, CURLOPT_ERRORBUFFER, x.error);
    curl_easy_setopt(h->easy, CURLOPT_OPENSOCKETDATA, &x);
    curl_easy_setopt(h->easy, CURLOPT_PREREQDATA, &x);
    curl_easy_setopt(h->easy, CURLOPT_XFERINFODATA, &x);
    curl_easy_setopt(h->easy, CURLOPT_FRESH_CONNECT, is_stale(h, x.begun) ? 1L : 0L);
    curl_easy_setopt(h->easy, CURLOPT_READDATA, &x);
    curl_easy_setopt(h->easy, CURLOPT_SEEKDATA, &x);
    curl_easy_setopt(h->easy, CURLOPT_HEADERDATA, &x);
    curl_easy_setopt(h->easy, CURLOPT_WRITEDATA, &x);
    int result = run(&x);
    if (!x.taken && request->body.at)
        buf_span(&response->request_body, request->body);
    curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(h->easy, CURLOPT_ERRORBUFFER, NULL);
    free_headers(headers);
    return result;
}
