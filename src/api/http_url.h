/* SPDX-License-Identifier: MIT */
/* What has to be known of the API's address before anything is sent there. Uses libcurl's parser,
   so that both read a URL in the same way. */
#ifndef API_HTTP_URL_H
#define API_HTTP_URL_H

#include "base/fail.h"

#include <stdbool.h>

struct http_url {
    bool https;
    bool loopback; /* localhost, *.localhost, 127.0.0.0/8 (also written as IPv6), ::1 */
    char *origin;  /* scheme://host:port, owned */
};

/* An API base URL. -1 with FAIL_CONFIG when it is not http(s) or carries a user, a query or a
   fragment. */
int http_url_parse(const char *text, struct http_url *url, struct fail *fail);

#endif
