/* SPDX-License-Identifier: MIT */
/* Files and descriptors. Every descriptor opened here is close-on-exec. POSIX.1-2008. */
#ifndef SYSTEM_FILES_H
#define SYSTEM_FILES_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As open(2), but continues after an interruption unless a caught signal is pending. A descriptor,
   or -1 with errno. */
int sys_open(const char *path, int flags, mode_t mode);
/* Writes all `len` bytes, waiting for a slow reader and continuing after a short write. -1 with
   errno: EINTR when a caught signal is pending (see sys_signal). *written, unless NULL, gets the
   number of bytes written. */
int sys_write_all(int fd, const void *bytes, size_t len, size_t *written);
/* As read(2), but continues after an interruption unless a caught signal is pending (EINTR). */
ssize_t sys_read(int fd, void *bytes, size_t len);
/* Whether the descriptor can be written to without waiting. */
bool sys_writable_now(int fd);
/* Appends the rest of a file to `out`, which may be bounded (`full` is set when there was more).
   `fd` is left open. -1 with errno. */
int sys_read_all(int fd, struct buf *out);

/* Makes a directory and its parents, mode 0700. -1 with errno. */
int sys_make_directories(const char *path);
/* Replaces a file atomically: a new file (mode 0600) in the same directory is written, synced and
   renamed to `path`. -1 with errno, and the old file is unchanged. */
int sys_replace_file(const char *path, const void *bytes, size_t len);

enum { SYS_LOCK_SECONDS = 10 };
/* An exclusive lock on a file that is created for that purpose (mode 0600), held until close(2).
   Waits at most SYS_LOCK_SECONDS for another process (ETIMEDOUT); a caught signal ends the wait
   (EINTR). A descriptor, or -1 with errno. */
int sys_lock(const char *path);

#endif
