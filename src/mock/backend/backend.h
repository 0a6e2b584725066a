/* SPDX-License-Identifier: MIT */
/* The SigmaSight chat API as the two generations of the backend in use answer it, without a model
   behind it: login, conversations and canned answers. */
#ifndef MOCK_BACKEND_BACKEND_H
#define MOCK_BACKEND_BACKEND_H

#include "core/fail.h"
#include "mock/http/reply.h"
#include "mock/http/request.h"
#include "mock/options.h"

struct backend;

/* Borrows the options. NULL with FAIL_INPUT when the recorded answer cannot be read. */
struct backend *backend_new(const struct options *options, struct fail *f);
void backend_free(struct backend *b);

/* Answers any request. `reply` is fresh from reply_init and borrows from the backend. From any
   thread. */
void backend_answer(struct backend *b, const struct request *request, struct reply *reply);

#endif
