/* SPDX-License-Identifier: MIT */
#include "mock/parent.h"

#include <signal.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

void parent_watch(struct parent *p)
{
    p->pid = getppid();
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, (unsigned long)SIGTERM);
#endif
}

bool parent_is_gone(const struct parent *p)
{
    return getppid() != p->pid;
}
