/* SPDX-License-Identifier: MIT */
/* A request that was received completely. */
#ifndef MOCK_HTTP_REQUEST_H
#define MOCK_HTTP_REQUEST_H

#include "core/buf.h"
#include "core/span.h"

#include <microhttpd.h>
#include <stdbool.h>

enum { REQUEST_BODY_MAX = 8 * 1024 * 1024, ERROR_SIZE = 40 };

struct request {
    struct MHD_Connection *connection;
    int fd; /* the connection's socket */
    char *method;
    char *target;           /* as in the request line, with the query */
    char *version;          /* "HTTP/1.1" */
    char *path;             /* without the query, percent escapes decoded */
    struct buf body;        /* at most REQUEST_BODY_MAX bytes; `full` when there were more */
    bool counted;           /* a call of the API, not of the control interface */
    char error[ERROR_SIZE]; /* the error that a scenario demands; empty for none */
};

/* Borrowed from the request; NULL when absent. */
const char *request_header(const struct request *r, const char *name);
const char *request_query(const struct request *r, const char *name);

/* The token of "Authorization: Bearer TOKEN"; empty without it. */
struct span request_token(const struct request *r);

/* The path below /api/v1, with its slash; NULL for any other path. */
const char *request_api_path(const struct request *r);

/* Whether a path matches the pattern, in which `*` stands for a segment that is not empty. *segment
   (may be NULL) gets the first of these, borrowed from `path`. */
bool path_matches(const char *pattern, const char *path, struct span *segment);

#endif
