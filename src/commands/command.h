/* SPDX-License-Identifier: MIT */
/* A command is one file and one row. */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include "core/fail.h"
#include "settings/options.h"
#include "terminal/terminal.h"

#include <stdbool.h>
#include <stdint.h>

/* What main() prepared for a command. Borrowed. */
struct invocation {
    const struct settings *settings;
    const struct operands *operands;
    struct terminal *terminal;
    struct span warnings; /* lines, see config_complete */
    /* Why the settings cannot be used, and are only those of the command line and the defaults;
       else NULL. Only with command.unsettled. */
    struct fail *unsettled;
};

struct command {
    const char *name;
    const char *summary;  /* one line, for the list of commands */
    const char *usage;    /* what follows the name */
    const char *about;    /* paragraphs of --help before the options */
    const char *examples; /* after them */
    size_t operands;      /* how many it takes at most */
    unsigned groups;      /* of options, see enum option_group */
    bool unsettled;       /* runs also where the settings cannot be used, to tell why */
    /* 0, or -1 with *fail set: the only way to end with another status than 0. */
    int (*run)(const struct invocation *in, struct fail *fail);
};

extern const struct command command_send, command_decode, command_login, command_logout,
    command_whoami, command_conversations, command_config, command_schema, command_completion,
    command_doctor, command_log;

#endif
