/* SPDX-License-Identifier: MIT */
/* The algorithm of the WHATWG HTML standard, 9.2.5 and 9.2.6, word for word on a whole stream at
   once: decode, split into lines, interpret each. */
#ifndef SSE_ORACLE_H
#define SSE_ORACLE_H

#include "core/buf.h"
#include "oracle.h"
#include "stream/sse.h"

#include <stdint.h>
#include <string.h>

static inline void oracle_put_decoded(void *arg, uint32_t c, struct span from)
{
    struct buf *out = arg;
    if (c == ORACLE_ERROR)
        buf_puts(out, "\xEF\xBF\xBD");
    else
        buf_span(out, from);
}

/* Zeroed before the first use. `out` gets "<name>data#id;" for each event, without "#id" if it has
   none, then "retry=MS" if there was such a field. */
struct oracle {
    struct buf data, name, id, out;
    bool has_data, has_id;
    int64_t retry;
};

/* Appends an event of stream/sse.h in the same notation. */
static inline void put_sse_event(struct buf *out, const struct sse_event *event)
{
    buf_byte(out, '<');
    buf_span(out, event->name);
    buf_byte(out, '>');
    buf_span(out, event->data);
    if (event->has_id) {
        buf_byte(out, '#');
        buf_span(out, event->id);
    }
    buf_byte(out, ';');
}

static inline void put_sse_retry(struct buf *out, int64_t ms)
{
    if (ms >= 0)
        buf_printf(out, "retry=%lld", (long long)ms);
}

static inline void oracle_dispatch(struct oracle *o)
{
    if (o->has_data) {
        buf_byte(&o->out, '<');
        buf_span(&o->out, o->name.len ? buf_view(&o->name) : span_of("message"));
        buf_byte(&o->out, '>');
        buf_append(&o->out, o->data.data, o->data.len - 1);
        if (o->has_id) {
            buf_byte(&o->out, '#');
            buf_span(&o->out, buf_view(&o->id));
        }
        buf_byte(&o->out, ';');
    }
    buf_clear(&o->data);
    buf_clear(&o->name);
    o->has_data = o->has_id = false;
}

static inline void oracle_retry(struct oracle *o, struct span value)
{
    int64_t ms = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return;
        if (ms < INT32_MAX)
            ms = ms * 10 + (value.at[i] - '0');
    }
    if (value.len)
        o->retry = ms;
}

static inline void oracle_line(struct oracle *o, struct span line)
{
    size_t colon = 0;
    while (colon < line.len && line.at[colon] != ':')
        colon++;
    if (line.len == 0) {
        oracle_dispatch(o);
        return;
    }
    struct span name = span_make(line.at, colon), value = span_make(line.at + colon, 0);
    if (colon < line.len) {
        value = span_make(line.at + colon + 1, line.len - colon - 1);
        if (value.len && value.at[0] == ' ')
            value = span_make(value.at + 1, value.len - 1);
    }
    if (span_is(name, "data")) {
        buf_span(&o->data, value);
        buf_byte(&o->data, '\n');
        o->has_data = true;
    } else if (span_is(name, "event")) {
        buf_clear(&o->name);
        buf_span(&o->name, value);
    } else if (span_is(name, "id")) {
        for (size_t i = 0; i < value.len; i++)
            if (value.at[i] == '\0')
                return;
        buf_clear(&o->id);
        buf_span(&o->id, value);
        o->has_id = true;
    } else if (span_is(name, "retry")) {
        oracle_retry(o, value);
    }
}

static inline void oracle_read(struct oracle *o, struct span in)
{
    struct buf text = {0};
    oracle_decode(in, oracle_put_decoded, &text);
    buf_clear(&o->out);
    buf_clear(&o->data);
    buf_clear(&o->name);
    o->has_data = o->has_id = false;
    o->retry = -1;
    size_t from = text.len >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (size_t i = from; i < text.len; i++) {
        if (text.data[i] != '\n' && text.data[i] != '\r')
            continue;
        oracle_line(o, span_make(text.data + from, i - from));
        if (text.data[i] == '\r' && i + 1 < text.len && text.data[i + 1] == '\n')
            i++;
        from = i + 1;
    }
    put_sse_retry(&o->out, o->retry);
    buf_release(&text);
}

static inline void oracle_release(struct oracle *o)
{
    buf_release(&o->out);
    buf_release(&o->data);
    buf_release(&o->name);
    buf_release(&o->id);
}

#endif
