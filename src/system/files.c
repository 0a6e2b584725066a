/* SPDX-License-Identifier: MIT */
#include "system/files.h"

#include "core/fault.h"
#include "core/xmalloc.h"
#include "system/signals.h"
#include "system/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int sys_write_all(int fd, const void *bytes, size_t len, size_t *written)
{
    const char *p = bytes;
    size_t done = 0;
    int result = 0;
    while (done < len) {
        ssize_t n = fault_here(EIO) ? -1 : write(fd, p + done, len - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            /* Somebody else made the description non-blocking; it is not ours to change. */
            struct pollfd wait[2] = {{.fd = fd, .events = POLLOUT},
                                     {.fd = sys_signal_fd(), .events = POLLIN}};
            poll(wait, 2, -1);
            if (sys_signal()) {
                errno = EINTR;
                result = -1;
                break;
            }
        } else if (errno != EINTR || sys_signal()) {
            result = -1;
            break;
        }
    }
    if (written)
        *written = done;
    return result;
}

ssize_t sys_read(int fd, void *bytes, size_t len)
{
    for (;;) {
        ssize_t n = fault_here(EIO) ? -1 : read(fd, bytes, len);
        if (n >= 0)
            return n;
        if (errno == EAGAIN) {
            struct pollfd wait[2] = {{.fd = fd, .events = POLLIN},
                                     {.fd = sys_signal_fd(), .events = POLLIN}};
            poll(wait, 2, -1);
            if (sys_signal())
                errno = EINTR;
        }
        if (errno != EAGAIN && (errno != EINTR || sys_signal()))
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

static int make_directory(const char *path)
{
    return !fault_here(EACCES) && (mkdir(path, 0700) == 0 || errno == EEXIST) ? 0 : -1;
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

static int write_and_rename(int fd, const char *from, const char *to, const void *bytes, size_t len)
{
    int result =
        sys_write_all(fd, bytes, len, NULL) == 0 && !fault_here(EIO) && fsync(fd) == 0 ? 0 : -1;
    int saved = errno;
    if (close(fd) != 0 && result == 0) {
        result = -1;
        saved = errno;
    }
    if (result == 0 && (fault_here(EXDEV) || rename(from, to) != 0)) {
        result = -1;
        saved = errno;
    }
    if (result != 0)
        unlink(from);
    errno = saved;
    return result;
}

int sys_replace_file(const char *path, const void *bytes, size_t len)
{
    struct buf name = {0};
    buf_printf(&name, "%s.XXXXXX", path);
    buf_text(&name);
    int fd = fault_here(EACCES) ? -1 : mkstemp(name.data);
    int result = -1;
    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        result = write_and_rename(fd, name.data, path, bytes, len);
    }
    int saved = errno;
    buf_release(&name);
    errno = saved;
    return result;
}

/* fcntl(2) has no wait that ends after a time. 0, or the errno. */
static int lock_in_time(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int64_t deadline = sys_now_us() + SYS_LOCK_SECONDS * INT64_C(1000000);
    int error = 0;
    while (error == 0 && (fault_here(ENOLCK) || fcntl(fd, F_SETLK, &whole) != 0)) {
        bool is_taken = errno == EAGAIN || errno == EACCES || errno == EINTR;
        error = is_taken ? sys_wait_to_retry(deadline) : errno;
    }
    return error;
}

int sys_lock(const char *path)
{
    int fd = sys_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    int error = fd < 0 ? 0 : lock_in_time(fd);
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}
