/* SPDX-License-Identifier: MIT */
/* Reads messages typed at the terminal, with the line editor, or with the terminal's own editing if
   the terminal cannot redraw a line or the library is not installed. */
#ifndef TERMINAL_PROMPT_H
#define TERMINAL_PROMPT_H

#include "system/line_input.h"
#include "terminal/line_editor.h"
#include "terminal/terminal.h"

struct prompt {
    struct terminal *terminal;
    struct line_editor *editor; /* NULL: the terminal's own editing */
    struct line_input input;    /* for the terminal's own editing */
    /* With the terminal's own editing: whether a line is a message of its own even if more lines
       are ready. */
    bool (*is_alone)(struct span line);
};

void prompt_init(struct prompt *p, struct terminal *terminal, bool (*is_alone)(struct span line));
void prompt_release(struct prompt *p);
/* As line_editor_remember. */
void prompt_remember(struct prompt *p, struct span message);

/* Reads a message into `message`: a line, further lines as long as each ends in a backslash, and
   without the line editor all lines that are ready at once, joined by line feeds. *end as
   line_editor_read. FAIL_SIGNAL, FAIL_INPUT. */
int prompt_read(struct prompt *p, struct buf *message, enum line_end *end, struct fail *fail);

#endif
