/* SPDX-License-Identifier: MIT */
/* The outputs of an answer: a sink for each format, which is a table of functions with a state, and
   the list of sinks that each event is passed to in order. */
#ifndef OUTPUT_SINK_H
#define OUTPUT_SINK_H

#include "stream/event.h"
#include "terminal/terminal.h"
#include "terminal/writer.h"

#include <stdint.h>

/* The version of the JSON Lines in `client.open` and `client.close`. */
enum { SINK_SCHEMA = 1 };

/* The response to `send` has begun. */
struct sink_open {
    const char *url;
    int status;  /* HTTP */
    int attempt; /* from 1 */
    const char *conversation_id;
};

/* An attempt failed and another one follows. */
struct sink_retry {
    int attempt, of; /* the retry that follows, from 1, and the maximum */
    int64_t delay_ms;
    const char *reason; /* as fail.message; may contain line feeds */
};

/* Milliseconds from the start of the question, -1 for what did not happen. */
struct sink_timing {
    int64_t connect_ms, tls_ms, first_byte_ms, first_delta_ms, elapsed_ms;
};

/* The result of a question: the contents of `client.close`. Strings are NULL if the server did not
   send them. All borrowed. */
struct summary {
    const struct fail *fail;
    const char *status; /* done, error, interrupted, cancelled, failed */
    const char *code;   /* of the failure: the server's, else that of cause_row; or NULL */
    bool retryable;     /* trying again may help */
    const char *conversation_id, *message_id, *mode, *model;
    int64_t events, text_bytes, tool_calls;
    const char *total_tokens, *latency_ms; /* numbers as the server sent them */
    struct sink_timing timing;
    bool survives; /* the process continues although a signal ended the answer */
};

/* A signal is about to end the process: do not wait for a slow reader. */
static inline bool summary_ends_process(const struct summary *summary)
{
    return summary->fail->cause == FAIL_SIGNAL && !summary->survives;
}

/* A `fatal` warning is also the reason for which the command fails later. */
struct sink_warning {
    const char *message;
    bool fatal;
};

struct sink;

/* What a sink has to receive before its output is final, so that a retry would repeat it. Each
   value includes those before it. */
enum sink_commit { SINK_NOTHING, SINK_TOOLS, SINK_ANSWER, SINK_BYTES };

/* Each function returns 0, or -1 with *fail set, and may be NULL. Sinks collect output; `flush`
   writes it. The order of calls for each question: for each attempt `begin`, then the others as its
   data arrives; after the last attempt `conclude`, which may be left out if `summarize` follows at
   once; at the end `summarize`. After the last question: `close`. */
struct sink_ops {
    enum sink_commit commit;
    /* An attempt begins. Output that is held from the previous attempt is kept until this one has
       output. */
    int (*begin)(struct sink *s, struct fail *fail);
    int (*open)(struct sink *s, const struct sink_open *open, struct fail *fail);
    int (*bytes)(struct sink *s, struct span bytes, struct fail *fail);
    int (*event)(struct sink *s, const struct chat_event *event, struct fail *fail);
    /* `event` is not called for deltas of the text. */
    bool without_text;
    /* The text of an answer without deltas, from `final_text`. */
    int (*final_text)(struct sink *s, struct span text, struct fail *fail);
    /* An event has ended the text: appends what was held back. Called before the event itself. */
    int (*end_text)(struct sink *s, struct fail *fail);
    int (*retry)(struct sink *s, const struct sink_retry *retry, struct fail *fail);
    int (*warning)(struct sink *s, const struct sink_warning *warning, struct fail *fail);
    /* Called regularly. Returns the time of the next call, INT64_MAX for none. */
    int64_t (*tick)(struct sink *s, int64_t now);
    int (*flush)(struct sink *s, struct fail *fail);
    /* The text is final, because no attempt follows: writes what was held back. Without this call
       `summarize` does the same. `signalled`: a signal ended the answer. */
    int (*conclude)(struct sink *s, bool signalled, struct fail *fail);
    /* The question has ended: writes pending output and the summary. */
    int (*summarize)(struct sink *s, const struct summary *summary, struct fail *fail);
    /* There are no more answers: closes the output. */
    int (*close)(struct sink *s, struct fail *fail);
    void (*free)(struct sink *s);
};

/* The first member of the struct of each sink. */
struct sink {
    const struct sink_ops *ops;
};

/* Constructors. The sink takes ownership of the writer; the terminal is borrowed for the life of
   the sink. */

struct sink_text_options {
    bool newline;  /* end the text with a newline if it does not end in one */
    bool hold;     /* until the answer is complete */
    bool render;   /* its Markdown */
    bool color;    /* of rendered text */
    bool separate; /* an empty line before each answer but the first */
};

struct sink *sink_text_new(struct writer *out, struct terminal *terminal,
                           struct sink_text_options options);
/* Without `text`, as for --events, deltas of the text are left out. */
struct sink *sink_jsonl_new(struct writer *out, struct terminal *terminal, bool text);
struct sink *sink_json_new(struct writer *out, struct terminal *terminal);
/* Appends the same object and a line feed to `object`; `head` has its first members, or is NULL.
   Both are borrowed. */
struct sink *sink_object_new(struct buf *object, const struct buf *head);
struct sink *sink_raw_new(struct writer *out, struct terminal *terminal);
struct sink *sink_record_new(struct writer *out);
/* Tools, retries and warnings on standard error: lines, and on a terminal the status line. `tools`:
   tools are shown, because the format on standard output does not show them. `status`: the format
   on standard output permits a status line during the answer. */
struct sink *sink_notes_new(struct terminal *terminal, bool tools, bool status);

/* Of these: the main output, --events, --events-fd, --record, the answer that is collected for the
   log, and the notes. */
enum { SINKS_MAX = 6 };

/* The list, which owns its sinks. Empty when zeroed. */
struct sinks {
    struct sink *list[SINKS_MAX];
    unsigned count;
    struct sink *with_text[SINKS_MAX]; /* those that receive the deltas of the text */
    unsigned with_text_count;
};

/* Aborts if there are SINKS_MAX already. */
void sinks_add(struct sinks *sinks, struct sink *sink);
/* The greatest value of all sinks: what makes their combined output final. */
enum sink_commit sinks_commit(const struct sinks *sinks);

/* Each calls the function of the same name of every sink, even if one fails, so that a full disk
   affects only one of them. The first failure is recorded. */
int sinks_begin(struct sinks *sinks, struct fail *fail);
int sinks_open(struct sinks *sinks, const struct sink_open *open, struct fail *fail);
int sinks_bytes(struct sinks *sinks, struct span bytes, struct fail *fail);
int sinks_event(struct sinks *sinks, const struct chat_event *event, struct fail *fail);
int sinks_final_text(struct sinks *sinks, struct span text, struct fail *fail);
int sinks_end_text(struct sinks *sinks, struct fail *fail);
int sinks_retry(struct sinks *sinks, const struct sink_retry *retry, struct fail *fail);
int sinks_warning(struct sinks *sinks, const char *message, struct fail *fail);
/* A warning that is also the reason of a later failure: it is not shown on standard error now. */
int sinks_fatal_warning(struct sinks *sinks, const char *message, struct fail *fail);
/* `now` is sys_now_us(). Returns the earliest time. */
int64_t sinks_tick(struct sinks *sinks, int64_t now);
int sinks_flush(struct sinks *sinks, struct fail *fail);
int sinks_conclude(struct sinks *sinks, bool signalled, struct fail *fail);
/* Passes the summary to one sink of the list; chat/summary.h passes it to all of them. */
int sink_summarize(struct sink *sink, const struct summary *summary, struct fail *fail);
/* Closes and frees the sinks; the list is empty after. */
int sinks_close(struct sinks *sinks, struct fail *fail);

/* Appends the members of `client.close` to an open JSON object. */
void summary_put(struct buf *out, const struct summary *summary);

#endif
