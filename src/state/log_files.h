/* SPDX-License-Identifier: MIT */
/* The files of the log and the history, for what reads and writes them. */
#ifndef STATE_LOG_FILES_H
#define STATE_LOG_FILES_H

#include <stdbool.h>

/* Whoever replaces or removes one of them holds this lock. */
#define LOG_LOCK     "log.lock"
#define HISTORY_FILE "history"

/* The newest entries are in the first one. */
enum { LOG_FILES = 2 };

struct log_paths {
    char *directory;
    char *path[LOG_FILES];
};

/* False without a home directory; then there is nothing to release. */
bool log_paths_init(struct log_paths *paths);
void log_paths_release(struct log_paths *paths);

#endif
