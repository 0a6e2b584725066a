/* SPDX-License-Identifier: MIT */
#include "mock/http/dump.h"

#include "core/xmalloc.h"
#include "system/system.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct dump {
    pthread_mutex_t lock;
    const char *directory;
    int log;
    unsigned count;
};

struct dump *dump_new(const char *directory, struct fail *f)
{
    struct buf path = {0};
    /* If this fails, creating the log shows whether the directory exists. */
    mkdir(directory, 0777);
    buf_printf(&path, "%s/log", directory);
    int log = sys_open(buf_text(&path), O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (log < 0)
        fail_errno(f, FAIL_CREATE, errno, "cannot create %s", buf_text(&path));
    buf_release(&path);
    if (log < 0)
        return NULL;
    struct dump *d = xcalloc(1, sizeof *d);
    pthread_mutex_init(&d->lock, NULL);
    d->directory = directory;
    d->log = log;
    return d;
}

void dump_free(struct dump *d)
{
    if (!d)
        return;
    close(d->log);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

static int write_new_file(const char *path, struct span bytes)
{
    int fd = sys_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0)
        return -1;
    int result = sys_write_all(fd, bytes.at, bytes.len, NULL);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

/* Not sys_replace_file: a test needs no fsync(2) for each request. */
int dump_write_file(const char *path, struct span bytes, struct fail *f)
{
    char *part = buf_format("%s.part", path);
    int result = 0;
    if (write_new_file(part, bytes) != 0 || sys_rename(part, path) != 0) {
        result = fail_errno(f, FAIL_OUTPUT, errno, "cannot write %s", path);
        sys_unlink(part);
    }
    free(part);
    return result;
}

static enum MHD_Result put_request_header(void *out, enum MHD_ValueKind kind, const char *name,
                                          const char *value)
{
    (void)kind;
    buf_printf(out, "%s: %s\r\n", name, value ? value : "");
    return MHD_YES;
}

int dump_request(struct dump *d, const struct request *r, struct fail *f)
{
    struct buf bytes = {0}, path = {0}, line = {0};
    buf_printf(&bytes, "%s %s %s\r\n", r->method, r->target, r->version);
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, put_request_header, &bytes);
    buf_puts(&bytes, "\r\n");
    buf_span(&bytes, buf_view(&r->body));
    buf_printf(&line, "%s %s\n", r->method, r->target);
    pthread_mutex_lock(&d->lock);
    buf_printf(&path, "%s/%04u.request", d->directory, ++d->count);
    int result = dump_write_file(buf_text(&path), buf_view(&bytes), f);
    if (result == 0 && sys_write_all(d->log, line.data, line.len, NULL) != 0)
        result = fail_errno(f, FAIL_OUTPUT, errno, "cannot write %s/log", d->directory);
    pthread_mutex_unlock(&d->lock);
    buf_release(&bytes);
    buf_release(&path);
    buf_release(&line);
    return result;
}
