/* SPDX-License-Identifier: MIT */
/* What the model that is not there says: a canned text for each kind of question. */
#ifndef MOCK_BACKEND_TOPIC_H
#define MOCK_BACKEND_TOPIC_H

#include "core/buf.h"
#include "core/span.h"

#include <stdint.h>

struct tool {
    const char *name;
    const char *arguments; /* JSON */
    void (*put_result)(struct buf *out, int64_t now);
    int64_t duration; /* ms */
};

enum { TOPIC_WORDS = 8, TOPIC_TOOLS = 2 };

struct topic {
    const char *words[TOPIC_WORDS];        /* NULL after the last; see topic_for */
    const struct tool *tools[TOPIC_TOOLS]; /* called before the text; NULL after the last */
    const char *opening;                   /* text before the tools are called, or NULL */
    const char *text;                      /* Markdown */
};

/* The first topic one of whose words is in the question, else the one without words. Static. */
const struct topic *topic_for(struct span question);

#endif
