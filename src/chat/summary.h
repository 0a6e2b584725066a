/* SPDX-License-Identifier: MIT */
/* The summary of an answer: describes its failure in the terms of `client.close` and passes it to
   every sink. */
#ifndef CHAT_SUMMARY_H
#define CHAT_SUMMARY_H

#include "output/sink.h"

#include <stdbool.h>

/* Sets status, code and retryable for the failure *fail, which is borrowed as long as the summary
   is used. `connected`: a request reached the server; a time-out before that is `failed`, not
   `interrupted`. */
void summary_describe(struct summary *summary, const struct fail *fail, bool connected);

/* Writes pending output and passes the summary with *fail to each sink. A write error that occurs
   here is recorded in *fail and reported by the following sinks. The caller sets the other members
   of *summary. -1 if *fail is set. */
int summary_deliver(struct summary *summary, struct sinks *sinks, bool connected,
                    struct fail *fail);

#endif
