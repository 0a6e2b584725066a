/* SPDX-License-Identifier: MIT */
/* The outputs of an answer, as the options select them. */
#ifndef COMMANDS_OUTPUTS_H
#define COMMANDS_OUTPUTS_H

#include "commands/command.h"
#include "output/sink.h"

/* Adds the sink of the format on standard output. With `separate` there is an empty line between
   the texts of two answers. It opens nothing, so that every later failure is
   reported in `client.close`. FAIL_USAGE for options that cannot be combined. */
int outputs_open_main(struct sinks *sinks, const struct invocation *in, bool separate,
                      struct fail *fail);
/* How a stored answer is printed: rendered as `send` does, in whole lines. */
struct sink_text_options outputs_stored_text(const struct invocation *in);
/* FAIL_USAGE if an output is the file `path`, or the one that is standard input if NULL; that would
   destroy the input, or never end. Call before outputs_open_others, which checks the inputs and
   outputs that come from options. */
int outputs_check_input(const struct invocation *in, const char *path, struct fail *fail);
/* Opens --events, --events-fd and --record, and adds the lines on standard error. FAIL_CREATE,
   FAIL_USAGE; then in->unsettled, so that it is reported in `client.close`, too. */
int outputs_open_others(struct sinks *sinks, const struct invocation *in, struct fail *fail);

#endif
