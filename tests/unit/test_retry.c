/* SPDX-License-Identifier: MIT */
/* "Retries" in the manual: which failures are retried, and when. */
#include "chat/retry.h"

#include "chat/summary.h"

#include "unit.h"

static const struct retry_policy usual = {.max = 3, .delay_ms = 1000, .max_time_ms = 60000};
static const struct retry_policy always = {
    .max = 3, .delay_ms = 1000, .max_time_ms = 60000, .all = true};

/* Half way: no spread. */
enum { MIDDLE = 0x7FFFFFFF };

static struct retry_case a_case(enum fail_cause cause)
{
    return (struct retry_case){
        .cause = cause, .repeatable = true, .hint_ms = -1, .stream_ms = -1, .random = MIDDLE};
}

static void near(int64_t got, int64_t want, const char *what)
{
    check(got >= want - 1 && got <= want + 1, "%s: %lld ms instead of %lld", what, (long long)got,
          (long long)want);
}

/* n: nothing was stored; m: the message may be stored; empty: never. */
static const struct {
    enum fail_cause cause;
    const char *class;
    const char *close;
    const char *what;
} classes[] = {
    {FAIL_UNREACHABLE, "n", "failed", "resolve, connect, TLS"},
    {FAIL_NOT_LISTENING, "n", "failed", "no server listens"},
    {FAIL_CERTIFICATE, "", "failed", "a client certificate is required"},
    {FAIL_UNSENT, "n", "interrupted", "cut, nothing was sent"},
    {FAIL_BUSY, "n", "failed", "408, 429"},
    {FAIL_OVERLOADED, "n", "failed", "503"},
    {FAIL_SERVER, "m", "failed", "500, 502, 504"},
    {FAIL_CUT, "m", "interrupted", "cut, or no done"},
    {FAIL_CLOCK, "m", "interrupted", "out of time"},
    {FAIL_ANSWER_RETRY, "m", "error", "a retryable error event"},
    {FAIL_NONE, "", "done", "success"},
    {FAIL_ANSWER, "", "error", "an error event"},
    {FAIL_ANSWER_QUOTA, "", "error", "an error event, quota"},
    {FAIL_ANSWER_LIMIT, "", "error", "an error event, rate limit"},
    {FAIL_LIMIT, "", "failed", "400, rate limit"},
    {FAIL_LIMIT_SERVER, "m", "failed", "500, rate limit"},
    {FAIL_USAGE, "", "failed", "usage"},
    {FAIL_DATA, "", "failed", "400, 404, 422"},
    {FAIL_INPUT, "", "failed", "no input"},
    {FAIL_SERVER_OTHER, "", "failed", "501"},
    {FAIL_QUOTA, "", "failed", "a quota"},
    {FAIL_SOFTWARE, "", "failed", "a bug"},
    {FAIL_CREATE, "", "failed", "cannot create"},
    {FAIL_DEADLINE, "", "interrupted", "--max-time"},
    {FAIL_OUTPUT, "", "failed", "disk full"},
    {FAIL_PROTOCOL, "", "failed", "protocol"},
    {FAIL_DENIED, "", "failed", "401, 403"},
    {FAIL_CONFIG, "", "failed", "configuration"},
    {FAIL_SIGNAL, "", "cancelled", "a signal"},
};

/* "Output formats" in the manual: `client.close` for each cause. */
static void words(void)
{
    check_int(COUNT(classes), FAIL_CAUSES, "one row per cause");
    for (size_t i = 0; i < COUNT(classes); i++) {
        struct fail fail = {.cause = classes[i].cause, .retry_after = -1};
        struct summary summary = {.fail = NULL};
        summary_describe(&summary, &fail, true);
        check_span(span_of(summary.status), span_of(classes[i].close), classes[i].what);
        check_int(summary.retryable, classes[i].class[0] != '\0', classes[i].what);
        bool has_code = fail.cause != FAIL_NONE && !fail_is_answer(&fail);
        check_int(summary.code != NULL, has_code, classes[i].what);
        char code[] = "SERVERS_OWN";
        fail.code = code;
        summary_describe(&summary, &fail, false);
        check_span(span_of(summary.code), S("SERVERS_OWN"), classes[i].what);
        if (fail.cause == FAIL_CLOCK || fail.cause == FAIL_DEADLINE)
            check_span(span_of(summary.status), S("failed"), "before a connection");
    }
}

static void which(void)
{
    for (size_t i = 0; i < COUNT(classes); i++) {
        for (unsigned n = 0; n < 8; n++) {
            struct retry_case c = a_case(classes[i].cause);
            c.repeatable = n & 1;
            c.committed = n & 2;
            const struct retry_policy *policy = n & 4 ? &always : &usual;
            bool want =
                !c.committed && (*classes[i].class == 'n' ||
                                 (*classes[i].class == 'm' && (c.repeatable || policy->all)));
            check((retry_delay(policy, &c) >= 0) == want, "%s: repeatable %d, committed %d, all %d",
                  classes[i].what, c.repeatable, c.committed, policy->all);
        }
    }
}

static void once(void)
{
    struct retry_case c = a_case(FAIL_NOT_LISTENING);
    near(retry_delay(&usual, &c), 1000, "a server of this machine that is being started");
    c.made = 1;
    check_int(retry_delay(&usual, &c), -1, "a second time");
}

static void how_often(void)
{
    for (int max = 0; max < 5; max++) {
        struct retry_policy policy = {.max = max, .delay_ms = 1000};
        for (int made = 0; made < 8; made++) {
            struct retry_case c = a_case(FAIL_BUSY);
            c.made = made;
            int64_t ms = retry_delay(&policy, &c);
            if (made < max)
                near(ms, 1000LL << made, "S, 2S, 4S");
            else
                check_int(ms, -1, "at most N times");
        }
    }
}

static void spread(void)
{
    struct retry_case c = a_case(FAIL_BUSY);
    c.random = 0;
    near(retry_delay(&usual, &c), 900, "10 % earlier");
    c.random = UINT32_MAX;
    near(retry_delay(&usual, &c), 1100, "10 % later");
    for (int i = 0; i < 1000; i++) {
        c.random = any(UINT32_MAX);
        int64_t ms = retry_delay(&usual, &c);
        check(ms >= 899 && ms <= 1101, "%lld ms", (long long)ms);
    }
}

static void hints(void)
{
    struct retry_case c = a_case(FAIL_BUSY);
    c.hint_ms = 7000;
    near(retry_delay(&usual, &c), 7000, "Retry-After where it is longer");
    c.hint_ms = 500;
    near(retry_delay(&usual, &c), 1000, "S where that is longer");
    c.hint_ms = 0;
    near(retry_delay(&usual, &c), 1000, "Retry-After: 0");
    c.made = 2;
    c.hint_ms = 3000;
    near(retry_delay(&usual, &c), 4000, "4S");
    for (uint32_t i = 0; i < 100; i++) {
        c = a_case(FAIL_BUSY);
        c.hint_ms = 1050;
        c.random = i * (UINT32_MAX / 100);
        check(retry_delay(&usual, &c) >= 1050, "never before Retry-After");
    }
}

static void stream_field(void)
{
    struct retry_case c = a_case(FAIL_CUT);
    c.stream_ms = 250;
    near(retry_delay(&usual, &c), 250, "`retry:` replaces S");
    c.made = 2;
    near(retry_delay(&usual, &c), 1000, "and is doubled like it");
    c.stream_ms = 0;
    near(retry_delay(&usual, &c), 0, "retry: 0");
    c.hint_ms = 3000;
    near(retry_delay(&usual, &c), 3000, "the hint still counts");
    c = a_case(FAIL_CUT);
    c.stream_ms = 5000;
    near(retry_delay(&usual, &c), 5000, "a longer one");
}

static void max_time(void)
{
    struct retry_case c = a_case(FAIL_BUSY);
    c.elapsed_ms = 58998;
    check(retry_delay(&usual, &c) >= 0, "it ends just in time");
    c.elapsed_ms = 59002;
    check_int(retry_delay(&usual, &c), -1, "it would end too late");
    c.elapsed_ms = 70000;
    check_int(retry_delay(&usual, &c), -1, "it is too late");
    c.elapsed_ms = 0;
    c.hint_ms = 60001;
    check_int(retry_delay(&usual, &c), -1, "Retry-After beyond it");
    c.hint_ms = 60000;
    check(retry_delay(&usual, &c) >= 0, "Retry-After just within");
    struct retry_policy endless = {.max = 100, .delay_ms = 1000};
    c.hint_ms = -1;
    c.elapsed_ms = INT64_MAX / 2;
    check(retry_delay(&endless, &c) >= 0, "0 is not a bound");
    c.made = 99;
    check(retry_delay(&endless, &c) > 0, "nothing overflows");
    c.hint_ms = INT64_MAX;
    check(retry_delay(&endless, &c) == INT64_MAX, "no hint does");
    struct retry_policy at_once = {.max = 1};
    c = a_case(FAIL_BUSY);
    check_int(retry_delay(&at_once, &c), 0, "S of 0");
}

int main(void)
{
    unit_case("the words of client.close", words);
    unit_case("which failures are retried", which);
    unit_case("number and delay of retries", how_often);
    unit_case("once", once);
    unit_case("ten percent", spread);
    unit_case("the server's hints", hints);
    unit_case("the stream's retry field", stream_field);
    unit_case("--retry-max-time", max_time);
    return unit_status();
}
