#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The output in each format and its destination: text, jsonl, json, raw, --no-stream, --events and --record.

load helper

# decode_stream [OPTION]...: decodes standard input, kept as $T/stream.
decode_stream()
{
    cat >"$T/stream"
    run_chat decode "$@" "$T/stream"
}

# --- text ---

@test "text: both generations give the text and one newline" {
    for transcript in short-first short-second; do
        run_chat decode "$TRANSCRIPTS/$transcript.sse"
        expect_status 0
        expect_bytes 'Gr\xc3\xbc\xc3\x9fe\n\xf0\x9f\x93\x88 up\n'
        expect_bytes 'tool_started get_quotes\ntool_finished get_quotes 245 ms\n' "$ERR"
    done
}

@test "text: no newline is added to text that ends in one" {
    decode_stream <<'STREAM'
event: message
data: {"delta":"a\n"}

event: done
data: {}

STREAM
    expect_status 0
    expect_bytes 'a\n'
}

@test "text: nothing is written for an answer without text" {
    decode_stream <<'STREAM'
event: start
data: {"conversation_id":"c","mode":"green","model":"m"}

event: message
data: {"delta":"","role":"assistant"}

event: done
data: {}

STREAM
    expect_status 0
    expect_bytes ''
    expect_bytes '' "$ERR"
}

@test "text: -n adds no newline, neither at done nor after a failure" {
    for option in -n --no-newline; do
        run_chat decode $option "$TRANSCRIPTS/short-first.sse"
        expect_status 0
        expect_bytes 'Gr\xc3\xbc\xc3\x9fe\n\xf0\x9f\x93\x88 up'
    done
    decode_stream -n <<'STREAM'
event: message
data: {"delta":"half"}

STREAM
    expect_status 75
    expect_bytes 'half'
}

@test "text: a failure ends the line" {
    decode_stream -q <<'STREAM'
event: message
data: {"delta":"half"}

event: error
data: {"message":"no more","code":null,"retryable":false,"details":null}

STREAM
    expect_status 1
    expect_bytes 'half\n'
    expect_error '.*no more.*'
}

@test "text: one newline after two done events" {
    decode_stream <<'STREAM'
event: message
data: {"delta":"a"}

event: done
data: {"total_tokens":1}

event: done
data: {"latency_ms":1}

STREAM
    expect_status 0
    expect_bytes 'a\n'
}

@test "text: deltas are decoded, white space and control characters kept" {
    decode_stream <<'STREAM'
event: message
data: {"delta":" \u0000\u0007\u001b[31m\r\n\t\"\\\/\u20ac","role":"assistant"}

event: message
data: {"delta":"event: done\ndata: {}\n\n"}

event: message
data: {"role":"system","delta":"\ud83d\ude00"}

event: done
data: {}

STREAM
    expect_status 0
    expect_bytes ' \0000\a\x1b[31m\r\n\t"\\/\xe2\x82\xacevent: done\ndata: {}\n\n\xf0\x9f\x98\x80\n'
}

@test "text: unpaired surrogates become U+FFFD" {
    decode_stream <<'STREAM'
event: message
data: {"delta":"a\ud83db\ude00c\ud83d\u0041\ud83d\ud83d\ude00"}

event: message
data: {"delta":"\ud83d"}

event: message
data: {"delta":"\ude00."}

event: done
data: {}

STREAM
    expect_status 0
    expect_bytes 'a\xef\xbf\xbdb\xef\xbf\xbdc\xef\xbf\xbdA\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd.\n'
}

@test "text is valid UTF-8 even when the server's bytes are not" {
    printf 'event: message\ndata: {"delta":"a\xff\xc3(\xed\xa0\x80\xf0\x9f\x93"}\n\nevent: done\ndata: {}\n\n' >"$T/stream"
    run_chat decode -q "$T/stream"
    expect_utf8
    [ "$(head -c 1 "$OUT")" = a ]
}

@test "text: final_text is printed if there were no deltas" {
    decode_stream <<'STREAM'
event: start
data: {"type":"start","run_id":"r","seq":0,"data":{"conversation_id":"c"},"timestamp":1}

event: done
data: {"type":"done","run_id":"r","seq":0,"data":{"final_text":"all of \u00fcs"},"timestamp":2}

STREAM
    expect_status 0
    expect_bytes 'all of \xc3\xbcs\n'
}

@test "text: final_text is not printed twice" {
    decode_stream <<'STREAM'
event: token
data: {"type":"token","run_id":"r","seq":0,"data":{"delta":"all of "},"timestamp":1}

event: token
data: {"type":"token","run_id":"r","seq":1,"data":{"delta":"it"},"timestamp":1}

event: done
data: {"type":"done","run_id":"r","seq":0,"data":{"final_text":"all of it"},"timestamp":2}

STREAM
    expect_status 0
    expect_bytes 'all of it\n'
    expect_bytes '' "$ERR"
}

@test "text: the tools on standard error, failed ones with the reason" {
    decode_stream <<'STREAM'
event: tool_started
data: {"tool_name":"one","arguments":{}}

event: tool_finished
data: {"tool_name":"one","result":null,"error":"it broke","duration_ms":1}

event: tool_started
data: {"tool_name":"two","arguments":{}}

event: tool_finished
data: {"tool_name":"two","result":{"error":"no such thing"},"error":null,"duration_ms":20}

event: tool_started
data: {"tool_name":"three","arguments":{}}

event: tool_finished
data: {"tool_name":"three","result":{"data":null,"error":{"type":"t","message":"\n404 Not Found\r\n\t more\n"}},"error":null,"duration_ms":300}

event: done
data: {}

STREAM
    expect_status 0
    expect_line 'tool_started one'
    expect_line 'tool_finished one 1 ms.*it broke.*'
    expect_line 'tool_finished two 20 ms.*no such thing.*'
    expect_line 'tool_finished three 300 ms: 404 Not Found more'
    [ "$(wc -l <"$ERR")" -eq 6 ]
    expect_no $'\e' "$ERR"
    expect_no $'\r' "$ERR"
}

@test "text: -q leaves standard error empty" {
    for option in -q --quiet; do
        run_chat decode $option "$TRANSCRIPTS/short-first.sse"
        expect_status 0
        expect_bytes 'Gr\xc3\xbc\xc3\x9fe\n\xf0\x9f\x93\x88 up\n'
        expect_bytes '' "$ERR"
    done
}

@test "--color always colours a pipe, never and auto do not" {
    run_chat decode --color always "$TRANSCRIPTS/short-first.sse"
    expect_status 0
    grep -F $'\e[' "$ERR"
    expect_no $'\e' "$OUT"
    for when in never auto; do
        run_chat decode --color $when "$TRANSCRIPTS/short-first.sse"
        expect_no $'\e' "$ERR"
    done
}

# --- --no-stream ---

@test "--no-stream writes nothing before the answer is complete" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"one "}
event tool_started {"tool_name":"t","arguments":{}}
gate half
event message {"delta":"two"}
event done {}
SCENARIO
    pipe_from EVENTS
    launch "$CHAT" send -c "$ID" --no-stream --events-fd 8 hi >"$OUT" 2>"$ERR" 8>"$T/events"
    # When the line of the tool is read, the text before it was received.
    local line=''
    until [[ $line == *tool_started* ]]; do
        read -r -t "$PATIENCE" -u "$EVENTS" line
    done
    expect_bytes ''
    open_gate half
    await_end
    expect_status 0
    expect_bytes 'one two\n'
}

@test "--no-stream writes the partial answer after the last attempt" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half of it"}
close
SCENARIO
    run_chat send -q -c "$ID" --no-stream hi
    expect_status 75
    expect_bytes 'half of it\n'
    expect_error
    run_chat send -q -c "$ID" --no-stream -n hi
    expect_bytes 'half of it'
}

@test "--no-stream: decode accepts it, too" {
    run_chat decode --no-stream -q "$TRANSCRIPTS/short-second.sse"
    expect_status 0
    expect_bytes 'Gr\xc3\xbc\xc3\x9fe\n\xf0\x9f\x93\x88 up\n'
}

# --- jsonl ---

@test "jsonl: the events of the first generation are unchanged" {
    run_chat decode -o jsonl "$TRANSCRIPTS/short-first.sse"
    expect_status 0
    expect_lines
    expect_bytes '' "$ERR"
    head -n -1 "$OUT" >"$T/events"
    cat >"$T/wanted" <<'LINES'
{"event":"start","data":{"conversation_id": "7d1c9a52-3b0e-4f6a-8a57-0c2f4e9d1b36", "mode": "green", "model": "gpt-4o"}}
{"event":"message","data":{"delta": "Gr\u00fc\u00dfe\n", "role": "assistant"}}
{"event":"tool_started","data":{"tool_name": "get_quotes", "arguments": {"symbols": "SPY"}}}
{"event":"tool_finished","data":{"tool_name": "get_quotes", "result": {"SPY": 1.50}, "error": null, "duration_ms": 245}}
{"event":"message","data":{"delta": "\ud83d\udcc8 up", "role": "assistant"}}
{"event":"done","data":{"total_tokens": 7, "latency_ms": null, "tool_calls_count": 1}}
{"event":"done","data":{"total_tokens": null, "latency_ms": 3500, "tool_calls_count": 1}}
LINES
    diff "$T/wanted" "$T/events"
    expect_close '.schema == 1 and .status == "done" and .exit_code == 0 and .events == 7 and .text_bytes == 15 and
        .tool_calls == 1 and .total_tokens == 7 and .latency_ms == 3500 and (has("error") | not)'
}

@test "jsonl: the second generation with the names of the guide" {
    run_chat decode -j "$TRANSCRIPTS/short-second.sse"
    expect_status 0
    expect_lines
    [ "$(names)" = 'message_created start tool_started tool_finished message message done client.close' ]
    expect_jq '.[0] == {"event":"message_created","data":{"user_message_id":"u-1","assistant_message_id":"a-1",
        "conversation_id":"7d1c9a52-3b0e-4f6a-8a57-0c2f4e9d1b36","run_id":"run_ab12"}}'
    expect_jq '.[2] == {"event":"tool_started","run_id":"run_ab12","seq":1,"timestamp":1736850000010,
        "data":{"tool_call_id":"fc_1","tool_name":"get_quotes","arguments":{"symbols":"SPY"}}}'
    expect_jq '.[3].data == {"tool_call_id":"fc_1","tool_name":"get_quotes","result":{"SPY":1.5},"duration_ms":245}'
    expect_jq '.[4] == {"event":"message","run_id":"run_ab12","seq":3,"timestamp":1736850000030,"data":{"delta":"Grüße\n"}}'
    expect_jq '.[6].data.final_text == "Grüße\n📈 up"'
    grep -F '{"SPY": 1.50}' "$OUT"
    grep -F '"delta": "Gr\u00fc\u00dfe\n"' "$OUT"
    expect_close '.conversation_id == "7d1c9a52-3b0e-4f6a-8a57-0c2f4e9d1b36" and .latency_ms == 3500 and .tool_calls == 1'
}

@test "jsonl: an enveloped error under the guide's names, other events of the second generation as they are" {
    decode_stream -j <<'STREAM'
event: response_id
data: {"type":"response_id","run_id":"r","seq":1,"data":{"response_id":"x","provider":"openai"},"timestamp":5}

event: info
data: {"type":"info","run_id":"r","seq":0,"data":{"info_type":"retry_scheduled","attempt":1,"max_attempts":3,"retry_in_ms":574},"timestamp":5}

event: heartbeat
data: {"type":"heartbeat","run_id":"r","seq":0,"data":{},"timestamp":5}

event: error
data: {"type":"error","run_id":"r","seq":0,"data":{"error":"too much","error_type":"rate_limit","retryable":false,"attempts":3},"timestamp":6}

STREAM
    expect_status 1
    expect_lines
    expect_jq '.[0] == {"event":"response_id","run_id":"r","seq":1,"timestamp":5,"data":{"response_id":"x","provider":"openai"}}'
    expect_jq '.[1].event == "info" and .[1].data.info_type == "retry_scheduled" and .[1].seq == 0'
    expect_jq '.[2] == {"event":"heartbeat","run_id":"r","seq":0,"timestamp":5,"data":{}}'
    expect_jq '.[3].data == {"message":"too much","code":"rate_limit","retryable":false,"attempts":3}'
    expect_close '.status == "error" and .exit_code == 1 and .error.message == "too much" and
        .error.code == "rate_limit" and .error.retryable == false'
}

@test "jsonl: one stream may mix envelopes and bare events" {
    decode_stream -j <<'STREAM'
event: start
data: {"conversation_id": "c", "mode": "blue", "model": "m"}

event: message
data: {"delta": "Mode changed to blue", "role": "system"}

event: done
data: {"type": "done", "run_id": "r", "seq": 0, "data": {"final_text": "Mode changed to blue", "tool_calls_count": 0}, "timestamp": 1}

STREAM
    expect_status 0
    expect_jq '.[1] == {"event":"message","data":{"delta":"Mode changed to blue","role":"system"}} and .[2].run_id == "r"'
}

@test "jsonl: a payload that has members of an envelope's names keeps them" {
    decode_stream -j <<'STREAM'
event: foo
data: {"type":"quote","data":{"a":1},"id":7}

event: quote
data: {"type":"quote","data":{"a":1},"id":7}

event: foo
data: {"type":"quote","data":{"a":1},"timestamp":7}

event: done
data: {"type":"final","data":{"latency_ms":3},"latency_ms":9,"final_text":"all"}

STREAM
    expect_status 0
    head -n 4 "$OUT" >"$T/events"
    cat >"$T/wanted" <<'LINES'
{"event":"foo","data":{"type":"quote","data":{"a":1},"id":7}}
{"event":"quote","data":{"type":"quote","data":{"a":1},"id":7}}
{"event":"foo","data":{"type":"quote","data":{"a":1},"timestamp":7}}
{"event":"done","data":{"type":"final","data":{"latency_ms":3},"latency_ms":9,"final_text":"all"}}
LINES
    diff "$T/wanted" "$T/events"
    expect_close '.latency_ms == 9 and .text_bytes == 3'
}

@test "jsonl: data is the server's own JSON, number by number" {
    decode_stream -j <<'STREAM'
event: tool_finished
data: {"tool_name":"t","z":1.10,"a":[1e400,-0,0.1e-7,12345678901234567890123,1E5],"k":1,"k":2,"u":"\u00e9\/é<>","deep":{"b":{},"a":[]}}

event: done
data: {  "spaces" : "kept" ,	"unknown":true}

STREAM
    expect_status 0
    head -n 2 "$OUT" >"$T/events"
    cat >"$T/wanted" <<'LINES'
{"event":"tool_finished","data":{"tool_name":"t","z":1.10,"a":[1e400,-0,0.1e-7,12345678901234567890123,1E5],"k":1,"k":2,"u":"\u00e9\/é<>","deep":{"b":{},"a":[]}}}
{"event":"done","data":{  "spaces" : "kept" ,	"unknown":true}}
LINES
    diff "$T/wanted" "$T/events"
}

@test "jsonl: a line break between tokens becomes a space" {
    decode_stream -j <<'STREAM'
event: message
data: {"delta":
data: "a",
data:
data: "role":"assistant"}

event: done
data: {}

STREAM
    expect_status 0
    expect_lines
    head -n 1 "$OUT" >"$T/first"
    expect_bytes '{"event":"message","data":{"delta": "a",  "role":"assistant"}}\n' "$T/first"
}

@test "jsonl: unpaired surrogates are the escape of U+FFFD, everywhere" {
    decode_stream -j <<'STREAM'
event: message
data: {"delta":"a\ud83db\uDE00","k\ud800":["\udfff","\ud83d\ude00"]}

event: done
data: {}

STREAM
    expect_status 0
    expect_lines
    head -n 1 "$OUT" | grep -q -F '"data":{"delta":"a\ufffdb\ufffd","k\ufffd":["\ufffd","\ud83d\ude00"]}'
}

@test "jsonl: the id of an event, also an empty one" {
    decode_stream -j <<'STREAM'
id: 7
event: message
data: {"delta":"a"}

event: message
data: {"delta":"b"}

event: message
id
data: {"delta":"c"}

id: "x\y
event: done
data: {}

STREAM
    expect_status 0
    expect_lines
    expect_jq '.[0] == {"event":"message","id":"7","data":{"delta":"a"}} and (.[1] | has("id") | not) and .[2].id == "" and .[3].id == "\"x\\y"'
}

@test "jsonl: events with unknown names, with and without JSON" {
    decode_stream -j <<'STREAM'
event: surprise
data: [1, 2]

event: Message
data: not {JSON
data: at "all"

event: "quoted"\
data: null

event: done
data: {}

STREAM
    expect_status 0
    expect_lines
    expect_jq '.[0] == {"event":"surprise","data":[1,2]} and .[1] == {"event":"Message","data":"not {JSON\nat \"all\""} and .[2] == {"event":"\"quoted\"\\","data":null}'
    expect_close '.events == 4 and .text_bytes == 0'
}

@test "jsonl: a server cannot forge the program's events" {
    decode_stream -j <<'STREAM'
event: client.close
data: {"status":"done"}

event: client.parse_error
data: x

event: done
data: {}

STREAM
    expect_status 0
    expect_lines
    expect_jq '.[0] == {"event":"server.client.close","data":{"status":"done"}} and .[1] == {"event":"server.client.parse_error","data":"x"}'
}

@test "jsonl: comments and heartbeats" {
    decode_stream -j <<'STREAM'
: hello
:

event: heartbeat
data: {"timestamp":"now"}

event: empty

event: done
data: {}

STREAM
    expect_status 0
    [ "$(names)" = 'heartbeat done client.close' ]
}

# Malformed known events, each with the expected message.
malformed()
{
    printf 'event: message\ndata: {"delta":"a"}\n\nevent: %s\ndata: %s\n\nevent: message\ndata: {"delta":"b"}\n\nevent: done\ndata: {}\n\n' "$1" "$2" >"$T/stream"
    run_chat decode -j "$T/stream"
    expect_status 76
    expect_lines
    expect_jq "$(jq -n --arg name "$1" --arg raw "$2" '{$name, $raw}') as \$it | .[1].event == \"client.parse_error\" and
        .[1].data.event == \$it.name and .[1].data.raw == \$it.raw and (.[1].data.message | type == \"string\" and . != \"\")"
    expect_jq '.[2] == {"event":"message","data":{"delta":"b"}}'
    expect_close '.exit_code == 76 and .status == "failed" and .text_bytes == 2'
    run_chat decode "$T/stream"
    expect_status 76
    expect_bytes 'ab\n'
    expect_error
}

@test "text that is not rendered is not broken by an error event" {
    cat >"$T/stream" <<'STREAM'
event: message
data: {"delta":"Hello **wor"}

event: error
data: {"error":"boom"}

event: message
data: {"delta":"ld** and more"}

event: done
data: {}

STREAM
    local option
    for option in '--render never' --no-stream; do
        # shellcheck disable=SC2086 # two words
        run_chat decode $option "$T/stream"
        expect_status 1
        expect_bytes 'Hello **world** and more\n'
    done
}

@test "a malformed event is reported, and the stream continues" {
    malformed message '{"delta":'
    malformed message 'plain text'
    malformed message '["delta"]'
    malformed message '{"delta":7}'
    malformed message '{"role":"assistant"}'
    malformed message '{"delta":"x"} {}'
    malformed tool_started '{"arguments":{}}'
    malformed tool_finished '{"tool_name":null}'
    malformed start '17'
    malformed error 'oops'
    malformed heartbeat '<html>'
}

@test "a malformed payload in an envelope" {
    malformed 'done' '{"type":"done","run_id":"r","seq":0,"data":null,"timestamp":1}'
    malformed 'done' '{"type":"done","run_id":"r","seq":0,"data":"x","timestamp":1}'
    malformed heartbeat '{"type":"heartbeat","run_id":"r","seq":0,"data":null,"timestamp":1}'
    expect_error 'event stream: invalid `heartbeat` event: `data` is not a JSON object'
    decode_stream -j <<'STREAM'
event: citation
data: {"type":"citation","run_id":"r","seq":1,"data":null,"timestamp":1}

event: done
data: {}

STREAM
    expect_status 0
    expect_jq '.[0] == {"event":"citation","run_id":"r","seq":1,"timestamp":1,"data":null}'
}

@test "a malformed done does not end the answer" {
    decode_stream -j <<'STREAM'
event: message
data: {"delta":"a"}

event: done
data: done

STREAM
    expect_status 76
    [ "$(names)" = 'message client.parse_error client.close' ]
}

@test "jsonl: every line is UTF-8 and JSON even when the server's bytes are not" {
    printf 'event: message\ndata: {"delta":"a\xff\xc3("}\n\nevent: \xfe\x80\ndata: \xc0\xaf\n\nid: \xf8\nevent: message\ndata: {\xed\xa0\x80\n\nevent: done\ndata: {}\n\n' >"$T/stream"
    run_chat decode -j "$T/stream"
    expect_lines
    [ "$(wc -l <"$OUT")" -eq 5 ]
}

@test "jsonl: the program's own events" {
    serve_hello
    run_chat send -j -c "$ID" hi
    expect_status 0
    expect_lines
    [ "$(names)" = 'client.open start message done client.close' ]
    expect_jq ".[0] == {\"event\":\"client.open\",\"data\":{\"schema\":1,\"url\":\"$SIGMASIGHT_URL/chat/send\",
        \"status\":200,\"attempt\":1,\"conversation_id\":\"$ID\"}}"
    expect_close ".schema == 1 and .status == \"done\" and .exit_code == 0 and .conversation_id == \"$ID\" and .events == 3 and
        .text_bytes == 5 and .tool_calls == 0 and .total_tokens == 7 and .latency_ms == 12 and (has(\"error\") | not)"
    expect_close '.timing | (.connect_ms | type == "number") and (.first_byte_ms | type == "number") and
        (has("tls_ms")) and .first_byte_ms <= .first_delta_ms and .first_delta_ms <= .elapsed_ms and .connect_ms <= .first_byte_ms'
}

@test "jsonl: the connect time of a connection made for another call" {
    serve_hello
    run_chat send -j hi
    expect_status 0
    expect_close '.timing.connect_ms | type == "number"'
}

@test "jsonl: client.close after a refusal" {
    serve <<'SCENARIO'
on POST /chat/send
status 404
body {"detail":"Conversation not found"}
SCENARIO
    run_chat send -j -c "$ID" hi
    expect_status 65
    expect_lines
    [ "$(names)" = client.close ]
    expect_close ".status == \"failed\" and .exit_code == 65 and .events == 0 and .text_bytes == 0 and
        .error.http_status == 404 and (.error.message | test(\"Conversation not found\")) and .error.retryable == false and
        (.error | has(\"code\") and has(\"retry_after\"))"
}

@test "jsonl: client.close before anything was sent" {
    serve_hello
    run_chat send -j -- ' '
    expect_status 65
    expect_lines
    expect_close '.status == "failed" and .exit_code == 65 and (.error.message | length > 0)'
    SIGMASIGHT_TOKEN='' run_chat send -j -c "$ID" hi
    expect_status 77
    expect_lines
    expect_close '.status == "failed" and .exit_code == 77'
    run_chat send -j -c "$ID" -u http://192.0.2.1/ hi
    expect_status 78
    expect_lines
    expect_close '.exit_code == 78'
    run_chat send -j -c "$ID" --record "$T/no/such/directory" hi
    expect_status 73
    expect_lines
    expect_close '.exit_code == 73'
    run_chat send -j --retry 0 -c "$ID" -u http://127.0.0.1:1/ hi
    expect_status 69
    expect_lines
    expect_close ".status == \"failed\" and .exit_code == 69 and .error.http_status == null"
    run_chat decode -j "$T/no such file"
    expect_status 66
    expect_lines
    expect_requests
}

@test "jsonl: client.close after a truncated stream has the counts" {
    serve <<'SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"gpt-4o"}
event message {"delta":"h\u00e4lf"}
close
SCENARIO
    run_chat send -j -c "$ID" hi
    expect_status 75
    expect_lines
    [ "$(names)" = 'client.open start message client.close' ]
    expect_close ".status == \"interrupted\" and .exit_code == 75 and .events == 2 and .text_bytes == 5 and
        .conversation_id == \"$ID\" and .error.retryable == true and (.error.message | length > 0)"
}

@test "jsonl: client.close after an error event" {
    serve <<'SCENARIO'
on POST /chat/send
event error {"message":"quota \"x\"\nTraceback","code":"E1","retryable":false,"retry_after":1.5}
event done {}
SCENARIO
    run_chat send -j -c "$ID" hi
    expect_status 1
    expect_lines
    [ "$(names)" = 'client.open error done client.close' ]
    expect_close '.status == "error" and .error.message == "quota \"x\"\nTraceback" and .error.code == "E1" and .error.retry_after == 1.5'
    # Only its first line is shown.
    expect_error '.*quota "x".*'
}

# --- json ---

@test "json: one object at the end" {
    run_chat decode -o json "$TRANSCRIPTS/short-first.sse"
    expect_status 0
    [ "$(wc -l <"$OUT")" -eq 1 ]
    expect_jq '.[0] | .text == "Grüße\n📈 up" and .conversation_id == "7d1c9a52-3b0e-4f6a-8a57-0c2f4e9d1b36" and .mode == "green" and
        .model == "gpt-4o" and .tools == [{"name":"get_quotes","arguments":{"symbols":"SPY"},"duration_ms":245,"result":{"SPY":1.5}}] and
        .schema == 1 and .status == "done" and .exit_code == 0 and .events == 7 and .text_bytes == 15 and .tool_calls == 1 and
        .total_tokens == 7 and .latency_ms == 3500 and (.timing | has("elapsed_ms")) and (has("error") | not)'
    grep -F '{"SPY": 1.50}' "$OUT"
}

@test "json: the second generation, sent" {
    serve_default --answer "$TRANSCRIPTS/short-second.sse"
    run_chat send -o json hi
    expect_status 0
    expect_jq '.[0] | .text == "Grüße\n📈 up" and .mode == "blue" and .model == "gpt-5-mini" and (.tools | length == 1) and
        .tools[0].name == "get_quotes" and .tools[0].result == {"SPY":1.5} and .status == "done"'
}

@test "json: calls of the same tool are distinguished by ID or order" {
    decode_stream -o json <<'STREAM'
event: tool_started
data: {"tool_name":"t","arguments":{"n":1}}

event: tool_started
data: {"tool_name":"t","arguments":{"n":2}}

event: tool_finished
data: {"tool_name":"t","result":"first","error":null,"duration_ms":1}

event: tool_finished
data: {"tool_name":"t","result":null,"error":"second broke","duration_ms":2}

event: tool_call
data: {"type":"tool_call","run_id":"r","seq":1,"data":{"tool_call_id":"a","tool_name":"t","tool_args":{"n":3}},"timestamp":1}

event: tool_call
data: {"type":"tool_call","run_id":"r","seq":2,"data":{"tool_call_id":"b","tool_name":"t","tool_args":{"n":4}},"timestamp":1}

event: tool_result
data: {"type":"tool_result","run_id":"r","seq":3,"data":{"tool_call_id":"b","tool_name":"t","tool_result":"fourth","duration_ms":4},"timestamp":1}

event: tool_result
data: {"type":"tool_result","run_id":"r","seq":4,"data":{"tool_call_id":"a","tool_name":"t","tool_result":{"error":"third broke"},"duration_ms":3},"timestamp":1}

event: tool_started
data: {"tool_name":"u","tool_call_id":"c","arguments":{"n":5}}

event: tool_finished
data: {"tool_name":"u","duration_ms":5}

event: tool_started
data: {"tool_name":"u","arguments":{"n":6}}

event: tool_finished
data: {"tool_name":"u","tool_call_id":"d","duration_ms":6}

event: tool_started
data: {"tool_name":"u","tool_call_id":null,"arguments":{"n":7}}

event: tool_started
data: {"tool_name":"v","tool_call_id":null,"arguments":{"n":8}}

event: tool_finished
data: {"tool_name":"v","tool_call_id":null,"duration_ms":8}

event: tool_started
data: {"tool_name":"never ends","arguments":{}}

event: done
data: {}

STREAM
    expect_status 0
    expect_jq '.[0].tools == [
        {"name":"t","arguments":{"n":1},"duration_ms":1,"result":"first"},
        {"name":"t","arguments":{"n":2},"duration_ms":2,"error":"second broke"},
        {"name":"t","arguments":{"n":3},"duration_ms":3,"error":"third broke"},
        {"name":"t","arguments":{"n":4},"duration_ms":4,"result":"fourth"},
        {"name":"u","arguments":{"n":5},"duration_ms":5},
        {"name":"u","arguments":{"n":6},"duration_ms":6},
        {"name":"u","arguments":{"n":7}},
        {"name":"v","arguments":{"n":8},"duration_ms":8},
        {"name":"never ends","arguments":{}}]'
}

@test "json: on failure, too, with the text that had arrived" {
    serve <<'SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"gpt-4o"}
event message {"delta":"half"}
close
on POST /chat/send
status 422
body {"detail":[{"type":"string_too_long","loc":["body","text"],"msg":"String should have at most 4000 characters","input":"secret text"}]}
SCENARIO
    run_chat send -o json -c "$ID" hi
    expect_status 75
    expect_jq 'length == 1 and (.[0] | .text == "half" and .status == "interrupted" and .exit_code == 75 and (.error.message | length > 0))'
    run_chat send -o json -c "$ID" hi
    expect_status 65
    expect_jq ".[0] | .text == \"\" and .tools == [] and .exit_code == 65 and .error.http_status == 422 and .mode == null and .model == null"
    run_chat send -o json ''
    expect_status 65
    expect_jq '.[0] | .exit_code == 65'
}

@test "json: final_text if there were no deltas" {
    decode_stream -o json <<'STREAM'
event: done
data: {"final_text":"whole"}

STREAM
    expect_status 0
    expect_jq '.[0] | .text == "whole" and .text_bytes == 5'
}

# --- raw ---

@test "raw: byte for byte" {
    printf '\xef\xbb\xbf: comment\r\nevent: message\r\ndata: {"delta":"\\ud83d \xc3\xbc\x7f"}\r\rid:9\nretry: 10\n\nevent: x\ndata: \xff\0\n\nevent: done\ndata: {}\n\n: after' >"$T/body"
    serve --answer "$T/body" <<'SCENARIO'
on GET /unused
SCENARIO
    run_chat send -o raw hi
    expect_status 0
    cmp "$T/body" "$OUT"
    run_chat decode -o raw "$T/body"
    expect_status 0
    cmp "$T/body" "$OUT"
}

@test "raw: the exit status reports failures" {
    printf 'event: message\ndata: nonsense\n\nevent: done\ndata: {}\n\n' >"$T/body"
    run_chat decode -o raw "$T/body"
    expect_status 76
    cmp "$T/body" "$OUT"
    printf 'event: error\ndata: {"message":"m","retryable":false}\n\n' >"$T/body"
    run_chat decode -o raw "$T/body"
    expect_status 1
    cmp "$T/body" "$OUT"
    printf 'event: message\ndata: {"delta":"a"}\n\nevent: do' >"$T/body"
    run_chat decode -o raw "$T/body"
    expect_status 75
    cmp "$T/body" "$OUT"
}

@test "raw: never the body of a refusal, nor does --record keep it" {
    serve <<'SCENARIO'
on POST /chat/send
status 400
body {"detail":"no"}
on POST /chat/send
status 200
header Content-Type: text/html
raw <html>200</html>
SCENARIO
    run_chat send -o raw -c "$ID" --record "$T/record" hi
    expect_status 65
    expect_bytes ''
    expect_bytes '' "$T/record"
    run_chat send -o raw -c "$ID" --record "$T/record" hi
    expect_status 76
    expect_bytes ''
    expect_bytes '' "$T/record"
}

# --- additional outputs ---

@test "--events has all events except the text" {
    serve_default --answer "$TRANSCRIPTS/short-first.sse"
    for format in text json raw; do
        rm -f "$T/events"
        run_chat send -o $format --events "$T/events" hi
        expect_status 0
        expect_lines "$T/events"
        [ "$(names "$T/events")" = 'client.open start tool_started tool_finished done done client.close' ]
        expect_close '.events == 7 and .text_bytes == 15' "$T/events"
        expect_no '"delta"' "$T/events"
    done
}

@test "--events also on failure, and together with jsonl" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half"}
close
SCENARIO
    run_chat send -j -c "$ID" --events "$T/events" hi
    expect_status 75
    expect_lines
    expect_lines "$T/events"
    [ "$(names)" = 'client.open message client.close' ]
    [ "$(names "$T/events")" = 'client.open client.close' ]
}

@test "--events truncates the file" {
    echo 'something old' >"$T/events"
    run_chat decode --events "$T/events" "$TRANSCRIPTS/short-first.sse"
    expect_status 0
    expect_lines "$T/events"
}

@test "--events-fd writes to the descriptor" {
    echo before >"$T/events"
    run_chat decode --events-fd 7 "$TRANSCRIPTS/short-second.sse" 7>>"$T/events"
    expect_status 0
    [ "$(head -n 1 "$T/events")" = before ]
    sed 1d "$T/events" >"$T/rest"
    expect_lines "$T/rest"
    [ "$(names "$T/rest")" = 'message_created start tool_started tool_finished done client.close' ]
    expect_bytes 'Gr\xc3\xbc\xc3\x9fe\n\xf0\x9f\x93\x88 up\n'
}

@test "--events-fd to standard output or error" {
    run_chat decode -q -n --events-fd 2 "$TRANSCRIPTS/short-second.sse"
    expect_status 0
    expect_lines "$ERR"
    expect_bytes 'Gr\xc3\xbc\xc3\x9fe\n\xf0\x9f\x93\x88 up'
}

@test "--record keeps the body byte for byte, whatever the format" {
    serve_default --answer "$TRANSCRIPTS/short-second.sse"
    for format in text jsonl json raw; do
        rm -f "$T/record"
        run_chat send -o $format --record "$T/record" hi
        expect_status 0
        cmp "$TRANSCRIPTS/short-second.sse" "$T/record"
    done
}

@test "--record truncates the file for each attempt" {
    serve <<'SCENARIO'
on POST /chat/send
event start {"conversation_id":"first attempt, long enough to be seen behind a shorter second one"}
close
on POST /chat/send
event message {"delta":"b"}
event done {}
SCENARIO
    echo 'something old that is longer than everything that comes after it, and then some more of it' >"$T/record"
    run_chat send --record "$T/record" --retry-delay 0.01 -q hi
    expect_status 0
    expect_bytes 'event: message\ndata: {"delta":"b"}\n\nevent: done\ndata: {}\n\n' "$T/record"
}

@test "--record keeps a truncated stream with its incomplete event" {
    serve <<'SCENARIO'
on POST /chat/send
raw event: message\ndata: {"delta":"a"}\n\nevent: mess
close
SCENARIO
    run_chat send -c "$ID" --record "$T/record" -q hi
    expect_status 75
    expect_bytes 'event: message\ndata: {"delta":"a"}\n\nevent: mess' "$T/record"
    expect_bytes 'a\n'
}

# --- decode ---

@test "decode prints the output of send" {
    serve_default --generation 2
    for format in text jsonl json; do
        run_chat send -o $format --record "$T/record" 'How concentrated am I?'
        expect_status 0
        grep -v '"event":"client\.' "$OUT" | sed 's/"schema":1.*//' >"$T/sent"
        run_chat decode -o $format "$T/record"
        expect_status 0
        grep -v '"event":"client\.' "$OUT" | sed 's/"schema":1.*//' >"$T/decoded"
        [ -s "$T/sent" ]
        cmp "$T/sent" "$T/decoded"
    done
}

@test "decode reads a file, standard input and -" {
    local file=$TRANSCRIPTS/short-first.sse
    run_chat decode -q -n "$file"
    expect_status 0
    expect_bytes 'Gr\xc3\xbc\xc3\x9fe\n\xf0\x9f\x93\x88 up'
    cp "$OUT" "$T/wanted"
    run_chat decode -q -n <"$file"
    expect_status 0
    cmp "$T/wanted" "$OUT"
    run_chat decode -q -n - <"$file"
    expect_status 0
    cmp "$T/wanted" "$OUT"
    cp "$file" "$T/-"
    cd "$T"
    run_chat decode -q -n -- - </dev/null
    expect_status 0
    cmp "$T/wanted" "$OUT"
}

@test "decode: all line terminators give the same output" {
    local file=$TRANSCRIPTS/short-second.sse
    run_chat decode -j "$file"
    head -n -1 "$OUT" >"$T/wanted"
    [ "$(wc -l <"$T/wanted")" -eq 7 ]
    tr '\n' '\r' <"$file" >"$T/cr"
    sed 's/$/\r/' "$file" >"$T/crlf"
    for end in cr crlf; do
        run_chat decode -j "$T/$end"
        expect_status 0
        head -n -1 "$OUT" | cmp "$T/wanted" -
    done
}

@test "decode needs no server, no token and no directory of its own" {
    HOME=/nonexistent XDG_STATE_HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent SIGMASIGHT_URL=http://127.0.0.1:1 \
        run_chat decode -q "$TRANSCRIPTS/short-first.sse"
    expect_status 0
    expect_bytes 'Gr\xc3\xbc\xc3\x9fe\n\xf0\x9f\x93\x88 up\n'
}

# --- conflicting options ---

@test "two outputs cannot share a file, - is not a file, and --no-stream is for text" {
    serve_hello
    local command
    for command in "send -c $ID hi" "decode $TRANSCRIPTS/first-plain.sse"; do
        # shellcheck disable=SC2086 # words
        run_chat $command -o json --no-stream
        expect_status 64
        expect_line 'sigmasight-chat: --no-stream and -o json cannot be combined'
        # shellcheck disable=SC2086 # words
        run_chat $command --events -
        expect_status 64
        expect_line 'sigmasight-chat: --events: - is not a file; use --events-fd 1'
    done
    run_chat send -c "$ID" --record - hi
    expect_status 64
    expect_line 'sigmasight-chat: --record: - is not a file; use -o raw'
    echo kept >"$T/file"
    ln "$T/file" "$T/link"
    run_chat send -c "$ID" --record "$T/file" --events "$T/link" hi
    expect_status 64
    expect_line "sigmasight-chat: --events: $T/link is also written by --record"
    # A file that is standard output keeps its contents.
    echo kept >"$T/file"
    status=0
    "$CHAT" send -c "$ID" --events "$T/link" hi >>"$T/file" 2>"$ERR" || status=$?
    expect_status 64
    expect_bytes 'kept\n' "$T/file"
    expect_requests
}

@test "an output cannot be the input file, under any name" {
    serve_hello
    cat "$TRANSCRIPTS/first-plain.sse" >"$T/input"
    ln "$T/input" "$T/link"
    ln -s "$T/input" "$T/symlink"
    for output in "$T/input" "$T/link" "$T/symlink" "$T/./input"; do
        run_chat decode --events "$output" "$T/input"
        expect_status 64
        expect_line "sigmasight-chat: --events: the file is also read as $T/input"
        run_chat decode -j --events "$output" <"$T/input"
        expect_status 64
        expect_close '.exit_code == 64'
        run_chat send -c "$ID" --record "$output" - <"$T/input"
        expect_status 64
        cmp "$T/input" "$TRANSCRIPTS/first-plain.sse" >&2
    done
    # Reading the output would never end.
    status=0
    "$CHAT" decode -o raw "$T/input" >>"$T/link" 2>"$ERR" || status=$?
    expect_status 64
    status=0
    "$CHAT" decode --events-fd 3 "$T/input" >/dev/null 2>"$ERR" 3>>"$T/link" || status=$?
    expect_status 64
    cmp "$T/input" "$TRANSCRIPTS/first-plain.sse" >&2
    # Other files that are read.
    echo "$TOKEN" >"$T/token"
    run_chat send -c "$ID" --token-file "$T/token" --events "$T/token" hi
    expect_status 64
    expect_bytes "$TOKEN\n" "$T/token"
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    echo '{}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    run_chat send -c "$ID" --record "$XDG_CONFIG_HOME/sigmasight-chat/config.json" hi
    expect_status 64
    expect_bytes '{}\n' "$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    expect_requests
}
