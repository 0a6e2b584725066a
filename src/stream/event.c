/* SPDX-License-Identifier: MIT */
#include "stream/event.h"

#include "base/xmalloc.h"

#include <stdint.h>
#include <stdlib.h>

enum { ROW_KEYS = 7 };

struct key {
    enum chat_member member;
    struct span name;  /* on the wire */
    const char *guide; /* the guide's name where it differs */
};

/* One row per event that is known by name, in either generation. */
struct row {
    struct span wire;
    struct span name;
    enum chat_kind kind;
    struct key keys[ROW_KEYS];
    unsigned count;
};

#define KEY(member, name)                                                                          \
    {                                                                                              \
        member, SPAN(name), NULL                                                                   \
    }
#define RENAMED(member, name, guide)                                                               \
    {                                                                                              \
        member, SPAN(name), guide                                                                  \
    }

static const struct row rows[] = {
    {SPAN("message"), SPAN("message"), CHAT_MESSAGE, {KEY(CHAT_DELTA, "delta")}, 1},
    {SPAN("token"), SPAN("message"), CHAT_MESSAGE, {KEY(CHAT_DELTA, "delta")}, 1},
    {SPAN("heartbeat"), SPAN("heartbeat"), CHAT_HEARTBEAT, {{0}}, 0},
    {SPAN("start"),
     SPAN("start"),
     CHAT_START,
     {KEY(CHAT_CONVERSATION_ID, "conversation_id"), KEY(CHAT_MODE, "mode"),
      KEY(CHAT_MODEL, "model")},
     3},
    {SPAN("tool_started"),
     SPAN("tool_started"),
     CHAT_TOOL_STARTED,
     {KEY(CHAT_TOOL_NAME, "tool_name"), KEY(CHAT_ARGUMENTS, "arguments"),
      KEY(CHAT_TOOL_CALL_ID, "tool_call_id")},
     3},
    {SPAN("tool_call"),
     SPAN("tool_started"),
     CHAT_TOOL_STARTED,
     {KEY(CHAT_TOOL_NAME, "tool_name"), RENAMED(CHAT_ARGUMENTS, "tool_args", "arguments"),
      KEY(CHAT_ARGUMENTS, "arguments"), KEY(CHAT_TOOL_CALL_ID, "tool_call_id")},
     4},
    {SPAN("tool_finished"),
     SPAN("tool_finished"),
     CHAT_TOOL_FINISHED,
     {KEY(CHAT_TOOL_NAME, "tool_name"), KEY(CHAT_RESULT, "result"), KEY(CHAT_TOOL_ERROR, "error"),
      KEY(CHAT_DURATION_MS, "duration_ms"), KEY(CHAT_TOOL_CALL_ID, "tool_call_id")},
     5},
    {SPAN("tool_result"),
     SPAN("tool_finished"),
     CHAT_TOOL_FINISHED,
     {KEY(CHAT_TOOL_NAME, "tool_name"), RENAMED(CHAT_RESULT, "tool_result", "result"),
      KEY(CHAT_RESULT, "result"), KEY(CHAT_TOOL_ERROR, "error"),
      KEY(CHAT_DURATION_MS, "duration_ms"), KEY(CHAT_TOOL_CALL_ID, "tool_call_id")},
     6},
    {SPAN("done"),
     SPAN("done"),
     CHAT_DONE,
     {KEY(CHAT_FINAL_TEXT, "final_text"), KEY(CHAT_TOTAL_TOKENS, "total_tokens"),
      KEY(CHAT_LATENCY_MS, "latency_ms")},
     3},
    {SPAN("error"),
     SPAN("error"),
     CHAT_ERROR,
     {KEY(CHAT_ERROR_MESSAGE, "message"), RENAMED(CHAT_ERROR_MESSAGE, "error", "message"),
      KEY(CHAT_ERROR_CODE, "code"), RENAMED(CHAT_ERROR_CODE, "error_type", "code"),
      KEY(CHAT_RETRYABLE, "retryable"), KEY(CHAT_RETRY_AFTER, "retry_after")},
     6},
    {SPAN("info"),
     SPAN("info"),
     CHAT_INFO,
     {KEY(CHAT_INFO_TYPE, "info_type"), KEY(CHAT_INFO_ATTEMPT, "attempt"),
      KEY(CHAT_INFO_MAX_ATTEMPTS, "max_attempts"), KEY(CHAT_INFO_RETRY_IN_MS, "retry_in_ms"),
      KEY(CHAT_INFO_TO, "to")},
     5},
    {SPAN("message_created"),
     SPAN("message_created"),
     CHAT_CREATED,
     {KEY(CHAT_CONVERSATION_ID, "conversation_id")},
     1},
};

static const struct row unknown = {.kind = CHAT_OTHER};

/* What was found at one of the two places where an event's members may be: in the payload
   itself, or in the `data` of an envelope. */
struct level {
    struct json_value member[CHAT_MEMBERS];
    uint32_t seen;     /* bit M: member M was found */
    uint32_t by_guide; /* it stood under the guide's own name, which wins */
    struct chat_rename rename[CHAT_RENAMES];
    enum chat_member renamed[CHAT_RENAMES];
    unsigned renames;
};

struct envelope {
    struct json_value type, data;
    struct span run_id, seq, timestamp;
};

struct chat_parser {
    struct json_reader *json;
    const struct row *row;
    struct span payload;
    struct level bare, inner;
    struct envelope envelope;
    struct buf strings; /* decoded strings that had escapes */
    struct buf name, why;
};

struct chat_parser *chat_parser_new(void)
{
    struct chat_parser *p = xcalloc(1, sizeof *p);
    p->json = json_reader_new();
    return p;
}

void chat_parser_free(struct chat_parser *p)
{
    if (!p)
        return;
    json_reader_free(p->json);
    buf_release(&p->strings);
    buf_release(&p->name);
    buf_release(&p->why);
    free(p);
}

_Static_assert(CHAT_MEMBERS <= 32, "a bit for each member");

static uint32_t bit(enum chat_member member)
{
    return UINT32_C(1) << member;
}

/* Makes the level fit for the next event. Most events have one member, so only those are cleared
   that were set. */
static void level_reset(struct level *level)
{
    for (unsigned m = 0; level->seen; m++, level->seen >>= 1)
        if (level->seen & 1)
            level->member[m] = (struct json_value){.type = JSON_NONE};
    level->by_guide = 0;
    level->renames = 0;
}

static void level_set(struct level *level, enum chat_member member, struct json_value value)
{
    level->member[member] = value;
    level->seen |= bit(member);
}

static const struct row *row_of(struct span wire)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (span_equal(rows[i].wire, wire))
            return &rows[i];
    return &unknown;
}

/* A decoded string lies in the payload, or, if it had escapes, in memory that yajl uses again.
   All copies of one payload together are never longer than it, so room is made once. */
static struct json_value kept(struct chat_parser *p, struct json_value value)
{
    struct span s = value.string;
    if (value.type != JSON_STRING || s.at == value.raw.at + 1)
        return value;
    buf_reserve(&p->strings, p->payload.len - p->strings.len);
    value.string.at = p->strings.data + p->strings.len;
    buf_span(&p->strings, s);
    return value;
}

static void note_key(struct chat_parser *p, struct level *level, const struct key *key,
                     const struct json_member *m)
{
    if (!key->guide) {
        level->by_guide |= bit(key->member);
    } else {
        if (level->renames < CHAT_RENAMES) {
            level->rename[level->renames] = (struct chat_rename){m->key_raw, key->guide};
            level->renamed[level->renames++] = key->member;
        }
        if (level->by_guide & bit(key->member))
            return;
    }
    level_set(level, key->member, kept(p, m->value));
}

/* `outer` is the number of path elements that lead to the level. */
static void note_member(struct chat_parser *p, struct level *level, unsigned outer,
                        const struct json_member *m)
{
    const struct row *row = p->row;
    struct span name = m->path[outer];
    for (unsigned i = 0; i < row->count; i++) {
        const struct key *key = &row->keys[i];
        if (!span_equal(key->name, name))
            continue;
        if (m->depth == outer + 1)
            note_key(p, level, key, m);
        else if (key->member == CHAT_RESULT && m->depth == outer + 2 &&
                 span_is(m->path[outer + 1], "error"))
            level_set(level, CHAT_RESULT_ERROR, kept(p, m->value));
        return;
    }
}

static void note_envelope(struct envelope *e, const struct json_member *m)
{
    struct span name = m->path[0];
    switch (name.len) {
    case 3:
        if (span_is(name, "seq"))
            e->seq = m->value.raw;
        break;
    case 4:
        if (span_is(name, "data"))
            e->data = m->value;
        else if (span_is(name, "type"))
            e->type = m->value;
        break;
    case 6:
        if (span_is(name, "run_id"))
            e->run_id = m->value.raw;
        break;
    case 9:
        if (span_is(name, "timestamp"))
            e->timestamp = m->value.raw;
        break;
    default:
        break;
    }
}

static void on_member(void *arg, const struct json_member *m)
{
    struct chat_parser *p = arg;
    if (m->depth == 1)
        note_envelope(&p->envelope, m);
    else if (span_is(m->path[0], "data"))
        note_member(p, &p->inner, 1, m);
    note_member(p, &p->bare, 0, m);
}

static void malformed(struct chat_parser *p, struct chat_event *event, const char *what,
                      const char *detail)
{
    event->kind = CHAT_MALFORMED;
    buf_clear(&p->why);
    buf_printf(&p->why, "%s%s", what, detail);
    event->why = buf_text(&p->why);
}

/* Of an object that is there twice the last one counts, and only what lies in that. */
static bool lies_in(struct span part, struct span whole)
{
    return whole.len && part.at >= whole.at && part.at < whole.at + whole.len;
}

/* A key that also stands under the guide's own name keeps its own. */
static void take_renames(struct chat_event *event, const struct level *level)
{
    for (unsigned i = 0; i < level->renames; i++)
        if (!(level->by_guide & bit(level->renamed[i])) &&
            lies_in(level->rename[i].key_raw, event->data))
            event->rename[event->renames++] = level->rename[i];
}

static void take_level(struct chat_parser *p, struct chat_event *event,
                       const struct json_value *top)
{
    const struct level *level = &p->bare;
    event->data = top->raw;
    if (p->envelope.data.type == JSON_OBJECT && p->envelope.type.type == JSON_STRING) {
        level = &p->inner;
        event->data = p->envelope.data.raw;
        event->run_id = p->envelope.run_id;
        event->seq = p->envelope.seq;
        event->timestamp = p->envelope.timestamp;
    }
    event->member = level->member;
    take_renames(event, level);
}

/* "Names are compared byte for byte"; a name of ours in the server's mouth is marked. */
static void take_name(struct chat_parser *p, struct chat_event *event, struct span wire)
{
    static const struct span ours = SPAN("client.");
    event->name = p->row->kind == CHAT_OTHER ? wire : p->row->name;
    if (!span_starts(wire, ours))
        return;
    buf_clear(&p->name);
    buf_puts(&p->name, "server.");
    buf_span(&p->name, wire);
    event->name = buf_view(&p->name);
}

/* Whether the guide prescribes what the payload must be. */
static bool is_strict(enum chat_kind kind)
{
    return kind != CHAT_OTHER && kind != CHAT_CREATED && kind != CHAT_INFO;
}

static void check_members(struct chat_parser *p, struct chat_event *event)
{
    if (event->kind == CHAT_MESSAGE && event->member[CHAT_DELTA].type != JSON_STRING)
        malformed(p, event, "`delta` is not a string", "");
    if ((event->kind == CHAT_TOOL_STARTED || event->kind == CHAT_TOOL_FINISHED) &&
        event->member[CHAT_TOOL_NAME].type != JSON_STRING)
        malformed(p, event, "`tool_name` is not a string", "");
}

void chat_parse(struct chat_parser *p, const struct sse_event *from, struct chat_event *event)
{
    p->row = row_of(from->name);
    p->payload = from->data;
    level_reset(&p->bare);
    level_reset(&p->inner);
    p->envelope.type.type = p->envelope.data.type = JSON_NONE;
    p->envelope.run_id = p->envelope.seq = p->envelope.timestamp = span_make(NULL, 0);
    buf_clear(&p->strings);

    event->kind = p->row->kind;
    event->id = from->id;
    event->has_id = from->has_id;
    event->payload = from->data;
    event->data = event->run_id = event->seq = event->timestamp = span_make(NULL, 0);
    event->renames = 0;
    event->member = p->bare.member;
    event->why = NULL;
    take_name(p, event, from->name);

    struct json_value top;
    event->is_json = json_walk(p->json, from->data, on_member, p, &top) == 0;
    if (event->is_json)
        take_level(p, event, &top);
    if (!is_strict(event->kind)) {
        if (!event->is_json || top.type != JSON_OBJECT)
            event->kind = CHAT_OTHER;
    } else if (!event->is_json) {
        malformed(p, event, "not JSON: ", json_error(p->json));
    } else if (top.type != JSON_OBJECT) {
        malformed(p, event, "not a JSON object", "");
    } else {
        check_members(p, event);
    }
}

static bool says_failure(const struct json_value *v)
{
    return v->type != JSON_NONE && v->type != JSON_NULL && v->type != JSON_FALSE;
}

const struct json_value *chat_tool_error(const struct chat_event *event)
{
    const struct json_value *own = &event->member[CHAT_TOOL_ERROR];
    const struct json_value *inside = &event->member[CHAT_RESULT_ERROR];
    if (says_failure(own))
        return own;
    return says_failure(inside) && lies_in(inside->raw, event->member[CHAT_RESULT].raw) ? inside
                                                                                        : NULL;
}

void chat_put_data(struct buf *out, const struct chat_event *event)
{
    if (!event->is_json) {
        json_put_string(out, event->payload);
        return;
    }
    const char *at = event->data.at, *end = event->data.at + event->data.len;
    for (unsigned i = 0; i < event->renames; i++) {
        const struct chat_rename *r = &event->rename[i];
        json_put_raw(out, span_make(at, (size_t)(r->key_raw.at - at)));
        json_put_string(out, span_of(r->name));
        at = r->key_raw.at + r->key_raw.len;
    }
    json_put_raw(out, span_make(at, (size_t)(end - at)));
}
