/* SPDX-License-Identifier: MIT */
/* Whether a call that failed is tried again, and when: a pure decision ("Retries" in the manual).
   A retry never repeats output and never silently repeats a message. */
#ifndef CHAT_RETRY_H
#define CHAT_RETRY_H

#include "core/fail.h"

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
    int max;             /* retries at most */
    int64_t delay_ms;    /* before the first; doubled each time */
    int64_t max_time_ms; /* for everything, 0 for no bound */
    bool all;            /* also what may be stored in a conversation of the user's */
};

struct retry_case {
    enum fail_cause cause;
    bool committed;     /* output of this answer has left */
    bool own;           /* the conversation was, or is being, created for this message */
    int made;           /* retries made so far */
    int64_t elapsed_ms; /* since the command began */
    int64_t hint_ms;    /* the server's Retry-After or retry_after, -1 without */
    int64_t stream_ms;  /* the stream's `retry` field, replaces the policy's delay; -1 without */
    uint32_t random;    /* spreads a fleet: 0 is 10 % earlier, UINT32_MAX 10 % later */
};

/* How many retries there are after such failures. */
int retry_limit(const struct retry_policy *policy, enum fail_cause cause);

/* Milliseconds to wait before the next attempt, -1 to give up. */
int64_t retry_delay(const struct retry_policy *policy, const struct retry_case *c);

#endif
