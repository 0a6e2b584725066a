/* SPDX-License-Identifier: MIT */
/* Clocks. */
#ifndef SYSTEM_TIME_H
#define SYSTEM_TIME_H

#include <stdint.h>

/* Monotonic, microseconds, from an arbitrary start. */
int64_t sys_now_us(void);
/* Unix time, milliseconds. */
int64_t sys_wall_ms(void);
/* Sleeps for 10 ms between two attempts at something the kernel cannot wait for; less when a signal
   is caught. 0, ETIMEDOUT when `deadline` (sys_now_us()) has passed, EINTR for a caught signal. */
int sys_wait_to_retry(int64_t deadline);

#endif
