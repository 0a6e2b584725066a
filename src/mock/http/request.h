/* SPDX-License-Identifier: MIT */
/* A request that has come in complete. */
#ifndef MOCK_HTTP_REQUEST_H
#define MOCK_HTTP_REQUEST_H

#include "core/buf.h"
#include "core/span.h"

#include <microhttpd.h>
#include <stdbool.h>

enum { REQUEST_BODY_MAX = 8 * 1024 * 1024 };

struct request {
    struct MHD_Connection *connection;
    int fd; /* the connection's socket */
    char *method;
    char *target;    /* as it stands in the request line, with the query */
    char *version;   /* "HTTP/1.1" */
    char *path;      /* without the query, percent escapes decoded */
    struct buf body; /* at most REQUEST_BODY_MAX; `full` when there was more */
    bool counted;    /* a call of the API, not one that steers this program */
};

/* Both are the HTTP library's and live as long as the request; NULL when absent. */
const char *request_header(const struct request *r, const char *name);
const char *request_query(const struct request *r, const char *name);

/* The token of "Authorization: Bearer TOKEN"; empty for none and for any other scheme. */
struct span request_token(const struct request *r);

/* The path below /api/v1, with its slash; NULL for any other path. */
const char *request_api_path(const struct request *r);

/* Whether a path is as the pattern says, in which `*` stands for one segment that is not empty;
   the first of these goes to *segment (may be NULL), which borrows from `path`. */
bool path_matches(const char *pattern, const char *path, struct span *segment);

#endif
