/* SPDX-License-Identifier: MIT */
/* HTTP requests over libcurl, one at a time, with time limits and an immediate end on a signal.
   Together with the other files http_* this is the only user of libcurl. */
#ifndef API_HTTP_H
#define API_HTTP_H

#include "core/buf.h"
#include "core/fail.h"
#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Settings for all requests. Strings are borrowed for the life of the client; times are in
   microseconds, 0 for no limit. */
struct http_config {
    const char *origin;         /* scheme://host:port, for messages */
    const char *url_setting;    /* "--url", or that with its origin, for hints */
    bool loopback;              /* the server is this machine: no proxy is used */
    const char *cacert;         /* PEM file, NULL: the system's */
    const char *capath;         /* hashed directory, NULL: the system's */
    const char *cert, *key;     /* PEM files of the client, NULL: none */
    const char *const *headers; /* "NAME: VALUE" for the server */
    size_t header_count;
    bool insecure;           /* do not verify the server's certificate */
    int64_t connect_timeout; /* resolve, connect, proxy, TLS */
    int64_t idle_timeout;    /* the longest time without a byte received */
    int64_t deadline;        /* sys_now_us() at which every request is aborted */
    int64_t max_time;        /* --max-time, for messages */
    /* Receives the lines of the exchange, see http_trace.h. May be NULL. */
    void (*trace)(void *arg, char kind, struct span line);
    void *trace_arg;
};

struct http;

/* Initialises libcurl. FAIL_SOFTWARE. */
struct http *http_new(const struct http_config *config, struct fail *fail);
void http_free(struct http *h);
/* The setting to check if the server does not answer as the API: "--url (set by SIGMASIGHT_URL)".
   Borrowed. */
const char *http_url_setting(const struct http *h);
/* "libcurl/7.88.1": the version at run time. */
const char *http_version(void);

/* When the last new connection had resolved the name, was connected and had completed the TLS
   handshake: sys_now_us(), 0 for never. tls_failed: the connection was established, but the
   handshake failed. proxy_failed: the proxy failed, so the server was not reached. */
struct http_times {
    int64_t resolved, connected, secured;
    bool used; /* a connection, new or reused, was ready for a request */
    bool tls_failed, proxy_failed;
};

/* Of the exchanges since http_forget_times. */
struct http_times http_times(const struct http *h);
/* Resets the times. A connection that is reused afterwards has no times. */
void http_forget_times(struct http *h);
/* The IP address of the last connection, which may be a proxy's, or "". Borrowed until the next
   request. */
const char *http_address(const struct http *h);

/* Sets a function that is called with sys_now_us() while a request waits, for the status line. It
   returns when to call it again, INT64_MAX for never. */
void http_on_tick(struct http *h, int64_t (*tick)(void *arg, int64_t now), void *arg);

/* Sets the grace period: how long a request may continue after a signal was caught, in
   microseconds. 0, the default, aborts it at once. */
void http_set_grace(struct http *h, int64_t us);
/* Replaces the deadline of the configuration. */
void http_set_deadline(struct http *h, int64_t at);

/* A response. Initialised by http_response_init and owned by the caller. */
struct http_response {
    int status;
    const char *url_setting; /* of the configuration, borrowed; see http_url_setting */
    struct buf content_type, location;
    struct buf content_encoding; /* empty for identity */
    int64_t retry_after; /* ms from now: Retry-After, or X-RateLimit-Reset of a 429; -1 for none */
    struct buf body;     /* unless the hooks accepted it; at most HTTP_BODY_MAX */
    struct buf request_body; /* unless the hooks accepted the body: messages must not repeat it */
    int64_t sent; /* sys_now_us() when the request went out, in whole or in part; 0 before */
};

enum { HTTP_BODY_MAX = 1 << 20 };

void http_response_init(struct http_response *r);
void http_response_release(struct http_response *r);

enum http_verdict { HTTP_GO_ON, HTTP_ENOUGH };

/* For a response that is processed while it arrives. Each may set *fail and return -1 to end it. */
struct http_hooks {
    void *arg;
    /* The headers are complete. true: `body` receives the body; false: it is collected. */
    bool (*takes)(void *arg, const struct http_response *response, struct fail *fail);
    int (*body)(void *arg, struct span bytes, struct fail *fail);
    /* All bytes received so far were passed to `body`: write the output. */
    int (*turn)(void *arg, struct fail *fail);
    /* Called once in each turn; `now` is from before its bytes were read. HTTP_ENOUGH ends the
       exchange without a failure. *wake is the time of the next call and may be set to an earlier
       one. */
    int (*tick)(void *arg, int64_t now, int64_t *wake, struct fail *fail);
};

struct http_request {
    const char *method;
    const char *url;
    const char *token;              /* bearer, NULL for none */
    const char *accept;             /* media type */
    struct span body;               /* JSON; `at` NULL for none */
    const struct http_hooks *hooks; /* NULL: the body is collected */
};

/* A connection that was idle for longer is not reused: the server or a middlebox may have closed
   it. */
enum { HTTP_IDLE_SECONDS = 3 };

/* Performs one exchange; *response is reset first. 0 if a response with any status was received
   completely, or a hook returned HTTP_ENOUGH. -1 with *fail: FAIL_INPUT for a certificate or key
   file, FAIL_UNREACHABLE, FAIL_NOT_LISTENING, FAIL_CERTIFICATE, FAIL_SERVER_OTHER for a server with
   HTTP/2 only, FAIL_UNSENT, FAIL_CUT, FAIL_CLOCK, FAIL_DEADLINE, FAIL_PROTOCOL, FAIL_SIGNAL,
   FAIL_SOFTWARE or the failure of a hook. The body is sent once: libcurl cannot rewind it and
   therefore never repeats a request by itself. */
int http_run(struct http *h, const struct http_request *request, struct http_response *response,
             struct fail *fail);

#endif
