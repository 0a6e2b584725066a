/* SPDX-License-Identifier: MIT */
/* Finds and runs the command, prints its failure, returns the exit status. */
#include "config.h"

#include "api/http.h"
#include "commands/command.h"
#include "core/program.h"
#include "settings/config.h"
#include "settings/suggest.h"
#include "system/system.h"
#include "terminal/line_editor.h"
#include "json/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {&command_send,
                                                 &command_chat,
                                                 &command_batch,
                                                 &command_decode,
                                                 &command_login,
                                                 &command_logout,
                                                 &command_whoami,
                                                 &command_conversations,
                                                 &command_portfolios,
                                                 &command_feedback,
                                                 &command_api,
                                                 &command_log,
                                                 &command_config,
                                                 &command_doctor,
                                                 &command_schema,
                                                 &command_completion,
                                                 NULL};

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
    buf_puts(out, "\n  -h, --help     print this help, or that of a command\n"
                  "  -V, --version  print the versions of the program and its libraries\n\n"
                  "Example:\n  sigmasight-chat send \"How concentrated am I?\"\n\n"
                  "Manual: man sigmasight-chat\n");
}

static void put_command_help(struct buf *out, const struct command *c, bool detail)
{
    buf_printf(out, "Usage: sigmasight-chat %s %s\n\n%s\nOptions:\n", c->name, c->usage, c->about);
    size_t left_out = options_help(out, c->groups | GROUP_COMMON, detail);
    if (left_out)
        buf_printf(out, "  and %zu more, see sigmasight-chat %s -h -v\n", left_out, c->name);
    buf_printf(out, "\nExamples:\n%s", c->examples);
}

/* Releases the text. */
static int print_take(struct buf *text, struct fail *fail)
{
    struct writer out;
    writer_init_standard(&out);
    sys_signals_catch();
    buf_span(&out.pending, buf_view(text));
    buf_release(text);
    return writer_finish(&out, fail);
}

/* If there is no token, or no server at the default address, the program is probably not
   configured: prints a second line that says how to do that, also if the failure is already shown,
   as by doctor and batch. */
static void point_to_settings(struct terminal *terminal, const struct settings *settings,
                              struct fail *fail)
{
    bool no_token = fail->cause == FAIL_DENIED && !fail->http_status;
    struct fail ignored = FAIL_INIT;
    bool no_server = fail->cause == FAIL_NOT_LISTENING || fail->cause == FAIL_UNREACHABLE;
    if (setting_is_set(settings, OPT_URL) || !(no_token || no_server))
        return;
    if (!fail->shown)
        terminal_failure(terminal, fail);
    fail->shown = true;
    static const char line[] = "No server is configured. Set SIGMASIGHT_URL to its address, or run "
                               "'sigmasight-chat config edit'.";
    terminal_line(terminal, span_of(line), &ignored);
    fail_release(&ignored);
}

static int run_configured(const struct command *c, struct settings *settings,
                          struct operands *operands, struct terminal *terminal, struct fail *fail)
{
    struct fail why = FAIL_INIT;
    struct buf warnings = {0};
    if (config_complete(settings, &warnings, &why) != 0) {
        if (!c->runs_unconfigured) {
            fail_move(fail, &why);
            buf_release(&warnings);
            return -1;
        }
        settings_keep_given(settings);
        settings_default(settings);
    }
    terminal_configure(terminal, setting_text(settings, OPT_COLOR), setting_is(settings, OPT_QUIET),
                       setting_count(settings, OPT_VERBOSE));
    if (setting_is(settings, OPT_NO_STATUS))
        terminal_disable_status(terminal);
    const struct invocation in = {.settings = settings,
                                  .operands = operands,
                                  .terminal = terminal,
                                  .groups = c->groups,
                                  .warnings = buf_view(&warnings),
                                  .config_failure = fail_is_set(&why) ? &why : NULL};
    int result = c->run(&in, fail);
    if (result != 0 && (c->groups & GROUP_API) && !setting_is(settings, OPT_QUIET))
        point_to_settings(terminal, settings, fail);
    buf_release(&warnings);
    fail_release(&why);
    return result;
}

/* "A", "A and B" or "A, B and others": the commands that accept an option. */
static void put_owners(struct buf *out, const struct option_row *row)
{
    const char *names[2];
    size_t count = 0;
    for (const struct command *const *c = commands; *c; c++)
        if (((*c)->groups & row->groups) && count++ < 2)
            names[count - 1] = (*c)->name;
    if (count)
        buf_puts(out, names[0]);
    if (count > 1)
        buf_printf(out, count > 2 ? ", %s and others" : " and %s", names[1]);
}

static void hint_owners(struct span option, struct fail *fail)
{
    struct buf owners = {0};
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (span_is(option, option_row(id)->name))
            put_owners(&owners, option_row(id));
    if (owners.len)
        fail_hint(fail, "it is an option of %s", buf_text(&owners));
    buf_release(&owners);
}

static void hint_option(unsigned groups, struct span word, struct fail *fail)
{
    const char *name = suggest_option(word, groups);
    hint_owners(word, fail);
    if (name)
        fail_hint(fail, "did you mean --%s?", name);
}

static int run_command(const struct command *c, int argc, char **argv, struct terminal *terminal,
                       struct fail *fail)
{
    struct settings settings = {0};
    struct operands operands = {0};
    unsigned groups = c->groups | GROUP_COMMON;
    int result = options_parse(groups, argc, argv, &settings, &operands, fail);
    if (operands.unknown.len)
        hint_option(groups, operands.unknown, fail);
    if (result == 0 && setting_is(&settings, OPT_HELP)) {
        struct buf text = {0};
        put_command_help(&text, c, setting_is(&settings, OPT_VERBOSE));
        result = print_take(&text, fail);
    } else if (result == 0 && operands.count > c->operands) {
        result = fail_set(fail, FAIL_USAGE, "%s: too many arguments", c->name);
    } else if (result == 0) {
        result = run_configured(c, &settings, &operands, terminal, fail);
    }
    free(operands.list);
    settings_release(&settings);
    return result;
}

static int refuse_command(const char *word, struct fail *fail)
{
    const char *names[sizeof commands / sizeof commands[0] + 1];
    size_t count = 0, blank = strcspn(word, " \t\n"), name = strcspn(word, "=:");
    bool is_text = word[blank] != '\0', is_option = word[0] == '-';
    /* The value of an option may contain blanks, or be a secret. */
    if (is_text && is_option && name > blank)
        return fail_set_hint(fail, FAIL_USAGE, "'sigmasight-chat send -- ...' asks a question",
                             "unknown command '%s'", word);
    if (is_option)
        return fail_set_hint(fail, FAIL_USAGE, "options come after the command, as in 'send -v'",
                             "unknown option %.*s", (int)name, word);
    fail_set(fail, FAIL_USAGE, "unknown command '%s'", word);
    if (is_text)
        fail_hint(fail, "'sigmasight-chat send' asks a question");
    for (const struct command *const *c = commands; *c; c++)
        names[count++] = (*c)->name;
    names[count++] = "--version";
    names[count] = NULL;
    suggest_hint(strcmp(word, "version") == 0 ? "--version" : word, names, fail);
    return -1;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static bool is_version(const char *word)
{
    return strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0;
}

static int dispatch(int argc, char **argv, struct terminal *terminal,
                    const struct command **command, struct fail *fail)
{
    struct buf text = {0};
    if (is_help(argv[1])) {
        static char flag[] = "--help";
        if (argc == 2 || argv[2][0] == '-' || is_help(argv[2])) {
            put_program_help(&text);
            return print_take(&text, fail);
        }
        /* `help COMMAND` is `COMMAND --help`. */
        argv[1] = argv[2];
        argv[2] = flag;
    }
    if (is_version(argv[1])) {
        buf_printf(&text, "sigmasight-chat %s\n%s\n%s\nline editing: %s\n", PACKAGE_VERSION,
                   http_version(), json_version(),
                   line_editor_is_available() ? "libedit" : "not available");
        return print_take(&text, fail);
    }
    *command = find_command(argv[1]);
    if (!*command)
        return refuse_command(argv[1], fail);
    return run_command(*command, argc - 1, argv + 1, terminal, fail);
}

/* Called without arguments. */
static int print_usage(void)
{
    const struct fail usage = {.cause = FAIL_USAGE};
    struct buf text = {0};
    put_program_help(&text);
    sys_write_all(STDERR_FILENO, text.data, text.len, NULL);
    buf_release(&text);
    return fail_status(&usage);
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
    program_set_name("sigmasight-chat");
    sys_forbid_dumps();
    sys_stdio_open();
    sys_ignore_size_limit();
    if (argc < 2)
        return print_usage();
    terminal_init(&terminal);
    dispatch(argc, argv, &terminal, &command, &fail);
    /* Has no effect if the command has closed it already. */
    if (fail.cause != FAIL_SIGNAL)
        writer_close_standard(&fail);
    if (fail.cause == FAIL_SIGNAL)
        sys_die_of(fail.signal);
    if (fail_is_set(&fail) && !fail.shown)
        terminal_failure(&terminal, &fail);
    if (fail.cause == FAIL_USAGE)
        point_to_help(&terminal, command);
    int status = fail_status(&fail);
    fail_release(&fail);
    terminal_release(&terminal);
    return status;
}
