/* SPDX-License-Identifier: MIT */
#include "mock/backend/answer.h"

#include "mock/backend/data.h"
#include "mock/backend/ids.h"
#include "mock/backend/records.h"
#include "system/system.h"

#include <ctype.h>
#include <stdlib.h>

/* A tool takes this many times as long as a delta. */
enum { TOOL_PACES = 8 };

/* How an event of the second generation is sent. */
enum envelope {
    BARE,    /* without one */
    COUNTED, /* with the next sequence number */
    ZERO     /* with sequence number 0 */
};

/* An answer while it is written. Its clock says when the event will be sent. */
struct telling {
    const struct answer_input *q;
    struct script *script;
    struct values values; /* of the events */
    struct buf text;      /* all deltas so far */
    struct buf run;
    unsigned sequence, deltas, tools;
    int64_t start, now; /* Unix time, ms */
};

static void begin(struct telling *t, const struct answer_input *q, struct script *script)
{
    int64_t now = sys_wall_ms();
    *t = (struct telling){.q = q, .script = script, .start = now, .now = now};
    buf_puts(&t->run, "run_");
    ids_put_random_hex(&t->run, 6);
    values_set(&t->values, "RUN", "%s", buf_text(&t->run));
    values_set(&t->values, "CONVERSATION", "%s", q->conversation);
    values_set(&t->values, "MODE", "%s", q->mode);
    values_set(&t->values, "MODEL", "%s", q->second ? "gpt-5-mini" : "gpt-4o");
    values_set(&t->values, "ROLE", "assistant");
    values_set(&t->values, "USER", "%s", q->user_message);
    values_set(&t->values, "ASSISTANT", "%s", q->assistant_message);
    values_raw(&t->values, "PORTFOLIOS", q->portfolios);
    values_raw(&t->values, "HINT", q->page_hint);
    values_raw(&t->values, "ROUTE", q->route);
    if (q->portfolio.len > 0)
        values_raw(&t->values, "PORTFOLIO", q->portfolio);
    else
        values_set(&t->values, "PORTFOLIO", q->default_portfolio[0] ? "\"%s\"" : "null",
                   q->default_portfolio);
}

static void release(struct telling *t)
{
    values_release(&t->values);
    buf_release(&t->text);
    buf_release(&t->run);
}

static void wait_paces(struct telling *t, int paces)
{
    int64_t ms = t->q->pace * paces;
    if (ms > 0)
        script_step(t->script, STEP_PAUSE, (uint64_t)ms);
    t->now += ms;
}

/* Appends the event `name`, whose payload is the section of that name for a generation. */
static void tell_as(struct telling *t, const char *generation, const char *name,
                    enum envelope envelope)
{
    struct section s;
    struct buf event = {0};
    data_find(generation, span_of(name), &s);
    buf_printf(&event, "event: %s\ndata: ", name);
    if (envelope != BARE)
        buf_printf(&event, "{\"type\": \"%s\", \"run_id\": \"%s\", \"seq\": %u, \"data\": ", name,
                   buf_text(&t->run), envelope == ZERO ? 0 : t->sequence++);
    data_expand(&event, &s, " ", &t->values);
    if (envelope != BARE)
        buf_printf(&event, ", \"timestamp\": %lld}", (long long)t->now);
    buf_puts(&event, "\n\n");
    script_take(t->script, &event);
}

/* The same event of either generation; NULL: the generation has none. */
static void tell(struct telling *t, const char *first, const char *second, enum envelope envelope)
{
    if (t->q->second && second)
        tell_as(t, "second", second, envelope);
    else if (!t->q->second && first)
        tell_as(t, "first", first, BARE);
}

static bool is_ascii_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

static struct span trim_ascii(struct span s)
{
    while (s.len > 0 && is_ascii_space(s.at[0]))
        s = span_make(s.at + 1, s.len - 1);
    while (s.len > 0 && is_ascii_space(s.at[s.len - 1]))
        s.len--;
    return s;
}

static void tell_delta(struct telling *t, struct span delta)
{
    if (t->q->trim)
        delta = trim_ascii(delta);
    buf_span(&t->text, delta);
    t->deltas++;
    values_ascii(&t->values, "DELTA", delta);
    tell(t, "message", "token", COUNTED);
}

/* A word and the white space after it are a delta. */
static void tell_text(struct telling *t, struct span text)
{
    while (text.len > 0) {
        size_t len = 0;
        while (len < text.len && !is_ascii_space(text.at[len]))
            len++;
        while (len < text.len && is_ascii_space(text.at[len]))
            len++;
        wait_paces(t, 1);
        tell_delta(t, span_make(text.at, len));
        text = span_make(text.at + len, text.len - len);
    }
}

/* The heading of a tool has its name, its duration in ms and its arguments. */
static void tell_tool(struct telling *t, struct span name)
{
    struct section s;
    if (!data_find("tool", name, &s))
        abort();
    const char *arguments = strchr(s.rest.at, ' ') + 1;
    struct buf id = {0}, expanded = {0};
    ids_put_random_hex(&id, 12);
    values_time(&t->values, "NOW", t->now);
    template_expand(&expanded, span_of(arguments), false, &t->values);
    values_set(&t->values, "CALL", "fc_%s", buf_text(&id));
    values_raw(&t->values, "TOOL", s.name);
    values_raw(&t->values, "ARGUMENTS", buf_view(&expanded));
    values_set(&t->values, "DURATION", "%ld", strtol(s.rest.at, NULL, 10));
    wait_paces(t, 1);
    tell(t, "tool_started", "tool_call", COUNTED);
    buf_clear(&expanded);
    data_expand(&expanded, &s, " ", &t->values);
    values_raw(&t->values, "RESULT", buf_view(&expanded));
    wait_paces(t, TOOL_PACES);
    tell(t, "tool_finished", "tool_result", COUNTED);
    t->tools++;
    buf_release(&id);
    buf_release(&expanded);
}

static void tell_opening(struct telling *t)
{
    tell(t, NULL, "message_created", BARE);
    tell(t, "start", "start", COUNTED);
}

/* The first generation sends `done` before and after it stores an answer that succeeded. */
static void tell_done(struct telling *t, bool stored)
{
    values_ascii(&t->values, "TEXT", buf_view(&t->text));
    values_set(&t->values, "TOOLS", "%u", t->tools);
    values_set(&t->values, "COUNT", "%u", t->deltas);
    if (stored) {
        values_set(&t->values, "TOKENS", "%u", t->deltas);
        values_set(&t->values, "LATENCY", "null");
        tell(t, "done", NULL, BARE);
    }
    values_set(&t->values, "TOKENS", "null");
    values_set(&t->values, "LATENCY", "%lld", (long long)(t->now - t->start));
    tell(t, "done", "done", ZERO);
}

/* --- answers --- */

/* Lower case, with a blank for each run of bytes that are neither letters nor digits, and at both
   ends. */
static void put_words(struct buf *out, struct span text)
{
    buf_byte(out, ' ');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        bool word = isalnum(c) || c >= 0x80;
        if (word || out->data[out->len - 1] != ' ')
            buf_byte(out, word ? (char)tolower(c) : ' ');
    }
    buf_byte(out, ' ');
}

/* Whether one of the topic's words, of which an underscore is the end of a word, begins a word of
   the question. */
static bool matches_topic(const struct section *topic, const char *words)
{
    struct buf list = {0}, word = {0};
    buf_printf(&list, "%.*s %.*s", (int)topic->name.len, topic->name.at, (int)topic->rest.len,
               topic->rest.at);
    bool found = false;
    char *state, *list_text = buf_take(&list);
    for (char *p = strtok_r(list_text, " ", &state); p && !found; p = strtok_r(NULL, " ", &state)) {
        buf_clear(&word);
        buf_printf(&word, " %s", p);
        if (word.data[word.len - 1] == '_')
            word.data[word.len - 1] = ' ';
        found = strcmp(p, "*") == 0 || strstr(words, buf_text(&word));
    }
    free(list_text);
    buf_release(&word);
    return found;
}

static void tell_topic(struct telling *t, const struct section *topic)
{
    static const struct span call = SPAN("+ ");
    struct buf text = {0};
    for (size_t i = topic->begin; i < topic->end; i++) {
        struct span line = span_of(data_lines[i]);
        if (span_starts(line, call)) {
            tell_text(t, buf_view(&text));
            buf_clear(&text);
            tell_tool(t, span_make(line.at + call.len, line.len - call.len));
            continue;
        }
        buf_span(&text, line);
        if (i + 1 < topic->end)
            buf_byte(&text, '\n');
    }
    tell_text(t, buf_view(&text));
    buf_release(&text);
}

unsigned answer_play(const struct answer_input *q, struct script *script)
{
    struct telling t;
    struct section topic = {.next = 0};
    struct buf words = {0};
    put_words(&words, q->text);
    while (data_next("topic", &topic) && !matches_topic(&topic, buf_text(&words)))
        continue;
    begin(&t, q, script);
    tell_opening(&t);
    ids_put_random_hex(&t.text, 12);
    values_raw(&t.values, "RESPONSE", buf_view(&t.text));
    buf_clear(&t.text);
    tell(&t, NULL, "response_id", COUNTED);
    tell_topic(&t, &topic);
    tell_done(&t, true);
    unsigned tools = t.tools;
    release(&t);
    buf_release(&words);
    return tools;
}

const char *answer_mode(struct span text)
{
    static const struct span command = SPAN("/mode ");
    if (!span_starts(text, command))
        return NULL;
    return mode_find(trim_ascii(span_make(text.at + command.len, text.len - command.len)));
}

/* Both generations send the same here, except for the end. */
void answer_play_mode(const struct answer_input *q, const char *mode, struct script *script)
{
    struct telling t;
    begin(&t, q, script);
    values_set(&t.values, "MODE", "%s", mode);
    values_set(&t.values, "ROLE", "system");
    buf_printf(&t.text, "Mode changed to %s", mode);
    values_ascii(&t.values, "DELTA", buf_view(&t.text));
    tell_as(&t, "first", "start", BARE);
    tell_as(&t, "first", "message", BARE);
    values_set(&t.values, "TOKENS", "null");
    values_set(&t.values, "LATENCY", "null");
    values_set(&t.values, "TOOLS", "0");
    tell_as(&t, q->second ? "mode" : "first", "done", q->second ? ZERO : BARE);
    release(&t);
}

static void tell_error(struct telling *t, const char *code, const struct section *s)
{
    struct buf message = {0};
    if (s)
        data_expand(&message, s, "\n", NULL);
    else
        buf_puts(&message, "'id'");
    values_set(&t->values, "CODE", "%s", code);
    values_ascii(&t->values, "MESSAGE", buf_view(&message));
    values_raw(&t->values, "DETAILS", s ? s->rest : span_of("\"retryable\": false"));
    tell(t, "error", "error", ZERO);
    if (!t->q->second)
        tell_done(t, false);
    buf_release(&message);
}

/* The heading of an error has its code and further members of the second generation's event. */
void answer_play_error(const struct answer_input *q, struct script *script)
{
    struct telling t;
    struct section s;
    data_find("error", span_of(q->error), &s);
    begin(&t, q, script);
    tell_opening(&t);
    tell_error(&t, q->error, &s);
    release(&t);
}

void answer_play_broken(const struct answer_input *q, struct script *script)
{
    struct telling t;
    begin(&t, q, script);
    tell_error(&t, "internal_error", NULL);
    release(&t);
}

/* The length of the first event with its empty line. A line ends in LF, CR LF or CR. */
static size_t event_length(struct span s)
{
    size_t len = 0, line = 1;
    while (len < s.len && line > 0) {
        line = span_first_line(span_make(s.at + len, s.len - len)).len;
        len += line;
        len += len + 1 < s.len && s.at[len] == '\r' && s.at[len + 1] == '\n' ? 2 : len < s.len;
    }
    return len;
}

void answer_play_recorded(struct span recording, int64_t pace, struct script *script)
{
    while (recording.len > 0) {
        size_t len = event_length(recording);
        if (script->count > 0 && pace > 0)
            script_step(script, STEP_PAUSE, (uint64_t)pace);
        script_bytes(script, span_make(recording.at, len));
        recording = span_make(recording.at + len, recording.len - len);
    }
}
