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
/* Formats a Unix time in seconds as an RFC 3339 time in UTC without its Z: "2026-11-22T09:35:00".
   False, and *text is empty, if it is out of range. */
enum { SYS_UTC_TIME = 32 /* bytes */ };
bool sys_utc_time(int64_t seconds, char text[SYS_UTC_TIME]);
/* Formats an RFC 3339 time, UTC if it has no offset, as local time in `text`: "2026-11-22 09:35".
   An invalid time is returned unchanged. */
enum { SYS_LOCAL_TIME = 32 /* bytes */ };
struct span sys_local_time(struct span time, char text[SYS_LOCAL_TIME]);
/* Parses an HTTP date in any of the three formats (RFC 9110, 5.6.7). Returns the Unix time in
   seconds, or -1 if it is invalid. */
int64_t sys_http_date(const char *text);
/* Sleeps for 10 ms between two attempts at an operation that cannot be waited for; a caught signal
   ends the sleep. Returns 0, ETIMEDOUT if `deadline` (sys_now_us()) has passed, or EINTR for a
   caught signal. */
int sys_wait_to_retry(int64_t deadline);

#endif
