/* SPDX-License-Identifier: MIT */
/* Reads the lines of standard input as they arrive. */
#ifndef TERMINAL_INPUT_H
#define TERMINAL_INPUT_H

#include "core/buf.h"
#include "core/fail.h"

#include <stdbool.h>
#include <stdint.h>

/* Zeroed is the beginning of the input. Release with input_release. */
struct input {
    struct buf bytes; /* bytes that were read */
    size_t taken;     /* the first of them that were returned already */
    size_t searched;  /* there is no line feed between `taken` and this offset */
    bool is_over;
};

void input_release(struct input *in);

/* The next line without its line feed, which the last one may lack; borrowed until the next call. A
   line over 2 MiB is truncated. 1, 0 at the end of the input, -1 with FAIL_INPUT or FAIL_SIGNAL. */
int input_line(struct input *in, struct span *line, struct fail *fail);
/* Whether more input arrives within `us` microseconds. False if a signal ends the wait. */
bool input_is_ready(const struct input *in, int64_t us);

#endif
