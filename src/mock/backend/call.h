/* SPDX-License-Identifier: MIT */
/* The calls of the API, one function each, and what they share: the JSON body of the request, the
   problems that FastAPI and pydantic report about it, and canned replies. backend.c runs a call
   when it has checked the token, read the body and locked the state. */
#ifndef MOCK_BACKEND_CALL_H
#define MOCK_BACKEND_CALL_H

#include "mock/backend/backend.h"
#include "mock/backend/state.h"
#include "mock/backend/template.h"
#include "json/json.h"

struct state {
    struct accounts accounts;
    struct records conversations, messages, memories;
    struct buf recording;  /* the stream of --answer */
    int64_t second, calls; /* of --rate-limit: the calls since `second` (sys_now_us) */
};

/* All members that any call reads, as slots of struct json_found. */
enum form_field {
    FORM_BODY = JSON_DOCUMENT,
    FORM_EMAIL,
    FORM_PASSWORD,
    FORM_MODE,
    FORM_CONVERSATION,
    FORM_TEXT,
    FORM_RATING,
    FORM_COMMENT,
    FORM_EDITED,
    FORM_CONTENT,
    FORM_SCOPE,
    FORM_CONTEXT,
    FORM_PORTFOLIO, /* this one and those after it also in `ui_context` */
    FORM_PORTFOLIOS,
    FORM_PAGE_HINT,
    FORM_ROUTE
};

struct call {
    struct state *state;
    const struct backend_options *options;
    const struct request *request;
    struct user *account; /* NULL for login */
    char id[UUID_SIZE];   /* from the path; empty if it has none or an invalid one */
    struct json_reader *reader;
    struct json_found form; /* the body, by enum form_field; borrowed from it and the reader */
    bool repaired;          /* it has an unpaired surrogate, which no database accepts */
    struct buf problems;    /* the elements of the array in {"detail":[…]} */
    struct values values;   /* of canned replies */
    struct reply *reply;    /* still empty */
};

/* Releases what call_read_body and the functions below have allocated. */
void call_release(struct call *c);

/* Reads the body if its type is JSON or absent. False, with the only problem, if it is malformed.
 */
bool call_read_body(struct call *c);
/* Adds a problem unless the body is an object. */
bool call_has_object(struct call *c);
/* The string of a member. NULL with a problem, or if it is absent and not `required`. */
const struct span *call_string(struct call *c, enum form_field field, bool required);
/* The JSON of a member; `fallback` if it is absent. */
struct span call_json(const struct call *c, enum form_field field, const char *fallback);
/* Reads an integer from the query; unchanged if it is absent. */
void call_read_number(struct call *c, const char *name, int64_t *number);
/* Reads a UUID. */
void call_read_uuid(struct call *c, const char *part, const char *name, struct span text,
                    char out[UUID_SIZE]);

/* Adds the problem of this name. `part` is "body", "path" or "query"; `name` is that of the member
   or NULL; `input` is JSON. */
void call_problem(struct call *c, const char *problem, const char *part, const char *name,
                  struct span input);
/* The same with a text as the input. */
void call_text_problem(struct call *c, const char *problem, const char *part, const char *name,
                       struct span input);
/* Answers 422 if there are problems. */
bool call_refused(struct call *c);

/* Answers with the canned JSON of this name, expanded with the values of the call. The second
   generation's own version, if there is one, has a 2 after the name. */
void call_reply(struct call *c, unsigned status, const char *name);
/* Sets the JSON of the record to the canned one of this name. */
void call_describe(struct call *c, struct record *r, const char *name);
/* Answers with the JSON of the record. */
void call_reply_record(struct call *c, unsigned status, const struct record *r);
/* The account's record with the ID of the path; otherwise answers 404 with the detail `missing`. */
struct record *call_record(struct call *c, const struct records *records, const char *missing);
/* The error that the answer must have: that of the scenario or of --error; NULL for none. */
const char *call_error(const struct call *c);
/* Answers with the refusal of this error code. False if the code is not that of a refusal. */
bool call_refuse(struct call *c, const char *code);
/* The ID of the account's first portfolio; NULL for none. */
const char *call_portfolio_id(const struct call *c);
/* Answers a message with an event stream in the form of the generation: the recorded one, an error,
   the change of mode that a text such as "/mode blue" selects, or the canned answer of its topic.
 */
void call_answer(struct call *c, struct record *conversation, struct span text);

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

void call_remember(struct call *c);
void call_list_memories(struct call *c);
void call_count_memories(struct call *c);
void call_forget(struct call *c);
void call_forget_all(struct call *c);

#endif
