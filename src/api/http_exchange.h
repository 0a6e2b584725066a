/* SPDX-License-Identifier: MIT */
/* What the parts of api/http.h share: http.c runs an exchange, http_receive.c takes in what libcurl
   delivers of it. */
#ifndef API_HTTP_EXCHANGE_H
#define API_HTTP_EXCHANGE_H

#include "api/http.h"

#include <curl/curl.h>

struct http {
    struct http_config config;
    CURLM *multi;
    CURL *easy;
    struct buf trace_line;
    struct buf gathered; /* of a body that the hooks take, in this turn */
    struct http_times times;
    char address[64]; /* of the newest connection */
    int64_t (*tick)(void *arg, int64_t now);
    void *tick_arg;
    int64_t patience;    /* see http_patience */
    int64_t interrupted; /* when a signal was noticed, 0 before */
};

/* What belongs to the exchange under way. */
struct exchange {
    struct http *http;
    const struct http_request *request;
    struct http_response *response;
    struct fail *fail;
    size_t sent;         /* of the request body */
    size_t header_bytes; /* of the response, to bound them */
    bool connecting;     /* a connection was tried to an address, with `port` */
    int port;
    bool ready;    /* a connection was ready for the request */
    bool answered; /* a byte of the response came */
    bool headers_done;
    bool taken;    /* the hooks take the body */
    bool received; /* bytes came in this turn */
    bool enough;   /* a hook ended it */
    bool full;     /* the collected body has reached its bound */
    int64_t reset; /* X-RateLimit-Reset, Unix seconds, 0 without */
    int64_t begun, last_byte;
    char error[CURL_ERROR_SIZE];
};

/* Sets libcurl's callbacks for the body out, headers and body in, and the trace. */
void http_receive_with(struct http *h);
/* Where they find the exchange under way. */
void http_receive_for(struct exchange *x);
/* Passes on what was gathered of the body: after each turn of libcurl. Fails as the hook does. */
int http_deliver(struct exchange *x);

#endif
