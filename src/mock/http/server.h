/* SPDX-License-Identifier: MIT */
/* An HTTP/1.1 server on the loopback address, with a thread for each connection: libmicrohttpd. */
#ifndef MOCK_HTTP_SERVER_H
#define MOCK_HTTP_SERVER_H

#include "core/fail.h"
#include "mock/http/message.h"

#include <stdbool.h>
#include <stdint.h>

struct server;

/* Answers a request. `reply` is fresh from reply_init; `arg` is that of server_start. Called from
   the thread of the connection, which it may block. */
typedef void server_answer_fn(void *arg, struct request *request, struct reply *reply);

/* Listens on *port of ::1 or 127.0.0.1 and serves from then on. 0 is any free port, which *port
   then gets. `gates` is borrowed. NULL with FAIL_UNREACHABLE. */
struct server *server_start(bool ipv6, uint16_t *port, struct gates *gates,
                            server_answer_fn *answer, void *arg, struct fail *f);
/* Closes all connections, which aborts their responses. NULL is ignored. */
void server_stop(struct server *s);

#endif
