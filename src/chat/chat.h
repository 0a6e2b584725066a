/* SPDX-License-Identifier: MIT */
/* One exchange: a conversation where none was given, the message, its retries, the answer, the
   time after `done`. Joins api/ to the reader. */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include "api/api.h"
#include "api/auth.h"
#include "chat/reader.h"
#include "chat/retry.h"

/* All borrowed. */
struct chat_request {
    const char *conversation; /* NULL: create one */
    const char *mode;         /* of a new conversation, or an existing one changes to it; or NULL */
    struct api_portfolios portfolios;
    struct api_context context;
    struct span text;
    bool ephemeral;    /* delete the created conversation when all is over */
    struct auth *auth; /* asked once for a new token after a 401 */
    struct retry_policy retry;
    int64_t stall_timeout; /* microseconds, 0 for none */
    int64_t started;       /* sys_now_us() when the command began */
};

/* What is known of an exchange when it is over. Zeroed with chat_outcome_init, then released. */
struct chat_outcome {
    char *conversation; /* ID, NULL when there was none */
    bool created;       /* this exchange created it */
    bool posted;        /* the message itself was tried, not only a call before it */
    bool accepted;      /* the server took the message and began to answer */
    bool connected;     /* some request reached the server */
    struct sink_timing timing;
};

void chat_outcome_init(struct chat_outcome *o);
void chat_outcome_release(struct chat_outcome *o);

/* Runs the exchange. 0 when the whole answer arrived and was written, else -1 with *fail. Does not
   close the sinks: that is the caller's, who knows all that can still fail. */
int chat_run(struct api *api, struct reader *reader, const struct chat_request *request,
             struct chat_outcome *outcome, struct fail *fail);

#endif
