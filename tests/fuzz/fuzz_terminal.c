/* SPDX-License-Identifier: MIT */
/* Output to a terminal: no control characters of the server except line feed and tab, however the
   input is cut, in any format and on both streams. Escaped JSON has the same value. */
#include "answer.h"
#include "fuzz.h"
#include "model.h"
#include "terminal/escape.h"
#include "terminal/table.h"

#include <stdlib.h>
#include <string.h>

FUZZ_TARGET("chat.dict", "tests/transcripts/*.sse tests/fuzz/corpus/stream/*");

struct putter {
    void (*put)(struct buf *out, struct span text);
    struct buf out;
};

static int put_piece(void *arg, struct span piece)
{
    struct putter *p = arg;
    p->put(&p->out, piece);
    return 0;
}

/* Text is escaped. The parts of a character that is cut are shown byte by byte. */
static void show(struct span in, void (*put)(struct buf *out, struct span text), const char *what)
{
    static struct putter putter;
    putter.put = put;
    for (enum fuzz_way way = FUZZ_WHOLE; way < FUZZ_WAYS; way++) {
        if (way == FUZZ_BYTES && in.len > 200)
            continue;
        buf_clear(&putter.out);
        fuzz_feed(in, way, put_piece, &putter);
        fuzz_require_harmless(buf_view(&putter.out), FUZZ_NONE, what);
        if (put == escape_put_line)
            fuzz_require(!putter.out.len || (!memchr(putter.out.data, '\n', putter.out.len) &&
                                             !memchr(putter.out.data, '\t', putter.out.len)),
                         "a line of several lines");
    }
}

static void show_json(struct span in)
{
    static struct model plain, shown;
    static struct buf out;
    model_clear(&plain);
    if (!fuzz_is_utf8(in) || !model_read(&plain, in))
        return;
    buf_clear(&out);
    escape_put_json(&out, in);
    model_clear(&shown);
    fuzz_require(model_read(&shown, buf_view(&out)), "escape_put_json: the result is not JSON");
    fuzz_same(buf_view(&shown.tokens), buf_view(&plain.tokens), "escape_put_json");
}

static void show_table(struct span in)
{
    enum { CELL = 100 };
    struct table table = {.columns = 2};
    struct writer to = {.fd = -1, .terminal = true};
    if (in.len > CELL)
        in.len = CELL;
    table_add(&table, in);
    table_add(&table, span_first_line(in));
    table_add(&table, span_make("a", 1));
    table_add(&table, in);
    table_put(&table, &to);
    fuzz_require_harmless(buf_view(&to.pending), FUZZ_NONE, "a table");
    table_release(&table);
    buf_release(&to.pending);
}

static void show_answer(struct span in)
{
    static const char *const names[] = {"text", "jsonl", "json", "raw"};
    static struct answer_run whole, cut;
    answer_run(&whole, in, FUZZ_WHOLE, true);
    answer_run(&cut, in, FUZZ_PIECES, true);
    for (unsigned i = 0; i <= ANSWER_RAW; i++) {
        enum fuzz_own own = i == ANSWER_TEXT ? FUZZ_STYLES : FUZZ_NONE;
        fuzz_require_harmless(buf_view(&whole.out[i]), own, names[i]);
        fuzz_require_harmless(buf_view(&cut.out[i]), own, names[i]);
        if (whole.fed == cut.fed)
            fuzz_same(buf_view(&cut.out[i]), buf_view(&whole.out[i]), names[i]);
    }
    fuzz_require_harmless(buf_view(&whole.error), FUZZ_LINES, "standard error");
    fuzz_require_harmless(buf_view(&cut.error), FUZZ_LINES, "standard error, another cut");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = fuzz_input(data, size);
    show(in, escape_put, "escape_put");
    show(in, escape_put_line, "escape_put_line");
    show(in, escape_put_json, "escape_put_json");
    show_json(in);
    show_table(in);
    show_answer(in);
    return 0;
}
