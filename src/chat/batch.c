/* SPDX-License-Identifier: MIT */
#include "chat/batch.h"

#include "core/xmalloc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    AHEAD = 4, /* lines that are read ahead for each job */
    TEMPORARY = 75,
    READY_MAX = 64 * 1024 /* no line is read while more bytes of objects are ready */
};

void batch_init(struct batch *b, const struct batch_options *options)
{
    *b = (struct batch){.options = *options};
}

/* The list of tasks. */

static void append_task(struct batch *b, struct batch_task *t)
{
    struct batch_task **end = &b->first;
    while (*end)
        end = &(*end)->next;
    *end = t;
    b->last_line = t->line;
}

/* Removes the task that `link` points to from the list and releases it. */
static void remove_task(struct batch_task **link)
{
    struct batch_task *t = *link;
    *link = t->next;
    buf_release(&t->head);
    buf_release(&t->text);
    buf_release(&t->object);
    free(t->conversation);
    free(t);
}

void batch_release(struct batch *b)
{
    while (b->first)
        remove_task(&b->first);
    buf_release(&b->ready);
}

/* The number of lines that may be read ahead. */
static int64_t lines_ahead(const struct batch *b)
{
    return (int64_t)AHEAD * b->options.jobs;
}

/* With --ordered the first task in the list is the oldest unfinished one. */
static bool is_too_far(const struct batch *b, int64_t line)
{
    return b->options.ordered && b->first && line > b->first->line + lines_ahead(b);
}

bool batch_wants_line(const struct batch *b)
{
    return !b->stopped && b->waiting < lines_ahead(b) && b->ready.len < READY_MAX &&
           !is_too_far(b, b->last_line);
}

void batch_add(struct batch *b, int64_t line, struct span head, struct span text,
               const char *conversation)
{
    struct batch_task *t = xcalloc(1, sizeof *t);
    t->line = line;
    t->conversation = conversation ? xstrdup(conversation) : NULL;
    buf_span(&t->head, head);
    buf_span(&t->text, text);
    append_task(b, t);
    b->waiting++;
}

void batch_skip(struct batch *b)
{
    b->skipped++;
}

/* Whether an earlier question of the same conversation is unfinished. UUIDs are compared without
   regard to case. */
static bool is_blocked(const struct batch *b, const struct batch_task *t)
{
    for (const struct batch_task *e = b->first; t->conversation && e != t; e = e->next)
        if (e->state != BATCH_ENDED && e->conversation &&
            strcasecmp(e->conversation, t->conversation) == 0)
            return true;
    return false;
}

void batch_put_back(struct batch *b, struct batch_task *t)
{
    t->state = BATCH_WAITING;
    b->running--;
    b->waiting++;
    if (b->stopped)
        batch_stop(b);
}

/* Whether all further questions would fail in the same way. */
static bool ends_all(enum fail_cause cause)
{
    return cause == FAIL_DENIED || cause == FAIL_CONFIG || cause == FAIL_QUOTA ||
           cause == FAIL_ANSWER_QUOTA;
}

void batch_fail(struct batch *b, enum fail_cause cause)
{
    if (b->options.fail_fast || ends_all(cause))
        batch_stop(b);
}

static void count_result(struct batch *b, int64_t line, enum fail_cause cause, int status)
{
    if (cause == FAIL_NONE) {
        b->done++;
        return;
    }
    b->failed++;
    b->statuses[status & 255]++;
    if (status != TEMPORARY && (b->final_line == 0 || line < b->final_line)) {
        b->final_line = line;
        b->final_cause = cause;
    }
    batch_fail(b, cause);
}

/* Moves the objects that can be written now to b->ready. */
static void release_ended(struct batch *b)
{
    struct batch_task **link = &b->first;
    while (*link) {
        if ((*link)->state == BATCH_ENDED) {
            buf_span(&b->ready, buf_view(&(*link)->object));
            remove_task(link);
        } else if (b->options.ordered) {
            return;
        } else {
            link = &(*link)->next;
        }
    }
}

/* The first refused line, if no question waits before it. */
static struct batch_task *find_due_refusal(const struct batch *b)
{
    struct batch_task *t = b->first;
    while (t && t->state != BATCH_WAITING && t->state != BATCH_REFUSED)
        t = t->next;
    return t && t->state == BATCH_REFUSED ? t : NULL;
}

/* Ends the refused lines whose turn has come. */
static void fail_refused(struct batch *b)
{
    struct batch_task *t;
    while ((t = find_due_refusal(b)) != NULL) {
        t->state = BATCH_ENDED;
        b->waiting--;
        count_result(b, t->line, t->cause, t->status);
    }
    release_ended(b);
}

void batch_refuse(struct batch *b, int64_t line, struct span object, const struct fail *fail)
{
    struct batch_task *t = xcalloc(1, sizeof *t);
    t->line = line;
    t->state = BATCH_REFUSED;
    t->cause = fail->cause;
    t->status = fail_status(fail);
    buf_span(&t->object, object);
    append_task(b, t);
    b->waiting++;
    fail_refused(b);
}

struct batch_task *batch_start(struct batch *b)
{
    if (b->stopped || b->waiting == 0)
        return NULL;
    for (struct batch_task *t = b->first; t && !is_too_far(b, t->line); t = t->next) {
        if (t->state != BATCH_WAITING || is_blocked(b, t))
            continue;
        t->state = BATCH_RUNNING;
        b->waiting--;
        b->running++;
        fail_refused(b);
        return t;
    }
    return NULL;
}

void batch_end(struct batch *b, struct batch_task *t, struct span object, enum fail_cause cause,
               int status)
{
    t->state = BATCH_ENDED;
    buf_release(&t->text);
    buf_span(&t->object, object);
    b->running--;
    count_result(b, t->line, cause, status);
    release_ended(b);
}

void batch_stop(struct batch *b)
{
    b->stopped = true;
    struct batch_task **link = &b->first;
    while (*link) {
        if ((*link)->state == BATCH_WAITING || (*link)->state == BATCH_REFUSED) {
            b->waiting--;
            b->not_asked++;
            remove_task(link);
        } else {
            link = &(*link)->next;
        }
    }
    release_ended(b);
}

enum fail_cause batch_cause(const struct batch *b)
{
    return b->final_line ? b->final_cause : b->failed ? FAIL_BUSY : FAIL_NONE;
}

static void put_part(struct buf *out, int64_t number, const char *what)
{
    if (number)
        buf_printf(out, ", %lld %s", (long long)number, what);
}

/* "(75: 2, 65: 1)": in descending order of the count, then ascending order of the status. */
static void put_statuses(const struct batch *b, struct buf *out)
{
    bool shown[256] = {false};
    const char *separator = " (";
    for (;;) {
        int most = -1;
        for (int s = 0; s < 256; s++)
            if (!shown[s] && b->statuses[s] && (most < 0 || b->statuses[s] > b->statuses[most]))
                most = s;
        if (most < 0)
            break;
        shown[most] = true;
        buf_printf(out, "%s%d: %lld", separator, most, (long long)b->statuses[most]);
        separator = ", ";
    }
    buf_byte(out, ')');
}

void batch_put_totals(const struct batch *b, struct buf *out)
{
    int64_t all = b->done + b->skipped + b->failed + b->not_asked;
    buf_printf(out, "%lld question%s: %lld done", (long long)all, all == 1 ? "" : "s",
               (long long)b->done);
    put_part(out, b->skipped, "skipped");
    put_part(out, b->failed, "failed");
    if (b->failed)
        put_statuses(b, out);
    put_part(out, b->not_asked, "not asked");
}

void batch_put_progress(const struct batch *b, int64_t us, struct buf *out)
{
    int64_t ended = b->done + b->failed;
    buf_printf(out, "%lld done", (long long)b->done);
    put_part(out, b->skipped, "skipped");
    put_part(out, b->failed, "failed");
    put_part(out, b->running, "running");
    if (ended && us > 0)
        buf_printf(out, ", %.1f/s", (double)ended * 1e6 / (double)us);
}
