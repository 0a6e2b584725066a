/* SPDX-License-Identifier: MIT */
/* share/events.schema.json as the build makes it part of the program. */
#ifndef COMMANDS_SCHEMA_H
#define COMMANDS_SCHEMA_H

/* Its lines without their ends, then NULL. */
extern const char *const schema_lines[];

#endif
