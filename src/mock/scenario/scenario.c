/* SPDX-License-Identifier: MIT */
#include "mock/scenario/scenario.h"

#include "core/xmalloc.h"
#include "mock/backend/template.h"
#include "mock/scenario/parse.h"
#include "json/json.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scenario {
    pthread_mutex_t lock; /* for `used` and `attempts` of the lists */
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

static struct block_list *find_list(struct scenario *s, const struct request *request)
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

/* The block for the next request; NULL for none. */
static const struct block *next_block(struct block_list *list)
{
    list->attempts++;
    if (list->used < list->count)
        return &list->blocks[list->used++];
    const struct block *last = &list->blocks[list->count - 1];
    return last->once ? NULL : last;
}

static void note_member(void *values, const struct json_member *m)
{
    if (m->value.type != JSON_STRING)
        return;
    if (span_is(m->key, "conversation_id"))
        values_ascii(values, "CONVERSATION", m->value.string);
    else if (span_is(m->key, "text"))
        values_ascii(values, "TEXT", m->value.string);
}

static void read_values(struct values *v, const struct request *request, uint64_t attempt)
{
    struct span id = {NULL, 0};
    const char *path = request_api_path(request);
    if (!path_matches("/chat/conversations/*", path, &id))
        path_matches("/chat/conversations/*/mode", path, &id);
    values_raw(v, "CONVERSATION", id);
    values_set(v, "TEXT", "%s", "");
    values_set(v, "ATTEMPT", "%llu", (unsigned long long)attempt);
    values_raw(v, "TOKEN", request_token(request));
    json_read_object(buf_view(&request->body), note_member, v);
}

/* A unit: its length, the bytes, the end of the line. An empty one is left out: it would be the
   last chunk. */
static void add_framed(struct script *script, const struct block_step *step, struct buf *bytes)
{
    uint64_t len = step->fill ? step->count : bytes->len;
    struct buf size = {0};
    if (bytes->len == 0)
        return;
    buf_printf(&size, "%llx\r\n", (unsigned long long)len);
    if (step->fill) {
        script_take(script, &size);
        script_fill(script, buf_view(bytes), len);
        script_bytes(script, span_of("\r\n"));
    } else {
        buf_span(&size, buf_view(bytes));
        buf_puts(&size, "\r\n");
        script_take(script, &size);
    }
}

static void add_block_step(struct script *script, const struct block_step *step,
                           const struct values *v)
{
    struct span text = buf_view(&step->text);
    struct buf bytes = {0};
    bool plain = step->verbatim || !text.len || !memchr(text.at, '$', text.len);
    if (step->kind != STEP_BYTES && step->kind != STEP_GATE) {
        script_step(script, step->kind, step->count);
        return;
    }
    if (step->kind == STEP_BYTES && plain && !step->escapes && !step->framed) {
        script_bytes(script, text); /* borrowed: it may be a large file */
        return;
    }
    if (step->verbatim)
        buf_span(&bytes, text);
    else
        template_expand(&bytes, text, step->escapes, v);
    if (step->kind == STEP_GATE)
        script_gate(script, &bytes);
    else if (step->framed)
        add_framed(script, step, &bytes);
    else if (step->fill)
        script_fill(script, buf_view(&bytes), step->count);
    else
        script_take(script, &bytes);
    buf_release(&bytes);
}

/* How the block ends: STEP_END unless its last step is another end. */
static enum step_kind ending(const struct block *block)
{
    enum step_kind last = block->count ? block->steps[block->count - 1].kind : STEP_END;
    return last == STEP_CLOSE || last == STEP_RESET || last == STEP_SILENCE ? last : STEP_END;
}

static void fill_script(struct script *script, const struct block *block, const struct values *v)
{
    for (size_t i = 0; i < block->count; i++)
        if (block->steps[i].kind != STEP_END)
            add_block_step(script, &block->steps[i], v);
    if (block->framing && ending(block) == STEP_END)
        script_bytes(script, span_of("0\r\n\r\n"));
    if (block->limit == UINT64_MAX)
        return;
    script->limit = block->limit;
    script->ending = ending(block) == STEP_END ? STEP_CLOSE : ending(block);
    /* It ends in the same way when there are fewer bytes than the limit. */
    script_step(script, script->ending, 0);
}

static void fill_headers(struct reply *reply, const struct block *block, bool events)
{
    reply->status = block->status;
    reply->reason = block->reason ? xstrdup(block->reason) : NULL;
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

/* The length that the block states, or that of a complete body that is not an event stream. */
static int64_t content_length(const struct reply *reply)
{
    static const struct span stream = SPAN("text/event-stream");
    const char *stated = headers_find(&reply->headers, "content-length");
    if (stated)
        return strtoll(stated, NULL, 10);
    uint64_t sum;
    struct span type = span_of(headers_find(&reply->headers, "content-type"));
    return !span_starts(type, stream) && script_is_plain(&reply->script, &sum) ? (int64_t)sum : -1;
}

bool scenario_answer(struct scenario *s, struct request *request, struct reply *reply)
{
    struct block_list *list = find_list(s, request);
    if (!list)
        return false;
    pthread_mutex_lock(&s->lock);
    const struct block *block = next_block(list);
    uint64_t attempt = list->attempts;
    pthread_mutex_unlock(&s->lock);
    if (block && block->error)
        snprintf(request->error, sizeof request->error, "%s", block->error);
    if (!block || block->builtin)
        return false;

    struct values values = {.count = 0};
    read_values(&values, request, attempt);
    bool sends = strcmp(request_api_path(request), "/chat/send") == 0;
    fill_headers(reply, block, block->events || (sends && block->status == 200));
    fill_script(&reply->script, block, &values);
    reply->streamed = true;
    reply->bare = block->bare;
    reply->lead = block->lead;
    reply->length = content_length(reply);
    values_release(&values);
    return true;
}
