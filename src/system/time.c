/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "system/time.h"

#include "system/signals.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
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

bool sys_utc_time(int64_t seconds, char text[SYS_UTC_TIME])
{
    time_t t = (time_t)seconds;
    struct tm utc;
    if (gmtime_r(&t, &utc) && strftime(text, SYS_UTC_TIME, "%Y-%m-%dT%H:%M:%S", &utc))
        return true;
    *text = '\0';
    return false;
}

/* The UTC offset at the end ("+01:30", "Z" or nothing) in seconds. */
static int offset_of(const char *time)
{
    const char *sign = strpbrk(strchr(time, 'T'), "+-");
    int hours, minutes;
    if (!sign || sscanf(sign + 1, "%2d:%2d", &hours, &minutes) != 2)
        return 0;
    int offset = hours * 3600 + minutes * 60;
    return *sign == '-' ? -offset : offset;
}

struct span sys_local_time(struct span time, char text[SYS_LOCAL_TIME])
{
    char copy[48];
    struct tm utc = {0}, local;
    if (time.len == 0 || time.len >= sizeof copy)
        return time;
    memcpy(copy, time.at, time.len);
    copy[time.len] = '\0';
    if (sscanf(copy, "%4d-%2d-%2dT%2d:%2d:%2d", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
               &utc.tm_hour, &utc.tm_min, &utc.tm_sec) != 6)
        return time;
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    time_t seconds = timegm(&utc) - offset_of(copy);
    bool is_valid = localtime_r(&seconds, &local) &&
                    strftime(text, SYS_LOCAL_TIME, "%Y-%m-%d %H:%M", &local) > 0;
    return is_valid ? span_of(text) : time;
}

/* Not curl_getdate(): on a system with 32 bits its time_t may be smaller than this program's. */
int64_t sys_http_date(const char *text)
{
    static const char *const formats[] = {
        "%a, %d %b %Y %H:%M:%S GMT", /* IMF-fixdate */
        "%A, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
        "%a %b %e %H:%M:%S %Y",      /* asctime(3) */
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct tm utc = {0};
        const char *end = strptime(text, formats[i], &utc);
        if (end && *end == '\0')
            return timegm(&utc);
    }
    return -1;
}

int sys_wait_to_retry(int64_t deadline)
{
    int64_t now = sys_now_us();
    if (!sys_signal() && now >= deadline)
        return ETIMEDOUT;
    return sys_wait(-1, 0, now + 10000) < 0 ? errno : 0;
}
