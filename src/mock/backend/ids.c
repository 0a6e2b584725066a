/* SPDX-License-Identifier: MIT */
#include "mock/backend/ids.h"

#include "system/system.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { UUID_DIGITS = 32 };

void ids_put_random_hex(struct buf *out, size_t bytes)
{
    while (bytes-- > 0)
        buf_printf(out, "%02x", sys_random() & 0xFF);
}

static void write_uuid(const char digits[UUID_DIGITS], char out[UUID_SIZE])
{
    size_t at = 0;
    for (size_t i = 0; i < UUID_DIGITS; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            out[at++] = '-';
        out[at++] = (char)tolower((unsigned char)digits[i]);
    }
    out[at] = '\0';
}

void uuid_make(char out[UUID_SIZE])
{
    char digits[UUID_DIGITS + 1];
    for (size_t i = 0; i < UUID_DIGITS; i += 8)
        snprintf(digits + i, 9, "%08x", sys_random());
    digits[12] = '4';
    digits[16] = "89ab"[sys_random() & 3];
    write_uuid(digits, out);
}

bool uuid_read(struct span text, char out[UUID_SIZE], struct buf *why)
{
    static const struct span urn = SPAN("urn:uuid:");
    char digits[UUID_DIGITS];
    size_t count = 0;
    struct span s = text;
    if (span_starts(s, urn))
        s = span_make(s.at + urn.len, s.len - urn.len);
    else if (s.len > 2 && s.at[0] == '{' && s.at[s.len - 1] == '}')
        s = span_make(s.at + 1, s.len - 2);
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '-')
            continue;
        if (!isxdigit((unsigned char)s.at[i])) {
            buf_printf(why,
                       "invalid character: expected an optional prefix of `urn:uuid:` followed by "
                       "[0-9a-fA-F-], found `%c` at %zu",
                       isprint((unsigned char)s.at[i]) ? s.at[i] : '?',
                       (size_t)(s.at - text.at) + i + 1);
            return false;
        }
        if (count < UUID_DIGITS)
            digits[count] = s.at[i];
        count++;
    }
    if (count != UUID_DIGITS) {
        buf_printf(why, "invalid length: expected length 32 for simple format, found %zu", count);
        return false;
    }
    write_uuid(digits, out);
    return true;
}

void ids_put_time(struct buf *out, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    char text[32] = "";
    if (gmtime_r(&seconds, &parts))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    buf_printf(out, "%s.%06dZ", text, (int)(wall_ms % 1000) * 1000);
}
