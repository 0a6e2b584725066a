/* SPDX-License-Identifier: MIT */
/* The HTTP exchange as -vv shows it, one line at a time. Bodies are left out, and so are the values
   of all headers that are not known to be harmless: they may be tokens, cookies or passwords. */
#ifndef API_HTTP_TRACE_H
#define API_HTTP_TRACE_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>

struct http_trace {
    /* Gets each line: '>' and '<' headers, '*' remarks of libcurl. NULL: nothing is shown. */
    void (*show)(void *arg, char kind, struct span line);
    void *arg;
    struct buf sent, received; /* the beginning of a line whose end has not come yet */
    bool in_head;              /* of the request: after its first line */
};

/* Shows the lines that these bytes complete. */
void http_trace_bytes(struct http_trace *t, char kind, struct span bytes);
void http_trace_release(struct http_trace *t);

#endif
