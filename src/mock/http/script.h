/* SPDX-License-Identifier: MIT */
/* A streamed response as a list of steps, which are the bytes of its body, the delays between them
   and the end of the connection; and playing it on a connection. */
#ifndef MOCK_HTTP_SCRIPT_H
#define MOCK_HTTP_SCRIPT_H

#include "core/buf.h"
#include "core/span.h"
#include "mock/http/gates.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum step_kind {
    STEP_BYTES,      /* a unit of output: `bytes` repeated to `count` bytes */
    STEP_REPEAT,     /* the steps up to `partner`, `count` times */
    STEP_END_REPEAT, /* `partner` is the STEP_REPEAT */
    STEP_CHUNK,      /* from now on a write has `count` bytes; 0: one unit */
    STEP_BATCH,      /* from now on a write has up to `count` units */
    STEP_PAUSE,      /* `count` milliseconds */
    STEP_GATE,       /* until the gate whose name is `bytes` is open */
    /* Endings of a script. */
    STEP_END,     /* a regular end */
    STEP_CLOSE,   /* the connection is closed without it */
    STEP_RESET,   /* the connection is reset */
    STEP_SILENCE, /* nothing happens until the client closes the connection */
};

struct step {
    enum step_kind kind;
    struct span bytes;
    char *owned; /* the memory of `bytes` if it belongs to the script, else NULL */
    uint64_t count;
    size_t partner;
    uint64_t done; /* when it is played: bytes, or repetitions */
    /* Of a script in a scenario, whose steps are copied and expanded for each request. */
    bool is_template; /* `bytes` is a template */
    bool has_escapes; /* with escapes */
    bool is_fill;     /* `count` is given; otherwise it is the length of the expanded bytes */
    bool is_framed;   /* the output is an HTTP chunk */
};

/* Initialize with script_init, release with script_release. */
struct script {
    struct step *steps;
    size_t count;
    uint64_t limit;        /* the maximum size of the output in bytes */
    enum step_kind ending; /* what happens at the limit or after the last step */
};

/* No steps and no limit. */
void script_init(struct script *s);
void script_release(struct script *s);

/* Appends a step, whose memory then belongs to the script. Returns it, valid until the next one is
   appended. */
struct step *script_add(struct script *s, struct step step);
/* Appends a unit of output: borrowed bytes, which must outlive the script; or the contents of `b`,
   which is empty afterwards. */
void script_bytes(struct script *s, struct span bytes);
struct step *script_take(struct script *s, struct buf *b);
/* Appends a delay; none for 0. */
void script_pause(struct script *s, int64_t ms);

/* Whether all steps are output, which is sent completely; then *length is its size in bytes. */
bool script_is_plain(const struct script *s, uint64_t *length);

enum play_end {
    PLAY_ON,    /* there may be more */
    PLAY_DONE,  /* the response is complete */
    PLAY_CLOSED /* the connection must be closed without a regular end */
};

/* A script that is being played. Its functions block the thread of the connection. */
struct play;

/* Takes the contents of `script`; borrows the gates and `fd`, the connection's socket. */
struct play *play_new(struct script *script, struct gates *gates, int fd);
void play_free(struct play *p);

/* Plays the first `steps` steps, which have no output. */
enum play_end play_steps(struct play *p, size_t steps);
/* Puts the bytes of the next write, at most `max`, into `out` and their number into *len, which is
   not 0 with PLAY_ON. */
enum play_end play_next(struct play *p, char *out, size_t max, size_t *len);
/* Writes `head` and all output of the script to the socket, without framing. Does nothing if the
   script has ended already. */
void play_to_socket(struct play *p, struct span head);

#endif
