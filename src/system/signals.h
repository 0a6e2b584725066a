/* SPDX-License-Identifier: MIT */
/* Signals. SIGINT, SIGTERM and SIGHUP are recorded so that the program can end in order; one that
   was ignored at the start stays ignored. Another one within half a second is ignored, for it is
   usually the same one sent to the process and to its group; a later one ends the process at once.
   SIGPIPE is ignored: a write fails with EPIPE. */
#ifndef SYSTEM_SIGNALS_H
#define SYSTEM_SIGNALS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the process with status 70 and a message if the system has no descriptors left. */
void sys_signals_catch(void);
/* The first signal that was caught, 0 for none. */
int sys_signal(void);
/* A descriptor that becomes readable when a signal is caught; -1 before sys_signals_catch. */
int sys_signal_fd(void);
/* Forgets the signal that was caught: the program goes on. */
void sys_signal_forget(void);
/* From here on SIGINT never ends the process: it is recorded, and another one is ignored until
   sys_interrupt_forget. SIGTERM and SIGHUP replace it. */
void sys_interrupt_survive(void);
/* Forgets a recorded SIGINT, and nothing else. */
void sys_interrupt_forget(void);
/* Stops the process as the terminal's Ctrl-Z does. Returns when it is continued. */
void sys_stop(void);

/* Watches the reader of an output if `fd` is a pipe or a socket. When it is gone, a program that
   waits catches SIGPIPE (sys_signal), unless that was ignored at the start. */
void sys_reader_watch(int fd);
/* The descriptor to include when waiting with poll(2), for POLLERR and POLLHUP; -1 for none. Call
   sys_reader_check when it has ended the wait: it records SIGPIPE if the reader is gone. */
int sys_reader_fd(void);
void sys_reader_check(void);

/* Waits until `fd` (-1 for none) has one of the poll(2) `events` or an error: 1; until `deadline`
   (sys_now_us(), INT64_MAX for none): 0; or for a caught signal: -1 with EINTR. */
int sys_wait(int fd, short events, int64_t deadline);

/* The same for several descriptors, whose `revents` are set: the number of those that are ready, 0
   at the deadline, or -1 with EINTR when a signal is caught; one of `known` (sys_signal() before)
   does not end the wait. `fds` has room for SYS_WAIT_EXTRA more. */
enum { SYS_WAIT_EXTRA = 2 };
int sys_wait_for_any(struct pollfd *fds, size_t count, int64_t deadline, int known);

/* In a child that does not exec, after fork(2): it catches the same signals for itself, and watches
   no reader. The first one counts and all others are ignored, for those of the terminal are often
   sent by the parent as well. */
void sys_signals_of_child(void);

/* Whether EPIPE means to die of SIGPIPE: it was not ignored when the program began. */
bool sys_pipe_kills(void);
/* What is written to `fd` before SIGTSTP stops the process, so that nothing unfinished stays on the
   terminal; NULL for nothing. The words are borrowed until the next call. */
void sys_on_stop(int fd, const char *words);
/* Whether the process may write to the terminal `fd`: false in a background job of its session. */
bool sys_in_foreground(int fd);
/* Ends the process by `signal` with its default action. */
_Noreturn void sys_die_of(int signal);

/* Ignores SIGXFSZ: a write beyond the file size limit fails with EFBIG instead of ending the
   process. Call before anything is written. */
void sys_size_limit_outlive(void);
/* For a child before exec: restores the signals that the process ignores only to get an errno to
   what they were when the program began. Async-signal-safe. */
void sys_ignored_give_back(void);

#endif
