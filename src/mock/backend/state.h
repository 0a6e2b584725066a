/* SPDX-License-Identifier: MIT */
/* What the backend keeps in memory: accounts, their tokens, and records, which are conversations,
   messages and memories. */
#ifndef MOCK_BACKEND_STATE_H
#define MOCK_BACKEND_STATE_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UUID_SIZE = 37 }; /* with the terminator */

/* A new random one. */
void uuid_make(char out[UUID_SIZE]);
/* Reads a UUID in any form that pydantic accepts: with or without hyphens, in braces, after
   urn:uuid:. False if it is invalid; then `why` gets pydantic's reason. */
bool uuid_read(struct span text, char out[UUID_SIZE], struct buf *why);
/* Appends `bytes` random bytes in hexadecimal. */
void put_random_hex(struct buf *out, size_t bytes);

struct user {
    struct user *next;
    char *email;
    char id[UUID_SIZE];
    int64_t created; /* Unix time, ms */
    int messages;    /* the number of messages sent */
};

struct token {
    struct token *next;
    char *text;
    struct user *account;
    int64_t expires; /* Unix time, ms; 0 if it is refused */
};

/* Zeroed is empty. Release with accounts_release. */
struct accounts {
    struct user *accounts;
    struct token *tokens;
    bool only_accepted; /* tokens of accounts_issue are refused */
};

void accounts_release(struct accounts *a);
/* The account with that address, created if it is new; lives as long as `a`. */
struct user *accounts_get(struct accounts *a, struct span email);
/* A new token in the form of a JWT that is valid for `life` seconds; lives as long as `a`. */
const char *accounts_issue(struct accounts *a, struct user *account, int64_t life);
/* Always accepts a token. */
void accounts_accept(struct accounts *a, struct user *account, const char *token);
/* The account of a token; NULL if it is unknown, expired or refused. */
struct user *accounts_check(const struct accounts *a, struct span token);

struct record {
    struct record *next; /* the next older one */
    const struct user *owner;
    char id[UUID_SIZE];
    int64_t created;  /* Unix time, ms */
    const char *mode; /* of a conversation: one of mode_find's */
    int broken;       /* of a conversation: how many answers fail (--broken-history) */
    bool by_user;     /* of a message */
    char *json;       /* of a conversation or memory: the object; of a message: its feedback, or
                         NULL; owned */
};

/* Records of one kind, newest first. Zeroed is empty. Release with records_release. */
struct records {
    struct record *newest;
};

/* The name of a mode, static; NULL if there is no such mode. */
const char *mode_find(struct span name);

void records_release(struct records *all);
struct record *records_add(struct records *all, const struct user *owner);
/* NULL if there is none with that ID. */
struct record *records_find(const struct records *all, const char *id);
void records_remove(struct records *all, struct record *gone);
/* Appends a JSON array of the owner's records, newest first: at most `limit`, after `offset`
   others. */
void records_put(struct buf *out, const struct records *all, const struct user *owner,
                 int64_t limit, int64_t offset);
/* How many the owner has. */
int records_count(const struct records *all, const struct user *owner);

#endif
