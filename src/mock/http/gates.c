/* SPDX-License-Identifier: MIT */
#include "mock/http/gates.h"

#include "core/xmalloc.h"
#include "system/system.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The interval at which gates_await_ended looks at the number of requests, in ms. */
enum { COUNT_INTERVAL = 5 };

/* A one-time event is a pipe whose reading end becomes readable when the writing end is closed, so
   that any number of threads can wait for it and for a socket with poll(2). */
struct event {
    struct event *next;
    enum event_kind { REACHED, OPENED } kind;
    char *gate;
    int read, write; /* `write` is -1 when it has happened */
};

struct gates {
    pthread_mutex_t lock; /* for `events` */
    struct event *events;
    atomic_size_t requests, ended;
};

static struct event *new_event(enum event_kind kind, struct span gate)
{
    int fd[2];
    if (pipe(fd) != 0)
        return NULL;
    struct event *e = xcalloc(1, sizeof *e);
    *e = (struct event){NULL, kind, xmemdup(gate.at, gate.len), fd[0], fd[1]};
    return e;
}

/* With the lock held. NULL if no descriptors are left. */
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

/* False if no descriptors are left. */
static bool set_event(struct gates *g, enum event_kind kind, struct span gate)
{
    pthread_mutex_lock(&g->lock);
    struct event *e = find_event(g, kind, gate);
    if (e && e->write >= 0) {
        close(e->write);
        e->write = -1;
    }
    pthread_mutex_unlock(&g->lock);
    return e;
}

struct gates *gates_new(void)
{
    struct gates *g = xcalloc(1, sizeof *g);
    pthread_mutex_init(&g->lock, NULL);
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
    pthread_mutex_destroy(&g->lock);
    free(g);
}

/* Input may be the next request of the same client, which poll(2) would report again at once: from
   then on only a hang-up is looked for. */
static bool has_hung_up(struct pollfd *client)
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
static enum wake wait_for_event(int client, int fd, int64_t deadline)
{
    struct pollfd on[2 + SYS_WAIT_EXTRA] = {{.fd = fd, .events = POLLIN},
                                            {.fd = client, .events = POLLIN}};
    for (;;) {
        int ready = sys_wait_for_any(on, 2, deadline, 0);
        if (ready < 0)
            return WAKE_STOP;
        if (ready == 0)
            return WAKE_TIME;
        if (on[0].revents)
            return WAKE_EVENT;
        if (has_hung_up(&on[1]))
            return WAKE_GONE;
    }
}

enum wake gates_sleep(int client, int64_t ms)
{
    return wait_for_event(client, -1, ms < 0 ? INT64_MAX : sys_now_us() + ms * 1000);
}

static enum wake await_event(struct gates *g, enum event_kind kind, struct span gate, int client)
{
    pthread_mutex_lock(&g->lock);
    const struct event *e = find_event(g, kind, gate);
    pthread_mutex_unlock(&g->lock);
    return e ? wait_for_event(client, e->read, INT64_MAX) : WAKE_STOP;
}

enum wake gates_pass(struct gates *g, struct span name, int client)
{
    set_event(g, REACHED, name);
    return await_event(g, OPENED, name, client);
}

enum wake gates_await(struct gates *g, struct span name, int client)
{
    return await_event(g, REACHED, name, client);
}

bool gates_open(struct gates *g, struct span name)
{
    return set_event(g, OPENED, name);
}

void gates_begin_request(struct gates *g)
{
    g->requests++;
}

void gates_end_request(struct gates *g)
{
    g->ended++;
}

struct gates_count gates_count(struct gates *g)
{
    size_t ended = g->ended;
    return (struct gates_count){.requests = g->requests, .ended = ended};
}

enum wake gates_await_ended(struct gates *g, size_t count, int client)
{
    while (g->ended < count) {
        enum wake wake = gates_sleep(client, COUNT_INTERVAL);
        if (wake != WAKE_TIME)
            return wake;
    }
    return WAKE_EVENT;
}
