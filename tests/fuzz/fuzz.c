/* SPDX-License-Identifier: MIT */
#include "config.h" /* memfd_create is an extension */

#include "fuzz.h"

#include "../unit/oracle.h"
#include "model.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int real_error = -1;

void fuzz_require(bool condition, const char *format, ...)
{
    if (condition)
        return;
    va_list args;
    fuzz_error_restore();
    fputs("fuzz: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

/* No input may make the program exit, as it does without memory; libFuzzer would not report that.
   AFL++ reports it (see tests/fuzz/run) and requires the real function. */
#ifndef __AFL_FUZZ_TESTCASE_LEN
_Noreturn void _exit(int status) /* NOLINT */
{
    fuzz_require(false, "the program exited with status %d", status);
    abort();
}
#endif

static void show(const char *name, struct span s, size_t from)
{
    fprintf(stderr, "fuzz: %s, %zu bytes, from %zu: ", name, s.len, from);
    for (size_t i = from; i < s.len && i < from + 200; i++) {
        unsigned char c = (unsigned char)s.at[i];
        fprintf(stderr, c < 0x20 || c >= 0x7F ? "\\x%02x" : "%c", c);
    }
    fputc('\n', stderr);
}

void fuzz_same(struct span got, struct span want, const char *what)
{
    if (span_equal(got, want))
        return;
    size_t from = 0;
    while (from < got.len && from < want.len && got.at[from] == want.at[from])
        from++;
    from = from > 60 ? from - 60 : 0;
    fuzz_error_restore();
    show("got", got, from);
    show("wanted", want, from);
    fuzz_require(false, "%s: the results differ", what);
}

uint32_t fuzz_hash(struct span in)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < in.len; i++)
        hash = (hash ^ (unsigned char)in.at[i]) * 16777619U;
    return hash;
}

static size_t piece_length(enum fuzz_way way, size_t left, uint32_t *random)
{
    if (way == FUZZ_WHOLE)
        return left;
    if (way == FUZZ_BYTES)
        return 1;
    *random = *random * 1664525U + 1013904223U;
    size_t n = *random >> 28 ? 1 + (*random >> 8) % 13 : 1 + (*random >> 8) % 300;
    return n < left ? n : left;
}

size_t fuzz_feed(struct span in, enum fuzz_way way, int (*feed)(void *arg, struct span piece),
                 void *arg)
{
    uint32_t random = fuzz_hash(in);
    size_t at = 0;
    while (at < in.len) {
        size_t n = piece_length(way, in.len - at, &random);
        char *copy = malloc(n);
        if (!copy)
            abort();
        memcpy(copy, in.at + at, n);
        int result = feed(arg, span_make(copy, n));
        memset(copy, 'Z', n);
        free(copy);
        at += n;
        if (result != 0)
            break;
    }
    return at;
}

static void note_error(void *arg, uint32_t c, struct span from)
{
    (void)from;
    if (c == ORACLE_ERROR)
        *(bool *)arg = false;
}

bool fuzz_is_utf8(struct span s)
{
    bool good = true;
    oracle_decode(s, note_error, &good);
    return good;
}

static size_t first_of(struct span s, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_starts(s, span_of(list[i])))
            return strlen(list[i]);
    return 0;
}

size_t fuzz_own_sequence(struct span s, enum fuzz_own own)
{
    static const char *const lines[] = {"\033[2m", "\033[35m", "\033[31m", "\033[0m",
                                        "\033[J",  "\033[?7l", "\033[?7h", "\r"};
    static const char *const looks[] = {";1", ";2", ";3", ";4", ";9", ";35"};
    static const struct span begin = SPAN("\033[0");
    if (own == FUZZ_LINES)
        return first_of(s, lines, sizeof lines / sizeof lines[0]);
    if (own == FUZZ_NONE || !span_starts(s, begin))
        return 0;
    size_t at = begin.len, n = 1;
    while (n && at < s.len && s.at[at] != 'm') {
        /* The longest parameter that fits. */
        n = 0;
        for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
            if (strlen(looks[i]) > n &&
                span_starts(span_make(s.at + at, s.len - at), span_of(looks[i])))
                n = strlen(looks[i]);
        at += n;
    }
    return n && at < s.len ? at + 1 : 0;
}

struct shown {
    struct span all;
    const char *after_own; /* what lies before was one of the program's own sequences */
    enum fuzz_own own;
    const char *what;
};

static void require_harmless(void *arg, uint32_t c, struct span from)
{
    struct shown *s = arg;
    size_t at = (size_t)(from.at - s->all.at);
    if (s->after_own && from.at < s->after_own)
        return;
    size_t own = fuzz_own_sequence(span_make(from.at, s->all.len - at), s->own);
    if (own) {
        s->after_own = from.at + own;
        return;
    }
    bool drives = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c <= 0x9F) || c == 0x061C ||
                  (s->own != FUZZ_STYLES && (c == 0x200E || c == 0x200F)) ||
                  (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    if (drives || c == ORACLE_ERROR)
        fuzz_require(false, "%s: %s%02X at %zu", s->what,
                     c == ORACLE_ERROR ? "invalid UTF-8, " : "U+", (unsigned)c, at);
}

void fuzz_require_harmless(struct span shown, enum fuzz_own own, const char *what)
{
    struct shown s = {shown, NULL, own, what};
    oracle_decode(shown, require_harmless, &s);
}

void fuzz_require_json_line(struct span line, const char *what)
{
    static struct model model;
    for (size_t i = 0; i < line.len; i++)
        fuzz_require((unsigned char)line.at[i] >= 0x20 || line.at[i] == '\t',
                     "%s: byte %02x at %zu of a line", what, (unsigned char)line.at[i], i);
    fuzz_require(fuzz_is_utf8(line), "%s: a line is not UTF-8", what);
    model_clear(&model);
    fuzz_require(model_read(&model, line), "%s: a line is not JSON: %.*s", what,
                 (int)(line.len < 1000 ? line.len : 1000), line.at);
}

int fuzz_memory(void)
{
#ifdef __linux__
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
#else
    FILE *file = tmpfile();
    int fd = file ? fileno(file) : -1;
#endif
    fuzz_require(fd >= 0, "cannot open a descriptor in memory");
    return fd;
}

void fuzz_memory_take(int fd, struct buf *out)
{
    off_t size = lseek(fd, 0, SEEK_END);
    fuzz_require(size >= 0, "cannot get the size of a descriptor in memory");
    buf_reserve(out, (size_t)size);
    if (size == 0)
        return;
    ssize_t n = pread(fd, out->data + out->len, (size_t)size, 0);
    fuzz_require(n == size, "cannot read a descriptor in memory");
    out->len += (size_t)n;
    fuzz_require(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0,
                 "cannot empty a descriptor in memory");
}

void fuzz_error_redirect(int fd)
{
    if (real_error < 0) {
        real_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
        fuzz_require(real_error >= 0, "cannot duplicate standard error");
#ifdef FUZZ_SANITIZED
        __sanitizer_set_report_fd((void *)(intptr_t)real_error);
#endif
    }
    dup2(fd, STDERR_FILENO);
}

void fuzz_error_restore(void)
{
    if (real_error >= 0)
        dup2(real_error, STDERR_FILENO);
}
