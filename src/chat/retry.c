/* SPDX-License-Identifier: MIT */
#include "chat/retry.h"

#include "chat/cause.h"
#include "system/system.h"

/* The maximum number of retries after a failure of this cause. */
static int limit_of(const struct retry_policy *policy, enum fail_cause cause)
{
    return cause_row(cause)->retry == RETRY_ONCE && policy->max > 1 ? 1 : policy->max;
}

static bool is_allowed(const struct retry_policy *policy, const struct retry_case *c)
{
    if (c->committed || c->made >= limit_of(policy, c->cause))
        return false;
    switch (cause_row(c->cause)->retry) {
    case RETRY_NOT_STORED:
    case RETRY_ONCE:
        return true;
    case RETRY_MAYBE_STORED:
        return c->repeatable || policy->all;
    default:
        return false;
    }
}

/* Exponential backoff with a jitter of 10 %. */
static int64_t backoff_delay(const struct retry_policy *policy, const struct retry_case *c)
{
    double ms = (double)(c->stream_ms >= 0 ? c->stream_ms : policy->delay_ms);
    for (int i = 0; i < c->made && ms < 1e12; i++)
        ms *= 2;
    return (int64_t)(ms * (0.9 + 0.2 * ((double)c->random / UINT32_MAX)));
}

int64_t retry_delay(const struct retry_policy *policy, const struct retry_case *c)
{
    if (!is_allowed(policy, c))
        return -1;
    int64_t ms = backoff_delay(policy, c);
    if (c->holds_all && c->hint_ms > ms)
        return policy->hint_max_ms && c->hint_ms > policy->hint_max_ms ? -1 : c->hint_ms;
    if (c->hint_ms > ms)
        ms = c->hint_ms;
    if (policy->max_time_ms && ms > policy->max_time_ms - c->elapsed_ms)
        return -1;
    return ms;
}

/* -1 if a signal ends the wait. */
static int pause_for(struct sinks *sinks, int64_t ms, struct fail *fail)
{
    int64_t now = sys_now_us(), end = now + ms * 1000;
    int result = 0;
    for (; result == 0 && now < end; now = sys_now_us()) {
        int64_t wake = sinks_tick(sinks, now);
        result = sys_wait(-1, 0, wake < end ? wake : end);
    }
    return result == 0 ? 0 : fail_signal(fail, sys_signal());
}

static int announce_retry(struct sinks *sinks, int attempt, int limit, int64_t delay,
                          const char *reason, struct fail *fail)
{
    struct sink_retry retry = {attempt, limit, delay, reason};
    int result = sinks_retry(sinks, &retry, fail);
    return sinks_flush(sinks, fail) != 0 ? -1 : result;
}

/* Rate limits apply to all jobs of a batch. */

/* Waiting for a turn does not count against any time limit. -1 if a signal ends the wait. */
static int take_a_turn(struct retry_loop *loop, struct fail *fail)
{
    int64_t began = sys_now_us(), now = began;
    struct pace_turn turn;
    int result = 0;
    if (!loop->pace)
        return 0;
    do {
        turn = pace_reserve(loop->pace, now);
        while (result == 0 && (now = sys_now_us()) < turn.at) {
            int64_t wake = sinks_tick(loop->sinks, now);
            result = sys_wait(-1, 0, wake < turn.at ? wake : turn.at);
        }
    } while (result == 0 && !pace_is_due(loop->pace, turn, now));
    loop->called = now;
    loop->held += now - began;
    auth_extend_deadline(loop->auth, loop->api, now - began);
    return result == 0 ? 0 : fail_signal(fail, sys_signal());
}

static bool has_hint(const struct fail *why)
{
    return why->retry_after >= 0 && (why->http_status == 429 || why->http_status == 503);
}

/* Whether all jobs wait after this failure. A hint beyond the limit is ignored. */
static bool is_rate_limit(const struct retry_loop *loop, const struct fail *why)
{
    int64_t most = loop->policy->hint_max_ms;
    if (!loop->pace || cause_row(why->cause)->retry == RETRY_NEVER)
        return false;
    if (has_hint(why))
        return !most || why->retry_after <= most;
    return why->http_status == 429;
}

/* Makes all jobs wait until this call is retried, or if it is not, for the time that the server
   asks for. False if only this job can wait. */
static bool hold_all(struct retry_loop *loop, const struct fail *why, int64_t delay_ms)
{
    int64_t ms = delay_ms >= 0           ? delay_ms
                 : why->retry_after >= 0 ? why->retry_after
                                         : loop->policy->delay_ms;
    return pace_refuse(loop->pace, loop->called, sys_now_us(), ms * 1000);
}

static struct retry_case describe_case(const struct retry_loop *loop, const struct fail *why)
{
    return (struct retry_case){.cause = why->cause,
                               .committed = loop->is_committed(loop->arg),
                               .repeatable = loop->repeatable,
                               .made = loop->made,
                               .elapsed_ms = (sys_now_us() - loop->held - loop->started) / 1000,
                               .hint_ms = why->retry_after,
                               .holds_all = loop->pace && has_hint(why),
                               .stream_ms = loop->stream_ms};
}

bool retry_is_excluded(const struct retry_loop *loop, const struct fail *why)
{
    struct retry_case earliest = describe_case(loop, why);
    earliest.stream_ms = 0; /* the rest of the stream may still set it */
    return retry_delay(loop->policy, &earliest) < 0;
}

/* Waits before a retry. 0 if the call must be repeated now, otherwise -1. */
static int wait_for_retry(struct retry_loop *loop, struct fail *why, struct fail *fail)
{
    struct retry_case now = describe_case(loop, why);
    now.random = sys_random();
    int64_t delay = retry_delay(loop->policy, &now);
    bool holds_all = is_rate_limit(loop, why) && hold_all(loop, why, delay);
    if (delay < 0) {
        fail_move(fail, why);
        return -1;
    }
    if (announce_retry(loop->sinks, loop->made + 1, limit_of(loop->policy, why->cause), delay,
                       why->message, fail) != 0)
        return -1;
    return holds_all ? 0 : pause_for(loop->sinks, delay, fail);
}

int64_t retry_discount_output(struct retry_loop *loop)
{
    int64_t us = sys_blocked_us() - loop->blocked;
    loop->blocked += us;
    auth_extend_deadline(loop->auth, loop->api, us);
    return us;
}

int retry_run(struct retry_loop *loop, int (*call)(void *arg, struct fail *fail), struct fail *fail)
{
    loop->blocked = sys_blocked_us();
    for (loop->made = 0;; loop->made++) {
        struct fail why = FAIL_INIT;
        retry_discount_output(loop);
        if (take_a_turn(loop, fail) != 0)
            return -1;
        if (call(loop->arg, &why) == 0) {
            if (loop->pace)
                pace_accept(loop->pace);
            fail_release(&why);
            return 0;
        }
        if (auth_recover(loop->auth, loop->api, &why)) {
            loop->made--;
            continue;
        }
        int result = wait_for_retry(loop, &why, fail);
        fail_release(&why);
        if (result != 0)
            return -1;
    }
}
