/* SPDX-License-Identifier: MIT */
/* Signals. SIGINT, SIGTERM and SIGHUP are recorded so that the program can end in order; one that
   was ignored at the start stays ignored. A second one of the same kind ends the process at once.
   SIGPIPE is ignored: a write fails with EPIPE. */
#ifndef SYSTEM_SIGNALS_H
#define SYSTEM_SIGNALS_H

#include <stdbool.h>

void sys_signals_catch(void);
/* The first signal that was caught, 0 for none. */
int sys_signal(void);
/* A descriptor that becomes readable when a signal is caught; -1 before sys_signals_catch. */
int sys_signal_fd(void);
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
