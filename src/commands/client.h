/* SPDX-License-Identifier: MIT */
/* A client of the API, built from the settings: URL, time limits, certificates, token. */
#ifndef COMMANDS_CLIENT_H
#define COMMANDS_CLIENT_H

#include "api/api.h"
#include "api/auth.h"
#include "chat/retry.h"
#include "commands/command.h"

struct client {
    struct api api;
    char *base;
    char *origin;
    char *url_setting;    /* for hints: where the URL is set */
    char *server_options; /* for hints, the options that select this server: "" or " -u URL" */
    char *login;          /* the command to log in to this server, for hints */
    /* The certificate authorities that were named, by a file and a directory; NULL: the system's.
       Borrowed. */
    const char *cacert, *capath;
    bool https, loopback;
    struct auth_config config;
    struct auth auth;
    char *warning; /* of client_authorize: a token that could not be stored; or NULL */
};

/* FAIL_CONFIG for an address that cannot be used, and for plain HTTP to another machine without
   --allow-http; FAIL_INPUT for a certificate file; else as http_new. Nothing is sent. `started`
   (sys_now_us()) is when --max-time began, if the command has that option. Call client_close also
   after a failure. */
int client_open(struct client *c, const struct invocation *in, int64_t started, struct fail *fail);
/* The part of client_open and client_authorize that can be checked in advance, before the user
   types a message that would be lost: the failures of client_open, and FAIL_DENIED, FAIL_CONFIG or
   FAIL_SIGNAL of auth_check. Nothing is sent or shown. */
int client_check(const struct invocation *in, struct fail *fail);
/* Obtains a token: as auth_obtain. */
int client_authorize(struct client *c, struct fail *fail);
/* client_open and client_authorize, with the warning on standard error: for commands that show no
   answer. */
int client_prepare(struct client *c, const struct invocation *in, struct fail *fail);
/* Prints the warning of auth_recover or auth_freshen, if any. */
void client_warn(struct client *c, const struct invocation *in, struct fail *fail);
/* GET /auth/me as api_me, repeated with another token if auth_recover has one. */
int client_me(struct client *c, struct http_response *response, struct fail *fail);
/* Whether the server answers as the API does. Sends no token, so 401 and 403 count as answers. */
bool client_answers(struct client *c, struct fail *fail);
/* If a call failed because of this conversation ID, and it is no UUID: adds a hint with an
   example. */
void client_hint_id(const struct client *c, const char *id, struct fail *fail);
void client_close(struct client *c);

/* The retry policy according to the options. */
struct retry_policy client_retry_policy(const struct settings *s);

/* The portfolios of --portfolio or the configuration, borrowed. */
struct api_portfolios client_portfolios(const struct settings *s);
/* The pairs of --context, borrowed. */
struct api_context client_context(const struct settings *s);

/* The URL of the API without a slash at its end, owned by the caller. */
char *client_base(const struct settings *s);
/* The host in the URL, an IPv6 address without its brackets. Borrowed. */
struct span client_host(const struct client *c);

#endif
