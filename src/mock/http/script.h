/* SPDX-License-Identifier: MIT */
/* A streamed response as a list of steps: the bytes of its body, and the waits and the end of the
   connection between them. play.h plays it. */
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
    STEP_CHUNK,      /* from now on a write has `count` bytes; 0: one unit */
    STEP_BATCH,      /* from now on a write has up to `count` units */
    STEP_PAUSE,      /* `count` milliseconds */
    STEP_GATE,       /* until the gate whose name is `bytes` is open */
    STEP_SILENCE,    /* until the client goes away */
    STEP_END,        /* a regular end, as after the last step */
    STEP_CLOSE,      /* the connection is closed without one */
    STEP_RESET       /* the connection is reset */
};

struct step {
    enum step_kind kind;
    struct span bytes;
    char *owned; /* the memory of `bytes` when it is the script's own, else NULL */
    uint64_t count;
    size_t partner;
};

/* Owned: script_release. Set up by script_init. */
struct script {
    struct step *steps;
    size_t count, capacity;
    uint64_t limit;        /* the most bytes of output */
    enum step_kind ending; /* what happens at the limit */
};

enum { SCRIPT_DEPTH = 16 }; /* of nested repetitions */

/* No steps, no limit. */
void script_init(struct script *s);
void script_release(struct script *s);

/* Each appends a step. `bytes` is borrowed and must outlive the script. */
void script_bytes(struct script *s, struct span bytes);
/* The same with the contents of `b`, which is empty after. */
void script_take(struct script *s, struct buf *b);
/* `pattern` over and over, `count` bytes in all; it is copied. No bytes when it is empty. */
void script_fill(struct script *s, struct span pattern, uint64_t count);
void script_gate(struct script *s, struct buf *name);
/* A step of any other kind. An END_REPEAT belongs to the nearest REPEAT that has none. */
void script_step(struct script *s, enum step_kind kind, uint64_t count);

/* Whether all steps are output and there is no limit; then *length is its size in bytes. */
bool script_is_plain(const struct script *s, uint64_t *length);

#endif
