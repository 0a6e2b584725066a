/* SPDX-License-Identifier: MIT */
/* Pipes output that may be longer than the screen through a pager: $SIGMASIGHT_PAGER, else $PAGER,
   else less. */
#ifndef TERMINAL_PAGER_H
#define TERMINAL_PAGER_H

#include "core/fail.h"
#include "terminal/writer.h"

#include <stdbool.h>

/* Prints through a pager if standard output is a terminal, a pager is `wanted` and it can be run;
   otherwise to standard output. `print` appends to the writer and may flush it; it is called again
   if the pager fails to start. It is not an error if the user quits the pager early. */
int pager_print(bool wanted, int (*print)(void *arg, struct writer *out, struct fail *fail),
                void *arg, struct fail *fail);

#endif
