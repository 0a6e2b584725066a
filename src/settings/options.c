/* SPDX-License-Identifier: MIT */
#include "settings/options.h"

#include "core/utf8.h"
#include "core/xmalloc.h"
#include "settings/header.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODES            "green|blue|indigo|violet"
#define FORMATS          "text|jsonl|json|raw"
#define DIALOGUE_FORMATS "text|jsonl"

/* id, name, letter, argument, type, groups, choices, default, environment, in file?, help */
static const struct option_row option_rows[OPT_COUNT] = {
    {OPT_CONVERSATION, "conversation", 'c', "ID", OPTION_TEXT, GROUP_SEND | GROUP_LOG, NULL, NULL,
     NULL, false, "select a conversation"},
    {OPT_CONTINUE, "continue", 'C', NULL, OPTION_FLAG, GROUP_SEND, NULL, NULL, NULL, false,
     "use the last conversation at this URL"},
    {OPT_EPHEMERAL, "ephemeral", 0, NULL, OPTION_FLAG, GROUP_SEND | GROUP_BATCH, NULL, NULL, NULL,
     false, "delete the new conversation after the answer"},
    {OPT_EDIT, "edit", 0, NULL, OPTION_FLAG, GROUP_SINGLE | GROUP_DETAIL, NULL, NULL, NULL, false,
     "edit the message in $VISUAL or $EDITOR first"},
    {OPT_MAX_MESSAGE, "max-message", 0, "N", OPTION_NUMBER, GROUP_SEND | GROUP_BATCH | GROUP_DETAIL,
     NULL, "4000", NULL, true, "reject a longer message; 0 is no limit"},
    {OPT_LINES, "lines", 0, NULL, OPTION_FLAG, GROUP_BATCH, NULL, NULL, NULL, false,
     "each line of the input is a question, not JSON"},
    {OPT_JOBS, "jobs", 0, "N", OPTION_NUMBER, GROUP_BATCH, NULL, "4", NULL, false,
     "ask up to N questions at a time, at most 64"},
    {OPT_ORDERED, "ordered", 0, NULL, OPTION_FLAG, GROUP_BATCH, NULL, NULL, NULL, false,
     "write the answers in the order of the input"},
    {OPT_RESUME, "resume", 0, "FILE", OPTION_FILE, GROUP_BATCH, NULL, NULL, NULL, false,
     "skip the questions that are done in FILE"},
    {OPT_FAIL_FAST, "fail-fast", 0, NULL, OPTION_FLAG, GROUP_BATCH, NULL, NULL, NULL, false,
     "start no further question after a failure"},
    {OPT_MODE, "mode", 'm', "MODE", OPTION_CHOICE, GROUP_CONTEXT, MODES, NULL, NULL, true,
     "answer mode"},
    {OPT_PORTFOLIO, "portfolio", 0, "NAME", OPTION_LIST, GROUP_CONTEXT, NULL, NULL, NULL, true,
     "ask about this portfolio (repeatable)"},
    {OPT_CONTEXT, "context", 0, "KEY=VALUE", OPTION_LIST, GROUP_SEND | GROUP_BATCH | GROUP_DETAIL,
     NULL, NULL, NULL, false, "add a value to ui_context (repeatable)"},
    {OPT_OUTPUT, "output", 'o', "FORMAT", OPTION_CHOICE, GROUP_OUTPUT, FORMATS, "text", NULL, true,
     "output format"},
    {OPT_JSON, "json", 'j', NULL, OPTION_FLAG, GROUP_OUTPUT | GROUP_JSON, NULL, NULL, NULL, false,
     "print JSON Lines"},
    {OPT_NO_STREAM, "no-stream", 0, NULL, OPTION_FLAG, GROUP_OUTPUT | GROUP_DETAIL, NULL, NULL,
     NULL, true, "print the text only when the answer is complete"},
    {OPT_EVENTS, "events", 0, "FILE", OPTION_FILE, GROUP_OUTPUT | GROUP_DETAIL, NULL, NULL, NULL,
     true, "also write all events except text to FILE"},
    {OPT_EVENTS_FD, "events-fd", 0, "N", OPTION_NUMBER, GROUP_OUTPUT | GROUP_DETAIL, NULL, NULL,
     NULL, false, "same, to the open file descriptor N"},
    {OPT_RECORD, "record", 0, "FILE", OPTION_FILE, GROUP_SINGLE | GROUP_DETAIL, NULL, NULL, NULL,
     true, "also write the raw event stream to FILE"},
    {OPT_NO_NEWLINE, "no-newline", 'n', NULL, OPTION_FLAG, GROUP_OUTPUT | GROUP_DETAIL, NULL, NULL,
     NULL, true, "do not print a trailing newline"},
    {OPT_RENDER, "render", 0, "WHEN", OPTION_CHOICE, GROUP_OUTPUT | GROUP_LOG | GROUP_DETAIL,
     "auto|always|never", "auto", NULL, true, "render Markdown"},
    {OPT_HIGHLIGHT, "highlight", 0, "WHEN", OPTION_CHOICE, GROUP_OUTPUT | GROUP_DETAIL,
     "auto|always|never", NULL, NULL, true, "the same as --render"},
    {OPT_LOG, "log", 0, NULL, OPTION_FLAG, GROUP_SEND | GROUP_BATCH | GROUP_DETAIL, NULL, NULL,
     "SIGMASIGHT_LOG", true, "add question and answer to the log"},
    {OPT_NO_LOG, "no-log", 0, NULL, OPTION_FLAG, GROUP_SEND | GROUP_BATCH | GROUP_DETAIL, NULL,
     NULL, NULL, false, "do not add them to the log"},
    {OPT_LOG_SIZE, "log-size", 0, "BYTES", OPTION_SIZE, 0, NULL, "16M", NULL, true,
     "begin a new log file beyond that size"},
    {OPT_RETRY, "retry", 0, "N", OPTION_NUMBER, GROUP_RETRY | GROUP_DETAIL, NULL, "3", NULL, true,
     "retry at most N times"},
    {OPT_RETRY_DELAY, "retry-delay", 0, "S", OPTION_SECONDS, GROUP_RETRY | GROUP_DETAIL, NULL, "1",
     NULL, true, "wait S seconds before the first retry"},
    {OPT_RETRY_MAX_TIME, "retry-max-time", 0, "S", OPTION_SECONDS, GROUP_RETRY | GROUP_DETAIL, NULL,
     "60", NULL, true, "start no retry after S seconds"},
    {OPT_RETRY_ALL, "retry-all", 0, NULL, OPTION_FLAG, GROUP_RETRY | GROUP_DETAIL, NULL, NULL, NULL,
     true, "retry even if the message may be stored twice"},
    {OPT_CONNECT_TIMEOUT, "connect-timeout", 0, "S", OPTION_SECONDS, GROUP_RETRY | GROUP_DETAIL,
     NULL, "10", NULL, true, "time limit for connecting"},
    {OPT_IDLE_TIMEOUT, "idle-timeout", 0, "S", OPTION_SECONDS, GROUP_RETRY | GROUP_DETAIL, NULL,
     "300", NULL, true, "time limit without any data"},
    {OPT_STALL_TIMEOUT, "stall-timeout", 0, "S", OPTION_SECONDS, GROUP_RETRY | GROUP_DETAIL, NULL,
     "0", NULL, true, "time limit with heartbeats only"},
    {OPT_MAX_TIME, "max-time", 0, "S", OPTION_SECONDS, GROUP_RETRY | GROUP_DETAIL, NULL, "0", NULL,
     true, "time limit for everything; 0 is no limit"},
    {OPT_MAX_EVENT_SIZE, "max-event-size", 0, "BYTES", OPTION_BYTES,
     GROUP_OUTPUT | GROUP_BATCH | GROUP_DETAIL, NULL, "64M", NULL, true, "reject a larger event"},
    {OPT_DATA, "data", 0, "DATA", OPTION_TEXT, GROUP_CALL, NULL, NULL, NULL, false,
     "send this JSON, @FILE or - (standard input)"},
    {OPT_COMMENT, "comment", 0, "TEXT", OPTION_TEXT, GROUP_FEEDBACK, NULL, NULL, NULL, false,
     "add a comment to the rating"},
    {OPT_EMAIL, "email", 0, "ADDRESS", OPTION_TEXT, GROUP_LOGIN, NULL, NULL, "SIGMASIGHT_EMAIL",
     true, "email address of the account"},
    {OPT_PASSWORD_STDIN, "password-stdin", 0, NULL, OPTION_FLAG, GROUP_LOGIN, NULL, NULL, NULL,
     false, "read the password from standard input"},
    {OPT_LIMIT, "limit", 0, "N", OPTION_NUMBER, GROUP_LIST | GROUP_LOG, NULL, "30", NULL, false,
     "list at most N, 0 for all"},
    {OPT_YES, "yes", 0, NULL, OPTION_FLAG, GROUP_LOG, NULL, NULL, NULL, false,
     "remove the log without asking"},
    {OPT_NO_PAGER, "no-pager", 0, NULL, OPTION_FLAG, GROUP_LOG, NULL, NULL, NULL, false,
     "do not use a pager"},
    {OPT_URL, "url", 'u', "URL", OPTION_TEXT, GROUP_API, NULL, "http://localhost:8000/api/v1",
     "SIGMASIGHT_URL", true, "base URL of the API"},
    {OPT_PROFILE, "profile", 0, "NAME", OPTION_TEXT, GROUP_API, NULL, NULL, "SIGMASIGHT_PROFILE",
     false, "use a profile of the configuration file"},
    {OPT_TOKEN_FILE, "token-file", 0, "FILE", OPTION_FILE, GROUP_API | GROUP_DETAIL, NULL, NULL,
     NULL, true, "read the token from FILE"},
    {OPT_TOKEN_COMMAND, "token_command", 0, "COMMAND", OPTION_TEXT, 0, NULL, NULL, NULL, true,
     "a shell command that prints the token"},
    {OPT_CACERT, "cacert", 0, "FILE", OPTION_FILE, GROUP_API | GROUP_DETAIL, NULL, NULL, NULL, true,
     "trust the CA certificates in FILE (PEM)"},
    {OPT_CERT, "cert", 0, "FILE", OPTION_FILE, GROUP_API | GROUP_DETAIL, NULL, NULL, NULL, true,
     "client certificate (PEM), may hold the key, too"},
    {OPT_KEY, "key", 0, "FILE", OPTION_FILE, GROUP_API | GROUP_DETAIL, NULL, NULL, NULL, true,
     "private key of the client certificate (PEM)"},
    {OPT_HEADER, "header", 'H', "HEADER", OPTION_HEADER, GROUP_API | GROUP_DETAIL, NULL, NULL, NULL,
     true, "send the header 'NAME: VALUE' (repeatable)"},
    {OPT_INSECURE, "insecure", 0, NULL, OPTION_FLAG, GROUP_API | GROUP_DETAIL, NULL, NULL, NULL,
     true, "do not verify the server's certificate"},
    {OPT_ALLOW_HTTP, "allow-http", 0, NULL, OPTION_FLAG, GROUP_API | GROUP_DETAIL, NULL, NULL, NULL,
     true, "allow plain HTTP to other hosts"},
    {OPT_QUIET, "quiet", 'q', NULL, OPTION_FLAG, GROUP_COMMON, NULL, NULL, NULL, true,
     "print only errors to standard error"},
    {OPT_VERBOSE, "verbose", 'v', NULL, OPTION_FLAG, GROUP_COMMON, NULL, NULL, NULL, true,
     "print details; twice: HTTP headers, too"},
    {OPT_COLOR, "color", 0, "WHEN", OPTION_CHOICE, GROUP_COMMON | GROUP_DETAIL, "auto|always|never",
     "auto", NULL, true, "colour"},
    {OPT_NO_STATUS, "no-status", 0, NULL, OPTION_FLAG, GROUP_COMMON | GROUP_DETAIL, NULL, NULL,
     NULL, true, "no status line and no redrawing on standard error"},
    {OPT_HELP, "help", 'h', NULL, OPTION_FLAG, GROUP_COMMON, NULL, NULL, NULL, false,
     "print help; with -v, all options"},
};

const struct option_row *option_row(enum option_id id)
{
    return &option_rows[id];
}

/* Values. */

bool option_is_choice(const struct option_row *row, const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || strchr(text, '|'))
        return false;
    for (const char *at = row->choices; at; at = strchr(at, '|'), at = at ? at + 1 : NULL)
        if (strncmp(at, text, len) == 0 && (at[len] == '|' || at[len] == '\0'))
            return true;
    return false;
}

/* Digits, and one decimal point if `fraction`: no sign, no exponent, no hexadecimal. */
static bool is_decimal(const char *text, size_t len, bool fraction)
{
    bool digit = false;
    for (size_t i = 0; i < len; i++) {
        if (isdigit((unsigned char)text[i]))
            digit = true;
        else if (text[i] == '.' && fraction)
            fraction = false;
        else
            return false;
    }
    return digit;
}

static bool read_number(const char *text, bool fraction, double *number)
{
    *number = strtod(text, NULL);
    return is_decimal(text, strlen(text), fraction) && *number <= 1e9;
}

static bool read_size(const char *text, double *number)
{
    size_t len = strlen(text);
    static const char units[] = "KMG";
    const char *unit = len ? strchr(units, toupper((unsigned char)text[len - 1])) : NULL;
    if (unit && *unit)
        len--;
    if (!is_decimal(text, len, false))
        return false;
    *number = strtod(text, NULL);
    for (const char *u = units; unit && *unit && u <= unit; u++)
        *number *= 1024;
    return *number <= 1e15;
}

/* A flag outside of the command line. */
static bool read_flag(const char *text)
{
    static const char *const values[] = {"true", "false", "1", "0"};
    for (size_t i = 0; text && i < sizeof values / sizeof values[0]; i++)
        if (strcmp(text, values[i]) == 0)
            return true;
    return !text;
}

static bool read_value(const struct option_row *row, const char *text, double *number)
{
    switch (row->type) {
    case OPTION_CHOICE:
        return option_is_choice(row, text);
    case OPTION_NUMBER:
        return read_number(text, false, number);
    case OPTION_SECONDS:
        return read_number(text, true, number);
    case OPTION_BYTES:
        return read_size(text, number) && *number >= 1;
    case OPTION_SIZE:
        return read_size(text, number);
    case OPTION_FLAG:
        return read_flag(text);
    default:
        return true;
    }
}

void option_put_choices(const struct option_row *row, struct buf *out)
{
    const char *choices = row->choices;
    for (size_t len; *choices; choices += len) {
        len = strcspn(choices, "|");
        buf_append(out, choices, len);
        if (!choices[len])
            break;
        buf_puts(out, strchr(choices + len + 1, '|') ? ", " : " or ");
        len++;
    }
}

static void put_expected(const struct option_row *row, struct buf *out)
{
    if (row->type == OPTION_CHOICE)
        option_put_choices(row, out);
    else if (row->type == OPTION_NUMBER)
        buf_puts(out, "an integer from 0 to 1000000000");
    else if (row->type == OPTION_SECONDS)
        buf_puts(out, "a number of seconds from 0 to 1000000000");
    else if (row->type == OPTION_BYTES || row->type == OPTION_SIZE)
        buf_puts(out, "a number of bytes such as 65536, 512K or 64M");
    else if (row->type == OPTION_FLAG)
        buf_puts(out, "1 or 0");
}

int option_refuse(const struct option_row *row, const char *text, const char *label,
                  enum fail_cause cause, struct fail *fail)
{
    struct buf expected = {0};
    put_expected(row, &expected);
    fail_set(fail, cause, "invalid value '%s' for %s: expected %s", text, label,
             buf_text(&expected));
    buf_release(&expected);
    return -1;
}

static void clear_value(struct setting *s)
{
    free(s->text);
    for (int i = 0; s->list && i < s->count; i++)
        free(s->list[i]);
    free(s->list);
    *s = (struct setting){0};
}

static void append_value(struct setting *s, const char *text)
{
    s->list = xgrow(s->list, (size_t)s->count, sizeof *s->list);
    s->list[s->count++] = xstrdup(text);
}

/* Removes the headers that are not from the command line. */
static void drop_configured(struct setting *s)
{
    while (s->count > s->given)
        free(s->list[--s->count]);
    s->configured = ORIGIN_NONE;
    s->origin = s->given ? ORIGIN_COMMAND_LINE : ORIGIN_NONE;
}

/* The command line is read before everything that is configured. The value is not repeated in
   messages: it may be a secret. */
static int set_header(struct setting *s, const char *text, enum origin origin, const char *label,
                      struct fail *fail)
{
    struct span name;
    const char *error = header_error(text, &name);
    if (error)
        return fail_set(fail, origin == ORIGIN_COMMAND_LINE ? FAIL_USAGE : FAIL_CONFIG,
                        "invalid value for %s: %.*s%s%s", label, (int)name.len, name.at,
                        name.len ? ": " : "", error);
    if (origin == ORIGIN_COMMAND_LINE) {
        append_value(s, text);
        s->given = s->count;
        s->origin = origin;
        return 0;
    }
    if (s->configured > origin)
        return 0;
    if (s->configured < origin)
        drop_configured(s);
    s->configured = origin;
    for (int i = 0; i < s->given; i++)
        if (header_is_same(s->list[i], text))
            return 0;
    append_value(s, text);
    if (!s->given)
        s->origin = origin;
    return 0;
}

static int set_value(struct settings *settings, const struct option_row *row, const char *text,
                     enum origin origin, const char *label, struct fail *fail)
{
    /* --highlight is the former name of --render. */
    if (row->id == OPT_HIGHLIGHT)
        row = &option_rows[OPT_RENDER];
    struct setting *s = &settings->of[row->id];
    double number = 0;
    enum fail_cause cause = origin == ORIGIN_COMMAND_LINE ? FAIL_USAGE : FAIL_CONFIG;
    if (!read_value(row, text, &number))
        return option_refuse(row, text, label, cause, fail);
    bool disables = row->id == OPT_TOKEN_COMMAND && origin == ORIGIN_PROFILE;
    if (row->type != OPTION_FLAG && !*text && !disables)
        return fail_set(fail, cause, "%s: value must not be empty", label);
    if (row->type == OPTION_HEADER)
        return set_header(s, text, origin, label, fail);
    if (s->origin > origin)
        return 0;
    if (s->origin != origin)
        clear_value(s);
    s->origin = origin;
    s->number = number;
    if (row->type == OPTION_LIST) {
        append_value(s, text);
        return 0;
    }
    if (row->type != OPTION_FLAG) {
        free(s->text);
        s->text = *text ? xstrdup(text) : NULL;
    }
    s->count++;
    if (row->type == OPTION_FLAG && text && (strcmp(text, "false") == 0 || strcmp(text, "0") == 0))
        s->count = 0;
    return 0;
}

void settings_begin_list(struct settings *settings, const struct option_row *row,
                         enum origin origin)
{
    struct setting *s = &settings->of[row->id];
    if (row->type == OPTION_HEADER && s->configured <= origin) {
        drop_configured(s);
        s->configured = origin;
        if (!s->given)
            s->origin = origin;
    } else if (row->type == OPTION_LIST && s->origin <= origin) {
        clear_value(s);
        s->origin = origin;
    }
}

void settings_choose_profile(struct settings *settings, const char *name)
{
    struct fail none = FAIL_INIT;
    set_value(settings, &option_rows[OPT_PROFILE], name, ORIGIN_COMMAND_LINE, "--profile", &none);
    fail_release(&none);
}

int settings_set(struct settings *settings, const char *name, const char *text, enum origin origin,
                 const char *label, struct fail *fail)
{
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (option_rows[id].in_file && strcmp(option_rows[id].name, name) == 0)
            return set_value(settings, &option_rows[id], text, origin, label, fail);
    return 1;
}

void settings_release(struct settings *settings)
{
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        clear_value(&settings->of[id]);
}

void settings_keep_given(struct settings *settings)
{
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (!setting_is_given(settings, id))
            clear_value(&settings->of[id]);
        else if (option_rows[id].type == OPTION_HEADER)
            drop_configured(&settings->of[id]);
}

struct span settings_peek_variable(const char *name)
{
    return span_trim(utf8_skip_mark(span_of(getenv(name))));
}

char *settings_variable(const char *name)
{
    struct span value = settings_peek_variable(name);
    return value.len ? xspandup(value) : NULL;
}

int settings_from_environment(struct settings *settings, struct fail *fail)
{
    int result = 0;
    for (enum option_id id = 0; result == 0 && id < OPT_COUNT; id++) {
        const char *name = option_rows[id].environment;
        char *value = name ? settings_variable(name) : NULL;
        if (value)
            result = set_value(settings, &option_rows[id], value, ORIGIN_ENVIRONMENT, name, fail);
        free(value);
    }
    return result;
}

void settings_default(struct settings *settings)
{
    struct fail none = FAIL_INIT;
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (option_rows[id].fallback && settings->of[id].origin == ORIGIN_NONE)
            set_value(settings, &option_rows[id], option_rows[id].fallback, ORIGIN_DEFAULT,
                      option_rows[id].name, &none);
    fail_release(&none);
}

/* The command line. */

/* The arguments of getopt_long, built from the rows of the command's groups. The leading '-' makes
   it return operands in order even if POSIXLY_CORRECT is set; the ':' makes it distinguish a
   missing argument from an unknown option. Codes of long options are above those of characters. */
enum { LONG_CODE = 256 };

struct getopt_tables {
    char letters[3 + 2 * OPT_COUNT];
    struct option options[OPT_COUNT + 1];
};

static void fill_tables(struct getopt_tables *t, unsigned groups)
{
    char *letter = t->letters;
    struct option *option = t->options;
    *letter++ = '-';
    *letter++ = ':';
    for (enum option_id id = 0; id < OPT_COUNT; id++) {
        const struct option_row *row = &option_rows[id];
        if (!(row->groups & groups))
            continue;
        *option++ = (struct option){row->name, row->argument ? required_argument : no_argument,
                                    NULL, LONG_CODE + (int)id};
        if (row->letter) {
            *letter++ = row->letter;
            if (row->argument)
                *letter++ = ':';
        }
    }
    *letter = '\0';
    *option = (struct option){NULL, 0, NULL, 0};
}

static const struct option_row *row_of_code(int code, unsigned groups)
{
    if (code >= LONG_CODE)
        return &option_rows[code - LONG_CODE];
    for (enum option_id id = 0; id < OPT_COUNT; id++)
        if (option_rows[id].letter == code && (option_rows[id].groups & groups))
            return &option_rows[id];
    return NULL;
}

bool operand_is_dash(const struct operand *operand)
{
    return !operand->literal && strcmp(operand->text, "-") == 0;
}

static void add_operand(struct operands *o, const char *text, bool literal)
{
    o->list = xgrow(o->list, o->count, sizeof *o->list);
    o->list[o->count++] = (struct operand){text, literal};
}

/* The message leaves out the text after `=`: it may be a secret. */
static int fail_unknown_option(const char *word, struct operands *operands, struct fail *fail)
{
    operands->unknown = span_make(word + 2, strcspn(word + 2, "="));
    return fail_set(fail, FAIL_USAGE, "unknown option %.*s", (int)strcspn(word, "="), word);
}

/* `word` is the argument with the letter optopt. If that can be no option, as the blank in
   "- a question", the whole argument is shown. */
static int fail_unknown_letter(const char *word, struct fail *fail)
{
    static const char hint[] = "put -- before arguments that start with -";
    if (optopt <= ' ' || optopt > '~')
        return fail_set_hint(fail, FAIL_USAGE, hint, "unknown option '%s'", word);
    return fail_set_hint(fail, FAIL_USAGE, hint, "unknown option -%c", optopt);
}

/* getopt_long has read up to the letters of `cluster`, or to the long option `word`. */
static int refuse_option(int code, unsigned groups, const char *cluster, const char *word,
                         struct operands *operands, struct fail *fail)
{
    const struct option_row *row = optopt ? row_of_code(optopt, groups) : NULL;
    if (code == ':' && row)
        return fail_set(fail, FAIL_USAGE, "option --%s requires an argument", row->name);
    if (row)
        return fail_set(fail, FAIL_USAGE, "option --%s does not take an argument", row->name);
    const struct option_row *owner = optopt ? row_of_code(optopt, ~0U) : NULL;
    if (owner) {
        operands->unknown = span_of(owner->name);
        return fail_set(fail, FAIL_USAGE, "unknown option -%c", optopt);
    }
    if (optopt)
        return fail_unknown_letter(cluster, fail);
    return fail_unknown_option(word, operands, fail);
}

/* getopt_long accepts abbreviations, which break scripts when an option is added, and would take
   `--token SECRET` for --token-file. The abbreviated word, NULL if the name is complete. */
static const char *find_abbreviation(int code, const struct option_row *row, char **argv)
{
    bool separate = row->argument && optarg == argv[optind - 1];
    const char *word = argv[optind - (separate ? 2 : 1)];
    bool complete = code < LONG_CODE || strcspn(word + 2, "=") == strlen(row->name);
    return complete ? NULL : word;
}

/* The row with the choices of a command with these groups. A configured format that `chat` does not
   have is valid: it is ignored there. */
static struct option_row narrow_row(const struct option_row *row, unsigned groups)
{
    struct option_row own = *row;
    if (row->id == OPT_OUTPUT && (groups & GROUP_DIALOGUE))
        own.choices = DIALOGUE_FORMATS;
    return own;
}

static int take_option(struct settings *settings, const struct option_row *row, unsigned groups,
                       struct fail *fail)
{
    char name[40] = "--";
    strncat(name, row->name, sizeof name - 3);
    if (row->type == OPTION_CHOICE && !option_is_choice(row, optarg)) {
        const struct option_row own = narrow_row(row, groups);
        return option_refuse(&own, optarg, name, FAIL_USAGE, fail);
    }
    /* The last one of -o and -j takes effect. */
    if (row->id == OPT_JSON && (groups & GROUP_OUTPUT))
        return set_value(settings, &option_rows[OPT_OUTPUT], "jsonl", ORIGIN_COMMAND_LINE, name,
                         fail);
    if (row->id == OPT_NO_LOG)
        return set_value(settings, &option_rows[OPT_LOG], "0", ORIGIN_COMMAND_LINE, name, fail);
    return set_value(settings, row, optarg, ORIGIN_COMMAND_LINE, name, fail);
}

int options_parse(unsigned groups, int argc, char **argv, struct settings *settings,
                  struct operands *operands, struct fail *fail)
{
    struct getopt_tables tables = {.letters = ""};
    fill_tables(&tables, groups);
    opterr = 0;
    optind = 0;       /* glibc and musl: restart */
    int at = 1, code; /* `at`: the argument that getopt_long examines next */
    for (; (code = getopt_long(argc, argv, tables.letters, tables.options, NULL)) != -1;
         at = optind) {
        if (code == 1) {
            add_operand(operands, optarg, false);
            continue;
        }
        const struct option_row *row = row_of_code(code, groups);
        if (code == '?' || code == ':' || !row)
            return refuse_option(code, groups, argv[at], argv[optind - 1], operands, fail);
        const char *abbreviation = find_abbreviation(code, row, argv);
        if (abbreviation)
            return fail_unknown_option(abbreviation, operands, fail);
        if (take_option(settings, row, groups, fail) != 0)
            return -1;
    }
    for (int i = optind; i < argc; i++)
        add_operand(operands, argv[i], true);
    return 0;
}

/* Help. */

size_t options_help(struct buf *out, unsigned groups, bool detail)
{
    size_t left_out = 0;
    for (enum option_id id = 0; id < OPT_COUNT; id++) {
        const struct option_row *row = &option_rows[id];
        char label[40];
        if (!(row->groups & groups))
            continue;
        if (!detail && (row->groups & GROUP_DETAIL)) {
            left_out++;
            continue;
        }
        if (row->letter)
            buf_printf(out, "  -%c, ", row->letter);
        else
            buf_puts(out, "      ");
        snprintf(label, sizeof label, "--%s %s", row->name, row->argument ? row->argument : "");
        buf_printf(out, "%-22s %s", label, row->help);
        if (row->type == OPTION_CHOICE) {
            const struct option_row own = narrow_row(row, groups);
            buf_puts(out, ": ");
            option_put_choices(&own, out);
        }
        if (row->fallback)
            buf_printf(out, " (%s)", row->fallback);
        buf_byte(out, '\n');
    }
    return left_out;
}
