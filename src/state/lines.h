/* SPDX-License-Identifier: MIT */
/* Files of lines: reading them from either end in bounded memory, and appending a line. */
#ifndef STATE_LINES_H
#define STATE_LINES_H

#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Longer lines are skipped. A log entry has at most 2 MiB of text, in which a byte may take six
   when escaped, and 64 KiB of tools. */
enum { LINES_MAX = 16 << 20 };

struct lines {
    int fd; /* borrowed, seekable */
    bool backwards;
    off_t at; /* the file offset of data[start] */
    char *data;
    size_t start, end, cap; /* bytes read and not yet returned */
    bool passing;           /* skipping a line that is too long */
    bool is_over;           /* at the end of the file */
};

/* `size` is the size of the file; reading backwards begins there. */
void lines_init(struct lines *l, int fd, off_t size, bool backwards);
void lines_release(struct lines *l);

/* The next line without its line feed, borrowed until the next call; *offset is the offset of its
   start. Empty lines are skipped; the last line of the file may lack a line feed. Returns 1, 0 if
   there are no more lines, or -1 with errno. */
int lines_next(struct lines *l, struct span *line, off_t *offset);

/* Opens a private file with these flags of open(2), for lines_init or lines_append, and fills in
 *st. A descriptor, or -1 with errno: EINVAL if it is not a regular file. */
int lines_open(const char *path, int flags, struct stat *st);

/* The flags of lines_open for lines_append. */
#define LINES_APPEND (O_RDWR | O_APPEND | O_CREAT)

/* Appends `line` by one write(2). It begins and ends with a line feed; the first one is skipped
   unless the file ends inside a line. `locked`: no other process changes the file, and if only a
   part can be written it is removed again. Returns 0; 1 if the file was replaced or removed after
   it was opened, so that the line is lost; or -1 with errno. */
int lines_append(int fd, const struct stat *st, struct span line, bool locked);

#endif
