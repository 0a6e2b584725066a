/* SPDX-License-Identifier: MIT */
#include "mock/http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t loopback(union address *a, bool ipv6, uint16_t port)
{
    *a = (union address){.any = {.sa_family = AF_UNSPEC}};
    if (ipv6) {
        a->v6 = (struct sockaddr_in6){
            .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
        return sizeof a->v6;
    }
    a->v4 = (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_port = htons(port),
                                 .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    return sizeof a->v4;
}

static int listen_on(int fd, union address *a, socklen_t len)
{
    int on = 1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &a->any, len) != 0 || listen(fd, BACKLOG) != 0)
        return -1;
    return getsockname(fd, &a->any, &len);
}

int listener_open(bool ipv6, uint16_t *port, struct fail *f)
{
    union address a;
    socklen_t len = loopback(&a, ipv6, *port);
    int fd = socket(a.any.sa_family, SOCK_STREAM, 0);
    if (fd < 0 || listen_on(fd, &a, len) != 0) {
        fail_errno(f, FAIL_UNREACHABLE, errno, "cannot listen on %s port %u",
                   ipv6 ? "::1" : "127.0.0.1", *port);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = ntohs(ipv6 ? a.v6.sin6_port : a.v4.sin_port);
    return fd;
}
