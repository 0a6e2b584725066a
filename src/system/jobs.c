/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "system/jobs.h"

#include "core/fault.h"
#include "system/process.h"
#include "system/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Otherwise the child would keep these streams open for their other ends. */
static void leave_standard_streams(void)
{
    int null = sys_null_open(O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        sys_job_exit(70);
    close(null);
}

static void begin_child(const int *others, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(others[i]);
    leave_standard_streams();
}

pid_t sys_job_fork(int *fd, const int *others, size_t count)
{
    int ends[2];
    sigset_t before;
    if (fault_here(EMFILE) || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    pid_t pid = sys_fork_blocked(&before);
    int error = errno;
    if (pid == 0)
        sys_signals_of_child(); /* blocked until the child has a pipe of its own */
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(ends[pid == 0 ? 0 : 1]);
    *fd = ends[pid == 0 ? 1 : 0];
    if (pid == 0)
        begin_child(others, count);
    if (pid < 0)
        close(ends[0]);
    errno = error;
    return pid;
}

void sys_job_exit(int status)
{
    _exit(status);
}

void sys_job_signal(pid_t pid, int signal)
{
    kill(pid, signal);
}

int sys_job_reap(pid_t pid, int signal)
{
    int status = 0;
    if (signal)
        kill(pid, signal);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

void *sys_shared_memory(size_t size)
{
    void *memory = fault_here(ENOMEM) ? MAP_FAILED
                                      : mmap(NULL, size, PROT_READ | PROT_WRITE,
                                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void sys_shared_release(void *memory, size_t size)
{
    if (memory)
        munmap(memory, size);
}
