/* SPDX-License-Identifier: MIT */
/* JSON text (RFC 8259) as bytes: what yajl does not see or does not say. */
#ifndef JSON_JSON_TEXT_H
#define JSON_JSON_TEXT_H

#include "core/buf.h"
#include "core/span.h"

/* The document with each unpaired surrogate escape replaced by \ufffd, in *copy; the document
   itself where there is none. Only a high surrogate that a low one follows means a character
   (section 7); yajl lets the others through as bytes that are not UTF-8. */
struct span json_text_mend(struct span document, struct buf *copy);

/* The start of a string, given the quotation mark that ends it. Something must stand before the
   string. */
const char *json_text_opening_quote(const char *closing);

/* Where the token that ends at an offset begins, or a place in it where it is a long string. */
size_t json_text_token_before(struct span document, size_t end);

#endif
