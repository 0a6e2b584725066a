/* SPDX-License-Identifier: MIT */
/* The calls of the SigmaSight chat API as functions: URLs, request bodies, response bodies and
   error bodies, for both generations of the server. */
#ifndef API_API_H
#define API_API_H

#include "api/context.h"
#include "api/http.h"
#include "core/fail.h"
#include "core/span.h"
#include "json/json.h"

#include <stddef.h>

/* All borrowed. */
struct api {
    struct http *http;
    const char *base;  /* without a slash at the end */
    const char *token; /* bearer, NULL for none */
};

struct api_portfolios {
    const char *const *ids;
    size_t count;
};

/* Whether this can be the ID of a conversation: 1 to 256 bytes, not "." or "..", without '/' and
   control characters. libcurl 8.13 and later removes dot segments from a path even where they are
   percent-encoded. */
bool api_is_id(struct span s);

/* Adds the hint for a 404 that is not about a conversation: check --url. */
void api_hint_url(struct fail *fail);

/* POST /chat/conversations. *id is the new conversation's, owned by the caller. `mode` may be
   NULL. Failures as http_run and api_refused, FAIL_PROTOCOL for an answer without an ID. */
int api_create(struct api *api, const char *mode, struct api_portfolios portfolios,
               struct api_context context, char **id, struct fail *fail);
/* GET /chat/conversations?limit=&offset=. The response body is a bare array or an object that holds
   one; api_each_conversation reads it. */
int api_list(struct api *api, int limit, int offset, struct http_response *response,
             struct fail *fail);
/* GET /chat/conversations/{id}. This and the calls below fail with FAIL_DATA, and send nothing,
   where the ID cannot be one. */
int api_get(struct api *api, const char *id, struct http_response *response, struct fail *fail);

/* What the API says of a conversation. Borrowed from the response and its reader. */
struct api_conversation {
    struct span raw;                  /* the server's object */
    bool by_guide;                    /* it names the ID `conversation_id`, not `id` */
    struct span id, mode, created_at; /* decoded, empty when absent */
};

/* Reads one. False when that is no JSON object or names no ID,
   valid or not. */
bool api_read_conversation(struct json_reader *reader, struct span object,
                           struct api_conversation *c);

/* Calls `each` for every conversation in a body of api_list or api_get, in order; what it is
   given is gone when it returns. The number of them, or -1 when the body is nothing of the kind or
   something else is among them.
   *more: the body says that there are more. */
int api_each_conversation(struct span body,
                          void (*each)(void *arg, const struct api_conversation *c), void *arg,
                          bool *more);

/* PUT /chat/conversations/{id}/mode. This and the calls below fail as api_unexpected does where the
   response is another than the API's. */
int api_set_mode(struct api *api, const char *id, const char *mode, struct fail *fail);
/* DELETE /chat/conversations/{id} */
int api_delete(struct api *api, const char *id, struct fail *fail);

/* The URL of POST /chat/send, owned by the caller. */
char *api_send_url(const struct api *api);
/* POST /chat/send with a message in UTF-8. The hooks take the stream; a response they do not take
   is collected in *response, for api_refused to explain. */
int api_send(struct api *api, const char *conversation, struct api_portfolios portfolios,
             struct api_context context, struct span text, const struct http_hooks *hooks,
             struct http_response *response, struct fail *fail);

/* What login and refresh give. Owned: release wipes the token. */
struct api_session {
    char *token;
    int64_t expires_in; /* seconds, -1 when the server does not say */
};

/* Whether this can stand in a header as a token without changing the header: visible ASCII. */
bool api_is_token(struct span s);

void api_session_release(struct api_session *session);

/* POST /auth/login. FAIL_DENIED for a wrong password. */
int api_login(struct api *api, const char *email, const char *password, struct api_session *session,
              struct fail *fail);
/* POST /auth/refresh with the present token, which must not have expired. */
int api_refresh(struct api *api, struct api_session *session, struct fail *fail);
/* GET /auth/me: the account as the server describes it. */
int api_me(struct api *api, struct http_response *response, struct fail *fail);
/* POST /auth/logout. */
int api_logout(struct api *api, struct fail *fail);

/* Whether a response to `send` is the event stream it should be: 200, text/event-stream in any
   spelling and with any parameters, not compressed. */
bool api_is_event_stream(const struct http_response *response);

/* Turns a response that is no success into *fail with the server's own words: `detail` as a
   string, an object or a list of validation errors; an HTML page is only summed up. `what` is what
   could not be done ("cannot send the message"). Always -1. */
int api_refused(const struct http_response *response, const char *what, struct fail *fail);

/* Turns a success that is not what the API sends into FAIL_PROTOCOL: a proxy or sign-in page may
   have answered. `why` says what the response lacks. Always -1. */
int api_unexpected(const struct http_response *response, const char *what, const char *why,
                   struct fail *fail);

#endif
