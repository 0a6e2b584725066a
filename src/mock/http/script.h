/* SPDX-License-Identifier: MIT */
/* What a response does, step by step: the bytes of its body and everything that happens between
   them. Canned answers, recorded ones and scenarios all become one of these; play.h plays it. */
#ifndef MOCK_HTTP_SCRIPT_H
#define MOCK_HTTP_SCRIPT_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum step_kind {
    STEP_BYTES,      /* a unit of output: `bytes` over and over, `count` bytes in all */
    STEP_REPEAT,     /* the steps up to `partner`, `count` times */
    STEP_END_REPEAT, /* `partner` is the STEP_REPEAT */
    STEP_CHUNK,      /* from here on every write is `count` bytes; 0: one unit */
    STEP_BATCH,      /* from here on every write is up to `count` units */
    STEP_PAUSE,      /* `count` milliseconds */
    STEP_GATE,       /* until the gate whose name is `bytes` is open */
    STEP_SILENCE,    /* until the client goes away */
    STEP_END,        /* a proper end, as after the last step */
    STEP_CLOSE,      /* the connection ends without one */
    STEP_RESET       /* the connection is reset */
};

struct step {
    enum step_kind kind;
    struct span bytes;
    char *owned; /* the memory of `bytes` when it is the script's own, else NULL */
    uint64_t count;
    size_t partner;
};

/* A zeroed one is empty, but see script_init. */
struct script {
    struct step *steps;
    size_t count, room;
    uint64_t limit;        /* how many bytes of output are written at most */
    enum step_kind ending; /* what happens then */
};

enum { SCRIPT_DEPTH = 16 }; /* how deep repetitions may be nested */

/* Nothing to do, no limit. */
void script_init(struct script *s);
void script_release(struct script *s);

/* Each appends a step. `bytes` is borrowed and must outlive the script. */
void script_bytes(struct script *s, struct span bytes);
/* The same with the contents of `b`, which is empty after. */
void script_take(struct script *s, struct buf *b);
/* `pattern` over and over, `count` bytes in all; it is copied. No bytes when it is empty. */
void script_fill(struct script *s, struct span pattern, uint64_t count);
void script_gate(struct script *s, struct buf *name);
/* Every other kind; an END_REPEAT finds its REPEAT by itself. */
void script_step(struct script *s, enum step_kind kind, uint64_t count);

/* Whether the steps are nothing but output, without a limit; then *length is how much. */
bool script_is_plain(const struct script *s, uint64_t *length);

#endif
