/* SPDX-License-Identifier: MIT */
#include "system/time.h"

#include "system/signals.h"

#include <errno.h>
#include <time.h>

int64_t sys_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t sys_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int sys_wait_to_retry(int64_t deadline)
{
    int64_t now = sys_now_us();
    if (!sys_signal() && now >= deadline)
        return ETIMEDOUT;
    return sys_wait(-1, 0, now + 10000) < 0 ? errno : 0;
}
