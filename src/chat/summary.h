/* SPDX-License-Identifier: MIT */
/* The end of an answer: its failure in the words of `client.close`, given to every sink. */
#ifndef CHAT_SUMMARY_H
#define CHAT_SUMMARY_H

#include "output/sink.h"

#include <stdbool.h>

/* Sets status, code and retryable for the failure *fail, which is borrowed until the summary was
   given to the last sink. `connected`: a request reached the server; a time-out before that is
   `failed`, not `interrupted`. */
void summary_describe(struct summary *summary, const struct fail *fail, bool connected);

/* Writes pending output and gives the summary of *fail to each sink. A write error that occurs here
   becomes *fail and is part of what the following sinks report. The other members of *summary are
   the caller's. -1 when *fail is set. */
int summary_deliver(struct summary *summary, struct sinks *sinks, bool connected,
                    struct fail *fail);

#endif
