/* SPDX-License-Identifier: MIT */
/* The event stream grammar (WHATWG HTML, 9.2.5 and 9.2.6), and that the result does not depend on
   cuts. */
#include "stream/sse.h"

#include "sse_oracle.h"
#include "unit.h"

/* What a stream said, as text: "<name>data#id;" for each event, ID only where it has one, then
   "retry=MS" and "!" when the feed failed. */
struct record {
    struct buf out;
    int stop_after; /* the callback fails at that event, 0: never */
    int events;
};

static struct guard guard;

static int on_event(void *arg, const struct sse_event *event, struct fail *fail)
{
    struct record *r = arg;
    put_sse_event(&r->out, event);
    if (++r->events == r->stop_after)
        return fail_set(fail, FAIL_OUTPUT, "enough");
    return 0;
}

static void begin(struct record *r, struct sse *s, size_t max_event)
{
    buf_clear(&r->out);
    r->events = 0;
    sse_init(s, max_event, on_event, r);
}

/* The bytes lie before the guard page while they are fed and are gone after. */
static int feed(struct sse *s, struct span piece, struct fail *fail)
{
    char *at = guard_copy(&guard, piece);
    int result = sse_feed(s, at, piece.len, fail);
    memset(at, 'Z', piece.len);
    return result;
}

static void end(struct record *r, struct sse *s, struct fail *fail)
{
    put_sse_retry(&r->out, s->retry_ms);
    if (fail_is_set(fail))
        buf_byte(&r->out, '!');
    sse_release(s);
    fail_release(fail);
}

/* Feeds `in` cut at the given places (ascending). */
static void read_cut(struct record *r, struct span in, size_t max_event, const size_t *cuts,
                     size_t count)
{
    struct sse s;
    struct fail fail = FAIL_INIT;
    begin(r, &s, max_event);
    size_t from = 0;
    for (size_t i = 0; i <= count; i++) {
        size_t to = i < count ? cuts[i] : in.len;
        if (feed(&s, span_make(in.at + from, to - from), &fail) != 0)
            break;
        from = to;
    }
    end(r, &s, &fail);
}

static void read_steps(struct record *r, struct span in, size_t max_event, size_t step)
{
    struct sse s;
    struct fail fail = FAIL_INIT;
    begin(r, &s, max_event);
    for (size_t at = 0; at < in.len; at += step)
        if (feed(&s, span_make(in.at + at, in.len - at < step ? in.len - at : step), &fail) != 0)
            break;
    end(r, &s, &fail);
}

enum { NO_BOUND = 1 << 24 };

struct row {
    const char *name;
    struct span in;
    const char *want;
};

#define ROW(name, in, want)                                                                        \
    {                                                                                              \
        name, SPAN(in), want                                                                       \
    }

static const struct row grammar[] = {
    ROW("nothing", "", ""),
    ROW("one event", "data: a\n\n", "<message>a;"),
    ROW("a name", "event: token\ndata: a\n\n", "<token>a;"),
    ROW("the name after the data", "data: a\nevent: token\n\n", "<token>a;"),
    ROW("the last name counts", "event: a\nevent: b\ndata\n\n", "<b>;"),
    ROW("an empty name is message", "event: a\nevent\ndata: 1\n\n", "<message>1;"),
    ROW("an empty name with a colon", "event:\ndata: 1\n\n", "<message>1;"),
    ROW("the name is not carried over", "event: a\ndata: 1\n\ndata: 2\n\n", "<a>1;<message>2;"),
    ROW("a name without data is dropped", "event: a\n\ndata: 1\n\n", "<message>1;"),
    ROW("LF", "data: 1\n\ndata: 2\n\n", "<message>1;<message>2;"),
    ROW("CR", "data: 1\r\rdata: 2\r\r", "<message>1;<message>2;"),
    ROW("CRLF", "data: 1\r\n\r\ndata: 2\r\n\r\n", "<message>1;<message>2;"),
    ROW("CR, then LF: one end", "data: 1\r\n\ndata: 2\n\r\n", "<message>1;<message>2;"),
    ROW("LF, then CR: two ends", "data: 1\n\rdata: 2\n\r", "<message>1;<message>2;"),
    ROW("CR CRLF: two ends", "data: 1\r\r\ndata: 2\r\r\n", "<message>1;<message>2;"),
    ROW("CRLF CR", "data: 1\r\n\rdata: 2\r\n\r", "<message>1;<message>2;"),
    ROW("data of two lines, each its end", "data: 1\rdata: 2\r\ndata: 3\n\n", "<message>1\n2\n3;"),
    ROW("a CR at the very end dispatches", "data: 1\n\r", "<message>1;"),
    ROW("blank lines alone", "\n\n\r\n\r\r\n\n", ""),
    ROW("no space", "data:a\n\n", "<message>a;"),
    ROW("one space goes", "data:  a \n\n", "<message> a ;"),
    ROW("a tab stays", "data:\ta\n\n", "<message>\ta;"),
    ROW("a value with colons", "data: a:b: c\n\n", "<message>a:b: c;"),
    ROW("a value that is a colon", "data::\n\n", "<message>:;"),
    ROW("a space before the colon is another field", "data : a\n\n", ""),
    ROW("a space before the name is another field", " data: a\n\n", ""),
    ROW("names are compared byte for byte", "Data: a\nDATA: b\ndatas: c\ndat: d\n\n", ""),
    ROW("a field without colon", "data\n\n", "<message>;"),
    ROW("two of them", "data\ndata\n\n", "<message>\n;"),
    ROW("empty data dispatches", "data:\n\ndata: \n\n", "<message>;<message>;"),
    ROW("an empty line of data between", "data: a\ndata\ndata: b\n\n", "<message>a\n\nb;"),
    ROW("an empty line of data first", "data\ndata: b\n\n", "<message>\nb;"),
    ROW("an empty line of data last", "data: a\ndata:\n\n", "<message>a\n;"),
    ROW("no data, no event", "event: a\nid: 1\n\n", ""),
    ROW("a comment", ": ping\ndata: a\n:\n: x: y\n\n", "<message>a;"),
    ROW("a comment is not a blank line", "data: a\n:\ndata: b\n\n", "<message>a\nb;"),
    ROW("a comment that looks like data", ":data: a\n\n", ""),
    ROW("unknown fields", "foo: bar\nfoo\ndata: a\nx:\n\n", "<message>a;"),
    ROW("an ID", "id: 7\ndata: a\n\n", "<message>a#7;"),
    ROW("an ID is the event's own", "id: 7\ndata: a\n\ndata: b\n\n", "<message>a#7;<message>b;"),
    ROW("an ID of an event without data", "id: 7\n\ndata: b\n\n", "<message>b;"),
    ROW("an empty ID", "id\ndata: a\n\nid:\ndata: b\n\n", "<message>a#;<message>b#;"),
    ROW("the last ID counts", "id: 1\nid: 2\ndata: a\n\n", "<message>a#2;"),
    ROW("an ID with NUL is ignored", "id: 1\0\ndata: a\n\n", "<message>a;"),
    ROW("also after a good one", "id: 1\nid: \0002\ndata: a\n\n", "<message>a#1;"),
    ROW("retry", "retry: 1500\n\n", "retry=1500"),
    ROW("retry counts without an event", "retry: 7\ndata: a\n\n", "<message>a;retry=7"),
    ROW("the last retry", "retry: 7\nretry: 0\n\n", "retry=0"),
    ROW("a retry that is not a number",
        "retry: 7\nretry: x\nretry: 1.5\nretry: -1\nretry: +1\n"
        "retry: 1 \nretry:  1\nretry: 0x1\nretry\nretry:\n\n",
        "retry=7"),
    ROW("retry of other digits", "retry: \xD9\xA1\n\n", ""),
    ROW("an unfinished block is discarded", "data: a\n\ndata: b\n", "<message>a;"),
    ROW("an unfinished line is discarded", "data: a\n\ndata: b", "<message>a;"),
    ROW("a blank line without its end", "data: a", ""),
    ROW("a byte order mark",
        "\xEF\xBB\xBF"
        "data: a\n\n",
        "<message>a;"),
    ROW("one byte order mark only",
        "\xEF\xBB\xBF\xEF\xBB\xBF"
        "data: a\n\ndata: b\n\n",
        "<message>b;"),
    ROW("a mark alone", "\xEF\xBB\xBF", ""),
    ROW("a mark before a comment",
        "\xEF\xBB\xBF"
        ":a\ndata: b\n\n",
        "<message>b;"),
    ROW("a mark before a blank line",
        "\xEF\xBB\xBF"
        "\ndata: b\n\n",
        "<message>b;"),
    ROW("a mark later is text",
        "data: a\n\n\xEF\xBB\xBF"
        "data: b\n\ndata: \xEF\xBB\xBF\n\n",
        "<message>a;<message>\xEF\xBB\xBF;"),
    ROW("half a mark is ill-formed text",
        "\xEF\xBB"
        "data: a\n\ndata: b\n\n",
        "<message>b;"),
    ROW("a third of one",
        "\xEF"
        "data: a\n\ndata: b\n\n",
        "<message>b;"),
    ROW("half a mark, then a line end", "\xEF\xBB\ndata: a\n\n", "<message>a;"),
    ROW("half a mark, then a colon", "\xEF\xBB:x\ndata: a\n\n", "<message>a;"),
    ROW("half a mark twice", "\xEF\xBB\xEF\xBB\xBF\ndata: a\n\n", "<message>a;"),
    ROW("a mark in front of a mark's half",
        "\xEF\xBB\xBF\xEF\xBB"
        "data: a\n\ndata: b\n\n",
        "<message>b;"),
    ROW("UTF-8 passes", "data: \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n\n",
        "<message>\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80;"),
    ROW("a lone continuation byte", "data: \x80z\n\n", "<message>\xEF\xBF\xBDz;"),
    ROW("a sequence cut by ASCII: one", "data: \xE2\x82z\n\n", "<message>\xEF\xBF\xBDz;"),
    ROW("cut by the end of the line: one", "data: \xF0\x9F\x98\n\n", "<message>\xEF\xBF\xBD;"),
    ROW("a lead byte follows: two", "data: \xE2\x82\xC3\n\n", "<message>\xEF\xBF\xBD\xEF\xBF\xBD;"),
    ROW("overlong: one for each byte", "data: \xC0\xAF\xE0\x80\xAF\n\n",
        "<message>\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD;"),
    ROW("a surrogate: three", "data: \xED\xA0\x80\n\n",
        "<message>\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD;"),
    ROW("above U+10FFFF: four", "data: \xF4\x90\x80\x80\n\n",
        "<message>\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD;"),
    ROW("no byte of UTF-8", "data: \xFF\xFE\n\n", "<message>\xEF\xBF\xBD\xEF\xBF\xBD;"),
    ROW("lines are replaced one by one", "data: \xE2\ndata: \x82\xAC\n\n",
        "<message>\xEF\xBF\xBD\n\xEF\xBF\xBD\xEF\xBF\xBD;"),
    ROW("in a name and an ID", "event: a\xFF\nid: \xE2\x82\ndata: x\n\n",
        "<a\xEF\xBF\xBD>x#\xEF\xBF\xBD;"),
    ROW("in a field's name: unknown",
        "data\xFF: a\n\xFF"
        "data: b\n\n",
        ""),
};

static void each_row(void)
{
    struct record whole = {0}, ones = {0};
    for (size_t i = 0; i < COUNT(grammar); i++) {
        read_cut(&whole, grammar[i].in, NO_BOUND, NULL, 0);
        check_span(buf_view(&whole.out), span_of(grammar[i].want), grammar[i].name);
        read_steps(&ones, grammar[i].in, NO_BOUND, 1);
        check_span(buf_view(&ones.out), span_of(grammar[i].want), grammar[i].name);
    }
    buf_release(&whole.out);
    buf_release(&ones.out);
}

static void nul_bytes(void)
{
    struct record r = {0};
    read_cut(&r, S("event: a\0b\ndata: \0\ndata\0: x\ndata: c\0\n\n"), NO_BOUND, NULL, 0);
    check_span(buf_view(&r.out), S("<a\0b>\0\nc\0;"), "NUL in name, data and field");
    read_cut(&r, S("id: \0\nid: 5\ndata: a\n\n\0\ndata: b\n\n"), NO_BOUND, NULL, 0);
    check_span(buf_view(&r.out), S("<message>a#5;<message>b;"), "NUL in ID and alone in a line");
    buf_release(&r.out);
}

/* Every place and every pair of places. */
static void cut_in_three(struct span in, size_t max_event, const char *what)
{
    struct record want = {0}, got = {0};
    read_cut(&want, in, max_event, NULL, 0);
    size_t cuts[2];
    for (cuts[0] = 0; cuts[0] <= in.len; cuts[0]++) {
        for (cuts[1] = cuts[0]; cuts[1] <= in.len; cuts[1]++) {
            read_cut(&got, in, max_event, cuts, 2);
            if (!span_equal(buf_view(&got.out), buf_view(&want.out))) {
                check(false, "%s: cut at %zu and %zu", what, cuts[0], cuts[1]);
                check_span(buf_view(&got.out), buf_view(&want.out), what);
                goto out;
            }
        }
    }
out:
    buf_release(&want.out);
    buf_release(&got.out);
}

static const struct span first_generation = SPAN(
    "event: start\ndata: {\"mode\": \"green\"}\n\n"
    "event: message\ndata: {\"delta\": \"Zw\xC3\xB6lf \xE2\x82\xAC\"}\n\n"
    ": comment\r\nid: 4\nretry: 30\rdata: x\r\ndata\r\n\r\n"
    "event: message\ndata: {\"delta\": \"\xFF\xE2\x82\"}\n\nevent: done\ndata: {}\n\ndata: lost");

static const struct span mixed_ends =
    SPAN("\xEF\xBB\xBF"
         "data: 1\r\rdata: 2\r\n\r\ndata: 3\n\rdata\r\ndata: \xF0\x9F\x98\x80\r\r\n"
         ":\r:\n:\r\n\rid: \xE2\x82\xAC\rid: \0\rdata:\r\r");

static void cuts_of_streams(void)
{
    cut_in_three(first_generation, NO_BOUND, "first generation");
    cut_in_three(mixed_ends, NO_BOUND, "mixed ends");
}

static void cuts_of_grammar(void)
{
    for (size_t i = 0; i < COUNT(grammar); i++)
        cut_in_three(grammar[i].in, NO_BOUND, grammar[i].name);
}

/* A stream of some size: each single cut, each pair close around a border of events, and steps of
   every length up to a few. */
static void put_enveloped(struct buf *out, int events)
{
    for (int i = 0; i < events; i++) {
        buf_printf(out, "event: token%s", i % 3 == 0 ? "\r\n" : "\n");
        buf_printf(out, "data: {\"type\": \"token\", \"seq\": %d, \"data\": {\"delta\": \"", i);
        for (int k = 0; k < i % 7; k++)
            buf_puts(out, "\xE2\x82\xAC w\xC3\xB6rd ");
        buf_puts(out, i % 3 == 0 ? "\"}}\r\n\r\n" : i % 3 == 1 ? "\"}}\n\n" : "\"}}\r\r");
    }
}

static void around_borders(struct span in, const struct record *want, struct record *got)
{
    for (size_t i = 1; i < in.len; i++) {
        if (in.at[i - 1] != '\n' && in.at[i - 1] != '\r')
            continue;
        for (size_t cut = i < 3 ? 0 : i - 3; cut <= i + 3 && cut <= in.len; cut++) {
            for (size_t next = cut; next <= cut + 4 && next <= in.len; next++) {
                read_cut(got, in, NO_BOUND, (size_t[]){cut, next}, 2);
                if (!check(span_equal(buf_view(&got->out), buf_view(&want->out)),
                           "cut at %zu and %zu", cut, next))
                    return;
            }
        }
    }
}

static void cuts_of_a_long_stream(void)
{
    struct buf in = {0};
    struct record want = {0}, got = {0};
    put_enveloped(&in, 24);
    read_cut(&want, buf_view(&in), NO_BOUND, NULL, 0);
    check_int(want.events, 24, "events");
    for (size_t cut = 0; cut <= in.len; cut++) {
        read_cut(&got, buf_view(&in), NO_BOUND, &cut, 1);
        if (!check(span_equal(buf_view(&got.out), buf_view(&want.out)), "cut at %zu", cut))
            break;
    }
    around_borders(buf_view(&in), &want, &got);
    for (size_t step = 1; step <= 64; step++) {
        read_steps(&got, buf_view(&in), NO_BOUND, step);
        check(span_equal(buf_view(&got.out), buf_view(&want.out)), "pieces of %zu bytes", step);
    }
    buf_release(&in);
    buf_release(&want.out);
    buf_release(&got.out);
}

/* One event of 300 KB that arrives in pieces. */
static void large_event(void)
{
    struct buf in = {0}, want = {0};
    buf_puts(&in, "event: big\ndata: ");
    for (int i = 0; i < 30000; i++)
        buf_puts(&in, "0123456789");
    buf_puts(&want, "<big>");
    buf_append(&want, in.data + 17, in.len - 17);
    buf_puts(&want, ";");
    buf_puts(&in, "\n\n");
    struct record r = {0};
    static const size_t steps[] = {1, 2, 7, 1000, 4096, 65536};
    for (size_t i = 0; i < COUNT(steps); i++) {
        read_steps(&r, buf_view(&in), NO_BOUND, steps[i]);
        check(span_equal(buf_view(&r.out), buf_view(&want)), "pieces of %zu bytes", steps[i]);
    }
    buf_release(&in);
    buf_release(&want);
    buf_release(&r.out);
}

/* The standard's algorithm on the whole stream at once: sse_oracle.h. */

static const struct span words[] = {
    SPAN("data"),     SPAN("event"), SPAN("id"),       SPAN("retry"),        SPAN("data: "),
    SPAN("data:x"),   SPAN(":"),     SPAN(" "),        SPAN("\n"),           SPAN("\n"),
    SPAN("\n\n"),     SPAN("\r"),    SPAN("\r\n"),     SPAN("\r\n\r\n"),     SPAN("\0"),
    SPAN("\xEF"),     SPAN("\xBB"),  SPAN("\xBF"),     SPAN("\xE2"),         SPAN("\x82"),
    SPAN("\xAC"),     SPAN("\xFF"),  SPAN("12"),       SPAN("\xEF\xBB\xBF"), SPAN("a"),
    SPAN("event: a"), SPAN("id: 1"), SPAN("retry: 5"), SPAN("\xC3\xA9"),     SPAN("\xF4"),
};

static void random_streams(void)
{
    struct oracle o = {0};
    struct record r = {0};
    struct buf in = {0};
    for (int round = 0; round < 20000; round++) {
        buf_clear(&in);
        for (uint32_t n = any(30); n > 0; n--)
            buf_span(&in, words[any(COUNT(words))]);
        oracle_read(&o, buf_view(&in));
        size_t cuts[4];
        for (size_t i = 0, at = 0; i < COUNT(cuts); i++)
            cuts[i] = at += any((uint32_t)(in.len - at) + 1);
        for (size_t count = 0; count <= COUNT(cuts); count += COUNT(cuts)) {
            read_cut(&r, buf_view(&in), NO_BOUND, cuts, count);
            if (!span_equal(buf_view(&r.out), buf_view(&o.out))) {
                struct buf shown = {0};
                put_shown(&shown, buf_view(&in));
                check_span(buf_view(&r.out), buf_view(&o.out), buf_text(&shown));
                buf_release(&shown);
                round = 1 << 20;
                break;
            }
        }
    }
    buf_release(&in);
    buf_release(&r.out);
    oracle_release(&o);
}

/* The bound: bytes of the lines of one event, without their ends and without comments. */

struct bound {
    const char *name;
    struct span in;
    size_t size; /* of the largest event */
};

static const struct bound bounds[] = {
    ROW("one line", "data: abc\n\n", 9),
    ROW("two lines", "event: ab\ndata: abc\n\n", 18),
    ROW("lines of data", "data: a\ndata: b\ndata: c\n\n", 21),
    ROW("CRLF is not counted", "data: abc\r\n\r\n", 9),
    ROW("comments are not counted", ": a long comment indeed\ndata: abc\n:again\n\n", 9),
    ROW("unknown fields are", "foo: bar\ndata: abc\n\n", 17),
    ROW("each event for itself", "data: abc\n\ndata: abc\n\ndata: abc\n\n", 9),
    ROW("an event that is not dispatched", "event: abcdef\n\ndata: a\n\n", 13),
    ROW("a block that is not finished", "data: a\n\ndata: abc\n", 9),
    ROW("a line that is not finished", "data: a\n\ndata: abc", 9),
    ROW("an unfinished line after another", "data: abc\ndata: de", 17),
    ROW("the large one in the middle", "data: a\n\ndata: abcdef\n\ndata: b\n\n", 12),
};

static void exact_bound(void)
{
    struct record r = {0};
    for (size_t i = 0; i < COUNT(bounds); i++) {
        const struct bound *b = &bounds[i];
        read_cut(&r, b->in, b->size, NULL, 0);
        check(r.out.len == 0 || r.out.data[r.out.len - 1] != '!', "%s: %zu bytes must fit", b->name,
              b->size);
        read_cut(&r, b->in, b->size - 1, NULL, 0);
        check(r.out.len && r.out.data[r.out.len - 1] == '!', "%s: %zu bytes are too many", b->name,
              b->size);
    }
    buf_release(&r.out);
}

static void bound_in_pieces(void)
{
    for (size_t i = 0; i < COUNT(bounds); i++)
        for (size_t max = 1; max <= bounds[i].size + 1; max++)
            cut_in_three(bounds[i].in, max, bounds[i].name);
}

static void bound_fails_as_protocol(void)
{
    struct record r = {0};
    struct sse s;
    struct fail fail = FAIL_INIT;
    begin(&r, &s, 8);
    check_int(sse_feed(&s, "data: abc", 9, &fail), -1, "result");
    check_int(fail.cause, FAIL_PROTOCOL, "cause");
    check(fail.message && strstr(fail.message, "8"), "the limit is not in the message: %s",
          fail.message);
    end(&r, &s, &fail);
    buf_release(&r.out);
}

static size_t memory_of(const struct sse *s)
{
    return s->name.cap + s->data.cap + s->id.cap + s->line.cap;
}

/* 64 MB of one comment, and of one event over the bound, in pieces of 4 KB. */
static void bounded_memory(void)
{
    struct record r = {0};
    struct sse s;
    struct fail fail = FAIL_INIT;
    static char piece[4096];
    memset(piece, 'x', sizeof piece);
    begin(&r, &s, 100000);
    sse_feed(&s, "data: a\n: ", 10, &fail);
    for (int i = 0; i < 16384; i++)
        check_int(sse_feed(&s, piece, sizeof piece, &fail), 0, "a comment");
    check(memory_of(&s) < 4096, "a comment takes %zu bytes", memory_of(&s));
    sse_feed(&s, "\n\n", 2, &fail);
    check_span(buf_view(&r.out), S("<message>a;"), "the event around the comment");
    sse_feed(&s, "data: ", 6, &fail);
    for (int i = 0; i < 16384; i++)
        if (sse_feed(&s, piece, sizeof piece, &fail) != 0)
            break;
    check(fail_is_set(&fail), "an event over the bound fails");
    check(memory_of(&s) < 400000, "an event over the bound takes %zu bytes", memory_of(&s));
    end(&r, &s, &fail);
    buf_release(&r.out);
}

static void callback_stops(void)
{
    struct record r = {.stop_after = 2};
    for (size_t step = 1; step < 40; step++) {
        read_steps(&r, S("data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n"), NO_BOUND, step);
        check_span(buf_view(&r.out), S("<message>1;<message>2;!"), "events up to the failure");
    }
    buf_release(&r.out);
}

static void dispatches_at_once(void)
{
    struct record r = {0};
    struct sse s;
    struct fail fail = FAIL_INIT;
    begin(&r, &s, NO_BOUND);
    feed(&s, S("data: a\r\n"), &fail);
    check_int(r.events, 0, "events before the blank line");
    feed(&s, S("\r"), &fail);
    check_int(r.events, 1, "events after the CR of the blank line");
    feed(&s, S("\ndata: b\n"), &fail);
    check_int(r.events, 1, "the LF of that CR");
    feed(&s, S("\n"), &fail);
    check_int(r.events, 2, "events after a LF");
    feed(&s, S(""), &fail);
    sse_feed(&s, NULL, 0, &fail);
    check_int(r.events, 2, "an empty feed");
    end(&r, &s, &fail);
    buf_release(&r.out);
}

static void huge_retry(void)
{
    struct sse s;
    struct record r = {0};
    struct fail fail = FAIL_INIT;
    begin(&r, &s, NO_BOUND);
    feed(&s, S("retry: 99999999999999999999999999999999999999\n"), &fail);
    check(s.retry_ms >= INT32_MAX, "a retry beyond every clock stays large: %lld",
          (long long)s.retry_ms);
    end(&r, &s, &fail);
    buf_release(&r.out);
}

static void beginnings(void)
{
    static const struct {
        struct span head;
        bool begins;
    } rows[] = {
        {SPAN(""), true},
        {SPAN("e"), true},
        {SPAN("event"), true},
        {SPAN("event:x"), true},
        {SPAN("data\n"), true},
        {SPAN("retry: 1\n"), true},
        {SPAN("\r\n\nid: 1"), true},
        {SPAN(": any"), true},
        {SPAN(":"), true},
        {SPAN("\xEF"), true},
        {SPAN("\xEF\xBB"), true},
        {SPAN("\xEF\xBB\xBF"), true},
        {SPAN("\n\n"), true},
        {SPAN("\xEF\xBB\xBFid"), true},
        {SPAN("even\n"), false},
        {SPAN("events"), false},
        {SPAN("<html>"), false},
        {SPAN("{\"event\":"), false},
        {SPAN("\xEF\xBC"), false},
        {SPAN("\xEF\xBB\xBFx"), false},
        {SPAN("\0"), false},
        {SPAN(" data: 1"), false},
        {SPAN("x\ndata: 1\n\n"), false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *at = guard_copy(&guard, rows[i].head);
        check(sse_begins(span_make(at, rows[i].head.len)) == rows[i].begins, "row %zu", i);
    }
    check(sse_begins(span_make(NULL, 0)), "nothing at all");
}

int main(void)
{
    guard = guard_new(1 << 19);
    unit_case("each rule of the grammar", each_row);
    unit_case("NUL bytes", nul_bytes);
    unit_case("an event is dispatched with its blank line", dispatches_at_once);
    unit_case("every two cuts of each rule", cuts_of_grammar);
    unit_case("every two cuts of a stream", cuts_of_streams);
    unit_case("cuts of a long stream", cuts_of_a_long_stream);
    unit_case("a large event in pieces", large_event);
    unit_case("random streams against the standard's algorithm", random_streams);
    unit_case("the bound is exact", exact_bound);
    unit_case("the bound does not depend on cuts", bound_in_pieces);
    unit_case("over the bound is FAIL_PROTOCOL", bound_fails_as_protocol);
    unit_case("memory is bounded", bounded_memory);
    unit_case("a failed callback stops the feed", callback_stops);
    unit_case("a huge retry", huge_retry);
    unit_case("the start of a stream, at any cut", beginnings);
    guard_free(&guard);
    return unit_status();
}
