/* SPDX-License-Identifier: MIT */
/* Fault injection. fault_here() is called before each call that can fail outside the process; in a
   build without --enable-faults it is false and costs nothing. */
#ifndef CORE_FAULT_H
#define CORE_FAULT_H

#include <stdbool.h>

#ifdef FAULT_INJECTION

/* True if this call must fail; errno is then set to `error`. SIGMASIGHT_FAULT has the number of the
   call that fails, counted from 1 in the whole process. The file SIGMASIGHT_FAULT_FILE is created
   then. */
bool fault_here(int error);

#else

static inline bool fault_here(int error)
{
    (void)error;
    return false;
}

#endif

#endif
