/* SPDX-License-Identifier: MIT */
#include "settings/config.h"

#include "system/system.h"
#include "json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_MAX = 1 << 20 };

/* Base directories as the XDG specification has them: a relative one is to be ignored. */
static bool put_directory(struct buf *out, const char *variable, const char *below_home)
{
    const char *base = getenv(variable), *home = getenv("HOME");
    if (base && base[0] == '/')
        buf_printf(out, "%s/sigmasight-chat", base);
    else if (home && home[0] == '/')
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

/* A file under inspection. The whole of it is checked, also the profiles that are not used. */
struct config {
    struct settings *settings;
    struct settings checked; /* takes what is only looked at */
    struct json_reader *json;
    struct span text;
    const char *path;
    const char *profile; /* NULL for none */
    bool profile_found;
    struct fail *fail;
};

static int fail_at(struct config *c, size_t offset, const char *why)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset && i < c->text.len; i++) {
        column = c->text.at[i] == '\n' ? 1 : column + 1;
        line += c->text.at[i] == '\n';
    }
    return fail_set(c->fail, FAIL_CONFIG, "%s:%zu:%zu: %s", c->path, line, column, why);
}

/* Where a member begins, in the file or in what is corrected of it. */
static size_t place_of(const struct config *c, const struct json_member *m)
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
        return value == JSON_NUMBER || value == JSON_STRING;
    case OPTION_LIST:
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
        return "a number or a string such as \"64M\"";
    case OPTION_LIST:
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

/* One value to the settings. Complains at the place of `m`. */
static void set_one(struct config *c, struct settings *to, const struct option_row *row,
                    struct span text, enum origin origin, const struct json_member *m)
{
    struct fail why = FAIL_INIT;
    struct buf value = {0};
    buf_span(&value, text);
    if (text.len && memchr(text.at, '\0', text.len))
        fail_set(&why, FAIL_CONFIG, "%s: a NUL character", row->name);
    else
        settings_set(to, row->name, buf_text(&value), origin, row->name, &why);
    if (fail_is_set(&why))
        fail_at(c, place_of(c, m), why.message);
    fail_release(&why);
    buf_release(&value);
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
        fail_at(t->config, place_of(t->config, t->place), "the array must hold strings");
}

static void set_list(struct config *c, struct settings *to, const struct option_row *row,
                     enum origin origin, const struct json_member *m)
{
    json_read_array(m->value.raw, set_element, &(struct element_target){c, to, row, origin, m});
}

static void take_value(struct config *c, struct settings *to, const struct option_row *row,
                       enum origin origin, const struct json_member *m)
{
    if (m->value.type == JSON_ARRAY)
        set_list(c, to, row, origin, m);
    else
        set_one(c, to, row, m->value.type == JSON_STRING ? m->value.string : m->value.raw, origin,
                m);
}

/* A key with a setting's name, in the file itself or in a profile. */
static void take_setting(struct config *c, struct settings *to, enum origin origin,
                         const struct json_member *m)
{
    const struct option_row *row = row_of_key(m->key);
    if (row && type_fits(row->type, m->value.type)) {
        take_value(c, to, row, origin, m);
        return;
    }
    struct buf why = {0};
    struct span key = json_key_before(m->value.raw);
    if (row)
        buf_printf(&why, "%s must be %s", row->name, type_name(row->type));
    else
        buf_printf(&why, "unknown key %.*s; keys are named as the long options", (int)key.len,
                   key.at);
    fail_at(c, place_of(c, m), buf_text(&why));
    buf_release(&why);
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
    bool used = c->profile && span_is(m->key, c->profile);
    struct profile_target target = {c, used ? c->settings : &c->checked};
    if (m->value.type == JSON_OBJECT)
        json_read_object(m->value.raw, take_profile_setting, &target);
    else
        fail_at(c, place_of(c, m), "a profile must be an object");
    c->profile_found = c->profile_found || used;
}

static void take_member(void *arg, const struct json_member *m)
{
    struct config *c = arg;
    if (!m->key.at)
        return;
    if (!span_is(m->key, "profiles"))
        take_setting(c, c->settings, ORIGIN_FILE, m);
    else if (m->value.type == JSON_OBJECT)
        json_read_object(m->value.raw, take_profile, c);
    else
        fail_at(c, place_of(c, m), "profiles must be an object of profiles");
}

static int parse(struct config *c)
{
    struct json_value top;
    c->json = json_reader_new();
    if (json_walk(c->json, c->text, take_member, c, &top) != 0)
        fail_at(c, json_error_offset(c->json), json_error(c->json));
    else if (top.type != JSON_OBJECT)
        fail_at(c, 0, "not a JSON object");
    json_reader_free(c->json);
    settings_release(&c->checked);
    return fail_is_set(c->fail) ? -1 : 0;
}

/* 1 when there is no file. */
static int read_file(const char *path, struct buf *text, struct fail *fail)
{
    struct stat st;
    int fd = sys_open(path, O_RDONLY, 0);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 1;
    int result = fd < 0 ? -1 : fstat(fd, &st);
    if (result == 0 && (st.st_mode & 022)) {
        result = fail_set(fail, FAIL_CONFIG, "%s: others can write it", path);
        fail_hint_command(fail, "chmod go-w", path);
    } else if (result != 0 || sys_read_all(fd, text) != 0) {
        result = sys_fail(fail, FAIL_CONFIG, "cannot read %s", path);
    } else if (text->full) {
        result = fail_set(fail, FAIL_CONFIG, "%s: larger than 1 MiB", path);
    }
    if (fd >= 0)
        close(fd);
    return result;
}

static int read_config(struct settings *settings, const char *profile, struct fail *fail)
{
    struct buf path = {0}, text;
    buf_init(&text, CONFIG_MAX);
    int result = config_path(&path) ? read_file(buf_text(&path), &text, fail) : 1;
    struct config c = {.settings = settings,
                       .text = buf_view(&text),
                       .path = buf_text(&path),
                       .profile = profile,
                       .fail = fail};
    if (result == 0)
        result = parse(&c);
    if (result >= 0 && profile && !c.profile_found) {
        result = fail_set(fail, FAIL_CONFIG, "no profile '%s'", profile);
        fail_hint(fail, "profiles stand under \"profiles\" in %s",
                  *c.path ? c.path
                          : "the configuration file, and neither XDG_CONFIG_HOME nor HOME says "
                            "where that is");
    }
    buf_release(&path);
    buf_release(&text);
    return result < 0 ? -1 : 0;
}

int config_complete(struct settings *settings, struct fail *fail)
{
    if (settings_from_environment(settings, fail) != 0 ||
        read_config(settings, setting_text(settings, OPT_PROFILE), fail) != 0)
        return -1;
    settings_default(settings);
    return 0;
}
