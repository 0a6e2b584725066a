/* SPDX-License-Identifier: MIT */
/* Children that run this program's code without exec: the jobs of a batch. */
#ifndef SYSTEM_JOBS_H
#define SYSTEM_JOBS_H

#include <stddef.h>
#include <sys/types.h>

/* Forks. *fd is one end of a socket between both processes. In the child, whose standard input and
   output are /dev/null, the descriptors in `others` are closed: those of the parent for its other
   children, which would keep those sockets open. The child ends with sys_job_exit. The process ID,
   0 in the child, or -1 with errno. */
pid_t sys_job_fork(int *fd, const int *others, size_t count);
_Noreturn void sys_job_exit(int status);
/* Kills the child unless it has ended, and waits for it. The status as of waitpid(2). */
int sys_job_reap(pid_t pid, int signal);
/* As kill(2), without a result. */
void sys_job_signal(pid_t pid, int signal);

/* Zeroed memory that this process shares with the children it forks later. NULL with errno. */
void *sys_shared_memory(size_t size);
void sys_shared_release(void *memory, size_t size);

#endif
