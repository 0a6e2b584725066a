/* SPDX-License-Identifier: MIT */
/* The outputs of an answer, as the options select them. */
#ifndef COMMANDS_OUTPUTS_H
#define COMMANDS_OUTPUTS_H

#include "commands/command.h"
#include "output/sink.h"

/* Adds the sink of the format on standard output. With `separate` there is an empty line between
   the texts of two answers. Opens no file, so that every later failure is reported in
   `client.close`. FAIL_USAGE for options that cannot be combined. */
int outputs_open_main(struct sinks *sinks, const struct invocation *in, bool separate,
                      struct fail *fail);
/* The options for printing a stored answer: rendered as by `send`, in whole lines. */
struct sink_text_options outputs_stored_text(const struct invocation *in);
/* FAIL_USAGE if an output is also the input: the file `path`, or that of standard input if NULL.
   Writing would destroy the input or never end. Call before outputs_open_others, which checks the
   files given by options. */
int outputs_check_input(const struct invocation *in, const char *path, struct fail *fail);
/* Opens --events, --events-fd and --record, and adds the sink for standard error. FAIL_CREATE,
   FAIL_USAGE. Last, it fails with in->config_failure if that is set, so that `client.close` reports
   it. */
int outputs_open_others(struct sinks *sinks, const struct invocation *in, struct fail *fail);

#endif
