/* SPDX-License-Identifier: MIT */
/* What all connections share: the end of the program, the gates at which responses wait, and the
   count of requests. Every function may be called from any thread. */
#ifndef MOCK_HTTP_STAGE_H
#define MOCK_HTTP_STAGE_H

#include "core/span.h"
#include "mock/http/wait.h"

#include <stdbool.h>
#include <stdint.h>

struct stage;
struct gate;

/* NULL with errno. */
struct stage *stage_new(void);
void stage_free(struct stage *s);

/* Wakes everything that waits; what begins to wait later does not wait at all. */
void stage_stop(struct stage *s);
/* Happens with stage_stop. */
const struct latch *stage_stopped(const struct stage *s);

/* The gate of that name, closed when it is new; it lives as long as the stage. NULL with errno
   when there are no descriptors left. */
struct gate *stage_gate(struct stage *s, struct span name);
/* For good. */
void stage_open(struct stage *s, struct gate *g);
/* A response has come to the gate and goes no further until it is open. */
void stage_arrive(struct stage *s, struct gate *g);
const struct latch *gate_open(const struct gate *g);
const struct latch *gate_arrived(const struct gate *g);

struct stage_count {
    uint64_t requests; /* that came to the API so far, complete with their bodies */
    uint64_t ended;    /* of them: those whose response was sent or broken off */
};

/* The request's number, from 1. */
uint64_t stage_begin(struct stage *s);
void stage_end(struct stage *s);
struct stage_count stage_count(struct stage *s);
/* Waits until `count` requests have ended; false when the program ends first. */
bool stage_wait_ended(struct stage *s, uint64_t count);

#endif
