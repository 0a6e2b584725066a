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
/* As socket(2). A descriptor, or -1 with errno. */
int sys_socket(int family, int type, int protocol);
/* Writes all `len` bytes, waiting for a slow reader and continuing after a short write. -1 with
   errno: EINTR if a signal was caught (see sys_signal) and writing would block. *written, unless
   NULL, gets the number of bytes written. */
int sys_write_all(int fd, const void *bytes, size_t len, size_t *written);
/* The time in microseconds that writes of this thread have waited for the reader, in total. */
int64_t sys_blocked_us(void);
/* As read(2), but continues after an interruption unless a caught signal is pending (EINTR). */
ssize_t sys_read(int fd, void *bytes, size_t len);
/* Whether the descriptor can be written to without waiting. */
bool sys_writable_now(int fd);
/* Appends the rest of a file to `out`, which may be bounded (`full` is set when there was more).
   `fd` is left open. -1 with errno. */
int sys_read_all(int fd, struct buf *out);
/* The same for the file at `path`. -1 with errno. */
int sys_read_file(const char *path, struct buf *out);

/* As pread(2), but reads `len` bytes unless the file ends before. Returns the number of bytes, or
   -1 with errno. */
ssize_t sys_pread_all(int fd, void *bytes, size_t len, off_t offset);

/* The program's own files, accessible only to the user with any umask. */

/* As sys_open with mode 0600, without following a symbolic link (ELOOP) or waiting for the other
   end of a FIFO. */
int sys_open_private(const char *path, int flags);
/* Creates a file with these contents. -1 with errno, EEXIST if it exists; a file that cannot be
   written completely is removed. */
int sys_create_file(const char *path, const void *bytes, size_t len);
/* Whether a file of this size ends inside a line, not in a line feed. */
bool sys_ends_inside_line(int fd, off_t size);
/* Whether a directory has an entry whose name is accepted; false also if it cannot be read. */
bool sys_directory_has(const char *path, bool (*is_accepted)(const char *name));
/* Makes a directory and its parents, mode 0700. -1 with errno. */
int sys_make_directories(const char *path);
/* As rename(2) and unlink(2). */
int sys_rename(const char *from, const char *to);
int sys_unlink(const char *path);

/* A file under construction that will replace `path` atomically. It has no name until it is
   complete if the file system supports unnamed files, otherwise a temporary name in the same
   directory: .NAME.tmp-XXXXXX, where NAME is the last component of `path`. */
struct sys_replacement {
    int fd; /* write to this */
    char *path, *temporary;
    bool is_named; /* `temporary` exists */
};

/* -1 with errno. */
int sys_replace_begin(struct sys_replacement *r, const char *path);
/* Syncs the file and renames it to `path`. -1 with errno, and the old file is unchanged. Releases
 *r in either case. */
int sys_replace_commit(struct sys_replacement *r);
/* Removes it instead. Keeps errno. */
void sys_replace_abort(struct sys_replacement *r);
/* Replaces a file by contents in memory: all of the above. -1 with errno. */
int sys_replace_file(const char *path, const void *bytes, size_t len);
/* Removes the temporary files that killed processes left beside `path`. The caller holds the lock
   that guards `path`, or removes `path` too: without the lock another process may be writing one of
   them, and its sys_replace_commit fails. */
void sys_replace_clean(const char *path);

/* An exclusive lock on a file that is created for that purpose (mode 0600), held until close(2).
   Waits at most `timeout_us` for another process (ETIMEDOUT); a caught signal ends the wait
   (EINTR). A descriptor, or -1 with errno. *unsupported: the file system has no locks, and the
   descriptor holds none. */
int sys_lock(const char *path, int64_t timeout_us, bool *unsupported);

#endif
