/* SPDX-License-Identifier: MIT */
/* The body of the stream byte for byte: to standard output, or beside another format to a file. */
#include "output/sink.h"

#include "base/xmalloc.h"

#include <stdlib.h>

struct raw_sink {
    struct sink sink;
    struct output out;
};

static int raw_bytes(struct sink *s, struct span bytes, struct fail *fail)
{
    struct raw_sink *r = (struct raw_sink *)s;
    if (r->out.terminal)
        harmless_put(&r->out.pending, bytes);
    else
        buf_span(&r->out.pending, bytes);
    return output_turn(&r->out, fail);
}

static int raw_flush(struct sink *s, struct fail *fail)
{
    return output_flush(&((struct raw_sink *)s)->out, fail);
}

static int raw_close(struct sink *s, const struct summary *summary, struct fail *fail)
{
    struct raw_sink *r = (struct raw_sink *)s;
    if (summary->fail->cause == FAIL_SIGNAL) {
        output_last_words(&r->out, false);
        return 0;
    }
    return output_flush(&r->out, fail);
}

/* "begun anew by each attempt" */
static int record_begin(struct sink *s, struct fail *fail)
{
    return output_restart(&((struct raw_sink *)s)->out, fail);
}

static void raw_free(struct sink *s)
{
    struct raw_sink *r = (struct raw_sink *)s;
    output_release(&r->out);
    free(r);
}

static struct sink *new_with(const struct sink_ops *ops, struct output *out)
{
    struct raw_sink *r = xcalloc(1, sizeof *r);
    r->sink.ops = ops;
    r->out = *out;
    return &r->sink;
}

struct sink *sink_raw_new(struct output *out)
{
    static const struct sink_ops ops = {
        .bytes = raw_bytes, .flush = raw_flush, .close = raw_close, .free = raw_free};
    return new_with(&ops, out);
}

struct sink *sink_record_new(struct output *out)
{
    static const struct sink_ops ops = {.begin = record_begin,
                                        .bytes = raw_bytes,
                                        .flush = raw_flush,
                                        .close = raw_close,
                                        .free = raw_free};
    return new_with(&ops, out);
}
