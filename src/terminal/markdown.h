/* SPDX-License-Identifier: MIT */
/* Markdown that is parsed while it arrives: CommonMark 0.31 with GitHub's tables and ~~strike~~.

   The parser decides as early as the text allows and passes on what is decided as events: blocks
   that open and close, runs of text with a style, line breaks. It knows no widths and no terminal.
   Held back are the beginning of a line until it is known what it begins, a run of delimiters until
   the next character, text behind an opener until that is closed or can no longer be one, and a
   line that may head a table. The events are the same however the text is cut.

   Differences to CommonMark: a setext underline is a rule; a table's header row begins with |;
   reference links, footnotes and HTML are plain text, but for <br> in a cell; a single ~ is a
   character; a lone CR is a character; entities other than the numeric ones and those listed in
   inline.c are plain text. Bounds, beyond which a construct is plain text: MARKDOWN_OPENER bytes
   from an opener to the end of what closes it, as many for what the beginning of a line is,
   MARKDOWN_TABLE bytes for a row, MARKDOWN_DEPTH quotes and items within each other. */
#ifndef TERMINAL_MARKDOWN_H
#define TERMINAL_MARKDOWN_H

#include "core/span.h"

#include <stdbool.h>

enum { MARKDOWN_OPENER = 4096, MARKDOWN_TABLE = 65536, MARKDOWN_DEPTH = 64 };

/* How a run of text looks: a set of these. */
enum markdown_style {
    MARKDOWN_EMPHASIS = 1,
    MARKDOWN_STRONG = 2,
    MARKDOWN_STRIKE = 4,
    MARKDOWN_CODE = 8,
    MARKDOWN_LINK = 16,
    MARKDOWN_URL = 32, /* the URL behind a link or an image, parentheses included */
    MARKDOWN_MARK = 64 /* the backticks and padding of a code span */
};

enum markdown_kind {
    MARKDOWN_QUOTE,
    MARKDOWN_ITEM,
    MARKDOWN_PARAGRAPH,
    MARKDOWN_HEADING,
    MARKDOWN_CODE_BLOCK, /* a line break stands between its lines, and behind a last empty one */
    MARKDOWN_RULE,       /* has no contents */
    MARKDOWN_TABLE_BLOCK,
    MARKDOWN_ROW, /* the first one is the header */
    MARKDOWN_CELL /* there may be fewer of them than columns, never more */
};

enum markdown_align { MARKDOWN_ALIGN_NONE, MARKDOWN_LEFT, MARKDOWN_CENTER, MARKDOWN_RIGHT };

struct markdown_block {
    enum markdown_kind kind;
    bool gap;           /* an empty line stands before it in the source */
    bool continues;     /* an item: of the same list as the item before it */
    struct span marker; /* an item: its number as in the source, empty for a bullet */
    unsigned level;     /* a heading: 1 to 6 */
    unsigned columns;   /* a table, and how each column is aligned (enum markdown_align) */
    const unsigned char *align;
};

/* Receives the events. What is passed is valid during the call. */
struct markdown_sink {
    void (*open)(void *arg, const struct markdown_block *block);
    void (*close)(void *arg, enum markdown_kind kind);
    /* UTF-8, or bytes that are ill-formed; no line feed. White space is a blank or tab. */
    void (*text)(void *arg, struct span text, unsigned style);
    void (*line_break)(void *arg);
    /* The source of the open table is longer than MARKDOWN_TABLE. */
    void (*table_full)(void *arg);
    void *arg;
};

struct markdown;

/* The sink is borrowed until markdown_free. */
struct markdown *markdown_new(const struct markdown_sink *sink);
void markdown_free(struct markdown *m);
/* More of the text, cut anywhere. */
void markdown_feed(struct markdown *m, struct span text);
/* The text ends here: all that is held is decided, and every block closed. The next text begins
   anew. */
void markdown_end(struct markdown *m);
/* Forgets everything: the next text begins anew. No event. */
void markdown_reset(struct markdown *m);

#endif
