/* SPDX-License-Identifier: MIT */
/* The part of api/api.h that reads what the server says of conversations. */
#include "api/api.h"

#include "base/json.h"

struct collector {
    void (*each)(void *arg, const struct api_conversation *c);
    void *arg;
    struct api_conversation now;
    int count;
    bool more;
};

static void take(struct buf *target, const struct json_value *value)
{
    buf_clear(target);
    if (value->type == JSON_STRING)
        buf_span(target, value->string);
}

static void take_member(struct api_conversation *c, struct span key, const struct json_value *v)
{
    /* First generation `conversation_id`, second `id`. */
    bool by_guide = span_is(key, "conversation_id");
    if (by_guide || (span_is(key, "id") && !c->by_guide)) {
        take(&c->id, v);
        c->by_guide = by_guide;
    }
    if (span_is(key, "mode"))
        take(&c->mode, v);
    else if (span_is(key, "created_at"))
        take(&c->created_at, v);
}

static void finish(struct collector *k, struct span raw)
{
    k->now.raw = raw;
    if (k->now.id.len) {
        k->each(k->arg, &k->now);
        k->count++;
    }
    k->now.by_guide = false;
    buf_clear(&k->now.id);
    buf_clear(&k->now.mode);
    buf_clear(&k->now.created_at);
}

/* Three shapes: [ {…}, … ], { "conversations": [ {…}, … ] } and { … }. The depth at which an
   object's members stand tells them apart. */
static void on_member(void *arg, const struct json_member *m)
{
    struct collector *k = arg;
    bool wrapped = span_is(m->path[0], "conversations");
    unsigned element = m->path[0].at == NULL ? 1 : wrapped ? 2 : 0;
    if (m->depth == 1 && span_is(m->path[0], "has_more"))
        k->more = m->value.type == JSON_TRUE;
    if (m->depth == element + 1)
        take_member(&k->now, m->path[element], &m->value);
    else if (element && m->depth == element && m->value.type == JSON_OBJECT)
        finish(k, m->value.raw);
}

int api_each_conversation(struct span body,
                          void (*each)(void *arg, const struct api_conversation *c), void *arg,
                          bool *more)
{
    struct collector k = {.each = each, .arg = arg};
    struct json_reader *r = json_reader_new();
    struct json_value top;
    int result = json_walk(r, body, on_member, &k, &top);
    if (result == 0 && top.type == JSON_OBJECT && k.count == 0 && k.now.id.len)
        finish(&k, top.raw);
    *more = k.more;
    json_reader_free(r);
    buf_release(&k.now.id);
    buf_release(&k.now.mode);
    buf_release(&k.now.created_at);
    return result == 0 && (top.type == JSON_ARRAY || top.type == JSON_OBJECT) ? k.count : -1;
}
