/* SPDX-License-Identifier: MIT */
/* What libcurl's result of an exchange means. */
#include "api/http_exchange.h"

#include "api/http_url.h"

#include <stdlib.h>
#include <string.h>

int http_fail_connect_clock(struct exchange *x)
{
    return fail_set(x->fail, FAIL_UNREACHABLE,
                    "cannot connect to %s: no connection within %g s (--connect-timeout)",
                    x->http->config.origin, (double)x->http->config.connect_timeout / 1e6);
}

static const char *reason(const struct exchange *x, CURLcode code)
{
    return x->error[0] ? x->error : curl_easy_strerror(code);
}

/* The system's own word where there is one: libcurl wraps it into a sentence about itself. */
static const char *connect_reason(const struct exchange *x, CURLcode code)
{
    long error = 0;
    curl_easy_getinfo(x->http->easy, CURLINFO_OS_ERRNO, &error);
    return code == CURLE_COULDNT_CONNECT && error ? strerror((int)error) : reason(x, code);
}

static const char *next_step(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "check the name in --url, and the network";
    case CURLE_SSL_CONNECT_ERROR:
        return "check that the server speaks HTTPS at this port";
    default:
        return "is the server running, and --url right?";
    }
}

/* TLS begins when there is a connection, though libcurl counts both as one. */
static bool is_tls(CURLcode code)
{
    return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
           code == CURLE_SSL_CIPHER || code == CURLE_SSL_CERTPROBLEM;
}

/* libcurl's words have the host that it tried between two blanks, a proxy's where there is one. */
static bool names_host(const struct exchange *x, const char *host)
{
    struct buf word = {0};
    buf_printf(&word, " %s ", host);
    bool found = strstr(x->error, buf_text(&word)) != NULL;
    buf_release(&word);
    return found;
}

/* Of a proxy that it cannot use libcurl's words repeat all, the password too. */
static bool is_unusable(const struct exchange *x, CURLcode code, const struct http_proxy *proxy)
{
    long error = 0;
    curl_easy_getinfo(x->http->easy, CURLINFO_OS_ERRNO, &error);
    if (code == CURLE_NOT_BUILT_IN)
        return true;
    return !proxy->name &&
           (code == CURLE_COULDNT_RESOLVE_PROXY || (code == CURLE_COULDNT_CONNECT && error == 0));
}

/* Whether it failed between the proxy and the server, or in what the proxy said of that. */
static bool is_behind_proxy(const struct exchange *x, CURLcode code)
{
#if LIBCURL_VERSION_NUM >= 0x074900
    if (code == CURLE_PROXY)
        return true;
#endif
    return code == CURLE_RECV_ERROR && strstr(x->error, "Proxy CONNECT");
}

/* What a proxy called `proxy` has to do with it; false: nothing. */
static bool blame_proxy(struct exchange *x, CURLcode code, const char *variable,
                        const struct http_proxy *proxy)
{
    long answer = 0;
    curl_easy_getinfo(x->http->easy, CURLINFO_HTTP_CONNECTCODE, &answer);
    if (is_unusable(x, code, proxy))
        fail_set(x->fail, FAIL_UNREACHABLE,
                 "the proxy in %s cannot be used: it must look like http://host:port", variable);
    else if (proxy->name && answer >= 300)
        fail_set(x->fail, FAIL_UNREACHABLE,
                 "cannot connect to %s through the proxy %s: it answered with HTTP %ld",
                 x->http->config.origin, proxy->name, answer);
    else if (proxy->name && is_behind_proxy(x, code))
        fail_set(x->fail, FAIL_UNREACHABLE, "cannot connect to %s through the proxy %s: %s",
                 x->http->config.origin, proxy->name, reason(x, code));
    else if (proxy->name && (code == CURLE_COULDNT_RESOLVE_PROXY ||
                             (code == CURLE_COULDNT_CONNECT && names_host(x, proxy->host))))
        fail_set(x->fail, FAIL_UNREACHABLE, "cannot connect to the proxy %s: %s", proxy->name,
                 connect_reason(x, code));
    else
        return false;
    fail_hint(x->fail, "check the proxy that the environment names");
    return true;
}

static bool is_proxys_fault(struct exchange *x, CURLcode code)
{
    const struct http_config *config = &x->http->config;
    const char *variable = http_proxy_variable(strncmp(config->origin, "https:", 6) == 0);
    struct http_proxy proxy;
    if (config->loopback || !variable)
        return false;
    http_proxy_parse(getenv(variable), &proxy);
    bool blamed = blame_proxy(x, code, variable, &proxy);
    http_proxy_release(&proxy);
    return blamed;
}

static int fail_unconnected(struct exchange *x, CURLcode code)
{
    const char *origin = x->http->config.origin;
    x->http->times.proxy_failed = is_proxys_fault(x, code);
    if (x->http->times.proxy_failed)
        return -1;
    x->http->times.tls_failed = is_tls(code);
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return http_fail_connect_clock(x);
    case CURLE_PEER_FAILED_VERIFICATION:
        fail_set(x->fail, FAIL_UNREACHABLE, "cannot trust %s: %s", origin, reason(x, code));
        fail_hint(x->fail, "--cacert FILE names the authority that signed it");
        return -1;
    case CURLE_SSL_CACERT_BADFILE:
        return fail_set(x->fail, FAIL_INPUT, "cannot read the certificates: %s", reason(x, code));
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
        return fail_set(x->fail, FAIL_SOFTWARE, "libcurl: %s", reason(x, code));
    default:
        fail_set(x->fail, FAIL_UNREACHABLE, "cannot connect to %s: %s", origin,
                 connect_reason(x, code));
        fail_hint(x->fail, "%s", next_step(code));
        return -1;
    }
}

static int fail_connected(struct exchange *x, CURLcode code)
{
    switch (code) {
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
        return fail_set(x->fail, FAIL_PROTOCOL, "the server does not speak HTTP as it should: %s",
                        reason(x, code));
    case CURLE_OUT_OF_MEMORY: /* what libcurl also says of a header line beyond its bound */
        return fail_set(x->fail, FAIL_PROTOCOL,
                        "the server does not speak HTTP as it should: a header is too long, or "
                        "memory too short for it");
    case CURLE_SEND_FAIL_REWIND: /* that it would have sent the request again is its own affair */
        return fail_set(x->fail, FAIL_CUT, "the connection was lost before an answer");
    default:
        return fail_set(x->fail, FAIL_CUT, "the connection was lost%s: %s",
                        x->headers_done ? "" : " before an answer", reason(x, code));
    }
}

int http_conclude(struct exchange *x, CURLcode code)
{
    if (fail_is_set(x->fail))
        return -1;
    if (x->headers_done && x->response->status >= 300)
        return 0; /* a refusal whose words are cut is one all the same */
    if (x->full || (code == CURLE_OK && (x->headers_done || x->enough)))
        return 0;
    if (code == CURLE_OK)
        return fail_set(x->fail, FAIL_CUT, "the connection was lost inside the response's headers");
    return x->response->sent ? fail_connected(x, code) : fail_unconnected(x, code);
}
