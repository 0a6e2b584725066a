/* SPDX-License-Identifier: MIT */
#include "state/store.h"

#include "settings/config.h"
#include "system/system.h"
#include "json/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STORE_MAX = 1 << 22, /* bytes */
    STORE_VERSION = 1,
    LOCK_SECONDS = 10
};

int store_path(const char *name, struct buf *out, struct fail *fail)
{
    if (!config_state_directory(out))
        return fail_set(fail, FAIL_CONFIG,
                        "no directory for %s: neither XDG_STATE_HOME nor HOME is set", name);
    buf_printf(out, "/%s", name);
    return 0;
}

static int fail_store(const char *path, const char *why, const char *command, struct fail *fail)
{
    char *hint = fail_command_hint(command, path);
    fail_set_hint(fail, FAIL_CONFIG, hint, "%s: %s", path, why);
    free(hint);
    return -1;
}

static int check_store_file(int fd, const char *path, struct fail *fail)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sys_fail(fail, FAIL_CONFIG, "cannot read %s", path);
    if (!S_ISREG(st.st_mode))
        return fail_store(path, "not a regular file", "rm -r", fail);
    if (st.st_uid != geteuid())
        return fail_store(path, "owned by another user", "rm", fail);
    if (st.st_mode & 077)
        return fail_store(path, "readable by others", "chmod 600", fail);
    return 0;
}

/* A missing file counts as empty. */
static int read_store_file(const char *path, struct buf *text, struct fail *fail)
{
    buf_init(text, STORE_MAX);
    int fd = sys_open_private(path, O_RDONLY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0 && errno == ELOOP)
        return fail_store(path, "is a symbolic link", "rm", fail);
    if (fd < 0)
        return sys_fail(fail, FAIL_CONFIG, "cannot read %s", path);
    int result = check_store_file(fd, path, fail);
    if (result == 0 && sys_read_all(fd, text) != 0)
        result = sys_fail(fail, FAIL_CONFIG, "cannot read %s", path);
    close(fd);
    return result;
}

/* The contents of a file, which may hold secrets. */
struct loaded {
    struct store_key key; /* of the wanted entry */
    struct buf text;
    struct json_reader *reader;
    int64_t version;
    bool has_entries;                /* `entries` is an array */
    bool profile_equals, url_equals; /* of the entry being read */
    struct span found;               /* the wanted entry, in `text` or in the reader */
    struct buf others;               /* the other entries, as JSON array elements */
};

static void compare(void *arg, const struct json_member *m)
{
    struct loaded *l = arg;
    if (span_is(m->key, "profile"))
        l->profile_equals = l->key.profile ? m->value.type == JSON_STRING &&
                                                 span_is(m->value.string, l->key.profile)
                                           : m->value.type == JSON_NULL;
    else if (span_is(m->key, "url"))
        l->url_equals = m->value.type == JSON_STRING && span_is(m->value.string, l->key.url);
}

static void scan_entry(void *arg, const struct json_member *m)
{
    struct loaded *l = arg;
    l->profile_equals = l->url_equals = false;
    json_read_object(m->value.raw, compare, l);
    if (l->profile_equals && l->url_equals) {
        l->found = m->value.raw;
    } else {
        if (l->others.len)
            buf_puts(&l->others, ",\n");
        buf_span(&l->others, m->value.raw);
    }
}

static void read_store_member(void *arg, const struct json_member *m)
{
    struct loaded *l = arg;
    if (span_is(m->key, "version"))
        json_to_int64(&m->value, &l->version);
    else if (span_is(m->key, "entries"))
        l->has_entries = json_read_array(m->value.raw, scan_entry, l) == 0;
}

static int refuse_newer(const char *path, struct fail *fail)
{
    return fail_set_hint(fail, FAIL_CONFIG, "update this program, or remove the file",
                         "%s: written by a newer version of the program", path);
}

/* Call `unload` also after a failure. */
static int load(struct loaded *l, const char *path, struct store_key key, struct fail *fail)
{
    struct json_value top;
    *l = (struct loaded){.key = key, .reader = json_reader_new()};
    if (read_store_file(path, &l->text, fail) != 0)
        return -1;
    if (l->text.len == 0)
        return 0;
    /* Reserve the final size: a reallocation would leave a copy behind that is not wiped. An
       element has at least two bytes, and its separator may grow by one. */
    buf_reserve(&l->others, 2 * l->text.len);
    bool is_object = json_walk(l->reader, buf_view(&l->text), read_store_member, l, &top) == 0 &&
                     top.type == JSON_OBJECT;
    if (is_object && l->version > STORE_VERSION)
        return refuse_newer(path, fail);
    if (!is_object || l->version != STORE_VERSION || !l->has_entries)
        return fail_store(path, "damaged", "rm", fail);
    return 0;
}

static void unload(struct loaded *l)
{
    json_reader_free(l->reader);
    buf_wipe(&l->others);
    buf_wipe(&l->text);
}

struct member_filter {
    json_member_fn *take;
    void *arg;
};

/* The program stores no U+0000: in a C string the value would be cut. */
static void pass_without_nul(void *arg, const struct json_member *m)
{
    const struct member_filter *members = arg;
    if (m->value.type != JSON_STRING || !memchr(m->value.string.at, '\0', m->value.string.len))
        members->take(members->arg, m);
}

int store_get(const char *name, struct store_key key, json_member_fn *take, void *arg,
              struct fail *fail)
{
    struct buf path = {0};
    struct loaded file;
    /* Without a home directory nothing can have been stored. */
    if (!config_state_directory(&path))
        return 0;
    buf_printf(&path, "/%s", name);
    int result = load(&file, buf_text(&path), key, fail);
    if (result == 0 && file.found.len)
        json_read_object(file.found, pass_without_nul, &(struct member_filter){take, arg});
    unload(&file);
    buf_release(&path);
    return result;
}

int store_check(const char *name, struct fail *fail)
{
    struct buf path = {0};
    struct loaded file = {0};
    int result = store_path(name, &path, fail);
    if (result == 0)
        result = load(&file, buf_text(&path), (struct store_key){NULL, ""}, fail);
    if (result == 0 && file.text.len == 0)
        result = 1;
    unload(&file);
    buf_release(&path);
    return result;
}

static void put_store(struct buf *out, const struct loaded *l, struct span members)
{
    /* Reserve the final size, as in load(). An escaped byte takes at most six bytes. */
    buf_reserve(out, 256 + l->others.len + members.len +
                         6 * (span_of(l->key.profile).len + span_of(l->key.url).len));
    buf_printf(out, "{\"version\":%d,\"entries\":[\n", STORE_VERSION);
    buf_span(out, buf_view(&l->others));
    if (members.len) {
        buf_puts(out, l->others.len ? ",\n{\"profile\":" : "{\"profile\":");
        if (l->key.profile)
            json_put_string(out, span_of(l->key.profile));
        else
            buf_puts(out, "null");
        json_put_text(out, "url", span_of(l->key.url));
        buf_byte(out, ',');
        buf_span(out, members);
        buf_byte(out, '}');
    }
    buf_puts(out, "\n]}\n");
}

struct member_search {
    const struct store_member *wanted;
    bool found;
};

static void search_member(void *arg, const struct json_member *m)
{
    struct member_search *search = arg;
    if (span_is(m->key, search->wanted->name))
        search->found =
            m->value.type == JSON_STRING && span_is(m->value.string, search->wanted->value);
}

static bool entry_has(struct span entry, const struct store_member *wanted)
{
    struct member_search search = {.wanted = wanted};
    if (entry.len)
        json_read_object(entry, search_member, &search);
    return search.found;
}

/* What store_put and store_replace change. */
struct change {
    struct store_key key;
    const struct store_member *old; /* NULL for any */
    struct span members;
};

/* Reads the file, changes the entry and replaces the file. */
static int rewrite(const char *path, const struct change *c, struct fail *fail)
{
    struct buf changed = {0};
    struct loaded file;
    int result = load(&file, path, c->key, fail);
    bool is_wanted =
        c->old ? entry_has(file.found, c->old) : c->members.len > 0 || file.found.len > 0;
    if (result == 0 && is_wanted) {
        put_store(&changed, &file, c->members);
        if (changed.len > STORE_MAX)
            result = fail_set_hint(fail, FAIL_CREATE, "remove the file to begin a new one",
                                   "cannot write %s: larger than %d MiB", path, STORE_MAX >> 20);
        else if (sys_replace_file(path, changed.data, changed.len) != 0)
            result = sys_fail(fail, FAIL_CREATE, "cannot write %s", path);
    }
    buf_wipe(&changed);
    unload(&file);
    return result;
}

int store_lock(const char *name, int64_t timeout_us, bool *unsupported)
{
    struct buf directory = {0}, path = {0};
    int fd = -1;
    if (config_state_directory(&directory)) {
        buf_printf(&path, "%s/%s", buf_text(&directory), name);
        fd = sys_lock(buf_text(&path), timeout_us, unsupported);
        if (fd < 0 && errno == ENOENT && sys_make_directories(buf_text(&directory)) == 0)
            fd = sys_lock(buf_text(&path), timeout_us, unsupported);
    } else {
        errno = ENOENT;
    }
    int saved = errno;
    buf_release(&directory);
    buf_release(&path);
    errno = saved;
    return fd;
}

static int lock_failed(const char *path, struct fail *fail)
{
    if (errno == ETIMEDOUT)
        return fail_set(fail, FAIL_CREATE, "cannot write %s: locked by another process", path);
    return sys_fail(fail, FAIL_CREATE, "cannot write %s", path);
}

static int change_entry(const char *name, const struct change *c, bool *unsupported,
                        struct fail *fail)
{
    struct buf path = {0}, lock = {0};
    bool no_lock = false;
    int result = store_path(name, &path, fail);
    if (result == 0) {
        buf_printf(&lock, "%s.lock", name);
        int fd = store_lock(buf_text(&lock), LOCK_SECONDS * INT64_C(1000000), &no_lock);
        if (fd >= 0 && !no_lock)
            sys_replace_clean(buf_text(&path));
        result = fd < 0 ? lock_failed(buf_text(&path), fail) : rewrite(buf_text(&path), c, fail);
        if (fd >= 0)
            close(fd);
    }
    if (unsupported)
        *unsupported = no_lock;
    buf_release(&path);
    buf_release(&lock);
    return result;
}

int store_put(const char *name, struct store_key key, struct span members, bool *unsupported,
              struct fail *fail)
{
    struct change c = {.key = key, .members = members};
    return change_entry(name, &c, unsupported, fail);
}

int store_replace(const char *name, struct store_key key, struct store_member old,
                  struct span members, struct fail *fail)
{
    struct change c = {.key = key, .old = &old, .members = members};
    return change_entry(name, &c, NULL, fail);
}
