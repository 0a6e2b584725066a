/* SPDX-License-Identifier: MIT */
#include "api/api.h"

#include "core/xmalloc.h"
#include "json/json.h"
#include "json/write.h"

#include <ctype.h>
#include <stdlib.h>

static char *make_url(const struct api *api, const char *path)
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

static int check_id(const struct api *api, const char *id, struct fail *fail)
{
    if (api_is_id(span_of(id)))
        return 0;
    fail_set(fail, FAIL_DATA,
             "invalid conversation ID: expected at most %d bytes without '/' and control "
             "characters",
             ID_MAX);
    fail_hint(fail, "'sigmasight-chat conversations%s' lists them", api->server_options);
    return -1;
}

static int check_message_id(const char *id, struct fail *fail)
{
    if (api_is_id(span_of(id)))
        return 0;
    return fail_set(fail, FAIL_DATA,
                    "invalid message ID: expected at most %d bytes without '/' and control "
                    "characters",
                    ID_MAX);
}

/* Appends a path segment, percent-encoded. */
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

static char *make_conversation_url(const struct api *api, const char *id, const char *rest)
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
    if (portfolios.is_implied && portfolios.count == 1)
        return;
    json_put_key(body, "portfolio_ids");
    json_put_strings(body, portfolios.ids, portfolios.count);
}

static int call_url(struct api *api, const char *method, char *url, struct span body,
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

int api_call(struct api *api, const char *method, const char *path, struct span body,
             struct http_response *response, const char *what, struct fail *fail)
{
    return call_url(api, method, make_url(api, path), body, response, what, fail);
}

int api_request(struct api *api, const char *method, const char *path, struct span body,
                const struct http_hooks *hooks, struct http_response *response, struct fail *fail)
{
    char *url = make_url(api, path);
    struct http_request request = {.method = method,
                                   .url = url,
                                   .token = api->token,
                                   .accept = "*/*",
                                   .body = body,
                                   .hooks = hooks};
    int result = http_run(api->http, &request, response, fail);
    free(url);
    return result;
}

/* Whether a body is what a call returns: a JSON object with one of these members as a string, or
   without members. */

enum { KNOWN_NAMES = 4 };

struct known_object {
    const char *const *names; /* at most KNOWN_NAMES, then NULL */
    size_t members;
    bool is_known;
};

static void look_at_member(void *arg, const struct json_member *m)
{
    struct known_object *known = arg;
    known->members++;
    for (size_t i = 0; i < KNOWN_NAMES && known->names[i]; i++)
        if (span_is(m->key, known->names[i]) && m->value.type == JSON_STRING)
            known->is_known = true;
}

static bool is_known_object(struct span body, const char *const names[KNOWN_NAMES])
{
    struct known_object known = {.names = names};
    return json_read_object(body, look_at_member, &known) == 0 &&
           (known.is_known || known.members == 0);
}

static const char *const conversation_names[KNOWN_NAMES] = {"conversation_id", "id", "new_mode"};
static const char *const account_names[KNOWN_NAMES] = {"email", "id"};
static const char *const rating_names[KNOWN_NAMES] = {"rating", "message_id", "id"};

/* Conversations. */

enum { NAMED_ID = JSON_DOCUMENT + 1, ID, MODE, CREATED_AT };

static const struct json_key conversation_keys[] = {
    {.name = SPAN("conversation_id"), .slot = NAMED_ID},
    {.name = SPAN("id"), .slot = ID},
    {.name = SPAN("mode"), .slot = MODE},
    {.name = SPAN("created_at"), .slot = CREATED_AT},
};

static const struct json_shape conversation_shape = {
    conversation_keys, sizeof conversation_keys / sizeof conversation_keys[0]};

bool api_read_conversation(struct json_reader *reader, struct span object,
                           struct api_conversation *c)
{
    struct json_found found = {.seen = 0};
    if (json_find(reader, object, &conversation_shape, &found) != 0)
        return false;
    c->raw = found.slot[JSON_DOCUMENT].raw;
    c->by_guide = json_found_string(&found, NAMED_ID).len > 0;
    c->id = json_found_string(&found, c->by_guide ? NAMED_ID : ID);
    c->mode = json_found_string(&found, MODE);
    c->created_at = json_found_string(&found, CREATED_AT);
    return c->id.len > 0;
}

struct collector {
    void (*each)(void *arg, const struct api_conversation *c);
    void *arg;
    struct json_reader *reader;
    int count;
    bool more;
    bool listed;  /* the object has an array of conversations */
    bool invalid; /* an element is not a conversation */
};

static void collect(struct collector *k, struct span raw)
{
    struct api_conversation c;
    if (!api_read_conversation(k->reader, raw, &c)) {
        k->invalid = true;
        return;
    }
    k->each(k->arg, &c);
    k->count++;
}

static void on_element(void *arg, const struct json_member *m)
{
    collect(arg, m->value.raw);
}

static void on_member(void *arg, const struct json_member *m)
{
    struct collector *k = arg;
    if (span_is(m->key, "conversations"))
        k->listed = json_read_array(m->value.raw, on_element, k) == 0;
    else if (span_is(m->key, "has_more"))
        k->more = m->value.type == JSON_TRUE;
}

/* Accepts three forms: [ {…}, … ], { "conversations": [ {…}, … ] } and { … }. */
int api_each_conversation(struct span body,
                          void (*each)(void *arg, const struct api_conversation *c), void *arg,
                          bool *more)
{
    struct collector k = {.each = each, .arg = arg, .reader = json_reader_new()};
    bool is_object = json_read_object(body, on_member, &k) == 0;
    if (is_object && !k.listed)
        collect(&k, body);
    bool understood = is_object || json_read_array(body, on_element, &k) == 0;
    *more = k.more;
    json_reader_free(k.reader);
    return understood && !k.invalid ? k.count : -1;
}

/* The ID in the response to a creation, owned by the caller; NULL if there is no valid one. */
static char *copy_created_id(struct span body)
{
    struct json_reader *reader = json_reader_new();
    struct api_conversation c;
    char *id = NULL;
    if (api_read_conversation(reader, body, &c) && api_is_id(c.id))
        id = xspandup(c.id);
    json_reader_free(reader);
    return id;
}

void api_hint_url(const struct api *api, struct fail *fail)
{
    fail_hint(fail, "check %s; it usually ends in /api/v1", http_url_setting(api->http));
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
    int result = call_url(api, "POST", make_conversation_url(api, NULL, ""), buf_view(&body),
                          &response, what, fail);
    if (result != 0 && fail->http_status == 404)
        api_hint_url(api, fail);
    if (result == 0 && !(*id = copy_created_id(buf_view(&response.body))))
        result = api_unexpected(&response, what, "the response has no valid ID", fail);
    buf_release(&body);
    http_response_release(&response);
    return result;
}

int api_set_mode(struct api *api, const char *id, const char *mode, struct fail *fail)
{
    static const char what[] = "cannot change the mode";
    struct http_response response;
    struct buf body = {0};
    if (check_id(api, id, fail) != 0)
        return -1;
    http_response_init(&response);
    buf_byte(&body, '{');
    json_put_text(&body, "mode", span_of(mode));
    buf_byte(&body, '}');
    int result = call_url(api, "PUT", make_conversation_url(api, id, "/mode"), buf_view(&body),
                          &response, what, fail);
    if (result == 0 && !is_known_object(buf_view(&response.body), conversation_names))
        result = api_unexpected(&response, what, "the response is not a change of mode", fail);
    buf_release(&body);
    http_response_release(&response);
    return result;
}

int api_delete(struct api *api, const char *id, struct fail *fail)
{
    static const char what[] = "cannot delete the conversation";
    struct http_response response;
    if (check_id(api, id, fail) != 0)
        return -1;
    http_response_init(&response);
    int result = call_url(api, "DELETE", make_conversation_url(api, id, ""), span_make(NULL, 0),
                          &response, what, fail);
    if (result == 0 && span_trim(buf_view(&response.body)).len > 0 &&
        !is_known_object(buf_view(&response.body), conversation_names))
        result = api_unexpected(&response, what, "the response is not empty", fail);
    http_response_release(&response);
    return result;
}

int api_list(struct api *api, int limit, int offset, struct http_response *response,
             struct fail *fail)
{
    struct buf query = {0};
    buf_printf(&query, "?limit=%d&offset=%d", limit, offset);
    char *url = make_conversation_url(api, NULL, buf_text(&query));
    buf_release(&query);
    return call_url(api, "GET", url, span_make(NULL, 0), response, "cannot list the conversations",
                    fail);
}

int api_get(struct api *api, const char *id, struct http_response *response, struct fail *fail)
{
    if (check_id(api, id, fail) != 0)
        return -1;
    return call_url(api, "GET", make_conversation_url(api, id, ""), span_make(NULL, 0), response,
                    "cannot show the conversation", fail);
}

char *api_send_url(const struct api *api)
{
    return make_url(api, "/chat/send");
}

int api_send(struct api *api, const struct api_message *message, const struct http_hooks *hooks,
             struct http_response *response, struct fail *fail)
{
    struct buf body = {0};
    if (check_id(api, message->conversation, fail) != 0)
        return -1;
    buf_byte(&body, '{');
    json_put_text(&body, "conversation_id", span_of(message->conversation));
    json_put_text(&body, "text", message->text);
    if (message->portfolios.count || message->context.count) {
        json_put_key(&body, "ui_context");
        buf_byte(&body, '{');
        put_portfolios(&body, message->portfolios);
        context_put(&body, message->context);
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

int api_rate(struct api *api, const char *message, const char *rating, const char *comment,
             struct fail *fail)
{
    static const char what[] = "cannot rate the answer";
    struct http_response response;
    struct buf url = {0}, body = {0};
    if (check_message_id(message, fail) != 0)
        return -1;
    http_response_init(&response);
    buf_printf(&url, "%s/chat/messages/", api->base);
    put_segment(&url, message);
    buf_puts(&url, "/feedback");
    buf_byte(&body, '{');
    json_put_text(&body, "rating", span_of(rating));
    if (comment)
        json_put_text(&body, "comment", span_of(comment));
    buf_byte(&body, '}');
    int result = call_url(api, "POST", buf_take(&url), buf_view(&body), &response, what, fail);
    if (result == 0 && !is_known_object(buf_view(&response.body), rating_names))
        result = api_unexpected(&response, what, "the response is not a rating", fail);
    buf_release(&body);
    http_response_release(&response);
    return result;
}

bool api_is_event_stream(const struct http_response *response)
{
    struct span type = buf_view(&response->content_type);
    const char *semicolon = type.len ? memchr(type.at, ';', type.len) : NULL;
    if (semicolon)
        type.len = (size_t)(semicolon - type.at);
    type = span_trim(type);
    return response->status == 200 && span_equal_nocase(type, span_of("text/event-stream")) &&
           response->content_encoding.len == 0;
}

/* Accounts. */

void api_session_release(struct api_session *session)
{
    wipe_string(session->token);
    *session = (struct api_session){.expires_in = -1};
}

bool api_is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] > '~')
            return false;
    return s.len > 0;
}

static void take_session(void *arg, const struct json_member *m)
{
    struct api_session *s = arg;
    if (span_is(m->key, "expires_in"))
        json_to_int64(&m->value, &s->expires_in);
    if (!span_is(m->key, "access_token") || m->value.type != JSON_STRING ||
        !api_is_token(m->value.string))
        return;
    free(s->token);
    s->token = xspandup(m->value.string);
}

static int open_session(struct api *api, const char *path, struct span body, const char *what,
                        struct api_session *session, struct fail *fail)
{
    struct http_response response;
    http_response_init(&response);
    *session = (struct api_session){.expires_in = -1};
    int result = call_url(api, "POST", make_url(api, path), body, &response, what, fail);
    if (result == 0 &&
        (json_read_object(buf_view(&response.body), take_session, session) != 0 || !session->token))
        result = api_unexpected(&response, what, "the response has no token", fail);
    if (result != 0)
        api_session_release(session);
    http_response_release(&response);
    return result;
}

int api_login(struct api *api, const char *email, const char *password, struct api_session *session,
              struct fail *fail)
{
    struct buf body = {0};
    buf_byte(&body, '{');
    json_put_text(&body, "email", span_of(email));
    json_put_text(&body, "password", span_of(password));
    buf_byte(&body, '}');
    const char *token = api->token;
    api->token = NULL;
    int result = open_session(api, "/auth/login", buf_view(&body), "cannot log in", session, fail);
    api->token = token;
    buf_wipe(&body);
    return result;
}

int api_refresh(struct api *api, struct api_session *session, struct fail *fail)
{
    return open_session(api, "/auth/refresh", span_make(NULL, 0), "cannot refresh the token",
                        session, fail);
}

int api_me(struct api *api, struct http_response *response, struct fail *fail)
{
    static const char what[] = "cannot show the account";
    if (call_url(api, "GET", make_url(api, "/auth/me"), span_make(NULL, 0), response, what, fail) !=
        0)
        return -1;
    if (!is_known_object(buf_view(&response->body), account_names))
        return api_unexpected(response, what, "the response is not an account", fail);
    return 0;
}

int api_logout(struct api *api, struct fail *fail)
{
    struct http_response response;
    http_response_init(&response);
    int result = call_url(api, "POST", make_url(api, "/auth/logout"), span_make(NULL, 0), &response,
                          "cannot log out", fail);
    http_response_release(&response);
    return result;
}
