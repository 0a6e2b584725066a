/* SPDX-License-Identifier: MIT */
/* The values of --context, which are sent as `ui_context`. */
#ifndef API_CONTEXT_H
#define API_CONTEXT_H

#include "core/buf.h"
#include "core/fail.h"

#include <stddef.h>

/* "KEY=VALUE" strings that context_check accepted; the last one of a KEY counts. Borrowed. */
struct api_context {
    const char *const *pairs;
    size_t count;
};

/* Checks one "KEY=VALUE" or "selection.KEY=VALUE": FAIL_USAGE for a KEY that is not an identifier,
   and for `selection`, `portfolio_id` and `portfolio_ids`, which have other types. */
int context_check(const char *pair, struct fail *fail);
/* Checks all pairs, which may be invalid. */
int context_check_all(struct api_context context, struct fail *fail);
/* Appends the members of `ui_context` to an open JSON object. */
void context_put(struct buf *body, struct api_context context);
/* Appends the members that are accepted when a conversation is created: `page_hint` and `route`. */
void context_put_creation(struct buf *body, struct api_context context);

#endif
