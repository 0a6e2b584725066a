/* SPDX-License-Identifier: MIT */
/* Scenarios: files that say how to answer which request, byte by byte if necessary. Implements
   "SCENARIOS" of sigmasight-mock(1). */
#ifndef MOCK_SCENARIO_SCENARIO_H
#define MOCK_SCENARIO_SCENARIO_H

#include "core/fail.h"
#include "mock/http/reply.h"
#include "mock/http/request.h"

#include <stdbool.h>

struct scenario;

/* NULL with FAIL_INPUT (a file cannot be read) or FAIL_DATA; the message begins with "FILE:LINE: ".
 */
struct scenario *scenario_load(const char *path, struct fail *f);
void scenario_free(struct scenario *s);

/* Takes the next block for this call of the API and completes `reply`, which is fresh from
   reply_init and borrows from the scenario. False when there is no block, or when it leaves the
   request to the backend: then `reply` is unchanged and request->error may be set. From any
   thread. */
bool scenario_answer(struct scenario *s, struct request *request, struct reply *reply);

#endif
