/* SPDX-License-Identifier: MIT */
/* The command line. Implements "OPTIONS" of sigmasight-mock(1). */
#ifndef MOCK_OPTIONS_H
#define MOCK_OPTIONS_H

#include "core/fail.h"
#include "mock/backend/backend.h"

#include <stdbool.h>
#include <stdint.h>

/* Owned: options_release. The strings are borrowed from argv. */
struct options {
    int64_t port; /* 0: any free one */
    bool ipv6;
    const char *port_file;
    bool with_parent;
    struct backend_options backend;
    const char *scenario;
    const char *dump;
    bool help, version;
};

/* Reads the command line. -1 with FAIL_USAGE; released also after that. */
int options_read(struct options *o, int argc, char **argv, struct fail *f);
void options_release(struct options *o);

/* Prints the text of --help. */
void options_print_help(void);

#endif
