/* SPDX-License-Identifier: MIT */
/* Server-sent events to chat events. Two generations of the backend are in use; which dialect an
   event speaks is decided event by event, and what comes out has the names and keys of the first
   (docs of the JSON lines: sigmasight-chat(1), "JSON lines"). "The guide" is the description of the
   API of the first generation. */
#ifndef STREAM_EVENT_H
#define STREAM_EVENT_H

#include "stream/sse.h"
#include "json/json.h"

#include <stdbool.h>

enum chat_kind {
    CHAT_OTHER, /* passed through */
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
    CHAT_MALFORMED /* a known event that is not the JSON it should be */
};

/* The members of `data` that the program itself reads, under the guide's names. */
enum chat_member {
    CHAT_DATA, /* `data` itself */
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

/* What the second generation says around `data`: "every event but `message_created` wraps its
   payload" in `type`, `run_id`, `seq`, `data` and `timestamp`. Such an envelope is known by `data`
   and a `type` that is the event's own name on the wire; of an event that is not known itself also
   by at least one of these. Every other object is the payload itself, so that a payload with keys
   of these names loses nothing. What stands in `data` is the payload, of whatever type.

   An event without an `event` field is a delta if its payload has a string `delta`, and an error
   if its payload is an object whose `error` is a non-empty string or an object, or whose only
   member is `detail`. In its envelope `type` must name a delta or an error. */
enum chat_envelope { CHAT_RUN_ID, CHAT_SEQ, CHAT_TIMESTAMP, CHAT_ENVELOPE };

/* A key of `data` that the guide calls by another name. */
struct chat_rename {
    struct span key_raw; /* where it stands, with its quotation marks */
    const char *name;
};

enum { CHAT_RENAMES = 2 };

/* Borrowed from the parser and from the SSE event, and so no longer there than that. */
struct chat_event {
    enum chat_kind kind;
    struct span name; /* as the JSON lines show it */
    const struct sse_event *from;
    bool is_json;                      /* false: the payload is not JSON, and there is no member */
    const struct json_value *member;   /* [CHAT_MEMBERS], JSON_NONE when absent */
    const struct json_value *envelope; /* [CHAT_ENVELOPE], likewise */
    struct chat_rename rename[CHAT_RENAMES]; /* in the order in which they stand in `data` */
    unsigned renames;
    const char *why; /* CHAT_MALFORMED: one line */
};

struct chat_parser;

struct chat_parser *chat_parser_new(void);
void chat_parser_free(struct chat_parser *p);

/* Never fails: what is not understood is CHAT_OTHER or CHAT_MALFORMED. The event is the parser's
   own. */
const struct chat_event *chat_parse(struct chat_parser *p, const struct sse_event *from);

/* Why a finished tool failed, in any of the three forms in which servers say it; NULL when it
   did not. A string, or an object with `message`. */
const struct json_value *chat_tool_error(const struct chat_event *event);

/* Appends `data` with its renamed keys, on one line. */
void chat_put_data(struct buf *out, const struct chat_event *event);

#endif
