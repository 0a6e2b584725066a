/* SPDX-License-Identifier: MIT */
/* The pipe of an answer: bytes to server-sent events to chat events to the sinks, and what became
   of it. Knows no network: `send` and `decode` share it. */
#ifndef CHAT_READER_H
#define CHAT_READER_H

#include "core/fail.h"
#include "output/sink.h"
#include "stream/event.h"
#include "stream/sse.h"

#include <stdbool.h>
#include <stdint.h>

/* What has been seen of the answer of the present attempt. */
struct answer {
    int64_t events, text_bytes, tool_calls;
    int64_t deltas;         /* message events, empty ones too */
    int64_t progress;       /* events other than heartbeats: a stalled stream makes none */
    int64_t first_delta_us; /* sys_now_us(), 0 before */
    uint64_t hash;          /* of the text so far, FNV-1a */
    bool begun;             /* text or a tool event came */
    bool tools;             /* a tool event came */
    bool done;              /* `done` came */
    bool ended;             /* `done` or `error` came: the server is about to close */
    struct fail verdict;    /* what the events themselves say: an error event, a malformed one,
                               a text that differs from `final_text` */
    int64_t former_text, former_tools;  /* counts of a former attempt, which stand until this one
                                           has its own, as what the sinks hold does */
    char *conversation_id, *message_id; /* owned, NULL before the server names them */
    char *mode, *model;                 /* likewise */
    char *total_tokens, *latency_ms;    /* numbers in the server's own spelling, likewise */
};

struct reader {
    struct sse sse;
    struct chat_parser *parser;
    struct sinks *sinks; /* borrowed */
    struct answer answer;
    bool body_begun; /* a byte of the body has been passed on */
};

void reader_init(struct reader *r, struct sinks *sinks, size_t max_event);
void reader_release(struct reader *r);

/* An attempt begins: forgets what the last one brought and tells the sinks. */
int reader_begin(struct reader *r, struct fail *fail);
/* Bytes of the body; what they complete has been given to the sinks when it returns. -1 with
 *fail set when a sink failed or the stream cannot be read on (FAIL_PROTOCOL). */
int reader_feed(struct reader *r, struct span bytes, struct fail *fail);
/* Lets everything leave that the sinks gathered: call after each delivery. */
int reader_flush(struct reader *r, struct fail *fail);
/* The stream is over. Turns what the events said, or a missing `done`, into *fail unless it is
   set already. `why` says how the stream ended ("the connection was closed"). */
int reader_finish(struct reader *r, const char *why, struct fail *fail);

/* Whether the answer has shown itself, so that a further attempt would repeat output. */
bool reader_is_committed(const struct reader *r);

/* Fills what the answer knows; the rest of *summary is the caller's. */
void reader_summarize(const struct reader *r, struct summary *summary);

#endif
