/* SPDX-License-Identifier: MIT */
/* The state that the threads of all connections share: named gates at which responses wait, and the
   number of requests. Waits end when a signal is caught (sys_signal) and when the client closes the
   connection, which libmicrohttpd does for it when the server is stopped. All functions can be
   called from any thread. */
#ifndef MOCK_HTTP_GATES_H
#define MOCK_HTTP_GATES_H

#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gates;

struct gates *gates_new(void);
void gates_free(struct gates *g);

enum wake {
    WAKE_EVENT, /* the event happened */
    WAKE_TIME,  /* the time has passed */
    WAKE_GONE,  /* the client closed or reset the connection */
    WAKE_STOP   /* the program ends, or no descriptors are left */
};

/* Waits `ms` milliseconds, -1 for ever. `client` is the socket of the connection, -1 for none; its
   input is left unread. */
enum wake gates_sleep(int client, int64_t ms);

/* A gate is created, closed, when its name is used first; once opened, it stays open. */

/* Records that a response has reached the gate and waits until the gate is open. */
enum wake gates_pass(struct gates *g, struct span name, int client);
/* Waits until a response has reached the gate. */
enum wake gates_await(struct gates *g, struct span name, int client);
/* False if no descriptors are left. */
bool gates_open(struct gates *g, struct span name);

struct gates_count {
    size_t requests; /* requests of the API that were received completely */
    size_t ended;    /* of these: the response was sent or aborted */
};

void gates_begin_request(struct gates *g);
void gates_end_request(struct gates *g);
struct gates_count gates_count(struct gates *g);
/* Waits until `count` requests have ended. */
enum wake gates_await_ended(struct gates *g, size_t count, int client);

#endif
