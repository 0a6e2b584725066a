/* SPDX-License-Identifier: MIT */
/* Every option and setting of the program, in one table that feeds getopt_long, --help, the
   environment, the configuration file and the defaults; and what they are set to.
   tests/lint/options holds the manual page and the completions against the same table. */
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
    OPT_MODE,
    OPT_PORTFOLIO,
    OPT_OUTPUT,
    OPT_JSON,
    OPT_NO_STREAM,
    OPT_EVENTS,
    OPT_EVENTS_FD,
    OPT_RECORD,
    OPT_NO_NEWLINE,
    OPT_HIGHLIGHT,
    OPT_RETRY,
    OPT_RETRY_DELAY,
    OPT_RETRY_MAX_TIME,
    OPT_RETRY_ALL,
    OPT_CONNECT_TIMEOUT,
    OPT_IDLE_TIMEOUT,
    OPT_STALL_TIMEOUT,
    OPT_MAX_TIME,
    OPT_MAX_EVENT_SIZE,
    OPT_EMAIL,
    OPT_PASSWORD_STDIN,
    OPT_LIMIT,
    OPT_URL,
    OPT_PROFILE,
    OPT_TOKEN_FILE,
    OPT_TOKEN_COMMAND,
    OPT_CACERT,
    OPT_INSECURE,
    OPT_ALLOW_HTTP,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_COLOR,
    OPT_HELP,
    OPT_COUNT
};

enum option_type {
    OPTION_FLAG,    /* no argument; repeated, it counts */
    OPTION_TEXT,    /* not empty */
    OPTION_LIST,    /* text that may be given several times */
    OPTION_CHOICE,  /* one of `choices` */
    OPTION_NUMBER,  /* a whole number from 0 */
    OPTION_SECONDS, /* from 0, fractions allowed */
    OPTION_BYTES    /* a whole number from 1, with K, M or G in steps of 1024 */
};

/* Which commands take an option. */
enum option_group {
    GROUP_COMMON = 1, /* every command */
    GROUP_API = 2,    /* what talks to the server */
    GROUP_OUTPUT = 4, /* what prints an answer */
    GROUP_SEND = 8,
    GROUP_CONTEXT = 16, /* what creates a conversation */
    GROUP_LOGIN = 32,
    GROUP_LIST = 64,
    GROUP_JSON = 128 /* what prints a table, or JSON lines with -j */
};

struct option_row {
    enum option_id id;
    const char *name;     /* long */
    char letter;          /* short, 0 for none */
    const char *argument; /* its name in --help, NULL for a flag */
    enum option_type type;
    unsigned groups;
    const char *choices;     /* OPTION_CHOICE: "a|b|c" */
    const char *fallback;    /* the default, NULL for none */
    const char *environment; /* a variable that sets it, NULL for none */
    bool in_file;            /* a key of the configuration file */
    const char *help;        /* one line */
};

const struct option_row *option_row(enum option_id id);

/* Whether an OPTION_CHOICE takes this value. */
bool option_is_choice(const struct option_row *row, const char *text);

/* Where a value came from; a later one is stronger. */
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
    char *text; /* as given; NULL for a flag or when not set */
    int count;  /* flags: how often; lists: the length */
    char **list;
    double number; /* OPTION_NUMBER, _SECONDS (seconds), _BYTES */
};

/* Owned by whoever declared it; release after use. */
struct settings {
    struct setting of[OPT_COUNT];
};

/* An operand, borrowed from argv. */
struct operand {
    const char *text;
    bool literal; /* it came after `--` */
};

/* `-`, for standard input. */
bool operand_is_dash(const struct operand *operand);

struct operands {
    struct operand *list; /* owned */
    size_t count;
    const char *unknown; /* a word of argv that is a long option of another command, or of none */
};

/* Reads a command's arguments; argv[0] is the command's name. Options and operands may be mixed,
   also where POSIXLY_CORRECT is set. FAIL_USAGE; for a long option that is unknown
   operands->unknown is the word, whose value may be a secret. */
int options_parse(unsigned groups, int argc, char **argv, struct settings *settings,
                  struct operands *operands, struct fail *fail);
/* Sets the option called `name` unless a stronger origin has; "false" takes a flag back. `as` is
   what messages call the place. 0, 1 when there is no such option for that origin, -1 with *fail:
   FAIL_USAGE for the command line, else FAIL_CONFIG. Values of a list add up within an origin. */
int settings_set(struct settings *settings, const char *name, const char *text, enum origin origin,
                 const char *as, struct fail *fail);
/* The environment, where nothing stronger has spoken. FAIL_CONFIG. */
int settings_from_environment(struct settings *settings, struct fail *fail);
/* What is still open gets its default. */
void settings_default(struct settings *settings);
/* Drops whatever the command line does not say: parts of a file that cannot be used may belong to
   another profile than was meant. */
void settings_keep_given(struct settings *settings);
void settings_release(struct settings *settings);

/* Appends the options of `groups` to a help text, a line each. */
void options_help(struct buf *out, unsigned groups);
/* The same in fewer lines: the rarer options by name only. */
void options_help_short(struct buf *out, unsigned groups);

/* Values. A setting that is not set: NULL, false, 0. */
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

/* Given on the command line, not only configured. */
static inline bool setting_is_given(const struct settings *s, enum option_id id)
{
    return s->of[id].origin == ORIGIN_COMMAND_LINE;
}

static inline int64_t setting_number(const struct settings *s, enum option_id id)
{
    return (int64_t)s->of[id].number;
}

/* OPTION_SECONDS in microseconds. */
static inline int64_t setting_us(const struct settings *s, enum option_id id)
{
    return (int64_t)(s->of[id].number * 1e6 + 0.5);
}

#endif
