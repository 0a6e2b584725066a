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
    int fd = store_path(HISTORY_FILE, &path, &none) == 0
                 ? lines_open(buf_text(&path), O_RDONLY, &st)
                 : -1;
    off_t start = fd >= 0 ? find_start(fd, st.st_size) : -1;
    if (start >= 0)
        read_messages(fd, start, st.st_size, each, arg);
    if (fd >= 0)
        close(fd);
    buf_release(&path);
    fail_release(&none);
}

/* Changes the history under the lock, or without it (`locked` is false) if it is not available
   within a second. -1 with errno. */
typedef int change_fn(const char *path, bool locked, void *arg);

static int change_history(change_fn *change, void *arg, struct fail *fail)
{
    struct fail none = FAIL_INIT;
    struct buf path = {0};
    bool unsupported = false;
    int result = 0;
    if (store_path(HISTORY_FILE, &path, &none) == 0) {
        int lock = store_lock(LOG_LOCK, LOCK_US, &unsupported);
        result = change(buf_text(&path), lock >= 0 && !unsupported, arg);
        if (result != 0 && !log_fail_link("write", buf_text(&path), FAIL_CREATE, fail))
            fail_errno(fail, FAIL_CREATE, errno, "cannot write %s", buf_text(&path));
        if (lock >= 0)
            close(lock);
    }
    buf_release(&path);
    fail_release(&none);
    return result;
}

static int append(const char *path, bool locked, void *arg)
{
    const struct buf *line = arg;
    bool was_empty;
    return lines_append(path, buf_view(line), locked, &was_empty);
}

int history_add(struct span message, struct fail *fail)
{
    struct buf line = {0};
    buf_byte(&line, '\n'); /* see lines_append */
    put_history_line(&line, message);
    buf_byte(&line, '\n');
    int result = change_history(append, &line, fail);
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

/* Messages that another process appends meanwhile would be lost without the lock. */
static int trim(const char *path, bool locked, void *arg)
{
    struct stat st;
    (void)arg;
    if (!locked)
        return 0;
    int fd = lines_open(path, O_RDONLY, &st);
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
    return change_history(trim, NULL, fail);
}
