/* SPDX-License-Identifier: MIT */
/* The command line. Implements "OPTIONS" of sigmasight-mock(1). */
#ifndef MOCK_OPTIONS_H
#define MOCK_OPTIONS_H

#include "core/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All strings are borrowed from argv. */
struct options {
    int64_t port; /* 0: any free one */
    bool ipv6;
    const char *port_file;
    bool with_parent;
    int64_t generation;  /* 1 or 2 */
    const char **tokens; /* owned array */
    size_t token_count;
    int64_t token_life; /* seconds */
    bool web_tokens;    /* what login gave out is refused */
    int64_t pace;       /* ms */
    bool trim_deltas;
    const char *answer;
    const char *scenario;
    const char *dump;
    bool help, version;
};

/* Reads the command line. -1 with FAIL_USAGE. Released also after that. */
int options_read(struct options *o, int argc, char **argv, struct fail *f);
void options_release(struct options *o);

/* The text of --help. */
void options_print_help(void);

#endif
