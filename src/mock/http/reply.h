/* SPDX-License-Identifier: MIT */
/* What a request is answered with, before it becomes bytes on a connection. */
#ifndef MOCK_HTTP_REPLY_H
#define MOCK_HTTP_REPLY_H

#include "core/buf.h"
#include "mock/http/script.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct header {
    char *name, *value;
};

/* In the order in which they are sent. Owned; a zeroed one is empty. */
struct headers {
    struct header *list;
    size_t count;
};

void headers_release(struct headers *h);
/* Copies both. */
void headers_add(struct headers *h, const char *name, const char *value);
/* Every one of that name, in any case. */
void headers_remove(struct headers *h, const char *name);
/* The first value of that name, NULL for none. */
const char *headers_find(const struct headers *h, const char *name);

/* Owned: reply_release. */
struct reply {
    unsigned status;
    char *reason; /* NULL: the usual one */
    struct headers headers;
    struct buf body; /* when it is not streamed */
    bool streamed;   /* the body is `script` */
    struct script script;
    size_t lead;    /* so many steps of the script come before the headers */
    int64_t length; /* of a streamed body; -1: chunked */
    bool bare;      /* the script is all that is sent: no status line, no headers */
};

/* An empty 200 with uvicorn's headers. */
void reply_init(struct reply *r);
void reply_release(struct reply *r);

/* The body is JSON, which the caller writes to r->body. */
void reply_json(struct reply *r, unsigned status);
/* {"detail":"TEXT"} */
void reply_detail(struct reply *r, unsigned status, const char *text);
/* As FastAPI refuses credentials. */
void reply_unauthorized(struct reply *r);
/* An event stream, which the caller writes to r->script. */
void reply_stream(struct reply *r);

#endif
