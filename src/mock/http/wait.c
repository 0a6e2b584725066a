/* SPDX-License-Identifier: MIT */
#include "mock/http/wait.h"

#include "system/system.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

int latch_init(struct latch *l)
{
    if (pipe(l->fd) != 0) {
        l->fd[0] = l->fd[1] = -1;
        return -1;
    }
    for (int i = 0; i < 2; i++)
        fcntl(l->fd[i], F_SETFD, FD_CLOEXEC);
    return 0;
}

void latch_release(struct latch *l)
{
    latch_set(l);
    if (l->fd[0] >= 0)
        close(l->fd[0]);
    l->fd[0] = -1;
}

void latch_set(struct latch *l)
{
    if (l->fd[1] >= 0)
        close(l->fd[1]);
    l->fd[1] = -1;
}

/* What poll(2) is to wait, in ms, rounded up so that a time is never over too early. */
static int left(int64_t end)
{
    if (end < 0)
        return -1;
    int64_t ms = (end - sys_now_us() + 999) / 1000;
    if (ms < 0)
        return 0;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Bytes that wait to be read may be the next request of the same client: then only an error or
   a hang-up tells more, and looking for input again would find the same bytes at once. */
static bool is_gone(struct pollfd *client)
{
    if (client->revents & (POLLERR | POLLHUP | POLLNVAL))
        return true;
    if (client->revents & POLLIN) {
        char byte;
        if (recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
            return true;
        client->events = 0;
    }
    return false;
}

enum woken wait_for(const struct latch *stop, int client, const struct latch *latch, int64_t ms)
{
    int64_t end = ms < 0 ? -1 : sys_now_us() + ms * 1000;
    struct pollfd on[] = {{.fd = stop->fd[0], .events = POLLIN},
                          {.fd = latch ? latch->fd[0] : -1, .events = POLLIN},
                          {.fd = client, .events = POLLIN}};
    for (;;) {
        int ready = poll(on, sizeof on / sizeof on[0], left(end));
        if (ready == 0 && left(end) == 0)
            return WOKEN_TIME;
        if (ready <= 0)
            continue;
        if (on[0].revents)
            return WOKEN_STOP;
        if (on[1].revents)
            return WOKEN_LATCH;
        if (is_gone(&on[2]))
            return WOKEN_GONE;
    }
}

enum woken wait_writable(const struct latch *stop, int client)
{
    struct pollfd on[] = {{.fd = stop->fd[0], .events = POLLIN}, {.fd = client, .events = POLLOUT}};
    for (;;) {
        if (poll(on, sizeof on / sizeof on[0], -1) <= 0)
            continue;
        return on[0].revents ? WOKEN_STOP : WOKEN_LATCH;
    }
}
