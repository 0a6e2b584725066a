#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every row of the exit table, and the format of failures: one line on standard error with what failed and why.

# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load helper
load accounts

# serve_refusal STATUS BODY: a server that answers every message with this status and body.
serve_refusal()
{
    serve <<SCENARIO
on POST /chat/send
status $1
body $2
SCENARIO
}

# --- 0 and 1 ---

@test "0: done was received" {
    serve_hello
    for format in text jsonl json raw; do
        run_chat send -q -o $format -c "$ID" hi
        expect_status 0
        grep -q Hello "$OUT"
        expect_bytes '' "$ERR"
    done
}

@test "1: an error event that is not retryable, in any format" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"partly"}
event error {"message":"the model is gone","code":"E","retryable":false}
event done {}
SCENARIO
    for format in text jsonl json raw; do
        run_chat send -q -o $format -c "$ID" hi
        expect_status 1
        expect_error '.*the model is gone.*'
    done
    run_chat send -q -n -c "$ID" hi
    expect_bytes partly
    [ "$(count_requests 'POST /chat/send')" -eq 5 ]
}

@test "1: an error without start, and one after done" {
    serve <<'SCENARIO'
on POST /chat/send
event error {"message":"quick","retryable":false}
on POST /chat/send
event message {"delta":"text"}
event done {}
event error {"message":"could not be stored","retryable":false}
SCENARIO
    run_chat send -c "$ID" hi
    expect_failure 1 '.*quick.*'
    run_chat send -c "$ID" hi
    expect_status 1
    expect_error '.*could not be stored.*'
    expect_bytes 'text\n'
}

@test "1: an error event without retryable" {
    serve <<'SCENARIO'
on POST /chat/send
event error {"message":"no word on it"}
SCENARIO
    run_chat send hi
    expect_failure 1
    [ "$(count_requests 'POST /chat/send')" -eq 1 ]
}

@test "the first line of an error's message" {
    serve <<'SCENARIO'
on POST /chat/send
event error {"message":"(psycopg2.Error) it broke\n[SQL: INSERT secret]\n(Background: more)","code":null,"retryable":false}
SCENARIO
    run_chat send -c "$ID" hi
    expect_failure 1 '.*\(psycopg2.Error\) it broke.*'
    expect_no INSERT "$ERR"
}

@test "an error's message that begins with an empty line" {
    serve <<'SCENARIO'
on POST /chat/send
event error {"message":"\n\n it broke\nhere","retryable":false}
on POST /chat/send
event error {"message":" \n","retryable":false}
SCENARIO
    run_chat send -j -c "$ID" hi
    [ "$(cat "$ERR")" = 'sigmasight-chat: server error: it broke' ]
    expect_close '.error.message == "\n\n it broke\nhere"'
    run_chat send -c "$ID" hi
    [ "$(cat "$ERR")" = 'sigmasight-chat: server error: no explanation' ]
}

@test "lines of a refusal: the first one with the status, all of them in JSON" {
    local body
    for body in '{"detail":"one\\ntwo"}' '{"detail":"\\n one\\n"}' '{"detail":"one\\u0000"}'; do
        serve_refusal 400 "$body"
        run_chat send -j -c "$ID" hi
        expect_status 65
        expect_error 'cannot send the message: one.{0,3} \(HTTP 400\)'
        expect_close '.error.message | startswith("cannot send the message: one")'
        [[ $body != *two* ]] || expect_close '.error.message | endswith("\ntwo")'
        stop_server
        rm "$T/announcement"
    done
    for body in '{"detail":"\\n"}' ' ' '""'; do
        serve_refusal 400 "$body"
        run_chat send -c "$ID" hi
        [ "$(cat "$ERR")" = 'sigmasight-chat: cannot send the message: HTTP 400' ]
        stop_server
        rm "$T/announcement"
    done
}

@test "a file name with a line feed does not hide the reason" {
    local name reason
    name=$T/$'none/\n\e[31mfile'
    reason=$(strerror ENOENT)
    run_chat decode "$name"
    expect_failure 66 ".*$reason.*"
    run_chat decode -j --events "$name" /dev/null
    expect_status 73
    expect_error ".*$reason.*"
    run_chat send -o $'x\ny' hi
    [ "$(head -n 1 "$ERR")" = "sigmasight-chat: invalid value 'x y' for --output: expected text, jsonl, json or raw" ] || fail "$(cat "$ERR")"
}

# --- 64 ---

# usage ARGUMENT...: a usage error: one line, and a reference to --help.
usage()
{
    local lines
    run_chat "$@" </dev/null
    [ "$status" -eq 64 ] || fail "status $status instead of 64 of: $*"
    [ ! -s "$OUT" ] || fail "there is output: $*"
    mapfile -t lines <"$ERR"
    [ "${#lines[@]}" -eq 2 ] || fail "not one line and a pointer: $*"
    [[ ${lines[0]} == 'sigmasight-chat: '* ]] || fail "no name in front: $*"
    [[ ${lines[1]} == *--help* ]] || fail "no pointer to --help: $*"
}

@test "64: commands and options that do not exist" {
    usage ask
    usage Send hi
    usage --nonsense
    usage -x
    usage send --nonsense hi
    usage send -x hi
    usage send hi -cX --nonsense
    usage decode --record x
    usage decode -c "$ID"
    usage decode --retry 1
    usage decode --url http://127.0.0.1/
    usage decode a b
    usage send --token secret hi
    usage send --password secret hi
}

@test "64: options without a required argument or with an unexpected one" {
    for option in -c -m -o -u --conversation --mode --portfolio --output --events --events-fd --record --retry --retry-delay \
        --retry-max-time --connect-timeout --idle-timeout --stall-timeout --max-time --max-event-size --url --profile --token-file --cacert --color --highlight; do
        usage send hi $option
    done
    for option in --json --no-stream --no-newline --retry-all --quiet --verbose --insecure --allow-http --ephemeral --continue; do
        usage send $option=x hi
    done
}

@test "64: invalid values" {
    usage send -m red hi
    usage send -m '' hi
    usage send -o yaml hi
    usage send -o JSON hi
    usage send --color sometimes hi
    usage decode --highlight sometimes
    for value in -1 1.5 x '' 1x 0x10 ' 1' 99999999999999999999; do
        usage send --retry "$value" hi
    done
    for option in --retry-delay --retry-max-time --connect-timeout --idle-timeout --stall-timeout --max-time; do
        for value in -1 x '' 1s nan inf 1e3 0x1 1.2.3 .; do
            usage send $option "$value" hi
        done
    done
    for value in 0 -1 x '' 1Q 1.5K K 99999999999999999999; do
        usage send --max-event-size "$value" hi
        usage decode --max-event-size "$value"
    done
    for value in -1 x '' 1.0; do
        usage send --events-fd "$value" hi
    done
}

@test "64: options that cannot be combined" {
    usage send -C -c "$ID" hi
    usage send --ephemeral -c "$ID" hi
    usage send --ephemeral -C hi
}

@test "64: a descriptor that is not open" {
    serve_hello
    run_chat send -c "$ID" --events-fd 99 hi
    expect_status 64
    grep -q -e --help "$ERR"
    run_chat decode --events-fd 99 "$TRANSCRIPTS/short-first.sse"
    expect_status 64
    run_chat decode --events-fd 2147483648 "$TRANSCRIPTS/short-first.sse"
    expect_status 64
    expect_requests
}

@test "fractions and zero are numbers of seconds" {
    serve_hello
    run_chat send -c "$ID" --retry-delay .5 --retry-max-time 0 --connect-timeout 1.25 --idle-timeout 0 --stall-timeout 5. --max-time 0 hi
    expect_status 0
    expect_bytes 'Hello\n'
}

# --- 65 ---

@test "65: the server refuses the message or the ID" {
    local code
    serve <<SCENARIO
$(for code in 400 404 405 406 409 410 413 415 418 422 451; do
    printf 'on POST /chat/send\nstatus %d\nbody {"detail":"detail of %d"}\n' $code $code
done)
SCENARIO
    for code in 400 404 405 406 409 410 413 415 418 422 451; do
        run_chat send -c "$ID" hi
        expect_failure 65 ".*detail of $code.*"
        expect_bytes ''
    done
}

@test "65: validation errors do not repeat the text" {
    serve_refusal 422 '{"detail":[{"type":"string_too_long","loc":["body","text"],"msg":"String should have at most 4000 characters","input":"the whole message","ctx":{"max_length":4000}},{"type":"uuid_parsing","loc":["body","conversation_id"],"msg":"Input should be a valid UUID","input":"x"}]}'
    run_chat send -c "$ID" hi
    expect_failure 65 '.*text.*String should have at most 4000 characters.*conversation_id.*Input should be a valid UUID.*'
    expect_no 'the whole message' "$ERR"
}

@test "65: an explanation that is the text of the message is not shown" {
    local body
    for body in '{"detail":"the whole message"}' '{"detail":[{"loc":["body","text"],"msg":"the whole message"}]}' \
        '{"detail":{"error":"the whole message"}}' '{"error":{"message":"the whole message"}}' '"the whole message"' 'the whole message'; do
        serve_refusal 422 "$body"
        run_chat send -c "$ID" 'the whole message'
        expect_failure 65 'cannot send the message: .*HTTP 422.*'
        expect_no 'the whole message' "$ERR"
        stop_server
        rm "$T/announcement"
    done
}

@test "65: validation errors are one line, even if they contain line feeds" {
    serve_refusal 422 '{"detail":[{"loc":["body","a\\nb"],"msg":"one\\n two\\n"},"\\n",{"loc":["body","text"],"msg":"three"},"four"]}'
    run_chat send -j -c "$ID" hi
    [ "$(cat "$ERR")" = 'sigmasight-chat: cannot send the message: a b: one two; text: three; four (HTTP 422)' ] || fail "$(cat "$ERR")"
    expect_close '.error.message == "cannot send the message: a b: one two; text: three; four (HTTP 422)"'
}

@test "65: an explanation in another format is shown as JSON" {
    serve <<'SCENARIO'
on POST /chat/send
status 400
body {"detail":{"foo":"bar","message":5}}
on POST /chat/send
status 400
body {"detail":["one","two"]}
on POST /chat/send
status 422
body {"detail":[1,"two",{"msg":5},{"msg":"three"}]}
on POST /chat/send
status 422
body {"detail":[{"msg":5}]}
on POST /chat/send
status 422
body {"detail":[{"type":"unknown","loc":["body","text"],"input":"the whole message"}]}
on POST /chat/send
status 400
body {"detail":17}
on POST /chat/send
status 400
body {"detail":null}
SCENARIO
    local words
    for words in '{"foo":"bar","message":5} (HTTP 400)' 'one; two (HTTP 400)' 'two; three (HTTP 422)' '[{"msg":5}] (HTTP 422)' \
        'HTTP 422' '17 (HTTP 400)' 'HTTP 400'; do
        run_chat send -c "$ID" hi
        [ "$status" -eq 65 ]
        [ "$(cat "$ERR")" = "sigmasight-chat: cannot send the message: $words" ] || fail "$(cat "$ERR") instead of $words"
    done
}

@test "65: an explanation that is too large to be read" {
    serve <<'SCENARIO'
on POST /chat/send
status 422
raw {"detail":[{"type":"string_too_long","loc":["body","text"],"msg":"too long","input":"
fill 2000000 the whole message
raw "}]}
SCENARIO
    run_chat send -c "$ID" hi
    expect_failure 65 'cannot send the message: an explanation of more than 1 MiB \(HTTP 422\)'
}

@test "65: the server's explanation in an object" {
    serve_refusal 400 '{"detail":{"error":"some_code","message":"Words for people"}}'
    run_chat send -j -c "$ID" hi
    expect_status 65
    expect_error '.*Words for people.*'
    expect_close '.error.code == "some_code" and .error.http_status == 400'
}

# --- 66 ---

@test "66: a named file that cannot be read" {
    serve_hello
    run_chat decode "$T/none.sse"
    expect_failure 66 ".*none\.sse.*$(strerror ENOENT).*"
    run_chat decode "$T"
    expect_failure 66 ".*$(strerror EISDIR).*"
    run_chat send -c "$ID" --token-file "$T/none" hi
    expect_failure 66 ".*none.*$(strerror ENOENT).*"
    run_chat send -c "$ID" --token-file "$T" hi
    expect_failure 66
    run_chat send -c "$ID" --cacert "$T/none" hi
    expect_failure 66 '.*none.*'
    expect_requests
}

# --- 69 ---

@test "69: a connection that is refused" {
    export SIGMASIGHT_TOKEN=$TOKEN
    run_chat send --retry 0 -u http://127.0.0.1:1/api/v1 hi
    expect_failure 69 '.*127\.0\.0\.1:1.*'
    run_chat send --retry 1 --retry-delay 0.01 -c "$ID" -u http://127.0.0.1:1/api/v1 hi
    expect_status 69
    [ "$(grep -c 'retry 1 of 1' "$ERR")" -eq 1 ]
}

@test "69: a name that does not exist" {
    export SIGMASIGHT_TOKEN=$TOKEN
    # A label of more than 63 characters is not sent to a name server.
    run_chat send --retry 0 -u "https://$(repeat 64 a).invalid/api/v1" hi
    expect_failure 69 'cannot connect to https://a+\.invalid:443: .+; check the name in --url, and the network'
}

@test "69: a server that does not speak TLS" {
    serve_hello
    run_chat send --retry 0 -u "https://127.0.0.1:$PORT/api/v1" hi
    expect_failure 69
    expect_requests
}

@test "69: a timeout in the TLS handshake" {
    serve_hello
    kill -STOP "$MOCK_PID"
    run_chat send --retry 0 --connect-timeout 0.2 -u "https://127.0.0.1:$PORT/api/v1" hi
    expect_failure 69 '.*connect-timeout.*'
}

@test "69: a 5xx after the retries" {
    local code
    serve <<SCENARIO
$(for code in 500 501 502 503 504 505 507 599; do
    printf 'on POST /chat/send\nstatus %d\nbody {"detail":"detail of %d"}\n' $code $code
done)
SCENARIO
    for code in 500 501 502 503 504 505 507 599; do
        run_chat send --retry 0 hi
        expect_failure 69 ".*detail of $code.*"
    done
    [ "$(count_requests 'POST /chat/send')" -eq 8 ]
}

@test "69: an exhausted quota is not retried" {
    serve_refusal 429 '{"detail":{"error":"ai_limit_reached","message":"Monthly limit reached","limit":100,"used":100,"tier":"free"}}'
    run_chat send hi
    expect_failure 69 '.*Monthly limit reached.*'
    [ "$(count_requests 'POST /chat/send')" -eq 1 ]
}

# --- 73, 74 ---

@test "73: a file that cannot be created" {
    serve_hello
    for option in --record --events; do
        run_chat send -c "$ID" $option "$T/none/file" hi
        expect_failure 73 ".*none/file.*$(strerror ENOENT).*"
        run_chat send -c "$ID" $option "$T" hi
        expect_failure 73
    done
    run_chat decode --events "$T/none/file" "$TRANSCRIPTS/short-first.sse"
    expect_failure 73
    expect_bytes ''
    expect_requests
}

@test "74: standard output is full" {
    serve_hello
    for format in text jsonl json raw; do
        status=0
        "$CHAT" send -q -o $format -c "$ID" hi >/dev/full 2>"$ERR" || status=$?
        expect_failure 74 ".*standard output.*$(strerror ENOSPC).*"
    done
    status=0
    "$CHAT" send -q --no-stream -c "$ID" hi >/dev/full 2>"$ERR" || status=$?
    expect_failure 74 ".*$(strerror ENOSPC).*"
    [ "$(count_requests 'POST /chat/send')" -eq 5 ]
}

@test "74: decode and help" {
    for format in text jsonl json raw; do
        status=0
        "$CHAT" decode -q -o $format "$TRANSCRIPTS/short-first.sse" >/dev/full 2>"$ERR" || status=$?
        expect_failure 74
    done
    for arguments in --help --version 'send --help' 'decode --help'; do
        status=0
        # shellcheck disable=SC2086 # words
        "$CHAT" $arguments >/dev/full 2>"$ERR" || status=$?
        expect_failure 74
    done
}

@test "74: a full --events or --record does not affect the answer" {
    serve_hello
    for option in --events --record; do
        run_chat send -q -c "$ID" $option /dev/full hi
        expect_status 74
        expect_error ".*/dev/full.*$(strerror ENOSPC).*"
    done
    run_chat decode -j --events-fd 9 "$TRANSCRIPTS/short-first.sse" 9>/dev/full
    expect_status 74
    expect_error
    expect_lines
    expect_close '.exit_code == 74 and .status == "failed"'
}

@test "74: a file that reaches the limit of the process" {
    serve <<'SCENARIO'
on POST /chat/send
repeat 100
event message {"delta":"0123456789abcdef0123456789abcdef"}
end-repeat
event done {}
SCENARIO
    local format
    for format in text jsonl json raw; do
        status=0
        (
            limit_files 1
            exec "$CHAT" send -q -o "$format" -c "$ID" hi
        ) >"$T/cut" 2>"$ERR" || status=$?
        expect_status 74
        expect_error ".*standard output.*$(strerror EFBIG).*"
        [ "$(stat -c %s "$T/cut")" -eq 1024 ] || fail "$format: $(stat -c %s "$T/cut") bytes"
    done
    (
        limit_files 1
        exec "$CHAT" send -j -c "$ID" --record "$T/cut" hi
    ) 2>"$ERR" | cat >"$OUT" || :
    status=${PIPESTATUS[0]}
    expect_status 74
    expect_error ".*$T/cut.*$(strerror EFBIG).*"
    expect_lines
    expect_close '.exit_code == 74 and .status == "failed" and .text_bytes > 0'
    # First: an unread pipe does not end the program.
    status=0
    (
        limit_files 0
        exec "$CHAT" send --nonsense
    ) 2>"$T/cut" || status=$?
    expect_status 64
}

@test "74: closed standard output" {
    serve_hello
    for format in text jsonl json raw; do
        status=0
        "$CHAT" send -q -o $format -c "$ID" hi >&- 2>"$ERR" || status=$?
        expect_failure 74
    done
}

# Sets LIMITED to a library for LD_PRELOAD with which closing standard output reports an exceeded quota, as NFS does.
build_limited()
{
    make_preload limited <<'END_OF_C'
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>
int close(int fd)
{
    int result = (int)syscall(SYS_close, fd);
    if (fd != STDOUT_FILENO)
        return result;
    errno = EDQUOT;
    return -1;
}
END_OF_C
    LIMITED=$T/limited.so
}

# run_limited ARGUMENT...: as run_chat, with that library.
run_limited()
{
    status=0
    LD_PRELOAD=$LIMITED "$CHAT" "$@" >"$OUT" 2>"$ERR" || status=$?
}

# expect_limit: the failure was reported, after whatever else is on standard error.
expect_limit()
{
    expect_status 74
    tail -1 "$ERR" | grep -q 'cannot write standard output: ' || fail "$(cat "$ERR")"
}

@test "74: a write error that closing standard output reports, for each command" {
    local arguments
    build_limited
    serve_default
    run_chat send --log -q hi
    expect_status 0
    printf 'event: message\ndata: {"delta":"Hello"}\n\nevent: done\ndata: {}\n\n' >"$T/answer.sse"
    echo '{"message": "hi"}' >"$T/questions"
    while read -r arguments; do
        # shellcheck disable=SC2086 # words
        run_limited $arguments
        expect_limit
        [ -s "$OUT" ] || fail "$arguments: no output"
    done <<END_OF_COMMANDS
--help
--version
send --help
send -q hi
send -q --log hi
send -q -o json hi
send -q -j hi
send -q -o raw hi
decode $T/answer.sse
batch -q $T/questions
api /auth/me
whoami
portfolios
conversations
log list
log show
log export
log path
config
schema
completion bash
END_OF_COMMANDS
    run_limited chat -q <<<'hi'
    expect_limit
}

@test "a write error that closing standard output reports is not shown after another failure" {
    build_limited
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"partly"}
event error {"message":"the first cause","retryable":false}
SCENARIO
    run_limited send -q -c "$ID" hi
    expect_status 1
    expect_error '.*the first cause.*'
    run_limited send --nonsense
    expect_status 64
    expect_no 'standard output' "$ERR"
}

# --- 75 ---

@test "75: a connection lost before done" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half"}
close
on POST /chat/send
event message {"delta":"half"}
reset
on POST /chat/send
event message {"delta":"half"}
on POST /chat/send
wire
close
on POST /chat/send
wire
reset
on POST /chat/send
wire HTTP/1.1 200 OK\r\ncontent-type: text/ev
close
SCENARIO
    for _ in 1 2 3; do
        run_chat send -q -c "$ID" hi
        expect_status 75
        expect_error
        expect_bytes 'half\n'
    done
    for _ in 1 2 3; do
        run_chat send -q -c "$ID" hi
        expect_failure 75
        expect_bytes ''
    done
    [ "$(count_requests 'POST /chat/send')" -eq 6 ]
}

@test "75: 408 and 429" {
    serve <<'SCENARIO'
on POST /chat/send
status 408
on POST /chat/send
status 429
body {"detail":"Too many requests"}
on POST /chat/send
status 429
body {"detail":{"error":"rate_limit_exceeded","message":"Slow down"}}
SCENARIO
    run_chat send --retry 0 hi
    expect_failure 75
    run_chat send --retry 0 hi
    expect_failure 75 '.*Too many requests.*'
    run_chat send --retry 0 hi
    expect_failure 75 '.*Slow down.*'
}

@test "75: a retryable error event" {
    serve <<'SCENARIO'
on POST /chat/send
event error {"message":"overloaded","code":null,"retryable":true,"details":null}
event done {}
SCENARIO
    run_chat send --retry 0 hi
    expect_failure 75 '.*overloaded.*'
}

@test "75: --idle-timeout, before the answer and within it" {
    serve <<'SCENARIO'
on POST /chat/send
gate never
status 200
on POST /chat/send
event message {"delta":"half"}
silence
SCENARIO
    run_chat send -c "$ID" --idle-timeout 0.2 hi
    expect_failure 75 '.*idle-timeout.*'
    run_chat send -c "$ID" --idle-timeout 0.2 hi
    expect_status 75
    expect_error '.*idle-timeout.*'
    expect_bytes 'half\n'
}

@test "75: --idle-timeout while a conversation is created" {
    serve <<'SCENARIO'
on POST /chat/conversations
gate never
status 201
SCENARIO
    run_chat send --retry 0 --idle-timeout 0.2 hi
    expect_failure 75 '.*idle-timeout.*'
    expect_requests 'POST /chat/conversations'
}

@test "75: --idle-timeout is reset by each byte" {
    serve <<'SCENARIO'
on POST /chat/send
repeat 12
raw :\n
pause 50
end-repeat
event message {"delta":"late"}
event done {}
SCENARIO
    run_chat send -c "$ID" --idle-timeout 0.4 hi
    expect_status 0
    expect_bytes 'late\n'
}

@test "75: --stall-timeout ignores heartbeats" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half"}
repeat 200
event heartbeat {"timestamp":"now"}
raw :\n
pause 20
end-repeat
event done {}
SCENARIO
    run_chat send -c "$ID" --stall-timeout 0.3 hi
    expect_status 75
    expect_error '.*stall-timeout.*'
    expect_bytes 'half\n'
}

@test "75: --stall-timeout does not count the time in which the program waits for the reader of the last event" {
    serve < <(printf '%s\n' 'on POST /chat/send' "event message {\"delta\":\"$(repeat 10000 0123456789)\"}" 'gate silent' 'event done {}')
    make_clock
    pipe_from ANSWER
    launch env LD_PRELOAD="$T/clock.so" "$CHAT" send -n -c "$ID" --idle-timeout 0 --stall-timeout 3600 hi >"$T/answer" 2>"$ERR"
    await_full ANSWER
    : >"$CLOCK_AHEAD"
    [ "$(head -c 100000 <&"$ANSWER" | wc -c)" -eq 100000 ] || fail "the text is not whole"
    # A program that counts it has time to fail.
    for_a_while 0.3
    open_gate silent
    expect_end "$ANSWER"
    await_end
    expect_status 0
}

@test "75: --stall-timeout begins with the stream and with each event" {
    serve <<'SCENARIO'
on POST /chat/send
raw :\n
pause 100
repeat 6
event message {"delta":"."}
pause 100
end-repeat
event done {}
SCENARIO
    for format in text jsonl raw; do
        run_chat send -o $format -c "$ID" --stall-timeout 0.5 hi
        expect_status 0
        [ -s "$OUT" ]
    done
}

@test "75: --max-time applies while events arrive" {
    serve <<'SCENARIO'
on POST /chat/send
repeat 500
event message {"delta":"."}
pause 10
end-repeat
event done {}
SCENARIO
    run_chat send -q -c "$ID" --max-time 0.3 hi
    expect_status 75
    expect_error 'timed out: the command took longer than 0\.3 s \(--max-time\)'
    head -c 1 "$OUT" | grep -q -F .
}

@test "75: --max-time applies while the server sends without a pause" {
    serve <<<$'on POST /chat/send\nheader Content-Type: text/event-stream\nfill 1000000000000 \\n'
    launch "$CHAT" send -q --max-time 2 --retry 0 -c "$ID" hi </dev/null >"$OUT" 2>"$ERR"
    await_end
    expect_status 75
    expect_error '.*--max-time.*'
}

@test "75: --max-time bounds all attempts together" {
    serve <<'SCENARIO'
on POST /chat/send
gate never
status 200
SCENARIO
    launch "$CHAT" send -q --max-time 0.3 --retry 100 --retry-delay 0.01 hi </dev/null >"$OUT" 2>"$ERR"
    await_end
    expect_failure 75 '.*max-time.*'
    [ "$(count_requests 'POST /chat/send')" -le 1 ]
}

# --- 76 ---

@test "76: a response that is not an event stream" {
    local type
    serve <<'SCENARIO'
on POST /chat/send
header Content-Type: application/json
raw event: message\ndata: {"delta":"no"}\n\nevent: done\ndata: {}\n\n
on POST /chat/send
header Content-Type: text/event-streams
raw event: message\ndata: {"delta":"no"}\n\nevent: done\ndata: {}\n\n
on POST /chat/send
header Content-Type: text/html; charset=utf-8
raw <html><head><title>Log in</title></head><body>event: done</body></html>
on POST /chat/send
no-header content-type
raw event: message\ndata: {"delta":"no"}\n\nevent: done\ndata: {}\n\n
on POST /chat/send
status 204
SCENARIO
    for type in application/json text/event-streams text/html '' ''; do
        run_chat send -c "$ID" hi
        expect_failure 76 ".*$type.*"
        expect_bytes ''
        expect_no '<' "$ERR"
    done
    [ "$(count_requests 'POST /chat/send')" -eq 5 ]
}

# decode_bytes TEXT: the message of the failure does not depend on the status.
decode_bytes()
{
    printf '%b' "$1" >"$T/recording"
    run_chat decode -j "$T/recording"
    expect_error "the recording holds no complete event; expected a recording of --record or -o raw"
    expect_jq 'length == 1'
}

@test "76: a file that is not a recording" {
    local bytes
    for bytes in '<!DOCTYPE html>\n<title>data: x</title>\n' 'hello' 'hello\n\n' 'id,name\n1,2\n' '\0' '\n\nevents\n\n' \
        '{"event":"start","data":{}}\n' '\xef\xbb\xbfno\n\n' 'dat\n'; do
        decode_bytes "$bytes"
        expect_status 76
        expect_close '.error.code == "protocol" and .error.retryable == false'
    done
}

@test "75: a recording truncated in its first event" {
    local bytes
    for bytes in '' e ev event 'event:' 'data: {"delta":"a"}\n' ': ping\n\n' '\n\nid' '\xef' '\xef\xbb\xbf' 'retry: 1\n\n' 'id\r\n'; do
        decode_bytes "$bytes"
        expect_status 75
        expect_close '.status == "interrupted" and .error.code == "cut_off"'
    done
}

@test "76: a malformed event" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"a"}
event message {"delta":nil}
event message {"delta":"b"}
event done {}
SCENARIO
    for format in text jsonl json raw; do
        run_chat send -q -o $format -c "$ID" hi
        expect_status 76
        expect_error
    done
    run_chat send -q -c "$ID" hi
    expect_bytes 'ab\n'
}

# refused STATUS WORDS STEPS: the status of send, and the part of the server's explanation that it shows.
refused()
{
    serve <<SCENARIO
on POST /chat/send
$3
SCENARIO
    run_chat send -q --retry 0 -c "$ID" hi
    expect_failure "$1" ".*$2.*"
    stop_server
    rm -f "$T/announcement"
}

@test "69, 75: a quota and a rate limit, by the code or the text" {
    refused 69 'No more' 'event error {"message":"No more","code":"quota_exceeded","retryable":true}'
    refused 69 insufficient_quota 'event error {"message":"429: insufficient_quota","code":null,"retryable":true}'
    refused 1 insufficient_quota 'event error {"message":"insufficient_quota","code":"other","retryable":false}'
    refused 75 'Too fast' 'event error {"message":"Too fast","code":"rate_limit_exceeded","retryable":false}'
    refused 75 overloaded 'event error {"message":"overloaded","retryable":false}'
    refused 69 'Pay first' $'status 403\nbody {"detail":{"error":"insufficient_quota","message":"Pay first"}}'
    refused 75 'Slow down' $'status 400\nbody {"detail":{"error":"RATE_LIMITED","message":"Slow down"}}'
    refused 75 overloaded $'status 500\nbody {"detail":"overloaded"}'
    refused 69 'Pay first' $'status 400\nbody {"code":"quota_exceeded","message":"Pay first"}'
    refused 69 'Pay first' $'status 400\nbody {"error":"quota_exceeded","message":"Pay first"}'
    refused 75 'Slow down' $'status 400\nbody {"detail":{"code":"RATE_LIMITED","message":"Slow down"}}'
    refused 75 'Slow down' $'status 400\nbody {"detail":{"error":"Slow down","error_type":"RATE_LIMITED"}}'
    refused 65 'Bad value.*HTTP 400' $'status 400\nbody {"error":"Bad Request","message":"Bad value","code":400}'
    refused 65 'NEW_CODE.*limit' $'status 400\nbody {"detail":{"code":"NEW_CODE","limit":1}}'
}

@test "the server's explanation is shown in any format" {
    refused 76 'Internal Server Error' 'event error Internal Server Error'
    refused 76 'a string' 'event error "a string"'
    refused 1 'Session expired' 'event error {"detail":"Session expired"}'
    refused 1 'Try less' 'event error {"error":{"message":"Try less","type":"t"}}'
    refused 1 upstream $'raw data: {"error":"upstream"}\\n\\n'
    refused 1 'Not here' $'raw data: {"detail":"Not here"}\\n\\n'
    refused 76 'Maintenance.*HTTP 200' $'header Content-Type: application/json\nbody {"error":{"message":"Maintenance"}}'
    refused 76 'No session.*HTTP 200' $'header Content-Type: application/json\nbody {"detail":"No session"}'
}

@test "the first generation's failure after tools hints at a new conversation" {
    refused 1 "'id'; .*start a new one" "event error {\"message\":\"'id'\",\"retryable\":true}"
}

@test "76: an oversized event" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"before"}
raw event: message\ndata: {"delta":"
fill 5000 x
raw "}\n\n
event done {}
on POST /chat/send
raw data: 
fill 100000000 x
on POST /chat/send
fill 100000000 data: x\n
SCENARIO
    run_chat send -q -c "$ID" --max-event-size 4096 hi
    expect_status 76
    expect_error '.*4096.*|.*4K.*|.*max-event-size.*'
    expect_bytes 'before\n'
    run_chat send -q -c "$ID" --max-event-size 1M hi
    expect_failure 76
    run_chat send -q -c "$ID" --max-event-size 1M hi
    expect_failure 76
}

@test "an event of exactly the allowed size is accepted" {
    serve <<'SCENARIO'
on POST /chat/send
raw event: message\ndata: {"delta":"
fill 3000 x
raw "}\n\n
event done {}
SCENARIO
    run_chat send -q -c "$ID" --max-event-size 4K hi
    expect_status 0
    [ "$(wc -c <"$OUT")" -eq 3001 ]
}

# A size_t may have 32 bits: 4G would be 0 and 4194305K 1024.
@test "an event size of more than 32 bits is not truncated" {
    local size
    printf 'event: message\ndata: {"delta":"%s"}\n\nevent: done\ndata: {}\n\n' "$(repeat 2000 x)" >"$T/stream"
    for size in 4G 4194305K 900000G; do
        run_chat decode --max-event-size $size "$T/stream"
        expect_status 0
        expect_bytes "$(repeat 2000 x)\n"
    done
}

@test "76: text that differs from final_text" {
    serve <<'SCENARIO'
on POST /chat/send
event token {"type":"token","run_id":"r","seq":0,"data":{"delta":"all but "},"timestamp":1}
event done {"type":"done","run_id":"r","seq":0,"data":{"final_text":"all but this"},"timestamp":1}
SCENARIO
    run_chat send -c "$ID" hi
    expect_status 76
    expect_bytes 'all but \n'
    run_chat send -j -c "$ID" hi
    expect_status 76
    expect_lines
    [ "$(names | tr ' ' '\n' | grep -c -x client.warning)" -eq 1 ]
    expect_close '.exit_code == 76'
    [ "$(count_requests 'POST /chat/send')" -eq 2 ]
}

@test "76: a redirect is not followed" {
    local code
    serve <<SCENARIO
$(for code in 301 302 303 307 308; do
    printf 'on POST /chat/send\nstatus %d\nheader Location: http://127.0.0.1:1/elsewhere\n' $code
done)
SCENARIO
    for code in 301 302 303 307 308; do
        run_chat send -c "$ID" hi
        expect_failure 76 '.*http://127.0.0.1:1/elsewhere.*'
    done
    [ "$(count_requests '.*')" -eq 5 ]
}

@test "76: a redirect of the first call" {
    serve <<'SCENARIO'
on POST /chat/conversations
status 307
header Location: /api/v1/chat/conversations/
SCENARIO
    run_chat send hi
    expect_failure 76
    expect_requests 'POST /chat/conversations'
}

@test "76: no word in a URL or a header is a code of the server" {
    local word
    for word in overloaded rate_limit_exceeded quota_exceeded insufficient_quota; do
        refused 76 "$word" $'status 307\nheader Location: https://status.example/'"$word.html"
        refused 76 "$word" $'header Content-Type: text/html; note='"$word"
        refused 76 "$word" $'header Content-Encoding: '"$word"
    done
    refused 69 'Pay first' $'header Content-Type: application/json; note=overloaded\nbody {"detail":"Pay first: quota_exceeded"}'
    serve <<<$'on * /*/*\nstatus 302\nheader Location: /quota_exceeded'
    run_chat send hi
    expect_failure 76 '.*quota_exceeded.*'
    run_chat whoami
    expect_failure 76 '.*quota_exceeded.*'
    run_chat api /auth/me
    expect_failure 76 '.*quota_exceeded.*'
}

@test "76: a compressed body" {
    serve <<'SCENARIO'
on POST /chat/send
header Content-Encoding: gzip
raw \x1f\x8b\x08\0\0\0\0\0\0\x03
on POST /chat/send
header Content-Encoding: br
raw event: done\ndata: {}\n\n
on POST /chat/send
header Content-Encoding: identity
event done {}
SCENARIO
    run_chat send -c "$ID" hi
    expect_failure 76 '.*gzip.*'
    run_chat send -o raw -c "$ID" hi
    expect_failure 76
    expect_bytes ''
    run_chat send -c "$ID" hi
    expect_status 0
}

@test "a compressed refusal is classified by its status alone, by every call" {
    local quota='quota_exceeded' encoding='.*an explanation with the Content-Encoding br'
    serve <<<$'on * /*/*\nstatus 429\nheader Content-Encoding: br\nbody '"$quota"
    run_chat send --retry 0 hi
    expect_failure 75 "$encoding \(HTTP 429\).*"
    run_chat send --retry 0 -c "$ID" hi
    expect_failure 75 "$encoding \(HTTP 429\).*"
    run_chat whoami
    expect_failure 75 "$encoding \(HTTP 429\).*"
    run_chat login --email me@example.com --password-stdin <<<hunter2
    expect_failure 75 "$encoding \(HTTP 429\).*"
    run_chat api --retry 0 /auth/me
    expect_status 75
    expect_bytes "$quota"
    expect_error "GET /auth/me: an explanation with the Content-Encoding br \(HTTP 429\).*"
    run_chat api --retry 0 HEAD /auth/me
    expect_status 75
    expect_error 'HEAD /auth/me: HTTP 429.*'
    run_chat batch --lines --retry 0 <<<hi
    expect_status 75
    expect_jq 'length == 1 and .[0].exit_code == 75 and .[0].error.code == "busy" and
        (.[0].error.message | test("Content-Encoding br"))'
}

@test "a refusal in JSON with a wrong Content-Encoding is read" {
    serve <<<$'on POST /chat/send\nstatus 429\nheader Content-Encoding: UTF-8\nbody {"error":"quota_exceeded","message":"used up"}'
    run_chat send --retry 1 -c "$ID" hi
    expect_failure 69 '.*used up \(HTTP 429\).*'
    expect_requests 'POST /chat/send'
}

# --- 77, 78 ---

@test "77: 401 and 403" {
    serve <<'SCENARIO'
on POST /chat/send
status 401
body {"detail":"Could not validate credentials"}
on POST /chat/send
status 403
body {"detail":"Not authorized to access this conversation"}
on POST /chat/send
status 403
body {"detail":{"error":"invite_required","message":"An invitation is needed"}}
SCENARIO
    run_chat send -c "$ID" hi
    expect_failure 77 '.*Could not validate credentials.*'
    run_chat send -c "$ID" hi
    expect_failure 77 '.*Not authorized to access this conversation.*'
    run_chat send -c "$ID" hi
    expect_failure 77 '.*An invitation is needed.*'
    [ "$(count_requests 'POST /chat/send')" -eq 3 ]
}

@test "77: no token, an empty one, a wrong one" {
    serve_default
    SIGMASIGHT_TOKEN='' run_chat send -c "$ID" hi
    expect_failure 77 '.*login.*'
    : >"$T/token"
    SIGMASIGHT_TOKEN='' run_chat send -c "$ID" --token-file "$T/token" hi
    expect_failure 77
    expect_requests
    SIGMASIGHT_TOKEN=wrong run_chat send hi
    expect_failure 77
    expect_requests 'POST /chat/conversations'
}

@test "78: plain HTTP to another machine, and nothing is sent" {
    local url
    serve_hello
    for url in http://192.0.2.1 http://sigmasight.invalid http://localhost.invalid http://127.0.0.1.invalid \
        'http://[2001:db8::1]' http://128.0.0.1 HTTP://192.0.2.1; do
        run_chat send --retry 0 -c "$ID" -u "$url:$PORT/api/v1" hi
        [ "$status" -eq 78 ] || fail "status $status of $url"
        expect_failure 78 '.*--allow-http.*'
    done
    run_chat send --retry 0 -c "$ID" -u "http://0.0.0.0:$PORT/api/v1" hi
    expect_failure 78 '.*127[.]0[.]0[.]1.*'
    run_chat send --retry 0 -c "$ID" -u "http://127.0.0.1@192.0.2.1:$PORT/api/v1" hi
    expect_failure 78
    expect_requests
}

@test "--allow-http is not needed for any address of loopback" {
    local url
    serve_hello
    for url in http://127.0.0.1 http://localhost http://LOCALHOST; do
        run_chat send --retry 0 -c "$ID" -u "$url:$PORT/api/v1" hi
        [ "$status" -eq 0 ] || fail "$url"
        expect_bytes 'Hello\n'
    done
    # Nothing listens there, but it is this machine.
    for url in http://127.0.0.2 'http://[::1]'; do
        run_chat send --retry 0 -c "$ID" -u "$url:$PORT/api/v1" hi
        [ "$status" -eq 69 ] || fail "$url"
    done
}

@test "--allow-http permits plain HTTP" {
    # Nothing listens behind the proxy, so that nothing leaves this machine.
    export SIGMASIGHT_TOKEN=$TOKEN http_proxy=http://127.0.0.1:1
    run_chat send --retry 0 -c "$ID" --allow-http -u http://192.0.2.1/api/v1 hi
    expect_failure 69
}

@test "an error as JSON with status 200 instead of a stream: the server's explanation is shown" {
    local body words
    while IFS='|' read -r body words; do
        serve <<SCENARIO
on POST /chat/send
status 200
header Content-Type: application/json
body $body
SCENARIO
        run_chat send -c "$ID" hi
        expect_status 76
        expect_error ".*not an event stream but application/json: $words.*"
        stop_server
        rm -f "$T/announcement"
    done <<'TABLE'
{"detail":"The model is not available"}|The model is not available
{"error":{"message":"Upstream failed","code":"UPSTREAM"}}|Upstream failed
{"error":"No credit left"}|No credit left
{"message":"Try later"}|Try later
TABLE
}
