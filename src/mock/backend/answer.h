/* SPDX-License-Identifier: MIT */
/* The event streams that answer a message, in the form of either generation. Each function appends
   to the script; an event is a unit of output. */
#ifndef MOCK_BACKEND_ANSWER_H
#define MOCK_BACKEND_ANSWER_H

#include "core/span.h"
#include "mock/http/script.h"

#include <stdbool.h>
#include <stdint.h>

struct answer_input {
    bool second; /* the generation */
    const char *conversation, *mode, *user_message, *assistant_message;
    struct span text;
    const char *default_portfolio;                       /* the ID if the message has none */
    struct span portfolio, portfolios, page_hint, route; /* JSON; `portfolio` empty for none */
    const char *error;                                   /* a code, for answer_play_error */
    int64_t pace;                                        /* ms between two deltas */
    bool trim; /* deltas lose the white space at their ends */
};

/* The mode that a text such as "/mode blue" selects; NULL for any other text. */
const char *answer_mode(struct span text);

/* The canned answer to the text. Returns the number of tool calls. */
unsigned answer_play(const struct answer_input *q, struct script *script);
/* The answer to a text that selects a mode. */
void answer_play_mode(const struct answer_input *q, const char *mode, struct script *script);
/* An answer that fails with the error of the question. */
void answer_play_error(const struct answer_input *q, struct script *script);
/* An answer that fails as the first generation does after one with tool calls. */
void answer_play_broken(const struct answer_input *q, struct script *script);
/* A recorded event stream with `pace` ms between its events; the script borrows it. */
void answer_play_recorded(struct span recording, int64_t pace, struct script *script);

#endif
