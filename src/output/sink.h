/* SPDX-License-Identifier: MIT */
/* Where an answer goes: one sink per format, each a table of functions and its own state, and a
   list of them that an answer is given to in order. */
#ifndef OUTPUT_SINK_H
#define OUTPUT_SINK_H

#include "stream/event.h"
#include "terminal/terminal.h"
#include "terminal/writer.h"

#include <stdint.h>

/* The version of the JSON lines that `client.open` and `client.close` carry. */
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
    int attempt, of; /* the one that follows, counted as retries: 1 .. N, and N */
    int64_t delay_ms;
    const char *reason; /* as fail.message: may hold line feeds */
};

/* Milliseconds from the start of the command, -1 for what did not happen. */
struct sink_timing {
    int64_t connect_ms, tls_ms, first_byte_ms, first_delta_ms, elapsed_ms;
};

/* The result of a question: the contents of `client.close`. Strings are NULL for what the server
   did not say. All borrowed. */
struct summary {
    const struct fail *fail;
    const char *status; /* done, error, interrupted, cancelled, failed */
    const char *code;   /* of the failure: the server's, else ours; or NULL */
    bool retryable;     /* trying again may help */
    const char *conversation_id, *message_id, *mode, *model;
    int64_t events, text_bytes, tool_calls;
    const char *total_tokens, *latency_ms; /* numbers as the server spelled them */
    struct sink_timing timing;
    bool survives; /* the process goes on although a signal ended the answer */
};

/* A signal is about to end the process: nothing is waited for. */
static inline bool summary_is_last_words(const struct summary *summary)
{
    return summary->fail->cause == FAIL_SIGNAL && !summary->survives;
}

/* Something is wrong. After a `fatal` one the command fails, and says it again as the reason. */
struct sink_warning {
    const char *message;
    bool fatal;
};

struct sink;

/* What of an attempt is written for good, so that no other attempt may follow once it has come. The
   later ones include the earlier. */
enum sink_commit { SINK_NOTHING, SINK_TOOLS, SINK_ANSWER, SINK_BYTES };

/* Each answers 0, or -1 with *fail set. Entries may be NULL. Sinks gather; `flush` writes. For each
   question: begin for each attempt, what comes of it, and summarize at the end; after the last
   question close. */
struct sink_ops {
    enum sink_commit commit;
    /* An attempt begins. What a sink holds of a former one stands until this one brings its own. */
    int (*begin)(struct sink *s, struct fail *fail);
    int (*open)(struct sink *s, const struct sink_open *open, struct fail *fail);
    int (*bytes)(struct sink *s, struct span bytes, struct fail *fail);
    int (*event)(struct sink *s, const struct chat_event *event, struct fail *fail);
    /* `event` is not called for the deltas of the text, of which there are very many. */
    bool without_text;
    /* The text of an answer that came only as `final_text`, instead of deltas. */
    int (*final_text)(struct sink *s, struct span text, struct fail *fail);
    int (*retry)(struct sink *s, const struct sink_retry *retry, struct fail *fail);
    int (*warning)(struct sink *s, const struct sink_warning *warning, struct fail *fail);
    /* Time passes. Answers when it wants to be told again, INT64_MAX for never. */
    int64_t (*tick)(struct sink *s, int64_t now);
    int (*flush)(struct sink *s, struct fail *fail);
    /* The answer is over: writes what is pending, and the summary. */
    int (*summarize)(struct sink *s, const struct summary *summary, struct fail *fail);
    /* No answer follows: closes the output. */
    int (*close)(struct sink *s, struct fail *fail);
    void (*free)(struct sink *s);
};

/* The first member of every sink's own struct. */
struct sink {
    const struct sink_ops *ops;
};

/* Constructors. The sink takes the output over, and with it the duty to release it; the terminal
   is borrowed for the sink's life. */

struct sink_text_options {
    bool newline;   /* end the text with one where it does not itself */
    bool hold;      /* until the answer is complete */
    bool highlight; /* its Markdown */
};

struct sink *sink_text_new(struct writer *out, struct terminal *terminal,
                           struct sink_text_options options);
/* Without `text` the deltas are left out: what --events writes. */
struct sink *sink_jsonl_new(struct writer *out, struct terminal *terminal, bool text);
struct sink *sink_json_new(struct writer *out, struct terminal *terminal);
struct sink *sink_raw_new(struct writer *out, struct terminal *terminal);
struct sink *sink_record_new(struct writer *out);
/* Tools, retries and warnings on standard error: lines, and on a terminal the status line.
   `tools`: the format on standard output does not show them itself. `status`: it leaves the
   terminal alone while the answer is under way. */
struct sink *sink_notes_new(struct terminal *terminal, bool tools, bool status);

enum { SINKS_MAX = 6 };

/* The list; zeroed is empty. Owns its sinks. */
struct sinks {
    struct sink *list[SINKS_MAX];
    unsigned count;
    struct sink *with_text[SINKS_MAX]; /* those of them that the deltas of the text go to */
    unsigned with_text_count;
};

void sinks_add(struct sinks *sinks, struct sink *sink);
/* What forbids another attempt, see enum sink_commit: the most that one of the sinks writes. */
enum sink_commit sinks_commit(const struct sinks *sinks);

/* Each calls the entry of that name of every sink, also after one failed: a full disk under one
   of them takes nothing from the others. The first failure is the one that is kept. */
int sinks_begin(struct sinks *sinks, struct fail *fail);
int sinks_open(struct sinks *sinks, const struct sink_open *open, struct fail *fail);
int sinks_bytes(struct sinks *sinks, struct span bytes, struct fail *fail);
int sinks_event(struct sinks *sinks, const struct chat_event *event, struct fail *fail);
int sinks_final_text(struct sinks *sinks, struct span text, struct fail *fail);
int sinks_retry(struct sinks *sinks, const struct sink_retry *retry, struct fail *fail);
int sinks_warning(struct sinks *sinks, const char *message, struct fail *fail);
/* The same for one that the command will fail with: a person is told that once. */
int sinks_fatal_warning(struct sinks *sinks, const char *message, struct fail *fail);
/* `now` is sys_now_us(); the earliest answer counts. */
int64_t sinks_tick(struct sinks *sinks, int64_t now);
int sinks_flush(struct sinks *sinks, struct fail *fail);
/* Gives the summary to one sink of the list; chat/summary.h gives it to all of them. */
int sink_summarize(struct sink *sink, const struct summary *summary, struct fail *fail);
/* Closes and frees the sinks; the list is empty after. */
int sinks_close(struct sinks *sinks, struct fail *fail);

/* Appends the members of `client.close` to an open JSON object. */
void summary_put(struct buf *out, const struct summary *summary);

#endif
