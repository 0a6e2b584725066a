/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "system/files.h"

#include "core/fault.h"
#include "core/xmalloc.h"
#include "system/process.h"
#include "system/signals.h"
#include "system/time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int sys_open(const char *path, int flags, mode_t mode)
{
    int fd;
    do {
        fd = fault_here(EMFILE) ? -1 : open(path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR && !sys_signal());
    return fd;
}

int sys_socket(int family, int type, int protocol)
{
    int fd = fault_here(EMFILE) ? -1 : socket(family, type, protocol);
    if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* A shorter write(2) did not block. */
enum { BLOCKED_US = 1000 };

static _Thread_local int64_t blocked_us;

int64_t sys_blocked_us(void)
{
    return blocked_us;
}

int sys_write_all(int fd, const void *bytes, size_t len, size_t *written)
{
    const char *p = bytes;
    size_t done = 0;
    int result = 0;
    int64_t begun = sys_now_us();
    while (result == 0 && done < len) {
        /* After a signal, write only what does not block. */
        if (sys_signal() && !sys_writable_now(fd)) {
            errno = EINTR;
            result = -1;
            break;
        }
        ssize_t n = fault_here(EIO) ? -1 : write(fd, p + done, len - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno == EAGAIN) /* another process made it non-blocking; do not change that */
            result = sys_wait(fd, POLLOUT, INT64_MAX) < 0 ? -1 : 0;
        else if (errno != EINTR)
            result = -1;
    }
    if (written)
        *written = done;
    int64_t us = sys_now_us() - begun;
    blocked_us += us < BLOCKED_US ? 0 : us;
    return result;
}

ssize_t sys_read(int fd, void *bytes, size_t len)
{
    for (;;) {
        /* read(2) would not notice that the reader of the output has closed it. */
        if (sys_reader().fd >= 0 && sys_wait(fd, POLLIN, INT64_MAX) < 0)
            return -1;
        ssize_t n = fault_here(EIO) ? -1 : read(fd, bytes, len);
        if (n >= 0)
            return n;
        if (errno == EAGAIN && sys_wait(fd, POLLIN, INT64_MAX) > 0)
            continue;
        if (errno != EINTR || sys_signal())
            return -1;
    }
}

bool sys_writable_now(int fd)
{
    struct pollfd ask = {.fd = fd, .events = POLLOUT};
    return poll(&ask, 1, 0) == 1 && (ask.revents & POLLOUT) && !(ask.revents & POLLERR);
}

int sys_read_all(int fd, struct buf *out)
{
    char chunk[8192];
    ssize_t n = 1;
    while (!out->full && (n = sys_read(fd, chunk, sizeof chunk)) > 0)
        buf_append(out, chunk, (size_t)n);
    int error = errno;
    wipe(chunk, sizeof chunk);
    errno = error;
    return n < 0 ? -1 : 0;
}

int sys_read_file(const char *path, struct buf *out)
{
    int fd = sys_open(path, O_RDONLY, 0);
    if (fd < 0)
        return -1;
    int result = sys_read_all(fd, out);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

/* The program's own files and directories are accessible only to the user, with any umask. */
static int open_private(const char *path, int flags)
{
    mode_t before = umask(077);
    int fd = sys_open(path, flags, 0600);
    int saved = errno;
    umask(before);
    errno = saved;
    return fd;
}

int sys_open_private(const char *path, int flags)
{
    return open_private(path, flags | O_NOFOLLOW | O_NONBLOCK);
}

int sys_create_file(const char *path, const void *bytes, size_t len)
{
    int fd = sys_open_private(path, O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0)
        return -1;
    int result = sys_write_all(fd, bytes, len, NULL), error = errno;
    if (close(fd) != 0 && result == 0) {
        result = -1;
        error = errno;
    }
    if (result != 0)
        unlink(path);
    errno = error;
    return result;
}

bool sys_ends_inside_line(int fd, off_t size)
{
    char last = '\n';
    return size > 0 && sys_pread_all(fd, &last, 1, size - 1) == 1 && last != '\n';
}

ssize_t sys_pread_all(int fd, void *bytes, size_t len, off_t offset)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = fault_here(EIO)
                        ? -1
                        : pread(fd, (char *)bytes + done, len - done, offset + (off_t)done);
        if (n == 0)
            break;
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR || sys_signal())
            return -1;
    }
    return (ssize_t)done;
}

static int make_directory(const char *path)
{
    mode_t before = umask(077);
    int result = !fault_here(EACCES) && (mkdir(path, 0700) == 0 || errno == EEXIST) ? 0 : -1;
    int saved = errno;
    umask(before);
    errno = saved;
    return result;
}

bool sys_directory_has(const char *path, bool (*is_accepted)(const char *name))
{
    DIR *directory = fault_here(EMFILE) ? NULL : opendir(path);
    bool found = false;
    for (struct dirent *entry; directory && !found && (entry = readdir(directory));)
        found = is_accepted(entry->d_name);
    if (directory)
        closedir(directory);
    return found;
}

int sys_make_directories(const char *path)
{
    struct buf at = {0};
    int result = 0;
    for (const char *p = path; result == 0 && *p; p++) {
        if (*p == '/' && at.len > 0)
            result = make_directory(buf_text(&at));
        buf_byte(&at, *p);
    }
    if (result == 0)
        result = make_directory(buf_text(&at));
    int saved = errno;
    buf_release(&at);
    errno = saved;
    return result;
}

int sys_rename(const char *from, const char *to)
{
    return fault_here(EXDEV) ? -1 : rename(from, to);
}

int sys_unlink(const char *path)
{
    return fault_here(EACCES) ? -1 : unlink(path);
}

/* Replacing a file. */

/* The temporary file for NAME is .NAME.tmp-XXXXXX: no user gives a backup such a name, because
   files with it are removed. */
#define TEMPORARY_MARK ".tmp-"
enum { SUFFIX = 6 /* random characters after the mark */ };

static const char suffix_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
enum { COUNT_OF_CHARACTERS = sizeof suffix_characters - 1 };

/* The directory of `path`, owned by the caller; *base is the name in it. */
static char *split_path(const char *path, const char **base)
{
    const char *slash = strrchr(path, '/');
    *base = slash ? slash + 1 : path;
    if (!slash)
        return xstrdup(".");
    return xmemdup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* An unnamed file in the directory of `path`: a process that is killed leaves nothing behind. */
static int open_unnamed(const char *path)
{
#ifdef O_TMPFILE
    const char *base;
    char *directory = split_path(path, &base);
    int fd = open_private(directory, O_TMPFILE | O_RDWR);
    int saved = errno;
    free(directory);
    errno = saved;
    return fd;
#else
    (void)path;
    errno = ENOSYS;
    return -1;
#endif
}

static void choose_name(struct sys_replacement *r, const char *path)
{
    const char *base;
    struct buf name = {0};
    char *directory = split_path(path, &base);
    buf_printf(&name, "%s/.%s" TEMPORARY_MARK, directory, base);
    free(directory);
    uint32_t random = sys_random();
    for (int i = 0; i < SUFFIX; i++, random /= COUNT_OF_CHARACTERS)
        buf_byte(&name, suffix_characters[random % COUNT_OF_CHARACTERS]);
    free(r->temporary);
    buf_text(&name);
    r->temporary = buf_take(&name);
}

/* Gives the unnamed file a name, which rename(2) needs. Linux allows this by the descriptor alone
   since 6.10 and by /proc for a process that may be dumped. */
static int link_unnamed(struct sys_replacement *r)
{
    char name[40];
    if (fault_here(EACCES))
        return -1;
#ifdef AT_EMPTY_PATH
    if (linkat(r->fd, "", AT_FDCWD, r->temporary, AT_EMPTY_PATH) == 0)
        return 0;
#endif
    snprintf(name, sizeof name, "/proc/self/fd/%d", r->fd);
    return linkat(AT_FDCWD, name, AT_FDCWD, r->temporary, AT_SYMLINK_FOLLOW);
}

/* A descriptor, or -1 with errno. */
static int open_temporary(struct sys_replacement *r)
{
    int fd = open_private(r->temporary, O_WRONLY | O_CREAT | O_EXCL);
    r->is_named = fd >= 0;
    return fd;
}

/* Fallback if the unnamed file cannot be linked: copies its contents to a named one. */
static int copy_unnamed(struct sys_replacement *r)
{
    char chunk[8192];
    ssize_t n;
    int fd = open_temporary(r);
    off_t at = 0;
    do {
        n = fd < 0 ? -1 : sys_pread_all(r->fd, chunk, sizeof chunk, at);
        if (n > 0 && sys_write_all(fd, chunk, (size_t)n, NULL) != 0)
            n = -1;
        at += n;
    } while (n > 0);
    int saved = errno;
    wipe(chunk, sizeof chunk);
    close(r->fd);
    r->fd = fd;
    errno = saved;
    return n < 0 ? -1 : 0;
}

static int sync_file(int fd)
{
    return fault_here(EIO) ? -1 : fsync(fd);
}

/* The name is created last, so that a process that is killed before leaves no temporary file. */
static int sync_and_name(struct sys_replacement *r)
{
    if (sync_file(r->fd) != 0)
        return -1;
    if (r->is_named)
        return 0;
    r->is_named = link_unnamed(r) == 0;
    return r->is_named || (copy_unnamed(r) == 0 && sync_file(r->fd) == 0) ? 0 : -1;
}

int sys_replace_begin(struct sys_replacement *r, const char *path)
{
    *r = (struct sys_replacement){.fd = -1, .path = xstrdup(path)};
    choose_name(r, path);
    r->fd = open_unnamed(path);
    if (r->fd < 0)
        r->fd = open_temporary(r);
    if (r->fd >= 0)
        return 0;
    sys_replace_abort(r);
    return -1;
}

void sys_replace_abort(struct sys_replacement *r)
{
    int saved = errno;
    if (r->fd >= 0)
        close(r->fd);
    if (r->is_named)
        unlink(r->temporary);
    free(r->path);
    free(r->temporary);
    *r = (struct sys_replacement){.fd = -1};
    errno = saved;
}

int sys_replace_commit(struct sys_replacement *r)
{
    int result = sync_and_name(r);
    if (result == 0) {
        int fd = r->fd;
        r->fd = -1;
        result = close(fd);
    }
    if (result == 0)
        result = sys_rename(r->temporary, r->path);
    if (result == 0)
        r->is_named = false;
    sys_replace_abort(r);
    return result;
}

int sys_replace_file(const char *path, const void *bytes, size_t len)
{
    struct sys_replacement r;
    if (sys_replace_begin(&r, path) != 0)
        return -1;
    if (sys_write_all(r.fd, bytes, len, NULL) == 0)
        return sys_replace_commit(&r);
    sys_replace_abort(&r);
    return -1;
}

/* Whether `name` is that of a temporary file for `base`. */
static bool is_temporary(const char *name, const char *base)
{
    size_t len = strlen(base), mark = sizeof TEMPORARY_MARK - 1;
    if (name[0] != '.' || strncmp(name + 1, base, len) != 0 ||
        strncmp(name + 1 + len, TEMPORARY_MARK, mark) != 0)
        return false;
    const char *suffix = name + 1 + len + mark;
    return strlen(suffix) == SUFFIX && strspn(suffix, suffix_characters) == SUFFIX;
}

void sys_replace_clean(const char *path)
{
    const char *base;
    char *directory = split_path(path, &base);
    DIR *entries = opendir(directory);
    for (struct dirent *e; entries && (e = readdir(entries));)
        if (is_temporary(e->d_name, base))
            unlinkat(dirfd(entries), e->d_name, 0);
    if (entries)
        closedir(entries);
    free(directory);
}

/* Polls, because fcntl(2) cannot wait with a timeout. 0, or the errno. */
static int lock_in_time(int fd, int64_t timeout_us)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int64_t deadline = sys_now_us() + timeout_us;
    int error = 0;
    while (error == 0 && (fault_here(ENOLCK) || fcntl(fd, F_SETLK, &whole) != 0)) {
        bool is_taken = errno == EAGAIN || errno == EACCES || errno == EINTR;
        error = is_taken ? sys_wait_to_retry(deadline) : errno;
    }
    return error;
}

int sys_lock(const char *path, int64_t timeout_us, bool *unsupported)
{
    int fd = open_private(path, O_RDWR | O_CREAT | O_NOFOLLOW);
    *unsupported = false;
    if (fd < 0)
        return -1;
    int error = lock_in_time(fd, timeout_us);
    if (error == 0)
        return fd;
    if (error != ETIMEDOUT && error != EINTR) {
        *unsupported = true;
        return fd;
    }
    close(fd);
    errno = error;
    return -1;
}
