#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Many processes, large answers, and slow readers. `make soak` does the same with LOAD_PROCESSES=200, LOAD_MB=10240 and so on.

load helper
load memory

PROCESSES=${LOAD_PROCESSES-30}
MB=${LOAD_MB-50}
HEARTBEATS=${LOAD_HEARTBEATS-20000}
SLOW_MB=${LOAD_SLOW_MB-50}
SLOW_SECONDS=${LOAD_SLOW_SECONDS-1}
PATIENCE=${LOAD_PATIENCE-60}

# A delta of 1000 bytes.
delta()
{
    printf '{"delta":"%s"}' "$(repeat 100 0123456789)"
}

# The number of requests that are being answered.
open_requests()
{
    local connection body
    exec {connection}<>"/dev/tcp/127.0.0.1/$PORT"
    printf 'GET /mock/requests HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n' >&"$connection"
    body=$(cat <&"$connection")
    exec {connection}>&-
    sed -n 's/.*"open":\([0-9]*\).*/\1/p' <<<"$body"
}

await_open_requests()
{
    local tries=0
    until [ "$(open_requests)" -eq "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt $((PATIENCE * 10)) ] || fail "$(open_requests) requests are open, not $1"
        for_a_while 0.1
    done
}

@test "load: many processes at once receive complete answers" {
    local began=$SECONDS number pids=() failed=0
    serve <<'SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"gpt-4o"}
event message {"delta":"$TEXT:","role":"assistant"}
gate all
repeat 100
event message {"delta":" $TEXT"}
event heartbeat {}
end-repeat
event done {}
SCENARIO
    for ((number = 1; number <= PROCESSES; number++)); do
        "$CHAT" send -q -- "message $number" >"$T/out.$number" 2>"$T/err.$number" 3>&- &
        pids+=($!)
    done
    # Each has the start of its answer, and none has the rest.
    await_open_requests "$PROCESSES"
    open_gate all
    for number in "${!pids[@]}"; do
        wait "${pids[number]}" || failed=$((failed + 1))
    done
    tell "$PROCESSES processes, $((SECONDS - began)) s"
    [ "$failed" -eq 0 ] || {
        cat "$T"/err.* >&2
        fail "$failed processes failed"
    }
    for ((number = 1; number <= PROCESSES; number++)); do
        {
            printf 'message %d:' "$number"
            repeat 100 " message $number"
            echo
        } | cmp - "$T/out.$number" >&2 || fail "the answer differs"
        [ ! -s "$T/err.$number" ] || fail "standard error is not empty"
    done
}

# serve_much COUNT STEP...: the steps COUNT times, after a few of them and a note; a gate precedes each end.
serve_much()
{
    local count=$1
    shift
    serve < <(
        printf '%s\n' 'on POST /chat/send' 'batch 1000' 'repeat 1000' "$@" end-repeat \
            'event tool_started {"tool_name":"begun","arguments":{}}' 'gate begun' \
            "repeat $count" "$@" end-repeat \
            'event tool_started {"tool_name":"ended","arguments":{}}' 'gate ended' 'event done {}'
    )
}

# expect_much FORMAT LIMIT_KIB: memory does not grow during the stream of serve_much; $ERR has client.close.
expect_much()
{
    local before began line notes
    pipe_from notes kept
    launch "$CHAT" send -q -o "$1" -c "$ID" --events-fd 4 hi >/dev/null 2>"$ERR" \
        4> >(notes_to "$T/notes" '"tool_name"|"client\.close"')
    await_note "$notes" '"begun"' "$PATIENCE"
    before=$(resident)
    began=$SECONDS
    open_gate begun
    await_note "$notes" '"ended"' "$PATIENCE"
    expect_growth "$before" "$2"
    tell "$((SECONDS - began)) s"
    open_gate ended
    read -r -t "$PATIENCE" -u "$notes" line
    echo "$line" >"$OUT"
    await_end
    expect_status 0
}

@test "load: memory does not grow with a long stream" {
    need_proc
    serve_much $((MB * 1000)) "event message $(delta)"
    expect_much text 256
    expect_close ".text_bytes == $(((MB + 1) * 1000 * 1000))"
}

@test "load: memory does not grow with a long stream as JSON lines" {
    need_proc
    serve_much $((MB * 1000)) "event message $(delta)"
    expect_much jsonl 256
    expect_close ".events == $(((MB + 1) * 1000 + 3))"
}

@test "load: a long answer is logged in bounded memory, and its entry is cut between characters" {
    local log=$XDG_STATE_HOME/sigmasight-chat/log.jsonl base began=$SECONDS
    need_proc
    serve < <(
        printf '%s\n' 'on POST /chat/send once' 'event message {"delta":"small"}' 'gate held' \
            'on POST /chat/send' 'batch 1000' 'event message {"delta":"x"}' "repeat $((MB * 500))" \
            "event message {\"delta\":\"$(repeat 125 '\\u0001äa\\"\\u00fc')\"}" end-repeat 'event done {}'
    )
    launch "$CHAT" send -q --log -c "$ID" hi >"$OUT" 2>"$ERR"
    await_gate held
    base=$(sed -n 's/^VmPeak:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$PID/status")
    open_gate held
    await_end
    # Of 1 MiB some characters are escaped as six bytes.
    (
        ulimit -v $((base + 16384))
        exec "$CHAT" send -q --log -c "$ID" hi >/dev/null 2>"$ERR"
    )
    expect_bytes '' "$ERR"
    tell "$((SECONDS - began)) s, in $((base + 16384)) KiB of address space"
    tail -n 1 "$log" >"$T/entry"
    jq -e '.truncated and .status == "done" and (.text | utf8bytelength | . > 1048572 and . <= 1048576) and (.text | startswith("x\u0001äa\"ü"))
        and (.text | contains("\ufffd") | not)' "$T/entry"
}

@test "load: memory does not grow with heartbeats" {
    need_proc
    serve_much "$HEARTBEATS" 'event heartbeat {"timestamp":"2026-01-02T03:04:05Z"}' 'raw : ping\n\n'
    expect_much text 256
    expect_close ".events == $((HEARTBEATS + 1000 + 3)) and .text_bytes == 0"
}

@test "load: the message of a very large error event is not held several times" {
    need_plain_program
    {
        printf 'event: error\ndata: {"message":"'
        head -c 60000000 /dev/zero | tr '\0' x
        printf '"}\n\n'
    } >"$T/large"
    status=0
    (ulimit -v 280000 && exec "$CHAT" decode "$T/large") >"$OUT" 2>"$ERR" || status=$?
    expect_status 1
    expect_line 'sigmasight-chat: server error: x+.*\(cut\)'
}

@test "load: a slow reader delays the stream, and memory does not grow" {
    local before rest answer
    need_proc
    serve < <(
        printf '%s\n' 'on POST /chat/send' 'batch 1000' "repeat $((SLOW_MB * 1000))" "event message $(delta)" end-repeat \
            'event done {}'
    )
    pipe_from answer
    launch "$CHAT" send -q -n -c "$ID" --idle-timeout 0.7 --stall-timeout 0.7 hi >"$T/answer" 2>"$ERR"
    head -c 1000000 <&"$answer" | tr -d 0-9 >"$OUT"
    before=$(resident)
    # Some thousand bytes at a time, and then none at all for a while.
    for ((rest = 0; rest < SLOW_SECONDS * 10; rest++)); do
        head -c 4096 <&"$answer" | tr -d 0-9 >>"$OUT"
        for_a_while 0.05
    done
    for_a_while "$SLOW_SECONDS"
    # The data in the socket and at the server was not read into memory meanwhile.
    expect_growth "$before" 256
    [ "$(wc -c <&"$answer")" -eq $((SLOW_MB * 1000 * 1000 - 1000000 - rest * 4096)) ] || fail "the text is not whole"
    expect_bytes ''
    await_end
    expect_status 0
}

@test "load: an event that is not UTF-8 takes at most seven times its size" {
    local input notes before mib=8
    need_proc
    pipe_to input
    pipe_from notes kept
    launch "$CHAT" decode -q --events-fd 4 <"$T/input" >/dev/null 2>"$ERR" 4> >(notes_to "$T/notes" '"tool_name"')
    printf 'event: tool_started\ndata: {"tool_name":"begun"}\n\n' >&"$input"
    await_note "$notes" '"begun"' "$PATIENCE"
    before=$(resident)
    printf 'event: message\ndata: {"delta":"' >&"$input"
    head -c "${mib}M" /dev/zero | tr '\0' '\377' >&"$input"
    printf '"}\n\nevent: tool_started\ndata: {"tool_name":"ended"}\n\n' >&"$input"
    await_note "$notes" '"ended"' "$PATIENCE"
    expect_growth "$before" $((7 * mib * 1024 + 1024))
    printf 'event: done\ndata: {}\n\n' >&"$input"
    exec {input}>&-
    await_end
    expect_status 0
}
