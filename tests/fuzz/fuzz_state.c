/* SPDX-License-Identifier: MIT */
/* Files of the user: the configuration, the stored credentials, a token file. */
#include "api/auth.h"
#include "fuzz.h"
#include "model.h"
#include "settings/config.h"
#include "state/credentials.h"
#include "terminal/escape.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

FUZZ_TARGET("settings.dict", "tests/fuzz/corpus/settings/*");

/* A directory of this process, in memory if possible. */
static struct {
    char root[200];
    char config[300], state[300], token[300];
} files;

static void tidy(void)
{
    char path[320];
    snprintf(path, sizeof path, "%s.lock", files.state);
    unlink(path);
    unlink(files.config);
    unlink(files.state);
    unlink(files.token);
    snprintf(path, sizeof path, "%s/sigmasight-chat", files.root);
    if (rmdir(path) != 0 || rmdir(files.root) != 0)
        fprintf(stderr, "fuzz: cannot remove %s\n", files.root);
}

static void make_place(char *path, size_t size, const char *directory, const char *file)
{
    snprintf(path, size, "%s/%s", files.root, directory);
    mkdir(path, 0700);
    snprintf(path, size, "%s/%s/%s", files.root, directory, file);
}

static void prepare(void)
{
    const char *given = getenv("TMPDIR");
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : given ? given : "/tmp";
    snprintf(files.root, sizeof files.root, "%s/fuzz.XXXXXX", base);
    fuzz_require(mkdtemp(files.root) != NULL, "cannot create a directory in %s", base);
    atexit(tidy);
    umask(077);
    setenv("XDG_CONFIG_HOME", files.root, 1);
    setenv("XDG_STATE_HOME", files.root, 1);
    make_place(files.config, sizeof files.config, "sigmasight-chat", "config.json");
    make_place(files.state, sizeof files.state, "sigmasight-chat", CREDENTIALS_STORE);
    make_place(files.token, sizeof files.token, "sigmasight-chat", "token");
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (option_row(id)->environment)
            unsetenv(option_row(id)->environment);
}

static void write_file(const char *path, struct span in)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fuzz_require(fd >= 0 && write(fd, in.at, in.len) == (ssize_t)in.len && close(fd) == 0,
                 "cannot write %s", path);
}

static void check_fail(struct fail *fail)
{
    static struct buf shown;
    fuzz_require(fail_is_set(fail) && fail->message && *fail->message,
                 "a failure without a message");
    buf_clear(&shown);
    escape_put_line(&shown, span_of(fail->message));
    fuzz_require_harmless(buf_view(&shown), FUZZ_NONE, "a failure");
    fail_release(fail);
}

/* The value of a setting has the type of the setting. */
static void check_settings(const struct settings *settings)
{
    for (enum option_id id = 0; id < OPT_COUNT; id++) {
        const struct option_row *row = option_row(id);
        const struct setting *s = &settings->of[id];
        bool valued = row->type != OPTION_FLAG && row->type != OPTION_LIST;
        if (s->origin == ORIGIN_NONE)
            continue;
        fuzz_require(!valued || s->text, "%s has no value", row->name);
        fuzz_require(row->type != OPTION_CHOICE || option_is_choice(row, s->text), "%s is '%s'",
                     row->name, s->text);
        fuzz_require(s->number >= 0 && s->number < 9e15, "%s is %g", row->name, s->number);
        fuzz_require(setting_number(settings, id) >= 0, "%s is negative", row->name);
        fuzz_require(row->type != OPTION_SECONDS || setting_us(settings, id) >= 0, "%s is negative",
                     row->name);
    }
}

static void read_config(const char *profile)
{
    struct settings settings = {0};
    struct buf warnings = {0};
    struct fail fail = FAIL_INIT;
    if (profile)
        settings_set(&settings, "profile", profile, ORIGIN_COMMAND_LINE, "--profile", &fail);
    if (config_complete(&settings, &warnings, &fail) != 0)
        check_fail(&fail);
    else
        check_settings(&settings);
    settings_release(&settings);
    buf_release(&warnings);
}

/* Stored credentials. */

static void put_members(void *arg, const struct json_member *m)
{
    struct buf *out = arg;
    buf_span(out, m->key);
    buf_byte(out, ' ');
    model_put_value(out, m->value.type, 0, m->value.raw.len, m->value.string);
}

static int get(struct store_key key, struct buf *members)
{
    struct fail fail = FAIL_INIT;
    buf_clear(members);
    int result = store_get(CREDENTIALS_STORE, key, put_members, members, &fail);
    if (result != 0)
        check_fail(&fail);
    return result;
}

static void put(struct store_key key, const char *members)
{
    struct fail fail = FAIL_INIT;
    int result = store_put(CREDENTIALS_STORE, key, span_of(members), NULL, &fail);
    fuzz_require(result == 0, "cannot be stored: %s", fail.message ? fail.message : "no reason");
}

static void check_file(void)
{
    static struct model model;
    static struct buf text;
    int fd = open(files.state, O_RDONLY | O_CLOEXEC);
    buf_clear(&text);
    buf_reserve(&text, 1 << 20);
    ssize_t n = read(fd, text.data, text.cap);
    close(fd);
    fuzz_require(n > 0, "the file does not exist");
    model_clear(&model);
    fuzz_require(!fuzz_is_utf8(span_make(text.data, (size_t)n)) ||
                     model_read(&model, span_make(text.data, (size_t)n)),
                 "the file is not JSON: %.*s", (int)n, text.data);
}

/* Replacing and removing an entry leaves another one unchanged. */
static void change_store(void)
{
    static const struct store_key mine = {NULL, "http://a/api/v1"}, other = {"p", "http://b"};
    static struct buf before, after;
    if (get(mine, &before) != 0)
        return;
    get(other, &before);
    put(mine, "\"token\":\"abc\"");
    check_file();
    fuzz_require(get(other, &after) == 0, "the written entry is not read");
    fuzz_same(buf_view(&after), buf_view(&before), "the entry of another key");
    get(mine, &after);
    fuzz_require(after.len > 0, "the stored entry is missing");
    put(mine, "");
    check_file();
    get(mine, &after);
    fuzz_require(after.len == 0, "the removed entry still exists");
    get(other, &after);
    fuzz_same(buf_view(&after), buf_view(&before), "the entry of another key after a removal");
}

static void check_token(struct auth *auth, struct fail *fail, int result)
{
    if (result < 0)
        check_fail(fail);
    if (result == 0)
        fuzz_require(auth->token && api_is_token(span_of(auth->token)), "an invalid token");
    auth_release(auth);
}

static void read_credentials(void)
{
    struct auth_config config = {.key = {NULL, "http://a/api/v1"}};
    struct auth auth = {.source = AUTH_NONE};
    struct api api = {.base = "http://a/api/v1"};
    struct fail fail = FAIL_INIT;
    check_token(&auth, &fail, auth_stored(&auth, &config, &api, &fail));
}

static void read_token(void)
{
    struct auth_config config = {.token_file = files.token, .key = {NULL, "http://a/api/v1"}};
    struct auth auth = {.source = AUTH_NONE};
    struct api api = {.base = "http://a/api/v1"};
    struct fail fail = FAIL_INIT;
    char *warning = NULL;
    check_token(&auth, &fail, auth_obtain(&auth, &config, &api, &warning, &fail));
    free(warning);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = fuzz_input(data, size);
    if (!*files.root)
        prepare();
    write_file(files.config, in);
    read_config(NULL);
    read_config("p");
    write_file(files.token, in);
    read_token();
    write_file(files.state, in);
    read_credentials();
    change_store();
    return 0;
}
