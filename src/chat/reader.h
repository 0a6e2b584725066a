/* SPDX-License-Identifier: MIT */
/* Reads an answer: passes bytes to the SSE parser, events to the sinks, and keeps the result. Has
   no network code: `send` and `decode` share it. */
#ifndef CHAT_READER_H
#define CHAT_READER_H

#include "core/fail.h"
#include "output/sink.h"
#include "stream/event.h"
#include "stream/sse.h"

#include <stdbool.h>
#include <stdint.h>

/* The state of the answer in the current attempt. */
struct answer {
    int64_t events, text_bytes, tool_calls;
    int64_t deltas;         /* message events, including empty ones */
    int64_t progress;       /* events for which chat_is_progress is true */
    int64_t first_delta_us; /* sys_now_us(), 0 before */
    uint64_t hash;          /* of the text so far, core/hash.h */
    bool begun;             /* text or a tool event was received */
    bool tools;             /* a tool event was received */
    bool done;              /* `done` was received */
    bool ended;             /* `done` or `error` was received: the stream is drained */
    struct fail verdict; /* the failure that the events report: an error event, a malformed event,
                            or a text that differs from `final_text` */
    int64_t former_text, former_tools;  /* counts of the previous attempt, valid until this one has
                                           output, like the output that sinks hold */
    char *conversation_id, *message_id; /* owned, NULL until the server sends them */
    char *mode, *model;                 /* likewise */
    char *total_tokens, *latency_ms;    /* numbers in the server's own spelling, likewise */
};

struct reader {
    struct sse sse;
    struct chat_parser *parser;
    struct sinks *sinks; /* borrowed */
    struct answer answer;
    bool body_begun; /* a byte of the body was passed on */
};

void reader_init(struct reader *r, struct sinks *sinks, size_t max_event);
void reader_release(struct reader *r);

/* Begins an attempt: resets the answer and calls sinks_begin. */
int reader_begin(struct reader *r, struct fail *fail);
/* Parses bytes of the body and passes complete events to the sinks. -1 with *fail if a sink failed
   or the stream is invalid (FAIL_PROTOCOL). */
int reader_feed(struct reader *r, struct span bytes, struct fail *fail);
/* Flushes the sinks: call after each delivery. */
int reader_flush(struct reader *r, struct fail *fail);
/* Ends the stream. Unless *fail is set, records the failure that the events report, or a missing
   `done`; `why` is how the stream ended ("the connection was closed"). */
int reader_finish(struct reader *r, const char *why, struct fail *fail);

/* Whether output was written that another attempt would repeat. */
bool reader_is_committed(const struct reader *r);

/* Fills the members of *summary that are known from the answer. */
void reader_summarize(const struct reader *r, struct summary *summary);

#endif
