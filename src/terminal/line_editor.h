/* SPDX-License-Identifier: MIT */
/* Line editing with libedit on the terminal of standard input and standard error: Emacs keys,
   history, search with Ctrl-R, and bracketed paste. The library is opened by line_editor_new: it
   does not slow down other commands and need not be installed. */
#ifndef TERMINAL_LINE_EDITOR_H
#define TERMINAL_LINE_EDITOR_H

#include "core/buf.h"
#include "core/fail.h"

#include <stdbool.h>

struct line_editor;

/* Whether the library can be opened. */
bool line_editor_is_available(void);

/* NULL if the library cannot be opened or the system has no UTF-8 locale. */
struct line_editor *line_editor_new(void);
void line_editor_free(struct line_editor *e);

/* Adds a message to the history of Up, Down and Ctrl-R. */
void line_editor_remember(struct line_editor *e, struct span message);

enum line_end {
    LINE_ENTERED, /* with Return */
    LINE_CLEARED, /* with Ctrl-C or by SIGINT: nothing was entered */
    LINE_EMPTY,   /* the same where nothing had been typed; only with the line editor */
    LINE_OVER     /* with Ctrl-D, or because the terminal was closed */
};

/* Shows `prompt` (ASCII) on standard error and appends the entered line to `line`, without its
   final line feed; pasted text may contain others. SIGINT is cleared; only one that is caught after
   the line was entered remains recorded. The terminal modes are changed only during the call.
   FAIL_SIGNAL for any other signal. */
int line_editor_read(struct line_editor *e, const char *prompt, struct buf *line,
                     enum line_end *end, struct fail *fail);

#endif
