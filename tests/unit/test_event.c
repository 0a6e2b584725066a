/* SPDX-License-Identifier: MIT */
/* Server-sent events to chat events: both generations, their names and keys, and invalid events. */
#include "stream/event.h"

#include "unit.h"

static const char *const kinds[] = {"OTHER",        "CREATED",       "START",   "MESSAGE",
                                    "TOOL_STARTED", "TOOL_FINISHED", "DONE",    "ERROR",
                                    "HEARTBEAT",    "INFO",          "UNNAMED", "MALFORMED"};

static struct chat_parser *parser;

static void parse(struct span name, struct span payload, struct chat_event *event)
{
    static struct sse_event from;
    from = (struct sse_event){.name = name, .has_name = true, .data = payload};
    *event = *chat_parse(parser, &from);
}

static void put_beside(struct buf *out, const char *what, struct span raw)
{
    if (raw.len) {
        buf_printf(out, " %s=", what);
        buf_span(out, raw);
    }
}

/* "KIND name data run_id=… seq=… ts=…", for a malformed one "MALFORMED name". */
static void render(struct buf *out, const struct chat_event *event)
{
    buf_clear(out);
    buf_printf(out, "%s ", kinds[event->kind]);
    buf_span(out, event->name);
    if (event->kind == CHAT_MALFORMED) {
        check(event->why && *event->why && !strchr(event->why, '\n'), "why: one line");
        return;
    }
    buf_byte(out, ' ');
    chat_put_data(out, event);
    put_beside(out, "run_id", event->envelope[CHAT_RUN_ID].raw);
    put_beside(out, "seq", event->envelope[CHAT_SEQ].raw);
    put_beside(out, "ts", event->envelope[CHAT_TIMESTAMP].raw);
}

struct row {
    const char *title;
    struct span name, payload;
    const char *want;
};

#define ROW(title, name, payload, want)                                                            \
    {                                                                                              \
        title, SPAN(name), SPAN(payload), want                                                     \
    }

static void check_rows(const struct row *rows, size_t count)
{
    struct buf out = {0};
    for (size_t i = 0; i < count; i++) {
        struct chat_event event;
        parse(rows[i].name, rows[i].payload, &event);
        render(&out, &event);
        check_span(buf_view(&out), span_of(rows[i].want), rows[i].title);
    }
    buf_release(&out);
}

static const struct row first_generation[] = {
    ROW("start", "start", "{\"conversation_id\": \"c1\", \"mode\": \"green\", \"model\": \"m\"}",
        "START start {\"conversation_id\": \"c1\", \"mode\": \"green\", \"model\": \"m\"}"),
    ROW("message", "message", "{\"delta\": \"a\", \"role\": \"assistant\"}",
        "MESSAGE message {\"delta\": \"a\", \"role\": \"assistant\"}"),
    ROW("tool_started", "tool_started", "{\"tool_name\": \"t\", \"arguments\": {\"a\": [1]}}",
        "TOOL_STARTED tool_started {\"tool_name\": \"t\", \"arguments\": {\"a\": [1]}}"),
    ROW("tool_finished", "tool_finished",
        "{\"tool_name\": \"t\", \"result\": {\"v\": 1.50}, \"error\": null, \"duration_ms\": 2}",
        "TOOL_FINISHED tool_finished {\"tool_name\": \"t\", \"result\": {\"v\": 1.50}, "
        "\"error\": null, \"duration_ms\": 2}"),
    ROW("done", "done", "{\"total_tokens\": 9, \"latency_ms\": null}",
        "DONE done {\"total_tokens\": 9, \"latency_ms\": null}"),
    ROW("error", "error", "{\"message\": \"m\", \"code\": null, \"retryable\": true}",
        "ERROR error {\"message\": \"m\", \"code\": null, \"retryable\": true}"),
    ROW("heartbeat", "heartbeat", "{\"timestamp\": \"t\"}",
        "HEARTBEAT heartbeat {\"timestamp\": \"t\"}"),
    ROW("an empty object", "done", "{}", "DONE done {}"),
    ROW("keys of no guide pass", "message", "{\"x\": 1, \"delta\": \"a\", \"type\": \"y\"}",
        "MESSAGE message {\"x\": 1, \"delta\": \"a\", \"type\": \"y\"}"),
    ROW("a member of another event keeps its name", "done", "{\"tool_args\": 1, \"error\": 2}",
        "DONE done {\"tool_args\": 1, \"error\": 2}"),
    ROW("a failed tool's error keeps its name", "tool_finished",
        "{\"tool_name\": \"t\", \"error\": \"e\"}",
        "TOOL_FINISHED tool_finished {\"tool_name\": \"t\", \"error\": \"e\"}"),
};

static const struct row second_generation[] = {
    ROW("message_created", "message_created", "{\"conversation_id\": \"c\", \"run_id\": \"r\"}",
        "CREATED message_created {\"conversation_id\": \"c\", \"run_id\": \"r\"}"),
    ROW("start", "start",
        "{\"type\": \"start\", \"run_id\": \"r\", \"seq\": 0, \"data\": {\"mode\": \"blue\"}, "
        "\"timestamp\": 17}",
        "START start {\"mode\": \"blue\"} run_id=\"r\" seq=0 ts=17"),
    ROW("token", "token",
        "{\"type\":\"token\",\"run_id\":\"r\",\"seq\":3,\"data\":{\"delta\":\" a\"}"
        ",\"timestamp\":1.0}",
        "MESSAGE message {\"delta\":\" a\"} run_id=\"r\" seq=3 ts=1.0"),
    ROW("tool_call", "tool_call",
        "{\"type\":\"tool_call\",\"run_id\":\"r\",\"seq\":3,\"data\":{\"tool_call_id\":\"i\","
        "\"tool_name\":\"t\",\"tool_args\":{\"tool_args\":1}},\"timestamp\":1}",
        "TOOL_STARTED tool_started {\"tool_call_id\":\"i\",\"tool_name\":\"t\","
        "\"arguments\":{\"tool_args\":1}} run_id=\"r\" seq=3 ts=1"),
    ROW("tool_result", "tool_result",
        "{\"type\":\"tool_result\",\"data\":{\"tool_name\":\"t\",\"tool_result\" : {\"error\":"
        "{\"type\":\"x\",\"message\":\"m\"}},\"duration_ms\":5},\"timestamp\":1}",
        "TOOL_FINISHED tool_finished {\"tool_name\":\"t\",\"result\" : {\"error\":"
        "{\"type\":\"x\",\"message\":\"m\"}},\"duration_ms\":5} ts=1"),
    ROW("response_id", "response_id", "{\"type\":\"response_id\",\"seq\":1,\"data\":{\"p\":1}}",
        "OTHER response_id {\"p\":1} seq=1"),
    ROW("info", "info", "{\"type\":\"info\",\"seq\":0,\"data\":{\"info_type\":\"model_switch\"}}",
        "INFO info {\"info_type\":\"model_switch\"} seq=0"),
    ROW("heartbeat", "heartbeat", "{\"type\":\"heartbeat\",\"seq\":0,\"data\":{}}",
        "HEARTBEAT heartbeat {} seq=0"),
    ROW("done", "done", "{\"type\":\"done\",\"seq\":0,\"data\":{\"final_text\":\"a\"}}",
        "DONE done {\"final_text\":\"a\"} seq=0"),
    ROW("error", "error",
        "{\"type\":\"error\",\"seq\":0,\"data\":{\"error\":\"m\",\"error_type\":\"t\","
        "\"retryable\":false}}",
        "ERROR error {\"message\":\"m\",\"code\":\"t\",\"retryable\":false} seq=0"),
    ROW("an unknown event in an envelope", "citation",
        "{\"type\":\"citation\",\"run_id\":\"r\",\"data\":{\"n\":[1, 2]}}",
        "OTHER citation {\"n\":[1, 2]} run_id=\"r\""),
    ROW("an unknown event whose payload is an array", "citation",
        "{\"type\":\"citation\",\"seq\":1,\"data\":[1, 2]}", "OTHER citation [1, 2] seq=1"),
    ROW("an unknown event whose payload is a string", "citation",
        "{\"type\":\"citation\",\"seq\":1,\"data\":\"\\u00e9\"}",
        "OTHER citation \"\\u00e9\" seq=1"),
    ROW("an unknown event whose payload is null", "citation",
        "{\"type\":\"citation\",\"seq\":1,\"data\":null}", "OTHER citation null seq=1"),
    ROW("an info whose payload is null", "info", "{\"type\":\"info\",\"seq\":0,\"data\":null}",
        "OTHER info null seq=0"),
    ROW("a type and data alone", "done", "{\"type\":\"done\",\"data\":{\"latency_ms\":9}}",
        "DONE done {\"latency_ms\":9}"),
    ROW("of two data the last one counts", "token",
        "{\"type\":\"token\",\"seq\":1,\"data\":null,\"data\":{\"delta\":\"a\"}}",
        "MESSAGE message {\"delta\":\"a\"} seq=1"),
    ROW("bare with new names", "token", "{\"delta\":\"a\"}", "MESSAGE message {\"delta\":\"a\"}"),
    ROW("bare error with new keys", "error", "{\"error\":\"m\",\"error_type\":null}",
        "ERROR error {\"message\":\"m\",\"code\":null}"),
    ROW("bare tool_call", "tool_call", "{\"tool_name\":\"t\",\"tool_args\":{}}",
        "TOOL_STARTED tool_started {\"tool_name\":\"t\",\"arguments\":{}}"),
    ROW("old names in an envelope", "message",
        "{\"type\":\"message\",\"seq\":1,\"data\":{\"delta\":\"a\"}}",
        "MESSAGE message {\"delta\":\"a\"} seq=1"),
    ROW("the envelope's order does not matter", "token",
        "{\"data\":{\"delta\":\"a\"},\"seq\":1,\"run_id\":\"r\",\"type\":\"token\"}",
        "MESSAGE message {\"delta\":\"a\"} run_id=\"r\" seq=1"),
    ROW("a type with an escape", "token",
        "{\"type\":\"tok\\u0065n\",\"seq\":1,\"data\":{\"delta\":\"a\"}}",
        "MESSAGE message {\"delta\":\"a\"} seq=1"),
    ROW("an envelope in an envelope: the outer one", "x",
        "{\"type\":\"x\",\"seq\":1,\"data\":{\"type\":\"y\",\"data\":{\"a\":1},\"seq\":2}}",
        "OTHER x {\"type\":\"y\",\"data\":{\"a\":1},\"seq\":2} seq=1"),
};

static const struct row no_envelope[] = {
    ROW("data without type", "done", "{\"data\":{\"latency_ms\":1},\"seq\":1}",
        "DONE done {\"data\":{\"latency_ms\":1},\"seq\":1}"),
    ROW("type without data", "done", "{\"type\":\"done\",\"latency_ms\":1}",
        "DONE done {\"type\":\"done\",\"latency_ms\":1}"),
    ROW("a type that is not a string", "done", "{\"type\":1,\"seq\":0,\"data\":{}}",
        "DONE done {\"type\":1,\"seq\":0,\"data\":{}}"),
    ROW("a type of its own", "done",
        "{\"type\":\"final\",\"run_id\":\"r\",\"seq\":0,\"data\":{},\"timestamp\":1}",
        "DONE done {\"type\":\"final\",\"run_id\":\"r\",\"seq\":0,\"data\":{},\"timestamp\":1}"),
    ROW("the type that the guide has for it", "token",
        "{\"type\":\"message\",\"seq\":0,\"data\":{},\"delta\":\"a\"}",
        "MESSAGE message {\"type\":\"message\",\"seq\":0,\"data\":{},\"delta\":\"a\"}"),
    ROW("of an unknown event: a type of its own", "quote",
        "{\"type\":\"stock\",\"data\":{\"a\":1},\"timestamp\":7}",
        "OTHER quote {\"type\":\"stock\",\"data\":{\"a\":1},\"timestamp\":7}"),
    ROW("of an unknown event: a type and data alone", "quote",
        "{\"type\":\"quote\",\"data\":{\"a\":1},\"id\":7}",
        "OTHER quote {\"type\":\"quote\",\"data\":{\"a\":1},\"id\":7}"),
    ROW("a delta beside an object data", "message", "{\"delta\":\"a\",\"data\":{\"delta\":\"b\"}}",
        "MESSAGE message {\"delta\":\"a\",\"data\":{\"delta\":\"b\"}}"),
};

static const struct row unknown[] = {
    ROW("an object", "news", "{\"a\": 1}", "OTHER news {\"a\": 1}"),
    ROW("a number", "news", " 1e2 ", "OTHER news 1e2"),
    ROW("a number to the end", "news", "-0.50", "OTHER news -0.50"),
    ROW("a string", "news", "\"x\\u0041\"", "OTHER news \"x\\u0041\""),
    ROW("null", "news", "null", "OTHER news null"),
    ROW("an array", "news", "[1,[2]]", "OTHER news [1,[2]]"),
    ROW("not JSON", "news", "he said \"no\"", "OTHER news \"he said \\\"no\\\"\""),
    ROW("not JSON, of two lines", "news", "a\nb", "OTHER news \"a\\nb\""),
    ROW("half of JSON", "news", "{\"a\":", "OTHER news \"{\\\"a\\\":\""),
    ROW("two documents", "news", "{} {}", "OTHER news \"{} {}\""),
    ROW("a document and a number", "news", "{} 1", "OTHER news \"{} 1\""),
    ROW("a number that is none", "news", "01", "OTHER news \"01\""),
    ROW("a form feed", "news", "[1,\f2]", "OTHER news \"[1,\\f2]\""),
    ROW("nothing", "news", "", "OTHER news \"\""),
    ROW("white space", "news", " \n", "OTHER news \" \\n\""),
    ROW("an empty name cannot come, any other can", " ", "1", "OTHER   1"),
    ROW("another case of letters", "Message", "{\"delta\":1}", "OTHER Message {\"delta\":1}"),
    ROW("a name with a space", "message ", "{}", "OTHER message  {}"),
    ROW("a longer name", "message_delta", "{}", "OTHER message_delta {}"),
    ROW("a shorter name", "mess", "{}", "OTHER mess {}"),
    ROW("a name of ours", "client.close", "{\"schema\":1}",
        "OTHER server.client.close {\"schema\":1}"),
    ROW("the bare prefix", "client.", "{}", "OTHER server.client. {}"),
    ROW("no name of ours", "client", "{}", "OTHER client {}"),
    ROW("nor that", "Client.close", "{}", "OTHER Client.close {}"),
    ROW("nor that one", "server.client.x", "{}", "OTHER server.client.x {}"),
};

static const struct row malformed[] = {
    ROW("empty", "message", "", "MALFORMED message"),
    ROW("white space", "done", "  ", "MALFORMED done"),
    ROW("not JSON", "message", "hello", "MALFORMED message"),
    ROW("unfinished", "message", "{\"delta\":\"a\"", "MALFORMED message"),
    ROW("an unfinished string", "message", "{\"delta\":\"a", "MALFORMED message"),
    ROW("two documents", "message", "{\"delta\":\"a\"}{\"delta\":\"b\"}", "MALFORMED message"),
    ROW("and a number", "message", "{\"delta\":\"a\"} 1", "MALFORMED message"),
    ROW("and half a word", "message", "{\"delta\":\"a\"} nul", "MALFORMED message"),
    ROW("and half a string", "message", "{\"delta\":\"a\"} \"", "MALFORMED message"),
    ROW("and a brace", "message", "{\"delta\":\"a\"} {", "MALFORMED message"),
    ROW("and a closing brace", "message", "{\"delta\":\"a\"}}", "MALFORMED message"),
    ROW("a comma too many", "message", "{\"delta\":\"a\",}", "MALFORMED message"),
    ROW("a comment", "message", "{\"delta\":\"a\"} // x", "MALFORMED message"),
    ROW("a form feed between tokens", "message", "{\"delta\":\f\"a\"}", "MALFORMED message"),
    ROW("a vertical tab", "message", "{\"delta\":\"a\"}\v", "MALFORMED message"),
    ROW("a leading zero", "done", "{\"latency_ms\":01}", "MALFORMED done"),
    ROW("NaN", "done", "{\"latency_ms\":NaN}", "MALFORMED done"),
    ROW("a line feed in a string", "message", "{\"delta\":\"a\nb\"}", "MALFORMED message"),
    ROW("a tab in a string", "message", "{\"delta\":\"a\tb\"}", "MALFORMED message"),
    ROW("a bad escape", "message", "{\"delta\":\"\\x\"}", "MALFORMED message"),
    ROW("an array", "message", "[{\"delta\":\"a\"}]", "MALFORMED message"),
    ROW("a string", "message", "\"delta\"", "MALFORMED message"),
    ROW("a number", "done", "1", "MALFORMED done"),
    ROW("null", "error", "null", "MALFORMED error"),
    ROW("no delta", "message", "{\"role\":\"assistant\"}", "MALFORMED message"),
    ROW("a delta that is null", "message", "{\"delta\":null}", "MALFORMED message"),
    ROW("a number", "token", "{\"type\":\"token\",\"seq\":1,\"data\":{\"delta\":1}}",
        "MALFORMED message"),
    ROW("an object", "token", "{\"delta\":{\"text\":\"a\"}}", "MALFORMED message"),
    ROW("a delta outside the envelope", "token",
        "{\"type\":\"token\",\"delta\":\"a\",\"seq\":1,\"data\":{}}", "MALFORMED message"),
    ROW("a delta deeper down", "message", "{\"x\":{\"delta\":\"a\"}}", "MALFORMED message"),
    ROW("an envelope whose data is a string", "token",
        "{\"type\":\"token\",\"seq\":1,\"data\":\"a\",\"delta\":\"b\"}", "MALFORMED message"),
    ROW("one whose data is an array", "done", "{\"type\":\"done\",\"seq\":0,\"data\":[1]}",
        "MALFORMED done"),
    ROW("null", "done",
        "{\"type\":\"done\",\"run_id\":\"r\",\"seq\":0,\"data\":null,\"timestamp\":1}",
        "MALFORMED done"),
    ROW("null at last", "token",
        "{\"type\":\"token\",\"seq\":0,\"data\":{\"delta\":\"a\"},\"data\":null}",
        "MALFORMED message"),
    ROW("null in a heartbeat", "heartbeat", "{\"type\":\"heartbeat\",\"seq\":0,\"data\":null}",
        "MALFORMED heartbeat"),
    ROW("a number", "start", "{\"type\":\"start\",\"seq\":0,\"data\":0}", "MALFORMED start"),
    ROW("false", "error", "{\"type\":\"error\",\"seq\":0,\"data\":false}", "MALFORMED error"),
    ROW("no tool_name", "tool_started", "{\"arguments\":{}}", "MALFORMED tool_started"),
    ROW("a tool_name that is a number", "tool_call", "{\"tool_name\":1}", "MALFORMED tool_started"),
    ROW("no tool_name at its end", "tool_result", "{}", "MALFORMED tool_finished"),
    ROW("start", "start", "x", "MALFORMED start"),
    ROW("heartbeat", "heartbeat", "", "MALFORMED heartbeat"),
    ROW("an array in done", "done", "[]", "MALFORMED done"),
};

static void of_the_first_generation(void)
{
    check_rows(first_generation, COUNT(first_generation));
}

static void of_the_second_generation(void)
{
    check_rows(second_generation, COUNT(second_generation));
}

static void without_envelope(void)
{
    check_rows(no_envelope, COUNT(no_envelope));
}

static void of_unknown_name(void)
{
    check_rows(unknown, COUNT(unknown));
}

static void malformed_ones(void)
{
    check_rows(malformed, COUNT(malformed));
}

/* A payload does not affect the next one. */
static void after_any_other(void)
{
    static const struct span name = SPAN("message"), payload = SPAN("{\"delta\":\"good\"}");
    const struct {
        const struct row *rows;
        size_t count;
    } all[] = {{first_generation, COUNT(first_generation)},
               {second_generation, COUNT(second_generation)},
               {no_envelope, COUNT(no_envelope)},
               {unknown, COUNT(unknown)},
               {malformed, COUNT(malformed)}};
    struct chat_event event;
    for (size_t t = 0; t < COUNT(all); t++) {
        for (size_t i = 0; i < all[t].count; i++) {
            parse(all[t].rows[i].name, all[t].rows[i].payload, &event);
            parse(name, payload, &event);
            if (check(event.kind == CHAT_MESSAGE, "after '%s' of %s: a good message is %s",
                      all[t].rows[i].title, all[t].rows[i].name.at, kinds[event.kind]))
                check_span(event.member[CHAT_DELTA].string, S("good"), all[t].rows[i].title);
            check(event.envelope[CHAT_RUN_ID].type == JSON_NONE &&
                      event.envelope[CHAT_SEQ].type == JSON_NONE && event.renames == 0,
                  "after '%s': members of the last event", all[t].rows[i].title);
        }
    }
}

/* Members that the program reads. */

struct member_row {
    const char *title;
    struct span name, payload;
    enum chat_member member;
    enum json_type type;
    struct span string, raw; /* what is empty is not checked */
};

#define STRING(title, name, payload, member, string)                                               \
    {                                                                                              \
        title, SPAN(name), SPAN(payload), member, JSON_STRING, SPAN(string), SPAN("")              \
    }
#define RAW(title, name, payload, member, type, raw)                                               \
    {                                                                                              \
        title, SPAN(name), SPAN(payload), member, type, SPAN(""), SPAN(raw)                        \
    }

static const struct member_row members[] = {
    STRING("a delta", "message", "{\"delta\":\"a b\"}", CHAT_DELTA, "a b"),
    STRING("white space", "message", "{\"delta\" : \" \\n \"}", CHAT_DELTA, " \n "),
    STRING("escapes", "message", "{\"delta\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\"}",
           CHAT_DELTA, "\"\\/\b\f\n\r\tA\xC3\xA9"),
    STRING("NUL", "message", "{\"delta\":\"a\\u0000b\"}", CHAT_DELTA, "a\0b"),
    STRING("UTF-8 as it is", "message", "{\"delta\":\"\xF0\x9F\x98\x80\"}", CHAT_DELTA,
           "\xF0\x9F\x98\x80"),
    STRING("a pair", "message", "{\"delta\":\"\\ud83d\\ude00\"}", CHAT_DELTA, "\xF0\x9F\x98\x80"),
    STRING("a pair in capitals", "message", "{\"delta\":\"\\uD83D\\uDE00\"}", CHAT_DELTA,
           "\xF0\x9F\x98\x80"),
    STRING("the first pair", "message", "{\"delta\":\"\\ud800\\udc00\"}", CHAT_DELTA,
           "\xF0\x90\x80\x80"),
    STRING("the last pair", "message", "{\"delta\":\"\\udbff\\udfff\"}", CHAT_DELTA,
           "\xF4\x8F\xBF\xBF"),
    STRING("a lone high", "message", "{\"delta\":\"a\\ud83db\"}", CHAT_DELTA,
           "a\xEF\xBF\xBD"
           "b"),
    STRING("a lone low", "message", "{\"delta\":\"a\\ude00b\"}", CHAT_DELTA,
           "a\xEF\xBF\xBD"
           "b"),
    STRING("a high at the end", "message", "{\"delta\":\"a\\ud83d\"}", CHAT_DELTA, "a\xEF\xBF\xBD"),
    STRING("high, letter", "message", "{\"delta\":\"\\ud83d\\u0041\"}", CHAT_DELTA,
           "\xEF\xBF\xBD"
           "A"),
    STRING("high, escape", "message", "{\"delta\":\"\\ud83d\\n\"}", CHAT_DELTA, "\xEF\xBF\xBD\n"),
    STRING("high, high, low", "message", "{\"delta\":\"\\ud83d\\ud83d\\ude00\"}", CHAT_DELTA,
           "\xEF\xBF\xBD\xF0\x9F\x98\x80"),
    STRING("low, high", "message", "{\"delta\":\"\\ude00\\ud83d\"}", CHAT_DELTA,
           "\xEF\xBF\xBD\xEF\xBF\xBD"),
    STRING("high, high", "message", "{\"delta\":\"\\ud83d\\ud83d\"}", CHAT_DELTA,
           "\xEF\xBF\xBD\xEF\xBF\xBD"),
    STRING("a backslash before what looks like one", "message", "{\"delta\":\"\\\\ud83d\"}",
           CHAT_DELTA, "\\ud83d"),
    STRING("a backslash, then one", "message", "{\"delta\":\"\\\\\\ud83d\"}", CHAT_DELTA,
           "\\\xEF\xBF\xBD"),
    STRING("a byte order mark", "message", "{\"delta\":\"\\ufeff\"}", CHAT_DELTA, "\xEF\xBB\xBF"),
    STRING("an escape in the key", "message", "{\"d\\u0065lta\":\"a\"}", CHAT_DELTA, "a"),
    STRING("the last of two", "message", "{\"delta\":\"a\",\"delta\":\"b\"}", CHAT_DELTA, "b"),
    STRING("a surrogate in another member", "message", "{\"x\":\"\\ud800\",\"delta\":\"\\u0061\"}",
           CHAT_DELTA, "a"),
    STRING("escapes in several", "start",
           "{\"conversation_id\":\"\\u0063\",\"mode\":\"\\u0062\",\"model\":\"\\u0061\"}",
           CHAT_CONVERSATION_ID, "c"),
    STRING("tool_name", "tool_call",
           "{\"type\":\"tool_call\",\"seq\":1,"
           "\"data\":{\"tool_name\":\"\\u00e9\",\"tool_args\":\"\\ud800\"}}",
           CHAT_TOOL_NAME, "\xC3\xA9"),
    STRING("tool_call_id", "tool_started", "{\"tool_name\":\"t\",\"tool_call_id\":\"i\"}",
           CHAT_TOOL_CALL_ID, "i"),
    STRING("final_text", "done",
           "{\"type\":\"done\",\"seq\":0,\"data\":{\"final_text\":\"x\\ny\"}}", CHAT_FINAL_TEXT,
           "x\ny"),
    STRING("an error's message", "error", "{\"message\":\"m\"}", CHAT_ERROR_MESSAGE, "m"),
    STRING("by its other name", "error", "{\"error\":\"m\"}", CHAT_ERROR_MESSAGE, "m"),
    STRING("by both: the guide's", "error", "{\"error\":\"e\",\"message\":\"m\"}",
           CHAT_ERROR_MESSAGE, "m"),
    STRING("in the other order", "error", "{\"message\":\"m\",\"error\":\"e\"}", CHAT_ERROR_MESSAGE,
           "m"),
    STRING("code", "error", "{\"code\":\"c\"}", CHAT_ERROR_CODE, "c"),
    STRING("error_type", "error", "{\"error_type\":\"c\"}", CHAT_ERROR_CODE, "c"),
    RAW("retryable", "error", "{\"message\":\"m\",\"retryable\":true}", CHAT_RETRYABLE, JSON_TRUE,
        "true"),
    RAW("retry_after", "error", "{\"type\":\"error\",\"seq\":0,\"data\":{\"retry_after\":1.50}}",
        CHAT_RETRY_AFTER, JSON_NUMBER, "1.50"),
    RAW("arguments", "tool_call", "{\"tool_name\":\"t\",\"tool_args\": {\"a\" : [ 1.0 ]} }",
        CHAT_ARGUMENTS, JSON_OBJECT, "{\"a\" : [ 1.0 ]}"),
    RAW("result", "tool_finished", "{\"tool_name\":\"t\",\"result\":[1E5]}", CHAT_RESULT,
        JSON_ARRAY, "[1E5]"),
    RAW("duration_ms", "tool_finished", "{\"tool_name\":\"t\",\"duration_ms\":245}",
        CHAT_DURATION_MS, JSON_NUMBER, "245"),
    RAW("total_tokens", "done", "{\"total_tokens\":null}", CHAT_TOTAL_TOKENS, JSON_NULL, "null"),
    RAW("latency_ms", "done", "{\"latency_ms\":12345678901234567890}", CHAT_LATENCY_MS, JSON_NUMBER,
        "12345678901234567890"),
    RAW("info", "info", "{\"type\":\"info\",\"seq\":0,\"data\":{\"retry_in_ms\":515}}",
        CHAT_INFO_RETRY_IN_MS, JSON_NUMBER, "515"),
    RAW("absent", "message", "{\"delta\":\"a\"}", CHAT_MODEL, JSON_NONE, ""),
    RAW("only the envelope's own data count", "done",
        "{\"type\":\"done\",\"seq\":0,\"latency_ms\":1,\"data\":{}}", CHAT_LATENCY_MS, JSON_NONE,
        ""),
    RAW("of what is none the payload's", "done",
        "{\"type\":\"final\",\"data\":{\"latency_ms\":3},\"latency_ms\":9}", CHAT_LATENCY_MS,
        JSON_NUMBER, "9"),
    RAW("and without one the payload's", "done", "{\"data\":{\"latency_ms\":1}}", CHAT_LATENCY_MS,
        JSON_NONE, ""),
    RAW("not deeper down", "start", "{\"x\":{\"mode\":\"green\"}}", CHAT_MODE, JSON_NONE, ""),
    RAW("not in an array", "start", "{\"mode\":[{\"mode\":\"green\"}]}", CHAT_MODE, JSON_ARRAY,
        "[{\"mode\":\"green\"}]"),
};

static void members_are_found(void)
{
    struct guard guard = guard_new(4096);
    for (size_t i = 0; i < COUNT(members); i++) {
        const struct member_row *row = &members[i];
        struct chat_event event;
        parse(row->name, span_make(guard_copy(&guard, row->payload), row->payload.len), &event);
        const struct json_value *v = &event.member[row->member];
        if (!check(v->type == row->type && event.kind != CHAT_MALFORMED,
                   "%s: kind %s, type %d instead of %d", row->title, kinds[event.kind],
                   (int)v->type, (int)row->type))
            continue;
        if (v->type == JSON_STRING)
            check_span(v->string, row->string, row->title);
        if (row->raw.len)
            check_span(v->raw, row->raw, row->title);
    }
    guard_free(&guard);
}

/* All decoded strings of one event are there at the same time. */
static void strings_together(void)
{
    struct chat_event event;
    parse(S("start"),
          S("{\"conversation_id\":\"\\u0063\\u0031\",\"mode\":\"\\ud800\",\"model\":\"m\\u006d\"}"),
          &event);
    check_span(event.member[CHAT_CONVERSATION_ID].string, S("c1"), "conversation_id");
    check_span(event.member[CHAT_MODE].string, S("\xEF\xBF\xBD"), "mode");
    check_span(event.member[CHAT_MODEL].string, S("mm"), "model");
}

/* `data` is the server's own JSON. */
static const struct row own_bytes[] = {
    ROW("numbers", "x", "{\"a\":1.0,\"b\":1e400,\"c\":-0,\"d\":123456789012345678901234567890}",
        "OTHER x {\"a\":1.0,\"b\":1e400,\"c\":-0,\"d\":123456789012345678901234567890}"),
    ROW("order and duplicates", "x", "{\"b\":1,\"a\":2,\"b\":3}",
        "OTHER x {\"b\":1,\"a\":2,\"b\":3}"),
    ROW("escapes", "x", "{\"a\":\"\\u00e9\\/\\ud83d\\ude00\"}",
        "OTHER x {\"a\":\"\\u00e9\\/\\ud83d\\ude00\"}"),
    ROW("white space but the line break", "x", " \t{ \"a\"\t:\n1 ,\n\n\"b\" : [ ] } ",
        "OTHER x { \"a\"\t: 1 ,  \"b\" : [ ] }"),
    ROW("an unpaired surrogate", "x", "{\"a\":\"\\ud83d\",\"\\udc00\":\"\\uD800x\"}",
        "OTHER x {\"a\":\"\\ufffd\",\"\\ufffd\":\"\\ufffdx\"}"),
    ROW("in a delta", "message", "{\"delta\":\"\\ud83d\"}",
        "MESSAGE message {\"delta\":\"\\ufffd\"}"),
    ROW("a renamed key with escapes", "error", "{ \"\\u0065rror\" : \"m\", \"error_typ\\u0065\":1}",
        "ERROR error { \"message\" : \"m\", \"code\":1}"),
    ROW("renamed keys in the other order", "error", "{\"error_type\":1,\"x\":0,\"error\":\"m\"}",
        "ERROR error {\"code\":1,\"x\":0,\"message\":\"m\"}"),
    ROW("both names: each keeps its own", "error", "{\"error\":\"e\",\"message\":\"m\"}",
        "ERROR error {\"error\":\"e\",\"message\":\"m\"}"),
    ROW("in the other order", "error", "{\"message\":\"m\",\"error\":\"e\"}",
        "ERROR error {\"message\":\"m\",\"error\":\"e\"}"),
    ROW("one of two", "error", "{\"error_type\":\"t\",\"error\":\"e\",\"message\":\"m\"}",
        "ERROR error {\"code\":\"t\",\"error\":\"e\",\"message\":\"m\"}"),
    ROW("of two equal keys the last one, which counts, is renamed", "tool_call",
        "{\"tool_name\":\"t\",\"tool_args\":1,\"tool_args\":2}",
        "TOOL_STARTED tool_started {\"tool_name\":\"t\",\"tool_args\":1,\"arguments\":2}"),
    ROW("renames across a line break", "tool_call",
        "{\"tool_name\":\"t\",\n\"tool_args\":\n{\n}\n}",
        "TOOL_STARTED tool_started {\"tool_name\":\"t\", \"arguments\": { } }"),
    ROW("no rename further down", "error", "{\"error\":{\"error\":1,\"error_type\":2}}",
        "ERROR error {\"message\":{\"error\":1,\"error_type\":2}}"),
    ROW("an envelope over lines", "token",
        "{\"type\":\"token\",\n\"data\":\n{\"delta\"\n:\"a\"},\n\"run_id\":\n\"r\"}",
        "MESSAGE message {\"delta\" :\"a\"} run_id=\"r\""),
    ROW("DEL and C1 pass", "x", "{\"a\":\"\x7F\xC2\x9B\"}", "OTHER x {\"a\":\"\x7F\xC2\x9B\"}"),
    ROW("what is not JSON is escaped", "x", "\x01\"\\\x7F", "OTHER x \"\\u0001\\\"\\\\\\u007f\""),
};

static void data_is_the_servers(void)
{
    check_rows(own_bytes, COUNT(own_bytes));
}

/* The three forms in which a failed tool is reported. */

struct failed_row {
    const char *title;
    struct span payload;
    const char *error; /* raw; NULL: it did not fail */
};

static const struct failed_row failed[] = {
    {"a string", SPAN("{\"tool_name\":\"t\",\"result\":null,\"error\":\"e\"}"), "\"e\""},
    {"in the result, error null",
     SPAN("{\"tool_name\":\"t\",\"result\":{\"error\":\"e\"},\"error\":null}"), "\"e\""},
    {"in the result, no error", SPAN("{\"tool_name\":\"t\",\"result\":{\"a\":1,\"error\":\"e\"}}"),
     "\"e\""},
    {"an object in the result",
     SPAN("{\"tool_name\":\"t\",\"error\":null,\"result\":{\"error\":{\"message\":\"m\"}}}"),
     "{\"message\":\"m\"}"},
    {"an object", SPAN("{\"tool_name\":\"t\",\"error\":{\"message\":\"m\"}}"),
     "{\"message\":\"m\"}"},
    {"both: its own", SPAN("{\"tool_name\":\"t\",\"error\":\"e\",\"result\":{\"error\":\"i\"}}"),
     "\"e\""},
    {"null", SPAN("{\"tool_name\":\"t\",\"error\":null,\"result\":{\"error\":null}}"), NULL},
    {"nothing", SPAN("{\"tool_name\":\"t\",\"result\":{}}"), NULL},
    {"false", SPAN("{\"tool_name\":\"t\",\"error\":false,\"result\":{}}"), NULL},
    {"deeper down", SPAN("{\"tool_name\":\"t\",\"result\":{\"data\":{\"error\":\"e\"}}}"), NULL},
    {"in an array", SPAN("{\"tool_name\":\"t\",\"result\":[{\"error\":\"e\"}]}"), NULL},
    {"a result of another member", SPAN("{\"tool_name\":\"t\",\"x\":{\"error\":\"e\"}}"), NULL},
    {"an error that a later result replaces",
     SPAN("{\"tool_name\":\"t\",\"result\":{\"error\":\"e\"},\"result\":{}}"), NULL},
};

static void check_failed(struct span name, struct span payload, const struct failed_row *row)
{
    struct chat_event event;
    parse(name, payload, &event);
    check(event.kind == CHAT_TOOL_FINISHED, "%s: %s", row->title, kinds[event.kind]);
    const struct json_value *error = chat_tool_error(&event);
    if (check(!error == !row->error, "%s: it %s", row->title, error ? "failed" : "did not fail") &&
        error)
        check_span(error->raw, span_of(row->error), row->title);
}

static void tools_that_failed(void)
{
    for (size_t i = 0; i < COUNT(failed); i++)
        check_failed(S("tool_finished"), failed[i].payload, &failed[i]);
}

/* The same in an envelope, `result` by its other name. */
static void tools_that_failed_in_envelopes(void)
{
    struct buf payload = {0};
    for (size_t i = 0; i < COUNT(failed); i++) {
        buf_clear(&payload);
        buf_puts(&payload, "{\"type\":\"tool_result\",\"seq\":1,\"data\":");
        const char *at = failed[i].payload.at;
        for (const char *key; (key = strstr(at, "\"result\"")); at = key + 8) {
            buf_append(&payload, at, (size_t)(key - at));
            buf_puts(&payload, "\"tool_result\"");
        }
        buf_puts(&payload, at);
        buf_puts(&payload, "}");
        check_failed(S("tool_result"), buf_view(&payload), &failed[i]);
    }
    buf_release(&payload);
}

static void deep(struct span name, const char *before, const char *after, enum chat_kind kind,
                 const char *what)
{
    enum { DEPTH = 10000 };
    struct buf payload = {0}, data = {0};
    struct chat_event event;
    buf_puts(&payload, before);
    for (int i = 0; i < DEPTH; i++)
        buf_puts(&payload, i % 2 ? "{\"a\":" : "[");
    buf_puts(&payload, "1");
    for (int i = DEPTH - 1; i >= 0; i--)
        buf_puts(&payload, i % 2 ? "}" : "]");
    buf_puts(&payload, after);
    parse(name, buf_view(&payload), &event);
    check(event.kind == kind, "%s: %s", what, kinds[event.kind]);
    chat_put_data(&data, &event);
    check(span_equal(buf_view(&data), buf_view(&payload)), "%s: data of %zu bytes", what, data.len);
    buf_release(&payload);
    buf_release(&data);
}

static void ten_thousand_levels(void)
{
    deep(S("x"), "", "", CHAT_OTHER, "arrays");
    deep(S("tool_started"), "{\"tool_name\":\"t\",\"arguments\":", "}", CHAT_TOOL_STARTED,
         "arguments");
    struct buf open = {0};
    struct chat_event event;
    for (int i = 0; i < 10000; i++)
        buf_puts(&open, "[");
    parse(S("message"), buf_view(&open), &event);
    check(event.kind == CHAT_MALFORMED, "unfinished arrays: %s", kinds[event.kind]);
    buf_release(&open);
}

/* More renamed keys than there is room for. */
static void many_renames(void)
{
    struct buf payload = {0}, data = {0};
    struct chat_event event;
    buf_puts(&payload, "{\"x\":0");
    for (int i = 0; i < 20; i++)
        buf_puts(&payload, ",\"error\":1,\"error_type\":2");
    buf_puts(&payload, "}");
    parse(S("error"), buf_view(&payload), &event);
    check(event.kind == CHAT_ERROR && event.renames <= CHAT_RENAMES, "renames");
    chat_put_data(&data, &event);
    struct json_reader *r = json_reader_new();
    static struct json_found found;
    check_int(json_find(r, buf_view(&data), NULL, &found), 0, "data is JSON");
    json_reader_free(r);
    buf_release(&payload);
    buf_release(&data);
}

/* Invalid JSON must not yield any member. */
static void members_of_no_json(void)
{
    struct chat_event event;
    parse(S("message_created"), S("{\"conversation_id\":\"c\"} {}"), &event);
    check(event.kind == CHAT_OTHER, "message_created of two documents: %s", kinds[event.kind]);
    parse(S("info"), S("{\"info_type\":\"x\"} {}"), &event);
    check(event.kind != CHAT_INFO, "info of two documents: %s", kinds[event.kind]);
}

int main(void)
{
    parser = chat_parser_new();
    unit_case("events of the first generation", of_the_first_generation);
    unit_case("events of the second generation", of_the_second_generation);
    unit_case("objects that are not envelopes", without_envelope);
    unit_case("events of unknown name", of_unknown_name);
    unit_case("malformed events", malformed_ones);
    unit_case("a good event after any other", after_any_other);
    unit_case("members", members_are_found);
    unit_case("several decoded strings", strings_together);
    unit_case("data is the server's own JSON", data_is_the_servers);
    unit_case("tools that failed", tools_that_failed);
    unit_case("tools that failed, in envelopes", tools_that_failed_in_envelopes);
    unit_case("ten thousand levels", ten_thousand_levels);
    unit_case("many renames", many_renames);
    unit_case("members of what is not JSON", members_of_no_json);
    chat_parser_free(parser);
    return unit_status();
}
