/* SPDX-License-Identifier: MIT */
/* The paths of the log and of the history, shared by the files that read and write them. */
#ifndef STATE_LOG_FILES_H
#define STATE_LOG_FILES_H

#include "core/fail.h"

#include <stdbool.h>

/* In the state directory. */
#define LOG_FILE     "log.jsonl"
#define HISTORY_FILE "history"
/* The lock that must be held to replace or remove one of them. */
#define LOG_LOCK "log.lock"

/* The first file has the newest entries. */
enum { LOG_FILES = 2 };

struct log_paths {
    char *directory;
    char *path[LOG_FILES];
};

/* False without a home directory; then nothing needs to be released. */
bool log_paths_init(struct log_paths *paths);
void log_paths_release(struct log_paths *paths);

/* Call after one of these files could not be opened. If errno says that it is a symbolic link,
   records "cannot WHAT PATH" with this reason and returns true. Otherwise errno is unchanged. */
bool log_fail_link(const char *what, const char *path, enum fail_cause cause, struct fail *fail);

#endif
