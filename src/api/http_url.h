/* SPDX-License-Identifier: MIT */
/* The URLs of the API and of a proxy, parsed by libcurl so that it interprets them in the same way.
 */
#ifndef API_HTTP_URL_H
#define API_HTTP_URL_H

#include "core/fail.h"

#include <stdbool.h>

struct http_url {
    bool https;
    bool loopback; /* localhost, *.localhost, 127.0.0.0/8 (also written as IPv6), ::1 */
    char *origin;  /* scheme://host:port, owned */
};

/* Parses an API base URL. -1 with FAIL_CONFIG if it is not http(s) or has a user, a query or a
   fragment. */
int http_url_parse(const char *text, struct http_url *url, struct fail *fail);

/* The environment variable from which libcurl takes the proxy for this scheme, NULL for none.
   Ignores no_proxy. */
const char *http_proxy_variable(bool https);

/* A proxy as it may be shown in messages. `name` is owned; NULL if the proxy cannot be used. */
struct http_proxy {
    char *name; /* scheme://host:port, without user and password */
    int port;   /* the default if `value` has none */
};

/* Parses the value of a variable. -1 if it is not a valid proxy. */
int http_proxy_parse(const char *value, struct http_proxy *proxy);
void http_proxy_release(struct http_proxy *proxy);

#endif
