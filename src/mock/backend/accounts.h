/* SPDX-License-Identifier: MIT */
/* Who may call, and the tokens that say so. Kept in memory; callers keep each other out. */
#ifndef MOCK_BACKEND_ACCOUNTS_H
#define MOCK_BACKEND_ACCOUNTS_H

#include "core/span.h"
#include "mock/backend/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account {
    struct account *next;
    char *email;
    char id[UUID_SIZE];
    int64_t created; /* Unix time, ms */
};

struct token {
    struct token *next;
    char *text;
    struct account *account;
    int64_t expires; /* Unix time, ms */
    bool fixed;      /* of the command line: always good */
};

/* Owned: accounts_release. A zeroed one is empty. */
struct accounts {
    struct account *accounts;
    struct token *tokens;
    bool only_fixed; /* what accounts_issue gives out is refused */
};

void accounts_release(struct accounts *a);

/* The account of that address, made when it is new; lives as long as `a`. */
struct account *accounts_get(struct accounts *a, struct span email);
/* A new token that looks like a JWT, good for `life` seconds; lives as long as `a`. */
const char *accounts_issue(struct accounts *a, struct account *account, int64_t life);
/* Accepts a token always. */
void accounts_accept(struct accounts *a, struct account *account, const char *token);
/* Whose token that is; NULL when it is unknown, expired or refused. */
struct account *accounts_check(const struct accounts *a, struct span token);

#endif
