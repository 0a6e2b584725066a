/* SPDX-License-Identifier: MIT */
/* Signals. SIGINT, SIGTERM and SIGHUP are recorded so that the program can end cleanly; one that
   was ignored at the start stays ignored. Another signal within half a second is ignored, because
   the same signal is often sent both to the process and to its group. A later one ends the process
   at once. SIGPIPE is ignored: a write fails with EPIPE. */
#ifndef SYSTEM_SIGNALS_H
#define SYSTEM_SIGNALS_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Ends the process with status 70 and a message if the system has no descriptors left. */
void sys_signals_catch(void);
/* The first signal that was caught, 0 for none. */
int sys_signal(void);
/* A descriptor that becomes readable when a signal is caught; -1 before sys_signals_catch. */
int sys_signal_fd(void);
/* Clears the recorded signal, so that the program continues. */
void sys_signal_forget(void);
/* After this call SIGINT never ends the process: it is recorded, and further ones are ignored until
   sys_interrupt_forget. SIGTERM and SIGHUP replace it; half a second counts from then on. */
void sys_interrupt_survive(void);
/* Clears a recorded SIGINT, but no other signal. */
void sys_interrupt_forget(void);
/* Stops the process as the terminal's Ctrl-Z does. Returns when it is continued. */
void sys_stop(void);
/* While the terminal has other modes: SIGTSTP and SIGQUIT, unless ignored, do not stop or end the
   process but end waiting (sys_wait, EINTR). sys_is_stop_deferred is true then, and the caller
   restores the modes and calls sys_stop_allow. */
void sys_stop_defer(void);
bool sys_is_stop_deferred(void);
/* Ends that, and has the effect of a signal that was deferred. Returns when the process is
   continued. */
void sys_stop_allow(void);

/* Watches the reader of an output if `fd` is a pipe or a socket. When the reader closes it while
   the program waits, SIGPIPE is recorded (sys_signal), unless it was ignored at the start. On a
   network connection, the reader has closed it as well if it only closed its own direction; a
   connection that is also standard input is watched for errors only. */
void sys_reader_watch(int fd);
/* The descriptor to include when waiting with poll(2), with the events to wait for besides POLLERR
   and POLLHUP; the descriptor is -1 for none. Call sys_reader_check if it ended the wait: that
   records SIGPIPE if the reader has closed the output. */
struct pollfd sys_reader(void);
void sys_reader_check(void);

/* Waits until `fd` (-1 for none) has one of the poll(2) `events` or an error: 1; until `deadline`
   (sys_now_us(), INT64_MAX for none): 0; or for a caught signal: -1 with EINTR. */
int sys_wait(int fd, short events, int64_t deadline);

/* The same for several descriptors, whose `revents` are set: the number of ready descriptors, 0 at
   the deadline, or -1 with EINTR when a signal is caught. The signal `known`, returned by
   sys_signal() before, does not end the wait. `fds` has room for SYS_WAIT_EXTRA more. */
enum { SYS_WAIT_EXTRA = 2 };
int sys_wait_for_any(struct pollfd *fds, size_t count, int64_t deadline, int known);

/* Call in a child that does not exec, after fork(2). The child records the same signals on its own
   and watches no reader. Signals after the first one are ignored, because the parent often sends
   the signals of the terminal as well. */
void sys_signals_of_child(void);

/* Whether the program must end by SIGPIPE after EPIPE: SIGPIPE was not ignored at the start. */
bool sys_sigpipe_kills(void);
/* Sets the text that is written to `fd` before SIGTSTP stops the process, to erase incomplete
   output from the terminal; NULL for none. Borrowed until the next call. */
void sys_on_stop(int fd, const char *words);
/* Whether the process may write to the terminal `fd`: false in a background job of its session. */
bool sys_in_foreground(int fd);
/* Ends the process by `signal` with its default action. */
_Noreturn void sys_die_of(int signal);

/* Ignores SIGXFSZ: a write beyond the file size limit fails with EFBIG instead of ending the
   process. Call before anything is written. */
void sys_ignore_size_limit(void);
/* As fork(2), but blocks all signals, because the actions that the child inherits would report them
   to the parent. *before is the former mask. The parent must restore it, also after a failure; a
   child does that after sys_signals_of_child, or by sys_signals_of_command. */
pid_t sys_fork_blocked(sigset_t *before);
/* In a child, just before exec: restores the actions of all signals to those at the start of the
   program, and the mask. Async-signal-safe. */
void sys_signals_of_command(const sigset_t *mask);

#endif
