/* SPDX-License-Identifier: MIT */
/* The answers that are measured: one event over and over between `start` and `done`, each event a
   chunk of its own as uvicorn sends them. */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include "core/buf.h"

struct stream {
    const char *name;
    /* Appends one event, without the chunk around it. */
    void (*put)(struct buf *out);
    struct buf block; /* `many` events, each in its chunk; empty until stream_prepare */
    size_t many;
};

/* By name, or NULL; lasts as long as the program.
   first: a `message` of 64 bytes, the first generation's. second: a `token` of 140 bytes, the
   second's. results: a `tool_finished` of 64 KiB. heartbeats: of the first generation. timed: a
   `message` whose delta is @ and the moment at which it was put, in ns of the monotonic clock. */
struct stream *stream_find(struct span name);

/* Fills the block, once. */
void stream_prepare(struct stream *s);
/* Append to a chunked body its beginning, one event, its end. */
void stream_begin(struct buf *out);
void stream_event(const struct stream *s, struct buf *out);
void stream_end(struct buf *out);

#endif
