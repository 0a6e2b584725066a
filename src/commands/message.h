/* SPDX-License-Identifier: MIT */
/* A message: where `send` gets it from, and what may be sent. */
#ifndef COMMANDS_MESSAGE_H
#define COMMANDS_MESSAGE_H

#include "commands/command.h"
#include "core/buf.h"

/* The operands, joined by one space. The operand `-` stands for all of standard input, and so does
   no operand at all, unless there is --edit. Standard input is not read otherwise. FAIL_INPUT if it
   cannot be read, otherwise as editor_run and message_check. */
int message_gather(struct buf *message, const struct invocation *in, struct fail *fail);

enum { MESSAGE_MAX = 1 << 20 /* bytes */ };
/* FAIL_DATA for a message that is blank, not UTF-8, over MESSAGE_MAX, or has a NUL or more than
   --max-message characters without the white space at both ends. */
int message_check(const struct buf *message, const struct settings *settings, struct fail *fail);

#endif
