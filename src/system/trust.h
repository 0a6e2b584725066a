/* SPDX-License-Identifier: MIT */
/* Whether a file can have been changed by another user. */
#ifndef SYSTEM_TRUST_H
#define SYSTEM_TRUST_H

#include <sys/stat.h>

/* The reason why another user than root can change a file or the contents of a directory, for a
   message: the owner, or permissions for others or for a group that is not the user's private one.
   NULL if none can. */
const char *sys_distrust(const struct stat *st);

#endif
