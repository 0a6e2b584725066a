/* SPDX-License-Identifier: MIT */
#include "system/line_input.h"

#include "core/utf8.h"
#include "system/system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 65536 };

static void attach(struct line_input *in, int fd, const char *name, size_t max)
{
    struct stat st;
    *in = (struct line_input){.fd = fd, .name = name, .max = max};
    in->is_regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    in->size = in->is_regular ? (int64_t)(st.st_size - lseek(fd, 0, SEEK_CUR)) : 0;
}

void line_input_init(struct line_input *in, size_t max)
{
    attach(in, STDIN_FILENO, "standard input", max);
}

int line_input_open(struct line_input *in, const char *path, size_t max, struct fail *fail)
{
    if (!path) {
        line_input_init(in, max);
    } else {
        int fd = sys_open(path, O_RDONLY, 0);
        *in = (struct line_input){.fd = fd};
        if (fd < 0)
            return sys_fail(fail, FAIL_INPUT, "cannot read %s", path);
        attach(in, fd, path, max);
    }
    return in->is_regular ? line_input_fill(in, fail) : 0;
}

void line_input_release(struct line_input *in)
{
    if (in->fd > STDIN_FILENO)
        close(in->fd);
    buf_release(&in->data);
    *in = (struct line_input){.fd = -1};
}

/* As sys_read, but a signal that was caught before takes precedence over input that is ready, and a
   terminal that was closed (EIO) is at its end. */
static ssize_t read_block(const struct line_input *in, char *block)
{
    if (!in->is_regular && sys_wait(in->fd, POLLIN, INT64_MAX) < 0)
        return -1;
    ssize_t n = sys_read(in->fd, block, BLOCK);
    int error = errno;
    if (n < 0 && error == EIO && isatty(in->fd))
        n = 0;
    errno = error;
    return n;
}

int line_input_fill(struct line_input *in, struct fail *fail)
{
    buf_drop(&in->data, in->start);
    in->searched -= in->start;
    in->start = 0;
    buf_reserve(&in->data, BLOCK);
    ssize_t n = read_block(in, in->data.data + in->data.len);
    if (n < 0)
        return sys_fail(fail, FAIL_INPUT, "cannot read %s", in->name);
    in->data.len += (size_t)n;
    in->is_over = n == 0;
    return 0;
}

/* Returns the line that ends at `end` and consumes it with its line feed, if any. The CR of a CRLF
   terminator, which the last line may have without its LF, does not belong to the line. */
static enum input_result take(struct line_input *in, size_t end, bool has_feed, struct span *line)
{
    size_t len = end - in->start;
    in->offset += (int64_t)len + has_feed;
    if (len > 0 && in->data.data[end - 1] == '\r')
        len--;
    bool is_too_long = in->is_passing || len > in->max;
    *line = span_make(in->data.data + in->start, len < in->max ? len : in->max);
    in->start = in->searched = end + has_feed;
    in->is_passing = false;
    in->number++;
    return is_too_long ? INPUT_TOO_LONG : INPUT_LINE;
}

/* A byte order mark at the beginning belongs to no line. */
static void pass_mark(struct line_input *in)
{
    enum { MARK = 3 /* bytes */ };
    if (in->number || in->is_begun || in->data.len < MARK)
        return;
    in->is_begun = true;
    in->start = in->searched = in->data.len - utf8_skip_mark(buf_view(&in->data)).len;
    in->offset = (int64_t)in->start;
}

enum input_result line_input_next(struct line_input *in, struct span *line)
{
    pass_mark(in);
    const char *feed = in->data.len > in->searched
                           ? memchr(in->data.data + in->searched, '\n', in->data.len - in->searched)
                           : NULL;
    if (feed)
        return take(in, (size_t)(feed - in->data.data), true, line);
    in->searched = in->data.len;
    if (in->is_over)
        return in->data.len > in->start || in->is_passing ? take(in, in->data.len, false, line)
                                                          : INPUT_END;
    if (in->data.len - in->start > in->max + 1) { /* the last byte may be the CR of a terminator */
        in->offset += (int64_t)(in->data.len - in->start - in->max);
        in->data.len = in->searched = in->start + in->max;
        in->is_passing = true;
    }
    return INPUT_MORE;
}

enum input_result line_input_read(struct line_input *in, struct span *line, struct fail *fail)
{
    enum input_result result;
    while ((result = line_input_next(in, line)) == INPUT_MORE)
        if (line_input_fill(in, fail) != 0)
            return INPUT_ERROR;
    return result;
}

bool line_input_is_ready(const struct line_input *in, int64_t us)
{
    if (in->is_over)
        return false;
    size_t left = in->data.len - in->start;
    if (left && memchr(in->data.data + in->start, '\n', left))
        return true;
    return sys_wait(in->fd, POLLIN, sys_now_us() + us) > 0;
}
