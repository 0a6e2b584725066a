/* SPDX-License-Identifier: MIT */
/* Dispatch, the final error line, the exit status. */
#include "config.h"

#include "api/http.h"
#include "commands/command.h"
#include "commands/meant.h"
#include "settings/config.h"
#include "system/system.h"
#include "json/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_send,          &command_decode, &command_login,  &command_logout, &command_whoami,
    &command_conversations, &command_config, &command_doctor, &command_schema, NULL};

static const struct command *find_command(const char *name)
{
    const struct command *const *c = commands;
    while (*c && strcmp((*c)->name, name) != 0)
        c++;
    return *c;
}

static void put_program_help(struct buf *out)
{
    buf_puts(out, "Usage: sigmasight-chat COMMAND [OPTION]... [ARGUMENT]...\n\n"
                  "Ask the SigmaSight chat API about a portfolio.\n\nCommands:\n");
    for (const struct command *const *c = commands; *c; c++)
        buf_printf(out, "  %-14s %s\n", (*c)->name, (*c)->summary);
    buf_puts(out, "\n  -h, --help     this text; after a command, that command's\n"
                  "      --version  versions of the program and its libraries\n\n"
                  "Example:\n  sigmasight-chat send \"How concentrated am I?\"\n\n"
                  "The manual: man sigmasight-chat\n");
}

enum { SCREEN = 23 /* lines, with one left for the prompt */, SHORT_EXAMPLES = 2 };

static unsigned count_lines(const char *text)
{
    unsigned count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* All options where they fit a screen or were asked for with -v. */
static void put_command_help(struct buf *out, const struct command *c, bool in_full)
{
    unsigned groups = c->groups | GROUP_COMMON;
    struct buf text = {0};
    buf_puts(&text, "Options:\n");
    options_help(&text, groups);
    buf_printf(&text, "\nExamples:\n%s", c->examples);
    unsigned above = 2 + count_lines(c->about); /* the line of usage, and one that is empty */
    if (!in_full && above + count_lines(buf_text(&text)) > SCREEN) {
        const char *end = c->examples;
        for (unsigned n = 0; n < SHORT_EXAMPLES && *end; end++)
            n += *end == '\n';
        buf_clear(&text);
        options_help_short(&text, groups);
        buf_printf(&text, "\nExamples:\n%.*s", (int)(end - c->examples), c->examples);
    }
    bool room = in_full || above + 1 + count_lines(buf_text(&text)) <= SCREEN;
    buf_printf(out, "Usage: sigmasight-chat %s %s\n%s%s\n", c->name, c->usage, room ? "\n" : "",
               c->about);
    buf_span(out, buf_view(&text));
    buf_release(&text);
}

static int print(struct buf *text, struct fail *fail)
{
    struct writer out;
    writer_init_standard(&out);
    sys_signals_catch();
    buf_span(&out.pending, buf_view(text));
    buf_release(text);
    return writer_finish(&out, fail);
}

static int run_settled(const struct command *c, struct settings *settings,
                       struct operands *operands, struct terminal *terminal, struct fail *fail)
{
    struct fail why = FAIL_INIT;
    if (config_complete(settings, &why) != 0) {
        if (!c->unsettled) {
            fail_move(fail, &why);
            return -1;
        }
        settings_keep_given(settings);
        settings_default(settings);
    }
    terminal_configure(terminal, setting_text(settings, OPT_COLOR), setting_is(settings, OPT_QUIET),
                       setting_count(settings, OPT_VERBOSE));
    const struct invocation in = {settings, operands, terminal, fail_is_set(&why) ? &why : NULL};
    int result = c->run(&in, fail);
    fail_release(&why);
    return result;
}

static int run_command(const struct command *c, int argc, char **argv, struct terminal *terminal,
                       struct fail *fail)
{
    struct settings settings = {0};
    struct operands operands = {0};
    unsigned groups = c->groups | GROUP_COMMON;
    int result = options_parse(groups, argc, argv, &settings, &operands, fail);
    if (operands.unknown)
        meant_option(commands, groups, operands.unknown, fail);
    if (result == 0 && setting_is(&settings, OPT_HELP)) {
        struct buf text = {0};
        put_command_help(&text, c, setting_is(&settings, OPT_VERBOSE));
        result = print(&text, fail);
    } else if (result == 0 && operands.count > c->operands) {
        result = fail_set(fail, FAIL_USAGE, "%s: it takes %s", c->name,
                          c->operands ? "one operand at most" : "no operand");
    } else if (result == 0) {
        result = run_settled(c, &settings, &operands, terminal, fail);
    }
    free(operands.list);
    settings_release(&settings);
    return result;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static int dispatch(int argc, char **argv, struct terminal *terminal,
                    const struct command **command, struct fail *fail)
{
    struct buf text = {0};
    if (argc < 2)
        return fail_set(fail, FAIL_USAGE, "a command is missing");
    if (asks_for_help(argv[1])) {
        static char flag[] = "--help";
        if (argc == 2 || argv[2][0] == '-' || asks_for_help(argv[2])) {
            put_program_help(&text);
            return print(&text, fail);
        }
        /* That of a command, as if it stood behind it. */
        argv[1] = argv[2];
        argv[2] = flag;
    }
    if (strcmp(argv[1], "--version") == 0) {
        buf_printf(&text, "sigmasight-chat %s\n%s\n%s\n", PACKAGE_VERSION, http_version(),
                   json_version());
        return print(&text, fail);
    }
    *command = find_command(argv[1]);
    if (!*command && argv[1][0] == '-') {
        fail_set(fail, FAIL_USAGE, "unknown option %.*s", (int)strcspn(argv[1], "="), argv[1]);
        fail_hint(fail, "options come after the command, as in 'send -v'");
        return -1;
    }
    if (!*command) {
        fail_set(fail, FAIL_USAGE, "unknown command %s", argv[1]);
        meant_command(commands, argv[1], fail);
        return -1;
    }
    return run_command(*command, argc - 1, argv + 1, terminal, fail);
}

static void point_to_help(struct terminal *terminal, const struct command *command)
{
    struct fail ignored = FAIL_INIT;
    struct buf line = {0};
    buf_printf(&line, "Try 'sigmasight-chat %s%s--help'.", command ? command->name : "",
               command ? " " : "");
    terminal_line(terminal, buf_view(&line), &ignored);
    buf_release(&line);
}

int main(int argc, char **argv)
{
    struct terminal terminal;
    struct fail fail = FAIL_INIT;
    const struct command *command = NULL;
    sys_stdio_open();
    sys_size_limit_outlive();
    terminal_init(&terminal);
    dispatch(argc, argv, &terminal, &command, &fail);
    if (fail.cause == FAIL_SIGNAL)
        sys_die_of(fail.signal);
    if (fail_is_set(&fail))
        terminal_failure(&terminal, &fail);
    if (fail.cause == FAIL_USAGE)
        point_to_help(&terminal, command);
    int status = fail_status(&fail);
    fail_release(&fail);
    terminal_release(&terminal);
    return status;
}
