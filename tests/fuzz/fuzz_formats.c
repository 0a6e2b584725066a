/* SPDX-License-Identifier: MIT */
/* Bytes to every output format: each JSON line is valid, all formats have the same text, and the
   result does not depend on how the bytes are cut. */
#include "json/json.h"

#include "answer.h"
#include "fuzz.h"

#include <string.h>

FUZZ_TARGET("chat.dict", "tests/transcripts/*.sse tests/fuzz/corpus/stream/*");

static void each_line(struct span all, void (*line)(void *arg, struct span line), void *arg)
{
    while (all.at && all.len) {
        const char *end = memchr(all.at, '\n', all.len);
        if (!end) {
            fuzz_require(false, "the last line is incomplete");
            return;
        }
        size_t n = (size_t)(end - all.at);
        line(arg, span_make(all.at, n));
        all = span_make(end + 1, all.len - n - 1);
    }
}

static void check_line(void *arg, struct span line)
{
    fuzz_require_json_line(line, arg);
    fuzz_require(line.len > 1 && line.at[0] == '{', "%s: a line is not an object", (char *)arg);
}

/* The text as assembled from the JSON lines. */
struct text {
    struct buf event, delta, all, final;
    bool has_final;
    int deltas;
};

static void take_data(void *arg, const struct json_member *m)
{
    struct text *t = arg;
    bool is_final = span_is(m->key, "final_text");
    struct buf *to = is_final ? &t->final : span_is(m->key, "delta") ? &t->delta : NULL;
    if (!to)
        return;
    buf_clear(to);
    if (is_final)
        t->has_final = m->value.type == JSON_STRING;
    if (m->value.type == JSON_STRING)
        buf_span(to, m->value.string);
}

static void take_member(void *arg, const struct json_member *m)
{
    struct text *t = arg;
    if (span_is(m->key, "event")) {
        buf_clear(&t->event);
        buf_span(&t->event, m->value.string);
    } else if (span_is(m->key, "data")) {
        json_read_object(m->value.raw, take_data, t);
    }
}

static void take_line(void *arg, struct span line)
{
    struct text *t = arg;
    buf_clear(&t->event);
    buf_clear(&t->delta);
    t->has_final = false;
    fuzz_require(json_read_object(line, take_member, t) == 0, "a line cannot be read again");
    if (span_is(buf_view(&t->event), "message")) {
        buf_span(&t->all, buf_view(&t->delta));
        t->deltas++;
    } else if (span_is(buf_view(&t->event), "done") && t->has_final && t->deltas == 0) {
        buf_span(&t->all, buf_view(&t->final));
        t->deltas++;
    }
}

static void take_text(void *arg, const struct json_member *m)
{
    struct buf *out = arg;
    if (span_is(m->key, "text") && m->value.type == JSON_STRING)
        buf_span(out, m->value.string);
}

/* The text format adds a newline to the text at each `done` and at the end, if it lacks one. */
static void compare_text(struct span shown, struct span text)
{
    size_t i = 0;
    for (size_t k = 0; k < shown.len; k++) {
        if (i < text.len && shown.at[k] == text.at[i])
            i++;
        else
            fuzz_require(shown.at[k] == '\n', "text that is in no event, at %zu", k);
    }
    fuzz_require(i == text.len, "the text format ends at %zu of %zu", i, text.len);
    fuzz_require(shown.len == 0 || shown.at[shown.len - 1] == '\n', "no newline at the end");
}

static void check_formats(const struct answer_run *run, struct span in)
{
    static struct text t;
    static struct buf text;
    static char jsonl[] = "jsonl", events[] = "--events", json[] = "json";
    each_line(buf_view(&run->out[ANSWER_JSONL]), check_line, jsonl);
    each_line(buf_view(&run->out[ANSWER_EVENTS]), check_line, events);
    each_line(buf_view(&run->out[ANSWER_JSON]), check_line, json);
    fuzz_require(memchr(run->out[ANSWER_JSON].data, '\n', run->out[ANSWER_JSON].len) ==
                     run->out[ANSWER_JSON].data + run->out[ANSWER_JSON].len - 1,
                 "json: not one line");
    fuzz_same(buf_view(&run->out[ANSWER_RAW]), span_make(in.at, run->fed), "raw");
    fuzz_same(buf_view(&run->out[ANSWER_RECORD]), span_make(in.at, run->fed), "--record");

    buf_clear(&t.all);
    t.deltas = 0;
    each_line(buf_view(&run->out[ANSWER_JSONL]), take_line, &t);
    buf_clear(&text);
    json_read_object(buf_view(&run->out[ANSWER_JSON]), take_text, &text);
    fuzz_same(buf_view(&text), buf_view(&t.all), "the text of json");
    compare_text(buf_view(&run->out[ANSWER_TEXT]), buf_view(&t.all));
    fuzz_require(fuzz_is_utf8(buf_view(&run->out[ANSWER_TEXT])), "text that is not UTF-8");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct answer_run whole, cut;
    struct span in = fuzz_input(data, size);
    answer_run(&whole, in, FUZZ_WHOLE, false);
    check_formats(&whole, in);
    answer_run(&cut, in, FUZZ_PIECES, false);
    for (unsigned i = 0; i < ANSWER_OUTPUTS; i++)
        if (i != ANSWER_RAW && i != ANSWER_RECORD)
            fuzz_same(buf_view(&cut.out[i]), buf_view(&whole.out[i]), "a format, cut differently");
    fuzz_same(buf_view(&cut.out[ANSWER_RAW]), span_make(in.at, cut.fed), "raw, cut differently");
    return 0;
}
