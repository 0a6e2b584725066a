/* SPDX-License-Identifier: MIT */
/* clang-format off */
/* A target without a fuzzer.

     fuzz_NAME             what `make check` runs: the seeds that the target names and
                           tests/fuzz/regressions/fuzz_NAME below $SRCDIR; prints a TAP line for
                           each pattern
     fuzz_NAME PATH...     these files, and those of these directories
     fuzz_NAME -           standard input: what AFL++ runs, many inputs in one process */
/* clang-format on */
#include "fuzz.h"

#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __AFL_FUZZ_TESTCASE_LEN
/* The macros of AFL++ cause these warnings. */
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wconversion"
__AFL_FUZZ_INIT();

/* Reads thousands of inputs in one process, from memory that is shared with afl-fuzz. */
static int run_given(void)
{
    __AFL_INIT();
    const unsigned char *input = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(10000))
        LLVMFuzzerTestOneInput(input, (size_t)__AFL_FUZZ_TESTCASE_LEN);
    return 0;
}
#else
static int run_given(void)
{
    static uint8_t input[1 << 20];
    size_t size = fread(input, 1, sizeof input, stdin);
    return LLVMFuzzerTestOneInput(input, size);
}
#endif

/* The file that is being replayed, to name it after a crash. */
static const char *now = "";

static void say_which(void)
{
    static const char words[] = "not ok - ";
    if (write(STDOUT_FILENO, words, sizeof words - 1) < 0 ||
        write(STDOUT_FILENO, now, strlen(now)) < 0 || write(STDOUT_FILENO, "\n", 1) < 0)
        return;
}

static void on_crash(int number)
{
    say_which();
    signal(number, SIG_DFL);
    raise(number);
}

#ifdef FUZZ_SANITIZED
static void on_report(void)
{
    say_which();
}
#endif

static void watch(void)
{
    static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
#ifdef FUZZ_SANITIZED
    /* The sanitizer has handlers for the other signals. */
    signal(crashes[0], on_crash);
    __sanitizer_set_death_callback(on_report);
#else
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        signal(crashes[i], on_crash);
#endif
}

static void fail(const char *path)
{
    printf("not ok - %s: %s\n", path, strerror(errno));
    exit(1);
}

static void run_file(const char *path)
{
    struct buf text = {0};
    char chunk[8192];
    size_t n;
    FILE *file = fopen(path, "rb");
    if (!file)
        fail(path);
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        buf_append(&text, chunk, n);
    if (ferror(file))
        fail(path);
    fclose(file);
    now = path;
    LLVMFuzzerTestOneInput((const uint8_t *)(text.data ? text.data : ""), text.len);
    buf_release(&text);
}

static int run_pattern(const char *pattern)
{
    glob_t found;
    struct stat st;
    int count = 0;
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (stat(found.gl_pathv[i], &st) == 0 && S_ISREG(st.st_mode)) {
            run_file(found.gl_pathv[i]);
            count++;
        }
    globfree(&found);
    return count;
}

static int run_path(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        fail(path);
    if (!S_ISDIR(st.st_mode)) {
        run_file(path);
        return 1;
    }
    struct buf pattern = {0};
    buf_printf(&pattern, "%s/*", path);
    int count = run_pattern(buf_text(&pattern));
    buf_release(&pattern);
    return count;
}

/* Replays the seeds and the regressions. A pattern without a file is an error, except that there
   may be no regressions. */
static int run_own(const char *program)
{
    const char *source = getenv("SRCDIR"), *slash = strrchr(program, '/');
    struct buf patterns = {0};
    int status = 0;
    if (!source || chdir(source) != 0) {
        fputs("SRCDIR is not set, and no files are given\n", stderr);
        return 64;
    }
    buf_puts(&patterns, fuzz_seeds);
    buf_text(&patterns);
    for (char *p = strtok(patterns.data, " "); p; p = strtok(NULL, " ")) {
        int count = run_pattern(p);
        printf("%s - %s: %d inputs\n", count ? "ok" : "not ok", p, count);
        status |= count == 0;
    }
    buf_clear(&patterns);
    buf_printf(&patterns, "tests/fuzz/regressions/%s/*", slash ? slash + 1 : program);
    printf("ok - %s: %d inputs\n", buf_text(&patterns), run_pattern(buf_text(&patterns)));
    buf_release(&patterns);
    return status;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 2 && strcmp(argv[1], "-") == 0)
        return run_given();
    watch();
    if (argc == 1)
        return run_own(argv[0]);
    int count = 0;
    for (int i = 1; i < argc; i++)
        count += run_path(argv[i]);
    printf("ok - %d inputs\n", count);
    return count == 0;
}
