/* SPDX-License-Identifier: MIT */
#include "settings/config.h"

#include "core/utf8.h"
#include "core/xmalloc.h"
#include "settings/suggest.h"
#include "system/system.h"
#include "json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_MAX = 1 << 20 };

/* An absolute path in an environment variable; NULL for anything else. */
static const char *find_directory(const char *variable)
{
    const char *path = getenv(variable);
    return path && path[0] == '/' ? path : NULL;
}

/* A base directory of the XDG specification, which requires relative paths to be ignored. */
static bool put_directory(struct buf *out, const char *variable, const char *below_home)
{
    const char *base = find_directory(variable), *home = find_directory("HOME");
    if (base)
        buf_printf(out, "%s/sigmasight-chat", base);
    else if (home)
        buf_printf(out, "%s/%s/sigmasight-chat", home, below_home);
    else
        return false;
    return true;
}

bool config_path(struct buf *out)
{
    bool found = put_directory(out, "XDG_CONFIG_HOME", ".config");
    if (found)
        buf_puts(out, "/config.json");
    return found;
}

bool config_state_directory(struct buf *out)
{
    return put_directory(out, "XDG_STATE_HOME", ".local/state");
}

/* The file being read. */
struct config {
    struct settings *settings;
    struct settings unused; /* receives the settings of other profiles, which are only checked */
    struct json_reader *json;
    struct span text;
    const char *path;
    const char *profile; /* NULL for none */
    bool profile_found;
    struct buf *warnings;
    struct fail *fail;
};

/* The offset after the comment that begins at `start`; 0 if it is none or has no end. */
static size_t find_comment_end(const char *text, size_t start, size_t len)
{
    size_t i = start + 2;
    if (i > len || (text[start + 1] != '/' && text[start + 1] != '*'))
        return 0;
    if (text[start + 1] == '/') {
        while (i < len && text[i] != '\n')
            i++;
        return i;
    }
    while (i + 1 < len && !(text[i] == '*' && text[i + 1] == '/'))
        i++;
    return i + 1 < len ? i + 2 : 0;
}

/* Replaces comments by spaces, outside strings, so that offsets stay valid. Returns the offset of
   an invalid comment, or the length of the text. */
static size_t blank_comments(char *text, size_t len)
{
    bool string = false;
    for (size_t i = 0; i < len; i++) {
        if (string && text[i] == '\\') {
            i++;
        } else if (text[i] == '"') {
            string = !string;
        } else if (!string && text[i] == '/') {
            size_t end = find_comment_end(text, i, len);
            if (!end)
                return i;
            for (; i < end; i++)
                text[i] = text[i] == '\n' ? '\n' : ' ';
            i--;
        }
    }
    return len;
}

/* FILE:LINE:COLUMN */
static void put_place(const struct config *c, size_t offset, struct buf *out)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset && i < c->text.len; i++) {
        column = c->text.at[i] == '\n' ? 1 : column + 1;
        line += c->text.at[i] == '\n';
    }
    buf_printf(out, "%s:%zu:%zu", c->path, line, column);
}

static int fail_at(struct config *c, size_t offset, const char *why)
{
    struct buf place = {0};
    put_place(c, offset, &place);
    fail_set_hint(c->fail, FAIL_CONFIG, "run 'sigmasight-chat config edit' to correct it", "%s: %s",
                  buf_text(&place), why);
    buf_release(&place);
    return -1;
}

/* The offset of a member's key. */
static size_t key_offset(const struct config *c, const struct json_member *m)
{
    return json_offset(c->json, json_key_before(m->value.raw).at);
}

static bool type_fits(enum option_type option, enum json_type value)
{
    switch (option) {
    case OPTION_FLAG:
        return value == JSON_TRUE || value == JSON_FALSE;
    case OPTION_NUMBER:
    case OPTION_SECONDS:
        return value == JSON_NUMBER;
    case OPTION_BYTES:
    case OPTION_SIZE:
        return value == JSON_NUMBER || value == JSON_STRING;
    case OPTION_LIST:
    case OPTION_HEADER:
        return value == JSON_STRING || value == JSON_ARRAY;
    default:
        return value == JSON_STRING;
    }
}

static const char *type_name(enum option_type option)
{
    switch (option) {
    case OPTION_FLAG:
        return "true or false";
    case OPTION_NUMBER:
    case OPTION_SECONDS:
        return "a number";
    case OPTION_BYTES:
    case OPTION_SIZE:
        return "a number or a string such as \"64M\"";
    case OPTION_LIST:
    case OPTION_HEADER:
        return "a string or an array of strings";
    default:
        return "a string";
    }
}

static const struct option_row *row_of_key(struct span key)
{
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (option_row(id)->in_file && span_is(key, option_row(id)->name))
            return option_row(id);
    return NULL;
}

/* Sets one value; a failure is reported at the place of `m`. */
static void set_one(struct config *c, struct settings *to, const struct option_row *row,
                    struct span text, enum origin origin, const struct json_member *m)
{
    struct fail why = FAIL_INIT;
    struct buf value = {0};
    const char *home = find_directory("HOME");
    if (row->type == OPTION_FILE && home && text.len > 1 && memcmp(text.at, "~/", 2) == 0) {
        buf_puts(&value, home);
        text = span_make(text.at + 1, text.len - 1);
    }
    buf_span(&value, text);
    if (text.len && memchr(text.at, '\0', text.len))
        fail_set(&why, FAIL_CONFIG, "%s: contains a NUL character", row->name);
    else
        settings_set(to, row->name, buf_text(&value), origin, row->name, &why);
    if (fail_is_set(&why))
        fail_at(c, key_offset(c, m), why.message);
    fail_release(&why);
    buf_release(&value);
}

static void fail_type(struct config *c, const struct option_row *row, const struct json_member *m)
{
    struct buf why = {0};
    buf_printf(&why, "%s must be %s", row->name, type_name(row->type));
    fail_at(c, key_offset(c, m), buf_text(&why));
    buf_release(&why);
}

struct element_target {
    struct config *config;
    struct settings *to;
    const struct option_row *row;
    enum origin origin;
    const struct json_member *place;
};

static void set_element(void *arg, const struct json_member *m)
{
    struct element_target *t = arg;
    if (m->value.type == JSON_STRING)
        set_one(t->config, t->to, t->row, m->value.string, t->origin, t->place);
    else
        fail_type(t->config, t->row, t->place);
}

static void set_list(struct config *c, struct settings *to, const struct option_row *row,
                     enum origin origin, const struct json_member *m)
{
    json_read_array(m->value.raw, set_element, &(struct element_target){c, to, row, origin, m});
}

static void take_value(struct config *c, struct settings *to, const struct option_row *row,
                       enum origin origin, const struct json_member *m)
{
    settings_begin_list(to, row, origin);
    if (m->value.type == JSON_ARRAY)
        set_list(c, to, row, origin, m);
    else
        set_one(c, to, row, m->value.type == JSON_STRING ? m->value.string : m->value.raw, origin,
                m);
}

static bool is_option_without_key(struct span key)
{
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (!option_row(id)->in_file && span_is(key, option_row(id)->name))
            return true;
    return false;
}

/* The known key that is most similar, or NULL. */
static const char *suggest_key(struct span key, enum origin origin)
{
    const char *names[OPT_COUNT + 2];
    size_t count = 0;
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (option_row(id)->in_file && id != OPT_HIGHLIGHT)
            names[count++] = option_row(id)->name;
    if (origin == ORIGIN_FILE)
        names[count++] = "profiles";
    names[count] = NULL;
    return suggest_name(key, names);
}

static void fail_key(struct config *c, enum origin origin, const struct json_member *m)
{
    struct buf why = {0};
    struct span key = json_key_before(m->value.raw);
    const char *name = suggest_key(m->key, origin);
    buf_printf(&why, "unknown key %.*s", (int)key.len, key.at);
    if (is_option_without_key(m->key))
        buf_puts(&why, ": it is an option for a single call");
    else if (name)
        buf_printf(&why, ": did you mean %s?", name);
    else
        buf_puts(&why, "; keys are named like long options");
    fail_at(c, key_offset(c, m), buf_text(&why));
    buf_release(&why);
}

static void warn_of_highlight(struct config *c, const struct json_member *m)
{
    struct buf place = {0};
    put_place(c, key_offset(c, m), &place);
    buf_printf(c->warnings, "%s: highlight is obsolete, use render\n", buf_text(&place));
    buf_release(&place);
}

/* A key other than "profiles", at the top level or in a profile. */
static void take_setting(struct config *c, struct settings *to, enum origin origin,
                         const struct json_member *m)
{
    const struct option_row *row = row_of_key(m->key);
    if (!row) {
        fail_key(c, origin, m);
        return;
    }
    if (row->id == OPT_HIGHLIGHT)
        warn_of_highlight(c, m);
    if (type_fits(row->type, m->value.type))
        take_value(c, to, row, origin, m);
    else
        fail_type(c, row, m);
}

struct profile_target {
    struct config *config;
    struct settings *to;
};

static void take_profile_setting(void *arg, const struct json_member *m)
{
    struct profile_target *t = arg;
    take_setting(t->config, t->to, ORIGIN_PROFILE, m);
}

static void take_profile(void *arg, const struct json_member *m)
{
    struct config *c = arg;
    struct fail *failure = c->fail, mistake = FAIL_INIT;
    bool used = c->profile && span_is(m->key, c->profile);
    struct profile_target target = {c, used ? c->settings : &c->unused};
    if (!used)
        c->fail = &mistake;
    if (m->value.type == JSON_OBJECT)
        json_read_object(m->value.raw, take_profile_setting, &target);
    else
        fail_at(c, key_offset(c, m), "a profile must be an object");
    if (fail_is_set(&mistake))
        buf_printf(c->warnings, "%s\n", mistake.message);
    fail_release(&mistake);
    c->fail = failure;
    c->profile_found = c->profile_found || used;
}

static void read_config_member(void *arg, const struct json_member *m)
{
    struct config *c = arg;
    if (!m->key.at)
        return;
    if (!span_is(m->key, "profiles"))
        take_setting(c, c->settings, ORIGIN_FILE, m);
    else if (m->value.type == JSON_OBJECT)
        json_read_object(m->value.raw, take_profile, c);
    else
        fail_at(c, key_offset(c, m), "profiles must be an object of profiles");
}

static int parse_config(struct config *c)
{
    struct json_value top;
    c->json = json_reader_new();
    if (json_walk(c->json, c->text, read_config_member, c, &top) != 0)
        fail_at(c, json_error_offset(c->json), json_error(c->json));
    else if (top.type != JSON_OBJECT)
        fail_at(c, 0, "not a JSON object");
    json_reader_free(c->json);
    settings_release(&c->unused);
    return fail_is_set(c->fail) ? -1 : 0;
}

/* Others must not be able to change the file: it can name a token_command. */
static int check_owner(const struct stat *st, const char *path, struct fail *fail)
{
    const char *why = sys_distrust(st);
    if (!why)
        return 0;
    char *hint = st->st_uid == geteuid() ? fail_command_hint("chmod go-w", path) : NULL;
    fail_set_hint(fail, FAIL_CONFIG, hint, "%s: %s", path, why);
    free(hint);
    return -1;
}

static int check_directory(const char *path, struct fail *fail)
{
    struct stat st;
    const char *slash = strrchr(path, '/');
    char *directory = slash > path ? xmemdup(path, (size_t)(slash - path)) : xstrdup("/");
    int result = stat(directory, &st) != 0
                     ? sys_fail(fail, FAIL_CONFIG, "cannot read %s", directory)
                     : check_owner(&st, directory, fail);
    free(directory);
    return result;
}

static int check_config_file(int fd, const char *path, struct fail *fail)
{
    struct stat st;
    char *target = realpath(path, NULL);
    int result = fstat(fd, &st);
    if (result != 0 || !target)
        result = sys_fail(fail, FAIL_CONFIG, "cannot read %s", path);
    else if (!S_ISREG(st.st_mode))
        result = fail_set(fail, FAIL_CONFIG, "%s: not a regular file", path);
    else if (check_owner(&st, path, fail) != 0 || check_directory(path, fail) != 0 ||
             check_directory(target, fail) != 0)
        result = -1;
    free(target);
    return result;
}

/* 1 if there is no file. */
static int read_config_file(const char *path, struct buf *text, struct fail *fail)
{
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? 1
                   : sys_fail(fail, FAIL_CONFIG, "cannot read %s", path);
    int result = check_config_file(fd, path, fail);
    if (result == 0 && sys_read_all(fd, text) != 0)
        result = sys_fail(fail, FAIL_CONFIG, "cannot read %s", path);
    else if (text->full)
        result = fail_set(fail, FAIL_CONFIG, "%s: larger than 1 MiB", path);
    close(fd);
    return result;
}

static int parse_text(struct config *c, struct buf *text)
{
    size_t end = blank_comments(text->data, text->len);
    c->text = utf8_skip_mark(buf_view(text));
    if (end < text->len)
        return fail_at(c, end - (text->len - c->text.len), "invalid comment");
    return parse_config(c);
}

static int refuse_profile(const char *profile, const char *path, struct fail *fail)
{
    struct buf hint = {0};
    if (*path)
        buf_printf(&hint, "profiles are listed under \"profiles\" in %s", path);
    else
        buf_puts(&hint, "the configuration file needs XDG_CONFIG_HOME or HOME");
    fail_set_hint(fail, FAIL_CONFIG, buf_text(&hint), "no profile '%s'", profile);
    buf_release(&hint);
    return -1;
}

static int read_config(struct settings *settings, struct buf *warnings, struct fail *fail)
{
    struct buf path = {0}, text;
    buf_init(&text, CONFIG_MAX);
    int result = config_path(&path) ? read_config_file(buf_text(&path), &text, fail) : 1;
    struct config c = {.settings = settings,
                       .path = buf_text(&path),
                       .profile = setting_text(settings, OPT_PROFILE),
                       .warnings = warnings,
                       .fail = fail};
    if (result == 0)
        result = parse_text(&c, &text);
    if (result >= 0 && c.profile && !c.profile_found)
        result = refuse_profile(c.profile, c.path, fail);
    buf_release(&path);
    buf_release(&text);
    return result < 0 ? -1 : 0;
}

/* Of quiet and verbose, the one of higher precedence disables the other. */
static void disable_flag(struct settings *settings, enum option_id id, enum option_id other)
{
    struct setting *flag = &settings->of[id];
    enum origin origin = settings->of[other].origin;
    if (!setting_is(settings, id) || !setting_is(settings, other) || flag->origin >= origin)
        return;
    flag->count = 0;
    flag->origin = origin;
}

int config_complete(struct settings *settings, struct buf *warnings, struct fail *fail)
{
    if (settings_from_environment(settings, fail) != 0 ||
        read_config(settings, warnings, fail) != 0)
        return -1;
    disable_flag(settings, OPT_QUIET, OPT_VERBOSE);
    disable_flag(settings, OPT_VERBOSE, OPT_QUIET);
    settings_default(settings);
    return 0;
}
