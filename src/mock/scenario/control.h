/* SPDX-License-Identifier: MIT */
/* The calls below /mock, by which a test steers the mock and waits for it. Implements "CONTROL" of
   sigmasight-mock(1). */
#ifndef MOCK_SCENARIO_CONTROL_H
#define MOCK_SCENARIO_CONTROL_H

#include "mock/http/gates.h"
#include "mock/http/reply.h"
#include "mock/http/request.h"

#include <stdbool.h>

/* Whether the path is one of these calls. */
bool control_owns(const char *path);
/* Answers; blocks as long as the call demands. `reply` is fresh from reply_init. */
void control_answer(struct gates *gates, const struct request *request, struct reply *reply);

#endif
