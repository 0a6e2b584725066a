/* SPDX-License-Identifier: MIT */
/* Limits the rate at which the jobs of a batch call the server. The state is in shared memory.
   After the server has reported a rate limit, all jobs wait and then call one after the other at a
   reduced rate, which increases with each call that the server accepts. Times are sys_now_us(),
   durations microseconds. Atomic operations are used instead of a lock, because a killed job could
   not release a lock. */
#ifndef CHAT_PACE_H
#define CHAT_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Zeroed: no limit. */
struct pace {
    _Atomic int64_t held_until; /* no call is made before this time */
    _Atomic int64_t next;       /* the next free turn */
    _Atomic int64_t interval;   /* between two turns, 0: calls need no turn */
    _Atomic int64_t changed;    /* the time of the last increase of the interval */
};

/* A reserved turn. */
struct pace_turn {
    int64_t at; /* when the call may be made */
    int64_t changed;
};

struct pace_turn pace_reserve(struct pace *p, int64_t now);
/* Whether the call may be made now: the time of the turn has come, and no rate limit was reached
   since it was reserved. Otherwise reserve another turn. */
bool pace_is_due(struct pace *p, struct pace_turn turn, int64_t now);
/* Call when the server accepted a call. */
void pace_accept(struct pace *p);
/* Call when the server refused a call made at `called` because of a rate limit: no job calls the
   server for `delay`. Refusals of calls made before the last increase of the interval do not
   increase it again, and it is not increased beyond `delay`, or 0.4 s if that is longer. */
void pace_refuse(struct pace *p, int64_t called, int64_t now, int64_t delay);

#endif
