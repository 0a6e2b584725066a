/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "system/signals.h"

#include "core/buf.h"
#include "core/fault.h"
#include "core/program.h"
#include "system/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#ifdef HAVE_SYS_EPOLL_H
#include <sys/epoll.h>
#endif
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

/* The signals of sys_stop_defer. SIGTTOU is not one of them: changing the modes in the background
   would raise it again and again. */
static const int deferrable[] = {SIGTSTP, SIGQUIT};
enum { DEFERRABLE = sizeof deferrable / sizeof deferrable[0] };

/* Global, because signal handlers have no argument. */
static struct {
    volatile sig_atomic_t caught;
    volatile int64_t caught_at; /* sys_now_us() */
    int pipe[2];
    bool pipe_kills, size_kills;
    bool is_child;                  /* see sys_signals_of_child */
    bool survives_interrupt;        /* see sys_interrupt_survive */
    int reader_fd;                  /* see sys_reader_watch */
    int reader_epoll;               /* an epoll instance that watches reader_fd, -1 for none */
    volatile sig_atomic_t deferred; /* see sys_stop_defer */
    struct sigaction not_deferred[DEFERRABLE];
    int stop_fd;
    const char *volatile stop_words; /* see sys_on_stop */
} signals = {
    .pipe = {-1, -1}, .pipe_kills = true, .reader_fd = -1, .reader_epoll = -1, .stop_fd = -1};

/* timeout(1), shells and terminals send a signal twice: to the process and to its group. */
enum { REPEAT_US = 500000, WAIT_MAX_MS = 3600000 };

/* A signal that arrives just before a blocking write(2) or read(2) does not interrupt it. Therefore
   a repeated alarm interrupts such calls after a signal was caught. */
static void on_alarm(int number)
{
    (void)number;
}

static void note(int number, int64_t now)
{
    signals.caught = number;
    signals.caught_at = now;
    ssize_t ignored = write(signals.pipe[1], "", 1); /* one byte at most: it never blocks */
    (void)ignored;
    struct itimerval again = {{0, 20000}, {0, 20000}};
    setitimer(ITIMER_REAL, &again, NULL);
}

/* The signals that end the program cleanly. Each handler blocks the others. */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
enum { ENDING = sizeof ending / sizeof ending[0] };

static void on_signal(int number)
{
    int saved = errno;
    int64_t now = sys_now_us();
    if (!signals.caught) {
        note(number, now);
    } else if (signals.survives_interrupt && (number == SIGINT || signals.caught == SIGINT)) {
        if (number != SIGINT) {
            signals.caught = number;
            signals.caught_at = now;
        }
    } else if (!signals.is_child && now - signals.caught_at > REPEAT_US) {
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigemptyset(&action.sa_mask);
        sigaction(number, &action, NULL);
        raise(number); /* it is delivered when the handler returns */
    }
    errno = saved;
}

/* Ignores a signal. Returns whether it was not ignored before. */
static bool ignore(int number)
{
    struct sigaction action = {.sa_handler = SIG_IGN}, before;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, &before);
    return before.sa_handler != SIG_IGN;
}

void sys_ignore_size_limit(void)
{
    signals.size_kills = ignore(SIGXFSZ);
}

static void catch_one(int number)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now) != 0 || now.sa_handler == SIG_IGN)
        return;
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ENDING; i++)
        sigaddset(&action.sa_mask, ending[i]);
    sigaction(number, &action, NULL);
}

static void catch_stop(void);

/* Cleans up and stops as by default, so that the system ignores the signal in an orphaned process
   group. */
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

static void on_deferred(int number)
{
    int saved = errno;
    if (!signals.deferred) {
        signals.deferred = number;
        ssize_t ignored = write(signals.pipe[1], "", 1);
        (void)ignored;
    }
    errno = saved;
}

void sys_stop_defer(void)
{
    struct sigaction action = {.sa_handler = on_deferred, .sa_flags = (int)SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < DEFERRABLE; i++)
        sigaddset(&action.sa_mask, deferrable[i]);
    for (int i = 0; i < DEFERRABLE; i++) {
        sigaction(deferrable[i], NULL, &signals.not_deferred[i]);
        if (signals.not_deferred[i].sa_handler != SIG_IGN)
            sigaction(deferrable[i], &action, NULL);
    }
}

bool sys_is_stop_deferred(void)
{
    return signals.deferred;
}

void sys_stop_allow(void)
{
    char byte;
    for (int i = 0; i < DEFERRABLE; i++)
        sigaction(deferrable[i], &signals.not_deferred[i], NULL);
    int number = signals.deferred;
    if (!number)
        return;
    ssize_t ignored = read(signals.pipe[0], &byte, 1);
    (void)ignored;
    signals.deferred = 0;
    raise(number);
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

/* Exits after a failure: without the pipe, signals could not end a wait. */
static void open_pipe(void)
{
    if (fault_here(EMFILE) || pipe(signals.pipe) != 0)
        program_die(buf_format("cannot create a pipe for signals: %s", strerror(errno)));
    for (int i = 0; i < 2; i++)
        fcntl(signals.pipe[i], F_SETFD, FD_CLOEXEC);
}

void sys_signals_catch(void)
{
    open_pipe();
    signals.pipe_kills = ignore(SIGPIPE);
    struct sigaction alarm_action = {.sa_handler = on_alarm};
    sigemptyset(&alarm_action.sa_mask);
    sigaction(SIGALRM, &alarm_action, NULL);
    for (size_t i = 0; i < ENDING; i++)
        catch_one(ending[i]);
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

void sys_interrupt_survive(void)
{
    signals.survives_interrupt = true;
}

static void forget(bool interrupt_only)
{
    char byte;
    sigset_t all, before;
    struct itimerval off = {{0, 0}, {0, 0}};
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    if (signals.caught && (signals.caught == SIGINT || !interrupt_only)) {
        ssize_t ignored = read(signals.pipe[0], &byte, 1);
        (void)ignored;
        setitimer(ITIMER_REAL, &off, NULL);
        signals.caught = 0;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

void sys_signal_forget(void)
{
    forget(false);
}

void sys_interrupt_forget(void)
{
    forget(true);
}

void sys_stop(void)
{
    raise(SIGTSTP);
}

/* When the peer of a network connection closes it, this process sees the same as when the peer ends
   only its own direction. poll(2) has no portable event for that, and the other direction may have
   unread bytes. Therefore an epoll instance is used, which becomes readable and works with every
   kind of poll. -1 if that is not possible, or if standard input is the same connection, as under
   inetd: then the event is the end of the input. */
static int watch_connection(int fd, const struct stat *st)
{
    int epoll = -1;
#ifdef HAVE_SYS_EPOLL_H
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof name;
    struct stat input;
    bool is_input = fstat(STDIN_FILENO, &input) == 0 && input.st_dev == st->st_dev &&
                    input.st_ino == st->st_ino;
    if (!S_ISSOCK(st->st_mode) || is_input ||
        getsockname(fd, (struct sockaddr *)&name, &len) != 0 || name.ss_family == AF_UNIX)
        return -1;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLRDHUP};
    if (epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        close(epoll);
        epoll = -1;
    }
#else
    (void)fd;
    (void)st;
#endif
    return epoll;
}

static void forget_reader(void)
{
    if (signals.reader_epoll >= 0)
        close(signals.reader_epoll);
    signals.reader_fd = signals.reader_epoll = -1;
}

void sys_reader_watch(int fd)
{
    struct stat st;
    forget_reader();
    if (fstat(fd, &st) != 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
        return;
    signals.reader_fd = fd;
    signals.reader_epoll = watch_connection(fd, &st);
}

struct pollfd sys_reader(void)
{
    bool is_watched = signals.pipe_kills && !signals.caught;
    if (is_watched && signals.reader_epoll >= 0)
        return (struct pollfd){.fd = signals.reader_epoll, .events = POLLIN};
    return (struct pollfd){.fd = is_watched ? signals.reader_fd : -1};
}

void sys_reader_check(void)
{
    struct pollfd reader = sys_reader();
    sigset_t all, before;
    if (reader.fd < 0 || poll(&reader, 1, 0) <= 0)
        return;
    if (reader.revents & POLLNVAL)
        forget_reader();
    if (!(reader.revents & (POLLERR | POLLHUP | POLLIN)))
        return;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    if (!signals.caught)
        note(SIGPIPE, sys_now_us());
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* The timeout of poll(2) for `left_us`: rounded up, and bounded. */
static int poll_timeout(int64_t left_us)
{
    if (left_us <= 0)
        return 0;
    return left_us / 1000 < WAIT_MAX_MS ? (int)(left_us / 1000) + 1 : WAIT_MAX_MS;
}

int sys_wait(int fd, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd wait[] = {
            {.fd = fd, .events = events}, {.fd = sys_signal_fd(), .events = POLLIN}, sys_reader()};
        if (sys_signal() || signals.deferred) {
            errno = EINTR;
            return -1;
        }
        int64_t left = deadline - sys_now_us();
        int ms = poll_timeout(left);
        int ready = poll(wait, 3, ms);
        if (ready == 0 && left <= 0)
            return 0;
        if (ready <= 0)
            continue;
        if (wait[0].revents && !sys_signal())
            return 1;
        if (wait[2].revents)
            sys_reader_check();
    }
}

int sys_wait_for_any(struct pollfd *fds, size_t count, int64_t deadline, int known)
{
    for (;;) {
        fds[count] = (struct pollfd){.fd = known ? -1 : sys_signal_fd(), .events = POLLIN};
        fds[count + 1] = sys_reader();
        if (sys_signal() != known) {
            errno = EINTR;
            return -1;
        }
        int64_t left = deadline - sys_now_us();
        int ms = poll_timeout(left);
        int ready = poll(fds, count + SYS_WAIT_EXTRA, ms);
        if (ready > 0 && fds[count + 1].revents) {
            sys_reader_check();
            ready--;
        }
        if (ready > 0 && fds[count].revents)
            continue;
        if (ready > 0)
            return ready;
        if (ready == 0 && left <= 0)
            return 0;
    }
}

pid_t sys_fork_blocked(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, before);
    return fault_here(EAGAIN) ? -1 : fork();
}

static void restore_default(int number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/* Not if it is ignored: the command inherits that. */
static void stop_catching(int number)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
        restore_default(number);
}

void sys_signals_of_command(const sigset_t *mask)
{
    for (size_t i = 0; i < ENDING; i++)
        stop_catching(ending[i]);
    stop_catching(SIGALRM);
    stop_catching(SIGTSTP);
    if (signals.pipe_kills)
        restore_default(SIGPIPE);
    if (signals.size_kills)
        restore_default(SIGXFSZ);
    sigprocmask(SIG_SETMASK, mask, NULL);
}

void sys_signals_of_child(void)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    close(signals.pipe[0]);
    close(signals.pipe[1]);
    open_pipe();
    signals.is_child = true;
    forget_reader();
    signals.stop_words = NULL;
    signals.caught = 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
}

bool sys_sigpipe_kills(void)
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
