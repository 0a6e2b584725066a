/* SPDX-License-Identifier: MIT */
/* The message of a question: where `send` reads it, and its limits. */
#ifndef COMMANDS_MESSAGE_H
#define COMMANDS_MESSAGE_H

#include "commands/command.h"
#include "core/buf.h"

/* Reads the message: the operands, joined by one space each. The operand `-` stands for the
   contents of standard input, which are also the default without operands, unless --edit is given.
   Standard input is not read otherwise. Before a message is read from a terminal or the editor is
   run there, client_check. FAIL_INPUT if standard input cannot be read, otherwise as client_check,
   editor_run and message_check. */
int message_gather(struct buf *message, const struct invocation *in, struct fail *fail);

/* Whether there is nothing but the white space that the server removes: that of str.strip() in
   Python. */
bool message_is_blank(struct span text);

enum { MESSAGE_MAX = 1 << 20 /* bytes */ };
/* FAIL_DATA for a message that is blank, is not UTF-8, is larger than MESSAGE_MAX, contains a NUL,
   or has more than --max-message characters, not counting leading and trailing white space. */
int message_check(const struct buf *message, const struct settings *settings, struct fail *fail);

#endif
