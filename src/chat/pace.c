/* SPDX-License-Identifier: MIT */
#include "chat/pace.h"

enum {
    FIRST_INTERVAL = 100000,
    INTERVAL_MAX = 5000000,
    /* A hint of whole seconds may be rounded down to 0. */
    INTERVAL_MAX_LEAST = 400000,
    /* A shorter interval is set to 0. */
    INTERVAL_MIN = 5000,
    /* Each accepted call reduces the interval by 1/GROWTH. */
    GROWTH = 64
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void raise_to(_Atomic int64_t *target, int64_t value)
{
    int64_t present = atomic_load(target);
    while (present < value && !atomic_compare_exchange_weak(target, &present, value))
        ;
}

struct pace_turn pace_reserve(struct pace *p, int64_t now)
{
    int64_t changed = atomic_load(&p->changed);
    int64_t earliest = later(now, atomic_load(&p->held_until));
    int64_t interval = atomic_load(&p->interval), next = atomic_load(&p->next), turn;
    if (interval == 0)
        return (struct pace_turn){earliest, changed};
    do
        turn = later(earliest, next);
    while (!atomic_compare_exchange_weak(&p->next, &next, turn + interval));
    return (struct pace_turn){turn, changed};
}

bool pace_is_due(struct pace *p, struct pace_turn turn, int64_t now)
{
    return now >= turn.at && now >= atomic_load(&p->held_until) &&
           turn.changed == atomic_load(&p->changed);
}

void pace_accept(struct pace *p)
{
    int64_t interval = atomic_load(&p->interval);
    if (interval == 0)
        return;
    int64_t shorter = interval - interval / GROWTH;
    /* If another job has changed it meanwhile, that change is kept. */
    atomic_compare_exchange_strong(&p->interval, &interval, shorter < INTERVAL_MIN ? 0 : shorter);
}

/* A server whose limit allows a call every `delay` refuses no calls at longer intervals: a longer
   one is of no use against refusals that do not depend on the rate. */
static int64_t interval_limit(int64_t delay)
{
    int64_t limit = later(delay, INTERVAL_MAX_LEAST);
    return limit < INTERVAL_MAX ? limit : INTERVAL_MAX;
}

void pace_refuse(struct pace *p, int64_t called, int64_t now, int64_t delay)
{
    int64_t changed = atomic_load(&p->changed), interval = atomic_load(&p->interval);
    int64_t limit = later(interval, interval_limit(delay));
    raise_to(&p->held_until, now + delay);
    if (called <= changed || !atomic_compare_exchange_strong(&p->changed, &changed, now))
        return;
    interval = interval ? interval + interval / 2 : FIRST_INTERVAL;
    atomic_store(&p->interval, interval < limit ? interval : limit);
    atomic_store(&p->next, atomic_load(&p->held_until));
}
