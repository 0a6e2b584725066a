/* SPDX-License-Identifier: MIT */
#include "mock/http/respond.h"

#include "mock/http/play.h"

#include <strings.h>

/* The library asks for so much of a streamed body at once. It gives less when its own buffer for
   the connection, SERVER_CONNECTION_MEMORY, is smaller. */
enum { STREAM_BLOCK = 1024 * 1024 };

static enum MHD_Result queue(const struct reply *reply, const struct request *request,
                             struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    for (size_t i = 0; i < reply->headers.count; i++) {
        const struct header *h = &reply->headers.list[i];
        /* The library writes this one itself, from the length it was given. */
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

/* The library knows one reason for each status. A reply with another is framed here, by the end
   of the connection. */
static void put_head(const struct reply *reply, struct buf *head)
{
    buf_printf(head, "HTTP/1.1 %u %s\r\n", reply->status, reply->reason);
    for (size_t i = 0; i < reply->headers.count; i++)
        buf_printf(head, "%s: %s\r\n", reply->headers.list[i].name, reply->headers.list[i].value);
    buf_puts(head, "connection: close\r\n\r\n");
}

static enum MHD_Result stream(struct reply *reply, const struct request *request,
                              struct stage *stage)
{
    struct play *play = play_new(&reply->script, stage, request->fd);
    if (play_steps(play, reply->lead) != PLAY_ON || reply->bare || reply->reason) {
        struct buf head = {0};
        if (reply->reason)
            put_head(reply, &head);
        play_to_socket(play, buf_view(&head));
        buf_release(&head);
        play_free(play);
        return MHD_NO;
    }
    uint64_t length = reply->length < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)reply->length;
    return queue(
        reply, request,
        MHD_create_response_from_callback(length, STREAM_BLOCK, read_stream, play, free_stream));
}

enum MHD_Result respond(struct reply *reply, const struct request *request, struct stage *stage)
{
    enum MHD_Result result =
        reply->streamed ? stream(reply, request, stage)
                        : queue(reply, request,
                                MHD_create_response_from_buffer(reply->body.len, reply->body.data,
                                                                MHD_RESPMEM_MUST_COPY));
    reply_release(reply);
    return result;
}
