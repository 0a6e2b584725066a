/* SPDX-License-Identifier: MIT */
/* When the jobs of a batch may call the server. The state lies in memory that they share: after a
   rate limit was reached all of them wait, and then call one after the other at a lower rate, which
   grows again with each call that the server accepts. Times are sys_now_us(), durations
   microseconds. There is no lock that a killed job could leave behind. */
#ifndef CHAT_PACE_H
#define CHAT_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Zeroed there is no limit. */
struct pace {
    _Atomic int64_t held_until; /* no call is made before */
    _Atomic int64_t next;       /* the next free turn */
    _Atomic int64_t interval;   /* between two turns, 0: calls need no turn */
    _Atomic int64_t changed;    /* when the interval was increased last */
};

/* A reserved turn. */
struct pace_turn {
    int64_t at; /* when the call may be made */
    int64_t changed;
};

struct pace_turn pace_reserve(struct pace *p, int64_t now);
/* Whether the call may be made now: `turn` has come, and since it was reserved no rate limit was
   reached. Otherwise another turn is needed. */
bool pace_is_due(struct pace *p, struct pace_turn turn, int64_t now);
/* The server accepted a call. */
void pace_accept(struct pace *p);
/* The server refused, because of a rate limit, a call that was made at `called`: no job calls for
   `delay`. Refusals of calls that were made before the last increase count as one. */
void pace_refuse(struct pace *p, int64_t called, int64_t now, int64_t delay);

#endif
