/* SPDX-License-Identifier: MIT */
#include "terminal/writer.h"

#include "core/xmalloc.h"
#include "system/system.h"
#include "terminal/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

void writer_init(struct writer *o, int fd, const char *name)
{
    *o = (struct writer){.fd = fd, .name = xstrdup(name), .terminal = isatty(fd)};
}

void writer_init_standard(struct writer *o)
{
    writer_init(o, STDOUT_FILENO, "standard output");
    sys_reader_watch(STDOUT_FILENO);
}

int writer_create(struct writer *o, const char *path, bool keep, struct fail *fail)
{
    int fd = sys_open(path, O_WRONLY | O_CREAT | (keep ? 0 : O_TRUNC), 0666);
    if (fd < 0)
        return sys_fail(fail, FAIL_CREATE, "cannot create %s", path);
    writer_init(o, fd, path);
    o->owned = true;
    return 0;
}

int writer_descriptor(struct writer *o, int fd, struct fail *fail)
{
    int flags = fcntl(fd, F_GETFL);
    /* A close-on-exec descriptor was opened by this process, not by the caller. */
    bool ours = flags >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC);
    if (flags < 0 || ours || (flags & O_ACCMODE) == O_RDONLY) {
        char *hint = buf_format("open it in the shell, as in %d>events.jsonl", fd);
        fail_set_hint(fail, FAIL_USAGE, hint, "descriptor %d: not open for writing", fd);
        free(hint);
        return -1;
    }
    struct buf name = {0};
    buf_printf(&name, "descriptor %d", fd);
    writer_init(o, fd, buf_text(&name));
    buf_release(&name);
    return 0;
}

void writer_release(struct writer *o)
{
    if (o->owned && o->fd >= 0)
        close(o->fd);
    free(o->name);
    buf_release(&o->pending);
    *o = (struct writer){.fd = -1};
}

void writer_put_json(struct writer *o, struct span json)
{
    if (o->terminal)
        escape_put_json(&o->pending, json);
    else
        buf_span(&o->pending, json);
}

static int write_failed(struct writer *o, int error, struct fail *fail)
{
    o->broken = error != EINTR;
    if (error == EPIPE && sys_sigpipe_kills())
        return fail_signal(fail, SIGPIPE);
    errno = error;
    return sys_fail(fail, FAIL_OUTPUT, "cannot write %s", o->name);
}

/* Writes pending bytes and removes those that were written. 0, or the errno. */
static int write_pending(struct writer *o)
{
    size_t written;
    int result = sys_write_all(o->fd, o->pending.data, o->pending.len, &written);
    int error = result == 0 ? 0 : errno;
    if (written)
        o->cut_line = o->pending.data[written - 1] != '\n';
    if (written == o->pending.len)
        buf_clear(&o->pending);
    else
        buf_drop(&o->pending, written);
    return error;
}

int writer_flush(struct writer *o, struct fail *fail)
{
    if (o->pending.len == 0)
        return 0;
    if (o->broken) {
        buf_clear(&o->pending);
        return 0;
    }
    int error = write_pending(o);
    return error ? write_failed(o, error, fail) : 0;
}

static void write_what_fits(struct writer *o, bool whole_lines)
{
    bool fits = !o->broken && !(whole_lines && o->cut_line);
    if (fits && o->pending.len && sys_writable_now(o->fd))
        write_pending(o);
    o->broken = true;
}

int writer_end(struct writer *o, bool ends_process, bool whole_lines, struct fail *fail)
{
    if (!ends_process)
        return writer_flush(o, fail);
    write_what_fits(o, whole_lines);
    return 0;
}

int writer_close(struct writer *o, struct fail *fail)
{
    if (!o->owned)
        return 0;
    o->owned = false;
    return close(o->fd) != 0 && !o->broken ? write_failed(o, errno, fail) : 0;
}

int writer_close_standard(struct fail *fail)
{
    return sys_stdout_close() == 0 ? 0
                                   : sys_fail(fail, FAIL_OUTPUT, "cannot write standard output");
}

int writer_finish(struct writer *o, struct fail *fail)
{
    int result = writer_flush(o, fail);
    writer_release(o);
    return result;
}

int writer_restart(struct writer *o, struct fail *fail)
{
    buf_clear(&o->pending);
    if (lseek(o->fd, 0, SEEK_SET) == 0 && ftruncate(o->fd, 0) != 0 && errno != EINVAL)
        return sys_fail(fail, FAIL_OUTPUT, "cannot truncate %s", o->name);
    return 0;
}
