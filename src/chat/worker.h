/* SPDX-License-Identifier: MIT */
/* The jobs of a batch as processes, and the messages between them and the parent. Both are the same
   program, so a message is sent as a struct and its bytes.

       parent                                  job
       WORKER_QUESTION head, line            →
                                             ← WORKER_REFUSED token     any number of times
       WORKER_TOKEN token                    →
                                             ← WORKER_WARNING text      any number of times
                                             ← WORKER_LINE line         any number of times
                                             ← WORKER_FAILED "", message, hint   at most once
                                             ← WORKER_ANSWER object, message, hint
 */
#ifndef CHAT_WORKER_H
#define CHAT_WORKER_H

#include "core/buf.h"
#include "core/fail.h"
#include "core/span.h"

#include <stdbool.h>
#include <sys/types.h>

enum worker_kind {
    WORKER_QUESTION, /* the first members of the object, the line */
    WORKER_REFUSED,  /* a token that the server refused, empty to request the first one */
    WORKER_TOKEN,    /* another token, empty if there is none */
    WORKER_WARNING,  /* text of a warning */
    WORKER_LINE,     /* a line for standard error */
    WORKER_FAILED,   /* the question will fail: empty, message and hint of the failure */
    WORKER_ANSWER    /* the object, message and hint of the failure */
};

enum {
    WORKER_PARTS = 3,
    /* Buffers for messages that are larger than this are released after use. */
    WORKER_BUFFER_KEPT = 1 << 20
};

/* A message. `part` is borrowed: from the sender, or from the buffer it was received in. */
struct worker_message {
    enum worker_kind kind;
    enum fail_cause cause; /* WORKER_FAILED, WORKER_ANSWER: FAIL_NONE for a complete answer */
    int status;            /* and its exit status */
    struct span part[WORKER_PARTS];
};

/* Waits until the message is written. -1 with errno: EPIPE if the other process has ended. */
int worker_send(int fd, const struct worker_message *message);

/* Parses the first message in `in`. Returns its size in bytes, which the caller drops from `in`
   when the message is no longer needed; 0 if it is incomplete. */
size_t worker_parse(const struct buf *in, struct worker_message *message);

/* Appends received bytes to `in`, waiting for the first. 1, 0 if the other process has ended, -1
   with errno. */
int worker_read(int fd, struct buf *in);

/* The parent's side of a job. `pid` 0: none. */
struct worker {
    pid_t pid;
    int fd;
    struct buf in;
    void *task;        /* of the caller; NULL: idle */
    bool has_answered; /* likewise: it has ended a question */
};

/* Starts a job: calls `run` in the child with its end of the socket; the child ends when it
   returns. `all` are the jobs of the parent. FAIL_SOFTWARE. */
int worker_start(struct worker *w, struct worker *all, size_t count, void (*run)(void *arg, int fd),
                 void *arg, struct fail *fail);
/* Closes the socket, which ends the job, sends it `signal` unless 0, and waits for its end. The
   status as of waitpid(2). */
int worker_finish(struct worker *w, int signal);

#endif
