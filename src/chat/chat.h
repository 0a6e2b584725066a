/* SPDX-License-Identifier: MIT */
/* One question: a conversation where none was given, the message, its retries, the answer, the
   time after `done`. Joins api/ to the reader. commands/dialogue.h asks questions with it. */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include "api/api.h"
#include "api/auth.h"
#include "chat/reader.h"
#include "chat/retry.h"

/* All borrowed. Times are in microseconds. */
struct chat_request {
    const char *conversation; /* NULL: create one */
    const char *mode;         /* of a new conversation, or an existing one changes to it; or NULL */
    struct api_portfolios portfolios;
    struct api_context context;
    struct span text;
    bool ephemeral;    /* delete the created conversation when all is over */
    bool keep;         /* keep a created one whose message was refused: there will be another */
    struct auth *auth; /* asked once for a new token after a 401 */
    struct retry_policy retry;
    int64_t stall_timeout; /* 0 for none */
    int64_t started;       /* sys_now_us() when the question began */
    int64_t deadline;      /* sys_now_us() at which --max-time ends, 0 for none */
};

/* What is known of a question when it is over. Zeroed with chat_outcome_init, then released. */
struct chat_outcome {
    char *conversation; /* ID, NULL if there is none, or none any more */
    bool created;       /* this question created it */
    bool posted;        /* the message itself was tried, not only a call before it */
    bool accepted;      /* the server took the message and began to answer */
    bool connected;     /* a request reached the server */
    struct sink_timing timing;
};

void chat_outcome_init(struct chat_outcome *o);
void chat_outcome_release(struct chat_outcome *o);

/* Asks the question. 0 when the whole answer arrived and was written, else -1 with *fail. The sinks
   get no summary: that is the caller's, who knows all that can still fail.
   May be called any number of times with one api and its connection, each time with a new reader
   and a new outcome: it sets the deadlines of `api` and of request->auth, and leaves nothing behind
   that concerns the next question. */
int chat_run(struct api *api, struct reader *reader, const struct chat_request *request,
             struct chat_outcome *outcome, struct fail *fail);

/* Deletes a conversation, in two seconds at most, also when a signal was caught. One that is not
   there any more is a success. Otherwise -1, and *warning says why; owned by the caller. */
int chat_discard(struct api *api, struct auth *auth, const char *conversation, char **warning);

#endif
