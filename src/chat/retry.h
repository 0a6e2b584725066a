/* SPDX-License-Identifier: MIT */
/* Decides whether a failed call is retried, and when ("Retries" in the manual). A retry never
   repeats output, and never repeats a message in an existing conversation unless the user permits
   it. The loop that makes the calls is here, too. */
#ifndef CHAT_RETRY_H
#define CHAT_RETRY_H

#include "api/api.h"
#include "api/auth.h"
#include "chat/pace.h"
#include "core/fail.h"
#include "output/sink.h"

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
    int max;             /* maximum number of retries */
    int64_t delay_ms;    /* before the first retry; doubled each time */
    int64_t max_time_ms; /* for all attempts together, 0 for no limit */
    int64_t hint_max_ms; /* for a server's hint that delays all jobs, 0 for no limit */
    bool all; /* --retry-all: also if the message may be stored in an existing conversation */
};

struct retry_case {
    enum fail_cause cause;
    bool committed;     /* output of this answer was written */
    bool repeatable;    /* a retry is harmless even if the server processed the call: a message in
                           a conversation that is created for it, a GET */
    int made;           /* retries made so far */
    int64_t elapsed_ms; /* since the question began */
    int64_t hint_ms;    /* the server's Retry-After or retry_after, -1 without */
    bool holds_all; /* all jobs of a batch wait for hint_ms, and no time limit applies to that wait
                     */
    int64_t stream_ms; /* the stream's `retry` field, which replaces delay_ms; -1 without */
    uint32_t random;   /* jitter: 0 is 10 % earlier, UINT32_MAX 10 % later */
};

/* The delay before the next attempt in milliseconds, -1 to give up. */
int64_t retry_delay(const struct retry_policy *policy, const struct retry_case *c);

/* What all calls of one question, or of one run of the command `api`, share. All borrowed. */
struct retry_loop {
    const struct retry_policy *policy;
    struct api *api;
    struct auth *auth;   /* provides another token after a 401; that does not count as a retry */
    struct sinks *sinks; /* are notified of retries */
    int64_t started;     /* sys_now_us() when the question began */
    struct pace *pace;   /* of the jobs of a batch, else NULL */
    int64_t stream_ms;   /* as in retry_case; `call` may set it */
    bool repeatable;     /* as in retry_case */
    bool (*is_committed)(const void *arg);
    void *arg;
    int made;        /* retries of the current call so far */
    int64_t called;  /* time of the current call */
    int64_t blocked; /* sys_blocked_us() up to which the deadline was extended */
    int64_t held;    /* total time the question has waited for its turns */
};

/* Repeats `call(loop->arg, …)` until it succeeds or the policy gives up: 0, or -1 with the last
   failure. FAIL_SIGNAL if a signal ends the wait before a retry. */
int retry_run(struct retry_loop *loop, int (*call)(void *arg, struct fail *fail),
              struct fail *fail);

/* Whether the current call, which is still running, will not be retried if it fails for this
   reason. Only for the reason that an error event gives: false if it is not certain yet. */
bool retry_is_excluded(const struct retry_loop *loop, const struct fail *why);

/* Waiting for the reader of the output does not count against any time limit, unlike processing: a
   server that sends without a pause would suspend the limits. Extends the deadline by the time of
   waiting since the last call, and returns that time. retry_run calls it before each attempt, and
   the hooks of a call in each turn. */
int64_t retry_discount_output(struct retry_loop *loop);

#endif
