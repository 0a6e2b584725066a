/* SPDX-License-Identifier: MIT */
#include "system/process.h"

#include "core/fault.h"
#include "core/xmalloc.h"
#include "system/files.h"
#include "system/signals.h"
#include "system/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

extern char **environ;

void sys_stdio_open(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* Open the wrong way round: reading from or writing to it fails, as it did closed. */
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(70);
    }
}

void sys_forbid_dumps(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

uint32_t sys_random(void)
{
    uint32_t value;
    int fd = sys_open("/dev/urandom", O_RDONLY, 0);
    if (fd < 0 || read(fd, &value, sizeof value) != (ssize_t)sizeof value)
        value = (uint32_t)sys_now_us() * 2654435761U ^ (uint32_t)getpid();
    if (fd >= 0)
        close(fd);
    return value;
}

static bool is_hidden(const char *entry, const char *const *hidden)
{
    for (; *hidden; hidden++) {
        size_t len = strlen(*hidden);
        if (strncmp(entry, *hidden, len) == 0 && entry[len] == '=')
            return true;
    }
    return false;
}

/* The environment without some of its variables; the entries are borrowed. */
static char **environment_without(const char *const *hidden)
{
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **list = xcalloc(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        if (!is_hidden(environ[i], hidden))
            list[kept++] = environ[i];
    return list;
}

/* libcurl's wake-up sockets are not close-on-exec. Nobody hands a socket to a command on purpose;
   files and pipes that the caller opened for it stay. */
static void close_sockets(void)
{
    struct stat st;
    for (int fd = STDERR_FILENO + 1; fd < 256; fd++)
        if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
            close(fd);
}

/* In the child, between fork and exec: only async-signal-safe calls. */
static void become_command(char *const argv[], char **environment, int output)
{
    sys_ignored_give_back();
    setpgid(0, 0);
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (input < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0)
        _exit(126);
    close_sockets();
    execve("/bin/sh", argv, environment);
    _exit(127);
}

/* One piece of the output: 1 to go on, 0 at its end, or the negative errno. */
static int gather_piece(int fd, int64_t deadline, struct buf *out)
{
    char chunk[1024];
    int64_t left = deadline - sys_now_us();
    struct pollfd wait[2] = {{.fd = fd, .events = POLLIN},
                             {.fd = sys_signal_fd(), .events = POLLIN}};
    if (sys_signal())
        return -EINTR;
    if (left <= 0)
        return -ETIMEDOUT;
    if (poll(wait, 2, (int)(left / 1000) + 1) <= 0 || !wait[0].revents)
        return 1;
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0)
        return errno == EINTR ? 1 : -errno;
    buf_append(out, chunk, (size_t)n);
    wipe(chunk, sizeof chunk);
    return n > 0;
}

/* Reads until the end of the output or of the time. 0, or the errno. */
static int gather(int fd, int64_t deadline, struct buf *out)
{
    int more = 1;
    while (more > 0 && !out->full)
        more = gather_piece(fd, deadline, out);
    return more < 0 ? -more : 0;
}

/* Waits for the process itself, which may go on after it has closed its output. */
static int reap(pid_t pid, int64_t deadline, int *status)
{
    int error = 0;
    while (error == 0) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid)
            return 0;
        error = got < 0 && errno != EINTR ? errno : sys_wait_to_retry(deadline);
    }
    return error;
}

int sys_capture(const char *command, const char *const *hidden, int64_t timeout_us, struct buf *out)
{
    int pipes[2], status = 0;
    int64_t deadline = sys_now_us() + timeout_us;
    if (fault_here(EMFILE) || pipe(pipes) != 0)
        return -1;
    fcntl(pipes[0], F_SETFD, FD_CLOEXEC);
    fcntl(pipes[1], F_SETFD, FD_CLOEXEC);
    char **environment = environment_without(hidden);
    char sh[] = "sh", option[] = "-c", *script = xstrdup(command);
    char *const argv[] = {sh, option, script, NULL};
    pid_t pid = fault_here(EAGAIN) ? -1 : fork();
    if (pid == 0)
        become_command(argv, environment, pipes[1]);
    int error = pid < 0 ? errno : 0;
    free(environment);
    free(script);
    close(pipes[1]);
    if (pid > 0) {
        setpgid(pid, pid);
        error = gather(pipes[0], deadline, out);
        close(pipes[0]);
        if (error == 0)
            error = reap(pid, deadline, &status);
        if (error != 0) {
            kill(-pid, SIGKILL);
            waitpid(pid, &status, 0);
        }
    } else {
        close(pipes[0]);
    }
    errno = error;
    return error ? -1 : status;
}

static void attach_terminal(int tty)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (dup2(tty, fd) < 0)
            _exit(126);
}

/* Waits for the process; passes on a signal that ends this one. 0, or the errno. */
static int wait_for(pid_t pid, int *status)
{
    bool told = false;
    for (;;) {
        if (sys_signal() && !told)
            told = kill(pid, sys_signal()) == 0;
        if (waitpid(pid, status, 0) == pid)
            return sys_signal() ? EINTR : 0;
        if (errno != EINTR)
            return errno;
    }
}

int sys_run_at_terminal(const char *command, const char *argument)
{
    static const char *const secrets[] = {"SIGMASIGHT_TOKEN", "SIGMASIGHT_PASSWORD", NULL};
    static const int ignored[] = {SIGINT, SIGQUIT};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before[2];
    int tty = sys_open("/dev/tty", O_RDWR | O_NOCTTY, 0), status = 0;
    if (tty < 0) {
        errno = ENXIO;
        return -1;
    }
    char **environment = environment_without(secrets);
    sigemptyset(&ignore.sa_mask);
    for (int i = 0; i < 2; i++)
        sigaction(ignored[i], &ignore, &before[i]);
    pid_t pid = fault_here(EAGAIN) ? -1 : fork();
    if (pid == 0) {
        for (int i = 0; i < 2; i++)
            sigaction(ignored[i], &before[i], NULL);
        sys_ignored_give_back();
        attach_terminal(tty);
        close_sockets();
        execle("/bin/sh", "sh", "-c", command, "sh", argument, (char *)NULL, environment);
        _exit(127);
    }
    int error = pid < 0 ? errno : wait_for(pid, &status);
    for (int i = 0; i < 2; i++)
        sigaction(ignored[i], &before[i], NULL);
    free(environment);
    close(tty);
    errno = error;
    return error ? -1 : status;
}

static int read_line(int tty, struct buf *line)
{
    char c;
    for (;;) {
        ssize_t n = sys_read(tty, &c, 1);
        if (n < 0)
            return -1;
        if (n == 0) {
            errno = ENODATA;
            return line->len ? 0 : -1;
        }
        if (c == '\n')
            return 0;
        buf_byte(line, c);
    }
}

int sys_ask(const char *prompt, bool hidden, struct buf *line)
{
    struct termios before, silent;
    int tty = sys_open("/dev/tty", O_RDWR | O_NOCTTY, 0);
    if (tty < 0 || tcgetattr(tty, &before) != 0) {
        if (tty >= 0)
            close(tty);
        errno = ENXIO;
        return -1;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    /* First: what is typed at once is not to be seen either. */
    if (hidden)
        tcsetattr(tty, TCSADRAIN, &silent);
    sys_write_all(tty, prompt, strlen(prompt), NULL);
    int result = read_line(tty, line), saved = errno;
    if (hidden) {
        tcsetattr(tty, TCSADRAIN, &before);
        sys_write_all(tty, "\n", 1, NULL);
    }
    close(tty);
    errno = saved;
    return result;
}
