/* SPDX-License-Identifier: MIT */
#include "mock/scenario/scenario.h"

#include "core/xmalloc.h"
#include "mock/backend/ascii.h"
#include "mock/scenario/block.h"
#include "json/json.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct scenario {
    pthread_mutex_t lock; /* for how far the lists are used */
    struct block_lists lists;
};

struct scenario *scenario_load(const char *path, struct fail *f)
{
    struct scenario *s = xcalloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    if (block_lists_read(&s->lists, path, f) == 0)
        return s;
    scenario_free(s);
    return NULL;
}

void scenario_free(struct scenario *s)
{
    if (!s)
        return;
    block_lists_release(&s->lists);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static struct block_list *find(struct scenario *s, const struct request *request)
{
    const char *path = request_api_path(request);
    for (size_t i = 0; path && i < s->lists.count; i++) {
        struct block_list *list = &s->lists.list[i];
        bool method = strcmp(list->method, "*") == 0 || strcmp(list->method, request->method) == 0;
        if (method && path_matches(list->path, path, NULL))
            return list;
    }
    return NULL;
}

/* The block for the next request, NULL for none. */
static const struct block *next_block(struct block_list *list)
{
    list->attempts++;
    if (list->used < list->count)
        return &list->blocks[list->used++];
    const struct block *last = &list->blocks[list->count - 1];
    return last->once ? NULL : last;
}

/* What the texts may ask of the request. */
struct asked {
    struct buf conversation, text, attempt;
};

static void note_member(void *arg, const struct json_member *m)
{
    struct asked *a = arg;
    if (m->value.type != JSON_STRING)
        return;
    if (span_is(m->key, "conversation_id"))
        ascii_put(&a->conversation, m->value.string);
    else if (span_is(m->key, "text"))
        ascii_put(&a->text, m->value.string);
}

static void ask(struct asked *a, const struct request *request, uint64_t attempt)
{
    json_read_object(buf_view(&request->body), note_member, a);
    struct span id;
    const char *path = request_api_path(request);
    if (a->conversation.len == 0 && (path_matches("/chat/conversations/*", path, &id) ||
                                     path_matches("/chat/conversations/*/mode", path, &id)))
        buf_span(&a->conversation, id);
    buf_printf(&a->attempt, "%llu", (unsigned long long)attempt);
}

static void add_bytes(struct script *script, const struct block_step *step,
                      const struct text_values *values)
{
    if (text_is_constant(&step->text)) {
        script_bytes(script, buf_view(&step->text.bytes));
        return;
    }
    struct buf bytes = {0};
    text_expand(&step->text, values, &bytes);
    script_take(script, &bytes);
}

static void add_fill(struct script *script, const struct block_step *step,
                     const struct text_values *values)
{
    struct buf pattern = {0};
    text_expand(&step->text, values, &pattern);
    script_fill(script, buf_view(&pattern), step->count);
    buf_release(&pattern);
}

/* One unit: the length, the bytes, the line's end. Nothing for no bytes: a chunk of none would be
   the last one. */
static void add_framed(struct script *script, const struct block_step *step,
                       const struct text_values *values)
{
    struct buf bytes = {0}, frame = {0};
    text_expand(&step->text, values, &bytes);
    if (bytes.len > 0) {
        buf_printf(&frame, "%zx\r\n", bytes.len);
        buf_span(&frame, buf_view(&bytes));
        buf_puts(&frame, "\r\n");
        script_take(script, &frame);
    }
    buf_release(&bytes);
}

static void add_framed_fill(struct script *script, const struct block_step *step,
                            const struct text_values *values)
{
    static const struct span end = SPAN("\r\n");
    struct buf size = {0};
    buf_printf(&size, "%llx\r\n", (unsigned long long)step->count);
    script_take(script, &size);
    add_fill(script, step, values);
    script_bytes(script, end);
}

static void add_step(struct script *script, const struct block_step *step,
                     const struct text_values *values)
{
    if (step->kind == STEP_BYTES) {
        if (step->framed && step->fill)
            add_framed_fill(script, step, values);
        else if (step->framed)
            add_framed(script, step, values);
        else if (step->fill)
            add_fill(script, step, values);
        else
            add_bytes(script, step, values);
    } else if (step->kind == STEP_GATE) {
        struct buf name = {0};
        text_expand(&step->text, values, &name);
        script_gate(script, &name);
    } else {
        script_step(script, step->kind, step->count);
    }
}

/* How the block ends: STEP_END unless its last step says otherwise. */
static enum step_kind ending(const struct block *block)
{
    enum step_kind last = block->count ? block->steps[block->count - 1].kind : STEP_END;
    return last == STEP_CLOSE || last == STEP_RESET || last == STEP_SILENCE ? last : STEP_END;
}

static void fill_script(struct script *script, const struct block *block,
                        const struct text_values *values)
{
    static const struct span last_chunk = SPAN("0\r\n\r\n");
    for (size_t i = 0; i < block->count; i++)
        if (block->steps[i].kind != STEP_END)
            add_step(script, &block->steps[i], values);
    if (block->framing && ending(block) == STEP_END)
        script_bytes(script, last_chunk);
    if (block->limit == UINT64_MAX)
        return;
    script->limit = block->limit;
    script->ending = ending(block) == STEP_END ? STEP_CLOSE : ending(block);
    /* When there are fewer bytes than the limit, the end is the same. */
    script_step(script, script->ending, 0);
}

static void fill_headers(struct reply *reply, const struct block *block, bool events)
{
    reply->status = block->status;
    if (block->reason)
        reply->reason = xstrdup(block->reason);
    if (events)
        reply_stream(reply);
    else
        reply_json(reply, block->status);
    for (size_t i = 0; i < block->drop.count; i++)
        headers_remove(&reply->headers, block->drop.list[i].name);
    for (size_t i = 0; i < block->add.count; i++)
        headers_remove(&reply->headers, block->add.list[i].name);
    for (size_t i = 0; i < block->add.count; i++)
        headers_add(&reply->headers, block->add.list[i].name, block->add.list[i].value);
}

/* A length that the block claims, or that of a body that is there as a whole and no stream. */
static int64_t length(const struct reply *reply)
{
    static const struct span stream = SPAN("text/event-stream");
    const char *claimed = headers_find(&reply->headers, "content-length");
    if (claimed)
        return strtoll(claimed, NULL, 10);
    uint64_t sum;
    struct span type = span_of(headers_find(&reply->headers, "content-type"));
    return !span_starts(type, stream) && script_is_plain(&reply->script, &sum) ? (int64_t)sum : -1;
}

bool scenario_answer(struct scenario *s, const struct request *request, struct reply *reply)
{
    struct block_list *list = find(s, request);
    if (!list)
        return false;
    pthread_mutex_lock(&s->lock);
    const struct block *block = next_block(list);
    uint64_t attempt = list->attempts;
    pthread_mutex_unlock(&s->lock);
    if (!block || block->builtin)
        return false;

    struct asked a = {.conversation = {0}};
    ask(&a, request, attempt);
    struct text_values values = {.value = {
                                     [TEXT_CONVERSATION] = buf_view(&a.conversation),
                                     [TEXT_TEXT] = buf_view(&a.text),
                                     [TEXT_ATTEMPT] = buf_view(&a.attempt),
                                     [TEXT_TOKEN] = request_token(request),
                                 }};
    bool sends = strcmp(request_api_path(request), "/chat/send") == 0;
    bool events = block->events || (sends && block->status == 200);
    fill_headers(reply, block, events);
    fill_script(&reply->script, block, &values);
    reply->streamed = true;
    reply->bare = block->bare;
    reply->lead = block->lead;
    reply->length = length(reply);
    buf_release(&a.conversation);
    buf_release(&a.text);
    buf_release(&a.attempt);
    return true;
}
