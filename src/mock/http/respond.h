/* SPDX-License-Identifier: MIT */
/* Makes a reply bytes on the connection: through libmicrohttpd, which frames them, or past it. */
#ifndef MOCK_HTTP_RESPOND_H
#define MOCK_HTTP_RESPOND_H

#include "mock/http/reply.h"
#include "mock/http/request.h"
#include "mock/http/stage.h"

/* Answers the request; the reply is empty after. Blocks for a reply that waits before its headers
   or that goes past the library. The result is for the library: MHD_NO ends the connection. */
enum MHD_Result respond(struct reply *reply, const struct request *request, struct stage *stage);

#endif
