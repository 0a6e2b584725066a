/* SPDX-License-Identifier: MIT */
/* The part of json/json.h for what is read once, and for values as C has them. */
#include "json/json.h"

#include "json/json_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int read_once(struct span document, enum json_type type, json_member_fn *on_member,
                     void *arg)
{
    struct json_reader *r = json_reader_new();
    struct json_value top;
    int result = json_walk(r, document, on_member, arg, &top);
    json_reader_free(r);
    return result == 0 && top.type == type ? 0 : -1;
}

int json_read_object(struct span document, json_member_fn *on_member, void *arg)
{
    return read_once(document, JSON_OBJECT, on_member, arg);
}

int json_read_array(struct span document, json_member_fn *on_member, void *arg)
{
    return read_once(document, JSON_ARRAY, on_member, arg);
}

struct span json_key_before(struct span value)
{
    const char *closing = value.at - 1;
    while (*closing != '"')
        closing--;
    const char *at = json_text_opening_quote(closing);
    return span_make(at, (size_t)(closing + 1 - at));
}

bool json_to_double(const struct json_value *v, double *out)
{
    char text[64];
    if (v->type != JSON_NUMBER || v->raw.len >= sizeof text)
        return false;
    memcpy(text, v->raw.at, v->raw.len);
    text[v->raw.len] = '\0';
    double value = strtod(text, NULL);
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}

bool json_to_int64(const struct json_value *v, int64_t *out)
{
    double value;
    if (!json_to_double(v, &value) || fabs(value) > 9007199254740992.0)
        return false;
    *out = (int64_t)value;
    return true;
}
