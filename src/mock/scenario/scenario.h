/* SPDX-License-Identifier: MIT */
/* Scenarios: files that say how to answer which request, byte by byte if necessary. Implements
   "SCENARIOS" of sigmasight-mock(1). */
#ifndef MOCK_SCENARIO_SCENARIO_H
#define MOCK_SCENARIO_SCENARIO_H

#include "core/fail.h"
#include "mock/http/message.h"

#include <stdbool.h>

struct scenario;

/* NULL with FAIL_INPUT (a file cannot be read) or FAIL_DATA. */
struct scenario *scenario_load(const char *path, struct fail *f);
void scenario_free(struct scenario *s);

/* Answers this call of the API with its next block. `reply` is fresh from reply_init and borrows
   from the scenario. False if there is no block or if it leaves the request to the backend: then
   `reply` is unchanged, and request->error is set if the answer must fail. From any thread. */
bool scenario_answer(struct scenario *s, struct request *request, struct reply *reply);

#endif
