/* SPDX-License-Identifier: MIT */
#include "system/system.h"

#include <errno.h>
#include <stdarg.h>

int sys_fail(struct fail *fail, enum fail_cause cause, const char *format, ...)
{
    int error = errno;
    if (error == EINTR && sys_signal())
        return fail_signal(fail, sys_signal());
    va_list args;
    struct buf what = {0};
    va_start(args, format);
    buf_vprintf(&what, format, args);
    va_end(args);
    fail_errno(fail, cause, error, "%s", buf_text(&what));
    buf_release(&what);
    return -1;
}
