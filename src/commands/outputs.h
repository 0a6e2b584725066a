/* SPDX-License-Identifier: MIT */
/* The sinks that the output options ask for. */
#ifndef COMMANDS_OUTPUTS_H
#define COMMANDS_OUTPUTS_H

#include "commands/command.h"
#include "output/sink.h"

/* The sink of the format on standard output: it alone can always be had, so that whatever fails
   later has a `client.close`. FAIL_USAGE for options that contradict each other. */
int outputs_open_main(struct sinks *sinks, const struct invocation *in, struct fail *fail);
/* How a stored answer is printed: rendered as `send` does, in whole lines. */
struct sink_text_options outputs_stored_text(const struct invocation *in);
/* FAIL_USAGE if an output is the file `path`, or the one that is standard input if NULL; that would
   destroy the input, or never end. Call before outputs_open_others, which checks the inputs and
   outputs that come from options. */
int outputs_check_input(const struct invocation *in, const char *path, struct fail *fail);
/* --events, --events-fd, --record, and the lines on standard error. FAIL_CREATE, FAIL_USAGE, and
   when all are open what in->unsettled says, which is to have its `client.close`, too. */
int outputs_open_others(struct sinks *sinks, const struct invocation *in, struct fail *fail);

#endif
