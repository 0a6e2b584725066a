/* SPDX-License-Identifier: MIT */
/* The HTTP server: takes requests in and finds who answers them. A thread for each connection. */
#ifndef MOCK_HTTP_SERVER_H
#define MOCK_HTTP_SERVER_H

#include "core/fail.h"
#include "mock/options.h"

#include <stdint.h>

struct server;

/* Listens and serves from then on. Borrows the options. NULL with FAIL_USAGE, FAIL_DATA,
   FAIL_INPUT, FAIL_CREATE or FAIL_UNREACHABLE (cannot listen). */
struct server *server_start(const struct options *options, struct fail *f);
/* Ends at once whatever is under way. */
void server_stop(struct server *s);

/* The port that it listens on. */
uint16_t server_port(const struct server *s);

#endif
