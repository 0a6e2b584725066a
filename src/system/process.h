/* SPDX-License-Identifier: MIT */
/* The process itself, its children, and its terminal. */
#ifndef SYSTEM_PROCESS_H
#define SYSTEM_PROCESS_H

#include "core/buf.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens /dev/null on each of the descriptors 0 to 2 that is closed, so that no file opened later
   gets its number. Call before anything is opened. */
void sys_stdio_open(void);
/* Closes standard output, so that its reader sees the end, and opens /dev/null in its place. -1
   with errno when only closing it shows that something was not written. */
int sys_stdout_close(void);
/* From here on the process writes no core dump and, where the system can do that, other processes
   of the user can neither trace it nor read its memory and environment: they hold secrets. */
void sys_forbid_dumps(void);
/* A random number, uniform in 0 .. UINT32_MAX. Not for secrets. */
uint32_t sys_random(void);

/* Children. None of them gets the environment variables that hold secrets, SIGMASIGHT_TOKEN and
   SIGMASIGHT_PASSWORD, or another descriptor than the standard ones. */

/* Runs `sh -c command` in a process group of its own: standard input is /dev/null, standard error
   ours. Reads its standard output into `out` until the first line is complete, `out` is full or the
   command has ended, even if a child still has the output open; then waits for the command to end.
   Kills the group after `timeout_us` or on a caught signal. The wait status as of waitpid(2), or -1
   with errno: ETIMEDOUT, EINTR, … */
int sys_capture(const char *command, int64_t timeout_us, struct buf *out);

/* Whether the process has a controlling terminal. */
bool sys_has_terminal(void);
/* Runs `sh -c command sh argument` on the controlling terminal, which is its standard input, output
   and error, and waits for it. SIGINT and SIGQUIT are
   ignored meanwhile; another caught signal is passed on to it. The wait status as of waitpid(2), or
   -1 with errno: ENXIO without a controlling terminal, EINTR after a signal. */
int sys_run_at_terminal(const char *command, const char *argument);

enum { SYS_PIPE_SIGNALS = 2 };

/* A child that reads what is written to `fd`. */
struct sys_pipe {
    pid_t pid;
    int fd;
    struct sigaction before[SYS_PIPE_SIGNALS]; /* what the signals of the keyboard did */
};

/* Runs `sh -c command` with a pipe as its standard input. SIGINT and SIGQUIT are ignored until
   sys_pipe_close. -1 with errno. */
int sys_pipe_to(struct sys_pipe *p, const char *command);
/* Closes the pipe and waits for the child, passing on a caught signal. The wait status as of
   waitpid(2), or -1 with errno: EINTR after a signal. */
int sys_pipe_close(struct sys_pipe *p);

/* Reads a line from the terminal /dev/tty after showing `prompt`, without echo when `hidden`. The
   terminal settings are restored before it returns and before a signal ends or stops the process;
   when that is continued, the prompt is shown again and the line begins anew, as readpassphrase(3)
   does. -1 with errno: ENXIO without a terminal, EINTR for a caught signal, ENODATA at the end of
   input. */
int sys_ask(const char *prompt, bool hidden, struct buf *line);

#endif
