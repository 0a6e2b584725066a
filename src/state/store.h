/* SPDX-License-Identifier: MIT */
/* A small JSON file below the state directory that keeps one entry per profile and URL. Replaced
   atomically under a lock, so that any number of processes may read and write it at once. */
#ifndef STATE_STORE_H
#define STATE_STORE_H

#include "core/fail.h"
#include "json/json.h"

/* Which entry. `profile` NULL is no profile, which is an entry like any other. Borrowed. */
struct store_key {
    const char *profile;
    const char *url;
};

/* Appends the path of the file called `name` to `out`. FAIL_CONFIG without a home directory. */
int store_path(const char *name, struct buf *out, struct fail *fail);

/* Calls on_member for each member of the entry, which is gone when that returns; not at all when
   there is no such entry or file. FAIL_CONFIG (78) for a file that is not what this program
   writes, that others can read, that is not ours or a symbolic link, with the command that mends
   it, and for one of a newer version of the program, which is left to that. */
int store_get(const char *name, struct store_key key, json_member_fn *on_member, void *arg,
              struct fail *fail);

/* Whether the file can be used, as store_get; 1 when there is none. */
int store_check(const char *name, struct fail *fail);

/* Sets the entry to `members`, JSON members without braces (`"a":1,"b":2`), or removes it when
   `members` is empty. FAIL_CONFIG as store_get, FAIL_CREATE when it cannot be written or
   another process keeps it locked (see sys_lock), FAIL_SIGNAL. */
int store_put(const char *name, struct store_key key, struct span members, struct fail *fail);

#endif
