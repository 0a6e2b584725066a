/* SPDX-License-Identifier: MIT */
/* What scenario_file.c reads and scenario.c answers with. */
#ifndef MOCK_SCENARIO_BLOCK_H
#define MOCK_SCENARIO_BLOCK_H

#include "core/fail.h"
#include "mock/http/reply.h"
#include "mock/http/script.h"
#include "mock/scenario/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A step of a script before the request is known. */
struct block_step {
    enum step_kind kind;
    struct text text; /* STEP_BYTES, STEP_GATE */
    uint64_t count;   /* as in struct step, for STEP_BYTES only with `fill` */
    bool fill;        /* the text over and over */
    bool framed;      /* the bytes are written as an HTTP chunk */
};

/* How one request is answered. */
struct block {
    unsigned status;
    char *reason; /* NULL: the usual one */
    struct headers add, drop;
    bool has_head;  /* a status or header was said; the steps before it come first */
    size_t lead;    /* so many */
    bool once;      /* not again, even if it is the last one */
    bool builtin;   /* `default` */
    bool bare;      /* begins with `wire` */
    bool events;    /* its output is an event stream */
    bool framing;   /* `frame` was said */
    uint64_t limit; /* of `cut` */
    bool ended;     /* nothing can follow */
    struct block_step *steps;
    size_t count;
};

/* The blocks for one METHOD PATH, used one after the other. */
struct block_list {
    char *method, *path; /* with `*` in them */
    struct block *blocks;
    size_t count;
    size_t used;       /* so many have answered */
    uint64_t attempts; /* so many requests came */
};

struct block_lists {
    struct block_list *list;
    size_t count;
};

/* Reads a scenario file; `out` is empty before, and released by the caller also after a failure.
   -1 with FAIL_INPUT or FAIL_DATA. */
int block_lists_read(struct block_lists *out, const char *path, struct fail *f);
void block_lists_release(struct block_lists *lists);

#endif
