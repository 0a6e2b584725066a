/* SPDX-License-Identifier: MIT */
#include "core/fault.h"

#ifdef FAULT_INJECTION

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

bool fault_here(int error)
{
    static long left = -1;
    if (left < 0) {
        const char *number = getenv("SIGMASIGHT_FAULT");
        left = number ? atol(number) : 0;
    }
    if (left == 0 || --left > 0)
        return false;
    const char *file = getenv("SIGMASIGHT_FAULT_FILE");
    if (file)
        close(open(file, O_WRONLY | O_CREAT, 0600));
    errno = error;
    return true;
}

#else

/* ISO C requires a declaration in every translation unit. */
extern int fault_injection_is_off;

#endif
