/* SPDX-License-Identifier: MIT */
/* Passes one stream to every output format at once. */
#ifndef ANSWER_H
#define ANSWER_H

#include "fuzz.h"

enum answer_output {
    ANSWER_TEXT,
    ANSWER_JSONL,
    ANSWER_JSON,
    ANSWER_RAW,
    ANSWER_EVENTS, /* --events; not on a terminal */
    ANSWER_RECORD, /* --record; not on a terminal */
    ANSWER_OUTPUTS
};

/* Zeroed before the first use. */
struct answer_run {
    struct buf out[ANSWER_OUTPUTS];
    struct buf error; /* standard error; on a terminal only */
    size_t fed;       /* bytes passed before a failure */
};

/* With `terminal`, every output and standard error are terminals: in colour, with rendered Markdown
   and a status line that is redrawn after each piece. */
void answer_run(struct answer_run *run, struct span in, enum fuzz_way way, bool terminal);

#endif
