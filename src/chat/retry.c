/* SPDX-License-Identifier: MIT */
#include "chat/retry.h"

#include "chat/cause.h"

int retry_limit(const struct retry_policy *policy, enum fail_cause cause)
{
    return cause_row(cause)->retry == RETRY_ONCE && policy->max > 1 ? 1 : policy->max;
}

static bool is_allowed(const struct retry_policy *policy, const struct retry_case *c)
{
    if (c->committed || c->made >= retry_limit(policy, c->cause))
        return false;
    switch (cause_row(c->cause)->retry) {
    case RETRY_NOT_STORED:
    case RETRY_ONCE:
        return true;
    case RETRY_MAYBE_STORED:
        return c->own || policy->all;
    default:
        return false;
    }
}

/* Exponential backoff with a jitter of 10 %. */
static int64_t backoff(const struct retry_policy *policy, const struct retry_case *c)
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
    int64_t ms = backoff(policy, c);
    if (c->holds_all && c->hint_ms > ms)
        return policy->hint_max_ms && c->hint_ms > policy->hint_max_ms ? -1 : c->hint_ms;
    if (c->hint_ms > ms)
        ms = c->hint_ms;
    if (policy->max_time_ms && ms > policy->max_time_ms - c->elapsed_ms)
        return -1;
    return ms;
}
