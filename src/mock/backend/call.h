/* SPDX-License-Identifier: MIT */
/* The calls of the API, one function each, and what they are given. For backend.c alone, which
   has checked the token, read the body and locked the state. */
#ifndef MOCK_BACKEND_CALL_H
#define MOCK_BACKEND_CALL_H

#include "mock/backend/accounts.h"
#include "mock/backend/conversations.h"
#include "mock/backend/form.h"
#include "mock/backend/recording.h"
#include "mock/http/reply.h"
#include "mock/http/request.h"
#include "mock/options.h"

struct state {
    struct accounts accounts;
    struct conversations conversations;
    struct recording recording; /* of --answer */
};

struct call {
    struct state *state;
    const struct options *options;
    const struct request *request;
    struct account *account; /* NULL for login */
    char id[UUID_SIZE];      /* from the path; empty when it has none or a bad one */
    struct form form;
    struct buf problems;
    struct reply *reply; /* still empty */
};

/* Answers 422 if there are problems. */
bool call_refused(struct call *c);
/* The conversation of the path, if it is the account's; else answers 404. */
struct conversation *call_conversation(struct call *c);

void call_login(struct call *c);
void call_refresh(struct call *c);
void call_me(struct call *c);
void call_logout(struct call *c);

void call_create(struct call *c);
void call_list(struct call *c);
void call_show(struct call *c);
void call_delete(struct call *c);
void call_mode(struct call *c);

void call_send(struct call *c);

#endif
