/* SPDX-License-Identifier: MIT */
/* Converts server-sent events to chat events. Two generations of the backend are in use. Each event
   is recognized on its own, and the result has the names and keys of the first generation, which
   "the guide" describes (sigmasight-chat(1), "JSON lines"). */
#ifndef STREAM_EVENT_H
#define STREAM_EVENT_H

#include "stream/sse.h"
#include "json/json.h"

#include <stdbool.h>

enum chat_kind {
    CHAT_OTHER, /* unknown, passed through */
    CHAT_CREATED,
    CHAT_START,
    CHAT_MESSAGE,
    CHAT_TOOL_STARTED,
    CHAT_TOOL_FINISHED,
    CHAT_DONE,
    CHAT_ERROR,
    CHAT_HEARTBEAT,
    CHAT_INFO,
    CHAT_UNNAMED,  /* no `event` field, and neither a delta nor an error */
    CHAT_MALFORMED /* a known event with an invalid payload */
};

/* The members of the payload that the program reads, by the guide's names. */
enum chat_member {
    CHAT_DATA, /* the payload itself */
    CHAT_CONVERSATION_ID,
    CHAT_MODE,
    CHAT_MODEL,
    CHAT_MESSAGE_ID, /* of the answer */
    CHAT_DELTA,
    CHAT_TOOL_NAME,
    CHAT_TOOL_CALL_ID,
    CHAT_ARGUMENTS,
    CHAT_RESULT,
    CHAT_RESULT_ERROR, /* `error` inside `result` */
    CHAT_TOOL_ERROR,
    CHAT_DURATION_MS,
    CHAT_FINAL_TEXT,
    CHAT_TOTAL_TOKENS,
    CHAT_LATENCY_MS,
    CHAT_ERROR_MESSAGE,
    CHAT_ERROR_CODE,
    CHAT_RETRYABLE,
    CHAT_RETRY_AFTER,
    CHAT_INFO_TYPE,
    CHAT_INFO_ATTEMPT,
    CHAT_INFO_MAX_ATTEMPTS,
    CHAT_INFO_RETRY_IN_MS,
    CHAT_INFO_TO,
    CHAT_MEMBERS
};

/* The second generation wraps the payload of every event but `message_created` in an envelope of
   `type`, `run_id`, `seq`, `data` and `timestamp`. An object is an envelope if it has `data` and a
   `type` equal to the event's name; if the event is unknown, it must also have one of the others.
   Any other object is the payload itself. The value of `data` is the payload, whatever its type.

   An event without an `event` field is a delta if its payload has a string `delta`, and an error
   if its payload is an object whose `error` is a non-empty string or an object, or whose only
   member is `detail`. In its envelope `type` must name a delta or an error. */
enum chat_envelope { CHAT_RUN_ID, CHAT_SEQ, CHAT_TIMESTAMP, CHAT_ENVELOPE };

/* A key of the payload for which the guide has another name. */
struct chat_rename {
    struct span key_raw; /* in the payload, with its quotation marks */
    const char *name;
};

enum { CHAT_RENAMES = 2 };

/* Borrowed from the parser and from the SSE event. */
struct chat_event {
    enum chat_kind kind;
    struct span name; /* as in JSON Lines */
    const struct sse_event *from;
    bool is_json;                      /* false: the payload is not JSON, and there is no member */
    const struct json_value *member;   /* [CHAT_MEMBERS], JSON_NONE when absent */
    const struct json_value *envelope; /* [CHAT_ENVELOPE], likewise */
    struct chat_rename rename[CHAT_RENAMES]; /* in the order of the payload */
    unsigned renames;
    const char *why; /* CHAT_MALFORMED: one line */
};

struct chat_parser;

struct chat_parser *chat_parser_new(void);
void chat_parser_free(struct chat_parser *p);

/* Never fails: the event may be CHAT_OTHER or CHAT_MALFORMED. It belongs to the parser and is valid
   until the next call. */
const struct chat_event *chat_parse(struct chat_parser *p, const struct sse_event *from);

/* Whether the event shows that the answer makes progress: it is neither a heartbeat nor an unnamed
   event without an effect, such as a keepalive. */
bool chat_is_progress(const struct chat_event *event);

/* The error of a finished tool, a string or an object with `message`, in any of the three forms in
   which servers report it; NULL if the tool succeeded. */
const struct json_value *chat_tool_error(const struct chat_event *event);

/* The ID of the call of a tool event, empty if the server sent none. Borrowed from it. */
struct span chat_call_id(const struct chat_event *event);

/* What identifies the call of a tool: its ID, or empty, and the name of the tool in any form. */
struct chat_call {
    struct span id, name;
};

/* Whether the call that finished is the one that was started: by the IDs if both have one, else by
   the names. Of several calls that match, the first one is meant. */
bool chat_is_same_call(struct chat_call started, struct chat_call finished);

/* Appends the payload with its keys renamed, on one line. */
void chat_put_data(struct buf *out, const struct chat_event *event);

#endif
