/* SPDX-License-Identifier: MIT */
/* The process itself, its children, and its terminal. */
#ifndef SYSTEM_PROCESS_H
#define SYSTEM_PROCESS_H

#include "core/buf.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens /dev/null with the flags of open(2). A root directory that contains only the program has no
   /dev/null: then a directory, which can be neither read nor written. -1 with errno.
   Async-signal-safe. */
int sys_null_open(int flags);
/* Opens /dev/null on each of the descriptors 0 to 2 that is closed, so that no file opened later
   gets its number. Call before anything is opened. */
void sys_stdio_open(void);
/* Closes standard output, so that its reader sees the end, and opens another file in its place. -1
   with errno when only closing it shows that something was not written. */
int sys_stdout_close(void);
/* Disables core dumps and, if the system supports it, prevents other processes of the user from
   tracing this one and from reading its memory and environment, which hold secrets. */
void sys_forbid_dumps(void);
/* The value of an environment variable, NULL if it is not set or empty. */
const char *sys_getenv(const char *name);
/* A random number, uniform in 0 .. UINT32_MAX. Not for secrets. */
uint32_t sys_random(void);

/* Children. They inherit neither the environment variables that hold secrets, SIGMASIGHT_TOKEN and
   SIGMASIGHT_PASSWORD, nor descriptors other than the standard ones. */

/* Runs `sh -c command` in a process group of its own. Its standard input is /dev/null, its standard
   error that of this process. Reads its standard output into `out` until the command has ended,
   even if a child still has the output open. Kills the group after `timeout_us`, on a caught signal
   or when `out` is full. The wait status as of waitpid(2), 0 if `out` is full, or -1 with errno:
   ETIMEDOUT, EINTR, … */
int sys_capture(const char *command, int64_t timeout_us, struct buf *out);

/* Whether the process has a controlling terminal. */
bool sys_has_terminal(void);
/* Runs `sh -c command sh argument` with the controlling terminal as its standard input, output and
   error, and waits for it. SIGINT and SIGQUIT are ignored meanwhile; any other caught signal is
   forwarded to it. The wait status as of waitpid(2), or -1 with errno: ENXIO without a controlling
   terminal, EINTR after a signal. */
int sys_run_at_terminal(const char *command, const char *argument);

enum { SYS_PIPE_SIGNALS = 2 };

/* A child whose standard input is written to `fd`. */
struct sys_pipe {
    pid_t pid;
    int fd;
    struct sigaction before[SYS_PIPE_SIGNALS]; /* the former actions of the keyboard's signals */
};

/* Runs `sh -c command` with a pipe as its standard input. SIGINT and SIGQUIT are ignored until
   sys_pipe_close. -1 with errno. */
int sys_pipe_to(struct sys_pipe *p, const char *command);
/* Closes the pipe and waits for the child, also after a caught signal: a pager started by sh(1)
   would not receive it and would continue to read from the terminal. The wait status as of
   waitpid(2), or -1 with errno: EINTR after a signal. */
int sys_pipe_close(struct sys_pipe *p);

/* Reads a line from the terminal /dev/tty after showing `prompt`, without echo when `hidden`. The
   terminal settings are restored before it returns and before a signal ends or stops the process.
   When the process is continued, the prompt is shown again and input starts over, as in
   readpassphrase(3). -1 with errno: ENXIO without a terminal, EINTR for a caught signal, ENODATA at
   the end of input, after which the output begins a line. */
int sys_ask(const char *prompt, bool hidden, struct buf *line);

#endif
