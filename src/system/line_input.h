/* SPDX-License-Identifier: MIT */
/* Reads the lines of a file, pipe or terminal as they arrive, in bounded memory. */
#ifndef SYSTEM_LINE_INPUT_H
#define SYSTEM_LINE_INPUT_H

#include "core/buf.h"
#include "core/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Release with line_input_release, also zeroed or after a failure. */
struct line_input {
    int fd;           /* owned, except for standard input */
    const char *name; /* for messages, borrowed */
    size_t max;       /* bytes of a line */
    bool is_regular;  /* a regular file: reading never waits */
    int64_t size;     /* of a regular file */
    int64_t offset;   /* of the next line, relative to the start of reading */
    int64_t number;   /* number of the line that was returned last, from 1 */
    struct buf data;  /* from `start`: bytes that were read and not returned yet */
    size_t start, searched;
    bool is_begun;   /* a byte order mark at the beginning was skipped */
    bool is_passing; /* dropping the rest of a line that is too long */
    bool is_over;
};

enum input_result { INPUT_ERROR = -1, INPUT_END, INPUT_LINE, INPUT_TOO_LONG, INPUT_MORE };

/* Reads standard input. */
void line_input_init(struct line_input *in, size_t max);
/* Opens a file, or standard input for NULL, and reads the first block of a regular file.
   FAIL_INPUT. */
int line_input_open(struct line_input *in, const char *path, size_t max, struct fail *fail);
void line_input_release(struct line_input *in);

/* The next line without its terminator, LF or CRLF, which the last one may lack; borrowed until the
   next call. INPUT_TOO_LONG for a line of more than `max` bytes, which is truncated; INPUT_MORE if
   line_input_fill must be called first. */
enum input_result line_input_next(struct line_input *in, struct span *line);
/* Reads a block, waiting for it if necessary; the input ends when a terminal is closed. FAIL_INPUT,
   FAIL_SIGNAL. */
int line_input_fill(struct line_input *in, struct fail *fail);

/* line_input_next, calling line_input_fill as necessary. INPUT_ERROR with *fail. */
enum input_result line_input_read(struct line_input *in, struct span *line, struct fail *fail);

/* Whether a whole line was read or more input arrives within `us` microseconds. False at the end of
   the input, or if a signal ends the wait. */
bool line_input_is_ready(const struct line_input *in, int64_t us);

#endif
