/* SPDX-License-Identifier: MIT */
/* recut SEED MAX FILE: writes a file to standard output in pieces of 1 to MAX bytes. Where that is
   a pipe, the next piece leaves only when the last one was read, so that the reader meets every
   cut. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int broken(const char *what)
{
    fprintf(stderr, "recut: %s: %s\n", what, strerror(errno));
    return 2;
}

/* 0 when it was read, or is not a pipe; 1 when there is no reader any more. */
static int wait_until_read(void)
{
    for (int unread; ioctl(STDOUT_FILENO, FIONREAD, &unread) == 0 && unread > 0;) {
        struct pollfd gone = {.fd = STDOUT_FILENO, .events = 0};
        if (poll(&gone, 1, 0) == 1 && (gone.revents & POLLERR))
            return 1;
        sched_yield();
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: recut SEED MAX FILE\n", stderr);
        return 64;
    }
    uint32_t random = (uint32_t)strtoul(argv[1], NULL, 10) * 2654435761U + 1;
    size_t max = strtoul(argv[2], NULL, 10), size = 0;
    int fd = open(argv[3], O_RDONLY);
    static char piece[1 << 20];
    if (fd < 0)
        return broken(argv[3]);
    if (max == 0 || max > sizeof piece)
        max = sizeof piece;
    for (;;) {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        size = 1 + random % max;
        ssize_t n = read(fd, piece, size);
        if (n < 0)
            return broken(argv[3]);
        if (n == 0)
            return 0;
        for (ssize_t done = 0, out; done < n; done += out)
            if ((out = write(STDOUT_FILENO, piece + done, (size_t)(n - done))) < 0)
                return errno == EPIPE ? 0 : broken("standard output");
        if (wait_until_read())
            return 0;
    }
}
