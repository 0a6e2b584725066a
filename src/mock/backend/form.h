/* SPDX-License-Identifier: MIT */
/* The JSON of a request's body, and what FastAPI and pydantic find wrong with it. */
#ifndef MOCK_BACKEND_FORM_H
#define MOCK_BACKEND_FORM_H

#include "core/buf.h"
#include "mock/backend/ids.h"
#include "mock/http/request.h"
#include "json/json.h"

#include <stdbool.h>

/* Every member that any call reads. */
enum form_field {
    FORM_EMAIL,
    FORM_PASSWORD,
    FORM_MODE,
    FORM_CONVERSATION,
    FORM_TEXT,
    FORM_PORTFOLIO,  /* here or in `ui_context` */
    FORM_PORTFOLIOS, /* the same */
    FORM_FIELDS
};

struct form_value {
    enum json_type type; /* JSON_NONE: absent */
    struct span raw;     /* its JSON */
    struct buf string;   /* of a JSON_STRING */
};

/* Owned: form_release. A zeroed one is a request without a body. */
struct form {
    struct json_reader *reader;
    struct json_value top; /* JSON_NONE: no JSON */
    struct form_value values[FORM_FIELDS];
    bool repaired; /* had an unpaired surrogate, which no database takes */
};

/* Reads the body; only as JSON when its type says so or nothing. False when it is malformed: then
   `problems` has the one problem. */
bool form_read(struct form *form, const struct request *request, struct buf *problems);
void form_release(struct form *form);

/* Problems are the elements of the array in {"detail":[…]}. Where each stands: `part` is "body",
   "path" or "query"; `name` may be NULL; `input` is JSON; `context` an object or NULL. */
struct problem {
    const char *type, *part, *name, *message, *context;
    struct span input;
};

void problem_add(struct buf *problems, const struct problem *p);
/* The same with a text as the input. */
void problem_add_text(struct buf *problems, struct problem p, struct span input);

/* Adds a problem unless the body is an object. */
bool form_is_object(const struct form *form, const struct request *request, struct buf *problems);
/* The member as a string. NULL with a problem, and for an absent one that is not `needed`. */
const struct buf *form_string(const struct form *form, enum form_field field, bool needed,
                              struct buf *problems);
/* The member as an UUID. */
bool form_uuid(const struct form *form, enum form_field field, char out[UUID_SIZE],
               struct buf *problems);
/* What a text in the path or the body must be: an UUID. */
bool problem_uuid(struct buf *problems, const char *part, const char *name, struct span text,
                  char out[UUID_SIZE]);

#endif
