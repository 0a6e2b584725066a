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

/* A one-time event: a pipe whose reading end stays readable once the writing end is closed: any
   number of threads can wait for it and for a socket with poll(2). */
struct event {
    struct event *next;
    enum event_kind { STOP, OPENED, REACHED } kind;
    char *gate;
    int read, write; /* `write` is -1 when it has happened */
};

struct gates {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* of `count`, and when `stop` happens */
    struct event *events, *stop;
    struct gates_count count;
};

static const struct span no_name = {"", 0};

static struct event *new_event(enum event_kind kind, struct span gate)
{
    int fd[2];
    if (pipe(fd) != 0)
        return NULL;
    fcntl(fd[0], F_SETFD, FD_CLOEXEC);
    fcntl(fd[1], F_SETFD, FD_CLOEXEC);
    struct event *e = xcalloc(1, sizeof *e);
    *e = (struct event){NULL, kind, xmemdup(gate.at, gate.len), fd[0], fd[1]};
    return e;
}

/* With the lock held. NULL when no descriptors are left. */
static struct event *find_event(struct gates *g, enum event_kind kind, struct span gate)
{
    struct event *e = g->events;
    while (e && !(e->kind == kind && span_is(gate, e->gate)))
        e = e->next;
    if (!e && (e = new_event(kind, gate))) {
        e->next = g->events;
        g->events = e;
    }
    return e;
}

/* Makes the event happen. False when no descriptors are left. */
static bool happen(struct gates *g, enum event_kind kind, struct span gate)
{
    pthread_mutex_lock(&g->lock);
    struct event *e = find_event(g, kind, gate);
    if (e && e->write >= 0) {
        close(e->write);
        e->write = -1;
    }
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
    return e;
}

struct gates *gates_new(void)
{
    struct gates *g = xcalloc(1, sizeof *g);
    g->stop = find_event(g, STOP, no_name);
    if (!g->stop) {
        free(g);
        return NULL;
    }
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    return g;
}

void gates_free(struct gates *g)
{
    if (!g)
        return;
    while (g->events) {
        struct event *e = g->events;
        g->events = e->next;
        close(e->read);
        if (e->write >= 0)
            close(e->write);
        free(e->gate);
        free(e);
    }
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

void gates_stop(struct gates *g)
{
    happen(g, STOP, no_name);
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

/* Waits for the event at `fd` (-1: none). */
static enum wake wait_for_event(const struct gates *g, int client, int fd, int64_t ms)
{
    int64_t end = ms < 0 ? -1 : sys_now_us() + ms * 1000;
    struct pollfd on[] = {{.fd = g->stop->read, .events = POLLIN},
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
    return wait_for_event(g, client, -1, ms);
}

enum wake gates_wait_writable(struct gates *g, int client)
{
    struct pollfd on[] = {{.fd = g->stop->read, .events = POLLIN},
                          {.fd = client, .events = POLLOUT}};
    while (poll(on, sizeof on / sizeof on[0], -1) <= 0)
        continue;
    return on[0].revents ? WAKE_STOP : WAKE_EVENT;
}

static enum wake await(struct gates *g, enum event_kind kind, struct span gate, int client)
{
    pthread_mutex_lock(&g->lock);
    const struct event *e = find_event(g, kind, gate);
    pthread_mutex_unlock(&g->lock);
    return e ? wait_for_event(g, client, e->read, -1) : WAKE_STOP;
}

enum wake gates_pass(struct gates *g, struct span name, int client)
{
    happen(g, REACHED, name);
    return await(g, OPENED, name, client);
}

enum wake gates_await(struct gates *g, struct span name, int client)
{
    return await(g, REACHED, name, client);
}

bool gates_open(struct gates *g, struct span name)
{
    return happen(g, OPENED, name);
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
    while (g->count.ended < count && g->stop->write >= 0)
        pthread_cond_wait(&g->changed, &g->lock);
    bool ended = g->count.ended >= count;
    pthread_mutex_unlock(&g->lock);
    return ended;
}
