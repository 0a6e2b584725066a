/* SPDX-License-Identifier: MIT */
#include "terminal/prompt.h"

#include "system/system.h"

#include <signal.h>
#include <unistd.h>

enum {
    LINE_BYTES = 2 << 20, /* a longer line is truncated */
    TOGETHER_US = 20000   /* the longest time between two lines of a paste */
};

static const char first_prompt[] = "> ", next_prompt[] = "... ";

void prompt_init(struct prompt *p, struct terminal *terminal, bool (*is_alone)(struct span line))
{
    *p = (struct prompt){.terminal = terminal, .is_alone = is_alone};
    line_input_init(&p->input, LINE_BYTES);
    if (terminal_moves_cursor())
        p->editor = line_editor_new();
}

void prompt_release(struct prompt *p)
{
    line_editor_free(p->editor);
    line_input_release(&p->input);
    *p = (struct prompt){.editor = NULL};
}

void prompt_remember(struct prompt *p, struct span message)
{
    if (p->editor)
        line_editor_remember(p->editor, message);
}

/* Removes the backslash at the end of a line that continues on the next one. */
static bool take_continuation(struct buf *message, size_t from)
{
    if (message->len == from || message->data[message->len - 1] != '\\')
        return false;
    message->len--;
    return true;
}

static int end_input(enum line_end *end, struct fail *fail)
{
    bool interrupted = sys_signal() == SIGINT;
    sys_interrupt_forget();
    sys_write_all(STDERR_FILENO, "\n", 1, NULL);
    if (interrupted) {
        fail_release(fail);
        *end = LINE_CLEARED;
        return 0;
    }
    if (fail_is_set(fail))
        return -1;
    *end = LINE_OVER;
    return 0;
}

/* Reads the lines that are ready, edited by the terminal. */
static int read_ready_lines(struct prompt *p, const char *prompt, struct buf *message,
                            enum line_end *end, struct fail *fail)
{
    struct span line;
    bool more;
    size_t lines = 0;
    sys_write_all(STDERR_FILENO, prompt, strlen(prompt), NULL);
    do {
        enum input_result result = line_input_read(&p->input, &line, fail);
        if (result == INPUT_END && lines > 0)
            break;
        if (result <= INPUT_END)
            return end_input(end, fail);
        lines++;
        bool is_alone = message->len == 0 && p->is_alone(line);
        buf_span(message, line);
        more = !is_alone && line_input_is_ready(&p->input, TOGETHER_US);
        if (more) {
            take_continuation(message, message->len - line.len);
            buf_byte(message, '\n');
        }
    } while (more);
    *end = LINE_ENTERED;
    return 0;
}

int prompt_read(struct prompt *p, struct buf *message, enum line_end *end, struct fail *fail)
{
    bool goes_on = false;
    buf_clear(message);
    if (terminal_begin_line(p->terminal, fail) != 0)
        return -1;
    do {
        const char *prompt = goes_on ? next_prompt : first_prompt;
        size_t from = message->len;
        int result = p->editor ? line_editor_read(p->editor, prompt, message, end, fail)
                               : read_ready_lines(p, prompt, message, end, fail);
        if (result != 0)
            return -1;
        goes_on = *end == LINE_ENTERED && take_continuation(message, from);
        if (goes_on)
            buf_byte(message, '\n');
    } while (goes_on);
    if (*end == LINE_EMPTY && message->len)
        *end = LINE_CLEARED;
    return 0;
}
