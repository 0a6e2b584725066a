/* SPDX-License-Identifier: MIT */
/* A text of a scenario: bytes with places that depend on the request ($TEXT and so on). */
#ifndef MOCK_SCENARIO_TEXT_H
#define MOCK_SCENARIO_TEXT_H

#include "core/buf.h"
#include "core/fail.h"
#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>

enum text_value { TEXT_CONVERSATION, TEXT_TEXT, TEXT_ATTEMPT, TEXT_TOKEN, TEXT_VALUES };

/* What the places get, ready to be written. */
struct text_values {
    struct span value[TEXT_VALUES];
};

struct text_place {
    size_t at; /* before which of the bytes */
    enum text_value value;
};

/* Owned: text_release. A zeroed one is empty. */
struct text {
    struct buf bytes;
    struct text_place *places;
    size_t place_count;
};

/* Reads a text as a scenario has it; with `escapes`, also \n \r \t \0 \\ and \xHH. A dollar sign
   that begins none of the known names is itself. `t` is empty before. -1 with FAIL_DATA. */
int text_parse(struct text *t, struct span source, bool escapes, struct fail *f);
/* The same for bytes that mean only themselves; takes the contents of `bytes`. */
void text_take(struct text *t, struct buf *bytes);
void text_release(struct text *t);

/* Whether it is the same for all requests. */
bool text_is_constant(const struct text *t);
void text_expand(const struct text *t, const struct text_values *values, struct buf *out);

#endif
