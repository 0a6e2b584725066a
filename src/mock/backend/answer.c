/* SPDX-License-Identifier: MIT */
#include "mock/backend/answer.h"

#include "mock/backend/ascii.h"
#include "mock/backend/conversations.h"
#include "mock/backend/ids.h"
#include "mock/backend/portfolio.h"
#include "mock/backend/topic.h"
#include "system/system.h"
#include "json/write.h"

#include <string.h>

/* A tool takes so many times as long as a delta. */
enum { TOOL_PACES = 8 };

/* An answer while it is told. The clock runs ahead: it says when the event will be sent. */
struct telling {
    const struct question *q;
    struct script *script;
    struct buf run;     /* the second generation's name for this answer */
    unsigned sequence;  /* and its count of events */
    int64_t start, now; /* Unix time, ms */
    struct buf text;    /* all deltas so far */
    unsigned deltas, tools;
};

static const char *model(const struct question *q)
{
    return q->second ? "gpt-5-mini" : "gpt-4o";
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

static void wait_paces(struct telling *t, int paces)
{
    int64_t ms = t->q->pace * paces;
    if (ms > 0)
        script_step(t->script, STEP_PAUSE, (uint64_t)ms);
    t->now += ms;
}

/* --- events --- */

static void tell_bare(struct telling *t, const char *name, struct buf *data)
{
    struct buf event = {0};
    buf_printf(&event, "event: %s\ndata: ", name);
    buf_span(&event, buf_view(data));
    buf_puts(&event, "\n\n");
    script_take(t->script, &event);
    buf_release(data);
}

static void tell_numbered(struct telling *t, const char *name, unsigned sequence, struct buf *data)
{
    struct buf envelope = {0};
    buf_printf(&envelope, "{\"type\": \"%s\", \"run_id\": \"%s\", \"seq\": %u, \"data\": ", name,
               buf_text(&t->run), sequence);
    buf_span(&envelope, buf_view(data));
    buf_printf(&envelope, ", \"timestamp\": %lld}", (long long)t->now);
    buf_release(data);
    tell_bare(t, name, &envelope);
}

/* An event of the second generation in its envelope. */
static void tell(struct telling *t, const char *name, struct buf *data)
{
    tell_numbered(t, name, t->sequence++, data);
}

static void put_start(const struct question *q, struct buf *data)
{
    buf_printf(data, "{\"conversation_id\": \"%s\", \"mode\": \"%s\", \"model\": \"%s\"",
               q->conversation, q->mode, model(q));
}

static void tell_start(struct telling *t)
{
    struct buf data = {0};
    put_start(t->q, &data);
    if (!t->q->second) {
        buf_puts(&data, "}");
        tell_bare(t, "start", &data);
        return;
    }
    struct span portfolio = t->q->portfolio, portfolios = t->q->portfolios;
    buf_puts(&data, ", \"reasoning_effort\": \"medium\", \"text_verbosity\": \"medium\", "
                    "\"web_search_enabled\": false, \"page_hint\": null, \"route\": null, "
                    "\"portfolio_id\": ");
    json_put_raw(&data, portfolio.len ? portfolio : span_of("\"" PORTFOLIO_ID "\""));
    buf_puts(&data, ", \"portfolio_ids\": ");
    json_put_raw(&data, portfolios.len ? portfolios : span_of("null"));
    buf_puts(&data, "}");
    tell(t, "start", &data);
}

/* What the second generation says around `start`. */
static void tell_created(struct telling *t)
{
    char user[UUID_SIZE], assistant[UUID_SIZE];
    uuid_make(user);
    uuid_make(assistant);
    struct buf data = {0};
    buf_printf(&data,
               "{\"user_message_id\": \"%s\", \"assistant_message_id\": \"%s\", "
               "\"conversation_id\": \"%s\", \"run_id\": \"%s\"}",
               user, assistant, t->q->conversation, buf_text(&t->run));
    tell_bare(t, "message_created", &data);
}

static void tell_response(struct telling *t)
{
    struct buf data = {0};
    buf_puts(&data, "{\"response_id\": \"resp_");
    put_random_hex(&data, 12);
    buf_puts(&data, "\", \"provider\": \"openai\"}");
    tell(t, "response_id", &data);
}

static struct span trim(struct span s)
{
    while (s.len > 0 && is_space(s.at[0]))
        s = span_make(s.at + 1, s.len - 1);
    while (s.len > 0 && is_space(s.at[s.len - 1]))
        s.len--;
    return s;
}

static void tell_delta(struct telling *t, struct span delta)
{
    struct buf data = {0};
    if (t->q->trim)
        delta = trim(delta);
    buf_span(&t->text, delta);
    t->deltas++;
    buf_puts(&data, "{\"delta\": \"");
    ascii_put(&data, delta);
    if (t->q->second) {
        buf_puts(&data, "\"}");
        tell(t, "token", &data);
    } else {
        buf_puts(&data, "\", \"role\": \"assistant\"}");
        tell_bare(t, "message", &data);
    }
}

/* A word and the white space after it are a delta. */
static void tell_text(struct telling *t, const char *text)
{
    while (*text) {
        size_t len = 0;
        while (text[len] && !is_space(text[len]))
            len++;
        while (is_space(text[len]))
            len++;
        wait_paces(t, 1);
        tell_delta(t, span_make(text, len));
        text += len;
    }
}

static void tell_tool(struct telling *t, const struct tool *tool)
{
    bool second = t->q->second;
    struct buf id = {0}, data = {0};
    buf_puts(&id, "fc_");
    put_random_hex(&id, 12);
    buf_puts(&data, "{");
    if (second)
        buf_printf(&data, "\"tool_call_id\": \"%s\", ", buf_text(&id));
    buf_printf(&data, "\"tool_name\": \"%s\", \"%s\": %s}", tool->name,
               second ? "tool_args" : "arguments", tool->arguments);
    wait_paces(t, 1);
    (second ? tell : tell_bare)(t, second ? "tool_call" : "tool_started", &data);

    wait_paces(t, TOOL_PACES);
    buf_puts(&data, "{");
    if (second)
        buf_printf(&data, "\"tool_call_id\": \"%s\", ", buf_text(&id));
    buf_printf(&data, "\"tool_name\": \"%s\", \"%s\": ", tool->name,
               second ? "tool_result" : "result");
    tool->put_result(&data, t->now);
    buf_printf(&data, "%s, \"duration_ms\": %lld}", second ? "" : ", \"error\": null",
               (long long)tool->duration);
    (second ? tell : tell_bare)(t, second ? "tool_result" : "tool_finished", &data);
    buf_release(&id);
    t->tools++;
}

/* --- ends --- */

/* The first generation says `done` twice: before it stores the answer and after. */
static void tell_done_first(struct telling *t)
{
    struct buf data = {0};
    buf_printf(&data,
               "{\"total_tokens\": %u, \"prompt_tokens\": null, \"completion_tokens\": null, "
               "\"latency_ms\": null, \"tool_calls_count\": %u}",
               t->deltas, t->tools);
    tell_bare(t, "done", &data);
    buf_printf(&data,
               "{\"total_tokens\": null, \"prompt_tokens\": null, \"completion_tokens\": null, "
               "\"latency_ms\": %lld, \"tool_calls_count\": %u}",
               (long long)(t->now - t->start), t->tools);
    tell_bare(t, "done", &data);
}

static void tell_done_second(struct telling *t)
{
    struct buf data = {0};
    buf_puts(&data, "{\"final_text\": \"");
    ascii_put(&data, buf_view(&t->text));
    buf_printf(&data,
               "\", \"tool_calls_count\": %u, \"latency_ms\": %lld, \"token_counts\": "
               "{\"initial\": %u, \"continuation\": 0}, \"post_tool_first_token_gaps_ms\": [], "
               "\"event_timeline\": [{\"type\": \"message_created\", \"t_ms\": 0}, "
               "{\"type\": \"done_emit\", \"t_ms\": %lld}], \"fallback_used\": false, "
               "\"model_used\": \"%s\", \"retry_stats\": {\"attempts\": 1, \"max_retries\": 2, "
               "\"used_fallback_model\": false}}",
               t->tools, (long long)(t->now - t->start), t->deltas, (long long)(t->now - t->start),
               model(t->q));
    tell_numbered(t, "done", 0, &data);
}

static void begin(struct telling *t, const struct question *q, struct script *script)
{
    int64_t now = sys_wall_ms();
    *t = (struct telling){.q = q, .script = script, .start = now, .now = now};
    buf_puts(&t->run, "run_");
    put_random_hex(&t->run, 6);
}

static void release(struct telling *t)
{
    buf_release(&t->run);
    buf_release(&t->text);
}

void answer_play(const struct question *q, struct script *script)
{
    const struct topic *topic = topic_for(q->text);
    struct telling t;
    begin(&t, q, script);
    if (q->second)
        tell_created(&t);
    tell_start(&t);
    if (q->second)
        tell_response(&t);
    if (topic->opening)
        tell_text(&t, topic->opening);
    for (int i = 0; i < TOPIC_TOOLS && topic->tools[i]; i++)
        tell_tool(&t, topic->tools[i]);
    tell_text(&t, topic->text);
    (q->second ? tell_done_second : tell_done_first)(&t);
    release(&t);
}

const char *answer_mode(struct span text)
{
    static const struct span command = SPAN("/mode ");
    if (!span_starts(text, command))
        return NULL;
    return mode_find(trim(span_make(text.at + command.len, text.len - command.len)));
}

/* Both say the same here, but for the end. */
void answer_play_mode(const struct question *q, const char *mode, struct script *script)
{
    struct question changed = *q;
    changed.mode = mode;
    struct telling t;
    begin(&t, &changed, script);
    struct buf data = {0};
    put_start(&changed, &data);
    buf_byte(&data, '}');
    tell_bare(&t, "start", &data);
    buf_printf(&data, "{\"delta\": \"Mode changed to %s\", \"role\": \"system\"}", mode);
    tell_bare(&t, "message", &data);
    if (q->second) {
        buf_printf(&data, "{\"final_text\": \"Mode changed to %s\", \"tool_calls_count\": 0}",
                   mode);
        tell_numbered(&t, "done", 0, &data);
    } else {
        buf_puts(&data, "{\"total_tokens\": null, \"prompt_tokens\": null, "
                        "\"completion_tokens\": null, \"latency_ms\": null, "
                        "\"tool_calls_count\": 0}");
        tell_bare(&t, "done", &data);
    }
    release(&t);
}
