/* SPDX-License-Identifier: MIT */
#include "system/signals.h"

#include "core/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

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
