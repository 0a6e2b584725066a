/* SPDX-License-Identifier: MIT */
/* Bytes to server-sent events: those of the standard's algorithm, however the bytes are cut. */
#include "stream/sse.h"

#include "../unit/sse_oracle.h"
#include "fuzz.h"

FUZZ_TARGET("chat.dict", "tests/transcripts/*.sse tests/fuzz/corpus/stream/*");

struct record {
    struct sse sse;
    struct buf out;
    struct fail fail;
};

static int on_event(void *arg, const struct sse_event *event, struct fail *fail)
{
    struct buf *out = arg;
    (void)fail;
    fuzz_require(fuzz_is_utf8(event->name) && fuzz_is_utf8(event->data) && fuzz_is_utf8(event->id),
                 "an event that is not UTF-8");
    fuzz_require(event->name.len > 0, "an event without a name");
    put_sse_event(out, event);
    return 0;
}

static int feed(void *arg, struct span piece)
{
    struct record *r = arg;
    return sse_feed(&r->sse, piece.at, piece.len, &r->fail);
}

/* The events of a stream in the notation of the oracle, and "!" for a failure. */
static void read_stream(struct record *r, struct span in, size_t max_event, enum fuzz_way way)
{
    buf_clear(&r->out);
    r->fail = (struct fail)FAIL_INIT;
    sse_init(&r->sse, max_event, on_event, &r->out);
    fuzz_feed(in, way, feed, r);
    put_sse_retry(&r->out, r->sse.retry_ms);
    if (fail_is_set(&r->fail)) {
        fuzz_require(r->fail.cause == FAIL_PROTOCOL, "a failure with the cause %d",
                     (int)r->fail.cause);
        buf_byte(&r->out, '!');
    }
    size_t held = r->sse.name.len + r->sse.data.len + r->sse.id.len + r->sse.line.len;
    /* U+FFFD is three times as long as the byte it stands for; a mark's half may be held besides.
       A feed that failed may have put the line together that was too long. */
    fuzz_require(fail_is_set(&r->fail) || held / 3 <= max_event + 2,
                 "%zu bytes are held under a bound of %zu", held, max_event);
    sse_release(&r->sse);
    fail_release(&r->fail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t bounds[] = {1 << 24, 1, 7, 40};
    static struct record whole, cut;
    static struct oracle oracle;
    struct span in = fuzz_input(data, size);
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        read_stream(&whole, in, bounds[i], FUZZ_WHOLE);
        for (enum fuzz_way way = FUZZ_WHOLE + 1; way < FUZZ_WAYS; way++) {
            if (way == FUZZ_BYTES && in.len > 400)
                continue;
            read_stream(&cut, in, bounds[i], way);
            fuzz_same(buf_view(&cut.out), buf_view(&whole.out), "another cut");
        }
        if (i == 0) {
            oracle_read(&oracle, in);
            fuzz_same(buf_view(&whole.out), buf_view(&oracle.out), "the standard's algorithm");
        }
    }
    return 0;
}
