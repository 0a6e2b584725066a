/* SPDX-License-Identifier: MIT */
#include "chat/stall.h"

#include "system/system.h"

void stall_begin(struct stall *s)
{
    s->progress = 0;
    s->moved = sys_now_us();
}

int stall_check(struct stall *s, int64_t progress, int64_t now, int64_t *wake, struct fail *fail)
{
    if (!s->limit)
        return 0;
    if (progress != s->progress) {
        s->progress = progress;
        s->moved = sys_now_us(); /* not `now`: writing the event may have taken a long time */
    }
    if (now >= s->moved + s->limit)
        return fail_set(fail, FAIL_CLOCK,
                        "timed out: nothing but heartbeats was received for %g s (--stall-timeout)",
                        (double)s->limit / 1e6);
    if (s->moved + s->limit < *wake)
        *wake = s->moved + s->limit;
    return 0;
}
