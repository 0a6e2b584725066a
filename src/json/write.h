/* SPDX-License-Identifier: MIT */
/* Writing JSON (RFC 8259) into a buffer. */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include "core/buf.h"
#include "core/span.h"

#include <stdint.h>

/* Appends `text` as a JSON string with its quotation marks. Escapes what RFC 8259, section 7,
   requires, and DEL; ill-formed UTF-8 becomes U+FFFD. */
void json_put_string(struct buf *out, struct span text);
/* Appends `"key":`, with a comma before it unless the object was just opened. `key` needs no
   escapes. */
void json_put_key(struct buf *out, const char *key);
/* Appends an array of strings. */
void json_put_strings(struct buf *out, const char *const *list, size_t count);
/* Appends a value's own bytes; a line feed between its tokens becomes a space. */
void json_put_raw(struct buf *out, struct span raw);

/* json_put_key with a value. */
void json_put_text(struct buf *out, const char *key, struct span text);
/* The same for a terminated string; NULL is written as null. */
void json_put_text_or_null(struct buf *out, const char *key, const char *text);
void json_put_int(struct buf *out, const char *key, int64_t value);

#endif
