/* SPDX-License-Identifier: MIT */
/* Parses server-sent events: the event stream grammar of the WHATWG HTML standard, 9.2.5 and 9.2.6
   ("Interpreting an event stream"). The result does not depend on how the bytes are cut. */
#ifndef STREAM_SSE_H
#define STREAM_SSE_H

#include "core/buf.h"
#include "core/fail.h"
#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

/* One dispatched event, borrowed until the callback returns. All text is valid UTF-8: ill-formed
   bytes are replaced by U+FFFD. */
struct sse_event {
    struct span name; /* "message" if the stream gave none */
    bool has_name;    /* a non-empty `event` field */
    struct span data; /* its lines joined by LF; may be empty */
    struct span id;   /* the event's own `id` field; a stream's last ID is not carried over */
    bool has_id;
};

/* -1 with *fail set stops the feed. */
typedef int sse_event_fn(void *arg, const struct sse_event *event, struct fail *fail);

struct sse {
    sse_event_fn *on_event;
    void *arg;
    size_t max_event; /* bytes */
    int64_t retry_ms; /* the last `retry` field, -1 for none */

    /* private */
    struct sse_event block; /* the event being read: borrowed from the bytes of the current feed,
                               then from the copies below */
    bool has_data;
    struct buf name, data, id; /* copies of the block's fields */
    struct buf line;           /* the start of a line that the last feed cut off */
    size_t size;               /* bytes of the block's lines so far, without comments */
    unsigned bom;              /* bytes of a byte order mark seen; 3: past the start */
    bool skip_lf;              /* the last line ended in CR: a following LF belongs to it */
    bool in_comment;           /* the cut-off line is a comment and is not kept */
};

/* max_event limits the lines of one event, without comments, and with it the memory held: the size
   of the event, or four times as much if it is not UTF-8, because then a line and a copy are held
   in which each ill-formed byte is replaced by the three bytes of U+FFFD. */
void sse_init(struct sse *s, size_t max_event, sse_event_fn *on_event, void *arg);
void sse_release(struct sse *s);

/* Calls on_event for each event whose final blank line is complete. 0, or -1 with *fail set: by
   the callback, or FAIL_PROTOCOL for an event over the limit. After -1 the parser must not be fed
   again; its public members remain valid. An event that is incomplete at the end of the stream is
   not dispatched (9.2.6). */
int sse_feed(struct sse *s, const char *bytes, size_t len, struct fail *fail);

/* Whether these may be the first bytes of an event stream: an optional byte order mark, empty
   lines, then a comment or a field of the standard, either possibly cut off. */
bool sse_begins(struct span head);

#endif
