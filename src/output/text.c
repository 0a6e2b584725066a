/* SPDX-License-Identifier: MIT */
/* The answer's text and nothing else. */
#include "output/sink.h"

#include "core/xmalloc.h"
#include "terminal/markdown.h"

#include <stdlib.h>

struct text_sink {
    struct sink sink;
    struct writer out;
    struct terminal *terminal;
    struct sink_text_options options;
    struct markdown markdown;
    bool unfinished;   /* there was text and it did not end in a newline */
    struct buf *where; /* what the text is put in: out.pending, or `held` until the end */
    struct buf held;
    bool former; /* what is held is of a former attempt: it stands until there is more */
};

static void forget(struct text_sink *t)
{
    buf_clear(&t->held);
    t->markdown = (struct markdown){0};
    if (t->where == &t->held)
        t->unfinished = false;
    t->former = false;
}

static int put_text(struct text_sink *t, struct span text, struct fail *fail)
{
    if (text.len == 0)
        return 0;
    if (t->former)
        forget(t);
    t->unfinished = text.at[text.len - 1] != '\n';
    if (t->terminal->status && t->where == &t->out.pending)
        status_hide(t->terminal->status);
    if (t->options.highlight)
        markdown_put(&t->markdown, t->where, text, t->out.terminal);
    else if (t->out.terminal)
        escape_put(t->where, text);
    else
        buf_span(t->where, text);
    return writer_turn(&t->out, fail);
}

static void end_line(struct text_sink *t)
{
    if (t->unfinished && t->options.newline)
        buf_byte(t->where, '\n');
    t->unfinished = false;
}

static int text_begin(struct sink *s, struct fail *fail)
{
    (void)fail;
    struct text_sink *t = (struct text_sink *)s;
    t->former = t->held.len > 0;
    if (!t->former)
        forget(t);
    return 0;
}

static int text_event(struct sink *s, const struct chat_event *event, struct fail *fail)
{
    struct text_sink *t = (struct text_sink *)s;
    if (event->kind == CHAT_MESSAGE)
        return put_text(t, event->member[CHAT_DELTA].string, fail);
    if (event->kind == CHAT_DONE) {
        if (t->former)
            forget(t);
        end_line(t);
    }
    return 0;
}

static int text_final(struct sink *s, struct span text, struct fail *fail)
{
    return put_text((struct text_sink *)s, text, fail);
}

static int text_flush(struct sink *s, struct fail *fail)
{
    return writer_flush(&((struct text_sink *)s)->out, fail);
}

static int text_summarize(struct sink *s, const struct summary *summary, struct fail *fail)
{
    struct text_sink *t = (struct text_sink *)s;
    bool signalled = summary_is_last_words(summary), unfinished = t->unfinished;
    terminal_make_way(t->terminal);
    if (signalled)
        markdown_plain(&t->markdown, t->where);
    end_line(t);
    buf_span(&t->out.pending, buf_view(&t->held));
    buf_clear(&t->held);
    int result = writer_end(&t->out, signalled, false, fail);
    /* Plain style behind the end of a line begins no other one. */
    if (signalled && !unfinished && t->out.pending.len == 0)
        t->out.cut_line = false;
    return result;
}

static void text_free(struct sink *s)
{
    struct text_sink *t = (struct text_sink *)s;
    terminal_forget_answer(t->terminal, &t->out);
    writer_release(&t->out);
    buf_release(&t->held);
    free(t);
}

#define TEXT_ENTRIES                                                                               \
    .begin = text_begin, .event = text_event, .final_text = text_final, .flush = text_flush,       \
    .summarize = text_summarize, .free = text_free

static const struct sink_ops streaming = {.commit = SINK_ANSWER, TEXT_ENTRIES};
static const struct sink_ops holding = {TEXT_ENTRIES};

struct sink *sink_text_new(struct writer *out, struct terminal *terminal,
                           struct sink_text_options options)
{
    struct text_sink *t = xcalloc(1, sizeof *t);
    t->sink.ops = options.hold ? &holding : &streaming;
    t->out = *out;
    t->terminal = terminal;
    t->options = options;
    t->where = options.hold ? &t->held : &t->out.pending;
    terminal->answer = &t->out;
    return &t->sink;
}
