/* SPDX-License-Identifier: MIT */
#include "api/api.h"

#include "api/call.h"
#include "core/xmalloc.h"
#include "json/json.h"
#include "json/write.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

char *api_url(const struct api *api, const char *path)
{
    struct buf url = {0};
    buf_printf(&url, "%s%s", api->base, path);
    return buf_take(&url);
}

enum { ID_MAX = 256 };

/* U+0000 to U+001F, U+007F to U+009F. */
static bool has_control(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if (c < ' ' || c == 0x7F)
            return true;
        if (c == 0xC2 && i + 1 < s.len && (unsigned char)s.at[i + 1] < 0xA0)
            return true;
    }
    return false;
}

bool api_is_id(struct span s)
{
    return s.len > 0 && s.len <= ID_MAX && !span_is(s, ".") && !span_is(s, "..") &&
           !memchr(s.at, '/', s.len) && !has_control(s);
}

static int check_id(const char *id, struct fail *fail)
{
    if (api_is_id(span_of(id)))
        return 0;
    return fail_set_hint(fail, FAIL_DATA, "'sigmasight-chat conversations' lists those there are",
                         "invalid conversation ID: expected at most %d bytes without '/' and "
                         "control characters",
                         ID_MAX);
}

/* A path segment: nothing in it may change the path. */
static void put_segment(struct buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) || c == '-' || c == '_' || c == '.')
            buf_byte(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static char *conversation_url(const struct api *api, const char *id, const char *rest)
{
    struct buf url = {0};
    buf_printf(&url, "%s/chat/conversations", api->base);
    if (id) {
        buf_byte(&url, '/');
        put_segment(&url, id);
    }
    buf_puts(&url, rest);
    return buf_take(&url);
}

static void put_portfolios(struct buf *body, struct api_portfolios portfolios)
{
    if (!portfolios.count)
        return;
    json_put_text(body, "portfolio_id", span_of(portfolios.ids[0]));
    json_put_key(body, "portfolio_ids");
    for (size_t i = 0; i < portfolios.count; i++) {
        buf_byte(body, i ? ',' : '[');
        json_put_string(body, span_of(portfolios.ids[i]));
    }
    buf_byte(body, ']');
}

int api_call(struct api *api, const char *method, char *url, struct span body,
             struct http_response *response, const char *what, struct fail *fail)
{
    struct http_request request = {.method = method,
                                   .url = url,
                                   .token = api->token,
                                   .accept = "application/json",
                                   .body = body};
    int result = http_run(api->http, &request, response, fail);
    free(url);
    if (result == 0 && (response->status < 200 || response->status > 299))
        result = api_refused(response, what, fail);
    return result;
}

/* The ID in the response to a creation, owned by the caller; NULL when it names no valid one. */
static char *created_id(struct span body)
{
    struct json_reader *reader = json_reader_new();
    struct api_conversation c;
    char *id = NULL;
    if (api_read_conversation(reader, body, &c) && api_is_id(c.id))
        id = xmemdup(c.id.at, c.id.len);
    json_reader_free(reader);
    return id;
}

void api_hint_url(struct fail *fail)
{
    fail_hint(fail, "check --url; it ends in /api/v1 as a rule");
}

int api_create(struct api *api, const char *mode, struct api_portfolios portfolios,
               struct api_context context, char **id, struct fail *fail)
{
    static const char what[] = "cannot create a conversation";
    struct http_response response;
    struct buf body = {0};
    http_response_init(&response);
    buf_byte(&body, '{');
    if (mode)
        json_put_text(&body, "mode", span_of(mode));
    put_portfolios(&body, portfolios);
    context_put_creation(&body, context);
    buf_byte(&body, '}');
    *id = NULL;
    int result = api_call(api, "POST", conversation_url(api, NULL, ""), buf_view(&body), &response,
                          what, fail);
    if (result != 0 && fail->http_status == 404)
        api_hint_url(fail);
    if (result == 0 && !(*id = created_id(buf_view(&response.body))))
        result = fail_set(fail, FAIL_PROTOCOL, "%s: the response has no valid ID", what);
    buf_release(&body);
    http_response_release(&response);
    return result;
}

int api_set_mode(struct api *api, const char *id, const char *mode, struct fail *fail)
{
    struct http_response response;
    struct buf body = {0};
    if (check_id(id, fail) != 0)
        return -1;
    http_response_init(&response);
    buf_byte(&body, '{');
    json_put_text(&body, "mode", span_of(mode));
    buf_byte(&body, '}');
    int result = api_call(api, "PUT", conversation_url(api, id, "/mode"), buf_view(&body),
                          &response, "cannot change the mode", fail);
    buf_release(&body);
    http_response_release(&response);
    return result;
}

int api_delete(struct api *api, const char *id, struct fail *fail)
{
    struct http_response response;
    if (check_id(id, fail) != 0)
        return -1;
    http_response_init(&response);
    int result = api_call(api, "DELETE", conversation_url(api, id, ""), span_make(NULL, 0),
                          &response, "cannot delete the conversation", fail);
    http_response_release(&response);
    return result;
}

int api_list(struct api *api, int limit, int offset, struct http_response *response,
             struct fail *fail)
{
    struct buf query = {0};
    buf_printf(&query, "?limit=%d&offset=%d", limit, offset);
    char *url = conversation_url(api, NULL, buf_text(&query));
    buf_release(&query);
    return api_call(api, "GET", url, span_make(NULL, 0), response, "cannot list the conversations",
                    fail);
}

int api_get(struct api *api, const char *id, struct http_response *response, struct fail *fail)
{
    if (check_id(id, fail) != 0)
        return -1;
    return api_call(api, "GET", conversation_url(api, id, ""), span_make(NULL, 0), response,
                    "cannot show the conversation", fail);
}

char *api_send_url(const struct api *api)
{
    return api_url(api, "/chat/send");
}

int api_send(struct api *api, const char *conversation, struct api_portfolios portfolios,
             struct api_context context, struct span text, const struct http_hooks *hooks,
             struct http_response *response, struct fail *fail)
{
    struct buf body = {0};
    if (check_id(conversation, fail) != 0)
        return -1;
    buf_byte(&body, '{');
    json_put_text(&body, "conversation_id", span_of(conversation));
    json_put_text(&body, "text", text);
    if (portfolios.count || context.count) {
        json_put_key(&body, "ui_context");
        buf_byte(&body, '{');
        put_portfolios(&body, portfolios);
        context_put(&body, context);
        buf_byte(&body, '}');
    }
    buf_byte(&body, '}');
    char *url = api_send_url(api);
    struct http_request request = {.method = "POST",
                                   .url = url,
                                   .token = api->token,
                                   .accept = "text/event-stream",
                                   .body = buf_view(&body),
                                   .hooks = hooks};
    int result = http_run(api->http, &request, response, fail);
    free(url);
    buf_release(&body);
    return result;
}

static bool is_word(struct span s, const char *word)
{
    return s.len == strlen(word) && strncasecmp(s.at, word, s.len) == 0;
}

bool api_is_event_stream(const struct http_response *response)
{
    struct span type = buf_view(&response->content_type);
    const char *semicolon = type.len ? memchr(type.at, ';', type.len) : NULL;
    if (semicolon)
        type.len = (size_t)(semicolon - type.at);
    while (type.len && (type.at[type.len - 1] == ' ' || type.at[type.len - 1] == '\t'))
        type.len--;
    struct span encoding = buf_view(&response->content_encoding);
    return response->status == 200 && is_word(type, "text/event-stream") &&
           (encoding.len == 0 || is_word(encoding, "identity"));
}
