/* SPDX-License-Identifier: MIT */
#include "stream/event.h"

#include "core/utf8.h"
#include "core/xmalloc.h"
#include "json/write.h"

#include <stdlib.h>

/* The maximum length of a quoted payload. */
enum { PAYLOAD_MAX = 500 /* bytes */ };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* The slots of json_found: those of the outermost object, as if it were the payload; those of the
   object in its `data`, as if it were an envelope; then the members of the envelope. A payload has
   slots for its members by the guide's names and by the other names on the wire. */
enum slot {
    WIRE_ARGUMENTS = CHAT_MEMBERS,
    WIRE_RESULT,
    WIRE_RESULT_ERROR,
    WIRE_MESSAGE,
    WIRE_CODE,
    LEVEL_SLOTS,
    ENVELOPE_TYPE = 2 * LEVEL_SLOTS,
    ENVELOPE,
    SLOTS = ENVELOPE + CHAT_ENVELOPE
};

_Static_assert((int)SLOTS <= (int)JSON_SLOTS, "a slot for each member");
_Static_assert((int)ENVELOPE_TYPE + 1 == (int)ENVELOPE &&
                   (int)SLOTS == (int)ENVELOPE + CHAT_ENVELOPE,
               "the members of the envelope come last");
_Static_assert((int)CHAT_DATA == (int)JSON_DOCUMENT, "the first slot is the payload itself");

/* Members that have another name in the guide. */
static const struct {
    enum slot wire;
    enum chat_member member;
    const char *guide;
} renamed[] = {
    {WIRE_ARGUMENTS, CHAT_ARGUMENTS, "arguments"},
    {WIRE_RESULT, CHAT_RESULT, "result"},
    {WIRE_MESSAGE, CHAT_ERROR_MESSAGE, "message"},
    {WIRE_CODE, CHAT_ERROR_CODE, "code"},
};

#define KEY(name, slot)                                                                            \
    {                                                                                              \
        SPAN(name), slot, NULL, 0                                                                  \
    }
#define KEY_WITH(name, slot, inside)                                                               \
    {                                                                                              \
        SPAN(name), slot, inside, 0                                                                \
    }

/* The keys of an envelope, with the event's members wanted in `data`. */
enum { ENVELOPE_KEYS = 5 };
#define ENVELOPE_OF(event)                                                                         \
    KEY("type", ENVELOPE_TYPE), KEY("run_id", (int)ENVELOPE + (int)CHAT_RUN_ID),                   \
        KEY("seq", (int)ENVELOPE + (int)CHAT_SEQ),                                                 \
        {SPAN("data"), LEVEL_SLOTS, &event##_in_data, LEVEL_SLOTS},                                \
        KEY("timestamp", (int)ENVELOPE + (int)CHAT_TIMESTAMP)

/* The members of an event, wanted both in the outermost object and in its `data`: whether that is
   an envelope is known only when all of it was read. */
#define SHAPE(event, ...)                                                                          \
    static const struct json_shape event##_in_data;                                                \
    static const struct json_key event##_keys[] = {__VA_ARGS__ ENVELOPE_OF(event)};                \
    static const struct json_shape event##_in_data = {event##_keys,                                \
                                                      COUNT(event##_keys) - ENVELOPE_KEYS};        \
    static const struct json_shape event##_shape = {event##_keys, COUNT(event##_keys)}

static const struct json_key error_key = KEY("error", CHAT_RESULT_ERROR);
static const struct json_shape error_inside = {&error_key, 1};
static const struct json_key wire_error_key = KEY("error", WIRE_RESULT_ERROR);
static const struct json_shape wire_error_inside = {&wire_error_key, 1};

/* clang-format off */
SHAPE(any, );
SHAPE(message, KEY("delta", CHAT_DELTA), );
SHAPE(start,
      KEY("conversation_id", CHAT_CONVERSATION_ID),
      KEY("message_id", CHAT_MESSAGE_ID),
      KEY("mode", CHAT_MODE),
      KEY("model", CHAT_MODEL), );
SHAPE(tool_started,
      KEY("tool_name", CHAT_TOOL_NAME),
      KEY("arguments", CHAT_ARGUMENTS),
      KEY("tool_call_id", CHAT_TOOL_CALL_ID), );
SHAPE(tool_call,
      KEY("tool_call_id", CHAT_TOOL_CALL_ID),
      KEY("tool_name", CHAT_TOOL_NAME),
      KEY("tool_args", WIRE_ARGUMENTS),
      KEY("arguments", CHAT_ARGUMENTS), );
SHAPE(tool_finished,
      KEY("tool_name", CHAT_TOOL_NAME),
      KEY_WITH("result", CHAT_RESULT, &error_inside),
      KEY("error", CHAT_TOOL_ERROR),
      KEY("duration_ms", CHAT_DURATION_MS),
      KEY("tool_call_id", CHAT_TOOL_CALL_ID), );
SHAPE(tool_result,
      KEY("tool_call_id", CHAT_TOOL_CALL_ID),
      KEY("tool_name", CHAT_TOOL_NAME),
      KEY_WITH("tool_result", WIRE_RESULT, &wire_error_inside),
      KEY("duration_ms", CHAT_DURATION_MS),
      KEY_WITH("result", CHAT_RESULT, &error_inside),
      KEY("error", CHAT_TOOL_ERROR), );
SHAPE(done,
      KEY("message_id", CHAT_MESSAGE_ID),
      KEY("final_text", CHAT_FINAL_TEXT),
      KEY("total_tokens", CHAT_TOTAL_TOKENS),
      KEY("latency_ms", CHAT_LATENCY_MS), );
SHAPE(error,
      KEY("error", WIRE_MESSAGE),
      KEY("error_type", WIRE_CODE),
      KEY("message", CHAT_ERROR_MESSAGE),
      KEY("code", CHAT_ERROR_CODE),
      KEY("retryable", CHAT_RETRYABLE),
      KEY("retry_after", CHAT_RETRY_AFTER), );
SHAPE(info,
      KEY("info_type", CHAT_INFO_TYPE),
      KEY("attempt", CHAT_INFO_ATTEMPT),
      KEY("max_attempts", CHAT_INFO_MAX_ATTEMPTS),
      KEY("retry_in_ms", CHAT_INFO_RETRY_IN_MS),
      KEY("to", CHAT_INFO_TO), );
SHAPE(created,
      KEY("conversation_id", CHAT_CONVERSATION_ID),
      KEY("assistant_message_id", CHAT_MESSAGE_ID), );
/* clang-format on */

/* One row per known event name of either generation. Deltas come first, because most events are
   deltas. */
struct event_row {
    struct span wire;
    struct span name;
    enum chat_kind kind;
    const struct json_shape *shape;
};

static const struct event_row event_rows[] = {
    {SPAN("token"), SPAN("message"), CHAT_MESSAGE, &message_shape},
    {SPAN("message"), SPAN("message"), CHAT_MESSAGE, &message_shape},
    {SPAN("heartbeat"), SPAN("heartbeat"), CHAT_HEARTBEAT, &any_shape},
    {SPAN("start"), SPAN("start"), CHAT_START, &start_shape},
    {SPAN("tool_started"), SPAN("tool_started"), CHAT_TOOL_STARTED, &tool_started_shape},
    {SPAN("tool_call"), SPAN("tool_started"), CHAT_TOOL_STARTED, &tool_call_shape},
    {SPAN("tool_finished"), SPAN("tool_finished"), CHAT_TOOL_FINISHED, &tool_finished_shape},
    {SPAN("tool_result"), SPAN("tool_finished"), CHAT_TOOL_FINISHED, &tool_result_shape},
    {SPAN("done"), SPAN("done"), CHAT_DONE, &done_shape},
    {SPAN("error"), SPAN("error"), CHAT_ERROR, &error_shape},
    {SPAN("info"), SPAN("info"), CHAT_INFO, &info_shape},
    {SPAN("message_created"), SPAN("message_created"), CHAT_CREATED, &created_shape},
};

static const struct event_row unknown = {.kind = CHAT_OTHER, .shape = &any_shape};
static const struct event_row unnamed = {
    .name = SPAN("unnamed"), .kind = CHAT_UNNAMED, .shape = &any_shape};

struct chat_parser {
    struct json_reader *json;
    struct json_found found;
    struct chat_event event;
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
    buf_release(&p->name);
    buf_release(&p->why);
    free(p);
}

static const struct event_row *row_of(struct span wire)
{
    for (const struct event_row *row = event_rows; row != event_rows + COUNT(event_rows); row++)
        if (span_equal(row->wire, wire))
            return row;
    return &unknown;
}

static const struct span no_detail;

static void set_malformed(struct chat_parser *p, const char *what, struct span detail)
{
    struct chat_event *event = &p->event;
    event->kind = CHAT_MALFORMED;
    buf_clear(&p->why);
    buf_puts(&p->why, what);
    utf8_put_without_nul(&p->why, detail);
    event->why = buf_text(&p->why);
}

/* Quotes the payload: it holds the server's words. */
static void set_malformed_error(struct chat_parser *p)
{
    const struct chat_event *event = &p->event;
    const struct json_value *data = &event->member[CHAT_DATA];
    struct span said = !event->is_json             ? event->from->data
                       : data->type == JSON_STRING ? data->string
                                                   : data->raw;
    struct buf line = {0};
    utf8_fold(&line, said, PAYLOAD_MAX);
    set_malformed(p, "not a JSON object: ", line.len ? buf_view(&line) : span_of("(empty)"));
    buf_release(&line);
}

/* Keeps the order of the payload. */
static void add_rename(struct chat_event *event, struct chat_rename rename)
{
    unsigned at = event->renames++;
    for (; at > 0 && event->rename[at - 1].key_raw.at > rename.key_raw.at; at--)
        event->rename[at] = event->rename[at - 1];
    event->rename[at] = rename;
}

static void set_slot(struct json_found *found, unsigned slot, struct json_value value)
{
    found->slot[slot] = value;
    found->seen |= UINT64_C(1) << slot;
}

/* Moves members with another name to their own slots. If the payload has the guide's name too, that
   member counts and nothing is renamed. */
static void take_renames(struct chat_event *event, struct json_found *found, unsigned level)
{
    const struct json_value *slot = &found->slot[level];
    for (size_t i = 0; i < COUNT(renamed); i++) {
        enum chat_member member = renamed[i].member;
        const struct json_value *value = &slot[renamed[i].wire];
        if (value->type == JSON_NONE || slot[member].type != JSON_NONE)
            continue;
        set_slot(found, level + member, *value);
        if (member == CHAT_RESULT)
            set_slot(found, level + CHAT_RESULT_ERROR, slot[WIRE_RESULT_ERROR]);
        add_rename(event, (struct chat_rename){json_key_before(value->raw), renamed[i].guide});
    }
}

static const struct json_value no_envelope[CHAT_ENVELOPE];

/* Whether a named event is in an envelope, as event.h defines it. */
static bool is_envelope(const struct json_found *found, const struct event_row *row,
                        struct span name)
{
    const struct json_value *type = &found->slot[ENVELOPE_TYPE];
    return found->slot[LEVEL_SLOTS].type != JSON_NONE && type->type == JSON_STRING &&
           span_equal(type->string, name) && (row != &unknown || found->seen >> ENVELOPE != 0);
}

static void take_level(struct chat_event *event, struct json_found *found, bool enveloped)
{
    unsigned level = enveloped ? LEVEL_SLOTS : 0;
    if (enveloped)
        event->envelope = &found->slot[ENVELOPE];
    event->member = &found->slot[level];
    if (event->kind != CHAT_MESSAGE)
        take_renames(event, found, level);
}

struct error_signs {
    unsigned members;
    bool has_error, has_detail;
};

static void note_error_sign(void *arg, const struct json_member *m)
{
    struct error_signs *signs = arg;
    signs->members++;
    if (span_is(m->key, "error"))
        signs->has_error = m->value.type == JSON_OBJECT ||
                           (m->value.type == JSON_STRING && m->value.string.len > 0);
    if (span_is(m->key, "detail"))
        signs->has_detail = true;
}

static bool is_error_object(struct span payload)
{
    struct error_signs signs = {0};
    return json_read_object(payload, note_error_sign, &signs) == 0 &&
           (signs.has_error || (signs.has_detail && signs.members == 1));
}

/* Classifies an event without a name, as event.h defines it. */
static const struct event_row *classify_unnamed(struct chat_parser *p, struct span data,
                                                bool *enveloped)
{
    const struct json_value *slot = p->found.slot;
    *enveloped = false;
    if (json_find(p->json, data, &message_shape, &p->found) != 0)
        return &unnamed;
    const struct json_value *payload = &slot[LEVEL_SLOTS], *type = &slot[ENVELOPE_TYPE];
    const struct event_row *row = type->type == JSON_STRING ? row_of(type->string) : &unknown;
    if ((row->kind == CHAT_MESSAGE &&
         slot[(int)LEVEL_SLOTS + (int)CHAT_DELTA].type == JSON_STRING) ||
        (row->kind == CHAT_ERROR && is_error_object(payload->raw))) {
        *enveloped = true;
        return row;
    }
    bool is_delta = slot[CHAT_DELTA].type == JSON_STRING;
    /* Most events are deltas without an error, which need not be read again. */
    if ((!is_delta || span_contains(data, (struct span)SPAN("error"))) &&
        is_error_object(slot[CHAT_DATA].raw))
        return row_of((struct span)SPAN("error"));
    return is_delta ? row_of((struct span)SPAN("message")) : &unnamed;
}

/* Marks a server's event whose name looks like one of the program's own. */
static void take_unknown_name(struct chat_parser *p, struct span wire)
{
    static const struct span ours = SPAN("client.");
    p->event.name = wire;
    if (!span_starts(wire, ours))
        return;
    buf_clear(&p->name);
    buf_puts(&p->name, "server.");
    buf_span(&p->name, wire);
    p->event.name = buf_view(&p->name);
}

static void check_members(struct chat_parser *p)
{
    enum chat_kind kind = p->event.kind;
    const struct json_value *member = p->event.member;
    if (kind == CHAT_MESSAGE && member[CHAT_DELTA].type != JSON_STRING)
        set_malformed(p, "`delta` is not a string", no_detail);
    if ((kind == CHAT_TOOL_STARTED || kind == CHAT_TOOL_FINISHED) &&
        member[CHAT_TOOL_NAME].type != JSON_STRING)
        set_malformed(p, "`tool_name` is not a string", no_detail);
}

static void take_non_object(struct chat_parser *p)
{
    struct chat_event *event = &p->event;
    switch (event->kind) {
    case CHAT_OTHER:
    case CHAT_UNNAMED:
        break;
    case CHAT_CREATED:
    case CHAT_INFO:
        event->kind = CHAT_OTHER;
        break;
    case CHAT_ERROR:
        set_malformed_error(p);
        break;
    default:
        if (event->envelope != no_envelope)
            set_malformed(p, "`data` is not a JSON object", no_detail);
        else if (event->is_json)
            set_malformed(p, "not a JSON object", no_detail);
        else
            set_malformed(p, "not JSON: ", span_of(json_error(p->json)));
    }
}

const struct chat_event *chat_parse(struct chat_parser *p, const struct sse_event *from)
{
    struct chat_event *event = &p->event;
    bool enveloped = false;
    const struct event_row *row =
        from->has_name ? row_of(from->name) : classify_unnamed(p, from->data, &enveloped);
    event->kind = row->kind;
    event->from = from;
    event->renames = 0;
    event->member = p->found.slot;
    event->envelope = no_envelope;
    event->name = row->name;
    if (row == &unknown)
        take_unknown_name(p, from->name);
    event->is_json = json_find(p->json, from->data, row->shape, &p->found) == 0;
    if (event->is_json) {
        if (from->has_name)
            enveloped = is_envelope(&p->found, row, from->name);
        take_level(event, &p->found, enveloped);
    }
    if (event->member[CHAT_DATA].type == JSON_OBJECT)
        check_members(p);
    else
        take_non_object(p);
    return event;
}

bool chat_is_progress(const struct chat_event *event)
{
    bool is_heartbeat = event->kind == CHAT_HEARTBEAT ||
                        (event->kind == CHAT_MALFORMED && span_is(event->name, "heartbeat"));
    return !is_heartbeat && event->kind != CHAT_UNNAMED;
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
    return says_failure(inside) ? inside : NULL;
}

struct span chat_call_id(const struct chat_event *event)
{
    const struct json_value *id = &event->member[CHAT_TOOL_CALL_ID];
    return id->type == JSON_NUMBER ? id->raw : id->string;
}

bool chat_is_same_call(struct chat_call started, struct chat_call finished)
{
    bool both = started.id.len && finished.id.len;
    return both ? span_equal(started.id, finished.id) : span_equal(started.name, finished.name);
}

void chat_put_data(struct buf *out, const struct chat_event *event)
{
    if (!event->is_json) {
        json_put_string(out, event->from->data);
        return;
    }
    struct span data = event->member[CHAT_DATA].raw;
    const char *at = data.at, *end = data.at + data.len;
    for (unsigned i = 0; i < event->renames; i++) {
        const struct chat_rename *r = &event->rename[i];
        json_put_raw(out, span_make(at, (size_t)(r->key_raw.at - at)));
        json_put_string(out, span_of(r->name));
        at = r->key_raw.at + r->key_raw.len;
    }
    json_put_raw(out, span_make(at, (size_t)(end - at)));
}
