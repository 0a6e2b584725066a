/* SPDX-License-Identifier: MIT */
/* What the cause of a failure means for an answer: its words in `client.close`, and whether the
   message may be sent again ("Output formats" and "Retries" in the manual). */
#ifndef CHAT_CAUSE_H
#define CHAT_CAUSE_H

#include "core/fail.h"

/* Whether the server may have stored a message whose request ended with this failure. */
enum retry_class {
    RETRY_NEVER,
    RETRY_NOT_STORED,
    RETRY_MAYBE_STORED,
    RETRY_ONCE /* not stored, and a second retry would fail as well */
};

/* One row per cause. */
struct cause_row {
    const char *code;  /* the `code` of `client.close` if the server gave none; NULL: null */
    const char *close; /* the `status` of `client.close` */
    enum retry_class retry;
};

const struct cause_row *cause_row(enum fail_cause cause);

#endif
