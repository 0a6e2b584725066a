/* SPDX-License-Identifier: MIT */
/* A scenario file as data: which blocks answer which requests, and their steps. */
#ifndef MOCK_SCENARIO_PARSE_H
#define MOCK_SCENARIO_PARSE_H

#include "core/fail.h"
#include "mock/http/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A step before the request is known. */
struct block_step {
    enum step_kind kind;
    struct buf text; /* STEP_BYTES: a template; STEP_GATE: the name */
    uint64_t count;  /* as in struct step; of STEP_BYTES only with `fill` */
    bool escapes;    /* the template has escapes */
    bool verbatim;   /* the text is not a template */
    bool fill;       /* the text is repeated to `count` bytes */
    bool framed;     /* the bytes are written as an HTTP chunk */
};

/* The response to one request. */
struct block {
    unsigned status;
    char *reason; /* NULL: that of the status */
    struct headers add, drop;
    bool has_head;  /* it sets the status or a header; the steps before that come first */
    size_t lead;    /* how many */
    bool once;      /* it is not used again, even if it is the last one */
    bool builtin;   /* `default` */
    char *error;    /* of `default`: the error code; NULL for none */
    bool bare;      /* begins with `wire` */
    bool events;    /* its output is an event stream */
    bool framing;   /* after `frame` */
    uint64_t limit; /* of `cut` */
    bool ended;     /* nothing can follow */
    struct block_step *steps;
    size_t count;
};

/* The blocks for one METHOD PATH, used one after the other. */
struct block_list {
    char *method, *path; /* patterns */
    struct block *blocks;
    size_t count;
    size_t used;       /* the number of blocks that have answered */
    uint64_t attempts; /* the number of requests */
};

/* Owned: block_lists_release. A zeroed one is empty. */
struct block_lists {
    struct block_list *list;
    size_t count;
};

/* Reads a scenario file into `out`, which is empty before, and which the caller releases also after
   a failure. -1 with FAIL_INPUT or FAIL_DATA; the message begins with "FILE:LINE: ". */
int block_lists_read(struct block_lists *out, const char *path, struct fail *f);
void block_lists_release(struct block_lists *lists);

#endif
