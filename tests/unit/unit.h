/* SPDX-License-Identifier: MIT */
/* Shared by the unit tests: cases, checks, temporary directories, memory that ends at a guard page,
   and reproducible random numbers. A case prints one line, `ok - NAME` or `not ok - NAME: DETAIL`.
 */
#ifndef UNIT_H
#define UNIT_H

#include "core/buf.h"
#include "core/span.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A span over a literal that may hold NUL, as an expression. */
#define S(literal) span_make("" literal, sizeof(literal) - 1)

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct {
    int bad_cases, bad_checks;
    char detail[1200];
} unit;

/* Only the first failed check of a case is shown. */
__attribute__((format(printf, 2, 3), unused)) static bool check(bool good, const char *format, ...)
{
    if (good)
        return true;
    if (unit.bad_checks++ == 0) {
        va_list args;
        va_start(args, format);
        vsnprintf(unit.detail, sizeof unit.detail, format, args);
        va_end(args);
    }
    return false;
}

__attribute__((unused)) static void unit_case(const char *name, void (*run)(void))
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    unit.bad_checks = 0;
    run();
    if (unit.bad_checks == 0) {
        printf("ok - %s\n", name);
        return;
    }
    unit.bad_cases++;
    printf("not ok - %s: %s", name, unit.detail);
    if (unit.bad_checks > 1)
        printf(" (and %d more)", unit.bad_checks - 1);
    putchar('\n');
}

__attribute__((unused)) static int unit_status(void)
{
    return unit.bad_cases ? 1 : 0;
}

/* Appends bytes in a form that is readable in one line. */
__attribute__((unused)) static void put_shown(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if (c == '\n')
            buf_puts(out, "\\n");
        else if (c < 0x20 || c >= 0x7F)
            buf_printf(out, "\\x%02x", c);
        else
            buf_byte(out, (char)c);
    }
}

__attribute__((unused)) static bool check_span(struct span got, struct span want, const char *what)
{
    if (span_equal(got, want))
        return true;
    struct buf a = {0}, b = {0};
    put_shown(&a, span_make(got.at, got.len < 400 ? got.len : 400));
    put_shown(&b, span_make(want.at, want.len < 400 ? want.len : 400));
    check(false, "%s: '%s' instead of '%s'", what, buf_text(&a), buf_text(&b));
    buf_release(&a);
    buf_release(&b);
    return false;
}

__attribute__((unused)) static bool check_int(int64_t got, int64_t want, const char *what)
{
    return check(got == want, "%s: %lld instead of %lld", what, (long long)got, (long long)want);
}

/* The path of a new directory in $TMPDIR, on the heap. */
__attribute__((unused)) static char *unit_directory(void)
{
    const char *parent = getenv("TMPDIR");
    char *path = buf_format("%s/unit.XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(path)) {
        perror(path);
        exit(2);
    }
    return path;
}

/* Memory whose last byte is followed by a page that cannot be read. */
struct guard {
    char *base;
    size_t size;
};

__attribute__((unused)) static struct guard guard_new(size_t room)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (room + page - 1) / page * page;
    char *base =
        mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || mprotect(base + size, page, PROT_NONE) != 0) {
        perror("mmap");
        exit(2);
    }
    return (struct guard){base, size};
}

/* A copy of the bytes that ends at the guard page. */
__attribute__((unused)) static char *guard_copy(const struct guard *g, struct span s)
{
    char *at = g->base + g->size - s.len;
    if (s.len)
        memcpy(at, s.at, s.len);
    return at;
}

__attribute__((unused)) static void guard_free(struct guard *g)
{
    munmap(g->base, g->size + (size_t)sysconf(_SC_PAGESIZE));
    g->base = NULL;
}

/* xorshift32: uniform enough, and the same everywhere. */
static uint32_t unit_seed = 2463534242U;

__attribute__((unused)) static uint32_t any(uint32_t below)
{
    unit_seed ^= unit_seed << 13;
    unit_seed ^= unit_seed >> 17;
    unit_seed ^= unit_seed << 5;
    return unit_seed % below;
}

#endif
