#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # what helpers set and read
# A process that is suspended and continued, and signals while it resolves a name, connects, and speaks TLS.

load helper
load network
load accounts

# suspended: waits until the program is suspended.
suspended()
{
    grep -q '^State:[[:space:]]*T' "/proc/$PID/status"
}

suspend()
{
    kill -s STOP "$PID"
    await suspended
}

serve_two()
{
    serve <<'SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"m"}
event message {"delta":"one "}
gate one
event message {"delta":"two "}
gate two
event message {"delta":"three"}
event done {}
SCENARIO
}

# --- SIGSTOP and SIGCONT ---

@test "suspended longer than a time limit: bytes in the socket are read first" {
    local clock format
    for clock in --idle-timeout --stall-timeout; do
        rm -f "$T/announcement" "$T/answer"
        serve_two
        pipe_from answer
        launch "$CHAT" send $clock 0.5 -c "$ID" hi >"$T/answer" 2>"$ERR"
        expect_read "$answer" 'one '
        suspend
        open_gate one
        # The next delta was sent; the program sleeps.
        await_gate two
        for_a_while 0.9
        open_gate two
        kill -s CONT "$PID"
        expect_read "$answer" $'two three\n'
        expect_end "$answer"
        await_end
        expect_status 0
        expect_bytes '' "$ERR"
        stop_server
    done
}

@test "suspended longer than a time limit with no bytes received: timeout" {
    serve_two
    pipe_from answer
    launch "$CHAT" send --idle-timeout 0.5 -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$answer" 'one '
    suspend
    for_a_while 0.8
    kill -s CONT "$PID"
    expect_read "$answer" $'\n'
    expect_end "$answer"
    await_end
    expect_status 75
    expect_error '.*idle-timeout.*'
}

@test "suspended before the answer: headers in the socket are read first" {
    serve <<'SCENARIO'
on POST /chat/send
gate head
event message {"delta":"one"}
gate sent
event done {}
SCENARIO
    pipe_from answer
    launch "$CHAT" send --idle-timeout 0.5 -c "$ID" hi >"$T/answer" 2>"$ERR"
    await_gate head
    suspend
    open_gate head
    await_gate sent
    for_a_while 0.9
    kill -s CONT "$PID"
    expect_read "$answer" one
    open_gate sent
    expect_read "$answer" $'\n'
    await_end
    expect_status 0
}

@test "suspended after done: the end in the socket is read, without a warning" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"one"}
event done {}
gate stored
SCENARIO
    pipe_from answer
    launch "$CHAT" send --idle-timeout 0.5 -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$answer" $'one\n'
    suspend
    open_gate stored
    steer GET closed/1
    for_a_while 0.9
    kill -s CONT "$PID"
    expect_end "$answer"
    await_end
    expect_status 0
    expect_bytes '' "$ERR"
}

@test "a reader that is slow after done: a later error is reported" {
    make_clock
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"text"}
event done {}
repeat 20000
event info {"info_type":"retry_scheduled"}
end-repeat
event error {"message":"not stored","retryable":false}
SCENARIO
    pipe_from ANSWER
    launch env LD_PRELOAD="$T/clock.so" "$CHAT" send -j -c "$ID" hi >"$T/answer" 2>"$ERR"
    read -r -t "$PATIENCE" -N 10 -u "$ANSWER" _
    await_full ANSWER
    : >"$CLOCK_AHEAD"
    cat <&"$ANSWER" >"$OUT"
    await_end
    expect_status 1
    expect_error 'server error: not stored'
}

@test "suspended before a retry: continues with the retry" {
    serve <<'SCENARIO'
on POST /chat/send
status 503
on POST /chat/send
event message {"delta":"Hello"}
event done {}
SCENARIO
    pipe_from notes
    launch "$CHAT" send --retry-delay 0.5 -c "$ID" hi >"$OUT" 2>"$T/notes"
    expect_read "$notes" 'sigmasight-chat: retry 1 of 3'
    suspend
    for_a_while 0.7
    kill -s CONT "$PID"
    await_end
    expect_status 0
    expect_bytes 'Hello\n'
    expect_requests 'POST /chat/send' 'POST /chat/send'
}

@test "suspended repeatedly in the middle of a stream: no byte is lost" {
    local round
    serve <<'SCENARIO'
on POST /chat/send
batch 20
repeat 20000
event message {"delta":"0123456789abcdef"}
end-repeat
event done {}
SCENARIO
    pipe_from answer
    launch "$CHAT" send -n --idle-timeout 5 -c "$ID" hi >"$T/answer" 2>"$ERR"
    : >"$OUT"
    for round in {1..10}; do
        head -c 16000 <&"$answer" >>"$OUT"
        suspend
        kill -s CONT "$PID"
    done
    cat <&"$answer" >>"$OUT"
    await_end
    expect_status 0
    yes 0123456789abcdef | tr -d '\n' | head -c 320000 | cmp - "$OUT"
}

@test "a signal while it is suspended is handled when it continues" {
    serve_two
    pipe_from answer
    launch "$CHAT" send -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$answer" 'one '
    suspend
    kill -s TERM "$PID"
    kill -s CONT "$PID"
    await_end
    expect_signal TERM
}

# --- before there is a connection ---

# dies SIGNAL: sends it; the program ends by it at once, without a message.
dies()
{
    kill -s "$1" "$PID"
    await_end 2
    expect_signal "$1"
    expect_bytes ''
    expect_bytes '' "$ERR"
}

@test "a signal while a connection is being attempted" {
    own_network
    black_hole
    export SIGMASIGHT_TOKEN=$TOKEN
    for signal in INT TERM HUP; do
        launch "$CHAT" send -u https://10.66.0.2/api/v1 hi >"$OUT" 2>"$ERR"
        await connecting 10.66.0.2 443
        dies $signal
    done
}

@test "a signal while a connection to a name with several addresses is being attempted" {
    own_network
    black_hole
    own_hosts '10.66.0.2 backend.test' 'fd66::2 backend.test'
    export SIGMASIGHT_TOKEN=$TOKEN
    launch "$CHAT" send -j -u https://backend.test/api/v1 hi >"$OUT" 2>"$ERR"
    await connecting 10.66.0.2 443
    kill -s INT "$PID"
    await_end 2
    expect_signal INT
    expect_lines
    expect_close '.status == "cancelled" and .exit_code == 130'
}

# own_names: a name server that does not answer; it creates $T/asked when it is asked.
own_names()
{
    own_network
    echo 'nameserver 127.0.0.1' >"$T/resolv.conf"
    echo 'hosts: files dns' >"$T/nsswitch.conf"
    inside mount --bind "$T/resolv.conf" /etc/resolv.conf
    inside mount --bind "$T/nsswitch.conf" /etc/nsswitch.conf
    component names ready "${INSIDE[@]}" python3 -c '
import socket, sys
server = socket.socket(type=socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("ready", flush=True)
while True:
    if b"backend" in server.recv(4096):
        open(sys.argv[1], "w").close()' "$T/asked"
    export SIGMASIGHT_TOKEN=$TOKEN
}

@test "a signal while a name is being resolved" {
    own_names
    for signal in INT TERM HUP; do
        rm -f "$T/asked"
        launch "$CHAT" send -u https://backend.test/api/v1 hi >"$OUT" 2>"$ERR"
        await test -e "$T/asked"
        dies $signal
    done
}

@test "a signal while a name is being resolved for another command" {
    own_names
    launch "$CHAT" conversations -u https://backend.test/api/v1 >"$OUT" 2>"$ERR"
    await test -e "$T/asked"
    dies INT
}

@test "a name that is not resolved: the time limits" {
    own_names
    run_chat send --retry 0 --connect-timeout 0.5 -u https://backend.test/api/v1 hi
    expect_status 69
    expect_error '.*backend\.test.*connect-timeout.*'
    [ -e "$T/asked" ]
    run_chat send --retry 0 --max-time 0.5 -u https://backend.test/api/v1 hi
    expect_status 75
    expect_error '.*max-time.*'
}

# mute_listener: a port that accepts connections and sends nothing; it creates $T/taken when it receives data.
mute_listener()
{
    component mute ready python3 -c '
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    file.write(str(server.getsockname()[1]))
print("ready", flush=True)
kept = []
while True:
    connection = server.accept()[0]
    connection.recv(1)
    kept.append(connection)
    open(sys.argv[2], "w").close()' "$T/mute.port" "$T/taken"
    MUTE=$(cat "$T/mute.port")
    export SIGMASIGHT_TOKEN=$TOKEN
}

@test "a signal in the TLS handshake" {
    mute_listener
    for signal in INT TERM HUP; do
        rm -f "$T/taken"
        launch "$CHAT" send -u "https://127.0.0.1:$MUTE/api/v1" hi >"$OUT" 2>"$ERR"
        await test -e "$T/taken"
        dies $signal
    done
}

@test "a signal while waiting for a proxy" {
    mute_listener
    for signal in INT TERM HUP; do
        rm -f "$T/taken"
        https_proxy=http://127.0.0.1:$MUTE launch "$CHAT" send -u https://backend.test/api/v1 hi >"$OUT" 2>"$ERR"
        await test -e "$T/taken"
        dies $signal
    done
}

@test "a proxy that does not respond: the connect timeout" {
    mute_listener
    export https_proxy=http://127.0.0.1:$MUTE
    run_chat send --retry 0 --connect-timeout 0.5 -u https://backend.test/api/v1 hi
    expect_status 69
    expect_error '.*connect-timeout.*'
}

@test "an ephemeral conversation whose server hangs: the program ends soon after the signal" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"one "}
gate one
SCENARIO
    pipe_from answer
    launch "$CHAT" send --ephemeral hi >"$T/answer" 2>"$ERR"
    expect_read "$answer" 'one '
    kill -s STOP "$MOCK_PID"
    kill -s INT "$PID"
    await_end
    expect_signal INT
    grep -q 'could not be deleted' "$ERR"
}
