/* SPDX-License-Identifier: MIT */
/* The interface to the operating system: every effect outside the process that is not libcurl's is
   one of these calls, so that a test build can make each of them fail (core/fault.h). */
#ifndef SYSTEM_SYSTEM_H
#define SYSTEM_SYSTEM_H

#include "core/fail.h"
#include "system/files.h"
#include "system/jobs.h"
#include "system/process.h"
#include "system/signals.h"
#include "system/time.h"
#include "system/trust.h"

/* Records the failure of a call that set errno: the caught signal that interrupted it, else `cause`
   with the text of errno appended. Always -1. */
int sys_fail(struct fail *fail, enum fail_cause cause, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
