/* SPDX-License-Identifier: MIT */
/* Files of the distribution that the build compiles into the program (embedded_lines.c). */
#ifndef COMMANDS_EMBEDDED_H
#define COMMANDS_EMBEDDED_H

#include "core/fail.h"

/* The lines of a file without their ends, then NULL. */
extern const char *const embedded_events_schema[], *const embedded_log_schema[];
extern const char *const embedded_bash[], *const embedded_zsh[], *const embedded_fish[];

/* Prints such a file. FAIL_OUTPUT. */
int embedded_print(const char *const *lines, struct fail *fail);

#endif
