/* SPDX-License-Identifier: MIT */
/* Files of lines: reading them from either end in bounded memory, and appending a line. */
#ifndef STATE_LINES_H
#define STATE_LINES_H

#include "core/span.h"

#include <fcntl.h>
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
   there are no more lines, or -1 with errno: EIO if the file has become shorter. */
int lines_next(struct lines *l, struct span *line, off_t *offset);

/* Opens a private file with these flags of open(2) and fills in *st. A descriptor, or -1 with
   errno: EINVAL if it is not a regular file. */
int lines_open(const char *path, int flags, struct stat *st);

/* Appends `line` by one write(2) to a private file, which is created if necessary. The line begins
   and ends with a line feed; the first one is skipped unless the file ends inside a line. `locked`:
   no other process replaces or removes the file, and if only a part can be written it is removed
   again. Without the lock, a line that is lost with the file is written once more. Sets *was_empty;
   or -1 with errno: ESTALE if the line is lost again. */
int lines_append(const char *path, struct span line, bool locked, bool *was_empty);

#endif
