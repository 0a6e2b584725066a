/* SPDX-License-Identifier: MIT */
#include "commands/message.h"

#include "commands/client.h"
#include "core/utf8.h"
#include "system/system.h"
#include "terminal/editor.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_input(struct buf *message, const struct invocation *in, struct fail *fail)
{
    static const struct span prompt =
        SPAN("Type the message and end it with Ctrl-D on a line of its own.");
    terminal_ask(in->terminal, prompt, fail);
    if (sys_read_all(STDIN_FILENO, message) == 0)
        return 0;
    return sys_fail(fail, FAIL_INPUT, "cannot read standard input");
}

/* The white space that the server removes: that of str.strip() in Python. */
static bool is_python_space(uint32_t c)
{
    return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31) || c == 0x85 || c == 0xA0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

/* The number of characters without the white space at both ends. */
static size_t count_characters(struct span s)
{
    size_t count = 0, blanks = 0;
    uint32_t c;
    for (size_t n; s.len; s = span_make(s.at + n, s.len - n)) {
        n = utf8_next(s, &c);
        if (is_python_space(c)) {
            blanks += count > 0;
        } else {
            count += blanks + 1;
            blanks = 0;
        }
    }
    return count;
}

bool message_is_blank(struct span text)
{
    uint32_t c = ' ';
    while (text.len && is_python_space(c))
        utf8_take(&text, &c);
    return is_python_space(c);
}

int message_check(const struct buf *message, const struct settings *settings, struct fail *fail)
{
    struct span s = buf_view(message);
    const char *nul = s.len ? memchr(s.at, '\0', s.len) : NULL;
    long long limit = setting_number(settings, OPT_MAX_MESSAGE);
    if (message->full)
        return fail_set(fail, FAIL_DATA, "the message is larger than 1 MiB");
    if (!utf8_valid(s))
        return fail_set_hint(fail, FAIL_DATA, "iconv -t UTF-8 converts a file",
                             "the message is not UTF-8 (byte %zu)", utf8_valid_prefix(s) + 1);
    if (nul)
        return fail_set(fail, FAIL_DATA, "the message contains a NUL character (byte %zu)",
                        (size_t)(nul - s.at) + 1);
    size_t count = count_characters(s);
    if (count == 0)
        return fail_set(fail, FAIL_DATA, "the message is empty");
    if (limit && count > (size_t)limit)
        return fail_set_hint(fail, FAIL_DATA, "--max-message changes the limit of this program",
                             "the message has %zu characters, the limit is %lld", count, limit);
    return 0;
}

/* Prints a note if standard input is a pipe that is not read, because TEXT was given. */
static void note_unread_input(const struct invocation *in, struct fail *fail)
{
    static const struct span note =
        SPAN("standard input is not read: - includes it, -- before the text silences this note");
    struct stat st;
    const struct operands *o = in->operands;
    for (size_t i = 0; i < o->count; i++)
        if (o->list[i].literal || operand_is_dash(&o->list[i]))
            return;
    if (o->count && in->terminal->err && !in->terminal->quiet && fstat(STDIN_FILENO, &st) == 0 &&
        S_ISFIFO(st.st_mode))
        terminal_line(in->terminal, note, fail);
}

/* Whether the user writes the message, or a part of it, after the program has started. */
static bool is_typed(const struct invocation *in)
{
    const struct operands *o = in->operands;
    bool reads = o->count == 0 || setting_is(in->settings, OPT_EDIT);
    for (size_t i = 0; i < o->count; i++)
        reads = reads || operand_is_dash(&o->list[i]);
    return reads && isatty(STDIN_FILENO);
}

int message_gather(struct buf *message, const struct invocation *in, struct fail *fail)
{
    const struct operands *o = in->operands;
    bool edit = setting_is(in->settings, OPT_EDIT);
    buf_init(message, MESSAGE_MAX);
    /* A message that was typed would be lost. */
    if (is_typed(in) && client_check(in, fail) != 0)
        return -1;
    note_unread_input(in, fail);
    if (o->count == 0 && !edit && read_input(message, in, fail) != 0)
        return -1;
    for (size_t i = 0; i < o->count; i++) {
        if (i)
            buf_byte(message, ' ');
        if (!operand_is_dash(&o->list[i]))
            buf_puts(message, o->list[i].text);
        else if (read_input(message, in, fail) != 0)
            return -1;
    }
    if (edit && editor_run(message, fail) != 0)
        return -1;
    int result = message_check(message, in->settings, fail);
    if (result != 0 && !edit && !message->full && message_is_blank(buf_view(message)))
        fail_hint(fail, "pass it as an argument or on standard input");
    return result;
}
