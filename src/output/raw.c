/* SPDX-License-Identifier: MIT */
/* The sinks for the bytes of the stream: standard output, or a file in addition to another
   format. */
#include "output/sink.h"

#include "core/utf8.h"
#include "core/xmalloc.h"

#include <stdlib.h>

struct raw_sink {
    struct sink sink;
    struct writer out;
    struct terminal *terminal; /* NULL for a recording */
    struct buf tail;           /* on a terminal: an incomplete character */
};

/* Escapes the complete characters of the bytes so far. */
static void put_whole_characters(struct raw_sink *r, struct span bytes)
{
    uint32_t point;
    size_t whole;
    buf_span(&r->tail, bytes);
    struct span all = buf_view(&r->tail);
    for (whole = all.len; whole > 0 && all.len - whole < 4; whole--)
        if (((unsigned char)all.at[whole - 1] & 0xC0) != 0x80)
            break;
    bool cut =
        whole > 0 && utf8_next(span_make(all.at + whole - 1, all.len - whole + 1), &point) == 0;
    size_t now = cut ? whole - 1 : all.len;
    escape_put(&r->out.pending, span_make(all.at, now));
    buf_drop(&r->tail, now);
}

static int raw_bytes(struct sink *s, struct span bytes, struct fail *fail)
{
    struct raw_sink *r = (struct raw_sink *)s;
    if (r->out.terminal)
        put_whole_characters(r, bytes);
    else
        buf_span(&r->out.pending, bytes);
    return writer_turn(&r->out, fail);
}

static int raw_flush(struct sink *s, struct fail *fail)
{
    return writer_flush(&((struct raw_sink *)s)->out, fail);
}

static int raw_summarize(struct sink *s, const struct summary *summary, struct fail *fail)
{
    struct raw_sink *r = (struct raw_sink *)s;
    escape_put(&r->out.pending, buf_view(&r->tail));
    buf_clear(&r->tail);
    return writer_end(&r->out, summary_ends_process(summary), false, fail);
}

static int raw_close(struct sink *s, struct fail *fail)
{
    return writer_close(&((struct raw_sink *)s)->out, fail);
}

/* Only the last attempt is recorded. */
static int record_begin(struct sink *s, struct fail *fail)
{
    return writer_restart(&((struct raw_sink *)s)->out, fail);
}

static void raw_free(struct sink *s)
{
    struct raw_sink *r = (struct raw_sink *)s;
    if (r->terminal)
        terminal_forget_answer(r->terminal, &r->out);
    buf_release(&r->tail);
    writer_release(&r->out);
    free(r);
}

static struct raw_sink *new_raw_sink(const struct sink_ops *ops, struct writer *out)
{
    struct raw_sink *r = xcalloc(1, sizeof *r);
    r->sink.ops = ops;
    r->out = *out;
    return r;
}

struct sink *sink_raw_new(struct writer *out, struct terminal *terminal)
{
    static const struct sink_ops ops = {.commit = SINK_BYTES,
                                        .bytes = raw_bytes,
                                        .flush = raw_flush,
                                        .summarize = raw_summarize,
                                        .close = raw_close,
                                        .free = raw_free};
    struct raw_sink *r = new_raw_sink(&ops, out);
    r->terminal = terminal;
    terminal->answer = &r->out;
    return &r->sink;
}

struct sink *sink_record_new(struct writer *out)
{
    static const struct sink_ops ops = {.begin = record_begin,
                                        .bytes = raw_bytes,
                                        .flush = raw_flush,
                                        .summarize = raw_summarize,
                                        .close = raw_close,
                                        .free = raw_free};
    return &new_raw_sink(&ops, out)->sink;
}
