/* SPDX-License-Identifier: MIT */
/* The terminal: which streams are terminals, colour, and messages on standard error. */
#ifndef TERMINAL_TERMINAL_H
#define TERMINAL_TERMINAL_H

#include "core/buf.h"
#include "core/fail.h"
#include "core/span.h"
#include "terminal/escape.h"
#include "terminal/layout.h"
#include "terminal/status.h"
#include "terminal/writer.h"

#include <stdbool.h>

struct terminal {
    bool out, err;  /* standard output, standard error is a terminal */
    bool same;      /* both are one terminal */
    bool same_file; /* both are one file or pipe, no terminal */
    bool color;     /* on standard error */
    bool colored;   /* on standard output */
    bool utf8;      /* the program's own marks may be other than ASCII */
    bool quiet;
    int verbosity;
    bool live;             /* a status line can be drawn on standard error */
    struct writer *answer; /* standard output while an answer is written to it, borrowed */
    struct layout *layout; /* the answer's, where it is rendered, borrowed */
    bool lines;            /* the answer is text, with which lines on standard error may mix */
    bool midline;          /* it is gone and left the terminal inside a line */
    struct status *status; /* the status line while there is one, borrowed */
    struct buf line;       /* the one being written, kept for the next one's sake */
};

/* The columns of the terminal that standard output is, else those of $COLUMNS, else 80; at least
   20. */
unsigned terminal_columns(void);

/* Examines descriptors 1 and 2, and configures the terminal with "auto", false and 0. Release with
   terminal_release. */
void terminal_init(struct terminal *t);
/* `color` is auto, always or never; auto goes by NO_COLOR, CLICOLOR_FORCE and TERM, and on standard
   output it is for a terminal alone. There is a status line by TERM and INSIDE_EMACS. */
void terminal_configure(struct terminal *t, const char *color, bool quiet, int verbosity);
/* --no-status: no status line is drawn. */
void terminal_disable_status(struct terminal *t);
/* Whether the cursor can be sent back to redraw a line: by TERM and INSIDE_EMACS. */
bool terminal_moves_cursor(void);

/* Whether Markdown is rendered by default: standard output is a terminal and TERM is not dumb. */
bool terminal_renders(const struct terminal *t);

/* Whether the terminal shows UTF-8: what the first of LC_ALL, LC_CTYPE and LANG says that is not
   empty. */
bool terminal_takes_utf8(void);

/* The ellipsis after truncated text. */
const char *terminal_ellipsis(const struct terminal *t);

void terminal_release(struct terminal *t);
/* The answer's output is about to be released. */
void terminal_forget_answer(struct terminal *t, const struct writer *answer);

/* Erases the status line before other output to a terminal. */
static inline void terminal_make_way(struct terminal *t)
{
    if (t->status && t->status->drawn)
        status_erase(t->status);
}

/* If the answer and standard error are the same terminal, file or pipe: writes the pending part of
   the answer and, unless it ends in a newline, a newline to standard error, so that the next output
   there begins a line. */
int terminal_begin_line(struct terminal *t, struct fail *fail);

/* One line on standard error, dimmed where there is colour. On the terminal that shows the answer
   pending output is written first and the line is terminated. The text must be escaped already. A
   failure to write the line is ignored; *fail reports a failure to write the answer. */
int terminal_line(struct terminal *t, struct span line, struct fail *fail);
/* The same in red, for a failure that does not end the command. */
int terminal_failed_line(struct terminal *t, struct span line, struct fail *fail);
/* "sigmasight-chat: warning: TEXT", likewise. Escapes the text. */
int terminal_warning(struct terminal *t, struct span text, struct fail *fail);
/* The line of a command that reads standard input, where a person types that; not when quiet. */
void terminal_ask(struct terminal *t, struct span line, struct fail *fail);

/* Prints the failure of the command: WHAT: WHY and the hint. */
void terminal_failure(struct terminal *t, const struct fail *fail);

#endif
