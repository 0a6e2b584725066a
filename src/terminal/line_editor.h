/* SPDX-License-Identifier: MIT */
/* Editing of a line at the terminal that standard input and standard error are, by libedit: the
   keys of Emacs, history, search with Ctrl-R, and bracketed paste. The library is opened when an
   editor is made, so that it costs nothing before, and need not be installed. */
#ifndef TERMINAL_LINE_EDITOR_H
#define TERMINAL_LINE_EDITOR_H

#include "core/buf.h"
#include "core/fail.h"

#include <stdbool.h>

struct line_editor;

/* Whether the library can be opened. */
bool line_editor_is_available(void);

/* NULL without the library, or without a locale of the system that has UTF-8. */
struct line_editor *line_editor_new(void);
void line_editor_free(struct line_editor *e);

/* Adds a message to those that Up, Down and Ctrl-R find. */
void line_editor_remember(struct line_editor *e, struct span message);

enum line_end {
    LINE_ENTERED, /* with Return */
    LINE_CLEARED, /* with Ctrl-C or by SIGINT: nothing was entered */
    LINE_OVER     /* with Ctrl-D, or the terminal was closed */
};

/* Shows `prompt` (ASCII) on standard error and appends what is entered to `line`, without a line
   feed at its end; pasted text may hold others. SIGINT is forgotten. The modes of the terminal are
   changed only for the time of the call. FAIL_SIGNAL for another signal. */
int line_editor_read(struct line_editor *e, const char *prompt, struct buf *line,
                     enum line_end *end, struct fail *fail);

#endif
