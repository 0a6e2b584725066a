/* SPDX-License-Identifier: MIT */
#include "api/http_result.h"

#include "api/http_url.h"
#include "core/buf.h"
#include "system/system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* CURLE_TOO_LARGE: in the headers since libcurl 8.6, but the program may be built with older ones.
 */
enum { CODE_TOO_LARGE = 100 };

struct result_row {
    int code;
    enum http_meaning in[HTTP_PHASES]; /* connecting, ready, sent, answered */
};

/* For codes that are not listed. */
static const enum http_meaning other[HTTP_PHASES] = {HTTP_UNREACHABLE, HTTP_UNSENT, HTTP_LOST,
                                                     HTTP_LOST};

/* A kept connection may turn out to be closed when it is reused. libcurl then connects again, and a
   failure to connect is reported in a later phase than HTTP_CONNECTING: the connection was lost. */
static const struct result_row meanings[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, {HTTP_UNREACHABLE, HTTP_INVALID, HTTP_INVALID, HTTP_INVALID}},
    {CURLE_FAILED_INIT, {HTTP_INTERNAL, HTTP_INTERNAL, HTTP_INTERNAL, HTTP_INTERNAL}},
    {CURLE_NOT_BUILT_IN, {HTTP_PROXY_FAILED, HTTP_INTERNAL, HTTP_INTERNAL, HTTP_INTERNAL}},
    {CURLE_COULDNT_RESOLVE_PROXY, {HTTP_PROXY_FAILED, HTTP_UNSENT, HTTP_LOST, HTTP_LOST}},
    {CURLE_COULDNT_RESOLVE_HOST, {HTTP_NAME_UNKNOWN, HTTP_UNSENT, HTTP_LOST, HTTP_LOST}},
    {CURLE_WEIRD_SERVER_REPLY, {HTTP_UNREACHABLE, HTTP_INVALID, HTTP_INVALID, HTTP_INVALID}},
    /* Before 8.6 this is also the result for a header line that is too long. */
    {CURLE_OUT_OF_MEMORY, {HTTP_INTERNAL, HTTP_INTERNAL, HTTP_TOO_LARGE, HTTP_TOO_LARGE}},
    {CURLE_OPERATION_TIMEDOUT, {HTTP_CONNECT_TIMEOUT, HTTP_UNSENT, HTTP_LOST, HTTP_LOST}},
    /* In 8.23 also the result for a client key that cannot be used. */
    {CURLE_BAD_FUNCTION_ARGUMENT, {HTTP_BAD_FILE, HTTP_INTERNAL, HTTP_INTERNAL, HTTP_INTERNAL}},
    {CURLE_SSL_CONNECT_ERROR, {HTTP_TLS_FAILED, HTTP_UNSENT, HTTP_LOST, HTTP_LOST}},
    {CURLE_SSL_CERTPROBLEM, {HTTP_BAD_FILE, HTTP_BAD_FILE, HTTP_BAD_FILE, HTTP_BAD_FILE}},
    {CURLE_SSL_CIPHER, {HTTP_TLS_FAILED, HTTP_UNSENT, HTTP_LOST, HTTP_LOST}},
    {CURLE_PEER_FAILED_VERIFICATION, {HTTP_UNTRUSTED, HTTP_UNSENT, HTTP_LOST, HTTP_LOST}},
    /* Also the result for an invalid chunk and, before 8.6, for a trailer of more than 4 KiB. A TLS
       connection that was cut cannot be told apart from these. */
    {CURLE_RECV_ERROR, {HTTP_UNREACHABLE, HTTP_UNSENT, HTTP_LOST, HTTP_LOST}},
    {CURLE_BAD_CONTENT_ENCODING, {HTTP_UNREACHABLE, HTTP_INVALID, HTTP_INVALID, HTTP_INVALID}},
    /* A part of the request was sent on a connection that was reused. 8.14 reports this without
       calling the function for a ready connection. */
    {CURLE_SEND_FAIL_REWIND, {HTTP_LOST, HTTP_LOST, HTTP_LOST, HTTP_LOST}},
    {CURLE_SSL_CACERT_BADFILE, {HTTP_BAD_FILE, HTTP_BAD_FILE, HTTP_BAD_FILE, HTTP_BAD_FILE}},
    {CURLE_PROXY, {HTTP_PROXY_FAILED, HTTP_UNSENT, HTTP_LOST, HTTP_LOST}},
    {CURLE_SSL_CLIENTCERT, {HTTP_TLS_FAILED, HTTP_TLS_FAILED, HTTP_LOST, HTTP_LOST}},
    {CODE_TOO_LARGE, {HTTP_UNREACHABLE, HTTP_TOO_LARGE, HTTP_TOO_LARGE, HTTP_TOO_LARGE}},
};

enum http_meaning http_meaning(CURLcode code, enum http_phase phase)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].code == (int)code)
            return meanings[i].in[phase];
    return other[phase];
}

enum fail_cause http_cause(enum http_meaning meaning)
{
    switch (meaning) {
    case HTTP_BAD_FILE:
        return FAIL_INPUT;
    case HTTP_UNSENT:
        return FAIL_UNSENT;
    case HTTP_LOST:
        return FAIL_CUT;
    case HTTP_INVALID:
    case HTTP_TOO_LARGE:
        return FAIL_PROTOCOL;
    case HTTP_INTERNAL:
        return FAIL_SOFTWARE;
    default:
        return FAIL_UNREACHABLE;
    }
}

static const char *reason_of(const struct http_end *end)
{
    return end->text[0] ? end->text : curl_easy_strerror(end->code);
}

/* Why no connection was made, as an errno, or 0. With another code `error` may belong to an
   address that was tried before. */
static int connect_error(const struct http_end *end)
{
    return end->code == CURLE_COULDNT_CONNECT ? end->error : 0;
}

/* The system's description of the error if there is one, else libcurl's. */
static const char *connect_reason(const struct http_end *end)
{
    return connect_error(end) ? strerror(connect_error(end)) : reason_of(end);
}

/* Proxies. libcurl decides whether one is used, by its own rules for no_proxy, and older versions
   do not report it. */

static bool has_exceptions(void)
{
    return sys_getenv("no_proxy") || sys_getenv("NO_PROXY");
}

/* Whether the connection that failed was to the proxy. Without exceptions it always is; with some
   the port that was tried shows it. */
static bool is_to_proxy(const struct http_end *end, const struct http_proxy *proxy)
{
    int server_port = atoi(strrchr(end->origin, ':') + 1);
    return !has_exceptions() || (end->port == proxy->port && end->port != server_port);
}

/* Whether the name that was not resolved is the proxy's. libcurl 8.14 sometimes returns the code
   for the server's name. It resolves that itself only for a SOCKS proxy and for the exceptions. */
static bool is_name_of_proxy(const struct http_end *end, const struct http_proxy *proxy)
{
    bool socks = proxy->name && strncmp(proxy->name, "socks", 5) == 0;
    return end->code == CURLE_COULDNT_RESOLVE_PROXY ||
           (end->code == CURLE_COULDNT_RESOLVE_HOST && !socks && !has_exceptions());
}

/* libcurl's text about a proxy that cannot be used repeats all of the variable, the password too.
 */
static bool is_unusable(const struct http_end *end, const struct http_proxy *proxy)
{
    return end->code == CURLE_NOT_BUILT_IN ||
           (!proxy->name && end->port == 0 &&
            (is_name_of_proxy(end, proxy) || end->code == CURLE_COULDNT_CONNECT));
}

/* Records a failure of the proxy. False if the proxy did not fail. */
static bool blame_proxy(const struct http_end *end, enum http_meaning meaning, const char *variable,
                        const struct http_proxy *proxy, struct fail *fail)
{
    static const char hint[] = "check the proxy that the environment names";
    if (!proxy->name && !is_unusable(end, proxy))
        return false;
    if (is_unusable(end, proxy))
        fail_set_hint(fail, FAIL_UNREACHABLE, hint,
                      "invalid proxy in %s: expected http://host:port", variable);
    else if (end->proxy_status >= 300)
        fail_set_hint(fail, FAIL_UNREACHABLE, hint,
                      "cannot connect to %s through the proxy %s: it answered with HTTP %d",
                      end->origin, proxy->name, end->proxy_status);
    else if (is_name_of_proxy(end, proxy) ||
             (end->code == CURLE_COULDNT_CONNECT && is_to_proxy(end, proxy)))
        fail_set_hint(fail, FAIL_UNREACHABLE, hint, "cannot connect to the proxy %s: %s",
                      proxy->name, connect_reason(end));
    else if (meaning == HTTP_PROXY_FAILED ||
             (meaning == HTTP_UNREACHABLE && end->code != CURLE_COULDNT_CONNECT &&
              is_to_proxy(end, proxy)))
        fail_set_hint(fail, FAIL_UNREACHABLE, hint, "cannot connect to %s through the proxy %s: %s",
                      end->origin, proxy->name, reason_of(end));
    else
        return false;
    return true;
}

static bool is_proxys_fault(const struct http_end *end, enum http_meaning meaning,
                            struct fail *fail)
{
    const char *variable = http_proxy_variable(strncmp(end->origin, "https:", 6) == 0);
    struct http_proxy proxy;
    if (end->loopback || end->phase != HTTP_CONNECTING || !variable)
        return false;
    http_proxy_parse(getenv(variable), &proxy);
    bool blamed = blame_proxy(end, meaning, variable, &proxy, fail);
    http_proxy_release(&proxy);
    return blamed;
}

/* Certificates of the client. With TLS 1.3 they are refused after the handshake, when the request
   may have been sent. The server does not read it. */

/* What an alert (RFC 8446, 6.2) says about the certificate, NULL if nothing. */
static const char *refusal_of_certificate(int alert)
{
    static const struct {
        int alert;
        const char *words;
    } rows[] = {{42, "it is invalid"},         {43, "its type is not supported"},
                {44, "it is revoked"},         {45, "it has expired"},
                {46, "it cannot be accepted"}, {48, "its authority is unknown"},
                {49, "access denied"},         {116, "a certificate is required"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].alert == alert)
            return rows[i].words;
    return NULL;
}

/* Whether the server asked for a certificate and there is none. */
static bool lacks_certificate(const struct http_end *end)
{
    return end->wants_cert && !end->has_cert && end->phase != HTTP_ANSWERED;
}

/* Records the failure if the server refused the certificate or requires one. False if it did not.
   The alert may be lost if the server closes a connection with unread data. */
static bool blame_certificate(const struct http_end *end, struct fail *fail)
{
    enum { HANDSHAKE_FAILURE = 40 };
    const char *words = refusal_of_certificate(end->alert);
    if (lacks_certificate(end) &&
        (words || end->alert == HANDSHAKE_FAILURE || end->phase == HTTP_READY))
        fail_set_hint(fail, FAIL_CERTIFICATE, "--cert FILE names one",
                      "cannot connect to %s: the server requires a client certificate",
                      end->origin);
    else if (words && end->wants_cert && end->has_cert && end->phase != HTTP_ANSWERED)
        fail_set_hint(fail, FAIL_CERTIFICATE, "check --cert and --key",
                      "cannot connect to %s: the server refused the certificate of --cert: %s",
                      end->origin, words);
    else
        return false;
    return true;
}

static const char install_authorities[] =
    "install the package ca-certificates, or name a file with --cacert";

static int fail_to_connect(const struct http_end *end, enum http_meaning meaning, struct fail *fail)
{
    char *hint = NULL;
    switch (meaning) {
    case HTTP_CONNECT_TIMEOUT:
        return fail_set(fail, FAIL_UNREACHABLE,
                        "cannot connect to %s: no connection within %g s (--connect-timeout)",
                        end->origin, end->timeout);
    case HTTP_UNTRUSTED:
        return fail_set_hint(fail, FAIL_UNREACHABLE,
                             end->no_cas ? install_authorities
                                         : "--cacert FILE names the authority that signed it",
                             "cannot trust %s: %s", end->origin, reason_of(end));
    case HTTP_NAME_UNKNOWN:
        hint = buf_format("check the name in %s, and the network", end->url_setting);
        fail_set_hint(fail, FAIL_UNREACHABLE, hint, "cannot connect to %s: %s", end->origin,
                      reason_of(end));
        break;
    case HTTP_TLS_FAILED:
        return fail_set_hint(
            fail, FAIL_UNREACHABLE,
            "check that the server at this port accepts HTTPS, with HTTP/1.1 and TLS 1.2 or later",
            "cannot connect to %s: %s", end->origin, reason_of(end));
    default:
        if (end->loopback && connect_error(end) == ECONNREFUSED) {
            hint = buf_format("start the server, or check %s", end->url_setting);
            fail_set_hint(fail, FAIL_NOT_LISTENING, hint,
                          "cannot connect to %s: %s: nothing is listening there", end->origin,
                          connect_reason(end));
        } else {
            hint = buf_format("check that the server is running, and %s", end->url_setting);
            fail_set_hint(fail, FAIL_UNREACHABLE, hint, "cannot connect to %s: %s", end->origin,
                          connect_reason(end));
        }
        break;
    }
    free(hint);
    return -1;
}

static int fail_connected(const struct http_end *end, enum http_meaning meaning, struct fail *fail)
{
    enum fail_cause cause = http_cause(meaning);
    switch (meaning) {
    case HTTP_BAD_FILE:
        if (end->code == CURLE_SSL_CACERT_BADFILE && end->default_cas)
            return fail_set_hint(fail, cause, install_authorities,
                                 "cannot read the certificates: %s", reason_of(end));
        return fail_set(fail, cause, "cannot read the certificates: %s", reason_of(end));
    case HTTP_INTERNAL:
        return fail_set(fail, cause, "libcurl: %s", reason_of(end));
    case HTTP_INVALID:
        return fail_set(fail, cause, "invalid HTTP response: %s", reason_of(end));
    case HTTP_TOO_LARGE:
        return fail_set(fail, cause,
                        "invalid HTTP response: a header is too long, or there is not enough "
                        "memory for it");
    case HTTP_UNSENT:
        return fail_set(fail, cause, "the connection was lost before the request was sent: %s",
                        reason_of(end));
    default:
        /* libcurl describes that it would have repeated the request, not what was lost. */
        if (end->code == CURLE_SEND_FAIL_REWIND)
            return fail_set(fail, cause, "the connection was lost before an answer");
        if (lacks_certificate(end))
            return fail_set(fail, cause,
                            "the connection was lost after the server asked for a client "
                            "certificate (--cert): %s",
                            reason_of(end));
        return fail_set(fail, cause, "the connection was lost%s: %s",
                        end->in_body ? "" : " before an answer", reason_of(end));
    }
}

int http_result_fail(const struct http_end *end, enum http_culprit *culprit, struct fail *fail)
{
    enum http_meaning meaning = http_meaning(end->code, end->phase);
    *culprit = HTTP_BLAME_SERVER;
    if (is_proxys_fault(end, meaning, fail)) {
        *culprit = HTTP_BLAME_PROXY;
        return -1;
    }
    if (blame_certificate(end, fail)) {
        *culprit = HTTP_BLAME_TLS;
        return -1;
    }
    if (http_cause(meaning) != FAIL_UNREACHABLE)
        return fail_connected(end, meaning, fail);
    if (meaning == HTTP_TLS_FAILED || meaning == HTTP_UNTRUSTED)
        *culprit = HTTP_BLAME_TLS;
    return fail_to_connect(end, meaning, fail);
}
