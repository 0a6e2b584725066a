/* SPDX-License-Identifier: MIT */
/* The response to a request, before it is written to the connection. */
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

/* In the order in which they are sent. Owned: headers_release. A zeroed one is empty. */
struct headers {
    struct header *list;
    size_t count;
};

void headers_release(struct headers *h);
void headers_add(struct headers *h, const char *name, const char *value);
/* Names are compared without regard to case. */
void headers_remove(struct headers *h, const char *name);
/* The first value of that name; NULL for none. */
const char *headers_find(const struct headers *h, const char *name);

/* Owned: reply_release. */
struct reply {
    unsigned status;
    char *reason; /* NULL: that of the status */
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
