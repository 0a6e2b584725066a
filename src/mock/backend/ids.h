/* SPDX-License-Identifier: MIT */
/* Identifiers and times as the backend writes them. */
#ifndef MOCK_BACKEND_IDS_H
#define MOCK_BACKEND_IDS_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UUID_SIZE = 37 }; /* with the terminator */

/* A new random one. */
void uuid_make(char out[UUID_SIZE]);
/* Reads a UUID in any form that pydantic accepts: with or without hyphens, in braces, after
   urn:uuid:. False when it is invalid; then `why` gets pydantic's reason. */
bool uuid_read(struct span text, char out[UUID_SIZE], struct buf *why);

/* `bytes` random bytes in hexadecimal. */
void ids_put_random_hex(struct buf *out, size_t bytes);
/* 2026-01-31T08:35:03.074000Z */
void ids_put_time(struct buf *out, int64_t wall_ms);

#endif
