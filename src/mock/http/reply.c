/* SPDX-License-Identifier: MIT */
#include "mock/http/reply.h"

#include "core/xmalloc.h"
#include "json/write.h"

#include <stdlib.h>
#include <strings.h>

void headers_release(struct headers *h)
{
    for (size_t i = 0; i < h->count; i++) {
        free(h->list[i].name);
        free(h->list[i].value);
    }
    free(h->list);
    *h = (struct headers){.list = NULL};
}

void headers_add(struct headers *h, const char *name, const char *value)
{
    h->list = xrealloc(h->list, (h->count + 1) * sizeof *h->list);
    h->list[h->count++] = (struct header){xstrdup(name), xstrdup(value)};
}

void headers_remove(struct headers *h, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->count; i++) {
        if (strcasecmp(h->list[i].name, name) == 0) {
            free(h->list[i].name);
            free(h->list[i].value);
        } else {
            h->list[kept++] = h->list[i];
        }
    }
    h->count = kept;
}

const char *headers_find(const struct headers *h, const char *name)
{
    for (size_t i = 0; i < h->count; i++)
        if (strcasecmp(h->list[i].name, name) == 0)
            return h->list[i].value;
    return NULL;
}

void reply_init(struct reply *r)
{
    *r = (struct reply){.status = 200, .length = -1};
    script_init(&r->script);
    headers_add(&r->headers, "server", "uvicorn");
}

void reply_release(struct reply *r)
{
    free(r->reason);
    headers_release(&r->headers);
    buf_release(&r->body);
    script_release(&r->script);
    *r = (struct reply){.status = 0};
}

void reply_json(struct reply *r, unsigned status)
{
    r->status = status;
    headers_add(&r->headers, "content-type", "application/json");
}

void reply_detail(struct reply *r, unsigned status, const char *text)
{
    reply_json(r, status);
    buf_byte(&r->body, '{');
    json_put_text(&r->body, "detail", span_of(text));
    buf_byte(&r->body, '}');
}

void reply_stream(struct reply *r)
{
    r->streamed = true;
    headers_add(&r->headers, "cache-control", "no-cache");
    headers_add(&r->headers, "x-accel-buffering", "no");
    headers_add(&r->headers, "access-control-allow-origin", "*");
    headers_add(&r->headers, "content-type", "text/event-stream; charset=utf-8");
}
