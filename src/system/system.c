/* SPDX-License-Identifier: MIT */
#include "system/system.h"

#include "core/fault.h"
#include "core/xmalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

void sys_stdio_open(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* Open the wrong way round: reading from or writing to it fails, as it did closed. */
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(70);
    }
}

int sys_fail(struct fail *fail, enum fail_cause cause, const char *format, ...)
{
    int error = errno;
    if (error == EINTR && sys_signal())
        return fail_signal(fail, sys_signal());
    va_list args;
    struct buf what = {0};
    va_start(args, format);
    buf_vprintf(&what, format, args);
    va_end(args);
    fail_errno(fail, cause, error, "%s", buf_text(&what));
    buf_release(&what);
    return -1;
}

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

int sys_wait_to_retry(int64_t deadline)
{
    struct pollfd wake = {.fd = sys_signal_fd(), .events = POLLIN};
    if (sys_signal())
        return EINTR;
    if (sys_now_us() >= deadline)
        return ETIMEDOUT;
    poll(&wake, 1, 10);
    return 0;
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

void sys_forbid_dumps(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

int64_t sys_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t sys_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint32_t sys_random(void)
{
    uint32_t value;
    int fd = sys_open("/dev/urandom", O_RDONLY, 0);
    if (fd < 0 || read(fd, &value, sizeof value) != (ssize_t)sizeof value)
        value = (uint32_t)sys_now_us() * 2654435761U ^ (uint32_t)getpid();
    if (fd >= 0)
        close(fd);
    return value;
}

/* The one piece of global state: a signal handler has nothing else to write to. */
static struct {
    volatile sig_atomic_t caught;
    int pipe[2];
    bool pipe_kills, size_kills;
    int stop_fd;
    const char *volatile stop_words; /* see sys_on_stop */
} signals = {.pipe = {-1, -1}, .pipe_kills = true, .stop_fd = -1};

/* A signal that comes just before a write(2) or read(2) that then blocks would be seen only when
   the other end goes on: the alarm interrupts such a call again and again. */
static void on_alarm(int number)
{
    (void)number;
}

static void on_signal(int number)
{
    int saved = errno;
    if (!signals.caught)
        signals.caught = number;
    ssize_t ignored = write(signals.pipe[1], "", 1); /* one for each signal: it never blocks */
    (void)ignored;
    struct itimerval again = {{0, 20000}, {0, 20000}};
    setitimer(ITIMER_REAL, &again, NULL);
    errno = saved;
}

/* Whether it was not ignored before. */
static bool ignore(int number)
{
    struct sigaction action = {.sa_handler = SIG_IGN}, before;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, &before);
    return before.sa_handler != SIG_IGN;
}

void sys_size_limit_outlive(void)
{
    signals.size_kills = ignore(SIGXFSZ);
}

void sys_ignored_give_back(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigemptyset(&plain.sa_mask);
    if (signals.pipe_kills)
        sigaction(SIGPIPE, &plain, NULL);
    if (signals.size_kills)
        sigaction(SIGXFSZ, &plain, NULL);
}

static void catch_one(int number)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now) != 0 || now.sa_handler == SIG_IGN)
        return;
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    /* A second one of the same kind finds the default action. SA_NODEFER is left out: it must
       not end the process inside the handler. */
    action.sa_flags = (int)SA_RESETHAND;
    sigaction(number, &action, NULL);
}

static void catch_stop(void);

/* Cleans up and stops as if nobody had caught it: where there is no shell to continue the process,
   the system does not stop it. */
static void on_stop(int number)
{
    int saved = errno;
    const char *words = signals.stop_words;
    if (words) {
        ssize_t ignored = write(signals.stop_fd, words, strlen(words));
        (void)ignored;
    }
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t only, before;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
    raise(number);
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_UNBLOCK, &only, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    catch_stop();
    errno = saved;
}

static void catch_stop(void)
{
    struct sigaction now;
    if (sigaction(SIGTSTP, NULL, &now) != 0 || now.sa_handler == SIG_IGN)
        return;
    struct sigaction action = {.sa_handler = on_stop, .sa_flags = (int)SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTSTP, &action, NULL);
}

void sys_on_stop(int fd, const char *words)
{
    signals.stop_fd = fd;
    signals.stop_words = words;
}

bool sys_in_foreground(int fd)
{
    pid_t group = tcgetpgrp(fd);
    return group < 0 || group == getpgrp();
}

void sys_signals_catch(void)
{
    if (fault_here(EMFILE) || pipe(signals.pipe) != 0)
        _exit(70); /* no descriptor is left to say so on */
    for (int i = 0; i < 2; i++)
        fcntl(signals.pipe[i], F_SETFD, FD_CLOEXEC);
    signals.pipe_kills = ignore(SIGPIPE);
    struct sigaction alarm_action = {.sa_handler = on_alarm};
    sigemptyset(&alarm_action.sa_mask);
    sigaction(SIGALRM, &alarm_action, NULL);
    catch_one(SIGINT);
    catch_one(SIGTERM);
    catch_one(SIGHUP);
    catch_stop();
}

int sys_signal(void)
{
    return signals.caught;
}

int sys_signal_fd(void)
{
    return signals.pipe[0];
}

bool sys_pipe_kills(void)
{
    return signals.pipe_kills;
}

_Noreturn void sys_die_of(int signal_number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal_number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    raise(signal_number);
    _exit(128 + signal_number);
}
