/* SPDX-License-Identifier: MIT */
/* The state of a batch of questions: which one is asked next, the order in which their objects are
   written, when to stop, and the totals ("batch" in the manual). Starts no process and does no
   input or output. */
#ifndef CHAT_BATCH_H
#define CHAT_BATCH_H

#include "core/buf.h"
#include "core/fail.h"

#include <stdbool.h>
#include <stdint.h>

struct batch_options {
    unsigned jobs;
    bool ordered;   /* objects are written in input order */
    bool fail_fast; /* stop after the first failure */
};

enum { BATCH_JOBS_MAX = 64 };

enum batch_state {
    BATCH_WAITING,
    BATCH_REFUSED, /* an invalid line, which fails as soon as no earlier question waits */
    BATCH_RUNNING,
    BATCH_ENDED
};

/* A question that was read and whose object is not written yet. Owned by the batch. */
struct batch_task {
    struct batch_task *next; /* in input order */
    enum batch_state state;
    int64_t line;
    char *conversation;    /* ID, NULL: a new one */
    struct buf head;       /* the first members of its object: `id` and `line` */
    struct buf text;       /* the line, until the question has ended */
    struct buf object;     /* with its line feed, once the question has ended or if it is refused */
    enum fail_cause cause; /* of a refused one */
    int status;
};

struct batch {
    struct batch_options options;
    struct batch_task *first;
    int64_t waiting, running; /* refused ones are waiting, too */
    int64_t last_line;        /* of the task that was added last */
    bool stopped;             /* no more questions are started */
    int64_t done, skipped, failed, not_asked;
    int64_t statuses[256]; /* of those that failed */
    int64_t final_line;    /* the first line that failed with a status other than 75, 0: none */
    enum fail_cause final_cause;
    struct buf ready; /* objects to be written; the caller writes and clears it */
};

void batch_init(struct batch *b, const struct batch_options *options);
void batch_release(struct batch *b);

/* Whether another line may be read now. The number of lines read ahead and the bytes in `ready` are
   limited. */
bool batch_wants_line(const struct batch *b);
/* Adds a question. The arguments are copied; `head` as in struct batch_task. */
void batch_add(struct batch *b, int64_t line, struct span head, struct span text,
               const char *conversation);
/* Adds an invalid line. It fails in its turn: after the questions of earlier lines were started. */
void batch_refuse(struct batch *b, int64_t line, struct span object, const struct fail *fail);
/* Counts a question that is not asked because it is already done (--resume). */
void batch_skip(struct batch *b);

/* Marks the next question that can be started now as running and returns it. NULL if there is none:
   after a stop, with --ordered if it is more than 4 × jobs lines ahead of the oldest unfinished
   one, or while an earlier question of the same conversation is unfinished. */
struct batch_task *batch_start(struct batch *b);
/* Marks a running question as waiting again: it could not be started. */
void batch_put_back(struct batch *b, struct batch_task *task);
/* Ends a question with its object, which is copied; `task` is not valid afterwards. `cause` and
   `status` are FAIL_NONE and 0 for a complete answer, otherwise the cause of the failure and its
   exit status. Stops the batch if all further questions would fail as well. */
void batch_end(struct batch *b, struct batch_task *task, struct span object, enum fail_cause cause,
               int status);
/* A running question has failed for this cause, but is not ended yet. Stops the batch as batch_end
   does. */
void batch_fail(struct batch *b, enum fail_cause cause);
/* Stops the batch: waiting questions are not asked. */
void batch_stop(struct batch *b);

/* The cause that determines the exit status: that of the first failure that is not temporary (75),
   FAIL_BUSY if all failures are temporary, FAIL_NONE if nothing failed. */
enum fail_cause batch_cause(const struct batch *b);
/* "200 questions: 190 done, 5 skipped, 3 failed (75: 2, 65: 1), 2 not asked" */
void batch_put_totals(const struct batch *b, struct buf *out);
/* "12 done, 1 failed, 4 running, 3.2/s". `us` is the elapsed time. */
void batch_put_progress(const struct batch *b, int64_t us, struct buf *out);

#endif
