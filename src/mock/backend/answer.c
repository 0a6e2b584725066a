/* SPDX-License-Identifier: MIT */
#include "core/utf8.h"
#include "mock/backend/call.h"
#include "system/system.h"

#include <regex.h>
#include <stdlib.h>

enum {
    TOOL_PACES = 8,    /* a tool takes this many times as long as a delta */
    BROKEN_ANSWERS = 5 /* that fail after one with tool calls, with --broken-history */
};

/* An answer that is being written. `now` is when the current event will be sent. */
struct event_stream {
    struct call *call; /* its values are those of the events */
    struct script *script;
    struct buf text; /* all deltas so far */
    unsigned events, deltas, tools;
    int64_t start, now; /* Unix time, ms */
};

static void set_random(struct event_stream *e, const char *name, size_t bytes)
{
    struct buf hex = {0};
    put_random_hex(&hex, bytes);
    values_raw(&e->call->values, name, buf_view(&hex));
    buf_release(&hex);
}

/* Stores both messages and sets the values that are the same in all events. */
static void begin_event_stream(struct event_stream *e, const struct record *conversation)
{
    struct call *c = e->call;
    struct values *v = &c->values;
    struct record *asked = records_add(&c->state->messages, c->account);
    struct record *answered = records_add(&c->state->messages, c->account);
    const char *portfolio = call_portfolio_id(c);
    char *first = buf_format(portfolio ? "\"%s\"" : "null", portfolio);
    asked->by_user = true;
    c->account->messages++;
    values_set(v, "CONVERSATION", "%s", conversation->id);
    values_set(v, "MODE", "%s", conversation->mode);
    values_set(v, "USER", "%s", asked->id);
    values_set(v, "ASSISTANT", "%s", answered->id);
    values_raw(v, "PORTFOLIO", call_json(c, FORM_PORTFOLIO, first));
    values_raw(v, "PORTFOLIOS", call_json(c, FORM_PORTFOLIOS, "null"));
    values_raw(v, "HINT", call_json(c, FORM_PAGE_HINT, "null"));
    values_raw(v, "ROUTE", call_json(c, FORM_ROUTE, "null"));
    set_random(e, "RUN", 6);
    set_random(e, "RESPONSE", 12);
    free(first);
}

static void wait_paces(struct event_stream *e, int paces)
{
    int64_t ms = e->call->options->pace * paces;
    script_pause(e->script, ms);
    e->now += ms;
}

/* Appends the event whose section has this name in the call's generation, if there is one. */
static void emit_event(struct event_stream *e, const char *name)
{
    struct section s;
    struct buf event = {0};
    const char *generation = e->call->options->generation == 2 ? "second" : "first";
    if (!data_find(generation, span_of(name), &s))
        return;
    values_set(&e->call->values, "SEQUENCE", "%u", e->events++);
    values_set(&e->call->values, "STAMP", "%lld", (long long)e->now);
    buf_puts(&event, "event: ");
    buf_span(&event, s.rest);
    buf_puts(&event, "\ndata: ");
    data_expand(&event, &s, " ", &e->call->values);
    buf_puts(&event, "\n\n");
    script_take(e->script, &event);
}

/* `message_created`, which only the second generation sends, has no sequence number. */
static void emit_start(struct event_stream *e)
{
    emit_event(e, "created");
    e->events = 0;
    emit_event(e, "start");
}

/* A word and the white space after it are a delta. */
static void emit_text(struct event_stream *e, struct span text)
{
    while (text.len > 0) {
        size_t len = 0;
        while (len < text.len && !span_is_blank(text.at[len]))
            len++;
        while (len < text.len && span_is_blank(text.at[len]))
            len++;
        struct span delta = span_make(text.at, len);
        if (e->call->options->trim_deltas)
            delta = span_trim(delta);
        wait_paces(e, 1);
        buf_span(&e->text, delta);
        e->deltas++;
        values_ascii(&e->call->values, "DELTA", delta);
        emit_event(e, "delta");
        text = span_make(text.at + len, text.len - len);
    }
}

/* The heading of a tool has its name, its duration in ms and its arguments. */
static void emit_tool(struct event_stream *e, struct span name)
{
    struct values *v = &e->call->values;
    struct section s;
    struct buf json = {0};
    if (!data_find("tool", name, &s))
        abort();
    values_time(v, "NOW", e->now);
    values_raw(v, "TOOL", s.name);
    values_set(v, "DURATION", "%ld", strtol(s.rest.at, NULL, 10));
    set_random(e, "CALL", 12);
    template_expand(&json, span_of(strchr(s.rest.at, ' ') + 1), false, v);
    values_raw(v, "ARGUMENTS", buf_view(&json));
    wait_paces(e, 1);
    emit_event(e, "tool");
    buf_clear(&json);
    data_expand(&json, &s, " ", v);
    values_raw(v, "RESULT", buf_view(&json));
    wait_paces(e, TOOL_PACES);
    emit_event(e, "result");
    e->tools++;
    buf_release(&json);
}

static void emit_end(struct event_stream *e, const char *name)
{
    values_ascii(&e->call->values, "TEXT", buf_view(&e->text));
    values_set(&e->call->values, "TOOLS", "%u", e->tools);
    values_set(&e->call->values, "COUNT", "%u", e->deltas);
    values_set(&e->call->values, "LATENCY", "%lld", (long long)(e->now - e->start));
    emit_event(e, name);
}

/* Whether the topic's regular expression matches at the beginning of a word of the text. */
static bool matches_topic(const struct section *topic, const char *text)
{
    char *pattern = buf_format("(^|[^[:alnum:]])(%s)", topic->name.at);
    regex_t regex;
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
        abort();
    bool matches = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    free(pattern);
    return matches;
}

static void emit_topic(struct event_stream *e, struct span question)
{
    static const struct span call = SPAN("+ ");
    struct section topic = {.next = 0};
    struct buf text = {0};
    utf8_put_without_nul(&text, question);
    while (data_next("topic", &topic) && !matches_topic(&topic, buf_text(&text)))
        continue;
    buf_clear(&text);
    for (size_t i = topic.begin; i < topic.end; i++) {
        struct span line = span_of(data_lines[i]);
        if (span_starts(line, call)) {
            emit_text(e, buf_view(&text));
            buf_clear(&text);
            emit_tool(e, span_make(line.at + call.len, line.len - call.len));
            continue;
        }
        buf_span(&text, line);
        if (i + 1 < topic.end)
            buf_byte(&text, '\n');
    }
    emit_text(e, buf_view(&text));
    buf_release(&text);
}

static void emit_answer(struct event_stream *e, struct record *conversation, struct span question)
{
    emit_start(e);
    emit_event(e, "response");
    emit_topic(e, question);
    emit_end(e, "stored");
    emit_end(e, "done");
    if (e->tools > 0 && e->call->options->broken_history)
        conversation->broken = BROKEN_ANSWERS;
}

/* The heading of an error has its code and further members of the second generation's event. */
static void emit_error(struct event_stream *e, const struct section *error)
{
    struct buf message = {0};
    data_expand(&message, error, "\n", NULL);
    values_raw(&e->call->values, "CODE", error->name);
    values_ascii(&e->call->values, "MESSAGE", buf_view(&message));
    values_raw(&e->call->values, "DETAILS", error->rest);
    emit_event(e, "error");
    emit_end(e, "error_done");
    buf_release(&message);
}

/* Both generations send almost the same here, and the conversation keeps its mode. */
static void emit_mode(struct event_stream *e, const char *mode)
{
    values_set(&e->call->values, "MODE", "%s", mode);
    emit_event(e, "mode_start");
    emit_event(e, "mode_delta");
    emit_event(e, "mode_done");
}

/* The mode that a text such as "/mode blue" selects; NULL for any other text. */
static const char *selected_mode(struct span text)
{
    static const struct span command = SPAN("/mode ");
    if (!span_starts(text, command))
        return NULL;
    return mode_find(span_trim(span_make(text.at + command.len, text.len - command.len)));
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

static void emit_recorded(struct event_stream *e, struct span recording)
{
    while (recording.len > 0) {
        size_t len = event_length(recording);
        if (e->script->count > 0)
            wait_paces(e, 1);
        script_bytes(e->script, span_make(recording.at, len));
        recording = span_make(recording.at + len, recording.len - len);
    }
}

void call_answer(struct call *c, struct record *conversation, struct span text)
{
    int64_t now = sys_wall_ms();
    struct event_stream e = {.call = c, .script = &c->reply->script, .start = now, .now = now};
    const char *mode = selected_mode(text), *error = call_error(c);
    struct section s = {.next = 0};
    reply_stream(c->reply);
    begin_event_stream(&e, conversation);
    if (c->options->answer) {
        emit_recorded(&e, buf_view(&c->state->recording));
    } else if (conversation->broken > 0) {
        conversation->broken--;
        data_next("broken", &s);
        emit_error(&e, &s);
    } else if (error) {
        data_find("error", span_of(error), &s);
        emit_start(&e);
        emit_error(&e, &s);
    } else if (mode) {
        emit_mode(&e, mode);
    } else {
        emit_answer(&e, conversation, text);
    }
    buf_release(&e.text);
}
