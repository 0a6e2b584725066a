/* SPDX-License-Identifier: MIT */
/* The options and settings of the program and their values. One table drives getopt_long, --help,
   the environment, the configuration file and the defaults; tests/lint/options compares it with the
   manual page and the completions. */
#ifndef SETTINGS_OPTIONS_H
#define SETTINGS_OPTIONS_H

#include "core/buf.h"
#include "core/fail.h"

#include <stdbool.h>
#include <stdint.h>

enum option_id {
    OPT_CONVERSATION,
    OPT_CONTINUE,
    OPT_EPHEMERAL,
    OPT_EDIT,
    OPT_MAX_MESSAGE,
    OPT_LINES,
    OPT_JOBS,
    OPT_ORDERED,
    OPT_RESUME,
    OPT_FAIL_FAST,
    OPT_MODE,
    OPT_PORTFOLIO,
    OPT_CONTEXT,
    OPT_OUTPUT,
    OPT_JSON,
    OPT_NO_STREAM,
    OPT_EVENTS,
    OPT_EVENTS_FD,
    OPT_RECORD,
    OPT_NO_NEWLINE,
    OPT_RENDER,
    OPT_HIGHLIGHT,
    OPT_LOG,
    OPT_NO_LOG, /* never set: it is OPT_LOG with 0 */
    OPT_LOG_SIZE,
    OPT_RETRY,
    OPT_RETRY_DELAY,
    OPT_RETRY_MAX_TIME,
    OPT_RETRY_ALL,
    OPT_CONNECT_TIMEOUT,
    OPT_IDLE_TIMEOUT,
    OPT_STALL_TIMEOUT,
    OPT_MAX_TIME,
    OPT_MAX_EVENT_SIZE,
    OPT_DATA,
    OPT_COMMENT,
    OPT_EMAIL,
    OPT_PASSWORD_STDIN,
    OPT_LIMIT,
    OPT_YES,
    OPT_NO_PAGER,
    OPT_URL,
    OPT_PROFILE,
    OPT_TOKEN_FILE,
    OPT_TOKEN_COMMAND,
    OPT_CACERT,
    OPT_CERT,
    OPT_KEY,
    OPT_HEADER,
    OPT_INSECURE,
    OPT_ALLOW_HTTP,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_COLOR,
    OPT_NO_STATUS,
    OPT_HELP,
    OPT_COUNT
};

enum option_type {
    OPTION_FLAG,    /* no argument; repetitions are counted */
    OPTION_TEXT,    /* a string that is not empty */
    OPTION_FILE,    /* the same; `~/` in the configuration file is the home directory */
    OPTION_LIST,    /* a string, may be given several times */
    OPTION_HEADER,  /* a list of "NAME: VALUE", see settings/header.h; the command line adds to the
                       configured ones and replaces those of the same name */
    OPTION_CHOICE,  /* one of `choices` */
    OPTION_NUMBER,  /* an integer from 0 */
    OPTION_SECONDS, /* a decimal number from 0 */
    OPTION_BYTES,   /* an integer from 1, with an optional suffix K, M or G (powers of 1024) */
    OPTION_SIZE     /* OPTION_BYTES or 0 for no limit */
};

/* Sets of commands that accept an option. */
enum option_group {
    GROUP_COMMON = 1, /* every command */
    GROUP_API = 2,    /* commands that call the server */
    GROUP_OUTPUT = 4, /* commands that print an answer */
    GROUP_SEND = 8,
    GROUP_CONTEXT = 16, /* commands that create a conversation */
    GROUP_LOGIN = 32,
    GROUP_LIST = 64,
    GROUP_JSON = 128,   /* commands that print a table, or JSON lines with -j */
    GROUP_LOG = 256,    /* commands that print the log */
    GROUP_SINGLE = 512, /* commands that ask one question */
    GROUP_BATCH = 1 << 12,
    GROUP_RETRY = 1 << 13, /* commands that retry calls */
    GROUP_FEEDBACK = 1 << 14,
    GROUP_CALL = 1 << 15,
    GROUP_DETAIL = 1 << 16,  /* a flag, not a set: only --help -v describes the option */
    GROUP_DIALOGUE = 1 << 17 /* a flag of `chat`: no formats for a single answer */
};

struct option_row {
    enum option_id id;
    const char *name;     /* long */
    char letter;          /* short, 0 for none */
    const char *argument; /* placeholder in --help, NULL for a flag */
    enum option_type type;
    unsigned groups;
    const char *choices;     /* OPTION_CHOICE: "a|b|c" */
    const char *fallback;    /* the default, NULL for none */
    const char *environment; /* the variable that sets it, NULL for none */
    bool in_file;            /* also a key of the configuration file */
    const char *help;        /* one line, to which --help adds the choices and the default */
};

const struct option_row *option_row(enum option_id id);

/* Whether `text` is one of the choices of an OPTION_CHOICE. */
bool option_is_choice(const struct option_row *row, const char *text);
/* Appends the choices of an OPTION_CHOICE: "auto, always or never". */
void option_put_choices(const struct option_row *row, struct buf *out);
/* Records a failure: `text` is not a valid value of this option. Always -1. */
int option_refuse(const struct option_row *row, const char *text, const char *label,
                  enum fail_cause cause, struct fail *fail);

/* The origin of a value, in ascending order of precedence. */
enum origin {
    ORIGIN_NONE,
    ORIGIN_DEFAULT,
    ORIGIN_FILE,
    ORIGIN_ENVIRONMENT,
    ORIGIN_PROFILE,
    ORIGIN_COMMAND_LINE
};

struct setting {
    enum origin origin;
    char *text; /* as given; NULL for a flag and if not set */
    int count;  /* flags: number of repetitions; lists: length */
    char **list;
    int given; /* OPTION_HEADER: how many of `list`, the first ones, are from the command line */
    enum origin configured; /* OPTION_HEADER: the origin of the others */
    double number;          /* OPTION_NUMBER, _SECONDS (seconds), _BYTES */
};

/* Zeroed is empty; free with settings_release. */
struct settings {
    struct setting of[OPT_COUNT];
};

/* An operand, borrowed from argv. */
struct operand {
    const char *text;
    bool literal; /* after `--` */
};

/* Whether the operand is `-`, which stands for standard input. */
bool operand_is_dash(const struct operand *operand);

struct operands {
    struct operand *list; /* owned */
    size_t count;
    struct span unknown; /* the long name of an unknown option without `--`, borrowed */
};

/* Parses a command's arguments; argv[0] is the command's name. Options and operands may be mixed,
   even if POSIXLY_CORRECT is set. Long options cannot be abbreviated. FAIL_USAGE; operands->unknown
   is set if the reason is an unknown long option. */
int options_parse(unsigned groups, int argc, char **argv, struct settings *settings,
                  struct operands *operands, struct fail *fail);
/* Sets the option `name` unless it has a value of higher precedence; "false" clears a flag, an
   empty token_command in a profile disables that of the file. Values of a list accumulate within
   one origin. `label` names the setting in messages. 0, 1 if `name` is not a key of the
   configuration file, -1 with *fail: FAIL_USAGE for the command line, FAIL_CONFIG otherwise. */
int settings_set(struct settings *settings, const char *name, const char *text, enum origin origin,
                 const char *label, struct fail *fail);
/* Begins the list of an OPTION_LIST or OPTION_HEADER at this origin, unless it has a value of
   higher precedence: values of lower precedence are removed, even if none follows. */
void settings_begin_list(struct settings *settings, const struct option_row *row,
                         enum origin origin);
/* Selects a profile as --profile does. */
void settings_choose_profile(struct settings *settings, const char *name);
/* The value of an environment variable without a byte order mark and white space at both ends,
   empty if it is not set. Borrowed. */
struct span settings_peek_variable(const char *name);
/* A copy of that, owned by the caller. NULL if it is empty. */
char *settings_variable(const char *name);
/* Sets options from their environment variables. FAIL_CONFIG. */
int settings_from_environment(struct settings *settings, struct fail *fail);
/* Sets the options without a value to their defaults. */
void settings_default(struct settings *settings);
/* Clears every setting that was not given on the command line: an unusable configuration must have
   no effect. */
void settings_keep_given(struct settings *settings);
void settings_release(struct settings *settings);

/* Appends a line of help for each option of `groups`, for those with GROUP_DETAIL only if
   `detail`. Returns the number of options left out. */
size_t options_help(struct buf *out, unsigned groups, bool detail);

/* Values; NULL, false and 0 for a setting that is not set. */
static inline const char *setting_text(const struct settings *s, enum option_id id)
{
    return s->of[id].text;
}

static inline int setting_count(const struct settings *s, enum option_id id)
{
    return s->of[id].count;
}

static inline bool setting_is(const struct settings *s, enum option_id id)
{
    return s->of[id].count > 0;
}

/* Given on the command line. */
static inline bool setting_is_given(const struct settings *s, enum option_id id)
{
    return s->of[id].origin == ORIGIN_COMMAND_LINE;
}

static inline int64_t setting_number(const struct settings *s, enum option_id id)
{
    return (int64_t)s->of[id].number;
}

/* Has a value other than the default: from the command line, the environment or the configuration
   file. */
static inline bool setting_is_set(const struct settings *s, enum option_id id)
{
    return s->of[id].origin > ORIGIN_DEFAULT;
}

/* OPTION_BYTES, at most SIZE_MAX. */
static inline size_t setting_size(const struct settings *s, enum option_id id)
{
    return s->of[id].number < (double)SIZE_MAX ? (size_t)s->of[id].number : SIZE_MAX;
}

/* OPTION_SECONDS in microseconds. */
static inline int64_t setting_us(const struct settings *s, enum option_id id)
{
    return (int64_t)(s->of[id].number * 1e6 + 0.5);
}

#endif
