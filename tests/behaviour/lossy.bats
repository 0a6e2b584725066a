#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034,SC2119,SC2120,SC2154 # what helpers set and read
# A network that loses packets, and a link that fails: two machines in network namespaces of the test, with nginx
# and TLS on the far one.

load helper
load network

setup_file()
{
    make_certificates
}

# Starts nginx in front of the server; the program uses it, with long time limits.
serve_far()
{
    serve "$@"
    { echo "ssl_certificate $TLS/good.pem;"; proxy_lines; } >"$T/lines"
    start_nginx '10.77.0.2 ssl http2' <"$T/lines"
    SIGMASIGHT_URL=https://10.77.0.2:$PROXY_PORT/api/v1
    options=(--cacert "$TLS/ca.pem" --retry 0)
}

# One delta, and after the gate another one.
serve_two()
{
    serve_far <<'SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"m"}
event message {"delta":"one "}
gate one
event message {"delta":"two"}
event done {}
SCENARIO
}

# Starts the program and reads the first delta.
begin()
{
    pipe_from answer
    launch "$CHAT" send "${options[@]}" "$@" -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$answer" 'one '
}

@test "one packet in five is lost: the answer is complete" {
    two_machines
    serve_far <<'SCENARIO'
on POST /chat/send
event message {"delta":"one "}
gate one
batch 10
fill 270000 event: message\ndata: {"delta":"0123456789abc\\u00df"}\n\n
event done {}
SCENARIO
    begin -n --record "$T/record"
    lose 20
    open_gate one
    cat <&"$answer" >"$OUT"
    await_end 60
    expect_status 0
    yes '0123456789abcß' | tr -d '\n' | head -c $((5000 * 15)) | cmp - "$OUT"
    {
        printf 'event: message\ndata: {"delta":"one "}\n\n'
        repeat 5000 'event: message\ndata: {"delta":"0123456789abc\\u00df"}\n\n'
        printf 'event: done\ndata: {}\n\n'
    } | cmp - "$T/record"
    # Otherwise nothing would be tested.
    lost_more_than 10
    expect_requests 'POST /chat/send'
}

@test "two packets in five are lost: each delta is printed before the next one is sent" {
    local number
    two_machines
    serve_far < <(
        echo 'on POST /chat/send'
        echo 'event message {"delta":"one "}'
        for number in {10..49}; do
            printf '%s\n' "gate $number" "event message {\"delta\":\"$number\"}"
        done
        echo 'event done {}'
    )
    begin --idle-timeout 60
    lose 40
    for number in {10..49}; do
        open_gate "$number"
        expect_read "$answer" "$number"
    done
    expect_read "$answer" $'\n'
    expect_end "$answer"
    await_end 60
    expect_status 0
    expect_bytes '' "$ERR"
    lost_more_than 10
}

@test "a link that fails: a timeout after the partial text" {
    two_machines
    serve_two
    begin --idle-timeout 0.5
    lose 100
    open_gate one
    expect_read "$answer" $'\n'
    expect_end "$answer"
    await_end
    expect_status 75
    expect_error 'timed out: nothing was received for 0\.5 s \(--idle-timeout\)'
}

@test "a link that is down on this side counts as silence" {
    two_machines
    serve_two
    begin --idle-timeout 0.5
    near ip link set wire down
    open_gate one
    expect_read "$answer" $'\n'
    expect_end "$answer"
    await_end
    expect_status 75
    expect_error '.*idle-timeout.*'
}

@test "a link that is restored in time: nothing is missing" {
    two_machines
    serve_two
    begin --idle-timeout 20
    near ip link set wire down
    lose
    open_gate one
    # It was sent, and lost.
    await lost_more_than "$LOST"
    link_up
    expect_read "$answer" $'two\n'
    expect_end "$answer"
    await_end
    expect_status 0
    expect_bytes '' "$ERR"
    expect_requests 'POST /chat/send'
}

@test "a link that fails: --max-time, --stall-timeout, and the other formats" {
    local option
    two_machines
    for option in --max-time=0.8 --stall-timeout=0.5 --idle-timeout=0.5; do
        rm -rf "$T/answer" "$T/announcement" "$T/nginx.d" "$DUMP"
        mkdir "$DUMP"
        lose 0
        serve_two
        begin "$option"
        lose 100
        await_end
        expect_status 75
        expect_error ".*${option%=*}.*"
        stop_components
        stop_server
    done
    for option in --output=json --no-stream; do
        rm -rf "$T/answer" "$T/announcement" "$T/nginx.d"
        lose 0
        serve_two
        pipe_from events kept
        launch "$CHAT" send "${options[@]}" $option --idle-timeout 0.5 --events "$T/events" -c "$ID" hi >"$OUT" 2>"$ERR"
        read -r -t "$PATIENCE" -u "$events" _
        await_gate one
        # `start` was received; the text was received or is lost with the rest.
        read -r -t "$PATIENCE" -u "$events" _
        lose 100
        await_end
        expect_status 75
        rm "$T/events"
        stop_components
        stop_server
    done
}

@test "a server that ends while the link is down: a lost connection" {
    two_machines
    serve_two
    begin --idle-timeout 20
    lose 100
    kill -KILL "$NGINX"
    lose 0
    expect_read "$answer" $'\n'
    expect_end "$answer"
    await_end
    expect_status 75
    expect_error 'the connection was lost.*'
}

@test "a link that fails after done: the answer is complete, with a warning" {
    two_machines
    serve_far <<'SCENARIO'
on POST /chat/send
event message {"delta":"one "}
event done {}
gate stored
SCENARIO
    begin --idle-timeout 0.5
    expect_read "$answer" $'\n'
    lose 100
    expect_end "$answer"
    await_end
    expect_status 0
    expect_line 'sigmasight-chat: warning: .*after .done.*'
}

@test "no route: reported with the system's message, and a retry succeeds" {
    two_machines
    serve_two
    open_gate one
    near ip link set wire down
    run_chat send "${options[@]}" -c "$ID" hi
    expect_status 69
    expect_error '.*10\.77\.0\.2.*[Uu]nreachable.*'
    expect_requests
    pipe_from notes
    launch "$CHAT" send "${options[@]}" --retry 3 --retry-delay 0.3 -c "$ID" hi >"$OUT" 2>"$T/notes"
    expect_read "$notes" 'sigmasight-chat: retry 1 of 3'
    link_up
    await_end
    expect_status 0
    expect_bytes 'one two\n'
    expect_requests 'POST /chat/send'
}

@test "no response: the connect timeout, and a retry succeeds" {
    two_machines
    serve_two
    open_gate one
    lose 100
    pipe_from notes
    launch "$CHAT" send "${options[@]}" --retry 3 --retry-delay 0.1 --connect-timeout 0.5 -c "$ID" hi >"$OUT" 2>"$T/notes"
    await connecting 10.77.0.2 "$PROXY_PORT"
    expect_read "$notes" 'sigmasight-chat: retry 1 of 3'
    lose 0
    await_end
    expect_status 0
    expect_bytes 'one two\n'
    expect_requests 'POST /chat/send'
}

@test "a lost first packet: the connection is established" {
    two_machines
    serve_two
    open_gate one
    lose 100
    launch "$CHAT" send "${options[@]}" -c "$ID" hi >"$OUT" 2>"$ERR"
    await connecting 10.77.0.2 "$PROXY_PORT"
    lose 0
    await_end
    expect_status 0
    expect_bytes 'one two\n'
    expect_bytes '' "$ERR"
}

@test "a link that fails before the answer: retried in a new conversation, and nothing is printed twice" {
    two_machines
    serve_far <<'SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"m"}
gate first
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"m"}
event message {"delta":"Hello"}
event done {}
SCENARIO
    pipe_from notes
    launch "$CHAT" send "${options[@]}" --retry 3 --retry-delay 0.1 --idle-timeout 1 --connect-timeout 5 hi >"$OUT" 2>"$T/notes"
    await_gate first
    lose 100
    expect_read "$notes" 'sigmasight-chat: retry 1 of 3'
    lose 0
    await_end
    expect_status 0
    expect_bytes 'Hello\n'
    expect_requests 'POST /chat/conversations' 'POST /chat/send' 'POST /chat/send'
}

@test "a link that fails before the answer: not retried in an existing conversation" {
    two_machines
    serve_far <<'SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"m"}
gate first
SCENARIO
    launch "$CHAT" send "${options[@]}" --retry 3 --retry-delay 0.1 --idle-timeout 0.5 -c "$ID" hi >"$OUT" 2>"$ERR"
    await_gate first
    lose 100
    await_end
    expect_status 75
    expect_error '.*idle-timeout.*'
    lose 0
    expect_requests 'POST /chat/send'
}

@test "a signal while the link is down, and an ephemeral conversation that cannot be deleted" {
    two_machines
    serve_two
    begin
    lose 100
    kill -s INT "$PID"
    await_end 2
    expect_signal INT
    lose 0
    rm "$T/answer"
    pipe_from answer
    launch "$CHAT" send "${options[@]}" --ephemeral hi >"$T/answer" 2>"$ERR"
    expect_read "$answer" 'one '
    lose 100
    kill -s INT "$PID"
    # It retries for 2 s.
    await_end 4
    expect_signal INT
    grep -q 'could not be deleted' "$ERR"
}
