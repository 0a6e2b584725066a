/* SPDX-License-Identifier: MIT */
#include "chat/worker.h"

#include "core/xmalloc.h"
#include "system/system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct worker_header {
    enum worker_kind kind;
    enum fail_cause cause;
    int status;
    size_t len[WORKER_PARTS];
};

int worker_send(int fd, const struct worker_message *message)
{
    struct worker_header header = {
        .kind = message->kind, .cause = message->cause, .status = message->status};
    struct buf out = {0};
    size_t all = sizeof header;
    for (int i = 0; i < WORKER_PARTS; i++)
        all += header.len[i] = message->part[i].len;
    buf_reserve(&out, all); /* a reallocation could leave a copy of the token in freed memory */
    buf_append(&out, &header, sizeof header);
    for (int i = 0; i < WORKER_PARTS; i++)
        buf_span(&out, message->part[i]);
    int result = sys_write_all(fd, out.data, out.len, NULL), saved = errno;
    buf_wipe(&out);
    errno = saved;
    return result;
}

size_t worker_parse(const struct buf *in, struct worker_message *message)
{
    struct worker_header header;
    size_t at = sizeof header;
    if (in->len < sizeof header)
        return 0;
    memcpy(&header, in->data, sizeof header);
    *message = (struct worker_message){
        .kind = header.kind, .cause = header.cause, .status = header.status};
    for (int i = 0; i < WORKER_PARTS; i++) {
        if (in->len - at < header.len[i])
            return 0;
        message->part[i] = span_make(in->data + at, header.len[i]);
        at += header.len[i];
    }
    return at;
}

int worker_read(int fd, struct buf *in)
{
    enum { PIECE = 65536 };
    buf_reserve(in, PIECE);
    ssize_t n = sys_read(fd, in->data + in->len, PIECE);
    if (n > 0)
        in->len += (size_t)n;
    return n > 0 ? 1 : (int)n;
}

int worker_start(struct worker *w, struct worker *all, size_t count, void (*run)(void *arg, int fd),
                 void *arg, struct fail *fail)
{
    int *others = xcalloc(count, sizeof *others), fd;
    size_t open = 0;
    for (size_t i = 0; i < count; i++)
        if (all[i].pid)
            others[open++] = all[i].fd;
    pid_t pid = sys_job_fork(&fd, others, open);
    int error = errno;
    free(others);
    errno = error;
    if (pid < 0)
        return sys_fail(fail, FAIL_SOFTWARE, "cannot start a job");
    if (pid == 0) {
        run(arg, fd);
        sys_job_exit(0);
    }
    *w = (struct worker){.pid = pid, .fd = fd};
    return 0;
}

int worker_finish(struct worker *w, int signal)
{
    close(w->fd);
    int status = sys_job_reap(w->pid, signal);
    buf_wipe(&w->in);
    *w = (struct worker){.fd = -1};
    return status;
}
