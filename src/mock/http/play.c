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

/* The most that play_to_socket writes at once. */
enum { WRITE_BLOCK = 256 * 1024 };

struct play {
    struct script script;
    struct gates *gates;
    int fd;
    size_t at;        /* the current step */
    uint64_t written; /* of the current step's bytes */
    uint64_t left;    /* of the script's limit */
    uint64_t *rounds; /* for each STEP_REPEAT: the repetitions that remain */
    uint64_t chunk;   /* bytes in a write, 0: whole units */
    uint64_t batch;   /* units in a write */
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

/* libmicrohttpd holds back output when it expects more; before a wait all of it must be sent. */
static void flush_socket(const struct play *p)
{
    int on = 1;
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static enum play_end go_on(enum wake wake)
{
    return wake == WAKE_EVENT || wake == WAKE_TIME ? PLAY_ON : PLAY_CLOSED;
}

/* A reset discards what is still in the socket's send queue. The kernel does not report when the
   queue is empty, so this is the one place that polls at intervals. */
static void drain(const struct play *p)
{
#ifdef SIOCOUTQ
    int queued;
    while (ioctl(p->fd, SIOCOUTQ, &queued) == 0 && queued > 0)
        if (gates_sleep(p->gates, p->fd, 1) != WAKE_TIME)
            break;
#else
    (void)p;
#endif
}

/* SO_LINGER would take effect when the descriptor is closed, but libmicrohttpd shuts the connection
   down in order first. Dissolving the association resets it at once. */
static void reset(const struct play *p)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    flush_socket(p);
    drain(p);
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
        flush_socket(p);
        return go_on(gates_sleep(p->gates, p->fd, (int64_t)step->count));
    case STEP_GATE:
        flush_socket(p);
        return go_on(gates_pass(p->gates, step->bytes, p->fd));
    case STEP_SILENCE:
        flush_socket(p);
        gates_sleep(p->gates, p->fd, -1);
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

/* The most bytes of one write into a buffer of `max` bytes. */
static size_t room(const struct play *p, size_t max)
{
    return p->chunk && p->chunk < max ? (size_t)p->chunk : max;
}

/* The bytes of one write. */
struct gathered {
    char *out;
    size_t room, len;
    uint64_t units;
};

/* Copies as much of the rest of the step as there is room for. */
static void copy_bytes(struct play *p, const struct step *step, struct gathered *g)
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

/* Adds the bytes of the current step. False when the write is complete. */
static bool gather_step(struct play *p, const struct step *step, struct gathered *g)
{
    /* Unless `chunk` is set, a unit that fits into the next write is not split. */
    if (!p->chunk && g->len > 0 && step->count > g->room - g->len)
        return false;
    copy_bytes(p, step, g);
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
            more = gather_step(p, step, &g);
        } else if (step->kind == STEP_REPEAT || step->kind == STEP_END_REPEAT) {
            repeat(p, step);
        } else if (g.len > 0) {
            more = false; /* these bytes are sent before anything else happens */
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
            if (gates_wait_writable(p->gates, p->fd) == WAKE_STOP)
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
    flush_socket(p);
    bool sent = p->end == PLAY_ON && send_all(p, head.at, head.len);
    while (sent && play_next(p, block, WRITE_BLOCK, &len) == PLAY_ON)
        sent = send_all(p, block, len);
    free(block);
}
