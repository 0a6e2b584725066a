/* SPDX-License-Identifier: MIT */
#include "mock/http/file.h"

#include "system/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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

static int write_new(const char *path, struct span bytes)
{
    int fd = sys_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0)
        return -1;
    int result = sys_write_all(fd, bytes.at, bytes.len, NULL);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

/* Not sys_replace_file: these files are for tests, and need no fsync(2) for each request. */
int file_write(const char *path, struct span bytes, struct fail *f)
{
    char *part = buf_format("%s.part", path);
    int result = 0;
    if (write_new(part, bytes) != 0 || sys_rename(part, path) != 0) {
        result = fail_errno(f, FAIL_OUTPUT, errno, "cannot write %s", path);
        sys_unlink(part);
    }
    free(part);
    return result;
}
