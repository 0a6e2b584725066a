/* SPDX-License-Identifier: MIT */
/* Clocks. */
#ifndef SYSTEM_TIME_H
#define SYSTEM_TIME_H

#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Monotonic, microseconds, from an arbitrary start. */
int64_t sys_now_us(void);
/* Unix time, milliseconds. */
int64_t sys_wall_ms(void);
/* A time of RFC 3339, UTC where it names no offset, as people read it: "2026-11-22 09:35" in local
   time. False for anything else. */
bool sys_local_time(struct span time, char *text, size_t size);
/* Sleeps for 10 ms between two attempts at something the kernel cannot wait for; less when a signal
   is caught. 0, ETIMEDOUT when `deadline` (sys_now_us()) has passed, EINTR for a caught signal. */
int sys_wait_to_retry(int64_t deadline);

#endif
