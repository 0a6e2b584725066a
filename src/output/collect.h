/* SPDX-License-Identifier: MIT */
/* The text and the tools of an answer, collected from its events for what is written in the end:
   the object of -o json, the entry of the log. */
#ifndef OUTPUT_COLLECT_H
#define OUTPUT_COLLECT_H

#include "core/buf.h"
#include "output/sink.h"
#include "stream/event.h"

#include <stdbool.h>
#include <stddef.h>

/* The values are the server's own JSON; empty when it sent none. */
struct collected_tool {
    struct buf name, call_id, arguments, duration_ms, result, error;
    bool is_finished;
};

/* Zeroed is empty, without bounds, and has no results. Owned; release after use. */
struct collected {
    struct buf text; /* beyond text.max bytes it is left out, and text.full is set */
    struct collected_tool *tools;
    size_t count, capacity;
    size_t tools_max; /* bytes of all tools, 0 for no bound */
    size_t tools_len; /* bytes of those that are kept */
    bool has_results; /* keep the results of tools, too */
    bool left_out;    /* tools that exceed the bound: the first one and all after it */
    bool former_text, former_tools; /* of a former attempt: kept until this one has its own */
};

/* An attempt begins. */
void collected_begin(struct collected *c);
void collected_event(struct collected *c, const struct chat_event *event);
void collected_final_text(struct collected *c, struct span text);
/* Forgets the answer, for another question. */
void collected_clear(struct collected *c);
void collected_release(struct collected *c);

/* A sink that writes nothing but collects into `c`, borrowed for the sink's life. */
struct sink *sink_collect_new(struct collected *c);

#endif
