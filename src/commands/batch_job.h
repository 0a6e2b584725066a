/* SPDX-License-Identifier: MIT */
/* A job of `batch`: the process that asks questions. */
#ifndef COMMANDS_BATCH_JOB_H
#define COMMANDS_BATCH_JOB_H

#include "chat/pace.h"
#include "chat/portfolio.h"
#include "commands/command.h"

#include <stdbool.h>

struct batch_job {
    const struct invocation *in;
    struct pace *pace; /* shared memory, used by all jobs */
    bool is_plain;     /* lines are messages, not JSON */
    bool is_logged;
    const char *token;              /* the token at the start of the job */
    struct portfolio_choice choice; /* the portfolios, if they are known at the start of the job */
};

/* Asks the questions that are received on the socket `fd` until its other end is closed. `job` is a
   struct batch_job. The `run` of worker_start. */
void batch_job_run(void *job, int fd);

/* Appends the object of a question that was not asked or whose job has ended unexpectedly. `head`
   has its first members; `conversation` is the ID in the line, or NULL. */
void batch_job_put_failure(struct buf *object, const struct buf *head, const char *conversation,
                           struct fail *fail);

#endif
