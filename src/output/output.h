/* SPDX-License-Identifier: MIT */
/* A descriptor that output goes to: what is put is gathered and leaves in one write per delivery.
 */
#ifndef OUTPUT_OUTPUT_H
#define OUTPUT_OUTPUT_H

#include "base/buf.h"
#include "base/fail.h"

#include <stdbool.h>

struct output {
    int fd;
    char *name;         /* as messages call it, owned */
    bool owned;         /* the descriptor is closed on release */
    bool terminal;      /* what goes there must be made harmless */
    bool broken;        /* a write failed: nothing more is tried */
    bool cut_line;      /* what has left ends inside a line */
    struct buf pending; /* append here, then output_turn or output_flush */
};

/* Above this many pending bytes output_turn writes in the middle of a delivery. */
enum { OUTPUT_BATCH = 32768 };

void output_init(struct output *o, int fd, const char *name);
/* Standard output under the name that messages have for it. */
void output_init_standard(struct output *o);
/* Creates or truncates a file; FAIL_CREATE. With `keep` its contents stay until output_restart. */
int output_create(struct output *o, const char *path, bool keep, struct fail *fail);
/* Uses a descriptor that the caller opened; FAIL_USAGE when it is not open for writing. */
int output_descriptor(struct output *o, int fd, struct fail *fail);
void output_release(struct output *o);
/* Appends JSON text, harmless where it goes to a terminal. */
void output_put_json(struct output *o, struct span json);

/* Writes all that is pending, waiting for a slow reader. FAIL_OUTPUT (74), or FAIL_SIGNAL: with
   SIGPIPE when the reader is gone and that signal was not ignored at the start. */
int output_flush(struct output *o, struct fail *fail);

static inline int output_turn(struct output *o, struct fail *fail)
{
    return o->pending.len < OUTPUT_BATCH ? 0 : output_flush(o, fail);
}

/* The end. Writes what is pending; for a process that a signal ends only if the descriptor takes it
   at once, and with `whole_lines` not into the middle of a line. Nothing is written after. Fails as
   output_flush, and where only closing the file shows that it was not written. */
int output_close(struct output *o, bool signalled, bool whole_lines, struct fail *fail);

/* For what prints once and is done: output_flush, then output_release in any case. */
int output_finish(struct output *o, struct fail *fail);

/* A file is emptied and begun anew; what cannot seek goes on. */
int output_restart(struct output *o, struct fail *fail);

#endif
