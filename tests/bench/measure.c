/* SPDX-License-Identifier: MIT */
/* bench-measure COMMAND...: runs it with its standard output in a pipe that is emptied here, and
   prints its cost on one line: microseconds of CPU, the maximum resident memory in KiB, the median
   of the nanoseconds since each @TIME in its output (see stream.h), 0 without any, and microseconds
   from fork to exit. Children count once they were waited for. This is a small program because the
   memory that is resident before exec counts, too. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LATENCIES = 1 << 16 };

struct result {
    size_t count;
    int64_t latency[LATENCIES];
};

static int broken(const char *what)
{
    fprintf(stderr, "bench-measure: %s: %s\n", what, strerror(errno));
    return 125;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The last time counts that is there as a whole. */
static void note_latency(struct result *r, const char *bytes, int64_t now)
{
    const char *at = strrchr(bytes, '@');
    if (at && r->count < LATENCIES)
        r->latency[r->count++] = now - strtoll(at + 1, NULL, 10);
}

static void drain(int fd, struct result *r)
{
    static char bytes[65536 + 1];
    for (ssize_t n; (n = read(fd, bytes, sizeof bytes - 1)) > 0 || (n < 0 && errno == EINTR);) {
        int64_t now = now_ns();
        if (n < 0)
            continue;
        bytes[n] = '\0';
        if (n < 1024)
            note_latency(r, bytes, now);
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static long long us(struct timeval t)
{
    return (long long)t.tv_sec * 1000000 + t.tv_usec;
}

int main(int argc, char **argv)
{
    static struct result r;
    int ends[2], status;
    struct rusage used;
    if (argc < 2) {
        fputs("usage: bench-measure COMMAND...\n", stderr);
        return 64;
    }
    if (pipe(ends) != 0)
        return broken("pipe");
    int64_t start = now_ns();
    pid_t pid = fork();
    if (pid < 0)
        return broken("fork");
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(argv[1], argv + 1);
        _exit(broken(argv[1]));
    }
    close(ends[1]);
    drain(ends[0], &r);
    if (wait4(pid, &status, 0, &used) != pid)
        return broken("wait4");
    int64_t wall = now_ns() - start;
    qsort(r.latency, r.count, sizeof r.latency[0], by_size);
    printf("%lld %ld %lld %lld\n", us(used.ru_utime) + us(used.ru_stime), used.ru_maxrss,
           r.count ? (long long)r.latency[r.count / 2] : 0LL, (long long)wall / 1000);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
