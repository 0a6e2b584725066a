/* SPDX-License-Identifier: MIT */
#include "mock/http/script.h"

#include "core/xmalloc.h"
#include "system/system.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifdef __linux__
#include <linux/sockios.h>
#include <sys/ioctl.h>
#endif

/* The maximum size of a write of play_to_socket. */
enum { WRITE_BLOCK = 256 * 1024 };

void script_init(struct script *s)
{
    *s = (struct script){.limit = UINT64_MAX, .ending = STEP_END};
}

void script_release(struct script *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->steps[i].owned);
    free(s->steps);
    script_init(s);
}

struct step *script_add(struct script *s, struct step step)
{
    s->steps = xgrow(s->steps, s->count, sizeof *s->steps);
    s->steps[s->count] = step;
    return &s->steps[s->count++];
}

void script_bytes(struct script *s, struct span bytes)
{
    script_add(s, (struct step){.kind = STEP_BYTES, .bytes = bytes, .count = bytes.len});
}

struct step *script_take(struct script *s, struct buf *b)
{
    size_t len = b->len;
    char *owned = buf_take(b);
    script_bytes(s, span_make(owned, len));
    s->steps[s->count - 1].owned = owned;
    return &s->steps[s->count - 1];
}

void script_pause(struct script *s, int64_t ms)
{
    if (ms > 0)
        script_add(s, (struct step){.kind = STEP_PAUSE, .count = (uint64_t)ms});
}

bool script_is_plain(const struct script *s, uint64_t *length)
{
    *length = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->steps[i].kind != STEP_BYTES)
            return false;
        *length += s->steps[i].count;
    }
    return s->limit == UINT64_MAX && s->ending == STEP_END;
}

/* --- playing --- */

struct play {
    struct script script;
    struct gates *gates;
    int fd;
    size_t at;      /* the current step */
    uint64_t left;  /* bytes until the limit of the script */
    uint64_t chunk; /* bytes in a write, 0: whole units */
    uint64_t batch; /* units in a write */
    enum play_end end;
};

struct play *play_new(struct script *script, struct gates *gates, int fd)
{
    struct play *p = xcalloc(1, sizeof *p);
    p->script = *script;
    script_init(script);
    p->gates = gates;
    p->fd = fd;
    p->left = p->script.limit;
    p->batch = 1;
    return p;
}

void play_free(struct play *p)
{
    if (!p)
        return;
    script_release(&p->script);
    free(p);
}

/* libmicrohttpd corks the socket while it expects more output. */
static void flush_socket(const struct play *p)
{
    int on = 1;
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* SO_LINGER would take effect when the descriptor is closed, but libmicrohttpd shuts down the
   connection first. Dissolving the association resets it at once, and discards what is still in the
   send queue. The kernel does not report when that is empty, so it is polled at intervals. */
static void reset_connection(const struct play *p)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};
#ifdef SIOCOUTQ
    int queued;
    while (ioctl(p->fd, SIOCOUTQ, &queued) == 0 && queued > 0)
        if (gates_sleep(p->fd, 1) != WAKE_TIME)
            break;
#endif
    (void)connect(p->fd, &none, sizeof none);
}

static enum play_end play_end_of(enum wake wake)
{
    return wake == WAKE_EVENT || wake == WAKE_TIME ? PLAY_ON : PLAY_CLOSED;
}

/* A step that has no output and is no repetition. All output before it is sent first. */
static enum play_end play_step(struct play *p, const struct step *step)
{
    flush_socket(p);
    switch (step->kind) {
    case STEP_CHUNK:
        p->chunk = step->count;
        p->batch = 1;
        return PLAY_ON;
    case STEP_BATCH:
        p->chunk = 0;
        p->batch = step->count;
        return PLAY_ON;
    case STEP_PAUSE:
        return play_end_of(gates_sleep(p->fd, (int64_t)step->count));
    case STEP_GATE:
        return play_end_of(gates_pass(p->gates, step->bytes, p->fd));
    case STEP_SILENCE:
        gates_sleep(p->fd, -1);
        return PLAY_CLOSED;
    case STEP_RESET:
        reset_connection(p);
        return PLAY_CLOSED;
    case STEP_CLOSE:
        return PLAY_CLOSED;
    default:
        return PLAY_DONE;
    }
}

static void jump(struct play *p, struct step *step)
{
    struct step *partner = &p->script.steps[step->partner];
    if (step->kind == STEP_REPEAT) {
        step->done = 0;
        p->at = step->count > 0 ? p->at + 1 : step->partner + 1;
    } else {
        p->at = ++partner->done < partner->count ? step->partner + 1 : p->at + 1;
    }
}

/* The bytes of one write. */
struct gathered {
    char *out;
    size_t capacity, len;
    uint64_t units;
};

static size_t write_capacity(const struct play *p, size_t max)
{
    return p->chunk && p->chunk < max ? (size_t)p->chunk : max;
}

/* Copies as much of the rest of the step as fits. */
static void copy_bytes(struct play *p, struct step *step, struct gathered *g)
{
    uint64_t want = step->count - step->done;
    if (want > p->left)
        want = p->left;
    if (want > g->capacity - g->len)
        want = g->capacity - g->len;
    for (uint64_t done = 0; done < want;) {
        size_t from = (size_t)((step->done + done) % step->bytes.len);
        size_t part = step->bytes.len - from;
        if (part > want - done)
            part = (size_t)(want - done);
        memcpy(g->out + g->len, step->bytes.at + from, part);
        g->len += part;
        done += part;
    }
    step->done += want;
    p->left -= want;
}

/* Adds the bytes of the current step. False when the write is complete. */
static bool gather_step(struct play *p, struct step *step, struct gathered *g)
{
    /* Unless `chunk` is set, a unit that fits into the next write is not split. */
    if (!p->chunk && g->len > 0 && step->count > g->capacity - g->len)
        return false;
    copy_bytes(p, step, g);
    if (step->done < step->count)
        return false;
    step->done = 0;
    p->at++;
    g->units += step->count > 0;
    return g->len < g->capacity && (p->chunk || g->units < p->batch);
}

enum play_end play_next(struct play *p, char *out, size_t max, size_t *len)
{
    struct gathered g = {out, write_capacity(p, max), 0, 0};
    bool more = true;
    while (more && p->end == PLAY_ON && p->left > 0 && p->at < p->script.count) {
        struct step *step = &p->script.steps[p->at];
        if (step->kind == STEP_BYTES) {
            more = gather_step(p, step, &g);
        } else if (step->kind == STEP_REPEAT || step->kind == STEP_END_REPEAT) {
            jump(p, step);
        } else if (g.len > 0) {
            more = false; /* these bytes are sent before anything else happens */
        } else {
            p->end = play_step(p, step);
            p->at++;
            g.capacity = write_capacity(p, max);
        }
    }
    *len = g.len;
    if (g.len == 0 && p->end == PLAY_ON)
        p->end = play_step(p, &(struct step){.kind = p->script.ending});
    return p->end;
}

enum play_end play_steps(struct play *p, size_t steps)
{
    while (p->end == PLAY_ON && p->at < steps)
        p->end = play_step(p, &p->script.steps[p->at++]);
    return p->end;
}

void play_to_socket(struct play *p, struct span head)
{
    char *block = xmalloc(WRITE_BLOCK);
    size_t len;
    flush_socket(p);
    bool sent = p->end == PLAY_ON && sys_write_all(p->fd, head.at, head.len, NULL) == 0;
    while (sent && play_next(p, block, WRITE_BLOCK, &len) == PLAY_ON)
        sent = sys_write_all(p->fd, block, len, NULL) == 0;
    free(block);
}
