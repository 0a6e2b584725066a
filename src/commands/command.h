/* SPDX-License-Identifier: MIT */
/* The commands. Each is described by a struct command in its own file. */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include "core/fail.h"
#include "settings/options.h"
#include "terminal/terminal.h"

#include <stdbool.h>

/* The arguments of a command. Borrowed. */
struct invocation {
    const struct settings *settings;
    const struct operands *operands;
    struct terminal *terminal;
    unsigned groups;      /* those of the command */
    struct span warnings; /* lines, see config_complete */
    /* The failure to read the configuration, only for a command that `runs_unconfigured`; the
       settings are then those of the command line and the defaults. NULL if there was none. */
    struct fail *config_failure;
};

/* Whether the command has this option. A configured value has no effect on other commands. */
static inline bool command_accepts(const struct invocation *in, enum option_id id)
{
    return (in->groups & option_row(id)->groups) != 0;
}

struct command {
    const char *name;
    const char *summary;    /* one line, for the list of commands */
    const char *usage;      /* arguments, after the name */
    const char *about;      /* text of --help before the options */
    const char *examples;   /* after them */
    size_t operands;        /* maximum number */
    unsigned groups;        /* accepted options, see enum option_group */
    bool runs_unconfigured; /* runs even if the configuration is invalid */
    /* 0, or -1 with *fail, which determines the exit status. */
    int (*run)(const struct invocation *in, struct fail *fail);
};

extern const struct command command_send, command_decode, command_login, command_logout,
    command_whoami, command_conversations, command_config, command_schema, command_completion,
    command_doctor, command_log, command_batch, command_chat, command_portfolios, command_feedback,
    command_api;

#endif
