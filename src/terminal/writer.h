/* SPDX-License-Identifier: MIT */
/* Buffered output to a descriptor: one write(2) for all data that is received from the network at
   once. */
#ifndef TERMINAL_WRITER_H
#define TERMINAL_WRITER_H

#include "core/buf.h"
#include "core/fail.h"

#include <stdbool.h>

struct writer {
    int fd;
    char *name;         /* its name in messages, owned */
    bool owned;         /* the descriptor is closed by release */
    bool terminal;      /* output must be escaped */
    bool broken;        /* a write failed: no further one is attempted */
    bool cut_line;      /* the output so far does not end in a line feed */
    struct buf pending; /* append here, then writer_turn or writer_flush */
};

/* writer_turn writes when more bytes than this are pending. */
enum { WRITER_BATCH = 32768 };

void writer_init(struct writer *o, int fd, const char *name);
/* Writes to standard output. Its reader is watched (sys_reader_watch). */
void writer_init_standard(struct writer *o);
/* Creates or truncates a file. FAIL_CREATE. With `keep` it is not truncated: see writer_restart. */
int writer_create(struct writer *o, const char *path, bool keep, struct fail *fail);
/* Writes to a descriptor that the caller opened; FAIL_USAGE if it is not open for writing. */
int writer_descriptor(struct writer *o, int fd, struct fail *fail);
void writer_release(struct writer *o);
/* Appends JSON text, escaped for a terminal. */
void writer_put_json(struct writer *o, struct span json);

/* Writes all pending bytes, waiting for a slow reader. FAIL_OUTPUT, or FAIL_SIGNAL: with SIGPIPE if
   the reader has closed it and SIGPIPE was not ignored at the start. */
int writer_flush(struct writer *o, struct fail *fail);

static inline int writer_turn(struct writer *o, struct fail *fail)
{
    return o->pending.len < WRITER_BATCH ? 0 : writer_flush(o, fail);
}

/* Call at the end of an answer: as writer_flush. With `ends_process`, a signal is about to end the
   process: writes only what does not block, which may end within a line, and makes later writes
   no-ops. With `whole_lines` nothing is written if the output so far ends within a line. */
int writer_end(struct writer *o, bool ends_process, bool whole_lines, struct fail *fail);
/* Closes an owned descriptor. FAIL_OUTPUT if close(2) reports a write error. */
int writer_close(struct writer *o, struct fail *fail);

/* Closes standard output. FAIL_OUTPUT if close(2) reports a write error. main() calls it after each
   command; a command whose result depends on it calls it first. */
int writer_close_standard(struct fail *fail);

/* writer_flush, then writer_release in any case. */
int writer_finish(struct writer *o, struct fail *fail);

/* Truncates a file to write it again. No effect if it is not seekable. */
int writer_restart(struct writer *o, struct fail *fail);

#endif
