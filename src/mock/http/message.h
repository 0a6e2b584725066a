/* SPDX-License-Identifier: MIT */
/* A request that was received completely, and the response to it before it is sent. */
#ifndef MOCK_HTTP_MESSAGE_H
#define MOCK_HTTP_MESSAGE_H

#include "core/buf.h"
#include "core/span.h"
#include "mock/http/script.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REQUEST_BODY_MAX = 8 * 1024 * 1024 };

struct request {
    struct MHD_Connection *connection;
    int fd;                       /* the connection's socket */
    const char *method, *version; /* "GET", "HTTP/1.1"; libmicrohttpd's */
    const char *path;             /* without the query, percent-decoded; libmicrohttpd's */
    char *target;                 /* as in the request line, with the query; owned */
    struct buf body;              /* at most REQUEST_BODY_MAX bytes; `full` if there were more */
    bool counted;                 /* a call of the API, not of the control interface */
    const char *error;            /* the error code that a scenario demands; NULL for none */
};

/* Borrowed from the request; NULL if absent. */
const char *request_header(const struct request *r, const char *name);
const char *request_query(const struct request *r, const char *name);
/* The token of "Authorization: Bearer TOKEN"; empty without it. */
struct span request_token(const struct request *r);
/* The path below /api/v1, with its slash; NULL for any other path. */
const char *request_api_path(const struct request *r);

/* Whether a path matches the pattern, in which `*` stands for a segment. *segment, unless NULL,
   gets the first of these, which cannot be empty; borrowed from `path`. */
bool path_matches(const char *pattern, const char *path, struct span *segment);

/* Headers in the order in which they are sent. Zeroed is empty. Release with headers_release. */
struct headers {
    struct header {
        char *name;
        char *value; /* NULL in a scenario: the header is removed */
    } * list;
    size_t count;
};

void headers_release(struct headers *h);
void headers_add(struct headers *h, const char *name, const char *value);
/* Removes the headers that have a name in `from`, and adds those that also have a value. */
void headers_replace(struct headers *h, const struct headers *from);
/* The first header of that name, which is compared case-insensitively; NULL for none. */
const struct header *headers_find(const struct headers *h, const char *name);

/* Initialize with reply_init, release with reply_release. */
struct reply {
    unsigned status;
    const char *reason; /* NULL: that of the status; borrowed */
    struct headers headers;
    struct buf body; /* unless `streamed` */
    bool streamed;   /* the body is the output of `script` */
    struct script script;
    size_t lead;    /* the number of steps before the head is sent */
    int64_t length; /* of a streamed body in bytes; -1: chunked */
    bool bare;      /* no head is sent, only the output of the script */
};

/* An empty 200 with uvicorn's headers. */
void reply_init(struct reply *r);
void reply_release(struct reply *r);

/* A JSON body, which the caller writes to r->body. */
void reply_json(struct reply *r, unsigned status);
/* {"detail":"TEXT"} */
void reply_detail(struct reply *r, unsigned status, const char *text);
/* An event stream, which the caller writes to r->script. */
void reply_stream(struct reply *r);

#endif
