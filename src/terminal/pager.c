/* SPDX-License-Identifier: MIT */
#include "terminal/pager.h"

#include "system/system.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What sh reports for a command that it cannot find or run. */
enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* Appends a command for the shell. A plain word is looked up first, to avoid an error message of
   sh; it may be a word that the shell implements itself. */
static void put_command(struct buf *out, const char *pager)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+/";
    const char *word = pager + strspn(pager, " ");
    size_t len = strspn(word, plain);
    bool is_plain = len && (!word[len] || word[len] == ' ');
    if (is_plain && memchr(word, '/', len))
        buf_printf(out, "test -f %.*s && test -x %.*s || exit %d; ", (int)len, word, (int)len, word,
                   NOT_FOUND);
    else if (is_plain)
        buf_printf(out, "command -v %.*s >/dev/null 2>&1 || exit %d; ", (int)len, word, NOT_FOUND);
    buf_puts(out, pager);
}

/* NULL for none. */
static const char *choose_pager(void)
{
    const char *command = getenv("SIGMASIGHT_PAGER");
    if (!command)
        command = getenv("PAGER");
    if (!command)
        command = "less";
    struct span trimmed = span_trim(span_of(command));
    return trimmed.len && !span_is(trimmed, "cat") ? command : NULL;
}

static int print_plainly(int (*print)(void *arg, struct writer *out, struct fail *fail), void *arg,
                         struct fail *fail)
{
    struct writer out;
    writer_init_standard(&out);
    int result = print(arg, &out, fail);
    return writer_finish(&out, fail) == 0 ? result : -1;
}

/* The text is UTF-8 in every locale. In one without UTF-8, less shows other characters than ASCII
   as hexadecimal numbers. LESSCHARSET overrides LESSCHARDEF. */
static void set_less_variables(void)
{
    setenv("LESS", "FRX", 0);
    if (!getenv("LESSCHARDEF"))
        setenv("LESSCHARSET", "utf-8", 0);
}

/* Returns 1 if the pager could not be run. */
static int print_to_pager(const char *pager,
                          int (*print)(void *arg, struct writer *out, struct fail *fail), void *arg,
                          struct fail *fail)
{
    struct sys_pipe pipe;
    struct writer out;
    struct buf command = {0};
    struct fail why = FAIL_INIT;
    set_less_variables();
    put_command(&command, pager);
    int started = sys_pipe_to(&pipe, buf_text(&command));
    buf_release(&command);
    if (started != 0)
        return 1;
    writer_init(&out, pipe.fd, "the pager");
    out.terminal = true;
    print(arg, &out, &why);
    writer_finish(&out, &why);
    int status = sys_pipe_close(&pipe);
    bool has_run = status < 0 || !WIFEXITED(status) ||
                   (WEXITSTATUS(status) != NOT_FOUND && WEXITSTATUS(status) != NOT_EXECUTABLE);
    /* The user has quit the pager. */
    bool is_closed =
        why.cause == FAIL_OUTPUT || (why.cause == FAIL_SIGNAL && why.signal == SIGPIPE);
    if (sys_signal())
        fail_signal(fail, sys_signal());
    else if (has_run && !is_closed)
        fail_move(fail, &why);
    fail_release(&why);
    if (fail_is_set(fail))
        return -1;
    return has_run ? 0 : 1;
}

int pager_print(bool wanted, int (*print)(void *arg, struct writer *out, struct fail *fail),
                void *arg, struct fail *fail)
{
    const char *command = wanted && isatty(STDOUT_FILENO) ? choose_pager() : NULL;
    int result = command ? print_to_pager(command, print, arg, fail) : 1;
    return result == 1 ? print_plainly(print, arg, fail) : result;
}
