/* SPDX-License-Identifier: MIT */
/* The properties of the terminal, and messages on standard error. */
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

/* Receives the lines of terminal_line and the warnings instead of standard error. The lines of
   failures are still written to standard error. */
struct terminal_relay {
    void (*line)(void *arg, struct span line); /* escaped */
    void (*warning)(void *arg, struct span text);
    void *arg;
};

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
    struct layout *layout; /* that of the answer, if it is rendered; borrowed */
    bool lines;            /* the answer is text, so lines on standard error may be mixed with it */
    bool midline;          /* the last answer did not end its last line */
    struct status *status; /* the status line while there is one, borrowed */
    const struct terminal_relay *relay; /* NULL for none; borrowed */
    struct buf line;                    /* the line being written; kept to reuse its memory */
};

/* The columns of the terminal on standard output, else $COLUMNS, else 80; at least 20. */
unsigned terminal_columns(void);

/* Examines descriptors 1 and 2, and configures the terminal with "auto", false and 0. Release with
   terminal_release. */
void terminal_init(struct terminal *t);
/* `color` is auto, always or never; auto depends on NO_COLOR, CLICOLOR_FORCE and TERM, and means
   never for standard output that is not a terminal. TERM and INSIDE_EMACS determine whether a
   status line is drawn. */
void terminal_configure(struct terminal *t, const char *color, bool quiet, int verbosity);
/* --no-status: no status line is drawn. */
void terminal_disable_status(struct terminal *t);
/* Whether a line can be redrawn by moving the cursor, according to TERM and INSIDE_EMACS. */
bool terminal_moves_cursor(void);

/* Whether Markdown is rendered by default: standard output is a terminal and TERM is not dumb. */
bool terminal_renders(const struct terminal *t);

/* Whether the terminal displays UTF-8, according to the first of LC_ALL, LC_CTYPE and LANG that is
   not empty. */
bool terminal_has_utf8(void);

/* The ellipsis after truncated text. */
const char *terminal_ellipsis(const struct terminal *t);
/* Appends a message that may contain text of the server of any length: in one line, escaped, and
   truncated to 2000 columns with the mark "(cut)". */
void terminal_put_message(const struct terminal *t, struct buf *line, struct span text);

void terminal_release(struct terminal *t);
/* Call before the output of the answer is released. */
void terminal_forget_answer(struct terminal *t, const struct writer *answer);

/* Erases the status line before other output to a terminal. */
static inline void terminal_erase_status(struct terminal *t)
{
    if (t->status && t->status->drawn)
        status_erase(t->status);
}

/* If the answer and standard error are the same terminal, file or pipe: writes the pending part of
   the answer and, unless it ends in a newline, a newline to standard error, so that the next output
   there begins a line. */
int terminal_begin_line(struct terminal *t, struct fail *fail);

/* Prints one line on standard error, dimmed if colour is used. On the terminal that shows the
   answer, pending output is written first and its line is ended. The text must be escaped already.
   A failure to write the line is ignored; *fail reports a failure to write the answer. */
int terminal_line(struct terminal *t, struct span line, struct fail *fail);
/* The same for a list without rows, if standard output and standard error are terminals, unless
   quiet. */
int terminal_empty_list(struct terminal *t, struct span line, struct fail *fail);
/* The same in red: for a failure that does not end the command. */
int terminal_failed_line(struct terminal *t, struct span line, struct fail *fail);
/* Prints "sigmasight-chat: warning: TEXT" in the same way. Escapes the text. */
int terminal_warning(struct terminal *t, struct span text, struct fail *fail);
/* Prints a line that asks for input if standard input is a terminal, unless quiet. */
void terminal_ask(struct terminal *t, struct span line, struct fail *fail);

/* Prints the failure of the command: WHAT: WHY and the hint. */
void terminal_failure(struct terminal *t, const struct fail *fail);

#endif
