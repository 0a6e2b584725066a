/* SPDX-License-Identifier: MIT */
/* Adding a question and its answer to the log. A sink of sink_collect_new gathers the answer; the
   command calls logging_append when all sinks and standard output are closed. */
#ifndef COMMANDS_LOGGING_H
#define COMMANDS_LOGGING_H

#include "api/api.h"
#include "commands/command.h"
#include "output/collect.h"
#include "output/sink.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether questions are logged: as --log, --no-log, SIGMASIGHT_LOG and the key say, else
   `otherwise`; never with --ephemeral. */
bool logging_is_on(const struct invocation *in, bool otherwise);

/* Sets the bounds of an entry. */
void logging_collect(struct collected *answer);

/* What is logged of one question. All borrowed. */
struct logged {
    int64_t asked_ms; /* sys_wall_ms() when it was asked */
    struct span question;
    struct api_portfolios portfolios;
    const struct collected *answer;
    const struct summary *summary; /* with the final status */
    const struct fail *fail;       /* the final one */
};

/* Appends the entry; the first one of all is announced on standard error. A failure is a warning
   there and nothing else. After a signal no lock is waited for. */
void logging_append(const struct invocation *in, const struct logged *logged);

#endif
