/* SPDX-License-Identifier: MIT */
/* Bounded bytes, spans, and the first cause of a failure. */
#include "core/buf.h"

#include "core/fail.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>

static void append(void)
{
    struct buf b = {0}, want = {0};
    for (int i = 0; i < 1000; i++) {
        buf_append(&b, "abcdefghijk", (size_t)(i % 12));
        buf_append(&want, "abcdefghijk", (size_t)(i % 12));
        buf_byte(&b, (char)i);
        buf_append_slow(&want, &(char){(char)i}, 1);
    }
    check_int((int64_t)b.len, 1000 + 83 * 66 + 6, "length");
    check(span_equal(buf_view(&b), buf_view(&want)), "contents");
    check(!b.full, "an unbounded one is never full");
    check(b.cap >= b.len && b.cap < 4 * b.len, "%zu bytes of room for %zu", b.cap, b.len);
    buf_release(&b);
    check(b.data == NULL && b.len == 0 && b.cap == 0, "released");
    buf_release(&b);
    buf_release(&want);
}

static void nothing(void)
{
    struct buf b = {0};
    buf_append(&b, NULL, 0);
    buf_span(&b, span_make(NULL, 0));
    buf_puts(&b, "");
    buf_printf(&b, "%s", "");
    check(b.data == NULL && b.len == 0, "nothing is allocated for nothing");
    check_span(span_of(buf_text(&b)), S(""), "text");
    buf_release(&b);
    char *taken = buf_take(&b);
    check(taken && *taken == '\0', "an empty one can be taken");
    free(taken);
}

static void bound(void)
{
    for (size_t max = 1; max < 200; max += 7) {
        struct buf b;
        buf_init(&b, max);
        for (size_t i = 0; i < max; i++)
            buf_byte(&b, 'x');
        check(b.len == max && !b.full, "%zu bytes fit under %zu", b.len, max);
        buf_append(&b, "", 0);
        check(!b.full, "nothing more is not too much");
        buf_byte(&b, 'y');
        check(b.len == max && b.full, "one more does not");
        buf_clear(&b);
        check(b.len == 0 && !b.full, "cleared");
        for (size_t i = 0; i <= max / 3; i++)
            buf_puts(&b, "abc");
        check(b.full && b.len == max && b.data[max - 1] == "abc"[(max - 1) % 3],
              "what fits is kept");
        check(strlen(buf_text(&b)) == max, "and can be terminated");
        buf_release(&b);
        check(b.max == max, "the bound stays");
    }
}

static void printing(void)
{
    struct buf b = {0};
    buf_printf(&b, "%d %s %.3s", -5, "abc", "defg");
    check_span(buf_view(&b), S("-5 abc def"), "printf");
    char large[3000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    buf_clear(&b);
    buf_printf(&b, "<%s>", large);
    check(b.len == sizeof large + 1 && b.data[0] == '<' && b.data[b.len - 1] == '>', "a long one");
    buf_release(&b);
    buf_init(&b, 4);
    buf_printf(&b, "%s", "abcdef");
    check_span(buf_view(&b), S("abcd"), "bounded printf");
    check(b.full, "full");
    buf_release(&b);
}

static void reserve(void)
{
    struct buf b = {0};
    buf_puts(&b, "start");
    buf_reserve(&b, 1000);
    const char *data = b.data;
    for (int i = 0; i < 1000; i++)
        buf_byte(&b, 'x');
    check(b.data == data, "pointers stay valid within the room");
    check(memcmp(b.data, "startxxx", 8) == 0, "contents");
    buf_release(&b);
}

static void take_and_drop(void)
{
    struct buf b = {0};
    buf_append(&b, "ab\0cd", 5);
    buf_drop(&b, 1);
    check_span(buf_view(&b), S("b\0cd"), "dropped");
    buf_drop(&b, 0);
    check_int((int64_t)b.len, 4, "nothing dropped");
    char *taken = buf_take(&b);
    check(memcmp(taken, "b\0cd", 5) == 0, "taken, terminated");
    check(b.data == NULL && b.len == 0, "empty after");
    free(taken);
    buf_puts(&b, "again");
    buf_drop(&b, 5);
    check_int((int64_t)b.len, 0, "all dropped");
    buf_puts(&b, "secret");
    buf_wipe(&b);
    check(b.data == NULL && b.len == 0, "wiped");
    buf_wipe(&b);
}

static void spans(void)
{
    check(span_equal(span_make(NULL, 0), S("")), "empty spans are equal");
    check(!span_equal(S("a"), S("b")) && !span_equal(S("a"), S("ab")), "others are not");
    check(span_equal(S("a\0b"), S("a\0b")) && !span_equal(S("a\0b"), S("a\0c")), "NUL counts");
    check(span_is(S("ab"), "ab") && !span_is(S("ab"), "a") && !span_is(S("a\0"), "a"), "span_is");
    check(span_starts(S("abc"), S("ab")) && span_starts(S("abc"), S("abc")) &&
              !span_starts(S("ab"), S("abc")) && !span_starts(S("xbc"), S("ab")),
          "span_starts");
    check_span(span_first_line(S("a\nb")), S("a"), "LF");
    check_span(span_first_line(S("a\r\nb")), S("a"), "CRLF");
    check_span(span_first_line(S("a\rb")), S("a"), "CR");
    check_span(span_first_line(S("abc")), S("abc"), "one line");
    check_span(span_first_line(S("\nabc")), S(""), "an empty one");
    check_int((int64_t)span_of(NULL).len, 0, "NULL");
}

static void first_cause(void)
{
    struct fail f = FAIL_INIT, other = FAIL_INIT;
    check(!fail_is_set(&f) && fail_status(&f) == 0, "nothing failed");
    check_int(fail_errno(&f, FAIL_OUTPUT, ENOSPC, "cannot write %s", "x"), -1, "result");
    check_int(fail_set(&f, FAIL_CUT, "later"), -1, "result");
    check_int(f.cause, FAIL_OUTPUT, "the first cause wins");
    struct buf want = {0};
    buf_printf(&want, "cannot write x: %s", strerror(ENOSPC));
    check_span(span_of(f.message), buf_view(&want), "message");
    buf_release(&want);
    check_int(fail_status(&f), 74, "status");
    fail_hint(&f, "do %s", "this");
    fail_hint(&f, "or that");
    check_span(span_of(f.hint), S("do this"), "the first hint");
    fail_code(&f, S("a"));
    fail_code(&f, span_make("bcd", 2));
    check_span(span_of(f.code), S("bc"), "the last code");
    fail_move(&other, &f);
    check(!fail_is_set(&f) && f.retry_after == -1 && !f.message, "moved from");
    check_int(other.cause, FAIL_OUTPUT, "moved to");
    fail_release(&other);
    check(!fail_is_set(&other) && other.retry_after == -1, "released");
    fail_release(&other);
}

/* "Exit status" in the manual, for each cause. */
static void statuses(void)
{
    static const struct {
        enum fail_cause cause;
        int status;
    } rows[] = {
        {FAIL_NONE, 0},           {FAIL_ANSWER, 1},        {FAIL_ANSWER_RETRY, 75},
        {FAIL_USAGE, 64},         {FAIL_DATA, 65},         {FAIL_INPUT, 66},
        {FAIL_UNREACHABLE, 69},   {FAIL_OVERLOADED, 69},   {FAIL_SERVER, 69},
        {FAIL_SERVER_OTHER, 69},  {FAIL_QUOTA, 69},        {FAIL_SOFTWARE, 70},
        {FAIL_CREATE, 73},        {FAIL_OUTPUT, 74},       {FAIL_BUSY, 75},
        {FAIL_CLOCK, 75},         {FAIL_CUT, 75},          {FAIL_DEADLINE, 75},
        {FAIL_PROTOCOL, 76},      {FAIL_DENIED, 77},       {FAIL_CONFIG, 78},
        {FAIL_NOT_LISTENING, 69}, {FAIL_CERTIFICATE, 69},  {FAIL_UNSENT, 75},
        {FAIL_ANSWER_QUOTA, 69},  {FAIL_ANSWER_LIMIT, 75}, {FAIL_LIMIT, 75},
        {FAIL_LIMIT_SERVER, 75},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fail f = {.cause = rows[i].cause, .retry_after = -1};
        check_int(fail_status(&f), rows[i].status, "status");
    }
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < COUNT(signals); i++) {
        struct fail f = FAIL_INIT;
        fail_signal(&f, signals[i]);
        check_int(fail_status(&f), 128 + signals[i], "the status of a signal");
        fail_release(&f);
    }
    check_int(COUNT(rows) + 1, FAIL_CAUSES, "rows, and that of a signal");
}

int main(void)
{
    unit_case("append", append);
    unit_case("nothing", nothing);
    unit_case("bound", bound);
    unit_case("printf", printing);
    unit_case("reserve", reserve);
    unit_case("take, drop and wipe", take_and_drop);
    unit_case("spans", spans);
    unit_case("the first cause wins", first_cause);
    unit_case("exit statuses", statuses);
    return unit_status();
}
