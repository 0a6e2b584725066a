/* SPDX-License-Identifier: MIT */
/* The event streams that answer a message, in the words of either generation. */
#ifndef MOCK_BACKEND_ANSWER_H
#define MOCK_BACKEND_ANSWER_H

#include "core/span.h"
#include "mock/http/script.h"

#include <stdbool.h>
#include <stdint.h>

struct question {
    bool second; /* the generation */
    const char *conversation, *mode;
    struct span text;
    struct span portfolio, portfolios; /* JSON of the context, empty for none */
    int64_t pace;                      /* ms between two deltas */
    bool trim;                         /* deltas lose the white space at their ends */
};

/* The mode that a text such as "/mode blue" asks for, NULL for any other text. */
const char *answer_mode(struct span text);

/* Appends the answer to the script: one event is one unit. */
void answer_play(const struct question *q, struct script *script);
/* The same for a text that asks for this mode. */
void answer_play_mode(const struct question *q, const char *mode, struct script *script);

#endif
