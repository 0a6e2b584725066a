/* SPDX-License-Identifier: MIT */
#include "config.h"

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
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

enum { IGNORED = SYS_PIPE_SIGNALS };

extern char **environ;

enum { LOOK_US = 20000 };

int sys_null_open(int flags)
{
    int fd = open("/dev/null", flags);
    return fd >= 0 ? fd : open("/", (flags & ~O_ACCMODE) | O_RDONLY);
}

void sys_stdio_open(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* Opened in the opposite mode, so that reading or writing fails as on a closed descriptor.
         */
        if (sys_null_open(fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(70);
    }
}

int sys_stdout_close(void)
{
    int result = close(STDOUT_FILENO), saved = errno;
    if (sys_null_open(O_RDONLY) < 0)
        _exit(70);
    errno = saved;
    return result;
}

void sys_forbid_dumps(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

const char *sys_getenv(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
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

/* The variables that are removed from the environment of children. */
static const char *const secrets[] = {"SIGMASIGHT_TOKEN", "SIGMASIGHT_PASSWORD"};

static bool is_secret(const char *entry)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        size_t len = strlen(secrets[i]);
        if (strncmp(entry, secrets[i], len) == 0 && entry[len] == '=')
            return true;
    }
    return false;
}

/* The environment without secrets; the entries are borrowed. */
static char **copy_public_environment(void)
{
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **list = xcalloc(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        if (!is_secret(environ[i]))
            list[kept++] = environ[i];
    return list;
}

/* The number of descriptors to close where that is done one by one. The number that the process may
   have can be a billion or infinite; closing so many would take minutes. */
static long descriptor_limit(void)
{
    enum { MOST = 65536 };
    long limit = sysconf(_SC_OPEN_MAX);
    return limit < 0 || limit > MOST ? MOST : limit;
}

/* `limit` is that of descriptor_limit, which is not async-signal-safe. */
static void close_above_stderr(long limit)
{
#ifdef HAVE_CLOSEFROM
    (void)limit;
    closefrom(STDERR_FILENO + 1);
#else
#ifdef SYS_close_range
    if (syscall(SYS_close_range, STDERR_FILENO + 1U, ~0U, 0U) == 0)
        return;
#endif
    for (int fd = STDERR_FILENO + 1; fd < limit; fd++)
        close(fd);
#endif
}

/* Only the child that uses the terminal should react to keyboard signals. */
static const int of_keyboard[IGNORED] = {SIGINT, SIGQUIT};

static void ignore_keyboard(struct sigaction before[IGNORED])
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    for (int i = 0; i < IGNORED; i++)
        sigaction(of_keyboard[i], &ignore, &before[i]);
}

static void restore_keyboard(const struct sigaction before[IGNORED])
{
    for (int i = 0; i < IGNORED; i++)
        sigaction(of_keyboard[i], &before[i], NULL);
}

/* What a shell is started with. */
struct shell {
    const char *command;
    const char *argument;       /* its "$1", NULL for none */
    int streams[3];             /* its standard streams, -1 for /dev/null */
    bool leads_group;           /* has a process group of its own */
    struct sigaction *keyboard; /* the result of ignore_keyboard, NULL: do not ignore them */
};

/* In the child, between fork and exec: only async-signal-safe calls. */
static _Noreturn void become_shell(const struct shell *s, char **environment, long limit,
                                   const sigset_t *mask)
{
    if (s->leads_group)
        setpgid(0, 0);
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
        int fd = s->streams[i] < 0 ? sys_null_open(O_RDWR | O_CLOEXEC) : s->streams[i];
        if (fd < 0 || dup2(fd, i) < 0)
            _exit(126);
    }
    close_above_stderr(limit);
    sys_signals_of_command(mask);
    if (s->argument)
        execle("/bin/sh", "sh", "-c", s->command, "sh", s->argument, (char *)NULL, environment);
    else
        execle("/bin/sh", "sh", "-c", s->command, (char *)NULL, environment);
    _exit(127);
}

/* Its process ID, or -1 with errno. */
static pid_t start_shell(const struct shell *s)
{
    sigset_t mask;
    long limit = descriptor_limit();
    char **environment = copy_public_environment();
    pid_t pid = sys_fork_blocked(&mask);
    int error = errno;
    if (pid == 0)
        become_shell(s, environment, limit, &mask);
    if (pid > 0 && s->leads_group)
        setpgid(pid, pid);
    if (pid > 0 && s->keyboard)
        ignore_keyboard(s->keyboard);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    free(environment);
    errno = error;
    return pid;
}

static int make_pipe(int ends[2])
{
    if (fault_here(EMFILE) || pipe(ends) != 0)
        return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
}

/* Waits for the process. With `passes_on`, it gets a signal that ends this one. 0, or the errno. */
static int wait_for_child(pid_t pid, bool passes_on, int *status)
{
    bool told = !passes_on;
    for (;;) {
        if (sys_signal() && !told)
            told = kill(pid, sys_signal()) == 0;
        if (waitpid(pid, status, 0) == pid)
            return sys_signal() ? EINTR : 0;
        if (errno != EINTR)
            return errno;
    }
}

/* A command that was started. */
struct process {
    pid_t pid;
    int64_t deadline; /* sys_now_us() */
    bool ended;
    int status; /* of waitpid(2), once it has ended */
};

/* 0, or the errno. */
static int look_whether_ended(struct process *p)
{
    pid_t got = p->ended ? 0 : waitpid(p->pid, &p->status, WNOHANG);
    p->ended = p->ended || got == p->pid;
    return got < 0 && errno != EINTR ? errno : 0;
}

/* Reads a piece of the output: 1 to continue, 0 at its end, or a negative errno. */
static int read_piece(int fd, struct buf *out)
{
    char chunk[1024];
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0)
        return errno == EINTR ? 1 : -errno;
    buf_append(out, chunk, (size_t)n);
    wipe(chunk, sizeof chunk);
    return n > 0;
}

/* Reads the output until the command ends, because a child of it may keep the output open longer.
   poll(2) does not report that end, so it is checked at intervals. 0, or the errno. */
static int read_output(struct process *p, int fd, struct buf *out)
{
    int more = 1, error = 0;
    while (more > 0 && error == 0 && !out->full) {
        int64_t now = sys_now_us();
        error = look_whether_ended(p);
        int64_t next = now + (p->ended ? 1 : LOOK_US);
        int ready = sys_wait(fd, POLLIN, next < p->deadline ? next : p->deadline);
        if (ready < 0)
            error = errno;
        else if (ready > 0)
            more = read_piece(fd, out);
        else if (p->ended)
            more = 0;
        else if (sys_now_us() >= p->deadline)
            error = ETIMEDOUT;
        error = more < 0 ? -more : error;
    }
    return error;
}

/* Waits for the command itself, which may continue after it has closed its output. 0, or the errno.
 */
static int reap(struct process *p)
{
    int error = look_whether_ended(p);
    while (error == 0 && !p->ended) {
        error = sys_wait_to_retry(p->deadline);
        if (error == 0)
            error = look_whether_ended(p);
    }
    return error;
}

/* Starts the command; *output is the reading end of its standard output. Its process ID, or -1 with
   errno. */
static pid_t start_command(const char *command, int *output)
{
    int ends[2];
    if (make_pipe(ends) != 0)
        return -1;
    pid_t pid = start_shell(&(struct shell){
        .command = command, .streams = {-1, ends[1], STDERR_FILENO}, .leads_group = true});
    int error = errno;
    close(ends[1]);
    if (pid < 0)
        close(ends[0]);
    *output = ends[0];
    errno = error;
    return pid;
}

int sys_capture(const char *command, int64_t timeout_us, struct buf *out)
{
    int output;
    struct process p = {.deadline = sys_now_us() + timeout_us};
    p.pid = start_command(command, &output);
    if (p.pid < 0)
        return -1;
    int error = read_output(&p, output, out);
    bool is_cut = error == 0 && out->full && !p.ended;
    close(output);
    if (error == 0 && !is_cut)
        error = reap(&p);
    if (error != 0 || is_cut) {
        kill(-p.pid, SIGKILL);
        if (!p.ended)
            wait_for_child(p.pid, false, &p.status);
    }
    errno = error;
    return error ? -1 : is_cut ? 0 : p.status;
}

static int open_terminal(void)
{
    int tty = sys_open("/dev/tty", O_RDWR | O_NOCTTY, 0);
    if (tty < 0)
        errno = ENXIO;
    return tty;
}

bool sys_has_terminal(void)
{
    int tty = open_terminal();
    if (tty >= 0)
        close(tty);
    return tty >= 0;
}

int sys_run_at_terminal(const char *command, const char *argument)
{
    struct sigaction before[IGNORED];
    int tty = open_terminal(), status = 0;
    if (tty < 0)
        return -1;
    pid_t pid = start_shell(&(struct shell){
        .command = command, .argument = argument, .streams = {tty, tty, tty}, .keyboard = before});
    int error = errno;
    if (pid > 0) {
        error = wait_for_child(pid, true, &status);
        restore_keyboard(before);
    }
    close(tty);
    errno = error;
    return error ? -1 : status;
}

int sys_pipe_to(struct sys_pipe *p, const char *command)
{
    int ends[2];
    *p = (struct sys_pipe){.pid = -1, .fd = -1};
    if (make_pipe(ends) != 0)
        return -1;
    p->pid = start_shell(&(struct shell){.command = command,
                                         .streams = {ends[0], STDOUT_FILENO, STDERR_FILENO},
                                         .keyboard = p->before});
    int error = errno;
    close(ends[0]);
    p->fd = ends[1];
    if (p->pid >= 0)
        return 0;
    close(p->fd);
    errno = error;
    return -1;
}

int sys_pipe_close(struct sys_pipe *p)
{
    int status = 0;
    close(p->fd);
    int error = wait_for_child(p->pid, false, &status);
    restore_keyboard(p->before);
    *p = (struct sys_pipe){.pid = -1, .fd = -1};
    errno = error;
    return error ? -1 : status;
}

/* Signals that stop or end the process while the terminal's echo is off. The signals of signals.c
   interrupt the read in any case. */
static const int terminal_signals[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGQUIT};
enum { TERMINAL_SIGNALS = sizeof terminal_signals / sizeof terminal_signals[0] };

/* Global because signal handlers have no argument. */
static volatile sig_atomic_t terminal_signal;

static void on_terminal_signal(int number)
{
    terminal_signal = number;
}

static void catch_terminal_signals(struct sigaction before[TERMINAL_SIGNALS])
{
    struct sigaction action = {.sa_handler = on_terminal_signal};
    sigemptyset(&action.sa_mask);
    terminal_signal = 0;
    for (int i = 0; i < TERMINAL_SIGNALS; i++) {
        sigaction(terminal_signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(terminal_signals[i], &action, NULL);
    }
}

static void restore_terminal_signals(const struct sigaction before[TERMINAL_SIGNALS])
{
    for (int i = 0; i < TERMINAL_SIGNALS; i++)
        sigaction(terminal_signals[i], &before[i], NULL);
}

/* *ended: the input ended, as by Control-D, which the terminal does not follow with a line feed. -1
   with errno: EINTR for one of the terminal's signals, too. */
static int read_tty_line(int tty, struct buf *line, bool *ended)
{
    for (;;) {
        char c;
        int ready = terminal_signal ? -1 : sys_wait(tty, POLLIN, sys_now_us() + LOOK_US);
        ssize_t n = ready > 0 ? read(tty, &c, 1) : ready;
        if (terminal_signal || (ready < 0 && sys_signal())) {
            errno = EINTR;
            return -1;
        }
        if (ready == 0 || (n < 0 && errno == EINTR))
            continue;
        if (n < 0)
            return -1;
        if (n == 0) {
            *ended = true;
            errno = ENODATA;
            return line->len ? 0 : -1;
        }
        if (c == '\n')
            return 0;
        buf_byte(line, c);
    }
}

/* Does not wait for output, which may have been stopped by Ctrl-S. In the background each call
   raises SIGTTOU. */
static void restore_modes(int tty, const struct termios *modes)
{
    while (tcsetattr(tty, TCSANOW, modes) != 0 && errno == EINTR && terminal_signal != SIGTTOU)
        ;
}

/* Shows the prompt once. */
static int ask_once(int tty, const char *prompt, bool hidden, struct buf *line)
{
    struct termios before, silent;
    struct sigaction handlers[TERMINAL_SIGNALS];
    if (tcgetattr(tty, &before) != 0)
        return -1;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    catch_terminal_signals(handlers);
    /* Before the prompt, so that early input is not echoed. In the background this raises SIGTTOU.
     */
    int result = hidden ? tcsetattr(tty, TCSADRAIN, &silent) : 0;
    bool silenced = hidden && result == 0, ended = false;
    if (result == 0) {
        sys_write_all(tty, prompt, strlen(prompt), NULL);
        result = read_tty_line(tty, line, &ended);
    }
    int saved = errno;
    if (silenced)
        restore_modes(tty, &before);
    if (silenced || ended)
        sys_write_all(tty, "\n", 1, NULL);
    restore_terminal_signals(handlers);
    errno = saved;
    return result;
}

int sys_ask(const char *prompt, bool hidden, struct buf *line)
{
    int result, tty = sys_open("/dev/tty", O_RDWR | O_NOCTTY, 0);
    if (tty < 0 || !isatty(tty)) {
        if (tty >= 0)
            close(tty);
        errno = ENXIO;
        return -1;
    }
    while ((result = ask_once(tty, prompt, hidden, line)) != 0 && terminal_signal &&
           !sys_signal()) {
        wipe(line->data, line->len);
        buf_clear(line);
        raise(terminal_signal); /* ends the process, or stops it until it is continued */
    }
    int saved = errno;
    close(tty);
    errno = saved;
    return result;
}
