/* SPDX-License-Identifier: MIT */
/* The message of `send`, from operands and standard input. */
#ifndef COMMANDS_MESSAGE_H
#define COMMANDS_MESSAGE_H

#include "commands/command.h"
#include "core/buf.h"

/* Every operand, joined by one space; `-` is all of standard input, and so is no operand at all.
   Standard input is read for nothing else. FAIL_DATA for an empty message, one of white space
   only, one over 1 MiB and one that is not UTF-8; FAIL_INPUT when standard input cannot be
   read. */
int message_gather(struct buf *message, const struct invocation *in, struct fail *fail);

#endif
