/* SPDX-License-Identifier: MIT */
/* For a build with --enable-coverage: the counts are written at exit(), so what ends without it
   writes them here. The linker's --wrap puts these in the place of _exit and raise. */

/* The linker and libgcov (gcov(1), "libgcov") ask for these names.
   NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void __gcov_dump(void);
void __gcov_reset(void);
_Noreturn void __wrap__exit(int status);
_Noreturn void __real__exit(int status);
int __wrap_raise(int number);
int __real_raise(int number);

void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}

int __wrap_raise(int number)
{
    __gcov_dump();
    /* The call may return; then the counts start again. */
    __gcov_reset();
    return __real_raise(number);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
