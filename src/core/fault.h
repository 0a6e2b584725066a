/* SPDX-License-Identifier: MIT */
/* The calls that a test can make fail. Each place where an effect may fail asks fault_here() first;
   in a build without --enable-faults that is nothing. */
#ifndef CORE_FAULT_H
#define CORE_FAULT_H

#include <stdbool.h>

#ifdef FAULT_INJECTION

/* Whether this call fails, with errno set to `error`: the one whose number, counted from 1 over the
   whole process, SIGMASIGHT_FAULT gives. It says so by creating the file SIGMASIGHT_FAULT_FILE. */
bool fault_here(int error);

#else

static inline bool fault_here(int error)
{
    (void)error;
    return false;
}

#endif

#endif
