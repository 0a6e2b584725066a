/* SPDX-License-Identifier: MIT */
/* Replacing files: a path may have no directory. */
#include "system/files.h"
#include "unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

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

static void check_clean(const char *path, const char *before, const char *after, bool stays)
{
    struct buf name = {0};
    const char *slash = strrchr(path, '/');
    int directory = slash ? (int)(slash - path) + 1 : 0;
    buf_printf(&name, "%.*s%s%s%s", directory, path, before, path + directory, after);
    close(open(buf_text(&name), O_WRONLY | O_CREAT, 0600));
    check(access(buf_text(&name), F_OK) == 0, "%s was not created", buf_text(&name));
    sys_replace_clean(path);
    check((access(buf_text(&name), F_OK) == 0) == stays, "%s was %s", buf_text(&name),
          stays ? "removed" : "not removed");
    check(access(path, F_OK) == 0, "%s was removed", path);
    unlink(buf_text(&name));
    buf_release(&name);
}

/* The suffixes that people and other programs choose, and almost the program's own. */
static const char *const kept[][2] = {
    {"", ".backup"},      {"", ".bak"},          {"", ".a1b2c3"},       {"", ".tmp-a1b2c3"},
    {".", ".a1b2c3"},     {".", ".tmp-a1b2c"},   {".", ".tmp-a1b2c34"}, {".", ".tmp-backup~"},
    {".", ".tmp-A1b2c3"}, {".x", ".tmp-a1b2c3"}, {".", "x.tmp-a1b2c3"},
};

static void clean(void)
{
    for (size_t i = 0; i < COUNT(paths); i++)
        check_clean(paths[i], ".", ".tmp-a1b2c3", false);
}

static void keep(void)
{
    for (size_t i = 0; i < COUNT(paths); i++)
        for (size_t k = 0; k < COUNT(kept); k++)
            check_clean(paths[i], kept[k][0], kept[k][1], true);
}

int main(void)
{
    char *directory = unit_directory();
    if (chdir(directory) != 0 || sys_make_directories("inside") != 0) {
        perror(directory);
        return 2;
    }
    unit_case("files: replaced with and without a directory in the path", replace);
    unit_case("files: temporary files of killed processes are removed", clean);
    unit_case("files: files of the user with similar names are kept", keep);
    unlink("file");
    unlink("inside/file");
    rmdir("inside");
    rmdir(directory);
    free(directory);
    return unit_status();
}
