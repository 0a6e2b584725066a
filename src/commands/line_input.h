/* SPDX-License-Identifier: MIT */
/* The lines of a file, pipe or terminal, read as they come and in bounded memory. */
#ifndef COMMANDS_LINE_INPUT_H
#define COMMANDS_LINE_INPUT_H

#include "core/buf.h"
#include "core/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_input {
    int fd;           /* owned unless it is standard input */
    const char *name; /* for messages, borrowed */
    size_t max;       /* bytes of a line */
    bool is_regular;  /* a regular file: reading never waits */
    int64_t size;     /* of a regular file */
    int64_t offset;   /* of the line that is next, from where reading began */
    int64_t number;   /* of the line that was returned last, from 1 */
    struct buf data;  /* from `start`: what was read and not returned */
    size_t start, searched;
    bool is_passing; /* over the rest of a line that is too long */
    bool is_over;
};

enum line_result { LINE_ERROR = -1, LINE_END, LINE_READ, LINE_TOO_LONG, LINE_MORE };

/* Opens a file, or standard input for NULL and "-". FAIL_INPUT. */
int line_input_open(struct line_input *in, const char *path, size_t max, struct fail *fail);
void line_input_release(struct line_input *in);

/* The next line without its line feed, which the last one may lack; borrowed until the next call.
   LINE_TOO_LONG stands for a longer one. LINE_MORE: line_input_fill must read first. */
enum line_result line_input_next(struct line_input *in, struct span *line);
/* Reads a piece: waits for it unless it is known that there is one. FAIL_INPUT, FAIL_SIGNAL. */
int line_input_fill(struct line_input *in, struct fail *fail);

/* line_input_next, reading what it needs; LINE_ERROR with *fail. */
enum line_result line_input_read(struct line_input *in, struct span *line, struct fail *fail);

#endif
