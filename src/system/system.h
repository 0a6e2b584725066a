/* SPDX-License-Identifier: MIT */
/* The seam to the system: every effect outside the process that is not libcurl's goes through
   here, so that a test build can make each of them fail. POSIX.1-2008. */
#ifndef SYSTEM_SYSTEM_H
#define SYSTEM_SYSTEM_H

#include "core/buf.h"
#include "core/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The process. */

/* Opens /dev/null on whichever of the descriptors 0 to 2 is closed, so that no file of ours can
   get its number. Call before anything is opened. */
void sys_stdio_open(void);
/* Ignores SIGXFSZ: a write beyond the limit to the size of files says EFBIG instead of ending the
   process. Call before anything is written. */
void sys_size_limit_outlive(void);
/* For a child before exec: the signals that the process only ignores to get an errno are to it
   what they were when the program began. Async-signal-safe. */
void sys_ignored_give_back(void);

/* What a call that set errno failed of: the caught signal that interrupted it, else `cause`, with
   the words of fail_errno. Always -1. */
int sys_fail(struct fail *fail, enum fail_cause cause, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Files. Descriptors are close-on-exec. */

/* A descriptor, or -1 with errno. */
int sys_open(const char *path, int flags, mode_t mode);
/* All of `len`, waiting where the other end is slow and going on after a short write. -1 with
   errno: EINTR when a caught signal is pending (see sys_signal). *written, where not NULL, gets
   the number of bytes that left. */
int sys_write_all(int fd, const void *bytes, size_t len, size_t *written);
/* As read(2), but goes on after an interruption unless a caught signal is pending (EINTR). */
ssize_t sys_read(int fd, void *bytes, size_t len);
/* Whether the descriptor takes output at once. */
bool sys_writable_now(int fd);
/* Reads a file to its end into `out`, which may be bounded (`full` is set when there was more).
   `fd` is left open. -1 with errno. */
int sys_read_all(int fd, struct buf *out);

/* Makes a directory and those above it, 0700. -1 with errno. */
int sys_make_directories(const char *path);
/* Replaces a file atomically: a temporary one beside it (0600) takes the bytes, is synced and
   renamed. -1 with errno, and the old file is as it was. */
int sys_replace_file(const char *path, const void *bytes, size_t len);
/* A moment between two tries of what the kernel tells nobody of, but not beyond `deadline`
   (sys_now_us(); ETIMEDOUT) and a signal (EINTR). 0, or the errno. */
int sys_wait_to_retry(int64_t deadline);

enum { SYS_LOCK_SECONDS = 10 };
/* An exclusive lock on a file that is created for that purpose (0600), held until close(2). Waits
   for one that another process has, but not beyond SYS_LOCK_SECONDS (ETIMEDOUT) and a signal
   (EINTR). A descriptor, or -1 with errno. */
int sys_lock(const char *path);

/* Runs `sh -c command` in a process group of its own, its standard input /dev/null, its standard
   error ours, without the environment variables in `hidden` (a NULL-terminated list), and gathers
   its standard output in `out` until that is full. Kills the group after `timeout_us` or on a
   caught signal. The wait status as of waitpid(2), or -1 with errno: ETIMEDOUT, EINTR, … */
int sys_capture(const char *command, const char *const *hidden, int64_t timeout_us,
                struct buf *out);

/* Reads a line from the terminal /dev/tty after showing `prompt`, without echo when `hidden`; the
   terminal is as it was afterwards, also after a signal. -1 with errno: ENXIO without a terminal,
   EINTR, ENODATA at the end of input. */
int sys_ask(const char *prompt, bool hidden, struct buf *line);

/* From here on the process cannot be dumped or traced by other processes of the user, where the
   system offers that: it holds secrets. */
void sys_forbid_dumps(void);

/* Time. */

/* Monotonic, microseconds, from an arbitrary start. */
int64_t sys_now_us(void);
/* Unix time, milliseconds. */
int64_t sys_wall_ms(void);
/* A random number, uniform in 0 .. UINT32_MAX; no secret is made from it. */
uint32_t sys_random(void);

/* Signals. SIGINT, SIGTERM and SIGHUP are noted, not obeyed, so that the program can end in order;
   one that was ignored at the start stays ignored. A second one of a kind ends the process at
   once. SIGPIPE is ignored: a write says EPIPE. */

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
/* Whether the terminal `fd` is ours to write to: false in a background job of its session. */
bool sys_in_foreground(int fd);
/* Ends the process by `signal` with its default action. */
_Noreturn void sys_die_of(int signal);

#endif
