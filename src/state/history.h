/* SPDX-License-Identifier: MIT */
/* The messages of dialogues: the newest HISTORY_MAX in the file `history` of the state directory, a
   line each, in which a line feed is written as \n and a backslash as \\. Any number of processes
   may append to it concurrently. */
#ifndef STATE_HISTORY_H
#define STATE_HISTORY_H

#include "core/fail.h"

enum { HISTORY_MAX = 1000 };

/* Calls `each` for the newest HISTORY_MAX messages, the oldest first, borrowed for the call. None
   if the file is absent or cannot be read. */
void history_load(void (*each)(void *arg, struct span message), void *arg);
/* Appends a message. FAIL_CREATE if the file cannot be written. Does nothing without a home
   directory. */
int history_add(struct span message, struct fail *fail);
/* Removes all but the newest HISTORY_MAX messages from the file. FAIL_CREATE. */
int history_trim(struct fail *fail);

#endif
