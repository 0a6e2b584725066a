/* SPDX-License-Identifier: MIT */
/* The calls below /mock, with which a test steers this program and waits for it. Implements
   "CONTROL" of sigmasight-mock(1). */
#ifndef MOCK_SCENARIO_CONTROL_H
#define MOCK_SCENARIO_CONTROL_H

#include "mock/http/reply.h"
#include "mock/http/request.h"
#include "mock/http/stage.h"

#include <stdbool.h>

/* Whether the path is one of those. */
bool control_owns(const char *path);
/* Answers; blocks as the call demands. `reply` is fresh from reply_init. */
void control_answer(struct stage *stage, const struct request *request, struct reply *reply);

#endif
