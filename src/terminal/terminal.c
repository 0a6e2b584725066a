/* SPDX-License-Identifier: MIT */
#include "terminal/terminal.h"

#include "system/system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static bool is_same_file(int a, int b)
{
    struct stat one, two;
    return fstat(a, &one) == 0 && fstat(b, &two) == 0 && one.st_rdev == two.st_rdev &&
           one.st_ino == two.st_ino && one.st_dev == two.st_dev;
}

/* Whether two terminals are the same one. /dev/tty is a different file than the terminal it stands
   for, but tcgetpgrp() succeeds only for the controlling terminal, and a process has at most one.
 */
static bool is_same_terminal(int a, int b)
{
    if (is_same_file(a, b))
        return true;
    pid_t group = tcgetpgrp(a);
    return group > 0 && tcgetpgrp(b) == group;
}

/* False for character devices other than terminals, such as /dev/null. */
static bool has_lines(int fd)
{
    struct stat file;
    return fstat(fd, &file) == 0 && !S_ISCHR(file.st_mode);
}

/* Whether the terminal supports control sequences, by TERM. */
static bool knows_sequences(void)
{
    const char *term = sys_getenv("TERM");
    return term && strcmp(term, "dumb") != 0;
}

static bool wants_color(const char *color, bool is_terminal)
{
    if (strcmp(color, "auto") != 0)
        return strcmp(color, "always") == 0;
    if (sys_getenv("NO_COLOR"))
        return false;
    const char *force = sys_getenv("CLICOLOR_FORCE");
    if (force && strcmp(force, "0") != 0)
        return true;
    return is_terminal && knows_sequences();
}

/* Shell and compilation buffers of Emacs cannot, regardless of TERM; its terminal emulators can. */
bool terminal_moves_cursor(void)
{
    static const char *const plain[] = {"comint", "compile", "eshell"};
    const char *emacs = getenv("INSIDE_EMACS");
    for (size_t i = 0; emacs && i < sizeof plain / sizeof plain[0]; i++)
        if (strstr(emacs, plain[i]))
            return false;
    return knows_sequences();
}

unsigned terminal_columns(void)
{
    enum { DEFAULT = 80, LEAST = 20, MOST = 10000 };
    struct winsize size;
    const char *variable = getenv("COLUMNS");
    long columns = variable ? strtol(variable, NULL, 10) : 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns = size.ws_col;
    if (columns <= 0)
        columns = DEFAULT;
    if (columns > MOST)
        columns = MOST;
    return columns < LEAST ? LEAST : (unsigned)columns;
}

void terminal_init(struct terminal *t)
{
    *t = (struct terminal){.out = isatty(STDOUT_FILENO), .err = isatty(STDERR_FILENO)};
    t->same = t->out && t->err && is_same_terminal(STDOUT_FILENO, STDERR_FILENO);
    t->same_file = is_same_file(STDOUT_FILENO, STDERR_FILENO) && has_lines(STDOUT_FILENO);
    t->utf8 = terminal_has_utf8();
    terminal_configure(t, "auto", false, 0);
}

void terminal_configure(struct terminal *t, const char *color, bool quiet, int verbosity)
{
    t->quiet = quiet;
    t->verbosity = verbosity;
    t->color = wants_color(color, t->err);
    t->colored = strcmp(color, "always") == 0 || (t->out && wants_color(color, true));
    t->live = t->err && !quiet && terminal_moves_cursor();
}

bool terminal_renders(const struct terminal *t)
{
    const char *term = getenv("TERM");
    return t->out && !(term && strcmp(term, "dumb") == 0);
}

void terminal_disable_status(struct terminal *t)
{
    t->live = false;
}

bool terminal_has_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *locale = sys_getenv(variables[i]);
        if (locale)
            return strstr(locale, "UTF-8") || strstr(locale, "utf8");
    }
    return false;
}

const char *terminal_ellipsis(const struct terminal *t)
{
    return t->utf8 ? "…" : "...";
}

void terminal_release(struct terminal *t)
{
    buf_release(&t->line);
}

void terminal_forget_answer(struct terminal *t, const struct writer *answer)
{
    if (t->answer != answer)
        return;
    t->midline = answer->cut_line && (t->same || t->lines);
    t->answer = NULL;
    t->layout = NULL;
    t->lines = false;
}

static void end_cut_line(struct terminal *t)
{
    terminal_erase_status(t);
    bool cut = t->answer ? t->answer->cut_line : t->midline;
    bool shared = t->same || (t->same_file && (t->lines || t->midline));
    t->midline = false;
    if (!shared || !cut)
        return;
    if (t->answer)
        t->answer->cut_line = false;
    sys_write_all(STDERR_FILENO, "\n", 1, NULL);
}

/* `style` is an SGR parameter for the whole line. Write errors are ignored, except an interruption
   by a signal, which ends the program. */
static int write_line(struct terminal *t, struct span line, const char *style, struct fail *fail)
{
    end_cut_line(t);
    buf_clear(&t->line);
    if (t->color)
        buf_printf(&t->line, "\033[%sm", style);
    buf_span(&t->line, line);
    buf_puts(&t->line, t->color ? "\033[0m\n" : "\n");
    int result = sys_write_all(STDERR_FILENO, t->line.data, t->line.len, NULL);
    if (result != 0 && errno == EINTR && sys_signal())
        return fail_signal(fail, sys_signal());
    return 0;
}

int terminal_begin_line(struct terminal *t, struct fail *fail)
{
    int result = 0;
    if (t->same && t->layout)
        layout_suspend(t->layout);
    if (t->answer && (t->same || (t->same_file && t->lines)))
        result = writer_flush(t->answer, fail);
    end_cut_line(t);
    return result;
}

int terminal_line(struct terminal *t, struct span line, struct fail *fail)
{
    if (t->relay) {
        t->relay->line(t->relay->arg, line);
        return 0;
    }
    int result = terminal_begin_line(t, fail);
    return write_line(t, line, "2", fail) != 0 ? -1 : result;
}

int terminal_empty_list(struct terminal *t, struct span line, struct fail *fail)
{
    return t->out && t->err && !t->quiet ? terminal_line(t, line, fail) : 0;
}

int terminal_failed_line(struct terminal *t, struct span line, struct fail *fail)
{
    int result = terminal_begin_line(t, fail);
    return write_line(t, line, "31", fail) != 0 ? -1 : result;
}

void terminal_put_message(const struct terminal *t, struct buf *line, struct span text)
{
    enum { COLUMNS = 2000, BYTES = 8000 };
    escape_put_short(line, text, COLUMNS, BYTES, t->utf8 ? "… (cut)" : "... (cut)");
}

int terminal_warning(struct terminal *t, struct span text, struct fail *fail)
{
    if (t->relay) {
        t->relay->warning(t->relay->arg, text);
        return 0;
    }
    int result = terminal_begin_line(t, fail);
    struct buf line = {0};
    buf_puts(&line, "sigmasight-chat: warning: ");
    terminal_put_message(t, &line, text);
    if (write_line(t, buf_view(&line), "35", fail) != 0)
        result = -1;
    buf_release(&line);
    return result;
}

void terminal_ask(struct terminal *t, struct span line, struct fail *fail)
{
    if (isatty(STDIN_FILENO) && !t->quiet)
        terminal_line(t, line, fail);
}

/* The first line of a message of the server; the rest is only in JSON output. The program's own
   messages are shown completely: they may contain names with line feeds. */
static struct span select_message(const struct fail *fail)
{
    struct span message = span_trim(span_of(fail->message));
    bool quotes = fail->http_status || fail_is_answer(fail);
    return quotes ? span_first_line(message) : message;
}

void terminal_failure(struct terminal *t, const struct fail *fail)
{
    struct buf line = {0};
    buf_puts(&line, "sigmasight-chat: ");
    if (fail->origin)
        buf_printf(&line, "%s: ", fail->origin);
    terminal_put_message(t, &line, select_message(fail));
    if (fail->hint) {
        buf_puts(&line, "; ");
        terminal_put_message(t, &line, span_of(fail->hint));
    }
    struct fail ignored = FAIL_INIT;
    write_line(t, buf_view(&line), "31", &ignored);
    fail_release(&ignored);
    buf_release(&line);
}
