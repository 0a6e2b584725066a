/* SPDX-License-Identifier: MIT */
/* Removes entries of the log (state/log.h), or all of it. Both calls hold the lock and wait for it
   for at most ten seconds. */
#ifndef STATE_LOG_CHANGE_H
#define STATE_LOG_CHANGE_H

#include "core/fail.h"

#include <stddef.h>

/* Removes entries, atomically for each file. FAIL_CREATE; FAIL_DATA as log_find. */
int log_delete(const char *const *ids, size_t count, struct fail *fail);
/* Removes the log and `history`, the messages typed in dialogues. FAIL_CREATE. */
int log_clear(struct fail *fail);

#endif
