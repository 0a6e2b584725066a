/* SPDX-License-Identifier: MIT */
#include "chat/pace.h"

#include <limits.h>

enum {
    TICK = 1000,
    FIRST_INTERVAL = 100000,
    INTERVAL_MAX = 5000000,
    /* A hint of whole seconds may be rounded down to 0. */
    INTERVAL_MAX_LEAST = 400000,
    /* A shorter interval is set to 0. */
    INTERVAL_MIN = 5000,
    /* Each accepted call reduces the interval by 1/GROWTH. */
    GROWTH = 64
};

void pace_init(struct pace *p, int64_t now)
{
    *p = (struct pace){.start = now};
}

/* The last tick that is not after this time; UINT_MAX if it is out of range. */
static unsigned tick_at(const struct pace *p, int64_t time)
{
    int64_t tick = (time - p->start) / TICK + 1;
    return tick < UINT_MAX ? (unsigned)tick : UINT_MAX;
}

/* The first tick that is not before this time; UINT_MAX if it is out of range. */
static unsigned tick_from(const struct pace *p, int64_t time)
{
    return tick_at(p, time + TICK - 1);
}

static int64_t time_of(const struct pace *p, unsigned tick)
{
    return p->start + ((int64_t)tick - 1) * TICK;
}

static unsigned add_interval(unsigned tick, unsigned interval)
{
    unsigned ticks = (interval + TICK - 1) / TICK;
    return tick < UINT_MAX - ticks ? tick + ticks : UINT_MAX;
}

static unsigned later_of(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

static void raise_to(atomic_uint *target, unsigned value)
{
    unsigned present = atomic_load(target);
    while (present < value && !atomic_compare_exchange_weak(target, &present, value))
        ;
}

struct pace_turn pace_reserve(struct pace *p, int64_t now)
{
    unsigned changed = atomic_load(&p->changed), held_until = atomic_load(&p->held_until);
    unsigned interval = atomic_load(&p->interval), next = atomic_load(&p->next), turn;
    unsigned earliest = later_of(tick_from(p, now), held_until);
    if (interval == 0)
        return (struct pace_turn){held_until < earliest ? now : time_of(p, held_until), changed};
    do
        turn = later_of(earliest, next);
    while (!atomic_compare_exchange_weak(&p->next, &next, add_interval(turn, interval)));
    return (struct pace_turn){time_of(p, turn), changed};
}

bool pace_is_due(struct pace *p, struct pace_turn turn, int64_t now)
{
    return now >= turn.at && tick_at(p, now) >= atomic_load(&p->held_until) &&
           turn.changed == atomic_load(&p->changed);
}

void pace_accept(struct pace *p)
{
    unsigned interval = atomic_load(&p->interval);
    if (interval == 0)
        return;
    unsigned shorter = interval - interval / GROWTH;
    /* If another job has changed it meanwhile, that change is kept. */
    atomic_compare_exchange_strong(&p->interval, &interval, shorter < INTERVAL_MIN ? 0 : shorter);
}

/* A server whose limit allows a call every `delay` refuses no calls at longer intervals: a longer
   one is of no use against refusals that do not depend on the rate. */
static unsigned interval_limit(int64_t delay)
{
    if (delay < INTERVAL_MAX_LEAST)
        return INTERVAL_MAX_LEAST;
    return delay < INTERVAL_MAX ? (unsigned)delay : INTERVAL_MAX;
}

bool pace_refuse(struct pace *p, int64_t called, int64_t now, int64_t delay)
{
    unsigned changed = atomic_load(&p->changed), interval = atomic_load(&p->interval);
    unsigned least = interval_limit(delay), limit = interval > least ? interval : least;
    unsigned until = tick_from(p, now + delay);
    if (until == UINT_MAX)
        return false;
    raise_to(&p->held_until, until);
    if (tick_at(p, called) <= changed ||
        !atomic_compare_exchange_strong(&p->changed, &changed, tick_at(p, now)))
        return true;
    interval = interval ? interval + interval / 2 : FIRST_INTERVAL;
    atomic_store(&p->interval, interval < limit ? interval : limit);
    atomic_store(&p->next, atomic_load(&p->held_until));
    return true;
}
