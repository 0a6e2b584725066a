/* SPDX-License-Identifier: MIT */
#include "mock/http/stage.h"

#include "core/xmalloc.h"

#include <pthread.h>
#include <stdlib.h>

struct gate {
    struct gate *next;
    char *name;
    struct latch open, arrived;
};

struct stage {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* of `count` and `stopping` */
    struct latch stopped;
    bool stopping;
    struct gate *gates;
    struct stage_count count;
};

struct stage *stage_new(void)
{
    struct stage *s = xcalloc(1, sizeof *s);
    if (latch_init(&s->stopped) != 0) {
        free(s);
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    return s;
}

static void free_gate(struct gate *g)
{
    latch_release(&g->open);
    latch_release(&g->arrived);
    free(g->name);
    free(g);
}

void stage_free(struct stage *s)
{
    if (!s)
        return;
    while (s->gates) {
        struct gate *g = s->gates;
        s->gates = g->next;
        free_gate(g);
    }
    latch_release(&s->stopped);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void stage_stop(struct stage *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    latch_set(&s->stopped);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

const struct latch *stage_stopped(const struct stage *s)
{
    return &s->stopped;
}

static struct gate *new_gate(struct span name)
{
    struct gate *g = xcalloc(1, sizeof *g);
    g->name = xmemdup(name.at, name.len);
    bool made = latch_init(&g->open) == 0;
    made = latch_init(&g->arrived) == 0 && made;
    if (made)
        return g;
    free_gate(g);
    return NULL;
}

struct gate *stage_gate(struct stage *s, struct span name)
{
    pthread_mutex_lock(&s->lock);
    struct gate *g = s->gates;
    while (g && !span_is(name, g->name))
        g = g->next;
    if (!g && (g = new_gate(name))) {
        g->next = s->gates;
        s->gates = g;
    }
    pthread_mutex_unlock(&s->lock);
    return g;
}

void stage_open(struct stage *s, struct gate *g)
{
    pthread_mutex_lock(&s->lock);
    latch_set(&g->open);
    pthread_mutex_unlock(&s->lock);
}

void stage_arrive(struct stage *s, struct gate *g)
{
    pthread_mutex_lock(&s->lock);
    latch_set(&g->arrived);
    pthread_mutex_unlock(&s->lock);
}

const struct latch *gate_open(const struct gate *g)
{
    return &g->open;
}

const struct latch *gate_arrived(const struct gate *g)
{
    return &g->arrived;
}

uint64_t stage_begin(struct stage *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t number = ++s->count.requests;
    pthread_mutex_unlock(&s->lock);
    return number;
}

void stage_end(struct stage *s)
{
    pthread_mutex_lock(&s->lock);
    s->count.ended++;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

struct stage_count stage_count(struct stage *s)
{
    pthread_mutex_lock(&s->lock);
    struct stage_count now = s->count;
    pthread_mutex_unlock(&s->lock);
    return now;
}

bool stage_wait_ended(struct stage *s, uint64_t count)
{
    pthread_mutex_lock(&s->lock);
    while (s->count.ended < count && !s->stopping)
        pthread_cond_wait(&s->changed, &s->lock);
    bool ended = s->count.ended >= count;
    pthread_mutex_unlock(&s->lock);
    return ended;
}
