/* SPDX-License-Identifier: MIT */
/* Ending together with the parent process. */
#ifndef MOCK_PARENT_H
#define MOCK_PARENT_H

#include <stdbool.h>
#include <sys/types.h>

struct parent {
    pid_t pid;
};

/* Remembers the parent, and asks the system for SIGTERM at its end where it offers that. */
void parent_watch(struct parent *p);
/* Whether it has ended. For systems that do not tell, and for one that ended before the watch. */
bool parent_is_gone(const struct parent *p);

#endif
