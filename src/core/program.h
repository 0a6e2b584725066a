/* SPDX-License-Identifier: MIT */
/* The end of the program after a failure that cannot be returned to the caller. */
#ifndef CORE_PROGRAM_H
#define CORE_PROGRAM_H

/* Sets the name of the program for program_die; borrowed. Call at the start of main. */
void program_set_name(const char *name);
/* Prints "NAME: MESSAGE" to standard error and exits with status 70 (EX_SOFTWARE). Allocates no
   memory. */
_Noreturn void program_die(const char *message);

#endif
