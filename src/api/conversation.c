/* SPDX-License-Identifier: MIT */
/* The part of api/api.h that reads what the server says of conversations. */
#include "api/api.h"

enum { NAMED_ID = JSON_DOCUMENT + 1, ID, MODE, CREATED_AT };

static const struct json_key keys[] = {
    {.name = SPAN("conversation_id"), .slot = NAMED_ID},
    {.name = SPAN("id"), .slot = ID},
    {.name = SPAN("mode"), .slot = MODE},
    {.name = SPAN("created_at"), .slot = CREATED_AT},
};

static const struct json_shape shape = {keys, sizeof keys / sizeof keys[0]};

static struct span text(const struct json_found *found, unsigned slot)
{
    const struct json_value *value = &found->slot[slot];
    return value->type == JSON_STRING ? value->string : span_make(NULL, 0);
}

bool api_read_conversation(struct json_reader *reader, struct span object,
                           struct api_conversation *c)
{
    struct json_found found = {.seen = 0};
    if (json_find(reader, object, &shape, &found) != 0)
        return false;
    c->raw = found.slot[JSON_DOCUMENT].raw;
    c->by_guide = text(&found, NAMED_ID).len > 0;
    c->id = text(&found, c->by_guide ? NAMED_ID : ID);
    c->mode = text(&found, MODE);
    c->created_at = text(&found, CREATED_AT);
    return c->id.len > 0;
}

struct collector {
    void (*each)(void *arg, const struct api_conversation *c);
    void *arg;
    struct json_reader *reader;
    int count;
    bool more;
    bool listed;  /* the object has a list of them */
    bool strange; /* what is none of them was among them */
};

static void collect(struct collector *k, struct span raw)
{
    struct api_conversation c;
    if (!api_read_conversation(k->reader, raw, &c)) {
        k->strange = true;
        return;
    }
    k->each(k->arg, &c);
    k->count++;
}

static void on_element(void *arg, const struct json_member *m)
{
    collect(arg, m->value.raw);
}

static void on_member(void *arg, const struct json_member *m)
{
    struct collector *k = arg;
    if (span_is(m->key, "conversations"))
        k->listed = json_read_array(m->value.raw, on_element, k) == 0;
    else if (span_is(m->key, "has_more"))
        k->more = m->value.type == JSON_TRUE;
}

/* Three forms: [ {…}, … ], { "conversations": [ {…}, … ] } and { … }. */
int api_each_conversation(struct span body,
                          void (*each)(void *arg, const struct api_conversation *c), void *arg,
                          bool *more)
{
    struct collector k = {.each = each, .arg = arg, .reader = json_reader_new()};
    bool is_object = json_read_object(body, on_member, &k) == 0;
    if (is_object && !k.listed)
        collect(&k, body);
    bool understood = is_object || json_read_array(body, on_element, &k) == 0;
    *more = k.more;
    json_reader_free(k.reader);
    return understood && !k.strange ? k.count : -1;
}
