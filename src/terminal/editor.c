/* SPDX-License-Identifier: MIT */
#include "terminal/editor.h"

#include "system/system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The exit status of sh. */
enum { COMMAND_NOT_FOUND = 127 };

static const char *find_variable(const char *first, const char *second, const char *fallback)
{
    const char *value = sys_getenv(first);
    if (!value)
        value = sys_getenv(second);
    return value ? value : fallback;
}

/* Writes the text to a new file in the directory for temporary files, and its name to `path`. */
static int write_text(const struct buf *text, struct buf *path, struct fail *fail)
{
    const char *directory = find_variable("XDG_RUNTIME_DIR", "TMPDIR", "/tmp");
    int result;
    do {
        buf_clear(path);
        buf_printf(path, "%s/sigmasight-chat-%08x.md", directory, (unsigned)sys_random());
        result = sys_create_file(buf_text(path), text->data, text->len);
    } while (result != 0 && errno == EEXIST);
    return result == 0 ? 0 : sys_fail(fail, FAIL_CREATE, "cannot create %s", buf_text(path));
}

/* An editor may replace the file, so it is opened by its name. */
static int read_edited_text(struct buf *text, const char *path, struct fail *fail)
{
    buf_clear(text);
    return sys_read_file(path, text) == 0 ? 0 : sys_fail(fail, FAIL_DATA, "cannot read %s", path);
}

int editor_check(struct fail *fail)
{
    return sys_has_terminal() ? 0 : fail_set(fail, FAIL_USAGE, "no terminal for the editor");
}

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789+,-./:@_~";

/* Appends a command for the shell that opens "$@". A signal is sent to the process that was
   started: therefore the shell is replaced by the editor if that is a single program. Otherwise a
   trap keeps the shell alive while the editor handles Ctrl-C; the editor does not inherit it. */
static void put_command(struct buf *command, const char *editor)
{
    size_t blanks = strspn(editor, " \t");
    int len = (int)strspn(editor + blanks, name_characters);
    /* strchr(3) finds the terminator, too. */
    bool is_word = len > 0 && strchr(" \t", editor[blanks + (size_t)len]);
    /* `command -v` prints a path unless the shell itself implements the command. */
    if (is_word && !strpbrk(editor, ";&|#\n"))
        buf_printf(command, "case $(command -v %.*s) in */*) exec %s \"$@\";; esac; ", len,
                   editor + blanks, editor);
    buf_printf(command, "trap : INT QUIT; %s \"$@\"", editor);
}

int editor_open(const char *path, struct fail *fail)
{
    const char *editor = find_variable("VISUAL", "EDITOR", "vi");
    struct buf command = {0};
    put_command(&command, editor);
    int status = sys_run_at_terminal(buf_text(&command), path);
    int error = errno;
    buf_release(&command);
    errno = error;
    if (status < 0)
        return sys_fail(fail, FAIL_DATA, "cannot run the editor '%s'", editor);
    if (WIFSIGNALED(status))
        return fail_set(fail, FAIL_DATA, "editor '%s' killed by signal %d", editor,
                        WTERMSIG(status));
    if (status != 0 && WEXITSTATUS(status) == COMMAND_NOT_FOUND)
        return fail_set_hint(fail, FAIL_DATA, "set VISUAL or EDITOR to an installed editor",
                             "editor '%s' failed with exit status %d", editor, COMMAND_NOT_FOUND);
    if (status != 0)
        return fail_set(fail, FAIL_DATA, "editor '%s' failed with exit status %d", editor,
                        WEXITSTATUS(status));
    return 0;
}

static void drop_blank_lines(struct buf *text)
{
    while (text->len) {
        size_t line = text->len;
        while (line && span_is_blank(text->data[line - 1]) && text->data[line - 1] != '\n')
            line--;
        if (line && text->data[line - 1] != '\n')
            break;
        text->len = line ? line - 1 : 0;
        if (text->len && text->data[text->len - 1] == '\r')
            text->len--;
    }
}

int editor_run(struct buf *text, struct fail *fail)
{
    struct buf path = {0};
    int result = editor_check(fail);
    if (result == 0)
        result = write_text(text, &path, fail);
    if (result == 0) {
        const char *name = buf_text(&path);
        result = editor_open(name, fail);
        if (result == 0)
            result = read_edited_text(text, name, fail);
        unlink(name);
    }
    drop_blank_lines(text);
    buf_release(&path);
    return result;
}
