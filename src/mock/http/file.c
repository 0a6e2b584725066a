/* SPDX-License-Identifier: MIT */
#include "mock/http/file.h"

#include "system/system.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int file_read(const char *path, struct buf *out, struct fail *f)
{
    int fd = sys_open(path, O_RDONLY, 0);
    if (fd < 0)
        return fail_errno(f, FAIL_INPUT, errno, "cannot read %s", path);
    int result = 0;
    if (sys_read_all(fd, out) != 0)
        result = fail_errno(f, FAIL_INPUT, errno, "cannot read %s", path);
    close(fd);
    return result;
}

int file_write(const char *path, struct span bytes, struct fail *f)
{
    if (sys_replace_file(path, bytes.at, bytes.len) == 0)
        return 0;
    return fail_errno(f, FAIL_OUTPUT, errno, "cannot write %s", path);
}
