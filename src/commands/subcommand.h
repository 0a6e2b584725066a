/* SPDX-License-Identifier: MIT */
/* The subcommands of a command that has a table of them. */
#ifndef COMMANDS_SUBCOMMAND_H
#define COMMANDS_SUBCOMMAND_H

#include "core/fail.h"

#include <stddef.h>

/* A table of `count` rows of `size` bytes. The first member of each is the name, a const char *. */
struct subcommands {
    const char *command;
    const void *rows;
    size_t count, size;
};

/* The row with this name. NULL with FAIL_USAGE if there is none; the hint suggests a similar
   name. */
const void *subcommand_find(const struct subcommands *s, const char *name, struct fail *fail);

#endif
