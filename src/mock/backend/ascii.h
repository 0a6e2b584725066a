/* SPDX-License-Identifier: MIT */
/* JSON strings in ASCII alone, as Python's json.dumps writes them into the event stream. */
#ifndef MOCK_BACKEND_ASCII_H
#define MOCK_BACKEND_ASCII_H

#include "core/buf.h"
#include "core/span.h"

/* Appends what stands between the quotation marks: everything outside printable ASCII is escaped,
   beyond U+FFFF as a surrogate pair, what is not UTF-8 as \ufffd. */
void ascii_put(struct buf *out, struct span text);

#endif
