/* SPDX-License-Identifier: MIT */
/* Runs the user's editor on a text or a file. */
#ifndef TERMINAL_EDITOR_H
#define TERMINAL_EDITOR_H

#include "core/buf.h"
#include "core/fail.h"

/* Lets the user edit `text` with $VISUAL, $EDITOR or vi on the controlling terminal, in a temporary
   file *.md (mode 0600) in $XDG_RUNTIME_DIR, $TMPDIR or /tmp, which is removed in every case.
   Replaces `text` by the contents of the file, within its bound, without blank lines at the end.
   SIGINT is ignored meanwhile. FAIL_USAGE without a controlling terminal; FAIL_CREATE if no file
   can be created; FAIL_DATA if the editor fails; FAIL_SIGNAL. */
int editor_run(struct buf *text, struct fail *fail);

/* Lets the user edit a file. FAIL_USAGE, FAIL_DATA and FAIL_SIGNAL as above. */
int editor_open(const char *path, struct fail *fail);
/* FAIL_USAGE without a controlling terminal. */
int editor_check(struct fail *fail);

#endif
