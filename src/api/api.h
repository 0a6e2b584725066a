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
    const char *base;           /* without a slash at the end */
    const char *token;          /* bearer, NULL for none */
    const char *server_options; /* for hints: the options that select this server, or "" */
};

/* The portfolios of a question. Borrowed. */
struct api_portfolios {
    const char *const *ids;
    size_t count;
    bool is_implied; /* chosen by the program: a single one is sent without `portfolio_ids` */
};

/* Whether this is a valid conversation ID: 1 to 256 bytes, not "." or "..", without '/' and control
   characters. libcurl 8.13 and later removes dot segments from a path even where they are
   percent-encoded. */
bool api_is_id(struct span s);

/* Adds the hint to check --url, for a 404 that does not concern a conversation. */
void api_hint_url(const struct api *api, struct fail *fail);

/* POST /chat/conversations. *id is the ID of the new conversation, owned by the caller. `mode` may
   be NULL. Fails as http_run and api_refused; FAIL_PROTOCOL for a response without an ID. */
int api_create(struct api *api, const char *mode, struct api_portfolios portfolios,
               struct api_context context, char **id, struct fail *fail);
/* GET /chat/conversations?limit=&offset=. The response body is a bare array or an object that holds
   one; api_each_conversation reads it. */
int api_list(struct api *api, int limit, int offset, struct http_response *response,
             struct fail *fail);
/* GET /chat/conversations/{id}. This and the calls below send nothing and fail with FAIL_DATA if
   the ID is invalid. */
int api_get(struct api *api, const char *id, struct http_response *response, struct fail *fail);

/* A conversation as the API describes it. Borrowed from the response and its reader. */
struct api_conversation {
    struct span raw;                  /* the server's object */
    bool by_guide;                    /* the key of the ID is `conversation_id`, not `id` */
    struct span id, mode, created_at; /* decoded, empty when absent */
};

/* Reads one. False if it is not a JSON object or has no ID, valid or not. */
bool api_read_conversation(struct json_reader *reader, struct span object,
                           struct api_conversation *c);

/* Calls `each` for every conversation in a body of api_list or api_get, in order, with a
   conversation that is valid during the call. Returns their number, or -1 if the body has another
   format or contains anything else. *more: the body says that there are more. */
int api_each_conversation(struct span body,
                          void (*each)(void *arg, const struct api_conversation *c), void *arg,
                          bool *more);

/* PUT /chat/conversations/{id}/mode. This and the calls below fail as api_unexpected if the
   response is not in the format of the API. */
int api_set_mode(struct api *api, const char *id, const char *mode, struct fail *fail);
/* DELETE /chat/conversations/{id} */
int api_delete(struct api *api, const char *id, struct fail *fail);

/* The URL of POST /chat/send, owned by the caller. */
char *api_send_url(const struct api *api);

/* All borrowed. */
struct api_message {
    const char *conversation;
    struct api_portfolios portfolios; /* may be none */
    struct api_context context;
    struct span text; /* UTF-8 */
};

/* POST /chat/send. The hooks receive the stream; a response that they do not accept is collected
   in *response for api_refused. */
int api_send(struct api *api, const struct api_message *message, const struct http_hooks *hooks,
             struct http_response *response, struct fail *fail);

/* The result of login and refresh. Owned: api_session_release wipes the token. */
struct api_session {
    char *token;
    int64_t expires_in; /* seconds, -1 if the server did not send it */
};

/* Whether this is valid as a token in a header: visible ASCII only. */
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

/* Whether a response to api_send is an event stream: status 200, text/event-stream in any case and
   with any parameters, not compressed. */
bool api_is_event_stream(const struct http_response *response);

/* Makes a call to `path`, which is below the base URL, and collects the response. A status other
   than 2xx fails as api_refused with `what`. */
int api_call(struct api *api, const char *method, const char *path, struct span body,
             struct http_response *response, const char *what, struct fail *fail);

/* The same, but any status is a success, and the hooks may receive the body. `hooks` may be
   NULL. */
int api_request(struct api *api, const char *method, const char *path, struct span body,
                const struct http_hooks *hooks, struct http_response *response, struct fail *fail);

/* POST /chat/messages/{id}/feedback: rates an answer `up` or `down`. `comment` may be NULL. */
int api_rate(struct api *api, const char *message, const char *rating, const char *comment,
             struct fail *fail);

/* Records an error response as a failure with the server's explanation (api/refusal.h). `what` is
   what failed ("cannot send the message"). Always -1. */
int api_refused(const struct http_response *response, const char *what, struct fail *fail);

/* Records FAIL_PROTOCOL for a successful response that the API does not send: a proxy or sign-in
   page may have answered. `why` says what is wrong with the response. Always -1. */
int api_unexpected(const struct http_response *response, const char *what, const char *why,
                   struct fail *fail);

#endif
