/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <stdint.h>
#include <time.h>

enum { BLOCK = 1 << 20, RESULT = 64 << 10 };

static void put_first(struct buf *out)
{
    buf_puts(out, "event: message\ndata: {\"delta\": \"a word \", \"role\": \"assistant\"}\n\n");
}

static void put_second(struct buf *out)
{
    buf_puts(out, "event: token\ndata: {\"type\": \"token\", \"run_id\": \"run_ab12cd34ef56\", "
                  "\"seq\": 1234, \"data\": {\"delta\": \"a word, \"}, "
                  "\"timestamp\": 1736850000000}\n\n");
}

static void put_result(struct buf *out)
{
    size_t end = out->len + RESULT;
    buf_puts(out, "event: tool_finished\ndata: {\"tool_name\": \"get_portfolio_complete\", "
                  "\"result\": {\"holdings\": [");
    for (int i = 0; out->len < end; i++)
        buf_printf(out,
                   "%s{\"symbol\": \"SYM%d\", \"quantity\": %d, \"price\": %d.25, "
                   "\"name\": \"A company \\u00e0 la carte\", \"sector\": null, \"long\": true}",
                   i ? ", " : "", i, 100 + i, 17 + i);
    buf_puts(out, "]}, \"duration_ms\": 245}\n\n");
}

static void put_heartbeat(struct buf *out)
{
    buf_puts(out, "event: heartbeat\ndata: {\"timestamp\": \"2026-01-02T03:04:05Z\"}\n\n");
}

static void put_time(struct buf *out)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    buf_printf(out, "event: message\ndata: {\"delta\": \"@%lld \", \"role\": \"assistant\"}\n\n",
               (long long)now.tv_sec * 1000000000 + now.tv_nsec);
}

static struct stream streams[] = {{.name = "first", .put = put_first},
                                  {.name = "second", .put = put_second},
                                  {.name = "results", .put = put_result},
                                  {.name = "heartbeats", .put = put_heartbeat},
                                  {.name = "timed", .put = put_time}};

struct stream *stream_find(struct span name)
{
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        if (span_is(name, streams[i].name))
            return &streams[i];
    return NULL;
}

static void put_chunk(struct buf *out, const char *bytes, size_t len)
{
    buf_printf(out, "%zx\r\n", len);
    buf_append(out, bytes, len);
    buf_puts(out, "\r\n");
}

void stream_prepare(struct stream *s)
{
    while (s->block.len < BLOCK) {
        stream_event(s, &s->block);
        s->many++;
    }
}

void stream_begin(struct buf *out)
{
    static const char start[] = "event: start\ndata: {\"conversation_id\": \"c\", "
                                "\"mode\": \"green\", \"model\": \"m\"}\n\n";
    put_chunk(out, start, sizeof start - 1);
}

void stream_event(const struct stream *s, struct buf *out)
{
    struct buf event = {0};
    s->put(&event);
    put_chunk(out, event.data, event.len);
    buf_release(&event);
}

void stream_end(struct buf *out)
{
    static const char done[] = "event: done\ndata: {\"tool_calls_count\": 0}\n\n";
    put_chunk(out, done, sizeof done - 1);
    buf_puts(out, "0\r\n\r\n");
}
