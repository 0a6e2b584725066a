/* SPDX-License-Identifier: MIT */
/* Children that run this program's code without exec: the jobs of a batch. */
#ifndef SYSTEM_JOBS_H
#define SYSTEM_JOBS_H

#include <stddef.h>
#include <sys/types.h>

/* Forks. *fd is this process's end of a socket between parent and child. In the child, standard
   input and output are /dev/null, and the descriptors in `others` are closed: the parent's ends of
   its other sockets, which would otherwise stay open. The child must end with sys_job_exit. Returns
   the process ID, 0 in the child, or -1 with errno. */
pid_t sys_job_fork(int *fd, const int *others, size_t count);
_Noreturn void sys_job_exit(int status);
/* Sends `signal` to the child, unless it is 0, and waits for its end. The status as of
   waitpid(2). */
int sys_job_reap(pid_t pid, int signal);
/* As kill(2); errors are ignored. */
void sys_job_signal(pid_t pid, int signal);

/* Zeroed memory that this process shares with the children it forks later. NULL with errno. */
void *sys_shared_memory(size_t size);
void sys_shared_release(void *memory, size_t size);

#endif
