/* SPDX-License-Identifier: MIT */
/* The inline part of Markdown: emphasis, code spans, links, escapes and entities within one block,
   parsed while the text arrives. The rules are those of CommonMark 0.31, section 6; see
   markdown.h for the differences. */
#ifndef TERMINAL_INLINE_H
#define TERMINAL_INLINE_H

#include "core/span.h"
#include "terminal/markdown.h"

#include <stdbool.h>

struct inline_parser;

/* The sink is borrowed. */
struct inline_parser *inline_new(const struct markdown_sink *sink);
void inline_free(struct inline_parser *p);

/* A block begins. In a table cell (`cell`) <br> is a line break. */
void inline_begin(struct inline_parser *p, bool cell);
/* Text of one line in whole characters, without its line feed. */
void inline_feed(struct inline_parser *p, struct span text);
/* The line has ended. The block continues if more text is fed, otherwise call inline_end. */
void inline_newline(struct inline_parser *p);
/* The block has ended: resolves and passes on all pending text. */
void inline_end(struct inline_parser *p);

#endif
