#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Measurements that do not depend on the speed of the machine: allocations, memory and system calls.

load helper
load memory

# preloaded NAME: makes $T/NAME.so of NAME.c beside this file.
preloaded()
{
    make_preload "$1" <"$BATS_TEST_DIRNAME/$1.c"
}

# allocations COMMAND...: sets COUNT; the output is discarded.
allocations()
{
    rm -f "$T/allocations"
    ALLOCATIONS=$T/allocations LD_PRELOAD=$T/allocations.so "$@" >/dev/null 2>"$ERR" || fail "$* failed"
    [ -s "$T/allocations" ] || skip "the counter cannot be loaded"
    COUNT=$(cat "$T/allocations")
    [ "$COUNT" -gt 10 ] || fail "only $COUNT allocations: they are not counted"
}

# stream first|second N: events of that generation, N of each frequent kind.
stream()
{
    local kinds
    case $1 in
    first)
        kinds='event: message\ndata: {"delta": "Gr\\u00fc\\u00dfe ", "role": "assistant"}\n\n'
        kinds+='event: heartbeat\ndata: {"timestamp": "2026-01-02T03:04:05Z"}\n\n: ping\n\n'
        kinds+='event: tool_started\ndata: {"tool_name": "get_quotes", "arguments": {"symbols": ["A", "B"]}}\n\n'
        kinds+='event: tool_finished\ndata: {"tool_name": "get_quotes", "result": {"rows": [1, 2.5]}, "duration_ms": 3}\n'
        printf 'event: start\ndata: {"conversation_id": "c", "mode": "green", "model": "m"}\n\n'
        ;;
    second)
        kinds='event: token\ndata: {"type":"token","run_id":"r","seq":1,"data":{"delta":"word "},"timestamp":1}\n\n'
        kinds+='event: heartbeat\ndata: {"type":"heartbeat","run_id":"r","seq":2,"data":{},"timestamp":1}\n\n'
        kinds+='event: other\ndata: {"type":"other","run_id":"r","seq":3,"data":{"a":[true,null]},"timestamp":1}\n'
        ;;
    esac
    printf -v kinds %b "$kinds"
    yes "$kinds" | head -n $(($2 * $(wc -l <<<"$kinds"))) || :
    printf 'event: done\ndata: {}\n\n'
}

# expect_steady FORMAT MORE: 10,000 additional events of each kind cause at most MORE additional allocations.
expect_steady()
{
    local generation few
    for generation in first second; do
        stream $generation 1000 >"$T/few"
        stream $generation 11000 >"$T/many"
        allocations "$CHAT" decode -q -o "$1" "$T/few"
        few=$COUNT
        allocations "$CHAT" decode -q -o "$1" "$T/many"
        tell "$generation generation: $few allocations for 1,000 events of each kind, $COUNT for 11,000"
        [ $((COUNT - few)) -le "$2" ] || fail "$generation generation: $few allocations for 1,000 events, $COUNT for 11,000"
    done
}

@test "counts: no allocation for an event that is decoded to text" {
    need_plain_program
    preloaded allocations
    expect_steady text 0
}

@test "counts: no allocation for an event that is decoded to JSON lines" {
    need_plain_program
    preloaded allocations
    expect_steady jsonl 0
}

@test "counts: no allocation for an event that is only checked" {
    need_plain_program
    preloaded allocations
    expect_steady raw 0
}

# grow FORMAT LIMIT EVENT: between 1 MB and 50 MB of these events memory does not grow by LIMIT KiB. FORMAT may also be
# rendered.
grow()
{
    local before lines size=${#3} stream notes render=never
    need_proc
    [ "$1" != rendered ] || render=always
    lines=$(wc -l <<<"$3")
    pipe_to stream
    if [ "$1" = text ] || [ "$1" = rendered ]; then
        pipe_from notes
        launch "$CHAT" decode --render "$render" <"$T/stream" >/dev/null 2>"$T/notes"
    else
        pipe_from notes kept
        launch "$CHAT" decode -o "$1" <"$T/stream" 2>"$ERR" \
            > >(notes_to "$T/notes" '"begun"|"ended"')
    fi
    feed 1000000 "$3"
    note begun
    await_note "$notes" begun
    before=$(resident)
    feed 49000000 "$3"
    note ended
    await_note "$notes" ended
    expect_growth "$before" "$2"
    printf 'event: done\ndata: {}\n\n' >&"$stream"
    exec {stream}>&-
    await_end
    expect_status 0
}

# The events of grow, of that many bytes in all, followed by an event that marks the end.
feed()
{
    yes "$2" | head -n $(($1 * lines / (size + 1) / lines * lines)) >&"$stream" || :
}

note()
{
    printf 'event: tool_started\ndata: {"tool_name":"%s","arguments":{}}\n\n' "$1" >&"$stream"
}

# Each ends in a blank line.
a_delta=$'event: message\ndata: {"delta": "Gr\\u00fc\\u00dfe ", "role": "assistant"}\n'
a_heartbeat=$'event: heartbeat\ndata: {"timestamp": "2026-01-02T03:04:05Z"}\n\n: ping\n'

a_result()
{
    local rows
    rows=$(repeat 1024 '["0123456789",1,2.5,3e2,true,null,"0123456789",{"abcdef":"0123"}],')
    printf 'event: tool_finished\ndata: {"tool_name":"t","result":{"rows":[%s]},"duration_ms":3}\n' "${rows%,}"
    echo .
}

@test "counts: memory does not grow with the deltas" {
    grow text 256 "$a_delta"
}

@test "counts: memory does not grow with the deltas as JSON lines" {
    grow jsonl 256 "$a_delta"
}

@test "counts: memory does not grow with a rendered paragraph" {
    grow rendered 256 "$a_delta"
}

# A delta of 1000 times this character in the notation of JSON.
a_delta_of()
{
    printf 'event: message\ndata: {"delta":"%s"}\n' "$(repeat 1000 "$1")"
    echo .
}

# peak_of WHEN: sets PEAK to the maximum of the resident memory in KiB after one delta of 4 MB with --render WHEN.
peak_of()
{
    local stream notes
    rm -f "$T/stream" "$T/notes"
    pipe_to stream
    pipe_from notes
    launch "$CHAT" decode --render "$1" <"$T/stream" >/dev/null 2>"$T/notes"
    {
        printf 'event: message\ndata: {"delta":"'
        head -c 4000000 /dev/zero | tr '\0' '['
        printf '"}\n\n'
    } >&"$stream"
    note ended
    await_note "$notes" ended
    read -r _ PEAK <<<"$(resident)"
    printf 'event: done\ndata: {}\n\n' >&"$stream"
    exec {stream}>&-
    await_end
    expect_status 0
}

@test "counts: a long delta is rendered in little more memory than it needs itself" {
    local plain
    need_proc
    peak_of never
    plain=$PEAK
    peak_of always
    tell "resident memory for a delta of 4 MB: $plain KiB, rendered $PEAK KiB"
    [ $((PEAK - plain)) -lt 16384 ] || fail "$PEAK KiB instead of $plain"
}

@test "counts: memory does not grow with brackets that are not closed" {
    local event
    event=$(a_delta_of '[')
    grow rendered 256 "${event%.}"
}

@test "counts: memory does not grow with a word of zero-width characters" {
    local event
    event=$(a_delta_of '\u0301')
    grow rendered 256 "${event%.}"
}

@test "counts: memory does not grow with blanks in a line of code" {
    local event
    event=$(a_delta_of ' ')
    grow rendered 256 "${event%.}"
}

@test "counts: memory does not grow with the heartbeats" {
    grow text 256 "$a_heartbeat"
}

@test "counts: memory does not grow with tool results of 64 KB" {
    local event
    event=$(a_result)
    [ "${#event}" -gt 65536 ]
    grow text 256 "${event%.}"
}

@test "counts: memory does not grow with tool results of 64 KB as JSON lines" {
    local event
    event=$(a_result)
    grow jsonl 256 "${event%.}"
}

# launch_traced ARGUMENT...: launches the program and writes its system calls to $T/calls, one a line.
launch_traced()
{
    need_strace
    launch strace -qq -f -o "$T/calls" "$CHAT" "$@" >"$T/answer" 2>"$ERR"
}

# calls_between FROM TO: prints the system calls after FROM was written until TO was.
calls_between()
{
    awk -v from="write(1, \"$1" -v to="write(1, \"$2" '
        inside { print }
        index($0, to) { inside = 0 }
        index($0, from) { inside = 1 }' "$T/calls" >"$T/between"
    grep -q -F "write(1, \"$2" "$T/between" || fail "between $1 and $2 no system call was seen"
}

@test "counts: a delta that arrives alone costs no more than 5.3 system calls" {
    local answer count number many=40
    serve < <(
        echo 'on POST /chat/send'
        for ((number = 1; number <= many; number++)); do
            printf '%s\n' "event message {\"delta\":\"<$number>\"}" "gate $number"
        done
        printf '%s\n' 'event message {"delta":"<end>"}' 'event done {}'
    )
    pipe_from answer
    launch_traced send -q -c "$ID" hi
    for ((number = 1; number <= many; number++)); do
        expect_read "$answer" "<$number>"
        await_gate "$number"
        open_gate "$number"
    done
    expect_read "$answer" '<end>'
    await_end 20
    expect_status 0
    calls_between '<1>' '<end>'
    count=$(wc -l <"$T/between")
    tell "$count system calls for $many deltas"
    [ "$count" -ge $((2 * many)) ] || fail "only $count system calls for $many deltas: they are not counted"
    [ $((10 * count)) -le $((53 * many)) ] || fail "$count system calls for $many deltas"
}

@test "counts: no wakeups while nothing is received" {
    local answer count
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"<begin>"}
gate silence
event message {"delta":"<end>"}
event done {}
SCENARIO
    pipe_from answer
    launch_traced send -c "$ID" hi
    expect_read "$answer" '<begin>'
    # Long enough to detect a spinner or a clock.
    for_a_while 2
    open_gate silence
    expect_read "$answer" '<end>'
    await_end
    expect_status 0
    calls_between '<begin>' '<end>'
    count=$(grep -c -E '= 0 \(Timeout\)' "$T/between" || :)
    # libcurl polls once without waiting.
    count=$((count - $(grep -c -E ', 0\) += 0 \(Timeout\)' "$T/between" || :)))
    tell "$count wake-ups in 2 s"
    [ "$count" -le 2 ] || fail "$count wake-ups in 2 s"
    [ "$(wc -l <"$T/between")" -le 12 ] || fail "system calls while nothing was received: $(cat "$T/between")"
}

@test "counts: libcurl is not initialised if there is no transfer" {
    local arguments
    need_plain_program
    preloaded no_curl
    printf 'event: message\ndata: {"delta":"Hello"}\n\nevent: done\ndata: {}\n\n' >"$T/stream"
    for arguments in --help --version 'send --help' "decode $T/stream"; do
        # shellcheck disable=SC2086 # several words
        LD_PRELOAD=$T/no_curl.so run_chat $arguments
        expect_status 0
        [ -s "$OUT" ] || fail "no output"
    done
    # If libcurl is initialized, the preloaded function fails.
    SIGMASIGHT_TOKEN=$TOKEN LD_PRELOAD=$T/no_curl.so run_chat send -c "$ID" hi
    expect_status 70
}
