/* SPDX-License-Identifier: MIT */
/* The process itself, its children, and its terminal. */
#ifndef SYSTEM_PROCESS_H
#define SYSTEM_PROCESS_H

#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Opens /dev/null on each of the descriptors 0 to 2 that is closed, so that no file opened later
   gets its number. Call before anything is opened. */
void sys_stdio_open(void);
/* From here on the process writes no core dump and, where the system can do that, other processes
   of the user can neither trace it nor read its memory and environment: they hold secrets. */
void sys_forbid_dumps(void);
/* A random number, uniform in 0 .. UINT32_MAX. Not for secrets. */
uint32_t sys_random(void);

/* Runs `sh -c command` in a process group of its own: standard input is /dev/null, standard error
   ours, no other descriptor is inherited, and the environment variables in `hidden` (a
   NULL-terminated list) are left out. Reads its standard output into `out` until the first line is
   complete, `out` is full or the command has ended, even if a child still has the output open; then
   waits for the command to end. Kills the group after `timeout_us` or on a caught signal. The wait
   status as of waitpid(2), or -1 with errno: ETIMEDOUT, EINTR, … */
int sys_capture(const char *command, const char *const *hidden, int64_t timeout_us,
                struct buf *out);

/* Whether the process has a controlling terminal. */
bool sys_has_terminal(void);
/* Runs `sh -c command sh argument` on the controlling terminal, which is its standard input, output
   and error, without the variables that hold secrets, and waits for it. SIGINT and SIGQUIT are
   ignored meanwhile; another caught signal is passed on to it. The wait status as of waitpid(2), or
   -1 with errno: ENXIO without a controlling terminal, EINTR after a signal. */
int sys_run_at_terminal(const char *command, const char *argument);

/* Reads a line from the terminal /dev/tty after showing `prompt`, without echo when `hidden`. The
   terminal settings are restored before it returns and before a signal ends or stops the process;
   when that is continued, the prompt is shown again and the line begins anew, as readpassphrase(3)
   does. -1 with errno: ENXIO without a terminal, EINTR for a caught signal, ENODATA at the end of
   input. */
int sys_ask(const char *prompt, bool hidden, struct buf *line);

#endif
