/* SPDX-License-Identifier: MIT */
/* The event stream that answers a message, in the form of either generation. An event is a unit of
   output. */
#ifndef MOCK_BACKEND_ANSWER_H
#define MOCK_BACKEND_ANSWER_H

#include "mock/backend/call.h"

/* Answers the text with a stream: the recorded one, an error, the change of mode that a text such
   as
   "/mode blue" selects, or the canned answer of its topic. */
void answer_message(struct call *c, struct record *conversation, struct span text);

#endif
