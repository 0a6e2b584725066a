/* SPDX-License-Identifier: MIT */
/* The lines of standard input, one at a time as they come. */
#ifndef TERMINAL_INPUT_H
#define TERMINAL_INPUT_H

#include "core/buf.h"
#include "core/fail.h"

#include <stdbool.h>
#include <stdint.h>

/* Zeroed is the beginning of the input. Release with input_release. */
struct input {
    struct buf bytes; /* what was read */
    size_t taken;     /* of it: returned already */
    size_t searched;  /* of it: has no line feed behind `taken` */
    bool is_over;
};

void input_release(struct input *in);

/* The next line without its line feed, borrowed until the next call; the last one may have none. Of
   a line over 2 MiB only that much is kept. 1, 0 at the end of the input, -1 with FAIL_INPUT or
   FAIL_SIGNAL. */
int input_line(struct input *in, struct span *line, struct fail *fail);
/* Whether another line comes within `us` microseconds. False if a signal ends the wait. */
bool input_is_ready(const struct input *in, int64_t us);

#endif
