/* SPDX-License-Identifier: MIT */
/* What each result code of libcurl means in each phase of a transfer. */
#include "api/http_result.h"
#include "unit.h"

#include <errno.h>

static const struct {
    int code;
    int status[HTTP_PHASES]; /* the exit status: connecting, ready, sent, answered */
    const char *what;
} known[] = {
    {CURLE_COULDNT_RESOLVE_PROXY, {69, 75, 75, 75}, "the proxy's name"},
    {CURLE_COULDNT_RESOLVE_HOST, {69, 75, 75, 75}, "the server's name"},
    {CURLE_COULDNT_CONNECT, {69, 75, 75, 75}, "refused"},
    {CURLE_WEIRD_SERVER_REPLY, {69, 76, 76, 76}, "no HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, {69, 76, 76, 76}, "HTTP/0.9"},
    {CURLE_BAD_CONTENT_ENCODING, {69, 76, 76, 76}, "a coding"},
    {CURLE_OPERATION_TIMEDOUT, {69, 75, 75, 75}, "--connect-timeout"},
    {CURLE_PARTIAL_FILE, {69, 75, 75, 75}, "a length too short"},
    {CURLE_OUT_OF_MEMORY, {70, 70, 76, 76}, "memory, or a header line too long"},
    {100, {69, 76, 76, 76}, "CURLE_TOO_LARGE: headers too long"},
    {CURLE_SSL_CONNECT_ERROR, {69, 75, 75, 75}, "TLS"},
    {CURLE_PEER_FAILED_VERIFICATION, {69, 75, 75, 75}, "the certificate"},
    {CURLE_SSL_CACERT_BADFILE, {66, 66, 66, 66}, "--cacert"},
    {CURLE_SSL_CERTPROBLEM, {66, 66, 66, 66}, "--cert"},
    {CURLE_BAD_FUNCTION_ARGUMENT, {66, 70, 70, 70}, "--key"},
    {CURLE_PROXY, {69, 75, 75, 75}, "the proxy"},
    {CURLE_NOT_BUILT_IN, {69, 70, 70, 70}, "an unsupported kind of proxy"},
    {CURLE_GOT_NOTHING, {69, 75, 75, 75}, "closed"},
    {CURLE_SEND_ERROR, {69, 75, 75, 75}, "reset while sending"},
    {CURLE_RECV_ERROR, {69, 75, 75, 75}, "reset"},
    {CURLE_SEND_FAIL_REWIND, {75, 75, 75, 75}, "a reused connection was closed"},
    {CURLE_FAILED_INIT, {70, 70, 70, 70}, "libcurl"},
};

static int fail_with(int code, enum http_phase phase, struct fail *fail)
{
    struct http_end end = {.code = (CURLcode)code,
                           .phase = phase,
                           .origin = "http://localhost:8000",
                           .loopback = true,
                           .text = ""};
    enum http_culprit culprit;
    return http_result_fail(&end, &culprit, fail);
}

static void known_codes(void)
{
    for (size_t i = 0; i < COUNT(known); i++) {
        for (enum http_phase phase = 0; phase < HTTP_PHASES; phase++) {
            struct fail fail = FAIL_INIT;
            check(fail_with(known[i].code, phase, &fail) == -1, "%s", known[i].what);
            check(fail_status(&fail) == known[i].status[phase], "%s in phase %d: %d", known[i].what,
                  (int)phase, fail_status(&fail));
            fail_release(&fail);
        }
    }
}

/* Also codes of later versions of libcurl. */
static void each_code(void)
{
    for (int code = CURLE_OK + 1; code < 2 * CURL_LAST; code++) {
        for (enum http_phase phase = 0; phase < HTTP_PHASES; phase++) {
            enum http_meaning meaning = http_meaning((CURLcode)code, phase);
            enum fail_cause cause = http_cause(meaning);
            struct fail fail = FAIL_INIT;
            fail_with(code, phase, &fail);
            check(fail_is_set(&fail) && fail.message[0], "%d in phase %d: no message", code,
                  (int)phase);
            check(phase == HTTP_CONNECTING || cause != FAIL_UNREACHABLE ||
                      meaning == HTTP_TLS_FAILED,
                  "%d in phase %d: connected, and no connection", code, (int)phase);
            check(phase != HTTP_CONNECTING || code == CURLE_SEND_FAIL_REWIND ||
                      (cause != FAIL_CUT && cause != FAIL_UNSENT),
                  "%d: nothing was connected, and it was lost", code);
            check(cause != FAIL_UNSENT || phase == HTTP_READY,
                  "%d in phase %d: nothing was sent, or was it?", code, (int)phase);
            fail_release(&fail);
        }
    }
}

static void refused_here(void)
{
    struct http_end end = {.code = CURLE_COULDNT_CONNECT,
                           .origin = "http://localhost:8000",
                           .loopback = true,
                           .text = "",
                           .error = ECONNREFUSED};
    enum http_culprit culprit;
    struct fail fail = FAIL_INIT;
    http_result_fail(&end, &culprit, &fail);
    check(fail.cause == FAIL_NOT_LISTENING, "this machine: %d", (int)fail.cause);
    fail_release(&fail);
    end.loopback = false;
    http_result_fail(&end, &culprit, &fail);
    check(fail.cause == FAIL_UNREACHABLE, "another one: %d", (int)fail.cause);
    fail_release(&fail);
    /* libcurl also reports the error of an address that it tried before. */
    end.loopback = true;
    end.code = CURLE_SSL_CONNECT_ERROR;
    http_result_fail(&end, &culprit, &fail);
    check(fail.cause == FAIL_UNREACHABLE, "another failure here: %d", (int)fail.cause);
    end.code = CURLE_RECV_ERROR;
    fail_release(&fail);
    http_result_fail(&end, &culprit, &fail);
    check(fail.cause == FAIL_UNREACHABLE, "a failure without a row here: %d", (int)fail.cause);
    fail_release(&fail);
}

/* A server that refuses the certificate of the client, or that there is none, does so in each phase
   up to the response. */
static void certificates(void)
{
    static const struct {
        int alert;
        bool wants_cert, has_cert;
        int status[HTTP_PHASES]; /* connecting, ready, sent, answered */
        const char *message;     /* a part of it, before the response */
    } rows[] = {
        {116, true, false, {69, 69, 69, 75}, "requires a client certificate"},
        {116, true, true, {69, 69, 69, 75}, "the certificate of --cert"},
        {48, true, true, {69, 69, 69, 75}, "its authority is unknown"},
        {42, true, false, {69, 69, 69, 75}, "requires a client certificate"},
        {40, true, false, {69, 69, 69, 75}, "requires a client certificate"},
        {40, true, true, {69, 75, 75, 75}, ""},
        {40, false, false, {69, 75, 75, 75}, ""},
        {42, false, false, {69, 75, 75, 75}, ""},
        {20, true, true, {69, 75, 75, 75}, ""},
        {0, true, false, {69, 69, 75, 75}, ""},
        {0, true, true, {69, 75, 75, 75}, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (enum http_phase phase = 0; phase < HTTP_PHASES; phase++) {
            struct http_end end = {.code = CURLE_RECV_ERROR,
                                   .phase = phase,
                                   .origin = "https://backend.test:443",
                                   .loopback = true,
                                   .text = "",
                                   .alert = rows[i].alert,
                                   .wants_cert = rows[i].wants_cert,
                                   .has_cert = rows[i].has_cert};
            enum http_culprit culprit;
            struct fail fail = FAIL_INIT;
            http_result_fail(&end, &culprit, &fail);
            check(fail_status(&fail) == rows[i].status[phase], "row %zu in phase %d: %d", i,
                  (int)phase, fail_status(&fail));
            check(phase == HTTP_ANSWERED || strstr(fail.message, rows[i].message),
                  "row %zu in phase %d: %s", i, (int)phase, fail.message);
            fail_release(&fail);
        }
    }
}

/* Whether the server or the proxy failed: by the code, and by the port if there are exceptions from
   the proxy. */
static void proxies(void)
{
    static const struct {
        const char *proxy, *exceptions;
        CURLcode code;
        int port;
        enum http_culprit culprit;
    } rows[] = {
        {"http://me:secret@proxy.test:3128", "", CURLE_COULDNT_CONNECT, 3128, HTTP_BLAME_PROXY},
        {"http://me:secret@proxy.test:3128", "elsewhere.test", CURLE_COULDNT_CONNECT, 3128,
         HTTP_BLAME_PROXY},
        {"http://me:secret@proxy.test:3128", "elsewhere.test", CURLE_COULDNT_CONNECT, 80,
         HTTP_BLAME_SERVER},
        {"http://me:secret@proxy.test:3128", "", CURLE_COULDNT_RESOLVE_PROXY, 0, HTTP_BLAME_PROXY},
        {"http://me:secret@proxy.test:3128", "", CURLE_COULDNT_RESOLVE_HOST, 0, HTTP_BLAME_PROXY},
        {"http://me:12/secret@proxy.test:1", "", CURLE_COULDNT_RESOLVE_HOST, 0, HTTP_BLAME_PROXY},
        {"socks5://me:secret@proxy.test:1", "", CURLE_COULDNT_RESOLVE_HOST, 0, HTTP_BLAME_SERVER},
        {"http://me:secret@proxy.test:3128", "elsewhere.test", CURLE_COULDNT_RESOLVE_HOST, 0,
         HTTP_BLAME_SERVER},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_end end = {.code = rows[i].code,
                               .origin = "http://backend.test:80",
                               .text = "",
                               .error = rows[i].port ? ECONNREFUSED : 0,
                               .port = rows[i].port};
        enum http_culprit culprit;
        struct fail fail = FAIL_INIT;
        setenv("http_proxy", rows[i].proxy, 1);
        setenv("no_proxy", rows[i].exceptions, 1);
        http_result_fail(&end, &culprit, &fail);
        check(culprit == rows[i].culprit, "row %zu: %d", i, (int)culprit);
        check(!strstr(fail.message, "secret"), "%s", fail.message);
        fail_release(&fail);
    }
}

int main(void)
{
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    unit_case("result: the codes that are known", known_codes);
    unit_case("result: each code in each phase", each_code);
    unit_case("result: nothing listens on this machine", refused_here);
    unit_case("result: certificates of the client", certificates);
    unit_case("result: the server or its proxy", proxies);
    return unit_status();
}
