/* SPDX-License-Identifier: MIT */
/* The sink for text: prints only the text of the answer. */
#include "output/sink.h"

#include "core/xmalloc.h"
#include "terminal/layout.h"
#include "terminal/markdown.h"

#include <stdlib.h>

struct text_sink {
    struct sink sink;
    struct writer out;
    struct terminal *terminal;
    struct sink_text_options options;
    struct layout *layout; /* if the text is rendered: receives it from the parser */
    struct markdown *markdown;
    bool unfinished;   /* there was text and it did not end in a newline */
    struct buf *where; /* the destination of the text: out.pending, or `held` until the end */
    struct buf held;
    bool has_answered; /* a previous answer had text */
    bool has_text;     /* the current one has */
    bool concluded;    /* text_conclude was called for this answer */
    bool holds;  /* there is text for `held`, of which the parser or the layout may have a part */
    bool former; /* the held text belongs to the previous attempt: text of this one replaces it */
};

static void discard_text(struct text_sink *t)
{
    buf_clear(&t->held);
    if (t->markdown) {
        markdown_reset(t->markdown);
        layout_reset(t->layout, t->where);
    }
    if (t->where == &t->held)
        t->unfinished = false;
    t->holds = t->former = false;
}

/* Call before text of the answer is written. The previous answer may lack its final newline. */
static void begin_answer(struct text_sink *t)
{
    if (t->options.separate && t->has_answered && !t->has_text)
        buf_puts(&t->out.pending, t->out.cut_line ? "\n\n" : "\n");
    t->has_text = true;
}

/* Shows the number of rows of a held table on the status line. */
static void show_table(struct text_sink *t)
{
    long rows = layout_table_rows(t->layout);
    if (rows < 0)
        return;
    struct buf line = {0};
    buf_printf(&line, "table, %ld rows", rows);
    status_show(t->terminal->status, buf_view(&line));
    buf_release(&line);
}

static int put_piece(struct text_sink *t, struct span text, struct fail *fail)
{
    bool shows_status = t->terminal->status && t->where == &t->out.pending;
    bool held = t->layout && layout_table_rows(t->layout) >= 0;
    size_t before = t->where->len;
    if (t->markdown)
        markdown_feed(t->markdown, text);
    else if (t->out.terminal)
        escape_put(t->where, text);
    else
        buf_span(t->where, text);
    /* Pending output is written below and replaces the status line. */
    if (shows_status && (!held || t->where->len > before))
        status_hide(t->terminal->status);
    if (t->layout && shows_status)
        show_table(t);
    return writer_turn(&t->out, fail);
}

/* Rendering may need a hundred times the memory of the text, so a long text is rendered and written
   in pieces. */
static int put_text(struct text_sink *t, struct span text, struct fail *fail)
{
    enum { PIECE = 16 << 10 };
    int result = 0;
    if (text.len == 0)
        return 0;
    if (t->former)
        discard_text(t);
    if (t->where == &t->out.pending)
        begin_answer(t);
    else
        t->holds = true;
    t->unfinished = text.at[text.len - 1] != '\n';
    for (; t->markdown && text.len > PIECE && result == 0;
         text = span_make(text.at + PIECE, text.len - PIECE))
        result = put_piece(t, span_make(text.at, PIECE), fail);
    return result == 0 ? put_piece(t, text, fail) : -1;
}

/* Ends the text: renders what is held back and ends the last line. */
static void end_text(struct text_sink *t)
{
    if (t->markdown) {
        bool kept = layout_table_rows(t->layout) >= 0;
        markdown_end(t->markdown);
        layout_end(t->layout, t->options.newline);
        if (kept && t->terminal->status)
            status_hide(t->terminal->status);
    } else if (t->unfinished && t->options.newline) {
        buf_byte(t->where, '\n');
    }
    t->unfinished = false;
}

/* Text that is not rendered is written as it comes, also after an error event. */
static int text_end(struct sink *s, struct fail *fail)
{
    struct text_sink *t = (struct text_sink *)s;
    (void)fail;
    if (t->markdown)
        end_text(t);
    return 0;
}

static int text_begin(struct sink *s, struct fail *fail)
{
    (void)fail;
    struct text_sink *t = (struct text_sink *)s;
    t->former = t->holds;
    if (!t->former)
        discard_text(t);
    return 0;
}

/* At a terminal the empty line before the answer also precedes the lines of its tools, which
   another sink writes after this. */
static int begin_tools(struct text_sink *t, struct fail *fail)
{
    if (!t->out.terminal || !t->options.separate || !t->has_answered || t->has_text)
        return 0;
    terminal_erase_status(t->terminal);
    begin_answer(t);
    return writer_flush(&t->out, fail);
}

static int text_event(struct sink *s, const struct chat_event *event, struct fail *fail)
{
    struct text_sink *t = (struct text_sink *)s;
    if (event->kind == CHAT_MESSAGE)
        return put_text(t, event->member[CHAT_DELTA].string, fail);
    if (event->kind == CHAT_TOOL_STARTED || event->kind == CHAT_TOOL_FINISHED)
        return begin_tools(t, fail);
    if (event->kind != CHAT_DONE)
        return 0;
    if (t->former)
        discard_text(t);
    if (!t->markdown)
        end_text(t);
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

static int text_conclude(struct sink *s, bool signalled, struct fail *fail)
{
    struct text_sink *t = (struct text_sink *)s;
    t->concluded = true;
    /* No status line is drawn below the answer while the conversation is deleted. */
    if (t->terminal->status)
        status_hide(t->terminal->status);
    /* A terminal may discard pending output when a key sends a signal. */
    bool reset = signalled && t->layout && layout_reset_style(t->layout);
    size_t before = t->where->len;
    end_text(t);
    bool only_reset = reset && t->where->len == before && !t->out.cut_line;
    if (t->held.len)
        begin_answer(t);
    buf_span(&t->out.pending, buf_view(&t->held));
    buf_clear(&t->held);
    t->holds = false;
    int result = writer_flush(&t->out, fail);
    /* A reset of the style after a line feed does not begin another line. */
    if (only_reset)
        t->out.cut_line = false;
    return result;
}

static int text_summarize(struct sink *s, const struct summary *summary, struct fail *fail)
{
    struct text_sink *t = (struct text_sink *)s;
    int result = t->concluded ? 0 : text_conclude(s, summary->fail->cause == FAIL_SIGNAL, fail);
    t->concluded = false;
    t->has_answered = t->has_answered || t->has_text;
    t->has_text = false;
    return writer_end(&t->out, summary_ends_process(summary), false, fail) != 0 ? -1 : result;
}

static void text_free(struct sink *s)
{
    struct text_sink *t = (struct text_sink *)s;
    terminal_forget_answer(t->terminal, &t->out);
    writer_release(&t->out);
    markdown_free(t->markdown);
    layout_free(t->layout);
    buf_release(&t->held);
    free(t);
}

#define TEXT_ENTRIES                                                                               \
    .begin = text_begin, .event = text_event, .final_text = text_final, .end_text = text_end,      \
    .flush = text_flush, .conclude = text_conclude, .summarize = text_summarize, .free = text_free

static const struct sink_ops streaming = {.commit = SINK_ANSWER, TEXT_ENTRIES};
static const struct sink_ops holding = {TEXT_ENTRIES};

static unsigned get_columns(void *arg)
{
    (void)arg;
    return terminal_columns();
}

static void begin_rendering(struct text_sink *t)
{
    t->layout = layout_new(t->where, (struct layout_options){.columns = get_columns,
                                                             .color = t->options.color,
                                                             .ascii = !t->terminal->utf8});
    t->markdown = markdown_new(layout_sink(t->layout));
}

struct sink *sink_text_new(struct writer *out, struct terminal *terminal,
                           struct sink_text_options options)
{
    struct text_sink *t = xcalloc(1, sizeof *t);
    t->sink.ops = options.hold ? &holding : &streaming;
    t->out = *out;
    t->terminal = terminal;
    t->options = options;
    t->where = options.hold ? &t->held : &t->out.pending;
    if (options.render)
        begin_rendering(t);
    terminal->answer = &t->out;
    terminal->layout = t->where == &t->out.pending ? t->layout : NULL;
    terminal->lines = true;
    return &t->sink;
}
