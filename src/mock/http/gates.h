/* SPDX-License-Identifier: MIT */
/* What the threads of all connections share: named gates at which responses wait, the number of
   requests, and the end of the program. Each wait also ends when the client goes away or the
   program ends. All functions may be called from any thread. */
#ifndef MOCK_HTTP_GATES_H
#define MOCK_HTTP_GATES_H

#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

struct gates;

/* NULL with errno. */
struct gates *gates_new(void);
void gates_free(struct gates *g);
/* Ends all waits, present and future. */
void gates_stop(struct gates *g);

enum wake {
    WAKE_EVENT, /* what was waited for happened */
    WAKE_TIME,  /* the time is over */
    WAKE_GONE,  /* the client closed or reset the connection */
    WAKE_STOP   /* the program ends, or no descriptors are left */
};

/* Waits `ms` milliseconds, -1 for ever. `client` is the socket of the connection, -1 for none;
   data that the client sent is left unread. */
enum wake gates_sleep(struct gates *g, int client, int64_t ms);
/* Waits until the socket takes output. */
enum wake gates_wait_writable(struct gates *g, int client);

/* A gate is created, closed, when its name is used first; it stays open once it was opened. */

/* Records that a response arrived at the gate and waits until the gate is open. */
enum wake gates_pass(struct gates *g, struct span name, int client);
/* Waits until a response has arrived at the gate. */
enum wake gates_await(struct gates *g, struct span name, int client);
/* False when no descriptors are left. */
bool gates_open(struct gates *g, struct span name);

struct gates_count {
    uint64_t requests; /* of the API, received completely */
    uint64_t ended;    /* of these: the response was sent or broken off */
};

void gates_begin_request(struct gates *g);
void gates_end_request(struct gates *g);
struct gates_count gates_count(struct gates *g);
/* Waits until `count` requests have ended; false when the program ends first. */
bool gates_await_ended(struct gates *g, uint64_t count);

#endif
