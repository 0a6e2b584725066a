/* SPDX-License-Identifier: MIT */
#include "chat/cause.h"

static const struct cause_row causes[FAIL_CAUSES] = {
    [FAIL_NONE] = {NULL, "done", RETRY_NEVER},
    /* For error events `code` is only what the server sent. */
    [FAIL_ANSWER] = {NULL, "error", RETRY_NEVER},
    [FAIL_ANSWER_RETRY] = {NULL, "error", RETRY_MAYBE_STORED},
    [FAIL_ANSWER_QUOTA] = {NULL, "error", RETRY_NEVER},
    [FAIL_ANSWER_LIMIT] = {NULL, "error", RETRY_NEVER},
    [FAIL_USAGE] = {"usage", "failed", RETRY_NEVER},
    [FAIL_DATA] = {"refused", "failed", RETRY_NEVER},
    [FAIL_INPUT] = {"no_input", "failed", RETRY_NEVER},
    [FAIL_UNREACHABLE] = {"unreachable", "failed", RETRY_NOT_STORED},
    [FAIL_NOT_LISTENING] = {"unreachable", "failed", RETRY_ONCE},
    [FAIL_CERTIFICATE] = {"unreachable", "failed", RETRY_NEVER},
    [FAIL_OVERLOADED] = {"unavailable", "failed", RETRY_NOT_STORED},
    [FAIL_SERVER] = {"server_failed", "failed", RETRY_MAYBE_STORED},
    [FAIL_SERVER_OTHER] = {"server_failed", "failed", RETRY_NEVER},
    [FAIL_QUOTA] = {"quota", "failed", RETRY_NEVER},
    [FAIL_SOFTWARE] = {"internal", "failed", RETRY_NEVER},
    [FAIL_CREATE] = {"cannot_create", "failed", RETRY_NEVER},
    [FAIL_OUTPUT] = {"output", "failed", RETRY_NEVER},
    [FAIL_BUSY] = {"busy", "failed", RETRY_NOT_STORED},
    [FAIL_LIMIT] = {"busy", "failed", RETRY_NEVER},
    [FAIL_LIMIT_SERVER] = {"busy", "failed", RETRY_MAYBE_STORED},
    [FAIL_CLOCK] = {"timeout", "interrupted", RETRY_MAYBE_STORED},
    [FAIL_DEADLINE] = {"timeout", "interrupted", RETRY_NEVER},
    [FAIL_UNSENT] = {"cut_off", "interrupted", RETRY_NOT_STORED},
    [FAIL_CUT] = {"cut_off", "interrupted", RETRY_MAYBE_STORED},
    [FAIL_PROTOCOL] = {"protocol", "failed", RETRY_NEVER},
    [FAIL_DENIED] = {"denied", "failed", RETRY_NEVER},
    [FAIL_CONFIG] = {"config", "failed", RETRY_NEVER},
    [FAIL_SIGNAL] = {"cancelled", "cancelled", RETRY_NEVER},
};

const struct cause_row *cause_row(enum fail_cause cause)
{
    return &causes[cause];
}
