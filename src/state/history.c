/* SPDX-License-Identifier: MIT */
#include "state/history.h"

#include "core/xmalloc.h"
#include "state/lines.h"
#include "state/log_files.h"
#include "state/store.h"
#include "system/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_US = 1000000 };

static void put_history_line(struct buf *out, struct span message)
{
    for (size_t i = 0; i < message.len; i++) {
        if (message.at[i] == '\n')
            buf_puts(out, "\\n");
        else if (message.at[i] == '\\')
            buf_puts(out, "\\\\");
        else
            buf_byte(out, message.at[i]);
    }
}

static void put_history_message(struct buf *out, struct span line)
{
    for (size_t i = 0; i < line.len; i++) {
        bool escaped = line.at[i] == '\\' && i + 1 < line.len;
        if (escaped)
            i++;
        buf_byte(out, escaped && line.at[i] == 'n' ? '\n' : line.at[i]);
    }
}

/* Opens the file for reading. -1 with errno, also for one that is not a regular file. */
static int open_history(const char *path, struct stat *st)
{
    int fd = sys_open_private(path, O_RDONLY);
    if (fd < 0)
        return -1;
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

/* The offset at which the newest HISTORY_MAX messages begin. -1 with errno. */
static off_t find_start(int fd, off_t size)
{
    struct lines lines;
    struct span line;
    off_t start = size, at;
    int count = 0, more = 1;
    lines_init(&lines, fd, size, true);
    while (count < HISTORY_MAX && (more = lines_next(&lines, &line, &at)) > 0) {
        start = at;
        count++;
    }
    lines_release(&lines);
    if (more < 0)
        return -1;
    return count < HISTORY_MAX ? 0 : start;
}

static void read_messages(int fd, off_t start, off_t size,
                          void (*each)(void *arg, struct span message), void *arg)
{
    struct lines lines;
    struct span line;
    struct buf message = {0};
    off_t at;
    lines_init(&lines, fd, size, false);
    lines.at = start;
    while (lines_next(&lines, &line, &at) > 0) {
        buf_clear(&message);
        put_history_message(&message, line);
        each(arg, buf_view(&message));
    }
    buf_release(&message);
    lines_release(&lines);
}

void history_load(void (*each)(void *arg, struct span message), void *arg)
{
    struct fail none = FAIL_INIT;
    struct buf path = {0};
    struct stat st;
    int fd = store_path(HISTORY_FILE, &path, &none) == 0 ? open_history(buf_text(&path), &st) : -1;
    off_t start = fd >= 0 ? find_start(fd, st.st_size) : -1;
    if (start >= 0)
        read_messages(fd, start, st.st_size, each, arg);
    if (fd >= 0)
        close(fd);
    buf_release(&path);
    fail_release(&none);
}

/* Appends with one write(2). `line` begins with a line feed, which is skipped unless the file ends
   inside a line. -1 with errno. */
static int append_line(const char *path, struct buf *line)
{
    struct stat st;
    char last = '\n';
    int fd = sys_open_private(path, O_RDWR | O_APPEND | O_CREAT);
    if (fd < 0)
        return -1;
    int result = fstat(fd, &st);
    if (result == 0 && !S_ISREG(st.st_mode)) {
        errno = EINVAL;
        result = -1;
    }
    size_t skip = 1;
    if (result == 0 && st.st_size > 0 && sys_pread_all(fd, &last, 1, st.st_size - 1) == 1 &&
        last != '\n')
        skip = 0;
    if (result == 0)
        result = sys_write_all(fd, line->data + skip, line->len - skip, NULL);
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

/* Calls `change` with the lock held, or without it if it cannot be obtained within a second. */
static int with_lock(int (*change)(const char *path, void *arg), void *arg, struct fail *fail)
{
    struct fail none = FAIL_INIT;
    struct buf path = {0};
    bool unsupported;
    int result = 0;
    if (store_path(HISTORY_FILE, &path, &none) == 0) {
        int lock = store_lock(LOG_LOCK, LOCK_US, &unsupported);
        if (change(buf_text(&path), arg) != 0)
            result = fail_errno(fail, FAIL_CREATE, errno, "cannot write %s", buf_text(&path));
        if (lock >= 0)
            close(lock);
    }
    buf_release(&path);
    fail_release(&none);
    return result;
}

static int add(const char *path, void *arg)
{
    return append_line(path, arg);
}

int history_add(struct span message, struct fail *fail)
{
    struct buf line = {0};
    buf_byte(&line, '\n');
    put_history_line(&line, message);
    buf_byte(&line, '\n');
    int result = with_lock(add, &line, fail);
    buf_release(&line);
    return result;
}

static int replace_by_rest(const char *path, int fd, off_t start, off_t size)
{
    size_t len = (size_t)(size - start);
    char *rest = xmalloc(len);
    ssize_t n = sys_pread_all(fd, rest, len, start);
    int result = n < 0 ? -1 : sys_replace_file(path, rest, (size_t)n);
    int saved = errno;
    free(rest);
    errno = saved;
    return result;
}

static int trim(const char *path, void *arg)
{
    struct stat st;
    (void)arg;
    int fd = open_history(path, &st);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    sys_replace_clean(path);
    off_t start = find_start(fd, st.st_size);
    int result = start < 0 ? -1 : start == 0 ? 0 : replace_by_rest(path, fd, start, st.st_size);
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

int history_trim(struct fail *fail)
{
    return with_lock(trim, NULL, fail);
}
