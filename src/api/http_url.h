/* SPDX-License-Identifier: MIT */
/* The URL of the API and of a proxy, parsed by libcurl so that both agree on what it means. */
#ifndef API_HTTP_URL_H
#define API_HTTP_URL_H

#include "core/fail.h"

#include <stdbool.h>

struct http_url {
    bool https;
    bool loopback; /* localhost, *.localhost, 127.0.0.0/8 (also written as IPv6), ::1 */
    char *origin;  /* scheme://host:port, owned */
};

/* An API base URL. -1 with FAIL_CONFIG when it is not http(s) or carries a user, a query or a
   fragment. */
int http_url_parse(const char *text, struct http_url *url, struct fail *fail);

/* The variable of the environment in which libcurl finds a proxy for such an address, NULL for
   none. no_proxy is not looked at. */
const char *http_proxy_variable(bool https);

/* A proxy as messages may show it. `name` is owned, and NULL where it cannot be used. */
struct http_proxy {
    char *name; /* scheme://host:port, without user and password */
    int port;   /* also where `value` names none */
};

/* `value` is that of a variable. -1 when no proxy can be made of it. */
int http_proxy_parse(const char *value, struct http_proxy *proxy);
void http_proxy_release(struct http_proxy *proxy);

#endif
