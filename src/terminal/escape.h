/* SPDX-License-Identifier: MIT */
/* Text of the server before it reaches a terminal. */
#ifndef TERMINAL_ESCAPE_H
#define TERMINAL_ESCAPE_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends `text` so that it cannot drive a terminal: control characters other than newline and
   tab in caret form (^[), C1 controls, bidirectional controls and line separators as \u{9b}, a
   byte that is not UTF-8 as \x{9b}. */
void escape_put(struct buf *out, struct span text);

/* For text outside of an answer: one line, in which a line feed, carriage return or tab becomes a
   blank and invisible characters are escaped as well. */
void escape_put_line(struct buf *out, struct span text);
/* The same, cut after `columns` columns and after `bytes` bytes, characters without a column
   included; a text that was cut ends in `mark`, whose columns are part of `columns`. */
void escape_put_short(struct buf *out, struct span text, unsigned columns, size_t bytes,
                      const char *mark);
/* For a field of a tab-separated line: control characters, tab and line feed included, each become
   a space, so that a line is a row. The rest is left alone: it does not go to a terminal. */
void escape_put_field(struct buf *out, struct span text);

/* JSON text, in which such characters can only stand inside strings: they become \u escapes. */
void escape_put_json(struct buf *out, struct span json);

/* A character of a rendered answer, or UTF8_ILL_FORMED: whether it must be escaped. Unlike in
   escape_put U+200E and U+200F, which only mark a direction, are shown. */
bool escape_is_needed(uint32_t point);
/* Appends the escape of a character, or of the ill-formed `bytes`. */
void escape_put_point(struct buf *out, uint32_t point, struct span bytes);

#endif
