/* SPDX-License-Identifier: MIT */
/* One question: creates a conversation if none is given, posts the message, retries, reads the
   answer and drains the stream after `done`. Connects api/ to the reader. Used by
   commands/dialogue.h. */
#ifndef CHAT_CHAT_H
#define CHAT_CHAT_H

#include "api/api.h"
#include "api/auth.h"
#include "chat/pace.h"
#include "chat/portfolio.h"
#include "chat/reader.h"
#include "chat/retry.h"

/* All borrowed. Times are in microseconds. */
struct chat_request {
    const char *conversation; /* NULL: create one */
    const char *mode;         /* of a new conversation, or to change an existing one to; or NULL */
    struct api_portfolios portfolios; /* as the user names them */
    struct portfolio_choice *choice;  /* caches their IDs; may be shared by several questions */
    struct api_context context;
    struct span text;
    bool ephemeral;    /* delete the created conversation at the end */
    bool keep;         /* never delete a created conversation; the caller does that */
    struct auth *auth; /* provides another token after a 401 */
    struct retry_policy retry;
    int64_t stall_timeout; /* 0 for none */
    int64_t started;       /* sys_now_us() when the question began */
    int64_t deadline;      /* sys_now_us() at which --max-time ends, 0 for none */
    /* Shared with the other jobs of a batch, otherwise NULL. If set, a rate limit delays all jobs,
       and waiting for it does not count against any time limit. */
    struct pace *pace;
    /* Called once as soon as it is certain that the question fails: before the stream is drained
       and the conversation is deleted. May be NULL. */
    void (*on_failure)(void *arg, const struct fail *why);
    void *on_failure_arg;
};

/* The result of a question. Initialize with chat_outcome_init, release with chat_outcome_release.
 */
struct chat_outcome {
    char *conversation;        /* ID, that of the request also after any failure; NULL if there is
                                  none or it was deleted */
    bool created;              /* this question created it */
    bool posted;               /* the message was sent at least once, successfully or not */
    bool maybe_stored;         /* the server may have stored it, in any attempt */
    bool accepted;             /* the server began to stream an answer */
    bool connected;            /* a request reached the server */
    struct strings portfolios; /* IDs, including those that the program chose; none if they could
                                  not be determined */
    bool portfolio_unknown;    /* a name or an ID matches no portfolio, or several */
    struct sink_timing timing;
};

void chat_outcome_init(struct chat_outcome *o);
void chat_outcome_release(struct chat_outcome *o);

/* Asks the question. 0 when the answer is complete and was written, otherwise -1 with *fail. The
   caller gives the summary to the sinks (chat/summary.h).
   May be called again with the same `api`, which keeps its connection, with a new reader and a new
   outcome each time. Sets the deadlines of `api` and request->auth; no other state is carried over
   to the next question. */
int chat_run(struct api *api, struct reader *reader, const struct chat_request *request,
             struct chat_outcome *outcome, struct fail *fail);

/* Deletes a conversation within two seconds, even if a signal was caught. 0 if it was deleted or
   does not exist; otherwise -1 with the reason in *warning, owned by the caller. */
int chat_discard(struct api *api, struct auth *auth, const char *conversation, char **warning);

#endif
