/* SPDX-License-Identifier: MIT */
/* The part of api/api.h that deals with accounts. */
#include "api/api.h"

#include "api/call.h"
#include "core/xmalloc.h"
#include "json/json.h"
#include "json/write.h"

#include <stdlib.h>

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
    s->token = xmemdup(m->value.string.at, m->value.string.len);
}

static int open_session(struct api *api, const char *path, struct span body, const char *what,
                        struct api_session *session, struct fail *fail)
{
    struct http_response response;
    http_response_init(&response);
    *session = (struct api_session){.expires_in = -1};
    int result = api_call(api, "POST", api_url(api, path), body, &response, what, fail);
    if (result == 0 &&
        (json_read_object(buf_view(&response.body), take_session, session) != 0 || !session->token))
        result = fail_set(fail, FAIL_PROTOCOL, "%s: the answer holds no token", what);
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
    return api_call(api, "GET", api_url(api, "/auth/me"), span_make(NULL, 0), response,
                    "cannot show the account", fail);
}

int api_logout(struct api *api, struct fail *fail)
{
    struct http_response response;
    http_response_init(&response);
    int result = api_call(api, "POST", api_url(api, "/auth/logout"), span_make(NULL, 0), &response,
                          "cannot log out", fail);
    http_response_release(&response);
    return result;
}
