/* SPDX-License-Identifier: MIT */
/* The sinks for JSON: one object at the end with text, tools and summary, which is written or
   appended to a buffer of the caller. */
#include "output/sink.h"

#include "core/xmalloc.h"
#include "output/collect.h"
#include "json/write.h"

#include <stdlib.h>

struct json_sink {
    struct sink sink;
    struct buf *object;     /* the destination if it is not `out`, or NULL */
    const struct buf *head; /* the first members */
    struct writer out;
    struct terminal *terminal;
    struct collected answer;
};

static int json_begin(struct sink *s, struct fail *fail)
{
    (void)fail;
    collected_begin(&((struct json_sink *)s)->answer);
    return 0;
}

static int json_event(struct sink *s, const struct chat_event *event, struct fail *fail)
{
    (void)fail;
    collected_event(&((struct json_sink *)s)->answer, event);
    return 0;
}

static int json_final(struct sink *s, struct span text, struct fail *fail)
{
    (void)fail;
    collected_final_text(&((struct json_sink *)s)->answer, text);
    return 0;
}

static void put_kept(struct buf *out, const char *key, const struct buf *raw)
{
    if (raw->len) {
        json_put_key(out, key);
        json_put_raw(out, buf_view(raw));
    }
}

static void put_tool_list(struct buf *out, const struct collected *answer)
{
    json_put_key(out, "tools");
    buf_byte(out, '[');
    for (size_t i = 0; i < answer->count; i++) {
        const struct collected_tool *t = &answer->tools[i];
        buf_puts(out, i ? ",{" : "{");
        put_kept(out, "name", &t->name);
        put_kept(out, "arguments", &t->arguments);
        put_kept(out, "duration_ms", &t->duration_ms);
        put_kept(out, "result", &t->result);
        put_kept(out, "error", &t->error);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
}

static void put_answer_object(struct buf *out, const struct json_sink *j,
                              const struct summary *summary)
{
    buf_byte(out, '{');
    if (j->head)
        buf_span(out, buf_view(j->head));
    json_put_text(out, "text", buf_view(&j->answer.text));
    json_put_text_or_null(out, "mode", summary->mode);
    json_put_text_or_null(out, "model", summary->model);
    put_tool_list(out, &j->answer);
    summary_put(out, summary);
    buf_puts(out, "}\n");
}

static int json_summarize(struct sink *s, const struct summary *summary, struct fail *fail)
{
    struct json_sink *j = (struct json_sink *)s;
    struct buf object = {0};
    terminal_erase_status(j->terminal);
    put_answer_object(&object, j, summary);
    writer_put_json(&j->out, buf_view(&object));
    buf_release(&object);
    collected_clear(&j->answer);
    return writer_end(&j->out, summary_ends_process(summary), true, fail);
}

/* The `summarize` of sink_object_new. */
static int object_summarize(struct sink *s, const struct summary *summary, struct fail *fail)
{
    struct json_sink *j = (struct json_sink *)s;
    (void)fail;
    put_answer_object(j->object, j, summary);
    collected_clear(&j->answer);
    return 0;
}

static void json_free(struct sink *s)
{
    struct json_sink *j = (struct json_sink *)s;
    collected_release(&j->answer);
    writer_release(&j->out);
    free(j);
}

static struct json_sink *new_json_sink(const struct sink_ops *ops)
{
    struct json_sink *j = xcalloc(1, sizeof *j);
    j->sink.ops = ops;
    j->answer.has_results = true;
    return j;
}

struct sink *sink_json_new(struct writer *out, struct terminal *terminal)
{
    static const struct sink_ops ops = {.begin = json_begin,
                                        .event = json_event,
                                        .final_text = json_final,
                                        .summarize = json_summarize,
                                        .free = json_free};
    struct json_sink *j = new_json_sink(&ops);
    j->out = *out;
    j->terminal = terminal;
    return &j->sink;
}

struct sink *sink_object_new(struct buf *object, const struct buf *head)
{
    static const struct sink_ops ops = {.begin = json_begin,
                                        .event = json_event,
                                        .final_text = json_final,
                                        .summarize = object_summarize,
                                        .free = json_free};
    struct json_sink *j = new_json_sink(&ops);
    j->out.fd = -1;
    j->object = object;
    j->head = head;
    return &j->sink;
}
