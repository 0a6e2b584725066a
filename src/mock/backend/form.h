/* SPDX-License-Identifier: MIT */
/* The JSON body of a request, and the problems that FastAPI and pydantic report about it. */
#ifndef MOCK_BACKEND_FORM_H
#define MOCK_BACKEND_FORM_H

#include "core/buf.h"
#include "mock/backend/ids.h"
#include "mock/http/request.h"
#include "json/json.h"

#include <stdbool.h>

/* Every member that any call reads, as slots of struct json_found. Slot 0 is the body itself. */
enum form_field {
    FORM_BODY,
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
    FORM_PORTFOLIO, /* this and the next three also in `ui_context` */
    FORM_PORTFOLIOS,
    FORM_PAGE_HINT,
    FORM_ROUTE,
    FORM_CONTEXT
};

/* Owned: form_release. A zeroed one is a request without a body. */
struct form {
    struct json_reader *reader;
    struct json_found found; /* indexed by enum form_field; borrowed from the reader and the body */
    bool repaired;           /* the body has an unpaired surrogate, which no database accepts */
};

/* Problems are the elements of the array in {"detail":[…]}, appended to a buffer. */
enum problem {
    PROBLEM_MISSING,
    PROBLEM_OBJECT,
    PROBLEM_STRING,
    PROBLEM_TOO_SHORT,
    PROBLEM_TOO_LONG,
    PROBLEM_EMAIL,
    PROBLEM_MODE,
    PROBLEM_RATING,
    PROBLEM_INTEGER
};

/* `part` is "body", "path" or "query"; `name` may be NULL; `input` is JSON. */
void problem_add(struct buf *problems, enum problem problem, const char *part, const char *name,
                 struct span input);
/* The same with a text as the input. */
void problem_add_text(struct buf *problems, enum problem problem, const char *part,
                      const char *name, struct span input);
/* Reads a UUID; adds a problem and returns false when the text is none. */
bool problem_uuid(struct buf *problems, const char *part, const char *name, struct span text,
                  char out[UUID_SIZE]);

/* Reads the body if its type is JSON or not stated. False, with the only problem, when it is
   malformed. */
bool form_read(struct form *form, const struct request *request, struct buf *problems);
void form_release(struct form *form);

/* Adds a problem unless the body is an object. */
bool form_is_object(const struct form *form, const struct request *request, struct buf *problems);
/* The string of a member. NULL with a problem, or when it is absent and not `required`. */
const struct span *form_string(const struct form *form, enum form_field field, bool required,
                               struct buf *problems);
/* The JSON of a member; `fallback` when it is absent. */
struct span form_json(const struct form *form, enum form_field field, const char *fallback);

#endif
