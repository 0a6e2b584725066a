/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/lines.h"

#include "core/xmalloc.h"
#include "system/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 128 << 10 };

void lines_init(struct lines *l, int fd, off_t size, bool backwards)
{
    *l = (struct lines){.fd = fd, .backwards = backwards, .at = backwards ? size : 0};
    l->is_over = size == 0;
}

void lines_release(struct lines *l)
{
    free(l->data);
    *l = (struct lines){.fd = -1};
}

/* Makes room for `want` bytes before the buffered bytes, or after them. */
static void make_room(struct lines *l, size_t want)
{
    size_t len = l->end - l->start;
    if (l->backwards ? l->start >= want : l->cap - l->end >= want)
        return;
    size_t cap = len + want > l->cap ? len + want : l->cap;
    char *data = cap > l->cap ? xmalloc(cap) : l->data;
    size_t start = l->backwards ? cap - len : 0;
    if (len)
        memmove(data + start, l->data + l->start, len);
    if (data != l->data)
        free(l->data);
    *l = (struct lines){.fd = l->fd,
                        .backwards = l->backwards,
                        .at = l->at,
                        .data = data,
                        .start = start,
                        .end = start + len,
                        .cap = cap,
                        .passing = l->passing};
}

/* Reads at least as many bytes as are buffered, so that finding a long line takes linear time. -1
   with errno. */
static int read_block(struct lines *l)
{
    size_t len = l->end - l->start, want = len > BLOCK ? len : BLOCK;
    if (l->backwards && (off_t)want > l->at)
        want = (size_t)l->at;
    make_room(l, want);
    if (l->backwards) {
        off_t from = l->at - (off_t)want;
        ssize_t n = sys_pread_all(l->fd, l->data + l->start - want, want, from);
        if (n >= 0 && n != (ssize_t)want)
            errno = EIO; /* another process has truncated the file */
        if (n != (ssize_t)want)
            return -1;
        l->start -= want;
        l->at = from;
        l->is_over = from == 0;
        return 0;
    }
    ssize_t n = sys_pread_all(l->fd, l->data + l->end, want, l->at + (off_t)len);
    if (n < 0)
        return -1;
    l->end += (size_t)n;
    l->is_over = n == 0;
    return 0;
}

#ifndef HAVE_MEMRCHR
static const char *memrchr(const char *at, int c, size_t len)
{
    while (len && at[len - 1] != c)
        len--;
    return len ? at + len - 1 : NULL;
}
#endif

/* Drops the first or the last `len` buffered bytes. */
static void drop_bytes(struct lines *l, size_t len)
{
    if (l->backwards) {
        l->end -= len;
    } else {
        l->start += len;
        l->at += (off_t)len;
    }
}

static void drop_line_feeds(struct lines *l)
{
    while (l->end > l->start && l->data[l->backwards ? l->end - 1 : l->start] == '\n') {
        drop_bytes(l, 1);
        l->passing = false;
    }
}

/* Sets *len to the buffered length of the next line; false if the line is incomplete. */
static bool measure_line(const struct lines *l, size_t *len)
{
    size_t available = l->end - l->start;
    const char *at, *feed;
    *len = available;
    if (available == 0)
        return l->is_over;
    at = l->data + l->start;
    feed = l->backwards ? memrchr(at, '\n', available) : memchr(at, '\n', available);
    if (!feed)
        return l->is_over;
    *len = l->backwards ? available - (size_t)(feed - at) - 1 : (size_t)(feed - at);
    return true;
}

int lines_next(struct lines *l, struct span *line, off_t *offset)
{
    for (;;) {
        size_t len;
        drop_line_feeds(l);
        bool is_whole = measure_line(l, &len);
        l->passing = l->passing || len > LINES_MAX;
        if (is_whole && len == 0)
            return 0;
        if (l->passing)
            drop_bytes(l, len);
        if (!is_whole && read_block(l) != 0)
            return -1;
        if (!is_whole || l->passing)
            continue;
        size_t begin = l->backwards ? l->end - len : l->start;
        *line = span_make(l->data + begin, len);
        *offset = l->at + (off_t)(begin - l->start);
        drop_bytes(l, len);
        return 1;
    }
}

int lines_open(const char *path, int flags, struct stat *st)
{
    int fd = sys_open_private(path, flags);
    if (fd < 0)
        return -1;
    int error = fstat(fd, st) != 0 ? errno : S_ISREG(st->st_mode) ? 0 : EINVAL;
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

/* Removes an incomplete line, unless another process has appended after it. Keeps errno. */
static void take_back(int fd, const struct stat *before, size_t written)
{
    struct stat now;
    int saved = errno;
    if (written && fstat(fd, &now) == 0 && now.st_size == before->st_size + (off_t)written) {
        int ignored = ftruncate(fd, before->st_size);
        (void)ignored; /* readers skip an incomplete line */
    }
    errno = saved;
}

/* Appends by one write(2). 1 if the file was replaced or removed after it was opened, so that the
   line is lost; -1 with errno. */
static int append_line(int fd, const struct stat *st, struct span line, bool locked)
{
    struct stat after;
    size_t written, skip = sys_ends_inside_line(fd, st->st_size) ? 0 : 1;
    if (sys_write_all(fd, line.at + skip, line.len - skip, &written) == 0)
        return !locked && fstat(fd, &after) == 0 && after.st_nlink == 0;
    if (locked)
        take_back(fd, st, written);
    return -1;
}

/* The same by the path, with *st. Some file systems report a write error only in close(2). */
static int open_and_append(const char *path, struct stat *st, struct span line, bool locked)
{
    int fd = lines_open(path, O_RDWR | O_APPEND | O_CREAT, st);
    if (fd < 0)
        return -1;
    int result = append_line(fd, st, line, locked), saved = errno;
    if (close(fd) != 0 && result == 0)
        return -1;
    errno = saved;
    return result;
}

int lines_append(const char *path, struct span line, bool locked, bool *was_empty)
{
    struct stat st;
    int result = open_and_append(path, &st, line, locked);
    if (result == 1)
        result = open_and_append(path, &st, line, locked);
    if (result == 1)
        errno = ESTALE;
    if (result != 0)
        return -1;
    *was_empty = st.st_size == 0;
    return 0;
}
