/* SPDX-License-Identifier: MIT */
/* config: each setting with its value and origin; the configuration file. */
#include "commands/command.h"

#include "core/xmalloc.h"
#include "settings/config.h"
#include "settings/header.h"
#include "settings/suggest.h"
#include "system/system.h"
#include "terminal/editor.h"
#include "terminal/table.h"
#include "json/write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Appends the origin of a value. */
static void put_origin(struct buf *out, const struct settings *s, const struct option_row *row)
{
    switch (s->of[row->id].origin) {
    case ORIGIN_COMMAND_LINE:
        buf_puts(out, "command line");
        break;
    case ORIGIN_PROFILE:
        buf_printf(out, "profile %s", setting_text(s, OPT_PROFILE));
        break;
    case ORIGIN_ENVIRONMENT:
        buf_puts(out, row->environment);
        break;
    case ORIGIN_FILE:
        config_path(out);
        break;
    case ORIGIN_DEFAULT:
        buf_puts(out, "default");
        break;
    case ORIGIN_NONE:
        buf_puts(out, "not set");
        break;
    }
}

/* The value of a header may be a secret. */
static void put_masked_header(struct buf *out, const char *header)
{
    buf_span(out, header_name(header));
    buf_puts(out, ": [masked]");
}

static void put_value(struct buf *out, const struct setting *s, const struct option_row *row)
{
    if (row->type == OPTION_FLAG) {
        if (s->origin != ORIGIN_NONE)
            buf_puts(out, s->count ? "true" : "false");
    } else if (row->type == OPTION_LIST) {
        for (int i = 0; i < s->count; i++)
            buf_printf(out, "%s%s", i ? " " : "", s->list[i]);
    } else if (row->type == OPTION_HEADER) {
        for (int i = 0; i < s->count; i++) {
            buf_puts(out, i ? ", " : "");
            put_masked_header(out, s->list[i]);
        }
    } else if (s->text) {
        buf_puts(out, s->text);
    }
}

/* The value as it would be in the configuration file. */
static void put_json_value(struct buf *out, const struct setting *s, const struct option_row *row)
{
    if (s->origin == ORIGIN_NONE || (row->type == OPTION_TEXT && !s->text)) {
        buf_puts(out, "null");
    } else if (row->type == OPTION_FLAG) {
        buf_puts(out, s->count ? "true" : "false");
    } else if (row->type == OPTION_NUMBER || row->type == OPTION_SECONDS) {
        buf_printf(out, "%.15g", s->number);
    } else if (row->type == OPTION_LIST) {
        json_put_strings(out, (const char *const *)s->list, (size_t)s->count);
    } else if (row->type == OPTION_HEADER) {
        struct buf header = {0};
        buf_byte(out, '[');
        for (int i = 0; i < s->count; i++) {
            buf_puts(out, i ? "," : "");
            buf_clear(&header);
            put_masked_header(&header, s->list[i]);
            json_put_string(out, buf_view(&header));
        }
        buf_byte(out, ']');
        buf_release(&header);
    } else {
        json_put_string(out, span_of(s->text));
    }
}

/* Whether the setting is listed: those that can be configured, and the profile. */
static bool is_shown(const struct option_row *row)
{
    return (row->in_file && row->id != OPT_HIGHLIGHT) || row->id == OPT_PROFILE;
}

static void put_json_setting(struct writer *out, const struct settings *s,
                             const struct option_row *row, struct span origin)
{
    struct buf line = {0};
    buf_byte(&line, '{');
    json_put_text(&line, "setting", span_of(row->name));
    json_put_key(&line, "value");
    put_json_value(&line, &s->of[row->id], row);
    json_put_text(&line, "origin", origin);
    buf_puts(&line, "}\n");
    writer_put_json(out, buf_view(&line));
    buf_release(&line);
}

static void put_setting(struct writer *out, struct table *table, const struct settings *s,
                        const struct option_row *row)
{
    struct buf value = {0}, origin = {0};
    bool is_log_default = row->id == OPT_LOG && s->of[OPT_LOG].origin == ORIGIN_NONE;
    put_origin(&origin, s, row);
    if (setting_is(s, OPT_JSON)) {
        put_json_setting(out, s, row, buf_view(&origin));
    } else {
        /* Without this setting, neither true nor false applies. */
        if (is_log_default && out->terminal)
            buf_puts(&value, "at a terminal");
        else
            put_value(&value, &s->of[row->id], row);
        table_add(table, span_of(row->name));
        table_add(table, buf_view(&value));
        table_add(table, buf_view(&origin));
    }
    buf_release(&value);
    buf_release(&origin);
}

static void print_warnings(const struct invocation *in, struct fail *fail)
{
    struct span rest = in->warnings;
    while (rest.len && !in->terminal->quiet) {
        struct span line = span_first_line(rest);
        terminal_warning(in->terminal, line, fail);
        rest = span_make(line.at + line.len + 1, rest.len - line.len - 1);
    }
}

static int show_settings(const struct invocation *in, struct fail *fail)
{
    struct writer out;
    struct table table = {.columns = 3};
    if (in->config_failure) {
        fail_move(fail, in->config_failure);
        return -1;
    }
    print_warnings(in, fail);
    writer_init_standard(&out);
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (is_shown(option_row(id)))
            put_setting(&out, &table, in->settings, option_row(id));
    table_put(&table, &out);
    table_release(&table);
    return writer_finish(&out, fail);
}

/* The configuration file. */

static int find_path(struct buf *path, struct fail *fail)
{
    if (config_path(path))
        return 0;
    return fail_set(
        fail, FAIL_CONFIG,
        "no directory for the configuration file: neither XDG_CONFIG_HOME nor HOME is set");
}

static int print_config_path(const struct invocation *in, struct fail *fail)
{
    struct buf path = {0};
    struct writer out;
    (void)in;
    if (find_path(&path, fail) != 0)
        return -1;
    writer_init_standard(&out);
    buf_printf(&out.pending, "%s\n", buf_text(&path));
    buf_release(&path);
    return writer_finish(&out, fail);
}

static const char example[] =
    "// Configuration of sigmasight-chat. The keys are named like the long options; man\n"
    "// sigmasight-chat describes them. Remove the // before a setting to use it.\n"
    "{\n"
    "  // \"url\": \"https://sigmasight.example.com/api/v1\",\n"
    "  // \"token_command\": \"pass show sigmasight\",\n"
    "  // \"mode\": \"green\",\n"
    "  // \"log\": false,\n"
    "  // \"cacert\": \"~/certificates/ca.pem\",\n"
    "  // \"profiles\": {\"local\": {\"url\": \"http://localhost:8000/api/v1\", \"token_command\": "
    "\"\"}},\n"
    "  \"retry\": 3\n"
    "}\n";

/* Creates the file with the example unless it exists. */
static int create_example(const char *path, struct fail *fail)
{
    char *directory = xmemdup(path, (size_t)(strrchr(path, '/') - path));
    int result = sys_make_directories(directory);
    if (result == 0)
        result = sys_create_file(path, example, sizeof example - 1);
    int error = errno;
    free(directory);
    errno = error;
    if (result == 0 || errno == EEXIST)
        return 0;
    return sys_fail(fail, FAIL_CREATE, "cannot create %s", path);
}

/* Reads the edited configuration to report errors. */
static int check_edited(const struct invocation *in, struct fail *fail)
{
    struct settings fresh = {0};
    struct buf warnings = {0};
    if (setting_is_given(in->settings, OPT_PROFILE))
        settings_choose_profile(&fresh, setting_text(in->settings, OPT_PROFILE));
    int result = config_complete(&fresh, &warnings, fail);
    struct invocation after = *in;
    after.warnings = buf_view(&warnings);
    print_warnings(&after, fail);
    buf_release(&warnings);
    settings_release(&fresh);
    return result;
}

static int edit_file(const struct invocation *in, struct fail *fail)
{
    struct buf path = {0};
    int result = find_path(&path, fail);
    if (result == 0)
        result = editor_check(fail);
    if (result == 0)
        result = create_example(buf_text(&path), fail);
    if (result == 0)
        result = editor_open(buf_text(&path), fail);
    if (result == 0)
        result = check_edited(in, fail);
    buf_release(&path);
    return result;
}

static int run_config(const struct invocation *in, struct fail *fail)
{
    const char *word = in->operands->count ? in->operands->list[0].text : "";
    bool prints_path = strcmp(word, "path") == 0, edits = strcmp(word, "edit") == 0;
    sys_signals_catch();
    if (*word && !prints_path && !edits) {
        fail_set(fail, FAIL_USAGE, "config: unknown subcommand '%s'", word);
        suggest_hint(word, (const char *const[]){"path", "edit", NULL}, fail);
        /* As in `config set KEY VALUE` of other programs. */
        if (in->operands->count > 1)
            fail_hint(fail, "'config edit' changes the settings");
        return -1;
    }
    if (in->operands->count > 1)
        return fail_set(fail, FAIL_USAGE, "config: too many arguments");
    if (prints_path)
        return print_config_path(in, fail);
    return edits ? edit_file(in, fail) : show_settings(in, fail);
}

const struct command command_config = {
    .name = "config",
    .summary = "show each setting and its origin, edit the configuration",
    .usage = "[path | edit] [OPTION]...",
    .about = "Prints name, value and origin of each setting: the command line, the profile,\n"
             "the environment, the configuration file or the default.\n\n"
             "  path   print the name of the configuration file\n"
             "  edit   edit it in $VISUAL or $EDITOR, and check it\n",
    .examples = "  sigmasight-chat config\n"
                "  sigmasight-chat config --profile staging\n",
    .operands = SIZE_MAX,
    .groups = GROUP_API | GROUP_JSON,
    .runs_unconfigured = true,
    .run = run_config,
};
