/* SPDX-License-Identifier: MIT */
#include "mock/http/message.h"

#include "core/xmalloc.h"
#include "json/write.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *request_query(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct span request_token(const struct request *r)
{
    static const char scheme[] = "bearer ";
    const char *value = request_header(r, "Authorization");
    if (!value || strncasecmp(value, scheme, sizeof scheme - 1) != 0)
        return span_of(NULL);
    value += sizeof scheme - 1;
    return span_of(value + strspn(value, " "));
}

const char *request_api_path(const struct request *r)
{
    static const struct span base = SPAN("/api/v1");
    bool is_below = span_starts(span_of(r->path), base) && r->path[base.len] == '/';
    return is_below ? r->path + base.len : NULL;
}

bool path_matches(const char *pattern, const char *path, struct span *segment)
{
    if (fnmatch(pattern, path, FNM_PATHNAME | FNM_NOESCAPE) != 0)
        return false;
    size_t at = strcspn(pattern, "*");
    size_t len = strcspn(path + at, "/");
    if (segment)
        *segment = span_make(path + at, len);
    return !pattern[at] || len > 0;
}

/* --- headers --- */

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
    h->list = xgrow(h->list, h->count, sizeof *h->list);
    h->list[h->count++] = (struct header){xstrdup(name), value ? xstrdup(value) : NULL};
}

const struct header *headers_find(const struct headers *h, const char *name)
{
    for (size_t i = 0; i < h->count; i++)
        if (strcasecmp(h->list[i].name, name) == 0)
            return &h->list[i];
    return NULL;
}

void headers_replace(struct headers *h, const struct headers *from)
{
    struct headers before = *h;
    *h = (struct headers){.list = NULL};
    for (size_t i = 0; i < before.count; i++)
        if (!headers_find(from, before.list[i].name))
            headers_add(h, before.list[i].name, before.list[i].value);
    for (size_t i = 0; i < from->count; i++)
        if (from->list[i].value)
            headers_add(h, from->list[i].name, from->list[i].value);
    headers_release(&before);
}

/* --- responses --- */

void reply_init(struct reply *r)
{
    *r = (struct reply){.status = 200, .length = -1};
    script_init(&r->script);
    headers_add(&r->headers, "server", "uvicorn");
}

void reply_release(struct reply *r)
{
    headers_release(&r->headers);
    buf_release(&r->body);
    script_release(&r->script);
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
