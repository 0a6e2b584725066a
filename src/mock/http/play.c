/* SPDX-License-Identifier: MIT */
#include "mock/http/play.h"

#include "core/xmalloc.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifdef __linux__
#include <linux/sockios.h>
#include <sys/ioctl.h>
#endif

/* How much play_to_socket writes at once at most. */
enum { WRITE_BLOCK = 256 * 1024 };

struct play {
    struct script script;
    struct stage *stage;
    int fd;
    size_t at;        /* the current step */
    uint64_t written; /* of the current step's bytes */
    uint64_t left;    /* of the script's limit */
    uint64_t *rounds; /* for each step that is a REPEAT: how many are still to come */
    uint64_t chunk;   /* bytes in a write, 0: whole units */
    uint64_t batch;   /* units in a write */
    enum play_end end;
};

struct play *play_new(struct script *script, struct stage *stage, int fd)
{
    struct play *p = xcalloc(1, sizeof *p);
    p->script = *script;
    script_init(script);
    p->stage = stage;
    p->fd = fd;
    p->left = p->script.limit;
    p->rounds = xcalloc(p->script.count + 1, sizeof *p->rounds);
    p->batch = 1;
    return p;
}

void play_free(struct play *p)
{
    if (!p)
        return;
    script_release(&p->script);
    free(p->rounds);
    free(p);
}

/* The HTTP library holds back what it expects more to follow; before a wait all must have left. */
static void push(const struct play *p)
{
    int on = 1;
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static enum play_end wait_with(struct play *p, const struct latch *latch, int64_t ms)
{
    push(p);
    enum woken woken = wait_for(stage_stopped(p->stage), p->fd, latch, ms);
    return woken == WOKEN_LATCH || woken == WOKEN_TIME ? PLAY_ON : PLAY_CLOSED;
}

static enum play_end pass_gate(struct play *p, struct span name)
{
    struct gate *gate = stage_gate(p->stage, name);
    if (!gate)
        return PLAY_CLOSED;
    /* Before anybody is told that the response is here, it must be. */
    push(p);
    stage_arrive(p->stage, gate);
    return wait_with(p, gate_open(gate), -1);
}

/* A reset throws away what the peer's full buffer kept us from sending. Nothing tells when the
   kernel's own queue is empty, so this is the one place that looks more than once. */
static void drain(const struct play *p)
{
#ifdef SIOCOUTQ
    int queued;
    while (ioctl(p->fd, SIOCOUTQ, &queued) == 0 && queued > 0)
        if (wait_for(stage_stopped(p->stage), p->fd, NULL, 1) != WOKEN_TIME)
            break;
#else
    (void)p;
#endif
}

/* SO_LINGER would act when the descriptor is closed, but that is the HTTP library's, which shuts
   the connection down in order first. To dissolve the association resets it at once. */
static void reset(const struct play *p)
{
    push(p);
    drain(p);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    (void)connect(p->fd, &none, sizeof none);
}

static enum play_end act(struct play *p, enum step_kind kind, const struct step *step)
{
    switch (kind) {
    case STEP_CHUNK:
        p->chunk = step->count;
        p->batch = 1;
        return PLAY_ON;
    case STEP_BATCH:
        p->chunk = 0;
        p->batch = step->count;
        return PLAY_ON;
    case STEP_PAUSE:
        return wait_with(p, NULL, (int64_t)step->count);
    case STEP_GATE:
        return pass_gate(p, step->bytes);
    case STEP_SILENCE:
        wait_with(p, NULL, -1);
        return PLAY_CLOSED;
    case STEP_RESET:
        reset(p);
        return PLAY_CLOSED;
    case STEP_CLOSE:
        return PLAY_CLOSED;
    default:
        return PLAY_DONE;
    }
}

static void repeat(struct play *p, const struct step *step)
{
    if (step->kind == STEP_REPEAT) {
        p->rounds[p->at] = step->count;
        p->at = step->count ? p->at + 1 : step->partner + 1;
    } else {
        p->at = --p->rounds[step->partner] ? step->partner + 1 : p->at + 1;
    }
}

/* How many bytes one write may have where `max` is what there is room for. */
static size_t room(const struct play *p, size_t max)
{
    return p->chunk && p->chunk < max ? (size_t)p->chunk : max;
}

/* What one write gathers. */
struct gathered {
    char *out;
    size_t room, len;
    uint64_t units;
};

/* Some or all of what the step has still to write. */
static void copy(struct play *p, const struct step *step, struct gathered *g)
{
    uint64_t want = step->count - p->written;
    if (want > p->left)
        want = p->left;
    if (want > g->room - g->len)
        want = g->room - g->len;
    for (uint64_t done = 0; done < want;) {
        size_t from = (size_t)((p->written + done) % step->bytes.len);
        size_t part = step->bytes.len - from;
        if (part > want - done)
            part = (size_t)(want - done);
        memcpy(g->out + g->len, step->bytes.at + from, part);
        g->len += part;
        done += part;
    }
    p->written += want;
    p->left -= want;
}

/* Adds the current step's bytes. False when the write has all that belongs in it. */
static bool gather(struct play *p, const struct step *step, struct gathered *g)
{
    /* Only `chunk` cuts a unit that would be whole in the next write. */
    if (!p->chunk && g->len > 0 && step->count > g->room - g->len)
        return false;
    copy(p, step, g);
    if (p->written < step->count)
        return false;
    p->written = 0;
    p->at++;
    g->units += step->count > 0;
    return g->len < g->room && (p->chunk || g->units < p->batch);
}

enum play_end play_next(struct play *p, char *out, size_t max, size_t *len)
{
    struct gathered g = {out, room(p, max), 0, 0};
    bool more = true;
    while (more && p->end == PLAY_ON && p->left > 0 && p->at < p->script.count) {
        const struct step *step = &p->script.steps[p->at];
        if (step->kind == STEP_BYTES) {
            more = gather(p, step, &g);
        } else if (step->kind == STEP_REPEAT || step->kind == STEP_END_REPEAT) {
            repeat(p, step);
        } else if (g.len > 0) {
            more = false; /* what was gathered leaves before anything else happens */
        } else {
            p->end = act(p, step->kind, step);
            p->at++;
            g.room = room(p, max);
        }
    }
    *len = g.len;
    if (g.len == 0 && p->end == PLAY_ON)
        p->end =
            p->left > 0 ? PLAY_DONE : act(p, p->script.ending, &(const struct step){.count = 0});
    return p->end;
}

enum play_end play_steps(struct play *p, size_t steps)
{
    while (p->end == PLAY_ON && p->at < steps) {
        const struct step *step = &p->script.steps[p->at++];
        p->end = act(p, step->kind, step);
    }
    return p->end;
}

static bool send_all(const struct play *p, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(p->fd, bytes, len, 0);
        if (n >= 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            if (wait_writable(stage_stopped(p->stage), p->fd) == WOKEN_STOP)
                return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

void play_to_socket(struct play *p, struct span head)
{
    char *block = xmalloc(WRITE_BLOCK);
    size_t len;
    push(p);
    bool sent = p->end == PLAY_ON && send_all(p, head.at, head.len);
    while (sent && play_next(p, block, WRITE_BLOCK, &len) == PLAY_ON)
        sent = send_all(p, block, len);
    free(block);
}
