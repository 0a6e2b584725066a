/* SPDX-License-Identifier: MIT */
/* The calls of the API, one function each. Only backend.c runs them; it has checked the token, read
   the body and locked the state. */
#ifndef MOCK_BACKEND_CALL_H
#define MOCK_BACKEND_CALL_H

#include "mock/backend/accounts.h"
#include "mock/backend/backend.h"
#include "mock/backend/form.h"
#include "mock/backend/records.h"
#include "mock/backend/template.h"

struct state {
    struct accounts accounts;
    struct records conversations, messages, memories;
    struct buf recording;  /* the stream of --answer */
    int64_t second, calls; /* of --rate-limit: the calls since `second` (sys_now_us) */
};

struct call {
    struct state *state;
    const struct backend_options *options;
    const struct request *request;
    struct account *account; /* NULL for login */
    char id[UUID_SIZE];      /* from the path; empty when it has none or an invalid one */
    struct form form;
    struct buf problems;
    struct values values; /* for call_reply */
    struct reply *reply;  /* still empty */
};

/* Answers 422 if there are problems. */
bool call_refused(struct call *c);
/* Answers with the canned JSON of this name, expanded with the values of the call. The second
   generation's own version of it, if there is one, has a 2 behind the name. */
void call_reply(struct call *c, unsigned status, const char *name);
/* The account's record with the ID of the path; else answers 404 "WHAT not found". */
struct record *call_record(struct call *c, const struct records *records, const char *what);
/* Reads an integer from the query; unchanged if it is absent. */
void call_read_number(struct call *c, const char *name, long *number);
/* The error that the answer must have: that of the scenario or of --error; NULL for none. */
const char *call_error(const struct call *c);
/* Answers with the refusal of this error code. False if the code is not that of a refusal. */
bool call_refuse(struct call *c, const char *code);

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
void call_rate(struct call *c);
void call_rating(struct call *c);

void call_portfolios(struct call *c);
void call_generate_insight(struct call *c);
void call_list_insights(struct call *c);
/* The ID of the account's first portfolio; NULL for none. */
const char *call_portfolio_id(const struct call *c);

void call_remember(struct call *c);
void call_list_memories(struct call *c);
void call_count_memories(struct call *c);
void call_forget(struct call *c);
void call_forget_all(struct call *c);

#endif
