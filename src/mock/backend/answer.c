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
struct telling {
    struct call *call; /* its values are those of the events */
    struct script *script;
    struct buf text; /* all deltas so far */
    unsigned events, deltas, tools;
    int64_t start, now; /* Unix time, ms */
};

static void set_random(struct telling *t, const char *name, size_t bytes)
{
    struct buf hex = {0};
    put_random_hex(&hex, bytes);
    values_raw(&t->call->values, name, buf_view(&hex));
    buf_release(&hex);
}

/* Sets the values that are the same in all events. Stores both messages. */
static void begin_telling(struct telling *t, const struct record *conversation)
{
    struct call *c = t->call;
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
    set_random(t, "RUN", 6);
    set_random(t, "RESPONSE", 12);
    free(first);
}

static void wait_paces(struct telling *t, int paces)
{
    int64_t ms = t->call->options->pace * paces;
    script_pause(t->script, ms);
    t->now += ms;
}

/* Appends the event whose section has this name in the call's generation, if there is one. */
static void tell(struct telling *t, const char *name)
{
    struct section s;
    struct buf event = {0};
    const char *generation = t->call->options->generation == 2 ? "second" : "first";
    if (!data_find(generation, span_of(name), &s))
        return;
    values_set(&t->call->values, "SEQUENCE", "%u", t->events++);
    values_set(&t->call->values, "STAMP", "%lld", (long long)t->now);
    buf_puts(&event, "event: ");
    buf_span(&event, s.rest);
    buf_puts(&event, "\ndata: ");
    data_expand(&event, &s, " ", &t->call->values);
    buf_puts(&event, "\n\n");
    script_take(t->script, &event);
}

/* `message_created`, which only the second generation sends, has no sequence number. */
static void tell_start(struct telling *t)
{
    tell(t, "created");
    t->events = 0;
    tell(t, "start");
}

/* A word and the white space after it are a delta. */
static void tell_text(struct telling *t, struct span text)
{
    while (text.len > 0) {
        size_t len = 0;
        while (len < text.len && !span_is_blank(text.at[len]))
            len++;
        while (len < text.len && span_is_blank(text.at[len]))
            len++;
        struct span delta = span_make(text.at, len);
        if (t->call->options->trim_deltas)
            delta = span_trim(delta);
        wait_paces(t, 1);
        buf_span(&t->text, delta);
        t->deltas++;
        values_ascii(&t->call->values, "DELTA", delta);
        tell(t, "delta");
        text = span_make(text.at + len, text.len - len);
    }
}

/* The heading of a tool has its name, its duration in ms and its arguments. */
static void tell_tool(struct telling *t, struct span name)
{
    struct values *v = &t->call->values;
    struct section s;
    struct buf json = {0};
    if (!data_find("tool", name, &s))
        abort();
    values_time(v, "NOW", t->now);
    values_raw(v, "TOOL", s.name);
    values_set(v, "DURATION", "%ld", strtol(s.rest.at, NULL, 10));
    set_random(t, "CALL", 12);
    template_expand(&json, span_of(strchr(s.rest.at, ' ') + 1), false, v);
    values_raw(v, "ARGUMENTS", buf_view(&json));
    wait_paces(t, 1);
    tell(t, "tool");
    buf_clear(&json);
    data_expand(&json, &s, " ", v);
    values_raw(v, "RESULT", buf_view(&json));
    wait_paces(t, TOOL_PACES);
    tell(t, "result");
    t->tools++;
    buf_release(&json);
}

static void tell_end(struct telling *t, const char *name)
{
    values_ascii(&t->call->values, "TEXT", buf_view(&t->text));
    values_set(&t->call->values, "TOOLS", "%u", t->tools);
    values_set(&t->call->values, "COUNT", "%u", t->deltas);
    values_set(&t->call->values, "LATENCY", "%lld", (long long)(t->now - t->start));
    tell(t, name);
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

static void tell_topic(struct telling *t, struct span question)
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
            tell_text(t, buf_view(&text));
            buf_clear(&text);
            tell_tool(t, span_make(line.at + call.len, line.len - call.len));
            continue;
        }
        buf_span(&text, line);
        if (i + 1 < topic.end)
            buf_byte(&text, '\n');
    }
    tell_text(t, buf_view(&text));
    buf_release(&text);
}

static void tell_answer(struct telling *t, struct record *conversation, struct span question)
{
    tell_start(t);
    tell(t, "response");
    tell_topic(t, question);
    tell_end(t, "stored");
    tell_end(t, "done");
    if (t->tools > 0 && t->call->options->broken_history)
        conversation->broken = BROKEN_ANSWERS;
}

/* The heading of an error has its code and further members of the second generation's event. */
static void tell_error(struct telling *t, const struct section *error)
{
    struct buf message = {0};
    data_expand(&message, error, "\n", NULL);
    values_raw(&t->call->values, "CODE", error->name);
    values_ascii(&t->call->values, "MESSAGE", buf_view(&message));
    values_raw(&t->call->values, "DETAILS", error->rest);
    tell(t, "error");
    tell_end(t, "error_done");
    buf_release(&message);
}

/* Both generations send almost the same here, and the conversation keeps its mode. */
static void tell_mode(struct telling *t, const char *mode)
{
    values_set(&t->call->values, "MODE", "%s", mode);
    tell(t, "mode_start");
    tell(t, "mode_delta");
    tell(t, "mode_done");
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

static void tell_recorded(struct telling *t, struct span recording)
{
    while (recording.len > 0) {
        size_t len = event_length(recording);
        if (t->script->count > 0)
            wait_paces(t, 1);
        script_bytes(t->script, span_make(recording.at, len));
        recording = span_make(recording.at + len, recording.len - len);
    }
}

void call_answer(struct call *c, struct record *conversation, struct span text)
{
    int64_t now = sys_wall_ms();
    struct telling t = {.call = c, .script = &c->reply->script, .start = now, .now = now};
    const char *mode = selected_mode(text), *error = call_error(c);
    struct section s = {.next = 0};
    reply_stream(c->reply);
    begin_telling(&t, conversation);
    if (c->options->answer) {
        tell_recorded(&t, buf_view(&c->state->recording));
    } else if (conversation->broken > 0) {
        conversation->broken--;
        data_next("broken", &s);
        tell_error(&t, &s);
    } else if (error) {
        data_find("error", span_of(error), &s);
        tell_start(&t);
        tell_error(&t, &s);
    } else if (mode) {
        tell_mode(&t, mode);
    } else {
        tell_answer(&t, conversation, text);
    }
    buf_release(&t.text);
}
