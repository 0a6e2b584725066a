/* SPDX-License-Identifier: MIT */
/* The part of base/json.h for what is read once, and for values as C has them. */
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct top_level {
    json_member_fn *on_member;
    void *arg;
};

static void pass_top_level(void *arg, const struct json_member *member)
{
    struct top_level *t = arg;
    if (member->depth == 1)
        t->on_member(t->arg, member);
}

int json_read_object(struct span document, json_member_fn *on_member, void *arg)
{
    struct json_reader *r = json_reader_new();
    struct json_value top;
    struct top_level t = {on_member, arg};
    int result = json_walk(r, document, pass_top_level, &t, &top);
    if (top.type != JSON_OBJECT)
        result = -1;
    json_reader_free(r);
    return result;
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
