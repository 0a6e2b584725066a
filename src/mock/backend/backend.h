/* SPDX-License-Identifier: MIT */
/* The SigmaSight chat API in its two generations, with canned answers instead of a model. */
#ifndef MOCK_BACKEND_BACKEND_H
#define MOCK_BACKEND_BACKEND_H

#include "core/fail.h"
#include "core/strings.h"
#include "mock/http/message.h"

#include <stdbool.h>
#include <stdint.h>

/* The texts are borrowed from the command line, except the tokens. */
struct backend_options {
    int64_t generation; /* 1 or 2 */
    struct strings tokens;
    int64_t token_life; /* seconds */
    bool web_tokens;    /* tokens from login are refused */
    int64_t portfolios; /* of each account */
    int64_t pace;       /* ms */
    bool trim_deltas;
    bool broken_history;
    const char *answer;  /* a file; NULL for canned answers */
    const char *error;   /* the code of every answer; NULL for none */
    int64_t rate_limit;  /* calls a second, 0: any number */
    int64_t retry_after; /* seconds, -1: no such header */
};

/* The most that --portfolios can be. */
enum { BACKEND_PORTFOLIOS = 4 };

struct backend;

/* Borrows the options. NULL with FAIL_INPUT when the recorded answer cannot be read, FAIL_USAGE
   when the error code is unknown. */
struct backend *backend_new(const struct backend_options *options, struct fail *f);
void backend_free(struct backend *b);

/* Answers any request. `reply` is fresh from reply_init and borrows from the backend. From any
   thread. */
void backend_answer(struct backend *b, const struct request *request, struct reply *reply);

/* Whether an error code is known. */
bool backend_knows_error(struct span code);

#endif
