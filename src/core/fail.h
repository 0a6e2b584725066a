/* SPDX-License-Identifier: MIT */
/* A failure: its first cause, the message, a hint, and the exit status ("Exit status" in the
   manual). What a cause means for an answer and for a retry is in chat/cause.h. */
#ifndef CORE_FAIL_H
#define CORE_FAIL_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

enum fail_cause {
    FAIL_NONE,
    FAIL_ANSWER,        /* the server sent an error event */
    FAIL_ANSWER_RETRY,  /* the same, and the event is retryable */
    FAIL_ANSWER_QUOTA,  /* an error event: the quota is exhausted */
    FAIL_ANSWER_LIMIT,  /* an error event: a rate limit, not retryable */
    FAIL_USAGE,         /* the command line */
    FAIL_DATA,          /* the message or ID is invalid or was refused */
    FAIL_INPUT,         /* a named file cannot be read */
    FAIL_UNREACHABLE,   /* no connection: name, connect, proxy, TLS */
    FAIL_NOT_LISTENING, /* the same: nothing listens on this port of this machine */
    FAIL_CERTIFICATE,   /* the same: the server refused the certificate of this program, or none */
    FAIL_OVERLOADED,    /* 503: the server did not process the request */
    FAIL_SERVER,        /* 500, 502, 504, 520 to 524, 529: the request may have been processed */
    FAIL_SERVER_OTHER,  /* other 5xx, or a server with HTTP/2 only: a retry does not help */
    FAIL_QUOTA,         /* a refusal that reports an exhausted quota */
    FAIL_SOFTWARE,      /* a bug, or a library that ran out of memory */
    FAIL_CREATE,        /* an output file cannot be created */
    FAIL_OUTPUT,        /* output could not be written */
    FAIL_BUSY,          /* 408, 429, and a 503 that reports a rate limit */
    FAIL_LIMIT,         /* another refusal that reports a rate limit */
    FAIL_LIMIT_SERVER,  /* the same with a status of FAIL_SERVER: may have been processed */
    FAIL_CLOCK,         /* a time limit was exceeded after connecting */
    FAIL_DEADLINE,      /* --max-time was exceeded: no time for a retry */
    FAIL_UNSENT,        /* the connection was lost before the request was sent */
    FAIL_CUT,           /* the connection ended before `done` */
    FAIL_PROTOCOL,      /* the response violates the protocol */
    FAIL_DENIED,        /* 401, 403, no token */
    FAIL_CONFIG,        /* a configuration or credentials file, plain HTTP to another machine */
    FAIL_SIGNAL,        /* interrupted by the signal in `signal` */
    FAIL_CAUSES
};

/* Initialize with FAIL_INIT: nothing has failed. The strings are owned; release with
   fail_release(). */
struct fail {
    enum fail_cause cause;
    char *message;      /* WHAT: WHY; may contain text of the server with line feeds */
    const char *origin; /* prefix of the message on standard error: "server error" if the message is
                           the server's own, else NULL; static */
    char *hint;         /* the next step for the user, or NULL */
    char *code;         /* the server's machine-readable code, or NULL */
    int64_t retry_after; /* the server's hint in ms, -1 for none */
    int http_status;     /* 0 if there was no response */
    int signal;          /* of FAIL_SIGNAL */
    bool shown;          /* already shown to the user */
};

#define FAIL_INIT                                                                                  \
    {                                                                                              \
        .retry_after = -1                                                                          \
    }

/* Each records the failure unless one is recorded already: the first cause wins. Always -1, so that
   a function can end with `return fail_set(...)`. */
int fail_set(struct fail *f, enum fail_cause cause, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As fail_set, with the next step for the user: both are recorded, or neither. `hint` is copied;
   NULL: none. */
int fail_set_hint(struct fail *f, enum fail_cause cause, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Appends ": " and the text of an errno value. */
int fail_errno(struct fail *f, enum fail_cause cause, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int fail_signal(struct fail *f, int signal);

/* Adds a hint to the recorded failure unless it has one. Where the failure is set, use
   fail_set_hint instead. */
void fail_hint(struct fail *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A hint to repair a file by this command, owned by the caller. The path is quoted for sh if
   necessary. */
char *fail_command_hint(const char *command, const char *path);
/* Appends a word of a shell command, quoted for sh if necessary. */
void fail_put_word(struct buf *out, const char *text);
/* Prepends to the recorded message: "PREFIX: MESSAGE". */
void fail_prefix(struct fail *f, const char *prefix);
/* Replaces the code by a copy of `code`. */
void fail_code(struct fail *f, struct span code);

static inline bool fail_is_set(const struct fail *f)
{
    return f->cause != FAIL_NONE;
}

/* Whether the server reported the failure in an error event. */
static inline bool fail_is_answer(const struct fail *f)
{
    return f->cause >= FAIL_ANSWER && f->cause <= FAIL_ANSWER_LIMIT;
}

/* The exit status: 0 for none, 128 + N for signal N. */
int fail_status(const struct fail *f);

/* Moves `from` to `to`, which is released first. Nothing is recorded in `from` afterwards. */
void fail_move(struct fail *to, struct fail *from);
void fail_release(struct fail *f);

#endif
