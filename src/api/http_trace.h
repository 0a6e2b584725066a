/* SPDX-License-Identifier: MIT */
/* The HTTP exchange as shown by -vv, one line at a time. Bodies are omitted. Values of headers are
   masked unless the header is known to be public: they may be tokens, cookies or passwords. */
#ifndef API_HTTP_TRACE_H
#define API_HTTP_TRACE_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>

struct http_trace {
    /* Called for each line; `kind` is '>' or '<' for headers, '*' for libcurl's information. NULL:
       no trace. */
    void (*show)(void *arg, char kind, struct span line);
    void *arg;
    const char *const *headers; /* set by the user, as "NAME: VALUE": masked, whatever NAME is */
    size_t header_count;
    struct buf sent, received; /* an incomplete line */
    bool in_head;              /* in the request's headers, after its first line */
};

/* Shows the lines that these bytes complete. */
void http_trace_bytes(struct http_trace *t, char kind, struct span bytes);
void http_trace_release(struct http_trace *t);

#endif
