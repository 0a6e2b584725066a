/* SPDX-License-Identifier: MIT */
/* Text of the server before it reaches a terminal. */
#ifndef TERMINAL_ESCAPE_H
#define TERMINAL_ESCAPE_H

#include "core/buf.h"
#include "core/span.h"

/* Appends `text` so that it cannot drive a terminal: control characters other than newline and
   tab in caret form (^[), C1 controls, bidirectional controls and line separators as \u{9b}, a
   byte that is not UTF-8 as \x{9b}. */
void escape_put(struct buf *out, struct span text);
/* The same in one line: a line feed, carriage return or tab becomes a space. */
void escape_put_line(struct buf *out, struct span text);
/* For a field of a tab-separated line: control characters, tab and line feed included, each become
   a space, so that a line is a row. The rest is left alone: it does not go to a terminal. */
void escape_put_field(struct buf *out, struct span text);
/* JSON text, in which such characters can only stand inside strings: they become \u escapes. */
void escape_put_json(struct buf *out, struct span json);

#endif
