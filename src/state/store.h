/* SPDX-License-Identifier: MIT */
/* The state directory, and the small JSON files in it that keep one entry per profile and URL. They
   are replaced atomically under a lock, so that any number of processes may read and write at once.
 */
#ifndef STATE_STORE_H
#define STATE_STORE_H

#include "core/fail.h"
#include "json/json.h"

/* Selects an entry. `profile` is NULL if none is in use; that case has its own entry. Borrowed. */
struct store_key {
    const char *profile;
    const char *url;
};

/* Appends the path of the file called `name` to `out`. FAIL_CONFIG without a home directory. */
int store_path(const char *name, struct buf *out, struct fail *fail);

/* Locks the lock file called `name`; creates the directory if necessary. Returns as sys_lock; also
   ENOENT without a home directory. */
int store_lock(const char *name, int64_t timeout_us, bool *unsupported);

/* Calls on_member for each member of the entry, borrowed for the call, except strings that hold
   U+0000; never if there is no such entry or file. FAIL_CONFIG (78) if the file is damaged, owned
   by another user, readable by others, a symbolic link, or of a newer version; the hint has the
   command that repairs it. */
int store_get(const char *name, struct store_key key, json_member_fn *on_member, void *arg,
              struct fail *fail);

/* Checks the file, as store_get. 1 if there is none. */
int store_check(const char *name, struct fail *fail);

/* Sets the entry to `members`, JSON members without braces (`"a":1,"b":2`), or removes it if
   `members` is empty. FAIL_CONFIG as store_get; FAIL_CREATE if the file cannot be written, would
   exceed the size that store_get reads, or stays locked by another process; FAIL_SIGNAL.
   *unsupported, unless NULL: written without a lock, because the file system does not support
   locks. */
int store_put(const char *name, struct store_key key, struct span members, bool *unsupported,
              struct fail *fail);

/* A string member of an entry. Borrowed. */
struct store_member {
    const char *name;
    const char *value;
};

/* As store_put, but changes the entry only if it has the member `old`: another process may have
   changed it since it was read. Otherwise 0. */
int store_replace(const char *name, struct store_key key, struct store_member old,
                  struct span members, struct fail *fail);

#endif
