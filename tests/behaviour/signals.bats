#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A signal ends the program immediately at any point, with the status of that signal. A reader that closes its pipe, and
# descriptors that are closed from the start.

# shellcheck disable=SC2030,SC2031,SC2119,SC2120 # each test is a process of its own
load helper

# States of the program when the signal arrives. Each function starts it and returns in that state; the answer goes to
# the pipe `answer`, standard error to the pipe `notes`.

start()
{
    pipe_from ANSWER
    pipe_from NOTES
    launch "$CHAT" send "$@" >"$T/answer" 2>"$T/notes"
}

# No byte of the answer was received.
wait_for_headers()
{
    serve <<'SCENARIO'
on POST /chat/send
gate here
status 200
SCENARIO
    start -c "$ID" "$@" hi
    await_gate here
}

# The conversation is not created yet.
wait_for_conversation()
{
    serve <<'SCENARIO'
on POST /chat/conversations
gate here
status 201
SCENARIO
    start "$@" hi
    await_gate here
}

# Some text was written, and the server is silent.
wait_for_text()
{
    serve <<'SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"m"}
event message {"delta":"half"}
gate here
event done {}
SCENARIO
    start -c "$ID" "$@" hi
    await_gate here
}

# Endless text is read.
stream()
{
    serve <<'SCENARIO'
on POST /chat/send
repeat 1000000000
event message {"delta":"endless "}
end-repeat
SCENARIO
    start -c "$ID" "$@" hi
    expect_read "$ANSWER" 'endless endless '
    cat <&"$ANSWER" >"$OUT" &
    READER=$!
}

# Endless text is not read.
block()
{
    serve <<'SCENARIO'
on POST /chat/send
repeat 10000
event message {"delta":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}
end-repeat
gate here
event done {}
SCENARIO
    start -q -c "$ID" "$@" hi
    read -r -t "$PATIENCE" -N 10 -u "$ANSWER" BEGINNING
}

# It waits before a retry.
back_off()
{
    serve <<'SCENARIO'
on POST /chat/send
status 503
SCENARIO
    start -c "$ID" --retry-delay 50 "$@" hi
    expect_read "$NOTES" 'sigmasight-chat: retry 1 of 3'
}

# `done` was received, and the server stores the answer.
drain()
{
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"whole"}
event done {}
gate here
SCENARIO
    start -c "$ID" "$@" hi
    expect_read "$ANSWER" $'whole\n'
}

# It reads the message.
wait_for_message()
{
    serve_hello
    pipe_to MESSAGE
    pipe_from ANSWER
    pipe_from NOTES
    launch "$CHAT" send -c "$ID" "$@" <"$T/message" >"$T/answer" 2>"$T/notes"
    printf 'unfinished' >&"$MESSAGE"
    # The program has read everything when the pipe is empty again.
    head -c 65536 /dev/zero | tr '\0' x >&"$MESSAGE"
}

# dies SIGNAL: sends it; the program ends by it at once.
dies()
{
    kill -s "$1" "$PID"
    await_end 2
    expect_signal "$1"
}

@test "every signal while waiting for an answer" {
    for signal in INT TERM HUP; do
        rm -f "$T/announcement" "$T/answer" "$T/notes"
        wait_for_headers
        dies $signal
        expect_end "$ANSWER"
        expect_end "$NOTES"
        stop_server
    done
}

@test "every signal in the middle of the text" {
    for signal in INT TERM HUP; do
        rm -f "$T/announcement" "$T/answer" "$T/notes"
        wait_for_text
        expect_read "$ANSWER" half
        dies $signal
        # The text ends in a newline, as after every failure.
        expect_read "$ANSWER" $'\n'
        expect_end "$ANSWER"
        expect_end "$NOTES"
        stop_server
    done
}

@test "the server sees the connection end" {
    wait_for_text
    dies INT
    steer GET closed/1
}

@test "a signal while a conversation is created" {
    wait_for_conversation
    dies INT
    expect_end "$ANSWER"
}

@test "a signal while text streams" {
    for signal in INT TERM; do
        rm -f "$T/announcement" "$T/answer" "$T/notes"
        stream
        dies $signal
        wait "$READER"
        stop_server
    done
}

@test "a signal while the output is not read" {
    for format in text jsonl raw; do
        rm -f "$T/announcement" "$T/answer" "$T/notes"
        block -o $format --no-newline
        dies INT
        stop_server
    done
}

@test "a signal while the output is not read truncates no line" {
    block -j
    dies TERM
    cat <&"$ANSWER" >"$T/rest"
    { printf %s "$BEGINNING"; cat "$T/rest"; } >"$OUT"
    [ "$(wc -l <"$OUT")" -ge 1 ]
    # If the pipe was full in the middle of a line, that line cannot be completed, and nothing is added to it.
    sed '$d' "$OUT" | jq -n -R -e 'inputs | fromjson | .event' >"$T/names"
    grep -v -x -e '"client.open"' -e '"message"' "$T/names" >"$T/others" || :
    [ ! -s "$T/others" ]
    expect_no 'client.close' <(tail -n 1 "$OUT" | grep -v -F '{"event":"client.close"')
}

@test "a signal during the wait before a retry" {
    for signal in INT TERM HUP; do
        rm -f "$T/announcement" "$T/answer" "$T/notes"
        back_off
        dies $signal
        expect_end "$ANSWER"
        [ "$(count_requests 'POST /chat/send')" -eq 1 ]
        stop_server
        rm -f "$DUMP/log"
    done
}

@test "a signal while the server stores the answer" {
    drain
    dies INT
    expect_end "$ANSWER"
}

@test "a signal while the message is read, and nothing is sent" {
    for signal in INT TERM; do
        rm -f "$T/announcement" "$T/answer" "$T/notes" "$T/message"
        wait_for_message
        dies $signal
        expect_end "$ANSWER"
        expect_requests
        exec {MESSAGE}>&-
        stop_server
    done
}

@test "a signal while decode waits for its input" {
    pipe_to STREAM
    pipe_from ANSWER
    launch "$CHAT" decode <"$T/stream" >"$T/answer" 2>"$ERR"
    printf 'event: message\ndata: {"delta":"half"}\n\n' >&"$STREAM"
    expect_read "$ANSWER" half
    dies INT
    expect_read "$ANSWER" $'\n'
    expect_end "$ANSWER"
}

@test "a signal while a regular file is read" {
    # Reading it is never interrupted. The signal arrives during the first read of a block.
    make_preload interrupt <<'END_OF_C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t read(int fd, void *bytes, size_t len)
{
    static int blocks;
    struct stat st;
    if (len >= 65536 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        if (blocks == 0)
            raise(SIGINT);
        if (blocks == 1)
            close(open(getenv("READS_ON"), O_WRONLY | O_CREAT, 0600));
        blocks++;
    }
    return syscall(SYS_read, fd, bytes, len);
}
END_OF_C
    local id='{"id":1,"status":"done"}' arguments
    export READS_ON=$T/reads_on SIGMASIGHT_URL=http://127.0.0.1:1 SIGMASIGHT_TOKEN=token
    printf 'event: message\ndata: {"delta":"0123456789"}\n\n%.0s' {1..4000} >"$T/recording"
    printf "$id\n%.0s" {1..8000} >"$T/former"
    for arguments in "decode $T/recording" "batch --resume $T/former"; do
        # shellcheck disable=SC2086 # words
        launch env LD_PRELOAD="$T/interrupt.so" "$CHAT" $arguments >"$OUT" 2>"$ERR" </dev/null
        await_end
        expect_signal INT
        [ ! -e "$READS_ON" ] || fail "more is read after the signal: $arguments"
    done
}

@test "a signal while a FIFO without a writer is opened" {
    local arguments opened
    mkfifo "$T/blocks" "$T/opens"
    export SIGMASIGHT_TOKEN=$TOKEN SIGMASIGHT_URL=http://127.0.0.1:1/
    for arguments in "decode --events $T/opens $T/blocks" "send --events $T/opens --record $T/blocks hi" \
        "send --events $T/opens --token-file $T/blocks hi" "send --events $T/opens --cacert $T/blocks hi"; do
        # shellcheck disable=SC2086 # words
        launch "$CHAT" $arguments >"$OUT" 2>"$ERR"
        # Opening the first FIFO waits for the program, which then opens the other one.
        exec {opened}<"$T/opens"
        dies TERM
        expect_bytes '' "$ERR"
        exec {opened}<&-
    done
}

@test "client.close is the last line and says cancelled" {
    local place
    for place in wait_for_headers wait_for_text back_off; do
        rm -f "$T/announcement" "$T/answer" "$T/notes"
        $place -j
        dies INT
        cat <&"$ANSWER" >"$OUT"
        expect_lines
        expect_close ".status == \"cancelled\" and .exit_code == 130 and .conversation_id == \"$ID\""
        stop_server
    done
    expect_jq 'any(.event == "client.retry")'
}

@test "client.close of every signal, in --events and json, too" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half"}
gate here
on POST /chat/send
event message {"delta":"half"}
gate there
SCENARIO
    launch "$CHAT" send -c "$ID" --events "$T/events" hi >"$OUT" 2>"$ERR"
    await_gate here
    dies TERM
    expect_lines "$T/events"
    expect_close '.status == "cancelled" and .exit_code == 143' "$T/events"
    launch "$CHAT" send -c "$ID" -o json hi >"$OUT" 2>"$ERR"
    await_gate there
    dies HUP
    expect_jq 'length == 1 and (.[0] | .status == "cancelled" and .exit_code == 129)'
}

@test "-C continues the conversation of an answer that was interrupted" {
    serve <<'SCENARIO'
on POST /chat/send once
event message {"delta":"first"}
event done {}
on POST /chat/send once
event message {"delta":"half"}
gate here
SCENARIO
    run_chat send one
    expect_status 0
    pipe_from answer
    launch "$CHAT" send two >"$T/answer" 2>"$ERR"
    # shellcheck disable=SC2154 # pipe_from sets it
    expect_read "$answer" half
    dies INT
    expect_bytes '' "$ERR"
    run_chat send -C three
    expect_status 0
    [ "$(count_requests 'POST /chat/conversations')" -eq 2 ]
    [ "$(body 4 | jq .conversation_id)" = "$(body 5 | jq .conversation_id)" ]
}

@test "a signal prints nothing on standard error" {
    wait_for_text -q
    dies TERM
    expect_end "$NOTES"
}

@test "the same signal twice while the output is not read" {
    block -j
    kill -s INT "$PID"
    # Ignored, or too late.
    kill -s INT "$PID" 2>/dev/null || true
    await_end
    expect_signal INT
}

@test "a signal while standard error is not read" {
    serve <<'SCENARIO'
on POST /chat/send
repeat 20000
event tool_started {"tool_name":"get_quotes_of_a_long_list","arguments":{}}
event tool_finished {"tool_name":"get_quotes_of_a_long_list","result":{},"duration_ms":3}
end-repeat
event done {}
SCENARIO
    start -c "$ID" hi
    read -r -t "$PATIENCE" -N 10 -u "$NOTES" BEGINNING
    dies INT
}

# While the conversation is deleted a signal does not end the program at once.
delete_slowly()
{
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half"}
gate here
on DELETE /chat/conversations/*
gate gone
status 204
SCENARIO
    start --ephemeral "$@" hi
    await_gate here
    kill -s INT "$PID"
    await_gate gone
}

@test "any other signal within half a second of the first is ignored" {
    local again
    for again in INT TERM HUP; do
        rm -f "$T/announcement" "$T/answer" "$T/notes" "$T/events"
        delete_slowly --events "$T/events"
        kill -s "$again" "$PID"
        open_gate gone
        await_end
        expect_signal INT
        jq -se 'last | .event == "client.close" and .data.status == "cancelled" and .data.exit_code == 130' "$T/events"
        stop_server
    done
}

@test "timeout sends the signal twice: client.close is still written" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half"}
gate here
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send -j -c "$ID" hi >"$T/answer" 2>"$ERR"
    await_gate here
    # Both signals are pending when it continues.
    kill -s STOP "$PID"
    kill -s TERM "$PID"
    kill -s HUP "$PID"
    kill -s CONT "$PID"
    await_end
    [ "$ENDING" = signal ]
    cat <&"$ANSWER" >"$OUT"
    expect_close '.status == "cancelled"'
}

@test "a signal more than half a second after the first ends it at once" {
    delete_slowly
    # One that comes sooner is ignored. The deletion may take 2 s.
    for_a_while 0.6
    dies TERM
}

@test "a signal that was ignored at the start stays ignored" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"one "}
gate here
event message {"delta":"two"}
event done {}
SCENARIO
    pipe_from ANSWER
    # env resets the signals and then ignores some: a shell cannot reset an ignored signal.
    launch env --ignore-signal=INT,HUP,TERM "$CHAT" send -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" 'one '
    kill -s HUP "$PID"
    kill -s INT "$PID"
    kill -s TERM "$PID"
    open_gate here
    expect_read "$ANSWER" $'two\n'
    await_end
    expect_status 0
}

@test "nohup is respected, and signals that are not ignored work" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"one "}
gate here
SCENARIO
    pipe_from ANSWER
    launch env --ignore-signal=HUP "$CHAT" send -n -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" 'one '
    kill -s HUP "$PID"
    dies TERM
}

@test "a loop in a shell ends with the program" {
    serve <<'SCENARIO'
on POST /chat/send
gate here
SCENARIO
    # As with Ctrl-C, the whole group receives it. A shell would continue if the program exited normally.
    # shellcheck disable=SC2016 # the inner shell expands
    launch bash -c 'for n in 1 2 3; do "$0" send -c "$1" hi; echo "$n" >>"$2"; done; exit 0' "$CHAT" "$ID" "$T/loop" >"$OUT" 2>"$ERR"
    await_gate here
    kill -s INT -- "-$PID"
    await_end
    expect_signal INT
    [ ! -e "$T/loop" ]
}

# --- SIGPIPE ---

@test "a reader that closes the pipe: 141" {
    serve <<'SCENARIO'
on POST /chat/send
repeat 100000
event message {"delta":"hello "}
end-repeat
event done {}
SCENARIO
    local statuses
    env --default-signal=PIPE "$CHAT" send hello 2>"$ERR" | head -c 5 >"$OUT" || :
    statuses=("${PIPESTATUS[@]}")
    [ "${statuses[0]}" -eq 141 ] || fail "status ${statuses[0]}"
    expect_bytes hello
    expect_bytes '' "$ERR"
}

@test "a reader that closes the pipe: the program ends by SIGPIPE in any format" {
    serve <<'SCENARIO'
on POST /chat/send
repeat 100000
event message {"delta":"hello "}
end-repeat
event done {}
SCENARIO
    local format
    for format in text jsonl raw; do
        rm -f "$T/answer"
        pipe_from ANSWER
        launch "$CHAT" send -c "$ID" -o $format hi >"$T/answer" 2>"$ERR"
        read -r -t "$PATIENCE" -N 5 -u "$ANSWER" _
        exec {ANSWER}<&-
        await_end 2
        expect_signal PIPE
        expect_bytes '' "$ERR"
    done
}

@test "a reader that closes the pipe before the end of json and --no-stream" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"text"}
gate one
event done {}
on POST /chat/send
event message {"delta":"text"}
gate two
event done {}
SCENARIO
    local option gate
    while read -r option gate; do
        rm -f "$T/answer"
        pipe_from ANSWER
        launch "$CHAT" send -c "$ID" "$option" hi >"$T/answer" 2>"$ERR"
        await_gate "$gate"
        exec {ANSWER}<&-
        open_gate "$gate"
        await_end
        expect_signal PIPE
        expect_bytes '' "$ERR"
    done <<'RUNS'
--no-stream one
--output=json two
RUNS
}

# leaves: the reader closes the pipe, and the program ends by SIGPIPE without any other event. It must do so within 100 ms.
leaves()
{
    exec {ANSWER}<&-
    await_end 1
    expect_signal PIPE
}

@test "a reader that closes the pipe while the server is silent" {
    local option
    for option in --output=text --output=jsonl --output=json --output=raw --no-stream; do
        rm -f "$T/announcement" "$T/answer" "$T/notes"
        wait_for_headers "$option"
        leaves
        expect_end "$NOTES"
        stop_server
    done
    rm -f "$T/announcement" "$T/answer" "$T/notes"
    wait_for_conversation
    leaves
    stop_server
    rm -f "$T/announcement" "$T/answer" "$T/notes"
    back_off
    leaves
}

@test "a reader that closes the pipe while the server is silent: client.close reports it" {
    wait_for_text --events "$T/events"
    leaves
    jq -se 'last | .event == "client.close" and .data.status == "cancelled" and .data.exit_code == 141' "$T/events"
}

# reads_half local|network: the output is a socket whose other end is closed after the first text.
reads_half()
{
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half"}
gate here
SCENARIO
    python3 - "$1" "$CHAT" send -c "$ID" hi <<'END_OF_PYTHON'
import os, signal, socket, subprocess, sys
if sys.argv[1] == "local":
    ours, its = socket.socketpair()
else:
    listener = socket.create_server(("127.0.0.1", 0))
    its = socket.create_connection(listener.getsockname())
    ours = listener.accept()[0]
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=its)
its.close()
# All of it is read: closing sends no reset, only the end.
assert ours.recv(4) == b"half"
ours.close()
sys.exit(child.wait(int(os.environ["PATIENCE"])) != -signal.SIGPIPE)
END_OF_PYTHON
}

@test "a reader that closes a socket while the server is silent" {
    reads_half local
}

@test "a reader that closes the network connection while the server is silent" {
    reads_half network
}

@test "a reader that closes the pipe: other commands that wait for the server or for input" {
    serve <<'SCENARIO'
on GET /auth/me
gate account
silence
on GET /portfolios
gate portfolios
silence
on GET /chat/conversations
gate list
silence
SCENARIO
    local gate command
    while read -r gate command; do
        rm -f "$T/answer"
        pipe_from ANSWER
        launch "$CHAT" "$command" >"$T/answer" 2>"$ERR"
        await_gate "$gate"
        leaves
    done <<'RUNS'
account whoami
portfolios portfolios
list conversations
RUNS
    for command in send decode; do
        rm -f "$T/answer" "$T/message"
        pipe_from ANSWER
        pipe_to MESSAGE
        launch "$CHAT" "$command" <"$T/message" >"$T/answer" 2>"$ERR"
        printf ': unfinished' >&"$MESSAGE"
        leaves
        exec {MESSAGE}>&-
    done
}

@test "a connection that is standard input and output: the end of the input is not that of the reader" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half"}
gate here
event done {}
SCENARIO
    python3 - "$CHAT" "$SIGMASIGHT_URL" "$ID" <<'END_OF_PYTHON'
import os, socket, subprocess, sys, urllib.request
listener = socket.create_server(("127.0.0.1", 0))
its = socket.create_connection(listener.getsockname())
ours = listener.accept()[0]
child = subprocess.Popen([sys.argv[1], "send", "-c", sys.argv[3]], stdin=its, stdout=its)
its.close()
ours.sendall(b"hi")
ours.shutdown(socket.SHUT_WR)
assert ours.recv(4) == b"half"
try:
    child.wait(0.3)
    sys.exit("it ended")
except subprocess.TimeoutExpired:
    pass
gate = sys.argv[2].replace("/api/v1", "/mock/gates/here")
urllib.request.urlopen(urllib.request.Request(gate, method="POST"))
assert ours.recv(4) == b"\n"
sys.exit(child.wait(int(os.environ["PATIENCE"])))
END_OF_PYTHON
}

@test "a reader that closes the pipe: an ephemeral conversation is deleted first" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half"}
gate here
SCENARIO
    start --ephemeral hi
    await_gate here
    exec {ANSWER}<&-
    # The deletion may take 2 s.
    await_end 3
    expect_signal PIPE
    [ "$(count_requests 'DELETE .*')" -eq 1 ]
}

@test "a reader that closes the pipe while the server is silent, with SIGPIPE ignored: nothing happens" {
    serve <<'SCENARIO'
on POST /chat/send
gate one
event done {}
SCENARIO
    pipe_from ANSWER
    launch env --ignore-signal=PIPE "$CHAT" send -c "$ID" hi >"$T/answer" 2>"$ERR"
    await_gate one
    exec {ANSWER}<&-
    open_gate one
    await_end
    expect_status 0
}

@test "a reader that closes the pipe with SIGPIPE ignored is an output error" {
    serve <<'SCENARIO'
on POST /chat/send
gate one
event message {"delta":"text"}
event done {}
SCENARIO
    pipe_from ANSWER
    launch env --ignore-signal=PIPE "$CHAT" send -c "$ID" hi >"$T/answer" 2>"$ERR"
    exec {ANSWER}<&-
    open_gate one
    await_end
    expect_status 74
    expect_error ".*$(strerror EPIPE).*"
}

@test "a reader that closes the pipe of --events" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"text"}
gate here
repeat 1000
event info {}
end-repeat
event done {}
SCENARIO
    pipe_from EVENTS
    launch "$CHAT" send -c "$ID" --events-fd 8 hi >"$OUT" 2>"$ERR" 8>"$T/events"
    await_gate here
    exec {EVENTS}<&-
    open_gate here
    await_end
    expect_signal PIPE
}

# --- closed descriptors ---

@test "standard input closed: not needed, or an error" {
    serve_hello
    run_chat send -c "$ID" hi <&-
    expect_status 0
    run_chat send -c "$ID" <&-
    expect_status 66
    expect_error
    run_chat decode <&-
    expect_status 66
}

@test "standard error closed: the answer is complete and is written nowhere else" {
    serve <<'SCENARIO'
on POST /chat/send
event tool_started {"tool_name":"t","arguments":{}}
event message {"delta":"Hello"}
event done {}
SCENARIO
    status=0
    "$CHAT" send -v -c "$ID" --record "$T/record" hi >"$OUT" 2>&- || status=$?
    expect_status 0
    expect_bytes 'Hello\n'
    expect_no tool_started "$OUT"
    [ "$(grep -c '' "$T/record")" -eq 9 ]
}

@test "standard output and error closed: nothing is written to the connection or into files" {
    serve_hello
    status=0
    "$CHAT" send -c "$ID" --record "$T/record" hi >&- 2>&- || status=$?
    expect_status 74
    expect_no 'sigmasight-chat:' "$T/record" "$(request 1)"
    status=0
    "$CHAT" send -c "$ID" --record "$T/record" hi <&- >&- 2>&- || status=$?
    expect_status 74
}

@test "a failure with standard error closed keeps its status" {
    status=0
    "$CHAT" decode "$T/none" >"$OUT" 2>&- || status=$?
    expect_status 66
    status=0
    "$CHAT" send --nonsense >"$OUT" 2>&- || status=$?
    expect_status 64
    expect_bytes ''
}
