/* SPDX-License-Identifier: MIT */
/* Decides whether a failed call is retried, and when ("Retries" in the manual). A retry never
   repeats output, and never repeats a message in an existing conversation unless the user permits
   it. */
#ifndef CHAT_RETRY_H
#define CHAT_RETRY_H

#include "core/fail.h"

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
    int max;             /* maximum number of retries */
    int64_t delay_ms;    /* before the first retry; doubled each time */
    int64_t max_time_ms; /* for all attempts together, 0 for no limit */
    int64_t hint_max_ms; /* for a hint that holds all jobs, 0 for no limit */
    bool all; /* --retry-all: also if the message may be stored in an existing conversation */
};

struct retry_case {
    enum fail_cause cause;
    bool committed;     /* output of this answer was written */
    bool own;           /* the conversation is created for this message */
    int made;           /* retries made so far */
    int64_t elapsed_ms; /* since the question began */
    int64_t hint_ms;    /* the server's Retry-After or retry_after, -1 without */
    bool holds_all;     /* all jobs of a batch wait for hint_ms, which counts for no time limit */
    int64_t stream_ms;  /* the stream's `retry` field, which replaces delay_ms; -1 without */
    uint32_t random;    /* jitter: 0 is 10 % earlier, UINT32_MAX 10 % later */
};

/* The maximum number of retries after a failure of this cause. */
int retry_limit(const struct retry_policy *policy, enum fail_cause cause);

/* Milliseconds to wait before the next attempt, -1 to give up. */
int64_t retry_delay(const struct retry_policy *policy, const struct retry_case *c);

#endif
