/* SPDX-License-Identifier: MIT */
/* What somebody meant who typed a command or an option that there is not. */
#ifndef COMMANDS_MEANT_H
#define COMMANDS_MEANT_H

#include "commands/command.h"

/* `commands` are all there are, up to NULL. Each adds the hint to `fail`, or none where there is no
   idea. */
void meant_command(const struct command *const *commands, const char *word, struct fail *fail);
/* `word` is the long option as it was given to a command that takes those of `groups`. What follows
   its `=` is not shown. */
void meant_option(const struct command *const *commands, unsigned groups, const char *word,
                  struct fail *fail);

#endif
