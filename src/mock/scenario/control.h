/* SPDX-License-Identifier: MIT */
/* The calls below /mock, by which a test controls the mock and waits for it. Implements "CONTROL"
   of sigmasight-mock(1). */
#ifndef MOCK_SCENARIO_CONTROL_H
#define MOCK_SCENARIO_CONTROL_H

#include "mock/http/gates.h"
#include "mock/http/message.h"

#include <stdbool.h>

/* Whether the path is one of these calls. */
bool control_owns(const char *path);
/* Answers such a call, which may block. `reply` is fresh from reply_init. */
void control_answer(struct gates *gates, const struct request *request, struct reply *reply);

#endif
