/* SPDX-License-Identifier: MIT */
/* One stream through the pipe of an answer into every format at once. */
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
    size_t fed;       /* so many bytes were given before something failed */
};

/* With `terminal` every output is one, and so is standard error: coloured, Markdown too, with a
   status line that is drawn again and again where the stream is fed in pieces. */
void answer_run(struct answer_run *run, struct span in, enum fuzz_way way, bool terminal);

#endif
