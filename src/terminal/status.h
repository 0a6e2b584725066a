/* SPDX-License-Identifier: MIT */
/* The status line: what is being waited for, on the last line of the terminal that standard error
   is. Drawn only while nothing else is written there and the process is in the foreground, at most
   ten times a second, never left behind. */
#ifndef TERMINAL_STATUS_H
#define TERMINAL_STATUS_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Zeroed is hidden. Owned by whoever declared it. */
struct status {
    bool active; /* there is something to show */
    bool drawn;  /* it stands on the terminal now */
    bool color;
    bool is_timeless; /* no time is shown behind the text */
    bool ascii;       /* the spinner and the mark of a cut text are */
    struct buf text;
    int64_t since; /* sys_now_us() when the waiting began */
    int64_t until; /* the end of a countdown, 0 without */
    int64_t next;  /* not drawn again before */
    unsigned frame;
};

/* Shows `text`, made harmless; the time counts from now, or on where it is shown already. */
void status_show(struct status *s, struct span text);
/* Counts down to `until` instead. */
void status_count_down(struct status *s, struct span text, int64_t until);
/* Draws when it is time to. Answers when it wants to be asked again, INT64_MAX for never. */
int64_t status_tick(struct status *s, int64_t now);
/* Takes the line off the terminal for something else to be written; it comes back with a tick. */
void status_erase(struct status *s);
/* The same for good. */
void status_hide(struct status *s);
void status_release(struct status *s);

#endif
