/* SPDX-License-Identifier: MIT */
/* Accounts and their tokens. Kept in memory. */
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
    int messages;    /* that were sent */
};

struct token {
    struct token *next;
    char *text;
    struct account *account;
    int64_t expires; /* Unix time, ms */
    bool fixed;      /* from the command line: always valid */
};

/* Owned: accounts_release. A zeroed one is empty. */
struct accounts {
    struct account *accounts;
    struct token *tokens;
    bool only_fixed; /* tokens of accounts_issue are refused */
};

void accounts_release(struct accounts *a);

/* The account with that address, created if it is new; lives as long as `a`. */
struct account *accounts_get(struct accounts *a, struct span email);
/* A new token in the form of a JWT, valid for `life` seconds; lives as long as `a`. */
const char *accounts_issue(struct accounts *a, struct account *account, int64_t life);
/* Accepts a token always. */
void accounts_accept(struct accounts *a, struct account *account, const char *token);
/* The account of a token; NULL when it is unknown, expired or refused. */
struct account *accounts_check(const struct accounts *a, struct span token);

#endif
