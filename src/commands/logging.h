/* SPDX-License-Identifier: MIT */
/* Adds a question and its answer to the log. A sink of sink_collect_new collects the answer.
   logging_append is called after the end of the question; for `send`, after all sinks and standard
   output were closed, because that can change the exit status. */
#ifndef COMMANDS_LOGGING_H
#define COMMANDS_LOGGING_H

#include "api/api.h"
#include "commands/command.h"
#include "output/collect.h"
#include "output/sink.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether questions are logged: according to --log, --no-log, SIGMASIGHT_LOG and the key `log`, or
   `otherwise` if none is set. Never with --ephemeral. */
bool logging_is_on(const struct invocation *in, bool otherwise);

/* Initializes *answer with the limits of a log entry. */
void logging_collect(struct collected *answer);

/* The data of one question to be logged. All borrowed. */
struct logged {
    int64_t asked_ms; /* sys_wall_ms() when the question began */
    struct span question;
    struct api_portfolios portfolios;
    const struct collected *answer;
    const struct summary *summary; /* with the final status */
    const struct fail *fail;       /* the final failure */
};

/* Appends the entry. For the first entry of a new log a note is printed to standard error. A
   failure is only a warning. After a signal it does not wait for the lock. */
void logging_append(const struct invocation *in, const struct logged *logged);

#endif
