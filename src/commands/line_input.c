/* SPDX-License-Identifier: MIT */
#include "commands/line_input.h"

#include "core/utf8.h"
#include "system/system.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 65536 };

int line_input_open(struct line_input *in, const char *path, size_t max, struct fail *fail)
{
    struct stat st;
    bool is_standard = !path || strcmp(path, "-") == 0;
    *in = (struct line_input){.name = is_standard ? "standard input" : path, .max = max};
    in->fd = is_standard ? STDIN_FILENO : sys_open(path, O_RDONLY, 0);
    if (in->fd < 0)
        return sys_fail(fail, FAIL_INPUT, "cannot read %s", in->name);
    in->is_regular = fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode);
    off_t at = in->is_regular ? lseek(in->fd, 0, SEEK_CUR) : 0;
    in->size = in->is_regular ? (int64_t)(st.st_size - at) : 0;
    return in->is_regular ? line_input_fill(in, fail) : 0;
}

void line_input_release(struct line_input *in)
{
    if (in->fd > STDIN_FILENO)
        close(in->fd);
    buf_release(&in->data);
    *in = (struct line_input){.fd = -1};
}

int line_input_fill(struct line_input *in, struct fail *fail)
{
    buf_drop(&in->data, in->start);
    in->searched -= in->start;
    in->start = 0;
    buf_reserve(&in->data, PIECE);
    ssize_t n = sys_read(in->fd, in->data.data + in->data.len, PIECE);
    if (n < 0)
        return sys_fail(fail, FAIL_INPUT, "cannot read %s", in->name);
    in->data.len += (size_t)n;
    in->is_over = n == 0;
    return 0;
}

/* Returns the line that ends at `end` and consumes it with its line feed, if any. */
static enum line_result take(struct line_input *in, size_t end, bool has_feed, struct span *line)
{
    bool is_too_long = in->is_passing || end - in->start > in->max;
    *line = span_make(in->data.data + in->start, end - in->start);
    in->offset += (int64_t)(end - in->start) + has_feed;
    in->start = in->searched = end + has_feed;
    in->is_passing = false;
    in->number++;
    return is_too_long ? LINE_TOO_LONG : LINE_READ;
}

/* A byte order mark at the beginning belongs to no line. */
static void pass_mark(struct line_input *in)
{
    enum { MARK = 3 /* bytes */ };
    if (in->number || in->is_begun || in->data.len < MARK)
        return;
    in->is_begun = true;
    in->start = in->searched = in->data.len - utf8_skip_mark(buf_view(&in->data)).len;
}

enum line_result line_input_next(struct line_input *in, struct span *line)
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
                                                          : LINE_END;
    if (in->data.len - in->start > in->max) {
        in->offset += (int64_t)(in->data.len - in->start);
        in->start = in->data.len;
        in->is_passing = true;
    }
    return LINE_MORE;
}

enum line_result line_input_read(struct line_input *in, struct span *line, struct fail *fail)
{
    enum line_result result;
    while ((result = line_input_next(in, line)) == LINE_MORE)
        if (line_input_fill(in, fail) != 0)
            return LINE_ERROR;
    return result;
}
