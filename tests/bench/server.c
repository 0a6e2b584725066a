/* SPDX-License-Identifier: MIT */
/* bench-server: answers from memory, so that it is faster than any reader. It listens on a port of
   the system's choice, prints http://127.0.0.1:PORT, and ends when standard input does. A request
   for /STREAM/COUNT/GAP/.../send gets COUNT events of that stream: as fast as they are taken where
   GAP is 0, else each GAP microseconds after the one before. The answer to anything else is a
   conversation that was created. One connection at a time. */
#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int broken(const char *what)
{
    fprintf(stderr, "bench-server: %s: %s\n", what, strerror(errno));
    return 1;
}

/* False when the other end has gone. */
static bool put(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static bool put_buf(int fd, struct buf *b)
{
    bool result = put(fd, b->data, b->len);
    buf_clear(b);
    return result;
}

/* What was asked for. */
struct wish {
    struct stream *stream;
    unsigned long long count;
    long gap;
};

static struct wish wish_of(const char *request)
{
    struct wish w = {0};
    char name[16] = "";
    const char *send = strstr(request, "/send "), *line = strchr(request, '\n');
    if (send && send < line &&
        sscanf(request, "%*s /%15[a-z]/%llu/%ld/", name, &w.count, &w.gap) == 3)
        w.stream = stream_find(span_make(name, strlen(name)));
    return w;
}

static bool put_slowly(int fd, const struct wish *w)
{
    const struct timespec gap = {w->gap / 1000000, w->gap % 1000000 * 1000};
    struct buf event = {0};
    bool result = true;
    for (unsigned long long i = 0; result && i < w->count; i++) {
        nanosleep(&gap, NULL);
        stream_event(w->stream, &event);
        result = put_buf(fd, &event);
    }
    buf_release(&event);
    return result;
}

static bool put_fast(int fd, const struct wish *w)
{
    struct stream *s = w->stream;
    unsigned long long left = w->count;
    stream_prepare(s);
    for (; left >= s->many; left -= s->many)
        if (!put(fd, s->block.data, s->block.len))
            return false;
    struct buf rest = {0};
    for (; left; left--)
        stream_event(s, &rest);
    bool result = put_buf(fd, &rest);
    buf_release(&rest);
    return result;
}

static bool answer(int fd, const char *request)
{
    struct wish w = wish_of(request);
    struct buf out = {0};
    bool result;
    if (w.stream) {
        buf_puts(&out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
                       "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n");
        stream_begin(&out);
        result = put_buf(fd, &out) && (w.gap ? put_slowly(fd, &w) : put_fast(fd, &w));
        stream_end(&out);
    } else {
        buf_puts(&out, "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                       "Content-Length: 23\r\n\r\n{\"conversation_id\":\"c\"}");
        result = true;
    }
    result = result && put_buf(fd, &out);
    buf_release(&out);
    return result;
}

/* The next request of the connection, body and all, as far as it fits; false when none comes. */
static bool receive(int fd, char *request, size_t room)
{
    size_t len = 0, body = 0;
    const char *head = NULL;
    for (;;) {
        ssize_t n = len + 1 < room ? read(fd, request + len, room - 1 - len) : 0;
        if (n <= 0)
            return false;
        len += (size_t)n;
        request[len] = '\0';
        if (!head && (head = strstr(request, "\r\n\r\n"))) {
            const char *length = strstr(request, "Content-Length: ");
            body = length ? strtoul(length + 16, NULL, 10) : 0;
        }
        if (head && len >= (size_t)(head + 4 - request) + body)
            return true;
    }
}

static void serve(int fd)
{
    static char request[1 << 16];
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    while (receive(fd, request, sizeof request) && answer(fd, request)) {
    }
    close(fd);
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) != 0 ||
        listen(listener, 8) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        return broken("cannot listen");
    signal(SIGPIPE, SIG_IGN);
    printf("http://127.0.0.1:%u\n", ntohs(address.sin_port));
    if (fflush(stdout) != 0)
        return broken("standard output");
    struct pollfd wait[2] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    while (poll(wait, 2, -1) > 0 && !wait[1].revents) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0)
            serve(fd);
    }
    return 0;
}
