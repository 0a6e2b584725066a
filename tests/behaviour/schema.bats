#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every JSON line of every kind of exchange is valid by the schema that the program prints, and the schema is strict
# enough to refuse invalid lines.

load helper

SCHEMA=$SRCDIR/share/events.schema.json

# gather FILE...: each is a complete output; its lines are added to $T/all.
gather()
{
    local file
    for file; do
        [[ $(tail -n 1 "$file") == '{"event":"client.close",'* ]] || fail "${file##*/} does not end in client.close"
        [ "$(grep -c '^{"event":"client.close"' "$file")" -eq 1 ] || fail "not exactly one client.close in ${file##*/}"
        cat "$file" >>"$T/all"
    done
}

# expect_fit: each line in $T/all is valid.
expect_fit()
{
    "$SRCDIR/tests/check/lines" "$T/all" >"$T/verdict" || fail "$(head -n 5 "$T/verdict")"
}

# expect_seen FILTER WORD...: the output of FILTER for the lines includes all of these words.
expect_seen()
{
    local filter=$1
    shift
    jq -r "$filter" "$T/all" | sort -u >"$T/seen"
    printf '%s\n' "$@" | sort >"$T/wanted"
    [ -z "$(comm -23 "$T/wanted" "$T/seen")" ] || fail "missing: $(comm -23 "$T/wanted" "$T/seen")"
}

# all_ways [OPTION]...: sends one message, and gathers JSON lines on standard output, of --events and of --events-fd.
all_ways()
{
    status=0
    "$CHAT" send -j --events "$T/events" --events-fd 8 "$@" hi >"$OUT" 2>"$ERR" 8>"$T/descriptor" || status=$?
    gather "$OUT" "$T/events" "$T/descriptor"
    cmp "$T/events" "$T/descriptor"
}

@test "schema: prints the installed schema, which is valid" {
    run_chat schema
    expect_status 0
    cmp "$SCHEMA" "$OUT"
    python3 -c 'import json, sys, jsonschema
jsonschema.Draft202012Validator.check_schema(json.load(open(sys.argv[1])))' "$OUT"
    status=0
    "$CHAT" schema >/dev/full 2>"$ERR" || status=$?
    expect_status 74
    run_chat schema events
    expect_status 0
    cmp "$SCHEMA" "$OUT"
    run_chat schema operand
    expect_status 64
}

@test "schema: every recorded answer, decoded" {
    for file in "$TRANSCRIPTS"/*.sse; do
        run_chat decode -j --events "$T/events" "$file"
        gather "$OUT" "$T/events"
    done
    expect_fit
    expect_seen .event start message tool_started tool_finished 'done' error heartbeat client.parse_error client.close
    expect_seen 'select(.event == "client.close").data.status' 'done' error interrupted failed
}

# on_each LINE...: a block with these lines after each recorded answer's own.
on_each()
{
    local file
    for file in "$TRANSCRIPTS"/*.sse; do
        printf '%s\n' 'on POST /chat/send' "file $file" "$@"
    done
}

@test "schema: every recorded answer, sent, and the same cut off" {
    for line in end close; do
        on_each "$line" >"$T/blocks"
        serve <"$T/blocks"
        for file in "$TRANSCRIPTS"/*.sse; do
            all_ways --retry 0 -c "$ID"
        done
        [ "$(grep -c . "$DUMP/log")" -eq "$(find "$TRANSCRIPTS" -name '*.sse' | wc -l)" ]
        stop_server
        rm -rf "$T/port" "$T/announcement" "$DUMP/log"
    done
    expect_fit
    expect_seen .event client.open client.parse_error client.warning client.close
}

@test "schema: the mock's own answers in both generations" {
    for generation in 1 2; do
        serve_default --generation "$generation"
        for text in 'What are my risks?' 'How did my portfolio perform?' '/mode blue' Hello; do
            status=0
            "$CHAT" send -j -m violet --portfolio "$P1" -- "$text" >"$OUT" 2>"$ERR" || status=$?
            expect_status 0
            gather "$OUT"
            "$CHAT" send -j --ephemeral "$text" >"$OUT" 2>"$ERR"
            gather "$OUT"
        done
        stop_server
        rm -f "$T/port" "$T/announcement"
    done
    expect_fit
    expect_seen .event start message tool_started tool_finished 'done' client.open client.close message_created
}

@test "schema: refusals, with and without retries" {
    local code
    codes='301 307 400 401 403 404 405 408 413 422 429 500 501 502 503 504 599'
    for code in $codes; do
        for body in '{"detail":"no"}' '{"detail":{"error":"ai_limit_reached","message":"used up"}}' \
            '{"detail":[{"loc":["body","text"],"msg":"too long"}]}' '<title>page</title>' ''; do
            printf '%s\n' 'on POST /chat/send' "status $code" 'header Retry-After: 0' "body $body"
            [ "$code" -lt 408 ] || printf '%s\n' 'on POST /chat/send' "status $code" "body $body"
        done
    done >"$T/blocks"
    serve <"$T/blocks"
    for code in $codes; do
        for _ in 1 2 3 4 5; do
            all_ways --retry 1 --retry-delay 0.01 --retry-all -c "$ID"
        done
    done
    expect_fit
    expect_seen .event client.retry client.close
    expect_seen 'select(.event == "client.close").data.exit_code' 65 69 75 76 77
}

@test "schema: failures before an answer" {
    export SIGMASIGHT_TOKEN=$TOKEN
    url=http://127.0.0.1:1/
    all_ways --retry 2 --retry-delay 0.01 -u "$url"
    [ "$status" -eq 69 ]
    for options in "--token-file $T/none" '-u http://example.org' '-u nonsense' "--record $T/none/file" '-c one -C' \
        '--ephemeral -C' '--cacert /dev/null/none'; do
        status=0
        # shellcheck disable=SC2086 # several words
        "$CHAT" send -j -u "$url" $options hi >"$OUT" 2>"$ERR" || status=$?
        [ "$status" -ge 64 ]
        [ ! -s "$OUT" ] || gather "$OUT"
    done
    for text in '' ' ' $'\xff'; do
        run_chat send -j -u "$url" -- "$text"
        expect_status 65
        gather "$OUT"
    done
    unset SIGMASIGHT_TOKEN
    run_chat send -j -u "$url" hi
    expect_status 77
    gather "$OUT"
    expect_fit
    expect_seen 'select(.event == "client.close").data.exit_code' 65 66 69 73 77 78
}

@test "schema: cuts, silence, errors, in all formats of the connection" {
    serve <<'END'
on POST /chat/send
reset
on POST /chat/send
close
on POST /chat/send
event message {"delta":"half"}
reset
on POST /chat/send
event message {"delta":"half"}
silence
on POST /chat/send
event error {"message":"no","code":null,"retryable":true,"retry_after":0}
on POST /chat/send
event error {"message":"no\nsecond","code":"c","retryable":false}
event done {}
on POST /chat/send
event message {"delta":"x"}
event done {"total_tokens":1.5e2,"latency_ms":12.50}
reset
on POST /chat/send
header Content-Type: text/html
body <p>
on POST /chat/send
wire nonsense\r\n
on POST /chat/send
event done {"final_text":"other"}
on POST /chat/send
event message {"delta":"x"}
event done {"final_text":"other"}
on POST /chat/send
data nobody's event
event client.close {"evil":1}
event client.open nonsense
event message [1]
event message {"delta":1}
event tool_started {}
event done {}
on POST /chat/send
event message {"delta":"x"}
silence
END
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        all_ways --retry 0 --idle-timeout 0.3 -c "$ID"
    done
    all_ways --retry 0 --max-time 0.3 -c "$ID"
    expect_fit
    expect_seen .event client.warning client.parse_error server.client.close server.client.open message
    expect_seen 'select(.event == "client.close").data.status' 'done' error interrupted failed
}

# The steps of an answer before it is cancelled.
steps_before()
{
    case $1 in
    head) echo 'gate here' ;;
    text) printf '%s\n' 'event message {"delta":"half"}' 'gate here' ;;
    tool) printf '%s\n' 'event tool_started {"tool_name":"one","arguments":{}}' 'gate here' ;;
    esac
}

@test "schema: an exchange that a signal cancels at any point" {
    for place in head text tool; do
        for name in INT TERM HUP; do
            { echo 'on POST /chat/send'; steps_before "$place"; } >"$T/steps"
            serve <"$T/steps"
            launch "$CHAT" send -j --events "$T/events" -c "$ID" hi >"$OUT" 2>"$ERR"
            await_gate here
            kill -s "$name" "$PID"
            await_end
            expect_signal "$name"
            gather "$OUT" "$T/events"
            stop_server
            rm -f "$T/port" "$T/announcement"
        done
    done
    expect_fit
    expect_seen 'select(.event == "client.close").data.status' cancelled
    expect_seen 'select(.event == "client.close").data.exit_code' 129 130 143
}

# wrong JQ-FILTER: appends the line in $T/line, changed by the filter, to $T/wrong.
wrong()
{
    jq -c "$1" "$T/line" >"$T/changed"
    cmp -s "$T/line" "$T/changed" && fail "nothing was changed: $1"
    cat "$T/changed" >>"$T/wrong"
}

@test "schema: a line without a required member, or with one of the wrong type, is invalid" {
    serve <<'END'
on POST /chat/send
status 503
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"gpt-4o"}
event message {"delta":"x","role":"assistant"}
event message []
event tool_started {"tool_name":"one","arguments":{}}
event tool_finished {"tool_name":"one","result":{},"duration_ms":1}
event done {"final_text":"other","total_tokens":3,"latency_ms":4}
END
    run_chat send -j --retry-delay 0.01 hi
    expect_status 76
    cp "$OUT" "$T/all"
    expect_fit
    while IFS= read -r line; do
        printf '%s\n' "$line" | jq -c . >"$T/line"
        wrong 'del(.event)'
        wrong 'del(.data)'
        wrong '.event = 1'
        case $line in
        '{"event":"client.'*)
            wrong '.data.surplus = 1'
            wrong '.event = "client.other"'
            for member in $(jq -r '.data | keys[] | select(. != "total_tokens" and . != "latency_ms")' "$T/line"); do
                wrong "del(.data.$member)"
                wrong ".data.$member = []"
            done
            ;;
        *'"event":"message"'*) wrong 'del(.data.delta)' ;;
        *'"event":"tool_'*) wrong '.data.tool_name = null' ;;
        *) wrong '.data = "text"' ;;
        esac
        [[ $line != *client.close* ]] || for member in timing error; do
            for part in $(jq -r ".data.$member | keys[]" "$T/line"); do
                wrong "del(.data.$member.$part)"
                wrong ".data.$member.$part = []"
            done
        done
    done <"$T/all"
    [ "$(wc -l <"$T/wrong")" -gt 60 ]
    "$SRCDIR/tests/check/lines" --wrong "$T/wrong" >"$T/verdict" || fail "$(head -n 5 "$T/verdict")"
    expect_seen .event client.retry client.open client.parse_error client.warning client.close
    # The program did not write these lines.
    rm "$T/wrong" "$T/changed"
}
