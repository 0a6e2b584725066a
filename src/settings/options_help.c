/* SPDX-License-Identifier: MIT */
/* The options as --help shows them. */
#include "settings/options.h"

#include <stdio.h>

/* For the commands that print tables -j is no format beside others. */
static const char *help_of(const struct option_row *row, unsigned groups)
{
    return row->id == OPT_JSON && !(groups & GROUP_OUTPUT) ? "JSON, one object a line" : row->help;
}

/* An option with its argument. */
struct label {
    char text[60];
    int len;
};

static struct label label_of(const struct option_row *row)
{
    struct label l;
    l.len = snprintf(l.text, sizeof l.text, "--%s%s%s", row->name, row->argument ? " " : "",
                     row->argument ? row->argument : "");
    return l;
}

static void put_option(struct buf *out, const struct option_row *row, unsigned groups)
{
    struct label left = label_of(row);
    if (row->letter)
        buf_printf(out, "  -%c, %-22s %s", row->letter, left.text, help_of(row, groups));
    else
        buf_printf(out, "      %-22s %s", left.text, help_of(row, groups));
    if (row->fallback)
        buf_printf(out, " (%s)", row->fallback);
    buf_byte(out, '\n');
}

void options_help(struct buf *out, unsigned groups)
{
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (option_row(id)->groups & groups)
            put_option(out, option_row(id), groups);
}

/* Those that most people need are described. */
static bool is_common(enum option_id id)
{
    static const enum option_id common[] = {OPT_CONVERSATION, OPT_CONTINUE, OPT_MODE,  OPT_OUTPUT,
                                            OPT_JSON,         OPT_EVENTS,   OPT_LIMIT, OPT_URL,
                                            OPT_QUIET,        OPT_VERBOSE,  OPT_HELP};
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (common[i] == id)
            return true;
    return false;
}

enum { HELP_COLUMNS = 80, HELP_INDENT = 4 };

void options_help_short(struct buf *out, unsigned groups)
{
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if ((option_row(id)->groups & groups) && is_common(id))
            put_option(out, option_row(id), groups);
    static const char first[] = "  Also:";
    buf_puts(out, first);
    size_t column = sizeof first - 1;
    const char *between = "";
    for (enum option_id id = 0; id < OPT_COUNT; id++) {
        const struct option_row *row = option_row(id);
        if (!(row->groups & groups) || is_common(id))
            continue;
        struct label name = label_of(row);
        size_t len = (size_t)name.len;
        bool fits = column + 2 + len < HELP_COLUMNS;
        buf_printf(out, "%s%s%s", between, fits ? " " : "\n    ", name.text);
        column = fits ? column + 2 + len : HELP_INDENT + len;
        between = ",";
    }
    buf_byte(out, '\n');
}
