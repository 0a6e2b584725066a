/* SPDX-License-Identifier: MIT */
/* Text of the server before it reaches a terminal. */
#ifndef OUTPUT_HARMLESS_H
#define OUTPUT_HARMLESS_H

#include "base/buf.h"
#include "base/span.h"

/* Appends `text` so that it cannot drive a terminal: control characters other than newline and
   tab in caret form (^[), C1 controls, bidirectional controls and line separators as \u{9b}, a
   byte that is not UTF-8 as \x{9b}. */
void harmless_put(struct buf *out, struct span text);
/* The same in one line: a line feed, carriage return or tab becomes a space. */
void harmless_put_line(struct buf *out, struct span text);
/* JSON text, in which such characters can only stand inside strings: they become \u escapes. */
void harmless_put_json(struct buf *out, struct span json);

#endif
