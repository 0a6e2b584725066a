/* SPDX-License-Identifier: MIT */
#include "state/log.h"

#include "core/utf8.h"
#include "state/lines.h"
#include "state/log_files.h"
#include "state/store.h"
#include "system/system.h"
#include "json/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The longest wait for the lock. */
enum { APPEND_SECONDS = 1 };

void log_put_time(struct buf *out, int64_t ms)
{
    char text[SYS_UTC_TIME];
    sys_utc_time(ms / 1000, text);
    buf_printf(out, "%s.%03dZ", text, (int)(ms % 1000));
}

struct entry_writer {
    struct buf *out;
    bool is_complete; /* nothing was left out */
};

static void put_bounded(struct entry_writer *w, const char *key, struct span text, size_t max)
{
    struct span cut = utf8_cut(text, max);
    w->is_complete = w->is_complete && cut.len == text.len;
    if (text.at)
        json_put_text(w->out, key, cut);
    else
        json_put_text_or_null(w->out, key, NULL);
}

static void put_array(struct entry_writer *w, const char *key, struct span json)
{
    json_put_key(w->out, key);
    if (json.len)
        json_put_raw(w->out, json);
    else
        buf_puts(w->out, "[]");
}

static void put_json_number(struct entry_writer *w, const char *key, struct span json)
{
    bool fits = json.len <= LOG_NUMBER_MAX;
    w->is_complete = w->is_complete && fits;
    json_put_key(w->out, key);
    if (json.len && fits)
        json_put_raw(w->out, json);
    else
        buf_puts(w->out, "null");
}

static void put_entry(struct buf *out, const struct log_entry *e, uint32_t id)
{
    struct entry_writer w = {out, !e->truncated};
    char digits[LOG_ID + 1];
    snprintf(digits, sizeof digits, "%08x", (unsigned)id);
    buf_byte(out, '{');
    json_put_int(out, "schema", LOG_SCHEMA);
    put_bounded(&w, "id", span_of(digits), LOG_NAME_MAX);
    put_bounded(&w, "time", e->time, LOG_NAME_MAX);
    put_bounded(&w, "url", e->url, LOG_TEXT_MAX);
    put_bounded(&w, "profile", e->profile, LOG_TEXT_MAX);
    put_bounded(&w, "conversation_id", e->conversation_id, LOG_NAME_MAX);
    put_bounded(&w, "message_id", e->message_id, LOG_NAME_MAX);
    put_bounded(&w, "mode", e->mode, LOG_NAME_MAX);
    put_bounded(&w, "model", e->model, LOG_NAME_MAX);
    put_array(&w, "portfolio", e->portfolio);
    put_bounded(&w, "question", e->question, LOG_TEXT_MAX);
    put_bounded(&w, "text", e->text, LOG_TEXT_MAX);
    put_array(&w, "tools", e->tools);
    put_bounded(&w, "status", e->status, LOG_NAME_MAX);
    json_put_int(out, "exit_code", e->exit_code);
    put_json_number(&w, "total_tokens", e->total_tokens);
    put_json_number(&w, "latency_ms", e->latency_ms);
    json_put_key(out, "truncated");
    buf_puts(out, w.is_complete ? "false}\n" : "true}\n");
}

/* Renames a file that is larger than `max_size`, unless that is 0. -1 with errno. */
static int rotate(const struct log_paths *paths, int64_t max_size)
{
    struct stat st;
    bool is_large =
        max_size && lstat(paths->path[0], &st) == 0 && S_ISREG(st.st_mode) && st.st_size > max_size;
    return is_large ? sys_rename(paths->path[0], paths->path[1]) : 0;
}

/* -1 with errno. */
static int append_to(const struct log_paths *paths, struct span line, int64_t max_size, bool locked,
                     bool *first)
{
    const char *path = paths->path[0];
    bool was_empty;
    if (locked && rotate(paths, max_size) != 0)
        return -1;
    int result = lines_append(path, line, locked, &was_empty);
    if (result != 0 && errno == ENOENT && sys_make_directories(paths->directory) == 0)
        result = lines_append(path, line, locked, &was_empty);
    *first = result == 0 && was_empty && access(paths->path[1], F_OK) != 0;
    return result;
}

int log_append(const struct log_entry *entry, int64_t max_size, bool wait, bool *first,
               struct fail *fail)
{
    struct log_paths paths;
    struct buf line = {0};
    bool unsupported = false;
    *first = false;
    if (!log_paths_init(&paths))
        return 1;
    buf_byte(&line, '\n'); /* see lines_append */
    put_entry(&line, entry, sys_random());
    int lock = wait ? store_lock(LOG_LOCK, APPEND_SECONDS * INT64_C(1000000), &unsupported) : -1;
    int result = append_to(&paths, buf_view(&line), max_size, lock >= 0 && !unsupported, first);
    if (result != 0 && !log_fail_link("write", paths.path[0], FAIL_CREATE, fail))
        fail_errno(fail, FAIL_CREATE, errno, "cannot write %s", paths.path[0]);
    if (lock >= 0)
        close(lock);
    buf_release(&line);
    log_paths_release(&paths);
    return result;
}

int log_check(int64_t *size, struct fail *fail)
{
    struct log_paths paths;
    struct stat st;
    int result = 0;
    *size = 0;
    if (!log_paths_init(&paths))
        return 0;
    int fd = lines_open(paths.path[0], O_WRONLY, &st);
    bool is_absent = fd < 0 && errno == ENOENT;
    if (is_absent ? access(paths.directory, W_OK | X_OK) != 0 && errno != ENOENT : fd < 0)
        result = log_fail_link("write", paths.path[0], FAIL_CREATE, fail)
                     ? -1
                     : sys_fail(fail, FAIL_CREATE, "cannot write %s", paths.path[0]);
    if (fd >= 0)
        close(fd);
    for (unsigned i = 0; i < LOG_FILES; i++)
        *size += stat(paths.path[i], &st) == 0 ? (int64_t)st.st_size : 0;
    log_paths_release(&paths);
    return result;
}
