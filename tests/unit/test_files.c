/* SPDX-License-Identifier: MIT */
/* Replacing files: a path may have no directory. */
#include "system/files.h"
#include "unit.h"

#include <fcntl.h>

static const char *const paths[] = {"file", "./file", "inside/file", "inside/../file"};

static void check_contents(const char *path, const char *want)
{
    char got[64] = "";
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof got);
    if (check(n >= 0, "%s cannot be read", path))
        check_span(span_make(got, (size_t)n), span_of(want), path);
    if (fd >= 0)
        close(fd);
}

static void replace(void)
{
    for (size_t i = 0; i < COUNT(paths); i++) {
        check_int(sys_replace_file(paths[i], "old", 3), 0, paths[i]);
        check_int(sys_replace_file(paths[i], "new", 3), 0, paths[i]);
        check_contents(paths[i], "new");
    }
}

static void leave_behind(const char *path)
{
    struct buf name = {0};
    buf_printf(&name, "%s.a1b2c3", path);
    close(open(buf_text(&name), O_WRONLY | O_CREAT, 0600));
    check(access(buf_text(&name), F_OK) == 0, "%s was not created", buf_text(&name));
    sys_replace_clean(path);
    check(access(buf_text(&name), F_OK) != 0, "%s was not removed", buf_text(&name));
    check(access(path, F_OK) == 0, "%s was removed", path);
    buf_release(&name);
}

static void clean(void)
{
    for (size_t i = 0; i < COUNT(paths); i++)
        leave_behind(paths[i]);
}

int main(void)
{
    char directory[] = "/tmp/test_files.XXXXXX";
    if (!mkdtemp(directory) || chdir(directory) != 0 || sys_make_directories("inside") != 0) {
        perror(directory);
        return 2;
    }
    unit_case("files: replaced with and without a directory in the path", replace);
    unit_case("files: temporary files of killed processes are removed", clean);
    unlink("file");
    unlink("inside/file");
    rmdir("inside");
    rmdir(directory);
    return unit_status();
}
