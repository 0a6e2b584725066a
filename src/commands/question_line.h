/* SPDX-License-Identifier: MIT */
/* A line of the input of `batch`: a question with its settings ("batch" in the manual). */
#ifndef COMMANDS_QUESTION_LINE_H
#define COMMANDS_QUESTION_LINE_H

#include "core/buf.h"
#include "core/fail.h"
#include "core/strings.h"
#include "settings/options.h"
#include "json/json.h"

#include <stdbool.h>

/* Zeroed is empty. Owned; question_line_release. */
struct question_line {
    struct buf id;   /* JSON text; empty: the line has none */
    struct buf text; /* the message */
    char *conversation, *mode;
    struct strings portfolios, context;
    bool has_portfolios; /* the line has the member, which may be an empty array */
};

/* Parses a line: the message itself if `plain`, otherwise a JSON object. FAIL_DATA for an invalid
   line: not UTF-8, not JSON, a member of the wrong type, an unknown mode, a message that `send`
   refuses. q->id is set even then, unless the line is not a JSON object in UTF-8. */
int question_line_read(struct question_line *q, struct json_reader *reader, struct span line,
                       bool plain, const struct settings *settings, struct fail *fail);
void question_line_release(struct question_line *q);

#endif
