/* SPDX-License-Identifier: MIT */
#include "state/log_files.h"

#include "core/buf.h"
#include "settings/config.h"

#include <stdlib.h>

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
