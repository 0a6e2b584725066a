/* SPDX-License-Identifier: MIT */
#include "core/program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *program_name = "program";

void program_set_name(const char *name)
{
    program_name = name;
}

_Noreturn void program_die(const char *message)
{
    char line[256];
    snprintf(line, sizeof line, "%s: %s\n", program_name, message);
    ssize_t ignored = write(STDERR_FILENO, line, strlen(line));
    (void)ignored;
    _exit(70);
}
