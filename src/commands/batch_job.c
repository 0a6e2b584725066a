/* SPDX-License-Identifier: MIT */
#include "commands/batch_job.h"

#include "chat/summary.h"
#include "chat/worker.h"
#include "commands/dialogue.h"
#include "commands/question_line.h"
#include "core/xmalloc.h"
#include "system/system.h"

#include <stdlib.h>

/* The process. */
struct job_state {
    const struct batch_job *about;
    int fd;
    struct buf in;           /* messages of the parent */
    struct buf head, object; /* of the current question */
    struct dialogue dialogue;
    struct json_reader *reader;
};

/* Sends warnings to the parent, which shows each one only once for all jobs. */
struct warning_sink {
    struct sink sink;
    int fd;
};

/* Errors are ignored: the parent has ended. */
static void send_text(int fd, enum worker_kind kind, struct span text)
{
    const struct worker_message message = {.kind = kind, .part = {text}};
    worker_send(fd, &message);
}

static int send_warning(struct sink *s, const struct sink_warning *warning, struct fail *fail)
{
    (void)fail;
    /* A fatal warning is sent as the message of the failure. */
    if (!warning->fatal)
        send_text(((struct warning_sink *)s)->fd, WORKER_WARNING, span_of(warning->message));
    return 0;
}

/* The result of a question, or its failure in advance. */
static int send_result(int fd, enum worker_kind kind, struct span object, const struct fail *fail)
{
    const struct worker_message message = {
        .kind = kind,
        .cause = fail->cause,
        .status = fail_status(fail),
        .part = {object, span_of(fail->message), span_of(fail->hint)}};
    return worker_send(fd, &message);
}

/* A signal is reported only at the end: the parent examines who was sent it. */
static void tell_failure(void *arg, const struct fail *why)
{
    if (why->cause != FAIL_SIGNAL)
        send_result(((struct job_state *)arg)->fd, WORKER_FAILED, span_make(NULL, 0), why);
}

static void relay_line(void *arg, struct span line)
{
    send_text(((struct job_state *)arg)->fd, WORKER_LINE, line);
}

static void relay_warning(void *arg, struct span text)
{
    send_text(((struct job_state *)arg)->fd, WORKER_WARNING, text);
}

static void free_warning_sink(struct sink *s)
{
    free(s);
}

static struct sink *new_warning_sink(int fd)
{
    static const struct sink_ops ops = {
        .without_text = true, .warning = send_warning, .free = free_warning_sink};
    struct warning_sink *w = xcalloc(1, sizeof *w);
    w->sink.ops = &ops;
    w->fd = fd;
    return &w->sink;
}

/* Receives the next message. Returns its size, or 0 if the parent has ended or a signal was
   caught. */
static size_t receive(struct job_state *j, struct worker_message *message)
{
    size_t size;
    while ((size = worker_parse(&j->in, message)) == 0)
        if (sys_wait(j->fd, POLLIN, INT64_MAX) < 0 || worker_read(j->fd, &j->in) <= 0)
            return 0;
    return size;
}

/* Requests a token from the parent; the `next` of struct auth_delegate. */
static char *ask_parent_for_token(void *arg, const char *refused, struct fail *fail)
{
    struct job_state *j = arg;
    struct worker_message message = {.kind = WORKER_REFUSED, .part = {span_of(refused)}};
    if (!refused)
        return xstrdup(j->about->token);
    size_t size = worker_send(j->fd, &message) == 0 ? receive(j, &message) : 0;
    if (size == 0 && sys_signal())
        fail_signal(fail, sys_signal());
    char *token = size && message.part[0].len ? xspandup(message.part[0]) : NULL;
    buf_drop(&j->in, size);
    return token;
}

/* The context of the options followed by that of the line, because the last value of a KEY counts.
   The array is owned by the caller, the strings are borrowed. */
static const char **merge_context(struct api_context options, const struct strings *line)
{
    const char **pairs = xcalloc(options.count + line->count + 1, sizeof *pairs);
    for (size_t i = 0; i < options.count; i++)
        pairs[i] = options.pairs[i];
    for (size_t i = 0; i < line->count; i++)
        pairs[options.count + i] = line->list[i];
    return pairs;
}

static int ask_line(struct job_state *j, struct span line, struct fail *fail)
{
    struct dialogue *d = &j->dialogue;
    struct question q;
    struct question_line given;
    struct api_context options = client_context(j->about->in->settings);
    int result = question_line_read(&given, j->reader, line, j->about->is_plain,
                                    j->about->in->settings, fail);
    const char **context = merge_context(options, &given.context);
    dialogue_select(d, given.conversation);
    question_init(&q, d);
    q.request.text = buf_view(&given.text);
    q.request.pace = j->about->pace;
    q.request.mode = given.mode;
    if (given.has_portfolios)
        q.request.portfolios = (struct api_portfolios){
            .ids = (const char *const *)given.portfolios.list, .count = given.portfolios.count};
    q.request.context = (struct api_context){context, options.count + given.context.count};
    if (result == 0)
        dialogue_ask(d, &q, fail);
    result = dialogue_conclude(d, &q, fail);
    free(context);
    question_line_release(&given);
    return result;
}

/* False if the parent has ended. */
static bool answer_question(struct job_state *j, const struct worker_message *question)
{
    struct fail fail = FAIL_INIT;
    buf_clear(&j->head);
    buf_clear(&j->object);
    buf_span(&j->head, question->part[0]);
    ask_line(j, question->part[1], &fail);
    bool is_sent = send_result(j->fd, WORKER_ANSWER, buf_view(&j->object), &fail) == 0;
    fail_release(&fail);
    return is_sent;
}

void batch_job_run(void *about, int fd)
{
    struct job_state j = {.about = about, .fd = fd};
    const struct auth_delegate delegate = {ask_parent_for_token, &j};
    const struct terminal_relay relay = {relay_line, relay_warning, &j};
    struct worker_message question;
    j.about->in->terminal->relay = &relay;
    j.about->in->terminal->status = NULL; /* only the parent draws the progress line */
    dialogue_init(&j.dialogue, j.about->in);
    j.dialogue.choice = j.about->choice; /* this process has its own copy */
    j.dialogue.is_job = true;
    j.dialogue.is_logged = j.about->is_logged;
    j.dialogue.delegate = &delegate;
    j.dialogue.on_failure = tell_failure;
    j.dialogue.on_failure_arg = &j;
    j.reader = json_reader_new();
    sinks_add(&j.dialogue.sinks, sink_object_new(&j.object, &j.head));
    sinks_add(&j.dialogue.sinks, new_warning_sink(fd));
    for (size_t size; (size = receive(&j, &question)) != 0;) {
        /* The question is borrowed from it while further messages are received. */
        struct buf held = j.in;
        j.in = (struct buf){0};
        bool goes_on = answer_question(&j, &question);
        buf_release(&held);
        buf_clear(&j.object);
        buf_shrink(&j.object, WORKER_BUFFER_KEPT);
        if (!goes_on)
            break;
    }
    struct fail ignored = FAIL_INIT;
    dialogue_close(&j.dialogue, &ignored);
    fail_release(&ignored);
    json_reader_free(j.reader);
    buf_release(&j.in);
    buf_release(&j.head);
    buf_release(&j.object);
}

void batch_job_put_failure(struct buf *object, const struct buf *head, const char *conversation,
                           struct fail *fail)
{
    struct sinks sinks = {.count = 0};
    struct fail ignored = FAIL_INIT;
    struct summary summary = {
        .conversation_id = conversation, .timing = {-1, -1, -1, -1, 0}, .survives = true};
    sinks_add(&sinks, sink_object_new(object, head));
    summary_deliver(&summary, &sinks, false, fail);
    sinks_close(&sinks, &ignored);
    fail_release(&ignored);
}
