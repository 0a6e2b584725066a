/* SPDX-License-Identifier: MIT */
#include "mock/http/server.h"

#include "core/xmalloc.h"
#include "mock/backend/backend.h"
#include "mock/http/dump.h"
#include "mock/http/listener.h"
#include "mock/http/respond.h"
#include "mock/http/stage.h"
#include "mock/scenario/control.h"
#include "mock/scenario/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The library's buffer for a connection, which bounds how large a chunk can be. Only what is used
   of it costs memory. */
enum { SERVER_CONNECTION_MEMORY = 2 * 1024 * 1024 };

struct server {
    const struct options *options;
    struct stage *stage;
    struct backend *backend;
    struct scenario *scenario; /* NULL for none */
    struct dump *dump;         /* NULL for none */
    struct MHD_Daemon *daemon;
    int listener; /* the daemon's once that runs */
    uint16_t port;
};

static int connection_fd(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? (int)info->connect_fd : -1;
}

/* Called before the library decodes the target, which only here is as it came. */
static void *begin_request(void *server, const char *target, struct MHD_Connection *connection)
{
    (void)server;
    struct request *r = xcalloc(1, sizeof *r);
    r->connection = connection;
    r->fd = connection_fd(connection);
    r->target = xstrdup(target);
    buf_init(&r->body, REQUEST_BODY_MAX);
    return r;
}

static void end_request(void *server, struct MHD_Connection *connection, void **context,
                        enum MHD_RequestTerminationCode why)
{
    (void)connection, (void)why;
    struct request *r = *context;
    if (!r)
        return;
    if (r->counted)
        stage_end(((struct server *)server)->stage);
    free(r->method);
    free(r->target);
    free(r->version);
    free(r->path);
    buf_release(&r->body);
    free(r);
    *context = NULL;
}

static void dump(struct server *s, const struct request *r)
{
    struct fail f = FAIL_INIT;
    if (s->dump && dump_request(s->dump, r, &f) != 0)
        fprintf(stderr, "sigmasight-mock: %s\n", f.message);
    fail_release(&f);
}

static enum MHD_Result answer(struct server *s, struct request *r)
{
    struct reply reply;
    reply_init(&reply);
    if (control_owns(r->path)) {
        control_answer(s->stage, r, &reply);
    } else {
        r->counted = true;
        stage_begin(s->stage);
        dump(s, r);
        if (!s->scenario || !scenario_answer(s->scenario, r, &reply))
            backend_answer(s->backend, r, &reply);
    }
    return respond(&reply, r, s->stage);
}

/* The library calls this when the headers have come, for each part of the body, and at its end. */
static enum MHD_Result on_request(void *server, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **context)
{
    (void)connection;
    struct request *r = *context;
    if (!r->method) {
        r->method = xstrdup(method);
        r->version = xstrdup(version);
        r->path = xstrdup(path);
        return MHD_YES;
    }
    if (*upload_len > 0) {
        buf_append(&r->body, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    return answer(server, r);
}

static int start_daemon(struct server *s, struct fail *f)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_POLL | MHD_USE_ITC | (s->options->ipv6 ? MHD_USE_IPv6 : 0U);
    s->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, s->listener,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_CONNECTION_MEMORY,
                         MHD_OPTION_URI_LOG_CALLBACK, begin_request, s, MHD_OPTION_NOTIFY_COMPLETED,
                         end_request, s, MHD_OPTION_END);
    if (!s->daemon)
        return fail_set(f, FAIL_SOFTWARE, "cannot start the HTTP server");
    s->listener = -1;
    return 0;
}

static int prepare(struct server *s, struct fail *f)
{
    const struct options *o = s->options;
    s->stage = stage_new();
    if (!s->stage)
        return fail_errno(f, FAIL_SOFTWARE, errno, "cannot make a pipe");
    if (o->scenario && !(s->scenario = scenario_load(o->scenario, f)))
        return -1;
    if (!(s->backend = backend_new(o, f)))
        return -1;
    if (o->dump && !(s->dump = dump_new(o->dump, f)))
        return -1;
    s->port = (uint16_t)o->port;
    s->listener = listener_open(o->ipv6, &s->port, f);
    return s->listener < 0 ? -1 : 0;
}

struct server *server_start(const struct options *options, struct fail *f)
{
    struct server *s = xcalloc(1, sizeof *s);
    s->options = options;
    s->listener = -1;
    if (prepare(s, f) == 0 && start_daemon(s, f) == 0)
        return s;
    server_stop(s);
    return NULL;
}

void server_stop(struct server *s)
{
    if (!s)
        return;
    if (s->stage)
        stage_stop(s->stage);
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    if (s->listener >= 0)
        close(s->listener);
    dump_free(s->dump);
    scenario_free(s->scenario);
    backend_free(s->backend);
    stage_free(s->stage);
    free(s);
}

uint16_t server_port(const struct server *s)
{
    return s->port;
}
