/* SPDX-License-Identifier: MIT */
/* The lines of a file, from either end, in bounded memory. */
#ifndef STATE_LINES_H
#define STATE_LINES_H

#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Longer lines are passed over. An entry of the log has at most 2 MiB of text, of which each byte
   may be escaped in six, and 64 KiB of tools. */
enum { LINES_MAX = 16 << 20 };

struct lines {
    int fd; /* borrowed, seekable */
    bool backwards;
    off_t at; /* the file offset of data[start] */
    char *data;
    size_t start, end, cap; /* what was read and not yet returned */
    bool passing;           /* over a line that is too long */
    bool is_over;           /* the file has no more to read */
};

/* `size` is that of the file, where reading backwards begins. */
void lines_init(struct lines *l, int fd, off_t size, bool backwards);
void lines_release(struct lines *l);

/* The next line without its line feed, borrowed until the next call; *offset is where it begins.
   Empty lines are passed over; the last line of the file may have no line feed. 1, 0 when there is
   no further line, -1 with errno. */
int lines_next(struct lines *l, struct span *line, off_t *offset);

#endif
