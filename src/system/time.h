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
/* Formats an RFC 3339 time, UTC if it has no offset, as local time: "2026-11-22 09:35". False if it
   is invalid. */
bool sys_local_time(struct span time, char *text, size_t size);
/* Sleeps for 10 ms between two attempts at an operation that cannot be waited for; a caught signal
   ends the sleep. Returns 0, ETIMEDOUT if `deadline` (sys_now_us()) has passed, or EINTR for a
   caught signal. */
int sys_wait_to_retry(int64_t deadline);

#endif
