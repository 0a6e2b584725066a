/* SPDX-License-Identifier: MIT */
/* Lines from either end of a file, of lengths below and above that of the blocks that are read. */
#include "state/lines.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>

enum { LINES = 400 };

static struct {
    size_t offset, len;
} expected[LINES];

/* A file of lines of the lengths that `length` gives; line N consists of a character of its own.
   Lines that are empty or too long are not expected. The number of those that are. */
static size_t make_file(int fd, size_t (*length)(size_t n), size_t count, bool ends_in_line)
{
    size_t offset = 0, found = 0;
    for (size_t n = 0; n < count; n++) {
        size_t len = length(n);
        char *line = malloc(len + 1);
        memset(line, 'a' + (int)(n % 26), len);
        line[len] = '\n';
        size_t size = len + !(ends_in_line && n == count - 1);
        check(write(fd, line, size) == (ssize_t)size, "cannot write");
        free(line);
        if (len && len <= LINES_MAX) {
            expected[found].offset = offset;
            expected[found++].len = len;
        }
        offset += size;
    }
    return found;
}

static void read_lines(int fd, size_t count, bool backwards)
{
    struct lines l;
    struct span line;
    off_t offset;
    size_t n = 0;
    int result;
    lines_init(&l, fd, lseek(fd, 0, SEEK_END), backwards);
    while ((result = lines_next(&l, &line, &offset)) > 0 && n < count) {
        size_t i = backwards ? count - 1 - n : n;
        check((size_t)offset == expected[i].offset && line.len == expected[i].len,
              "line %zu: %zu bytes at %lld instead of %zu at %zu", i, line.len, (long long)offset,
              expected[i].len, expected[i].offset);
        check(line.at[0] == line.at[line.len - 1], "line %zu: parts of two", i);
        n++;
    }
    check(result == 0 && n == count, "%zu lines instead of %zu", n, count);
    lines_release(&l);
}

static void try_lengths(size_t (*length)(size_t n), size_t count)
{
    for (int ends_in_line = 0; ends_in_line < 2; ends_in_line++) {
        FILE *file = tmpfile();
        if (!check(file != NULL, "no temporary file"))
            return;
        size_t found = make_file(fileno(file), length, count, ends_in_line);
        read_lines(fileno(file), found, true);
        read_lines(fileno(file), found, false);
        fclose(file);
    }
}

static size_t short_lines(size_t n)
{
    return n % 7;
}

static size_t block_lines(size_t n)
{
    return (128 << 10) - 3 + n % 6;
}

static size_t long_lines(size_t n)
{
    return n % 3 == 1 ? (size_t)(n << 16) : n % 5 ? n * 1000 : 0;
}

static size_t too_long_lines(size_t n)
{
    return n % 3 == 1 ? LINES_MAX + 1 + n % 2 * (200 << 10) : 10 + n;
}

static void none(void)
{
    try_lengths(short_lines, 0);
    try_lengths(short_lines, 1);
}

static void various(void)
{
    try_lengths(short_lines, LINES);
    try_lengths(block_lines, 24);
    try_lengths(long_lines, 40);
}

static void too_long(void)
{
    try_lengths(too_long_lines, 1);
    try_lengths(too_long_lines, 2);
    try_lengths(too_long_lines, 5);
    try_lengths(too_long_lines, 6);
}

static void truncated(void)
{
    struct lines l;
    struct span line;
    off_t offset;
    FILE *file = tmpfile();
    if (!check(file != NULL, "no temporary file"))
        return;
    check(write(fileno(file), "line\n", 5) == 5, "cannot write");
    lines_init(&l, fileno(file), 6, true);
    errno = 0;
    check_int(lines_next(&l, &line, &offset), -1, "result");
    check_int(errno, EIO, "errno");
    lines_release(&l);
    fclose(file);
}

static void not_regular(void)
{
    struct stat st;
    check_int(lines_open(".", O_RDONLY, &st), -1, "result");
    check_int(errno, EINVAL, "errno");
}

int main(void)
{
    unit_case("lines: an empty file", none);
    unit_case("lines: of various lengths", various);
    unit_case("lines: lines that are too long are skipped", too_long);
    unit_case("lines: a file that has become shorter is an error", truncated);
    unit_case("lines: not a regular file", not_regular);
    return unit_status();
}
