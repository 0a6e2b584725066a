#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Text of the server cannot control the terminal. A pipe or a file gets it unchanged; standard error is always escaped.

load helper
load memory

# Bytes of control characters but line feed and tab, C1, and the bidirectional overrides and isolates.
DANGEROUS='[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]'

# expect_no_match PATTERN FILE: no line of FILE matches this regular expression of Perl.
expect_no_match()
{
    local result=0
    LC_ALL=C grep -a -P -e "$1" "$2" >"$T/matches" || result=$?
    [ "$result" -eq 1 ] || fail "unexpected in ${2##*/} (grep: $result): $(head -n 3 "$T/matches" | cat -v)"
}

# expect_escaped FILE: it has no dangerous characters.
expect_escaped()
{
    expect_no_match "$DANGEROUS" "$1"
    expect_utf8 "$1"
}

# on_terminal ARGUMENT...: runs the program with standard output on a terminal, whose bytes go to $OUT.
on_terminal()
{
    need_terminal
    printf '%q ' "$CHAT" "$@" >"$T/command"
    status=0
    script -qec "stty -opost; exec $(cat "$T/command") 2>$T/err" /dev/null </dev/null >"$OUT" 3>&- || status=$?
}

# The same with standard error on that terminal, too.
all_on_terminal()
{
    need_terminal
    printf '%q ' "$CHAT" "$@" >"$T/command"
    status=0
    script -qec "stty -opost; exec $(cat "$T/command")" /dev/null </dev/null >"$OUT" 3>&- || status=$?
}

# A stream with every dangerous character, escaped and unescaped.
write_evil()
{
    {
        printf 'event: message\ndata: {"delta":"[2J \\u001b[2J OSC \\u001b]52;c;ZXZpbA==\\u0007 \\u0090q\\u009c \\u009b31m \\u0000\\b\\r\\f\\u007f|","role":"assistant"}\n\n'
        # In JSON, DEL, C1 and the overrides need no escapes.
        printf 'event: message\ndata: {"delta":"raw \x7f \xc2\x9b31m \xc2\x9d52;c;ZXZpbA==\xc2\x9c \xe2\x80\xae\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad \xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9|"}\n\n'
        printf 'event: message\ndata: {"delta":"\\u202e\\u2066 tab\\there \\u00fc\xc3\xbc \\ud83d\\ude00|\\n"}\n\n'
        printf 'event: tool_started\ndata: {"tool_name":"t\\u001b]0;evil\\u0007\\nsigmasight-chat: fake\xe2\x80\xae","arguments":{"\x7f":"\xc2\x9b"}}\n\n'
        printf 'event: done\ndata: {}\n\n'
    } >"$T/evil"
}

@test "text is escaped on a terminal" {
    write_evil
    on_terminal decode "$T/evil"
    expect_status 0
    expect_escaped "$OUT"
    grep -F '^[[2J' "$OUT"
    grep -F 'OSC ^[]52;c;ZXZpbA==^G' "$OUT"
    grep -F '^@^H^M^L^?|' "$OUT"
    grep -i -F 'raw ^? ' "$OUT"
    grep -i -E '\\u\{0*9b\}31m' "$OUT"
    grep -i -E '\\u\{202e\}\\u\{202a\}' "$OUT"
    grep -F $'tab\there \xc3\xbc\xc3\xbc \xf0\x9f\x98\x80|' "$OUT"
}

@test "text is not escaped in a pipe" {
    write_evil
    run_chat decode "$T/evil"
    expect_status 0
    sed -n 's/^data: //p' "$T/evil" | jq -j 'select(.delta).delta' >"$T/wanted"
    cmp "$T/wanted" "$OUT"
    expect_bytes '\0033[2J' <(head -c 8 "$OUT" | tail -c 4)
    expect_escaped "$ERR"
}

@test "JSON lines on a terminal are escaped and equivalent" {
    write_evil
    run_chat decode -j "$T/evil"
    head -n -1 "$OUT" | jq -c . >"$T/wanted"
    grep -a -q -P "$DANGEROUS" "$OUT"
    on_terminal decode -j "$T/evil"
    expect_status 0
    expect_escaped "$OUT"
    head -n -1 "$OUT" | jq -c . | cmp "$T/wanted" -
}

@test "a JSON object on a terminal is escaped and equivalent" {
    write_evil
    run_chat decode -o json "$T/evil"
    jq -c '[.text, .tools]' "$OUT" >"$T/wanted"
    grep -q OSC "$T/wanted"
    on_terminal decode -o json "$T/evil"
    expect_status 0
    expect_escaped "$OUT"
    jq -c '[.text, .tools]' "$OUT" | cmp "$T/wanted" -
}

@test "a raw stream is escaped on a terminal, not in a pipe" {
    write_evil
    printf ': \x1b[2J \x9b31m \xff\n: \xe2\x80\n\n' >>"$T/evil"
    run_chat decode -o raw "$T/evil"
    expect_status 0
    cmp "$T/evil" "$OUT"
    on_terminal decode -o raw "$T/evil"
    expect_status 0
    expect_escaped "$OUT"
    grep -F '^[[2J' "$OUT"
}

@test "a terminal with --no-stream and with final_text" {
    write_evil
    on_terminal decode --no-stream "$T/evil"
    expect_status 0
    expect_escaped "$OUT"
    printf 'event: done\ndata: {"final_text":"\\u001b]52;c;ZXZpbA==\\u0007\\u202e"}\n\n' >"$T/evil"
    on_terminal decode "$T/evil"
    expect_status 0
    expect_escaped "$OUT"
    grep -F '^[]52;' "$OUT"
}

@test "a character split between two deltas is escaped" {
    printf 'event: message\ndata: {"delta":"\xc2"}\n\nevent: message\ndata: {"delta":"\x9b31m"}\n\nevent: done\ndata: {}\n\n' >"$T/evil"
    on_terminal decode "$T/evil"
    [ -s "$OUT" ]
    grep -q 31m "$OUT"
    expect_escaped "$OUT"
}

@test "standard error on the same terminal: no control sequence of the server" {
    write_evil
    all_on_terminal decode "$T/evil"
    expect_status 0
    grep -F 'OSC ^[]52;c;ZXZpbA==^G' "$OUT"
    grep -a -F '^[]0;evil^G' "$OUT"
    expect_no $'\e]' "$OUT"
    expect_no $'\e[2J' "$OUT"
    expect_no $'\a' "$OUT"
    # C1, and the bidirectional overrides and isolates.
    expect_no_match '\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]' "$OUT"
    expect_utf8
}

@test "standard error: the names of tools and their errors, one line each" {
    cat >"$T/stream" <<'STREAM'
event: tool_started
data: {"tool_name":"a\u001b[2Jb\nc\r\u202ed\u009be\u2028","arguments":{}}

event: tool_finished
data: {"tool_name":"a\u001b[2Jb\nc","result":null,"error":"e\u001b]52;c;x\u0007\r\nsecond line\u202e","duration_ms":5}

event: done
data: {}

STREAM
    run_chat decode "$T/stream"
    expect_status 0
    [ "$(wc -l <"$ERR")" -eq 2 ]
    expect_escaped "$ERR"
    head -n 1 "$ERR" | grep -q '^tool_started a'
}

@test "standard error: the duration is escaped" {
    cat >"$T/stream" <<'STREAM'
event: tool_finished
data: {"tool_name":"t","result":1,"duration_ms":"5\u001b[2J"}

event: tool_finished
data: {"tool_name":"t","result":1,"duration_ms":1e999}

event: done
data: {}

STREAM
    run_chat decode -v "$T/stream"
    expect_status 0
    [ "$(grep -c '^tool_finished t' "$ERR")" -eq 2 ]
    expect_escaped "$ERR"
}

EVIL='\u001b]52;c;x\u0007\u001b[2J\r\u009b31m\u202e'
EVIL_BYTES='\x1b]52;c;x\x07\x1b[2J\xc2\x9b31m\xe2\x80\xae'

@test "standard error: an error event" {
    for option in '' -q -v -j; do
        printf 'event: error\ndata: {"message":"m%s\\nsecond","code":"c%s","retryable":false}\n\n' "$EVIL" "$EVIL" >"$T/stream"
        # shellcheck disable=SC2086 # perhaps none
        run_chat decode $option "$T/stream"
        expect_status 1
        expect_escaped "$ERR"
        expect_line 'sigmasight-chat: .*m.*'
    done
}

@test "standard error: start and info with -v" {
    printf 'event: start\ndata: {"conversation_id":"%s","mode":"%s","model":"%s"}\n\nevent: info\ndata: {"info_type":"%s","from":"%s","to":"%s"}\n\nevent: done\ndata: {}\n\n' \
        "$EVIL" "$EVIL" "$EVIL" "$EVIL" "$EVIL" "$EVIL" >"$T/stream"
    run_chat decode -v "$T/stream"
    expect_status 0
    [ -s "$ERR" ]
    expect_escaped "$ERR"
}

@test "standard error: the conversation of -C and the tokens with -v" {
    local digits
    digits=$(repeat 3000 9)
    serve <<SCENARIO
on POST /chat/conversations
status 201
body {"id":"ab\\\\u202ecd\\\\u200b"}
on POST /chat/send
event message {"delta":"x"}
event done {"total_tokens":$digits}
SCENARIO
    run_chat send -C -v hi
    expect_status 0
    run_chat send -C -v hi
    expect_status 0
    expect_line 'continuing conversation ab\\u\{202e\}cd\\u\{200b\}'
    expect_escaped "$ERR"
    expect_no "$digits" "$ERR"
}

@test "standard error: malformed events" {
    printf 'event: message\ndata: \x1b[2J\xc2\x9b\xff\n\nevent: done\ndata: {}\n\n' >"$T/stream"
    run_chat decode "$T/stream"
    expect_status 76
    expect_error
    expect_escaped "$ERR"
}

@test "standard error: every refusal" {
    serve <<SCENARIO
on POST /chat/send
status 400
body {"detail":"d${EVIL//\\/\\\\}\\\\nsecond"}
on POST /chat/send
status 400
body {"detail":{"error":"e${EVIL//\\/\\\\}","message":"m${EVIL//\\/\\\\}\\\\nsecond"}}
on POST /chat/send
status 422
body {"detail":[{"loc":["body","t${EVIL//\\/\\\\}"],"msg":"m${EVIL//\\/\\\\}\\\\n"}]}
on POST /chat/send
status 400
body plain $EVIL_BYTES
on POST /chat/send
status 400
body <title>page $EVIL_BYTES</title>
on POST /chat/send
wire HTTP/1.1 400 reason $EVIL_BYTES\r\n\r\n
on POST /chat/send
wire HTTP/1.1 302 Found\r\nLocation: http://$EVIL_BYTES/\r\n\r\n
on POST /chat/send
wire HTTP/1.1 200 OK\r\nContent-Type: text/$EVIL_BYTES\r\n\r\n
on POST /chat/send
wire HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: $EVIL_BYTES\r\n\r\n
on POST /chat/send
wire $EVIL_BYTES\r\n
SCENARIO
    local n
    for n in 65 65 65 65 65 65 76 76 76 76; do
        run_chat send -c "$ID" hi
        expect_status $n
        expect_error
        expect_escaped "$ERR"
    done
}

@test "standard error: retries" {
    serve <<SCENARIO
on POST /chat/send
status 503
body {"detail":"d${EVIL//\\/\\\\}\\\\nsecond"}
on POST /chat/send
event error {"message":"m$EVIL\\nsecond","retryable":true}
on POST /chat/send
event message {"delta":"Hello"}
event done {}
SCENARIO
    run_chat send --retry-delay 0.01 hi
    expect_status 0
    [ "$(wc -l <"$ERR")" -eq 2 ]
    expect_escaped "$ERR"
}

@test "standard error: the exchange of -vv" {
    serve_hello
    printf 'on POST /chat/send\nwire HTTP/1.1 200 OK\\r\\nX-Evil: %s\\r\\nContent-Type: text/event-stream\\r\\n\\r\\nevent: done\\ndata: {}\\n\\n\n' "$EVIL_BYTES" >"$T/steps"
    stop_server
    rm "$T/announcement"
    serve <"$T/steps"
    run_chat send -vv -c "$ID" hi
    expect_status 0
    grep -i x-evil "$ERR"
    expect_escaped "$ERR"
    stop_server
    rm "$T/announcement"
    printf 'on POST /chat/send\nwire HTTP/1.1 200 OK\\r\\nServer: \nfill 80000 wide\nraw \\r\\nContent-Type: text/event-stream\\r\\n\\r\\nevent: done\\ndata: {}\\n\\n\n' >"$T/steps"
    serve <"$T/steps"
    run_chat send -vv -c "$ID" hi
    expect_status 0
    grep -q '^< Server: wide.*(cut)' "$ERR"
    [ "$(wc -c <"$ERR")" -lt 5000 ] || fail "$(wc -c <"$ERR") bytes"
}

@test "standard error: arguments of the command line" {
    local evil
    evil=$(printf '\x1b]52;c;x\x07\x1b[2J\n\xc2\x9b31m\xe2\x80\xae\xff')
    run_chat "$evil"
    expect_status 64
    expect_escaped "$ERR"
    run_chat send "--no$evil" hi
    expect_status 64
    expect_escaped "$ERR"
    run_chat send -m "$evil" hi
    expect_status 64
    expect_escaped "$ERR"
    run_chat send --retry "$evil" hi
    expect_status 64
    expect_escaped "$ERR"
    run_chat decode "$T/$evil"
    expect_status 66
    expect_error
    expect_escaped "$ERR"
    run_chat decode --events "$T/no/$evil" /dev/null
    expect_status 73
    expect_error
    expect_escaped "$ERR"
}

@test "an ID from the server cannot change headers or paths" {
    serve <<'SCENARIO'
on POST /chat/conversations once
status 201
body {"conversation_id":"x/../../../evil\\r\\nX-Evil: 1?#\\u001b","mode":"green"}
on POST /chat/conversations
status 201
body {"conversation_id":"x..%2fevil X-Evil: 1?#","mode":"green"}
on POST /chat/send
status 422
body {"detail":"no"}
SCENARIO
    run_chat send hi
    expect_status 76
    expect_escaped "$ERR"
    run_chat send hi
    expect_status 65
    [ "$(grep -c '^DELETE /api/v1/chat/conversations/x\.\.%252fevil%20X-Evil%3A%201%3F%23$' "$DUMP/log")" -eq 1 ] ||
        fail "$(cat -v "$DUMP/log")"
    expect_escaped "$ERR"
}

@test "a very large answer is printed in bounded memory" {
    need_plain_program
    serve <<SCENARIO
on POST /chat/send
batch 500
repeat 50000
event message {"delta":"$(repeat 256 0123456789abcdef)"}
end-repeat
event done {}
SCENARIO
    # The memory is smaller than the answer.
    (ulimit -v 200000 && exec "$CHAT" send -n -c "$ID" hi 2>"$ERR") | wc -c >"$T/count"
    status=${PIPESTATUS[0]}
    expect_status 0
    [ "$(cat "$T/count")" -eq $((50000 * 4096)) ] || fail "$(cat "$T/count") bytes"
}
