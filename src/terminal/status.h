/* SPDX-License-Identifier: MIT */
/* The status line, which shows what the program waits for on the last line of the terminal, on
   standard error. It is drawn only while there is no other output and the process is in the
   foreground, at most ten times a second, and is erased before anything else is written. */
#ifndef TERMINAL_STATUS_H
#define TERMINAL_STATUS_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Zeroed is hidden. Release with status_release. */
struct status {
    bool active; /* there is something to show */
    bool drawn;  /* it is on the terminal now */
    bool color;
    bool is_timeless; /* the elapsed time is not shown */
    bool ascii;       /* use ASCII for the spinner and the ellipsis */
    struct buf text;
    int64_t since; /* sys_now_us() when the wait began */
    int64_t until; /* the end of a countdown, 0 without */
    int64_t next;  /* the earliest time of the next drawing */
    unsigned frame;
};

/* Shows `text`, escaped, with the elapsed time, which restarts unless the text is unchanged. */
void status_show(struct status *s, struct span text);
/* Counts down to `until` instead. */
void status_count_down(struct status *s, struct span text, int64_t until);
/* Draws the line if it is due. Returns the time of the next call, INT64_MAX for none. */
int64_t status_tick(struct status *s, int64_t now);
/* Erases the line before other output; the next tick draws it again. */
void status_erase(struct status *s);
/* Erases the line and does not draw it again. */
void status_hide(struct status *s);
void status_release(struct status *s);

#endif
