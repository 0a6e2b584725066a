/* SPDX-License-Identifier: MIT */
/* config: each setting, its value, and where it came from. */
#include "commands/command.h"

#include "settings/config.h"
#include "system/system.h"
#include "terminal/table.h"
#include "json/json.h"
#include "json/write.h"

#include <string.h>

/* As messages call it. */
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

static void put_value(struct buf *out, const struct setting *s, const struct option_row *row)
{
    if (row->type == OPTION_FLAG) {
        if (s->origin != ORIGIN_NONE)
            buf_puts(out, s->count ? "true" : "false");
    } else if (row->type == OPTION_LIST) {
        for (int i = 0; i < s->count; i++)
            buf_printf(out, "%s%s", i ? " " : "", s->list[i]);
    } else if (s->text) {
        buf_puts(out, s->text);
    }
}

/* As the configuration file would have it. */
static void put_json_value(struct buf *out, const struct setting *s, const struct option_row *row)
{
    if (s->origin == ORIGIN_NONE) {
        buf_puts(out, "null");
    } else if (row->type == OPTION_FLAG) {
        buf_puts(out, s->count ? "true" : "false");
    } else if (row->type == OPTION_NUMBER || row->type == OPTION_SECONDS) {
        buf_printf(out, "%.15g", s->number);
    } else if (row->type == OPTION_LIST) {
        for (int i = 0; i < s->count; i++) {
            buf_byte(out, i ? ',' : '[');
            json_put_string(out, span_of(s->list[i]));
        }
        buf_byte(out, ']');
    } else {
        json_put_string(out, span_of(s->text));
    }
}

/* What can be configured at all, and the profile that was chosen. */
static bool is_shown(const struct option_row *row)
{
    return (row->in_file && row->id != OPT_HIGHLIGHT) || row->id == OPT_PROFILE;
}

static void put_setting(struct writer *out, struct table *table, const struct settings *s,
                        const struct option_row *row, bool json)
{
    struct buf value = {0}, origin = {0};
    put_value(&value, &s->of[row->id], row);
    put_origin(&origin, s, row);
    if (json) {
        buf_byte(&out->pending, '{');
        json_put_text(&out->pending, "setting", span_of(row->name));
        json_put_key(&out->pending, "value");
        put_json_value(&out->pending, &s->of[row->id], row);
        json_put_text(&out->pending, "origin", buf_view(&origin));
        buf_puts(&out->pending, "}\n");
    } else {
        table_add(table, span_of(row->name));
        table_add(table, buf_view(&value));
        table_add(table, buf_view(&origin));
    }
    buf_release(&value);
    buf_release(&origin);
}

static int show_config(const struct invocation *in, struct fail *fail)
{
    const struct settings *s = in->settings;
    struct writer out;
    struct table table = {.columns = 3};
    bool json = setting_is(s, OPT_JSON);
    sys_signals_catch();
    writer_init_standard(&out);
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (is_shown(option_row(id)))
            put_setting(&out, &table, s, option_row(id), json);
    table_put(&table, &out);
    table_release(&table);
    return writer_finish(&out, fail);
}

const struct command command_config = {
    .name = "config",
    .summary = "show each setting and its origin",
    .usage = "[OPTION]...",
    .about = "Prints name, value and origin of each setting: the command line, the profile,\n"
             "the environment, the configuration file or the default.\n",
    .examples = "  sigmasight-chat config\n"
                "  sigmasight-chat config --profile staging\n",
    .groups = GROUP_API | GROUP_JSON,
    .run = show_config,
};
