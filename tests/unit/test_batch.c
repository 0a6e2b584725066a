/* SPDX-License-Identifier: MIT */
/* The bookkeeping of a batch, its pace, and the set of IDs. */
#include "chat/batch.h"
#include "chat/pace.h"
#include "chat/worker.h"
#include "core/set.h"

#include "unit.h"

static void begin(struct batch *b, unsigned jobs, bool ordered, bool fail_fast)
{
    const struct batch_options options = {jobs, ordered, fail_fast};
    batch_init(b, &options);
}

static void add(struct batch *b, int64_t line, const char *conversation)
{
    batch_add(b, line, S("head"), S("text"), conversation);
}

/* The object of a question is its line. */
static void end(struct batch *b, struct batch_task *t, enum fail_cause cause)
{
    char object[24];
    const struct fail fail = {.cause = cause};
    if (!t) {
        check(false, "no question is due");
        return;
    }
    snprintf(object, sizeof object, "%lld ", (long long)t->line);
    batch_end(b, t, span_of(object), cause, fail_status(&fail));
}

static void expect_totals(const struct batch *b, const char *want)
{
    struct buf totals = {0};
    batch_put_totals(b, &totals);
    check_span(buf_view(&totals), span_of(want), "totals");
    buf_release(&totals);
}

static void totals(void)
{
    struct batch b;
    begin(&b, 4, false, false);
    expect_totals(&b, "0 questions: 0 done");
    batch_skip(&b);
    expect_totals(&b, "1 question: 0 done, 1 skipped");
    static const enum fail_cause causes[] = {FAIL_NONE,  FAIL_DATA, FAIL_BUSY,
                                             FAIL_CLOCK, FAIL_NONE, FAIL_SOFTWARE};
    for (size_t i = 0; i < COUNT(causes); i++) {
        add(&b, (int64_t)i + 1, NULL);
        end(&b, batch_start(&b), causes[i]);
    }
    add(&b, 9, NULL);
    batch_stop(&b);
    expect_totals(&b,
                  "8 questions: 2 done, 1 skipped, 4 failed (75: 2, 65: 1, 70: 1), 1 not asked");
    batch_release(&b);
}

static void status(void)
{
    struct batch b;
    begin(&b, 4, false, false);
    for (int i = 1; i <= 4; i++)
        add(&b, i, NULL);
    struct batch_task *t[4];
    for (int i = 0; i < 4; i++)
        t[i] = batch_start(&b);
    check_int(batch_cause(&b), FAIL_NONE, "nothing failed");
    end(&b, t[0], FAIL_BUSY);
    check_int(batch_cause(&b), FAIL_BUSY, "75 alone");
    end(&b, t[3], FAIL_DATA);
    end(&b, t[1], FAIL_PROTOCOL);
    end(&b, t[2], FAIL_DATA);
    check_int(batch_cause(&b), FAIL_PROTOCOL, "the first in input order");
    batch_release(&b);
}

static void conversations(void)
{
    struct batch b;
    begin(&b, 4, false, false);
    add(&b, 1, "a");
    add(&b, 2, "b");
    add(&b, 3, "a");
    add(&b, 4, NULL);
    add(&b, 5, "b");
    add(&b, 6, "A");
    struct batch_task *first = batch_start(&b), *second = batch_start(&b);
    check_int(first->line, 1, "first");
    check_int(second->line, 2, "another conversation");
    check_int(batch_start(&b)->line, 4, "a new one passes those that wait");
    check(!batch_start(&b), "the others wait");
    end(&b, first, FAIL_BUSY);
    check_int(batch_start(&b)->line, 3, "after a failure, too");
    check(!batch_start(&b), "the next of the conversation waits");
    batch_release(&b);
}

static void order(void)
{
    struct batch b;
    begin(&b, 2, true, false);
    int64_t line = 0;
    struct batch_task *first = NULL, *t;
    while (batch_wants_line(&b)) {
        add(&b, ++line, NULL);
        t = batch_start(&b);
        if (!first)
            first = t;
        else if (t)
            end(&b, t, FAIL_NONE);
    }
    check_int(b.done, 8, "as many as 4 times the jobs are ahead");
    check_int((int64_t)b.ready.len, 0, "nothing is ready");
    end(&b, first, FAIL_NONE);
    check_span(buf_view(&b.ready), S("1 2 3 4 5 6 7 8 9 "), "all at once, in order");
    batch_release(&b);
}

static void stops(void)
{
    static const enum fail_cause all[] = {FAIL_DENIED, FAIL_CONFIG, FAIL_QUOTA, FAIL_ANSWER_QUOTA};
    struct batch b;
    for (enum fail_cause cause = FAIL_NONE; cause < FAIL_CAUSES; cause++) {
        bool expected = false;
        for (size_t i = 0; i < COUNT(all); i++)
            expected = expected || all[i] == cause;
        for (int fail_fast = 0; fail_fast < 2; fail_fast++) {
            begin(&b, 2, false, fail_fast);
            add(&b, 1, NULL);
            add(&b, 2, NULL);
            add(&b, 3, NULL);
            struct batch_task *one = batch_start(&b), *two = batch_start(&b);
            end(&b, one, cause);
            check(b.stopped == (expected || (fail_fast && cause != FAIL_NONE)), "cause %d", cause);
            end(&b, two, FAIL_NONE);
            check(b.stopped == !batch_start(&b), "cause %d: a further question", cause);
            batch_release(&b);
        }
    }
}

static void bounded(void)
{
    struct batch b;
    begin(&b, 3, false, false);
    int64_t line = 0;
    while (batch_wants_line(&b) && line < 1000)
        add(&b, ++line, "one conversation");
    check_int(line, 12, "lines read ahead");
    batch_release(&b);
    begin(&b, 3, true, false);
    add(&b, 1, NULL);
    batch_start(&b);
    const struct fail invalid = {.cause = FAIL_DATA};
    for (line = 2; batch_wants_line(&b) && line < 1000; line++)
        batch_refuse(&b, line, S("x"), &invalid);
    check(line < 20, "%lld invalid lines are held", (long long)line);
    batch_release(&b);
    begin(&b, 3, false, false);
    for (line = 1; batch_wants_line(&b) && line < 1000000; line++)
        batch_refuse(&b, line, S("a hundred bytes"), &invalid);
    check(b.ready.len < 1 << 17, "%zu bytes are ready", b.ready.len);
    batch_release(&b);
}

static void refused(void)
{
    const struct fail invalid = {.cause = FAIL_DATA};
    struct batch b;
    begin(&b, 1, false, true);
    add(&b, 1, NULL);
    batch_refuse(&b, 2, S("2 "), &invalid);
    add(&b, 3, NULL);
    check(!b.stopped, "an invalid line fails in its turn");
    struct batch_task *t = batch_start(&b);
    check_int(t ? t->line : 0, 1, "the first question");
    check(b.stopped, "no further question after the invalid line");
    check_span(buf_view(&b.ready), S("2 "), "its object");
    end(&b, t, FAIL_NONE);
    expect_totals(&b, "3 questions: 1 done, 1 failed (65: 1), 1 not asked");
    batch_release(&b);
    begin(&b, 1, false, false);
    batch_refuse(&b, 1, S("1 "), &invalid);
    check_span(buf_view(&b.ready), S("1 "), "at once if no question waits");
    check_int(b.waiting, 0, "nothing waits");
    batch_release(&b);
}

static const int64_t MS = 1000; /* microseconds */

static void paces(void)
{
    struct pace p;
    const int64_t start = 77777777;
    pace_init(&p, start);
    check_int(pace_reserve(&p, start + 5).at, start + 5, "no limit");
    pace_accept(&p);
    struct pace_turn before = pace_reserve(&p, start + 10);
    check(pace_is_due(&p, before, start + 10), "due at once");
    check(pace_refuse(&p, start + 10, start + 20 * MS, 1000 * MS), "refused in the first ms");
    check(!pace_is_due(&p, before, start + 30 * MS), "a turn from before the refusal");
    check(!pace_is_due(&p, before, start + 5000 * MS), "nor is it due later");
    int64_t interval = p.interval;
    pace_refuse(&p, start + 15 * MS, start + 30 * MS, 500 * MS);
    check_int(p.interval, interval, "refusals at once count as one");
    struct pace_turn one = pace_reserve(&p, start + 40 * MS),
                     two = pace_reserve(&p, start + 50 * MS);
    check_int(one.at, start + 1020 * MS, "all are held");
    check_int(two.at, one.at + interval, "and go on one after the other");
    check(!pace_is_due(&p, one, one.at - 1), "held");
    check(pace_is_due(&p, one, one.at), "due");
    check(!pace_is_due(&p, two, one.at), "not due yet");
    pace_refuse(&p, one.at, one.at + MS, 0);
    check(p.interval > interval, "a later refusal");
    for (int i = 0; i < 10000; i++)
        pace_accept(&p);
    check_int(p.interval, 0, "recovered");
    const int64_t end = start + 2000 * MS;
    for (int64_t now = end; now < end + 1000 * MS; now += MS)
        pace_refuse(&p, now, now, 0);
    check(p.interval <= 500 * MS, "refusals without a delay");
    for (int64_t now = end + 1000 * MS; now < end + 2000 * MS; now += MS)
        pace_refuse(&p, now, now, 2000 * MS);
    check_int(p.interval, 2000 * MS, "bounded by the delay");
    for (int64_t now = end + 2000 * MS; now < end + 3000 * MS; now += MS)
        pace_refuse(&p, now, now, 60000 * MS);
    check(p.interval <= 10000 * MS, "bounded");
}

/* A call is never made before its time, and turns have at least the interval between them. */
static void parts_of_a_tick(void)
{
    struct pace p;
    pace_init(&p, 0);
    pace_refuse(&p, 3, 10 * MS + 1, 500);
    struct pace_turn turn = pace_reserve(&p, 10 * MS + 2);
    check_int(turn.at, 11 * MS, "rounded up to the tick");
    check(!pace_is_due(&p, turn, 11 * MS - 1) && pace_is_due(&p, turn, 11 * MS), "due then");
    for (int i = 0; p.interval % MS == 0 && i < 10; i++)
        pace_accept(&p);
    int64_t interval = p.interval, at = pace_reserve(&p, 12 * MS).at;
    check(interval > 0 && interval % MS != 0, "an interval of %lld", (long long)interval);
    for (int i = 0; i < 10; i++) {
        int64_t next = pace_reserve(&p, 12 * MS).at;
        check(next >= at + interval && next < at + interval + MS, "turn %d", i);
        at = next;
    }
}

/* When the ticks are used up, no job holds the others, and none is held for ever. */
static void ticks_end(void)
{
    struct pace p;
    const int64_t last = (int64_t)UINT32_MAX * MS;
    pace_init(&p, 0);
    check(pace_refuse(&p, last - 90000 * MS, last - 80000 * MS, 60000 * MS), "before the end");
    struct pace_turn turn = pace_reserve(&p, last - 70000 * MS);
    check_int(turn.at, last - 20000 * MS, "held");
    check(pace_is_due(&p, turn, turn.at), "and due");
    check(!pace_refuse(&p, turn.at, turn.at + MS, 60000 * MS), "beyond the end");
    check(pace_is_due(&p, turn, turn.at), "holds nobody");
    for (int64_t now = last; now < last + 10000 * MS; now += MS) {
        turn = pace_reserve(&p, now);
        check(pace_is_due(&p, turn, now), "due at once after the end");
        check(!pace_refuse(&p, now, now, 0), "no limit after the end");
    }
}

static void sets(void)
{
    struct set s = {0};
    char text[16];
    check(!set_has(&s, S("0")), "empty");
    for (int i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "%d", i);
        check(set_add(&s, span_of(text)), "%d is new", i);
        check(!set_add(&s, span_of(text)), "%d is known", i);
    }
    for (int i = 0; i < 10000; i++) {
        snprintf(text, sizeof text, "%d", i);
        check(set_has(&s, span_of(text)) == (i < 5000), "%d", i);
    }
    check(set_add(&s, S("1\0")) && set_add(&s, S("")) && !set_add(&s, S("")), "NUL, and nothing");
    set_release(&s);
}

static void messages(void)
{
    int ends[2];
    struct worker_message message = {0};
    struct buf in = {0};
    check(pipe(ends) == 0, "pipe");
    const struct worker_message sent = {.kind = WORKER_ANSWER,
                                        .cause = FAIL_BUSY,
                                        .status = 75,
                                        .part = {S("object"), S(""), S("h")}};
    check(worker_send(ends[1], &sent) == 0 && worker_send(ends[1], &sent) == 0, "sent");
    check(worker_read(ends[0], &in) == 1, "read");
    size_t all = in.len, size = 0;
    for (in.len = 0; in.len < all / 2; in.len++)
        check(worker_parse(&in, &message) == 0, "incomplete at %zu", in.len);
    in.len = all;
    for (int i = 0; i < 2; i++) {
        size = worker_parse(&in, &message);
        check(size == all / 2 && message.cause == FAIL_BUSY && message.status == 75, "message %d",
              i);
        check_span(message.part[0], S("object"), "object");
        check_span(message.part[2], S("h"), "hint");
        buf_drop(&in, size);
    }
    close(ends[1]);
    check(worker_read(ends[0], &in) == 0, "the end");
    close(ends[0]);
    buf_release(&in);
}

int main(void)
{
    unit_case("totals", totals);
    unit_case("the exit status", status);
    unit_case("questions of one conversation", conversations);
    unit_case("--ordered", order);
    unit_case("causes that stop a batch", stops);
    unit_case("the read-ahead is bounded", bounded);
    unit_case("invalid lines", refused);
    unit_case("the pace after a rate limit", paces);
    unit_case("parts of a tick", parts_of_a_tick);
    unit_case("the end of the ticks", ticks_end);
    unit_case("a set", sets);
    unit_case("messages between processes", messages);
    return unit_status();
}
