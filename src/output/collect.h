/* SPDX-License-Identifier: MIT */
/* Collects the text and the tools of an answer from its events, for output that is written at the
   end: the object of -o json and the log entry. */
#ifndef OUTPUT_COLLECT_H
#define OUTPUT_COLLECT_H

#include "core/buf.h"
#include "output/sink.h"
#include "stream/event.h"

#include <stdbool.h>
#include <stddef.h>

struct collected_tool {
    struct buf call_id;
    struct buf name, arguments, duration_ms, result, error; /* JSON as sent, empty if not sent */
    bool is_finished;
};

/* Zeroed is empty, without limits, and does not keep results. Owned; release with
   collected_release. */
struct collected {
    struct buf text; /* truncated at text.max bytes, text.full is then set */
    struct collected_tool *tools;
    size_t count;
    size_t tools_max; /* bytes of all tools, 0 for no bound */
    size_t tools_len; /* bytes of those kept */
    bool has_results; /* results of tools are kept */
    bool left_out; /* tools were dropped: the first one that exceeded the limit and all after it */
    bool former_text, former_tools; /* of the previous attempt: kept until this one has its own */
};

/* An attempt begins. */
void collected_begin(struct collected *c);
void collected_event(struct collected *c, const struct chat_event *event);
void collected_final_text(struct collected *c, struct span text);
/* Empties it for another question. */
void collected_clear(struct collected *c);
void collected_release(struct collected *c);

/* A sink without output that collects into `c`, which is borrowed for the life of the sink. */
struct sink *sink_collect_new(struct collected *c);

#endif
