/* SPDX-License-Identifier: MIT */
#include "system/time.h"

#include "system/signals.h"

#include <errno.h>
#include <poll.h>
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
    struct pollfd wake = {.fd = sys_signal_fd(), .events = POLLIN};
    if (sys_signal())
        return EINTR;
    if (sys_now_us() >= deadline)
        return ETIMEDOUT;
    poll(&wake, 1, 10);
    return 0;
}
