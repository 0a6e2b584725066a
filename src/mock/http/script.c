/* SPDX-License-Identifier: MIT */
#include "mock/http/script.h"

#include "core/xmalloc.h"

#include <stdlib.h>

/* A short pattern is repeated to at least this size, so that it is copied in large pieces. */
enum { FILL_BLOCK = 4096 };

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

static struct step *append_step(struct script *s, enum step_kind kind)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 16;
        s->steps = xrealloc(s->steps, s->capacity * sizeof *s->steps);
    }
    struct step *step = &s->steps[s->count++];
    *step = (struct step){.kind = kind};
    return step;
}

void script_bytes(struct script *s, struct span bytes)
{
    struct step *step = append_step(s, STEP_BYTES);
    step->bytes = bytes;
    step->count = bytes.len;
}

static void own(struct step *step, struct buf *b)
{
    size_t len = b->len;
    step->owned = buf_take(b);
    step->bytes = span_make(step->owned, len);
}

void script_take(struct script *s, struct buf *b)
{
    struct step *step = append_step(s, STEP_BYTES);
    own(step, b);
    step->count = step->bytes.len;
}

void script_fill(struct script *s, struct span pattern, uint64_t count)
{
    if (pattern.len == 0)
        return;
    struct buf block = {0};
    do
        buf_span(&block, pattern);
    while (block.len < FILL_BLOCK && block.len < count);
    struct step *step = append_step(s, STEP_BYTES);
    own(step, &block);
    step->count = count;
}

void script_gate(struct script *s, struct buf *name)
{
    own(append_step(s, STEP_GATE), name);
}

void script_step(struct script *s, enum step_kind kind, uint64_t count)
{
    size_t at = s->count;
    append_step(s, kind)->count = count;
    if (kind != STEP_END_REPEAT)
        return;
    for (size_t i = at; i-- > 0;) {
        struct step *step = &s->steps[i];
        if (step->kind == STEP_REPEAT && step->partner == 0) {
            step->partner = at;
            s->steps[at].partner = i;
            return;
        }
    }
}

bool script_is_plain(const struct script *s, uint64_t *length)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->steps[i].kind != STEP_BYTES)
            return false;
        sum += s->steps[i].count;
    }
    *length = sum;
    return s->limit == UINT64_MAX;
}
