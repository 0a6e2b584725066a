/* SPDX-License-Identifier: MIT */
/* An incremental Markdown parser: CommonMark 0.31 with GitHub's tables and ~~strike~~. It reports
   events as soon as the input determines them: blocks that open and close, runs of styled text,
   line breaks. It does not depend on a terminal or its width.
   It holds back the start of a line until its block is known, a run of delimiters until the next
   character, text after an opener until that is closed or cannot be an opener any more, and a line
   that may be the header of a table. The events do not depend on how the text is cut.
   Differences from CommonMark: a setext underline is a rule; the header row of a table begins with
   |; reference links, footnotes and HTML are plain text, except <br> in a cell; a single ~ and a
   lone CR are ordinary characters; named entities other than those listed in inline.c are plain
   text.
   Constructs beyond these limits are plain text: MARKDOWN_OPENER bytes from an opener to the end of
   its closer, and for the start of a line until its block is known; MARKDOWN_TABLE bytes for a row;
   MARKDOWN_DEPTH nested quotes and items. */
#ifndef TERMINAL_MARKDOWN_H
#define TERMINAL_MARKDOWN_H

#include "core/span.h"

#include <stdbool.h>

enum { MARKDOWN_OPENER = 4096, MARKDOWN_TABLE = 65536, MARKDOWN_DEPTH = 64 };

/* The style of a run of text: a set of flags. */
enum markdown_style {
    MARKDOWN_EMPHASIS = 1,
    MARKDOWN_STRONG = 2,
    MARKDOWN_STRIKE = 4,
    MARKDOWN_CODE = 8,
    MARKDOWN_LINK = 16,
    MARKDOWN_URL = 32, /* the URL after a link or an image, with its parentheses */
    MARKDOWN_MARK = 64 /* the backticks and padding of a code span */
};

enum markdown_kind {
    MARKDOWN_QUOTE,
    MARKDOWN_ITEM,
    MARKDOWN_PARAGRAPH,
    MARKDOWN_HEADING,
    MARKDOWN_CODE_BLOCK, /* line breaks between its lines, and after an empty last line */
    MARKDOWN_RULE,       /* always empty */
    MARKDOWN_TABLE_BLOCK,
    MARKDOWN_ROW, /* the first one is the header */
    MARKDOWN_CELL /* a row has at most as many cells as the table has columns */
};

enum markdown_align { MARKDOWN_ALIGN_NONE, MARKDOWN_LEFT, MARKDOWN_CENTER, MARKDOWN_RIGHT };

struct markdown_block {
    enum markdown_kind kind;
    bool gap;           /* preceded by an empty line in the source */
    bool continues;     /* an item: of the same list as the previous one */
    struct span marker; /* an item: its marker as in the source, empty for a bullet */
    unsigned level;     /* a heading: 1 to 6 */
    unsigned columns;   /* a table; the alignment of each column (enum markdown_align) */
    const unsigned char *align;
};

/* Receives the events. Arguments are valid during the call. */
struct markdown_sink {
    void (*open)(void *arg, const struct markdown_block *block);
    void (*close)(void *arg, enum markdown_kind kind);
    /* UTF-8 or ill-formed bytes, without line feeds. White space is a space or tab. */
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
/* Parses more of the text, which may be cut at any byte. */
void markdown_feed(struct markdown *m, struct span text);
/* Ends the text: reports all pending events and closes every block. Another text may follow. */
void markdown_end(struct markdown *m);
/* Discards the text without further events. Another text may follow. */
void markdown_reset(struct markdown *m);

#endif
