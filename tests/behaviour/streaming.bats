#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each event is printed before the server sends the next one.

load helper

# The server continues only when its gate is opened, so no test can pass by chance.
serve_gated()
{
    serve <<'SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"gpt-4o"}
event message {"delta":"one ","role":"assistant"}
gate one
event message {"delta":"two","role":"assistant"}
gate two
event tool_started {"tool_name":"t","arguments":{}}
gate tool
event done {"tool_calls_count":0}
gate done
SCENARIO
}

# expect_event DESCRIPTOR NAME: that is the next line.
expect_event()
{
    local line=''
    read -r -t "$PATIENCE" -u "$1" line || :
    [ "$(jq -r .event <<<"$line")" = "$2" ] || fail "received '$line' instead of $2"
}

@test "text: each delta is printed before the next one is sent, the newline at done" {
    serve_gated
    pipe_from ANSWER
    launch "$CHAT" send -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" 'one '
    open_gate one
    expect_read "$ANSWER" two
    open_gate two
    open_gate tool
    expect_read "$ANSWER" $'\n'
    open_gate 'done'
    expect_end "$ANSWER"
    await_end
    expect_status 0
}

@test "text: a tool is on standard error while it runs" {
    serve_gated
    pipe_from NOTES
    launch "$CHAT" send -c "$ID" hi >"$OUT" 2>"$T/notes"
    open_gate one
    open_gate two
    expect_read "$NOTES" $'tool_started t\n'
    open_gate tool
    open_gate 'done'
    expect_end "$NOTES"
    await_end
    expect_status 0
}

@test "jsonl: each event is printed before the next one is sent" {
    serve_gated
    pipe_from ROWS
    launch "$CHAT" send -j -c "$ID" hi >"$T/rows" 2>"$ERR"
    expect_event "$ROWS" client.open
    expect_event "$ROWS" start
    expect_event "$ROWS" message
    open_gate one
    expect_event "$ROWS" message
    open_gate two
    expect_event "$ROWS" tool_started
    open_gate tool
    expect_event "$ROWS" 'done'
    open_gate 'done'
    expect_event "$ROWS" client.close
    expect_end "$ROWS"
    await_end
    expect_status 0
}

@test "--events: each event is written before the next one is sent" {
    serve_gated
    pipe_from ROWS kept
    launch "$CHAT" send -o json -c "$ID" --events "$T/rows" hi >"$OUT" 2>"$ERR"
    expect_event "$ROWS" client.open
    expect_event "$ROWS" start
    open_gate one
    open_gate two
    expect_event "$ROWS" tool_started
    open_gate tool
    expect_event "$ROWS" 'done'
    open_gate 'done'
    expect_event "$ROWS" client.close
    await_end
    expect_status 0
}

@test "client.open is printed before the first event is sent" {
    serve <<'SCENARIO'
on POST /chat/send
raw :\n
gate open
event done {}
SCENARIO
    pipe_from ROWS
    launch "$CHAT" send -j -c "$ID" hi >"$T/rows" 2>"$ERR"
    expect_event "$ROWS" client.open
    open_gate open
    expect_event "$ROWS" 'done'
    expect_event "$ROWS" client.close
    await_end
    expect_status 0
}

@test "raw: every byte is printed before the next one is sent, even within an event" {
    serve <<'SCENARIO'
on POST /chat/send
raw :c
gate one
raw omment\n\nevent: mess
gate two
raw age\ndata: {"delta":"a"}\n\n
gate three
event done {}
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send -o raw -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" ':c'
    open_gate one
    expect_read "$ANSWER" $'omment\n\nevent: mess'
    open_gate two
    expect_read "$ANSWER" $'age\ndata: {"delta":"a"}\n\n'
    open_gate three
    expect_read "$ANSWER" $'event: done\ndata: {}\n\n'
    expect_end "$ANSWER"
    await_end
    expect_status 0
}

@test "--record: every byte is written before the next one is sent" {
    serve <<'SCENARIO'
on POST /chat/send
raw event: mess
gate one
raw age\ndata: {"delta":"a"}\n\n
event done {}
SCENARIO
    pipe_from RECORD kept
    launch "$CHAT" send -c "$ID" --record "$T/record" hi >"$OUT" 2>"$ERR"
    expect_read "$RECORD" 'event: mess'
    open_gate one
    expect_read "$RECORD" $'age\ndata: {"delta":"a"}\n\nevent: done\ndata: {}\n\n'
    await_end
    expect_status 0
}

@test "an event is complete with its blank line: the text does not wait for the next event" {
    serve <<'SCENARIO'
on POST /chat/send
raw event: message\ndata: {"delta":"text"}\n
gate line
raw \n
gate blank
event done {}
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send -n -c "$ID" hi >"$T/answer" 2>"$ERR"
    await_gate line
    open_gate line
    expect_read "$ANSWER" text
    open_gate blank
    expect_end "$ANSWER"
    await_end
    expect_status 0
}

@test "a carriage return ends the blank line at once" {
    serve <<'SCENARIO'
on POST /chat/send
raw event: message\rdata: {"delta":"text"}\r\r
gate blank
raw event: done\r\ndata: {}\r\n\r
gate feed
raw \n
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" text
    open_gate blank
    expect_read "$ANSWER" $'\n'
    open_gate feed
    await_end
    expect_status 0
}

@test "an event in single bytes" {
    serve <<'SCENARIO'
on POST /chat/send
chunk 1
event message {"delta":"\u00fcber"}
gate one
event done {}
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" $'\xc3\xbcber'
    open_gate one
    expect_read "$ANSWER" $'\n'
    await_end
    expect_status 0
}

@test "the second generation: token by token" {
    serve <<'SCENARIO'
on POST /chat/send
event token {"type":"token","run_id":"r","seq":0,"data":{"delta":"one "},"timestamp":1}
gate one
event token {"type":"token","run_id":"r","seq":1,"data":{"delta":"two"},"timestamp":1}
gate two
event done {"type":"done","run_id":"r","seq":0,"data":{"final_text":"one two"},"timestamp":1}
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" 'one '
    open_gate one
    expect_read "$ANSWER" 'two'
    open_gate two
    expect_read "$ANSWER" $'\n'
    await_end
    expect_status 0
}

@test "decode prints events as they arrive in a pipe" {
    local format first second
    for format in text jsonl raw; do
        rm -f "$T/stream" "$T/answer"
        pipe_to STREAM
        pipe_from ANSWER
        launch "$CHAT" decode -o $format <"$T/stream" >"$T/answer" 2>"$ERR"
        printf 'event: message\ndata: {"delta":"one "}\n\n' >&"$STREAM"
        first='one ' second=two
        case $format in
        jsonl)
            first=$'{"event":"message","data":{"delta":"one "}}\n'
            second=$'{"event":"message","data":{"delta":"two"}}\n'
            ;;
        raw)
            first=$'event: message\ndata: {"delta":"one "}\n\n'
            second=$'event: message\ndata: {"delta":"two"}\n\n'
            ;;
        esac
        expect_read "$ANSWER" "$first"
        printf 'event: message\ndata: {"delta":"two"}\n\n' >&"$STREAM"
        expect_read "$ANSWER" "$second"
        printf 'event: done\ndata: {}\n\n' >&"$STREAM"
        exec {STREAM}>&-
        await_end
        expect_status 0
    done
}

@test "a slow reader gets a long answer completely" {
    serve <<'SCENARIO'
on POST /chat/send
batch 100
repeat 20000
event message {"delta":"0123456789abcdef"}
end-repeat
event done {}
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send -n -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" 0123456789abcdef
    cat <&"$ANSWER" >"$OUT"
    await_end
    expect_status 0
    [ "$(wc -c <"$OUT")" -eq $((19999 * 16)) ]
    [ "$(fold -w 16 "$OUT" | sort -u)" = 0123456789abcdef ]
}

@test "a slow reader does not cause a timeout" {
    serve <<'SCENARIO'
on POST /chat/send
fill 306000 event: message\ndata: {"delta":"0123456789abcdef"}\n\n
gate sent
event done {}
SCENARIO
    pipe_from ANSWER
    # The pipe holds 64 KiB. A slow reader must not be mistaken for a silent server.
    launch "$CHAT" send -q --idle-timeout 0.5 --stall-timeout 0.5 -o raw -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" 'event: message'
    open_gate sent
    # Longer than the time limits.
    for_a_while 0.8
    cat <&"$ANSWER" >"$OUT"
    await_end
    expect_status 0
}

@test "a slow reader does not cause the warning about buffering" {
    serve <<'SCENARIO'
on POST /chat/send
fill 4080000 event: message\ndata: {"delta":"0123456789abcdef"}\n\n
event done {}
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send -c "$ID" hi >"$T/answer" 2>"$ERR"
    # The delay after which buffering causes a warning.
    for_a_while 2.2
    cat <&"$ANSWER" >"$OUT"
    await_end
    expect_status 0
    expect_bytes '' "$ERR"
}

# launch_unblocked DESCRIPTOR COMMAND...: launches it with the descriptor in non-blocking mode.
launch_unblocked()
{
    launch python3 -c 'import os, sys; os.set_blocking(int(sys.argv[1]), False); os.execv(sys.argv[2], sys.argv[2:])' "$@"
}

# Writes more than a pipe holds to $answer, of which the first line has been read.
fill_unblocked_output()
{
    yes 'data: {"delta":"0123456789"}' | head -n 20000 | sed 's/^/event: message\n/; s/$/\n/' >"$T/recording"
    printf 'event: done\ndata: {}\n\n' >>"$T/recording"
    pipe_from answer
    launch_unblocked 1 "$CHAT" decode -n "$T/recording" >"$T/answer" 2>"$ERR"
    expect_read "$answer" 0123456789
}

@test "non-blocking standard output is waited for" {
    local answer
    fill_unblocked_output
    [ "$(tr -d '\n' <&"$answer" | wc -c)" -eq 199990 ] || fail "the text is not whole"
    await_end
    expect_status 0
}

@test "a signal ends the wait for standard output that does not block" {
    local answer
    fill_unblocked_output
    kill -INT "$PID"
    await_end
    expect_signal INT
}

# Decodes what is written to $stream to $answer; the first delta was printed.
begin_unblocked_input()
{
    pipe_to stream
    pipe_from answer
    launch_unblocked 0 "$CHAT" decode -n <"$T/stream" >"$T/answer" 2>"$ERR"
    printf 'event: message\ndata: {"delta":"one "}\n\n' >&"$stream"
    expect_read "$answer" 'one '
}

@test "a signal ends the wait for standard input that does not block" {
    local stream answer
    begin_unblocked_input
    kill -INT "$PID"
    await_end
    expect_signal INT
}

@test "standard input that does not block is waited for" {
    local stream answer
    begin_unblocked_input
    printf 'event: message\ndata: {"delta":"two"}\n\n' >&"$stream"
    expect_read "$answer" two
    printf 'event: done\ndata: {}\n\n' >&"$stream"
    exec {stream}>&-
    expect_end "$answer"
    await_end
    expect_status 0
}
