/* SPDX-License-Identifier: MIT */
#include "state/log_change.h"

#include "core/xmalloc.h"
#include "state/log_files.h"
#include "state/log_reader.h"
#include "state/store.h"
#include "system/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The longest wait for the lock. */
enum { CHANGE_SECONDS = 10 };

/* As store_lock, but -1 with *fail. */
static int lock_for_change(const struct log_paths *paths, bool *unsupported, struct fail *fail)
{
    int lock = store_lock(LOG_LOCK, CHANGE_SECONDS * INT64_C(1000000), unsupported);
    if (lock >= 0)
        return lock;
    if (errno == ETIMEDOUT)
        return fail_set(fail, FAIL_CREATE, "cannot change %s: locked by another process",
                        paths->path[0]);
    return sys_fail(fail, FAIL_CREATE, "cannot change %s", paths->path[0]);
}

static int copy_range(int from, off_t begin, off_t end, int to)
{
    enum { CHUNK = 64 << 10 };
    char *chunk = xmalloc(CHUNK);
    int result = 0;
    while (result == 0 && begin < end) {
        size_t want = end - begin < CHUNK ? (size_t)(end - begin) : CHUNK;
        ssize_t n = sys_pread_all(from, chunk, want, begin);
        result = n < 0 ? -1 : sys_write_all(to, chunk, (size_t)n, NULL);
        begin = n < (ssize_t)want ? end : begin + n;
    }
    int saved = errno;
    free(chunk);
    errno = saved;
    return result;
}

static int compare_places(const void *a, const void *b)
{
    const struct log_place *one = a, *other = b;
    if (one->file != other->file)
        return one->file < other->file ? -1 : 1;
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

/* Copies the file without the entries at `places`, which are sorted and in this file. -1 with
   errno. */
static int copy_others(int from, int to, const struct log_place *places, size_t count)
{
    struct stat st;
    off_t at = 0;
    int result = fstat(from, &st);
    for (size_t i = 0; i < count && result == 0; i++) {
        result = copy_range(from, at, places[i].offset, to);
        at = places[i].offset + (off_t)places[i].len + 1;
    }
    return result == 0 ? copy_range(from, at, st.st_size, to) : -1;
}

static int remove_entries(const char *path, const struct log_place *places, size_t count)
{
    struct sys_replacement r;
    int from = sys_open_private(path, O_RDONLY);
    if (from < 0)
        return -1;
    int result = sys_replace_begin(&r, path);
    if (result == 0 && copy_others(from, r.fd, places, count) == 0)
        result = sys_replace_commit(&r);
    else if (result == 0) {
        sys_replace_abort(&r);
        result = -1;
    }
    int saved = errno;
    close(from);
    errno = saved;
    return result;
}

static int delete_places(const struct log_paths *paths, struct log_place *places, size_t count,
                         struct fail *fail)
{
    int result = 0;
    qsort(places, count, sizeof *places, compare_places);
    for (size_t i = 0, next; i < count && result == 0; i = next) {
        for (next = i; next < count && places[next].file == places[i].file;)
            next++;
        const char *path = paths->path[places[i].file];
        if (remove_entries(path, places + i, next - i) != 0)
            result = sys_fail(fail, FAIL_CREATE, "cannot write %s", path);
    }
    return result;
}

/* Requires the lock. */
static int find_and_delete(const struct log_paths *paths, const char *const *ids, size_t count,
                           struct fail *fail)
{
    struct log_place *places = xcalloc(count ? count : 1, sizeof *places);
    struct log_reader *r = log_reader_new(LOG_NEWEST_FIRST, NULL, fail);
    int result = r ? log_find(r, ids, count, places, fail) : -1;
    log_reader_free(r);
    if (result == 0)
        result = delete_places(paths, places, count, fail);
    free(places);
    return result;
}

static int fail_without_home(struct fail *fail)
{
    struct buf ignored = {0};
    int result = store_path(LOG_FILE, &ignored, fail);
    buf_release(&ignored);
    return result;
}

/* Finds the files and locks them. Returns the lock for end_change, or -1 with *fail. *unsupported:
   as store_lock. */
static int begin_change(struct log_paths *paths, bool *unsupported, struct fail *fail)
{
    if (!log_paths_init(paths))
        return fail_without_home(fail);
    int lock = lock_for_change(paths, unsupported, fail);
    if (lock < 0)
        log_paths_release(paths);
    return lock;
}

static void end_change(struct log_paths *paths, int lock)
{
    close(lock);
    log_paths_release(paths);
}

/* Requires the lock. */
static void clean_files(const struct log_paths *paths)
{
    for (unsigned i = 0; i < LOG_FILES; i++)
        sys_replace_clean(paths->path[i]);
}

int log_delete(const char *const *ids, size_t count, struct fail *fail)
{
    struct log_paths paths;
    bool unsupported = false;
    int lock = begin_change(&paths, &unsupported, fail);
    if (lock < 0)
        return -1;
    if (!unsupported)
        clean_files(&paths);
    int result = find_and_delete(&paths, ids, count, fail);
    end_change(&paths, lock);
    return result;
}

/* Removes a file and its temporary files, also without a lock: they contain what is to be removed.
   A process that is writing one of them fails. */
static int remove_file(const char *path, struct fail *fail)
{
    sys_replace_clean(path);
    if (sys_unlink(path) == 0 || errno == ENOENT)
        return 0;
    return sys_fail(fail, FAIL_CREATE, "cannot remove %s", path);
}

/* Requires the lock. Removes all files even if one of them cannot be removed. */
static int remove_all(const struct log_paths *paths, struct fail *fail)
{
    char *history = buf_format("%s/%s", paths->directory, HISTORY_FILE);
    int result = 0;
    for (unsigned i = 0; i < LOG_FILES; i++)
        if (remove_file(paths->path[i], fail) != 0)
            result = -1;
    if (remove_file(history, fail) != 0)
        result = -1;
    free(history);
    return result;
}

int log_clear(struct fail *fail)
{
    struct log_paths paths;
    bool unsupported = false;
    int lock = begin_change(&paths, &unsupported, fail);
    if (lock < 0)
        return -1;
    int result = remove_all(&paths, fail);
    end_change(&paths, lock);
    return result;
}
