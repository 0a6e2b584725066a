/* SPDX-License-Identifier: MIT */
#include "api/jwt.h"

#include "core/buf.h"
#include "json/json.h"

#include <string.h>

static int digit_of(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

/* base64url without padding (RFC 7515, appendix C). */
static bool decode_base64url(struct span text, struct buf *out)
{
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.at[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buf_byte(out, (char)(bits >> count & 0xFF));
        }
    }
    return true;
}

struct times {
    int64_t *issued_at, *expires_at;
};

static void take_time(void *arg, const struct json_member *m)
{
    struct times *t = arg;
    if (span_is(m->key, "exp"))
        json_to_int64(&m->value, t->expires_at);
    else if (span_is(m->key, "iat"))
        json_to_int64(&m->value, t->issued_at);
}

bool jwt_times(const char *token, int64_t *issued_at, int64_t *expires_at)
{
    *issued_at = *expires_at = 0;
    const char *first = strchr(token, '.');
    const char *second = first ? strchr(first + 1, '.') : NULL;
    if (!second || strchr(second + 1, '.'))
        return false;
    struct buf claims = {0};
    struct times times = {issued_at, expires_at};
    bool ok = decode_base64url(span_make(first + 1, (size_t)(second - first - 1)), &claims) &&
              json_read_object(buf_view(&claims), take_time, &times) == 0;
    buf_wipe(&claims);
    if (!ok)
        *issued_at = *expires_at = 0;
    return ok;
}
