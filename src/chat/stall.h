/* SPDX-License-Identifier: MIT */
/* --stall-timeout: limits the time in which an event stream makes no progress. Questions and the
   command `api` share it. */
#ifndef CHAT_STALL_H
#define CHAT_STALL_H

#include "core/fail.h"

#include <stdint.h>

/* Times are in microseconds. */
struct stall {
    int64_t limit;    /* 0 for none */
    int64_t progress; /* the caller's count at the last check */
    int64_t moved;    /* when it had changed; add the time that does not count */
};

/* The stream begins, and with it the time limit. */
void stall_begin(struct stall *s);

/* `progress` counts the events that show progress (chat_is_progress), from 0. `now` is from before
   the last bytes were read. FAIL_CLOCK if the limit is exceeded; otherwise *wake is set to the time
   of the next check if that is earlier. */
int stall_check(struct stall *s, int64_t progress, int64_t now, int64_t *wake, struct fail *fail);

#endif
