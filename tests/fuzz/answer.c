/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include "chat/reader.h"
#include "chat/summary.h"
#include "core/xmalloc.h"
#include "output/sink.h"

#include <string.h>

enum { SMALL = 200, LARGE = 1 << 20, ERROR = ANSWER_OUTPUTS };

/* Descriptors in memory, opened once. */
static int descriptors[ANSWER_OUTPUTS + 1];

struct pipe {
    struct reader reader;
    struct sinks sinks;
    struct terminal terminals[ANSWER_RAW + 1]; /* one for each main format */
    struct fail fail;
    bool terminal;
    bool ticks;
    int64_t now;
};

static struct writer output_of(const struct pipe *p, enum answer_output which)
{
    struct writer out = {
        .fd = descriptors[which], .name = xstrdup("memory"), .terminal = p->terminal};
    return out;
}

static void add_sinks(struct pipe *p)
{
    struct writer out[ANSWER_OUTPUTS];
    for (enum answer_output i = 0; i < (p->terminal ? ANSWER_EVENTS : ANSWER_OUTPUTS); i++)
        out[i] = output_of(p, i);
    struct terminal *t = p->terminals;
    struct sink_text_options text = {.newline = true, .render = p->terminal, .color = p->terminal};
    sinks_add(&p->sinks, sink_text_new(&out[ANSWER_TEXT], &t[ANSWER_TEXT], text));
    sinks_add(&p->sinks, sink_jsonl_new(&out[ANSWER_JSONL], &t[ANSWER_JSONL], true));
    sinks_add(&p->sinks, sink_json_new(&out[ANSWER_JSON], &t[ANSWER_JSON]));
    sinks_add(&p->sinks, sink_raw_new(&out[ANSWER_RAW], &t[ANSWER_RAW]));
    if (p->terminal) {
        sinks_add(&p->sinks, sink_notes_new(&t[ANSWER_TEXT], true, true));
        sinks_add(&p->sinks, sink_notes_new(&t[ANSWER_JSONL], true, false));
    } else {
        sinks_add(&p->sinks, sink_jsonl_new(&out[ANSWER_EVENTS], &t[ANSWER_EVENTS - 1], false));
        sinks_add(&p->sinks, sink_record_new(&out[ANSWER_RECORD]));
    }
}

static void open_pipe(struct pipe *p, struct span in, bool ticks)
{
    for (unsigned i = 0; i <= ANSWER_RAW; i++)
        p->terminals[i] = (struct terminal){.out = p->terminal,
                                            .err = p->terminal,
                                            .same = p->terminal,
                                            .color = p->terminal && i == 0,
                                            .live = p->terminal,
                                            .verbosity = 1};
    p->ticks = ticks;
    p->fail = (struct fail)FAIL_INIT;
    add_sinks(p);
    reader_init(&p->reader, &p->sinks, fuzz_hash(in) % 8 ? LARGE : SMALL);
    reader_begin(&p->reader, &p->fail);
    struct sink_open open = {"http://localhost:8000/api/v1", 200, 1, "c1"};
    sinks_open(&p->sinks, &open, &p->fail);
}

static int feed(void *arg, struct span piece)
{
    struct pipe *p = arg;
    int result = reader_feed(&p->reader, piece, &p->fail);
    if (reader_flush(&p->reader, &p->fail) != 0)
        result = -1;
    if (p->ticks)
        sinks_tick(&p->sinks, p->now += 70000);
    return result;
}

/* The end of `decode`, without the times. */
static void close_pipe(struct pipe *p)
{
    static const struct sink_retry retry = {1, 3, 1500, "a\033[1mreason\nof two lines"};
    reader_finish(&p->reader, "the recording ends", &p->fail);
    if (fail_is_set(&p->fail)) {
        struct fail none = FAIL_INIT;
        sinks_retry(&p->sinks, &retry, &none);
        sinks_warning(&p->sinks, p->fail.message, &none);
        fail_release(&none);
    }
    struct summary summary = {.timing = {-1, -1, -1, -1, -1}};
    reader_summarize(&p->reader, &summary);
    summary_deliver(&summary, &p->sinks, true, &p->fail);
    sinks_close(&p->sinks, &p->fail);
    fuzz_require(p->fail.cause != FAIL_OUTPUT, "closing: %s", p->fail.message);
    if (p->terminal && fail_is_set(&p->fail))
        terminal_failure(&p->terminals[ANSWER_TEXT], &p->fail);
    reader_release(&p->reader);
    fail_release(&p->fail);
    for (unsigned i = 0; i <= ANSWER_RAW; i++)
        terminal_release(&p->terminals[i]);
}

void answer_run(struct answer_run *run, struct span in, enum fuzz_way way, bool terminal)
{
    struct pipe p = {.terminal = terminal};
    for (unsigned i = 0; i <= ANSWER_OUTPUTS; i++)
        if (descriptors[i] == 0)
            descriptors[i] = fuzz_memory();
    if (terminal)
        fuzz_error_redirect(descriptors[ERROR]);
    open_pipe(&p, in, way != FUZZ_WHOLE);
    run->fed = fuzz_feed(in, way, feed, &p);
    close_pipe(&p);
    if (terminal)
        fuzz_error_restore();
    for (unsigned i = 0; i <= ANSWER_OUTPUTS; i++) {
        struct buf *to = i == ERROR ? &run->error : &run->out[i];
        buf_clear(to);
        fuzz_memory_take(descriptors[i], to);
    }
}
