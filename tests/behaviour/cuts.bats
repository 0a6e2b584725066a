#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# An answer that is cut off at every byte: the output is exactly the text of the complete events,
# and the status reports the cut. What counts as the end of an answer.

# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load helper

# The expected output of every prefix of a transcript, determined without the program: for each complete event
# $T/text.N, the text so far; ENDS[N] is the offset behind its blank line; DONE is the number of the first `done`.
prepare()
{
    local n=0 offset=0 event='' line
    ENDS=(0) DONE=0
    : >"$T/deltas"
    : >"$T/text.0"
    while IFS= read -r line; do
        offset=$((offset + ${#line} + 1))
        case $line in
        'event: '*) event=${line#event: } ;;
        'data: '*)
            case $event in
            message) jq -j .delta <<<"${line#data: }" >>"$T/deltas" ;;
            token) jq -j .data.delta <<<"${line#data: }" >>"$T/deltas" ;;
            esac
            ;;
        '')
            n=$((n + 1))
            ENDS[n]=$offset
            [ "$event" != 'done' ] || [ "$DONE" -ne 0 ] || DONE=$n
            cp "$T/deltas" "$T/text.$n"
            if [ -s "$T/deltas" ] && [ -n "$(tail -c 1 "$T/deltas")" ]; then
                echo >>"$T/text.$n"
            fi
            ;;
        esac
    done <"$1"
    [ "$n" -gt 5 ]
}

# cut_everywhere FILE PART OF: decodes the prefixes of part PART of OF.
cut_everywhere()
{
    local at=0 wanted n whole='' got line
    prepare "$1"
    trap - DEBUG
    # No file contains a NUL. Builtins of the shell are fast.
    IFS= read -r -d '' whole <"$1" || :
    for ((n = $2; n <= ${#whole}; n += $3)); do
        while [ $((at + 1)) -lt ${#ENDS[@]} ] && [ "$n" -ge "${ENDS[at + 1]}" ]; do
            at=$((at + 1))
        done
        wanted=75
        [ "$at" -lt "$DONE" ] || wanted=0
        printf %s "${whole:0:n}" >"$T/prefix"
        run_chat decode -q "$T/prefix"
        [ "$status" -eq "$wanted" ] || fail "status $status instead of $wanted after $n bytes"
        IFS= read -r -d '' got <"$OUT" || :
        IFS= read -r -d '' line <"$T/text.$at" || :
        [ "$got" = "$line" ] || fail "other text after $n bytes"
        line=''
        [ "$wanted" -eq 0 ] || line='sigmasight-chat: '
        IFS= read -r -d '' got <"$ERR" || :
        [[ $got == "$line"* && ( -n $line || -z $got ) && $got != *$'\n'*$'\n'* ]] || fail "not one line of an error after $n bytes"
    done
    [ "$at" -ge $((${#ENDS[@]} - 2)) ]
}

@test "first generation, cut at every byte: 1" {
    cut_everywhere "$TRANSCRIPTS/short-first.sse" 0 3
}

@test "first generation, cut at every byte: 2" {
    cut_everywhere "$TRANSCRIPTS/short-first.sse" 1 3
}

@test "first generation, cut at every byte: 3" {
    cut_everywhere "$TRANSCRIPTS/short-first.sse" 2 3
}

@test "second generation, cut at every byte: 1" {
    cut_everywhere "$TRANSCRIPTS/short-second.sse" 0 4
}

@test "second generation, cut at every byte: 2" {
    cut_everywhere "$TRANSCRIPTS/short-second.sse" 1 4
}

@test "second generation, cut at every byte: 3" {
    cut_everywhere "$TRANSCRIPTS/short-second.sse" 2 4
}

@test "second generation, cut at every byte: 4" {
    cut_everywhere "$TRANSCRIPTS/short-second.sse" 3 4
}

# sent_cut FILE STEP ENDING: the same over the wire, every STEP bytes and around each event's end.
sent_cut()
{
    local at n cut points=() wanted
    prepare "$1"
    for ((n = 0; n < ENDS[-1]; n += $2)); do
        points+=("$n")
    done
    for n in "${ENDS[@]:1}"; do
        points+=($((n - 2)) $((n - 1)) "$n")
    done
    for cut in "${points[@]}"; do
        printf 'on POST /chat/send\nfile %s\ncut %d\n%s\n' "$1" "$cut" "$3"
    done >"$T/steps"
    serve <"$T/steps"
    trap - DEBUG
    for cut in "${points[@]}"; do
        for ((at = 0; at + 1 < ${#ENDS[@]} && ENDS[at + 1] <= cut; at++)); do :; done
        wanted=75
        [ "$at" -lt "$DONE" ] || wanted=0
        run_chat send -c "$ID" --record "$T/record" hi
        [ "$status" -eq "$wanted" ] || fail "status $status instead of $wanted after $cut bytes"
        cmp "$T/text.$at" "$OUT" || fail "other text after $cut bytes"
        head -c "$cut" "$1" | cmp - "$T/record" || fail "another record after $cut bytes"
        grep -v '^tool_' "$ERR" >"$T/notes" || :
        [ "$(wc -l <"$T/notes")" -eq 1 ] || fail "not one line after $cut bytes"
        if [ "$wanted" -eq 0 ]; then
            grep -q '^sigmasight-chat: warning: ' "$T/notes" || fail "no warning after $cut bytes"
        fi
    done
    [ "$(count_requests 'POST /chat/send')" -eq "${#points[@]}" ]
}

@test "first generation, sent and closed" {
    sent_cut "$TRANSCRIPTS/short-first.sse" 23 close
}

@test "first generation, sent and reset" {
    sent_cut "$TRANSCRIPTS/short-first.sse" 29 reset
}

@test "second generation, sent and closed" {
    sent_cut "$TRANSCRIPTS/short-second.sse" 47 close
}

@test "second generation, sent and reset" {
    sent_cut "$TRANSCRIPTS/short-second.sse" 53 reset
}

@test "a truncated stream in jsonl: every line is complete, only complete events are shown" {
    local cut
    prepare "$TRANSCRIPTS/short-first.sse"
    for cut in 1 50 107 108 109 200 "$((ENDS[3] - 1))" "${ENDS[3]}" "$((ENDS[6] - 1))" "${ENDS[6]}"; do
        status=0
        head -c "$cut" "$TRANSCRIPTS/short-first.sse" | "$CHAT" decode -j >"$OUT" 2>"$ERR" || status=$?
        expect_lines
        for ((at = 0; at + 1 < ${#ENDS[@]} && ENDS[at + 1] <= cut; at++)); do :; done
        [ "$(wc -l <"$OUT")" -eq $((at + 1)) ]
        expect_close ".events == $at and .exit_code == $status"
    done
}

# --- the head ---

@test "the head of the response is truncated" {
    local head=$'HTTP/1.1 200 OK\\r\\ncontent-type: text/event-stream\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n' cut
    for cut in 0 1 5 8 9 12 14 16 17 30 40 49 60 80 81 82; do
        printf 'on POST /chat/send\nwire %s\ncut %d\nclose\n' "$head" "$cut"
    done >"$T/steps"
    serve <"$T/steps"
    for cut in 0 1 5 8 9 12 14 16 17 30 40 49 60 80 81 82; do
        run_chat send -c "$ID" hi
        # A response that does not begin like HTTP may be reported in another way.
        [ "$status" -eq 75 ] || { [ "$cut" -gt 0 ] && [ "$cut" -lt 12 ] && [ "$status" -eq 76 ]; } ||
            fail "status $status after $cut bytes"
        expect_bytes ''
        expect_error
    done
}

@test "the head of another response is truncated" {
    serve <<'SCENARIO'
on POST /chat/conversations
wire HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nconte
close
on POST /chat/conversations
wire HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"conversation_id":"
close
SCENARIO
    run_chat send --retry 0 hi
    expect_status 75
    expect_error
    run_chat send --retry 0 hi
    expect_status 75
    expect_error
    [ "$(count_requests 'POST /chat/send')" -eq 0 ]
}

# --- done, and after it ---

@test "a done event without its blank line is ignored" {
    for end in '' '\n' ; do
        printf 'event: message\ndata: {"delta":"a"}\n\nevent: done\ndata: {}%b' "$end" >"$T/stream"
        run_chat decode "$T/stream"
        expect_status 75
        expect_bytes 'a\n'
    done
    printf '\n' >>"$T/stream"
    run_chat decode "$T/stream"
    expect_status 0
}

@test "a regular end without done is 75" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"a"}
on POST /chat/send
raw \n
SCENARIO
    run_chat send -c "$ID" hi
    expect_status 75
    expect_bytes 'a\n'
    expect_error
    run_chat send -c "$ID" hi
    expect_status 75
    expect_bytes ''
    run_chat decode /dev/null
    expect_status 75
}

@test "an error after done determines the status" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"text"}
event done {"total_tokens":1}
gate one
event error {"message":"not stored","code":null,"retryable":true,"details":null}
event done {}
on POST /chat/send
event message {"delta":"text"}
event done {}
event error {"message":"not stored","retryable":false}
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" $'text\n'
    open_gate one
    expect_end "$ANSWER"
    await_end
    expect_status 75
    expect_error '.*not stored.*'
    run_chat send -j -c "$ID" hi
    expect_status 1
    expect_close '.status == "error" and .exit_code == 1 and .text_bytes == 4'
    [ "$(count_requests 'POST /chat/send')" -eq 2 ]
}

@test "the stream is read to its end after done" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"text"}
event done {"total_tokens":1,"latency_ms":null}
gate one
event done {"total_tokens":null,"latency_ms":77}
gate two
SCENARIO
    launch "$CHAT" send -j -c "$ID" hi >"$OUT" 2>"$ERR"
    await_gate one
    open_gate one
    await_gate two
    # The program is still running and connected.
    kill -0 "$PID"
    open_gate two
    await_end
    expect_status 0
    expect_lines
    expect_close '.total_tokens == 1 and .latency_ms == 77'
    steer GET closed/1
}

@test "a connection that is lost after done is a warning" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"text"}
event done {}
close
on POST /chat/send
event message {"delta":"text"}
event done {}
raw event: err
reset
SCENARIO
    run_chat send -c "$ID" hi
    expect_status 0
    expect_bytes 'text\n'
    expect_line 'sigmasight-chat: warning: .*'
    run_chat send -j -c "$ID" hi
    expect_status 0
    expect_lines
    [ "$(names)" = 'client.open message done client.warning client.close' ]
    expect_jq '.[3].data.message | type == "string" and length > 0'
    expect_close '.status == "done" and .exit_code == 0'
}

@test "with -q a warning is only in client.warning" {
    serve <<'SCENARIO'
on POST /chat/send
event done {}
close
SCENARIO
    run_chat send -q -c "$ID" --events "$T/events" hi
    expect_status 0
    expect_bytes '' "$ERR"
    [ "$(names "$T/events")" = 'client.open done client.warning client.close' ]
}

@test "a server that does not close the stream is waited for 5 seconds" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"text"}
event done {}
silence
SCENARIO
    run_chat send -j -c "$ID" hi
    expect_status 0
    expect_lines
    [ "$(names)" = 'client.open message done client.warning client.close' ]
    expect_close ".status == \"done\" and .timing.elapsed_ms >= 4900 and .timing.elapsed_ms < $(scaled 7)000"
}

@test "a server that continues after done does not extend the wait" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"text"}
event done {}
repeat 100000
event heartbeat {}
pause 20
end-repeat
SCENARIO
    run_chat send -o json -c "$ID" hi
    expect_status 0
    expect_jq ".[0] | .text == \"text\" and .timing.elapsed_ms >= 4900 and .timing.elapsed_ms < $(scaled 7)000"
}

@test "an error event also ends the answer: the wait for the server is limited" {
    serve <<'SCENARIO'
on POST /chat/send
event error {"message":"gone","retryable":false}
silence
SCENARIO
    launch "$CHAT" send -c "$ID" hi </dev/null >"$OUT" 2>"$ERR"
    await_end 7
    expect_status 1
    expect_error '.*gone.*'
}

@test "other time limits do not apply after done" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"text"}
event done {}
silence
SCENARIO
    run_chat send -q -c "$ID" --idle-timeout 0.2 --stall-timeout 0.2 hi
    expect_status 0
    expect_bytes 'text\n'
    run_chat send -q -c "$ID" --max-time 0.3 hi
    expect_status 0
    # The warning names the time limit that was exceeded.
    run_chat send -c "$ID" --idle-timeout 0.2 hi
    expect_line 'sigmasight-chat: warning: .*--idle-timeout.* after .done.*'
    run_chat send -c "$ID" --max-time 0.3 hi
    expect_line 'sigmasight-chat: warning: .*--max-time.* after .done.*'
}
