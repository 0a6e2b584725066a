/* SPDX-License-Identifier: MIT */
/* Escapes text of the server for a terminal. */
#ifndef TERMINAL_ESCAPE_H
#define TERMINAL_ESCAPE_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Appends `text` without control sequences: control characters other than newline and tab in caret
   notation (^[), C1 controls, bidirectional controls and line separators as \u{9b}, bytes that are
   not UTF-8 as \x{9b}. */
void escape_put(struct buf *out, struct span text);

/* For text outside an answer: one line. Line feeds, carriage returns and tabs become spaces, and
   invisible characters are escaped too. */
void escape_put_line(struct buf *out, struct span text);
/* As escape_put_line, truncated to `columns` columns and `bytes` bytes; the second limit is for
   characters of zero width. Truncated text ends in `mark`, which is part of `columns` and left out
   if it has more columns than that. */
void escape_put_short(struct buf *out, struct span text, unsigned columns, size_t bytes,
                      const char *mark);
/* For a field of a tab-separated line: each control character, including tab and line feed, becomes
   a space, so that a line is a row. Other characters are not escaped: the output is not a terminal.
   */
void escape_put_field(struct buf *out, struct span text);

/* For JSON text, in which such characters occur only inside strings: these and invisible characters
   become \u escapes. */
void escape_put_json(struct buf *out, struct span json);

/* Whether a character of a rendered answer, or UTF8_ILL_FORMED, must be escaped. Unlike in
   escape_put, the directional marks U+200E and U+200F are not. */
bool escape_is_needed(uint32_t point);
/* Appends the escape of a character, or of the ill-formed `bytes`. */
void escape_put_point(struct buf *out, uint32_t point, struct span bytes);

#endif
