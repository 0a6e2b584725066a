/* SPDX-License-Identifier: MIT */
/* Scenarios: a file that says how to answer which request, byte by byte where that matters.
   Implements "SCENARIOS" of sigmasight-mock(1). */
#ifndef MOCK_SCENARIO_SCENARIO_H
#define MOCK_SCENARIO_SCENARIO_H

#include "core/fail.h"
#include "mock/http/reply.h"
#include "mock/http/request.h"

#include <stdbool.h>

struct scenario;

/* NULL with FAIL_INPUT (a file cannot be read) or FAIL_DATA; the message begins "FILE:LINE: ". */
struct scenario *scenario_load(const char *path, struct fail *f);
void scenario_free(struct scenario *s);

/* Takes the next block for this call of the API. False when there is none, or when it leaves the
   request to the built-in behaviour: `reply` is as it was. Else `reply`, fresh from reply_init,
   is complete; it borrows from the scenario. From any thread. */
bool scenario_answer(struct scenario *s, const struct request *request, struct reply *reply);

#endif
