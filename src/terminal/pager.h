/* SPDX-License-Identifier: MIT */
/* A pager for output that may be longer than the screen: $SIGMASIGHT_PAGER, else $PAGER, else
   less. */
#ifndef TERMINAL_PAGER_H
#define TERMINAL_PAGER_H

#include "core/fail.h"
#include "terminal/writer.h"

#include <stdbool.h>

/* Prints with a pager where standard output is a terminal, a pager is `wanted`, and it can be run;
   else to standard output. `print` appends to the writer and may flush it; it is called again when
   the pager turns out not to run. A pager that ends before the output does is no failure. */
int pager_print(bool wanted, int (*print)(void *arg, struct writer *out, struct fail *fail),
                void *arg, struct fail *fail);

#endif
