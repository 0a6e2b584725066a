/* SPDX-License-Identifier: MIT */
#include "mock/http/server.h"

#include "core/xmalloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

enum {
    BACKLOG = 128,
    /* libmicrohttpd's buffer for a connection, which bounds the size of a chunk. Only the part
       that is used costs memory. */
    CONNECTION_MEMORY = 2 * 1024 * 1024,
    /* The size in which libmicrohttpd asks for a streamed body, if its buffer has that much room.
     */
    STREAM_BLOCK = 1024 * 1024
};

struct server {
    struct gates *gates;
    server_answer_fn *answer;
    void *arg;
    struct MHD_Daemon *daemon;
};

/* --- the response --- */

static enum MHD_Result queue_response(const struct reply *reply, const struct request *request,
                                      struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    for (size_t i = 0; i < reply->headers.count; i++) {
        const struct header *h = &reply->headers.list[i];
        /* libmicrohttpd writes this one itself, from the length of the response. */
        if (strcasecmp(h->name, "content-length") != 0)
            MHD_add_response_header(response, h->name, h->value);
    }
    enum MHD_Result result = MHD_queue_response(request->connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static ssize_t read_stream(void *play, uint64_t position, char *out, size_t max)
{
    (void)position;
    size_t len;
    switch (play_next(play, out, max, &len)) {
    case PLAY_ON:
        return (ssize_t)len;
    case PLAY_DONE:
        return MHD_CONTENT_READER_END_OF_STREAM;
    default:
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
}

static void free_stream(void *play)
{
    play_free(play);
}

/* libmicrohttpd has one reason phrase for each status. A head with another one is written here;
   the end of the connection ends its body. */
static void put_response_head(const struct reply *reply, struct buf *head)
{
    buf_printf(head, "HTTP/1.1 %u %s\r\n", reply->status, reply->reason);
    for (size_t i = 0; i < reply->headers.count; i++)
        buf_printf(head, "%s: %s\r\n", reply->headers.list[i].name, reply->headers.list[i].value);
    buf_puts(head, "connection: close\r\n\r\n");
}

/* NULL if the connection must be closed: after a response without libmicrohttpd, or on a failure.
 */
static struct MHD_Response *make_response(struct server *s, const struct request *request,
                                          struct reply *reply)
{
    if (!reply->streamed)
        return MHD_create_response_from_buffer(reply->body.len, reply->body.data,
                                               MHD_RESPMEM_MUST_COPY);
    struct play *play = play_new(&reply->script, s->gates, request->fd);
    if (play_steps(play, reply->lead) != PLAY_ON || reply->bare || reply->reason) {
        struct buf head = {0};
        if (reply->reason)
            put_response_head(reply, &head);
        play_to_socket(play, buf_view(&head));
        buf_release(&head);
        play_free(play);
        return NULL;
    }
    uint64_t length = reply->length < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)reply->length;
    return MHD_create_response_from_callback(length, STREAM_BLOCK, read_stream, play, free_stream);
}

static enum MHD_Result respond(struct server *s, struct request *request)
{
    struct reply reply;
    reply_init(&reply);
    s->answer(s->arg, request, &reply);
    enum MHD_Result result = queue_response(&reply, request, make_response(s, request, &reply));
    reply_release(&reply);
    return result;
}

/* --- the request --- */

/* Called before libmicrohttpd decodes the target in place. */
static void *begin_request(void *server, const char *target, struct MHD_Connection *connection)
{
    (void)server;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct request *r = xcalloc(1, sizeof *r);
    r->connection = connection;
    r->fd = info ? (int)info->connect_fd : -1;
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
        gates_end_request(((struct server *)server)->gates);
    free(r->target);
    buf_release(&r->body);
    free(r);
    *context = NULL;
}

/* libmicrohttpd calls this after the header, for each part of the body, and at its end. */
static enum MHD_Result receive_request(void *server, struct MHD_Connection *connection,
                                       const char *path, const char *method, const char *version,
                                       const char *upload, size_t *upload_len, void **context)
{
    (void)connection;
    struct request *r = *context;
    if (!r->method) {
        r->method = method;
        r->version = version;
        r->path = path;
        return MHD_YES;
    }
    if (*upload_len > 0) {
        buf_append(&r->body, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    return respond(server, r);
}

/* --- the server --- */

struct server *server_start(bool ipv6, uint16_t *port, struct gates *gates,
                            server_answer_fn *answer, void *arg, struct fail *f)
{
    const struct sockaddr_in v4 = {.sin_family = AF_INET,
                                   .sin_port = htons(*port),
                                   .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    const struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(*port), .sin6_addr = in6addr_loopback};
    const void *address = ipv6 ? (const void *)&v6 : &v4;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_POLL | MHD_USE_ITC | (ipv6 ? MHD_USE_IPv6 : 0U);
    struct server *s = xcalloc(1, sizeof *s);
    *s = (struct server){.gates = gates, .answer = answer, .arg = arg};
    errno = 0;
    s->daemon = MHD_start_daemon(flags, *port, NULL, NULL, receive_request, s, MHD_OPTION_SOCK_ADDR,
                                 address, MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                                 MHD_OPTION_URI_LOG_CALLBACK, begin_request, s,
                                 MHD_OPTION_NOTIFY_COMPLETED, end_request, s, MHD_OPTION_END);
    if (s->daemon) {
        *port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
        return s;
    }
    fail_errno(f, FAIL_UNREACHABLE, errno, "cannot listen on %s port %u",
               ipv6 ? "::1" : "127.0.0.1", *port);
    free(s);
    return NULL;
}

void server_stop(struct server *s)
{
    if (!s)
        return;
    MHD_stop_daemon(s->daemon);
    free(s);
}
