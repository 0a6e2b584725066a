/* SPDX-License-Identifier: MIT */
/* Limits the rate at which the jobs of a batch call the server. The state is in shared memory.
   After the server has reported a rate limit, all jobs wait and then call one after the other at a
   reduced rate, which increases with each call that the server accepts. Times are sys_now_us(),
   durations microseconds. Atomic operations are used instead of a lock, because a killed job could
   not release a lock. They have 32 bits, because on some systems those of 64 bits use locks of the
   process. */
#ifndef CHAT_PACE_H
#define CHAT_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "shared by processes");

/* Initialize with pace_init. A `tick` is a millisecond since `start`, counted from 1. Ticks suffice
   for 49 days: pace_refuse fails after that. */
struct pace {
    int64_t start;          /* constant while other processes use this */
    atomic_uint held_until; /* tick; no call is made before it */
    atomic_uint next;       /* tick; the next free turn */
    atomic_uint interval;   /* microseconds between two turns, 0: calls need no turn */
    atomic_uint changed;    /* tick of the last increase of the interval, 0 for none */
};

/* A reserved turn. */
struct pace_turn {
    int64_t at; /* when the call may be made */
    unsigned changed;
};

/* No limit. */
void pace_init(struct pace *p, int64_t now);
struct pace_turn pace_reserve(struct pace *p, int64_t now);
/* Whether the call may be made now: the time of the turn has come, and no rate limit was reached
   since it was reserved. Otherwise reserve another turn. */
bool pace_is_due(struct pace *p, struct pace_turn turn, int64_t now);
/* Call when the server accepted a call. */
void pace_accept(struct pace *p);
/* Call when the server refused a call made at `called` because of a rate limit: no job calls the
   server for `delay`. Refusals of calls made before the last increase of the interval do not
   increase it again, and it is not increased beyond `delay`, or 0.4 s if that is longer. False,
   and no job waits, if the time after `delay` has no tick. */
bool pace_refuse(struct pace *p, int64_t called, int64_t now, int64_t delay);

#endif
