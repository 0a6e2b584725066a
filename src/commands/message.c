/* SPDX-License-Identifier: MIT */
#include "commands/message.h"

#include "core/utf8.h"
#include "system/system.h"

#include <unistd.h>

enum { MESSAGE_MAX = 1 << 20 };

static int read_input(struct buf *message, const struct invocation *in, struct fail *fail)
{
    static const struct span prompt =
        SPAN("Type the message and end it with Ctrl-D on a line of its own.");
    terminal_ask(in->terminal, prompt, fail);
    if (sys_read_all(STDIN_FILENO, message) == 0)
        return 0;
    return sys_fail(fail, FAIL_INPUT, "cannot read standard input");
}

/* What the server, written in Python, takes for white space. */
static bool is_space(uint32_t c)
{
    return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31) || c == 0x85 || c == 0xA0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

static bool is_blank(struct span s)
{
    uint32_t c;
    for (size_t n; s.len; s = span_make(s.at + n, s.len - n)) {
        n = utf8_next(s, &c);
        if (!is_space(c))
            return false;
    }
    return true;
}

static int check(const struct buf *message, struct fail *fail)
{
    struct span s = buf_view(message);
    if (message->full) {
        fail_set(fail, FAIL_DATA, "the message is larger than 1 MiB");
        fail_hint(fail, "servers take no more than 4000 characters");
        return -1;
    }
    if (!utf8_valid(s)) {
        fail_set(fail, FAIL_DATA, "the message is not UTF-8 (byte %zu)", utf8_valid_prefix(s) + 1);
        fail_hint(fail, "iconv -t UTF-8 converts a file");
        return -1;
    }
    if (s.len == 0 || is_blank(s)) {
        fail_set(fail, FAIL_DATA, "the message is empty");
        fail_hint(fail, "give it as an argument or on standard input");
        return -1;
    }
    return 0;
}

int message_gather(struct buf *message, const struct invocation *in, struct fail *fail)
{
    const struct operands *o = in->operands;
    buf_init(message, MESSAGE_MAX);
    if (o->count == 0 && read_input(message, in, fail) != 0)
        return -1;
    for (size_t i = 0; i < o->count; i++) {
        if (i)
            buf_byte(message, ' ');
        if (!operand_is_dash(&o->list[i]))
            buf_puts(message, o->list[i].text);
        else if (read_input(message, in, fail) != 0)
            return -1;
    }
    return check(message, fail);
}
