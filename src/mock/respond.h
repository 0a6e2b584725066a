/* SPDX-License-Identifier: MIT */
/* Makes a reply bytes on the connection: through libmicrohttpd, which frames them, or past it. */
#ifndef MOCK_RESPOND_H
#define MOCK_RESPOND_H

#include "mock/reply.h"
#include "mock/request.h"
#include "mock/stage.h"

/* Answers the request; the reply is empty after. Blocks for a reply that waits before its headers
   or that goes past the library. The result is for the library: MHD_NO ends the connection. */
enum MHD_Result respond(struct reply *reply, const struct request *request, struct stage *stage);

#endif
