/* SPDX-License-Identifier: MIT */
#include "system/trust.h"

#include "core/xmalloc.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether the group is the user's private group: of the same name and without other members. */
static bool is_private_group(gid_t gid)
{
    const struct passwd *user = getpwuid(geteuid());
    if (!user || user->pw_gid != gid)
        return false;
    char *name = xstrdup(user->pw_name);
    const struct group *group = getgrgid(gid);
    bool is_private = group && strcmp(group->gr_name, name) == 0;
    for (char **member = is_private ? group->gr_mem : NULL; member && *member; member++)
        is_private = is_private && strcmp(*member, name) == 0;
    free(name);
    return is_private;
}

const char *sys_distrust(const struct stat *st)
{
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return "it belongs to another user";
    if (st->st_mode & S_IWOTH)
        return "others can write it";
    if ((st->st_mode & S_IWGRP) && !is_private_group(st->st_gid))
        return "its group can write it";
    return NULL;
}
