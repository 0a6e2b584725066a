/* SPDX-License-Identifier: MIT */
/* Checks of JSON text (RFC 8259) that yajl does not do, and offsets that it does not report. */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>

/* Only a high surrogate followed by a low one encodes a character (section 7). yajl decodes an
   unpaired surrogate escape to bytes that are not UTF-8. */
bool json_text_has_unpaired(struct span text);

/* The document with each unpaired surrogate escape replaced by \ufffd, in *copy; the document
   itself if it has none. */
struct span json_text_repair(struct span document, struct buf *copy);

/* The opening quotation mark of a string, given its closing one. The byte before the string is
   read. */
const char *json_text_opening_quote(const char *closing);

/* The offset of the start of the token that ends at `end`; for a string, of its opening quotation
   mark. */
size_t json_text_token_before(struct span document, size_t end);

#endif
