/* SPDX-License-Identifier: MIT */
#include "terminal/input.h"

#include "system/system.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2 << 20 };

void input_release(struct input *in)
{
    buf_release(&in->bytes);
    *in = (struct input){.is_over = false};
}

/* The line feed that ends the next line, NULL if it was not read yet. */
static const char *find_end(struct input *in)
{
    const char *end = NULL;
    if (in->searched < in->bytes.len)
        end = memchr(in->bytes.data + in->searched, '\n', in->bytes.len - in->searched);
    in->searched = end ? (size_t)(end - in->bytes.data) : in->bytes.len;
    return end;
}

/* -1 with *fail. */
static int read_input_chunk(struct input *in, struct fail *fail)
{
    char chunk[8192];
    if (in->taken)
        buf_drop(&in->bytes, in->taken);
    in->searched -= in->taken;
    in->taken = 0;
    if (in->bytes.len > LINE_MAX_BYTES)
        in->bytes.len = in->searched = LINE_MAX_BYTES;
    if (sys_wait(STDIN_FILENO, POLLIN, INT64_MAX) < 0)
        return fail_signal(fail, sys_signal());
    ssize_t n = sys_read(STDIN_FILENO, chunk, sizeof chunk);
    int error = errno;
    if (n < 0 && error == EIO && isatty(STDIN_FILENO)) /* the terminal was closed */
        n = 0;
    errno = error;
    if (n < 0)
        return sys_fail(fail, FAIL_INPUT, "cannot read standard input");
    in->is_over = n == 0;
    buf_append(&in->bytes, chunk, (size_t)n);
    return 0;
}

int input_line(struct input *in, struct span *line, struct fail *fail)
{
    const char *end;
    while (!(end = find_end(in)) && !in->is_over)
        if (read_input_chunk(in, fail) != 0)
            return -1;
    if (!end && in->taken == in->bytes.len) {
        in->is_over = false; /* a terminal can be read again after Ctrl-D */
        return 0;
    }
    *line = span_make(in->bytes.data + in->taken, in->searched - in->taken);
    in->taken = in->searched = in->searched + (end ? 1 : 0);
    return 1;
}

bool input_is_ready(const struct input *in, int64_t us)
{
    size_t left = in->bytes.len - in->taken;
    if (in->is_over)
        return false;
    if (left && memchr(in->bytes.data + in->taken, '\n', left))
        return true;
    return sys_wait(STDIN_FILENO, POLLIN, sys_now_us() + us) > 0;
}
