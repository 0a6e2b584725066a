/* SPDX-License-Identifier: MIT */
#include "mock/http/gates.h"

#include "core/xmalloc.h"
#include "system/system.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* An event that happens once. It is a pipe, whose reading end becomes readable for good when the
   writing end is closed: any number of threads can wait for it and for a socket with poll(2). */
struct latch {
    int read, write; /* -1: closed */
};

struct gate {
    struct gate *next;
    char *name;
    struct latch open, arrived;
};

struct gates {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* of `count` and `stopping` */
    bool stopping;
    struct latch stop;
    struct gate *list;
    struct gates_count count;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int latch_init(struct latch *l)
{
    int fd[2];
    *l = (struct latch){-1, -1};
    if (pipe(fd) != 0)
        return -1;
    *l = (struct latch){fd[0], fd[1]};
    fcntl(l->read, F_SETFD, FD_CLOEXEC);
    fcntl(l->write, F_SETFD, FD_CLOEXEC);
    return 0;
}

static void latch_release(struct latch *l)
{
    close_fd(&l->write);
    close_fd(&l->read);
}

struct gates *gates_new(void)
{
    struct gates *g = xcalloc(1, sizeof *g);
    if (latch_init(&g->stop) != 0) {
        free(g);
        return NULL;
    }
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    return g;
}

static void free_gate(struct gate *gate)
{
    latch_release(&gate->open);
    latch_release(&gate->arrived);
    free(gate->name);
    free(gate);
}

void gates_free(struct gates *g)
{
    if (!g)
        return;
    while (g->list) {
        struct gate *gate = g->list;
        g->list = gate->next;
        free_gate(gate);
    }
    latch_release(&g->stop);
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

void gates_stop(struct gates *g)
{
    pthread_mutex_lock(&g->lock);
    g->stopping = true;
    close_fd(&g->stop.write);
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

/* The milliseconds until `end` (sys_now_us), rounded up so that no wait ends early; -1: no end. */
static int remaining(int64_t end)
{
    if (end < 0)
        return -1;
    int64_t ms = (end - sys_now_us() + 999) / 1000;
    return ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Input may be the next request of the same client, which poll(2) would report again at once: from
   then on only a hang-up is looked for. */
static bool is_gone(struct pollfd *client)
{
    char byte;
    if (client->revents & (POLLERR | POLLHUP | POLLNVAL))
        return true;
    if (!(client->revents & POLLIN))
        return false;
    client->events = 0;
    return recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

/* Waits for the latch at `fd` (-1: none). */
static enum wake wait_for(const struct gates *g, int client, int fd, int64_t ms)
{
    int64_t end = ms < 0 ? -1 : sys_now_us() + ms * 1000;
    struct pollfd on[] = {{.fd = g->stop.read, .events = POLLIN},
                          {.fd = fd, .events = POLLIN},
                          {.fd = client, .events = POLLIN}};
    for (;;) {
        int ready = poll(on, sizeof on / sizeof on[0], remaining(end));
        if (ready == 0 && remaining(end) == 0)
            return WAKE_TIME;
        if (ready <= 0)
            continue;
        if (on[0].revents)
            return WAKE_STOP;
        if (on[1].revents)
            return WAKE_EVENT;
        if (is_gone(&on[2]))
            return WAKE_GONE;
    }
}

enum wake gates_sleep(struct gates *g, int client, int64_t ms)
{
    return wait_for(g, client, -1, ms);
}

enum wake gates_wait_writable(struct gates *g, int client)
{
    struct pollfd on[] = {{.fd = g->stop.read, .events = POLLIN},
                          {.fd = client, .events = POLLOUT}};
    while (poll(on, sizeof on / sizeof on[0], -1) <= 0)
        continue;
    return on[0].revents ? WAKE_STOP : WAKE_EVENT;
}

static struct gate *new_gate(struct span name)
{
    struct gate *gate = xcalloc(1, sizeof *gate);
    gate->name = xmemdup(name.at, name.len);
    bool made = latch_init(&gate->open) == 0;
    made = latch_init(&gate->arrived) == 0 && made;
    if (made)
        return gate;
    free_gate(gate);
    return NULL;
}

/* With the lock held. NULL when no descriptors are left. */
static struct gate *find_gate(struct gates *g, struct span name)
{
    struct gate *gate = g->list;
    while (gate && !span_is(name, gate->name))
        gate = gate->next;
    if (!gate && (gate = new_gate(name))) {
        gate->next = g->list;
        g->list = gate;
    }
    return gate;
}

enum wake gates_pass(struct gates *g, struct span name, int client)
{
    pthread_mutex_lock(&g->lock);
    struct gate *gate = find_gate(g, name);
    if (gate)
        close_fd(&gate->arrived.write);
    pthread_mutex_unlock(&g->lock);
    return gate ? wait_for(g, client, gate->open.read, -1) : WAKE_STOP;
}

enum wake gates_await(struct gates *g, struct span name, int client)
{
    pthread_mutex_lock(&g->lock);
    const struct gate *gate = find_gate(g, name);
    pthread_mutex_unlock(&g->lock);
    return gate ? wait_for(g, client, gate->arrived.read, -1) : WAKE_STOP;
}

bool gates_open(struct gates *g, struct span name)
{
    pthread_mutex_lock(&g->lock);
    struct gate *gate = find_gate(g, name);
    if (gate)
        close_fd(&gate->open.write);
    pthread_mutex_unlock(&g->lock);
    return gate;
}

void gates_begin_request(struct gates *g)
{
    pthread_mutex_lock(&g->lock);
    g->count.requests++;
    pthread_mutex_unlock(&g->lock);
}

void gates_end_request(struct gates *g)
{
    pthread_mutex_lock(&g->lock);
    g->count.ended++;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

struct gates_count gates_count(struct gates *g)
{
    pthread_mutex_lock(&g->lock);
    struct gates_count now = g->count;
    pthread_mutex_unlock(&g->lock);
    return now;
}

bool gates_await_ended(struct gates *g, uint64_t count)
{
    pthread_mutex_lock(&g->lock);
    while (g->count.ended < count && !g->stopping)
        pthread_cond_wait(&g->changed, &g->lock);
    bool ended = g->count.ended >= count;
    pthread_mutex_unlock(&g->lock);
    return ended;
}
