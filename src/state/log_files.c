/* SPDX-License-Identifier: MIT */
#include "state/log_files.h"

#include "core/buf.h"
#include "settings/config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *const log_files[LOG_FILES] = {LOG_FILE, "log.1.jsonl"};

bool log_paths_init(struct log_paths *paths)
{
    struct buf directory = {0};
    if (!config_state_directory(&directory)) {
        buf_release(&directory);
        return false;
    }
    for (unsigned i = 0; i < LOG_FILES; i++)
        paths->path[i] = buf_format("%s/%s", buf_text(&directory), log_files[i]);
    paths->directory = buf_take(&directory);
    return true;
}

void log_paths_release(struct log_paths *paths)
{
    free(paths->directory);
    for (unsigned i = 0; i < LOG_FILES; i++)
        free(paths->path[i]);
}

bool log_fail_link(const char *what, const char *path, enum fail_cause cause, struct fail *fail)
{
    struct stat st;
    /* A path with a loop of links has the same errno. */
    if (errno != ELOOP)
        return false;
    bool is_link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
    errno = ELOOP;
    if (!is_link)
        return false;
    char *hint = fail_command_hint("rm", path);
    fail_set_hint(fail, cause, hint, "cannot %s %s: it is a symbolic link", what, path);
    free(hint);
    return true;
}
