#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Retries: which failures, when, how often, and how they are announced. Neither output nor messages are repeated.

# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load helper

HELLO='event message {"delta":"Hello"}
event done {}'

# serve_then STEPS [TIMES]: answers with STEPS that many times, then successfully.
serve_then()
{
    {
        for _ in $(seq "${2-1}"); do
            printf 'on POST /chat/send\n%s\n' "$1"
        done
        printf 'on POST /chat/send\n%s\n' "$HELLO"
    } >"$T/steps"
    serve <"$T/steps"
}

# Starts over, for another server in the same test.
again()
{
    stop_server
    rm -rf "$DUMP" "$T/announcement"
    mkdir "$DUMP"
}

posts()
{
    count_requests 'POST /chat/send'
}

quick()
{
    run_chat send --retry-delay 0.01 "$@"
}

# The three kinds of failure, as steps of a scenario. The message was not stored, or it may be stored, or a retry is useless.
NOT_STORED=(
    'status 408'
    'status 429'
    'status 503'
    $'status 503\nheader Content-Type: text/html\nbody <html><title>503 Service Temporarily Unavailable</title></html>'
    $'status 429\nbody {"detail":"Too many requests"}'
)
MAYBE_STORED_STATUSES=(
    'status 500'
    'status 502'
    'status 520'
    'status 524'
    'status 529'
    'status 504'
    $'status 500\nbody {"detail":"overloaded"}'
)
MAYBE_STORED_CONNECTIONS=(
    $'wire\nclose'
    $'wire\nreset'
    $'wire HTTP/1.1 200 OK\\r\\nconte\nclose'
    $'raw :\\n\nclose'
    $'event start {"conversation_id":"c","mode":"green","model":"m"}\nreset'
    $'event start {"conversation_id":"c","mode":"green","model":"m"}\nevent heartbeat {}\nevent surprise {}'
)
MAYBE_STORED_EVENTS=(
    $'event error {"message":"overloaded","retryable":true}\nevent done {}'
    $'raw data: {"error":"m","retryable":true}\\n\\n'
    $'event error {"type":"error","run_id":"r","seq":0,"data":{"error":"overloaded","error_type":"e","retryable":true},"timestamp":1}'
)
MAYBE_STORED_TIMEOUTS=(
    $'gate never\nstatus 200'
    $'raw :\\n\nsilence'
)
NEVER=(
    'status 400'
    'status 401'
    'status 403'
    'status 404'
    'status 422'
    'status 501'
    'status 505'
    $'status 429\nbody {"detail":{"error":"ai_limit_reached","message":"used up"}}'
    $'status 307\nheader Location: /'
    $'status 200\nheader Content-Type: text/html\nbody <html></html>'
    $'event error {"message":"no","retryable":false}'
    $'event error {"message":"m","code":"quota_exceeded","retryable":true}'
    $'event error {"message":"code 429: insufficient_quota","retryable":true}'
    $'event error {"message":"m","code":"RATE_LIMITED","retryable":false}'
    $'event error {"message":"\'id\'","code":null,"retryable":true}\nevent done {}'
    $'event error Service Unavailable'
    $'raw data: {"error":"m"}\\n\\n'
    $'status 400\nbody {"detail":{"error":"rate_limit_exceeded","message":"m"}}'
    $'status 503\nbody {"detail":{"error":"insufficient_quota","message":"m"}}'
    $'header Content-Type: application/json\nbody {"error":{"message":"m","code":"overloaded"}}'
    $'event start nonsense\nevent done {}'
)

@test "a message that was not stored is retried, also with -c" {
    local steps
    for steps in "${NOT_STORED[@]}"; do
        serve_then "$steps"
        quick -q hi
        [ "$status" -eq 0 ] || fail "own: $steps"
        expect_bytes 'Hello\n'
        expect_requests 'POST /chat/conversations' 'POST /chat/send' 'POST /chat/send'
        again
        serve_then "$steps"
        quick -q -c "$ID" hi
        [ "$status" -eq 0 ] || fail "-c: $steps"
        expect_requests 'POST /chat/send' 'POST /chat/send'
        again
    done
}

@test "a failed connection is retried, also with -c" {
    export SIGMASIGHT_TOKEN=$TOKEN
    for option in '' "-c$ID"; do
        for url in http://127.0.0.1:1 https://127.0.0.1:1 "https://$(repeat 64 a).invalid"; do
            # shellcheck disable=SC2086 # perhaps none
            quick $option --retry 2 -u "$url/api/v1" hi
            expect_status 69
            # A local server that is just starting is retried sooner.
            case $url in
            *127.0.0.1*) [ "$(grep -c '^sigmasight-chat: retry 1 of 1 ' "$ERR")" -eq 1 ] || fail "$option $url" ;;
            *) [ "$(grep -c '^sigmasight-chat: retry [12] of 2 ' "$ERR")" -eq 2 ] || fail "$option $url" ;;
            esac
        done
    done
}

# connections DELAY: the number of connections that a server sees that keeps them open, with this delay of retries. Repeats
# the command if it was too slow: the time between the two requests must be less than 3 s if the delay is.
connections()
{
    SIGMASIGHT_TOKEN=$TOKEN python3 -I - "$CHAT" "$1" <<'END_OF_PYTHON'
import http.server, subprocess, sys, threading, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = posts = 0
    answered = idle = 0.0

    def setup(self):
        Handler.connections += 1
        super().setup()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Handler.posts += 1
        now = time.monotonic()
        Handler.answered, Handler.idle = now, now - Handler.answered
        body = b"event: done\ndata: {}\n\n" if Handler.posts > 1 else b"{}"
        self.send_response(200 if Handler.posts > 1 else 503)
        self.send_header("Content-Type", "text/event-stream" if Handler.posts > 1 else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
while True:
    Handler.connections = Handler.posts = 0
    subprocess.run([sys.argv[1], "send", "-q", "-c", "c", "--retry-delay", sys.argv[2], "-u",
                    f"http://127.0.0.1:{server.server_port}", "hi"], check=True, stdin=subprocess.DEVNULL)
    if Handler.idle < 3 or float(sys.argv[2]) > 3:
        break
print(Handler.connections)
END_OF_PYTHON
}

@test "a connection is reused, but not after more than 3 s" {
    [ "$(connections 0.1)" -eq 1 ]
    # Each delay is up to a tenth shorter or longer.
    [ "$(connections 2.5)" -eq 1 ]
    [ "$(connections 3.5)" -eq 2 ]
}

@test "a failed TLS handshake is retried" {
    serve_hello
    quick --retry 1 -u "https://127.0.0.1:$PORT/api/v1" hi
    expect_status 69
    [ "$(grep -c '^sigmasight-chat: retry 1 of 1 ' "$ERR")" -eq 1 ]
}

# maybe_stored TIMEOUT STEPS...: each STEPS is a failure; TIMEOUT is the --idle-timeout.
maybe_stored()
{
    local steps timeout=$1
    shift
    for steps; do
        serve_then "$steps"
        quick -q --idle-timeout "$timeout" hi
        [ "$status" -eq 0 ] || fail "own: $steps"
        expect_bytes 'Hello\n'
        expect_requests 'POST /chat/conversations' 'POST /chat/send' 'POST /chat/send'
        [ "$(body 2)" = "$(body 3)" ] || fail "another message: $steps"
        again
        serve_then "$steps"
        quick -q --idle-timeout "$timeout" -c "$ID" hi
        [ "$status" -eq 69 ] || [ "$status" -eq 75 ] || fail "-c, status $status: $steps"
        expect_bytes ''
        expect_requests 'POST /chat/send'
        again
        serve_then "$steps"
        quick -q --idle-timeout "$timeout" --retry-all -c "$ID" hi
        [ "$status" -eq 0 ] || fail "-c --retry-all: $steps"
        expect_bytes 'Hello\n'
        expect_requests 'POST /chat/send' 'POST /chat/send'
        again
    done
}

@test "a message that may be stored is retried in a new conversation or with --retry-all: statuses" {
    maybe_stored 60 "${MAYBE_STORED_STATUSES[@]}"
}

@test "a message that may be stored is retried in a new conversation or with --retry-all: lost connections" {
    maybe_stored 60 "${MAYBE_STORED_CONNECTIONS[@]}"
}

@test "a message that may be stored is retried in a new conversation or with --retry-all: events" {
    maybe_stored 60 "${MAYBE_STORED_EVENTS[@]}"
}

@test "a message that may be stored is retried in a new conversation or with --retry-all: timeouts" {
    maybe_stored 1 "${MAYBE_STORED_TIMEOUTS[@]}"
}

@test "-C is an existing conversation" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"Hello"}
event done {}
on POST /chat/send
status 500
SCENARIO
    run_chat send hi
    expect_status 0
    quick -C hi
    expect_status 69
    [ "$(posts)" -eq 2 ]
    quick -C --retry-all --retry 2 hi
    expect_status 69
    [ "$(posts)" -eq 5 ]
}

@test "permanent failures are not retried" {
    local steps
    for steps in "${NEVER[@]}"; do
        serve_then "$steps"
        quick -q --retry-all hi
        [ "$status" -ne 0 ] || fail "$steps"
        [ "$(posts)" -eq 1 ] || fail "$steps"
        again
    done
}

@test "no retry after text or a tool, however the answer ends" {
    local first ending
    for first in 'event message {"delta":"text"}' 'event tool_started {"tool_name":"t","arguments":{}}' \
        'event tool_finished {"tool_name":"t","result":1}'; do
        for ending in close reset end 'event error {"message":"m","retryable":true}'; do
            serve_then "$first"$'\n'"$ending" 2
            for format in text jsonl; do
                quick -q --retry-all -o $format hi
                expect_status 75
            done
            [ "$(posts)" -eq 2 ] || fail "$first, $ending"
            again
        done
    done
}

@test "jsonl repeats start events, but no text" {
    serve_then $'event start {"conversation_id":"c","mode":"green","model":"m"}\nclose'
    quick -j hi
    expect_status 0
    expect_lines
    [ "$(names)" = 'client.open start client.retry client.open message done client.close' ]
    expect_jq '.[0].data.attempt == 1 and .[3].data.attempt == 2'
    expect_jq '.[2].data | .attempt == 1 and .of == 3 and .delay_ms >= 9 and .delay_ms <= 11 and (.reason | type == "string" and length > 0)'
    expect_close '.status == "done" and .exit_code == 0'
}

@test "raw: no retry once a byte was written" {
    serve_then $'raw :\\n\nclose'
    quick -q -o raw hi
    expect_status 75
    expect_bytes ':\n'
    [ "$(posts)" -eq 1 ]
    again
    serve_then $'wire\nclose'
    quick -q -o raw hi
    expect_status 0
    [ "$(posts)" -eq 2 ]
}

@test "--no-stream and json: a truncated stream is always retried" {
    local option
    for option in --no-stream --output=json; do
        serve_then $'event start {"mode":"blue","model":"old"}\nevent tool_started {"tool_name":"t","arguments":{}}\nevent message {"delta":"from the first try"}\nclose'
        quick -q $option hi
        expect_status 0
        case $option in
        --no-stream) expect_bytes 'Hello\n' ;;
        *) expect_jq '.[0] | .text == "Hello" and .tools == [] and .model == null and .text_bytes == 5 and .tool_calls == 0 and .status == "done"' ;;
        esac
        [ "$(posts)" -eq 2 ]
        again
    done
}

@test "--no-stream: the partial answer of the last attempt" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"try $ATTEMPT"}
close
SCENARIO
    quick -q --no-stream --retry 2 hi
    expect_status 75
    expect_bytes 'try 3\n'
    [ "$(posts)" -eq 3 ]
}

@test "--no-stream and json: a partial answer is kept until another attempt has text" {
    local second option
    for second in 'status 503' 'status 422' $'wire\nclose' $'event start {"mode":"blue"}\nclose'; do
        for option in --no-stream --output=json; do
            serve <<SCENARIO
on POST /chat/send once
event tool_started {"tool_name":"t","arguments":{}}
event tool_finished {"tool_name":"t","result":1,"duration_ms":3}
event message {"delta":"what had arrived"}
close
on POST /chat/send
$second
SCENARIO
            quick -q $option --retry 1 hi
            case $option in
            --no-stream) expect_bytes 'what had arrived\n' ;;
            *)
                expect_jq '.[0] | .text == "what had arrived" and .text_bytes == 16 and .tool_calls == 1 and (.tools | length) == 1'
                expect_jq '.[0].conversation_id | type == "string"'
                ;;
            esac
            [ "$(posts)" -eq 2 ]
            # The server had begun to answer, so that the conversation holds the message.
            [ "$(count_requests 'DELETE .*')" -eq 0 ]
            again
        done
    done
}

@test "--no-stream: a partial answer that is rendered is kept as well, whether it is a word, an opener or a table" {
    local partial second
    for second in 'status 503' $'event start {"mode":"blue"}\nclose'; do
        for partial in '**Hello wor' 'Hel' '| a | b |\n|---|---|\n| 1 | 2 |' '<one'; do
            serve <<SCENARIO
on POST /chat/send once
event message {"delta":"$partial"}
close
on POST /chat/send
$second
SCENARIO
            quick -q --no-stream --render always --retry 1 hi
            case $partial in
            '|'*) expect_bytes 'a  b\n----\n1  2\n' ;;
            *) expect_bytes "$partial\n" ;;
            esac
            [ "$(posts)" -eq 2 ]
            again
        done
    done
}

@test "json: the times are those of the last attempt" {
    serve <<'SCENARIO'
on POST /chat/send once
event message {"delta":"half"}
close
on POST /chat/send
status 503
SCENARIO
    quick -q -o json --retry 1 hi
    expect_status 69
    expect_jq '.[0] | .text == "half" and (.timing | .first_byte_ms == null and .first_delta_ms == null and .connect_ms != null)'
}

@test "json: tools and text of another attempt replace the former ones" {
    serve <<'SCENARIO'
on POST /chat/send once
event tool_started {"tool_name":"old","arguments":{}}
event message {"delta":"what had arrived"}
close
on POST /chat/send once
event tool_started {"tool_name":"new","arguments":{}}
event tool_started {"tool_name":"newer","arguments":{}}
close
SCENARIO
    quick -q -o json --retry 1 hi
    expect_status 75
    expect_jq '.[0] | .text == "what had arrived" and .text_bytes == 16 and .tool_calls == 2 and [.tools[].name] == ["new", "newer"]'
}

@test "--no-stream and json: a complete answer without text" {
    local option
    for option in --no-stream --output=json; do
        serve <<'SCENARIO'
on POST /chat/send once
event tool_started {"tool_name":"old","arguments":{}}
event message {"delta":"half"}
close
on POST /chat/send
event done {}
SCENARIO
        quick -q $option hi
        expect_status 0
        case $option in
        --no-stream) expect_bytes '' ;;
        *) expect_jq '.[0] | .text == "" and .text_bytes == 0 and .tool_calls == 0 and .tools == []' ;;
        esac
        again
    done
}

@test "--no-stream and json: no retry once --events has a tool" {
    local option
    for option in --no-stream --output=json; do
        serve_then $'event message {"delta":"half"}\nclose'
        quick -q $option --events "$T/events" hi
        expect_status 0
        [ "$(posts)" -eq 2 ]
        again
        serve_then $'event tool_started {"tool_name":"t","arguments":{}}\nevent message {"delta":"half"}\nclose'
        quick -q $option --events "$T/events" hi
        expect_status 75
        [ "$(posts)" -eq 1 ]
        [ "$(grep -c tool_started "$T/events")" -eq 1 ]
        again
    done
}

@test "--no-stream: no retry with -c" {
    serve_then $'event message {"delta":"half"}\nclose'
    quick -q --no-stream -c "$ID" hi
    expect_status 75
    expect_bytes 'half\n'
    [ "$(posts)" -eq 1 ]
}

# --- the number of retries, and delays ---

@test "three retries by default, --retry sets the number" {
    serve_then 'status 503' 100
    quick -q hi
    expect_status 69
    [ "$(posts)" -eq 4 ]
    quick -q --retry 0 hi
    [ "$(posts)" -eq 5 ]
    quick -q --retry 5 --retry-delay 0.001 hi
    [ "$(posts)" -eq 11 ]
}

@test "each retry is announced on standard error" {
    serve <<'SCENARIO'
on POST /chat/send
status 503
body {"detail":"Down for\\n\\u001b[31mmaintenance"}
SCENARIO
    quick --retry 2 hi
    expect_status 69
    [ "$(wc -l <"$ERR")" -eq 3 ]
    expect_line 'sigmasight-chat: retry 1 of 2 in .*: .*Down for.*'
    expect_line 'sigmasight-chat: retry 2 of 2 in .*: .*Down for.*'
    expect_no $'\e' "$ERR"
    quick -q --retry 2 hi
    expect_error
}

@test "the delays double, with a jitter of 10 %" {
    serve_then 'status 503' 10
    run_chat send -j --retry 4 --retry-delay 0.04 hi
    expect_status 69
    expect_lines
    expect_jq 'map(select(.event == "client.retry").data) | map(.attempt) == [1, 2, 3, 4] and all(.of == 4) and
        (map(.delay_ms) | .[0] >= 36 and .[0] <= 44 and .[1] >= 72 and .[1] <= 88 and .[2] >= 144 and .[2] <= 176 and .[3] >= 288 and .[3] <= 352)'
    expect_close '.timing.elapsed_ms >= 540'
}

# first_delay STEPS [OPTION]...: the announced delay of the first retry, without waiting for it.
first_delay()
{
    local steps=$1 line=''
    shift
    serve_then "$steps"
    rm -f "$T/rows"
    pipe_from ROWS
    launch "$CHAT" send -j "$@" hi >"$T/rows" 2>"$ERR"
    until [[ $line == *client.retry* || $line == *client.close* ]]; do
        line=''
        read -r -t "$PATIENCE" -u "$ROWS" line || fail 'no line'
    done
    kill -TERM "$PID" || :
    await_end
    DELAY=$(jq .data.delay_ms <<<"$line")
    again
}

# date_in SECONDS [FORMAT]: prints the HTTP date in so many seconds.
date_in()
{
    LC_ALL=C date -u -d "+$1 seconds" "+${2:-%a, %d %b %Y %H:%M:%S GMT}"
}

@test "Retry-After in seconds, if it is longer than the delay" {
    first_delay $'status 503\nheader Retry-After: 7'
    [ "$DELAY" -eq 7000 ] || fail "$DELAY"
    first_delay $'status 429\nheader Retry-After: 7' --retry-delay 0.01
    [ "$DELAY" -eq 7000 ] || fail "$DELAY"
    first_delay $'status 503\nheader Retry-After: 1' --retry-delay 20
    [ "$DELAY" -ge 18000 ] && [ "$DELAY" -le 22000 ] || fail "$DELAY"
}

@test "Retry-After as a date" {
    # The three formats of RFC 9110.
    for format in '%a, %d %b %Y %H:%M:%S GMT' '%A, %d-%b-%y %H:%M:%S GMT' '%a %b %e %H:%M:%S %Y'; do
        first_delay "status 503"$'\n'"header Retry-After: $(date_in 1000 "$format")" --retry-max-time 0
        [ "$DELAY" -gt 900000 ] && [ "$DELAY" -le 1000000 ] || fail "$format: $DELAY"
    done
    first_delay "status 503"$'\n'"header Retry-After: $(date_in -3600)" --retry-delay 5
    [ "$DELAY" -ge 4500 ] && [ "$DELAY" -le 5500 ] || fail "$DELAY"
}

@test "an invalid Retry-After is ignored" {
    for value in soon -5 '' 0 'Thu, 99 Foo 2026' "$(date_in 30) x" $'\xff'; do
        serve_then "status 503"$'\n'"header Retry-After: $value"
        quick -q hi
        [ "$status" -eq 0 ] || fail "$value"
        [ "$(posts)" -eq 2 ] || fail "$value"
        again
    done
}

@test "Retry-After beyond --retry-max-time: no retry" {
    serve_then $'status 503\nheader Retry-After: 3600'
    run_chat send -q hi
    expect_status 69
    expect_error
    [ "$(posts)" -eq 1 ]
    run_chat send -q hi
    expect_status 0
}

@test "a delay out of range is limited" {
    local value
    for value in 4611686018427386 9223372036854775807 99999999999999999999; do
        serve_then "status 429"$'\n'"header X-RateLimit-Reset: $value"
        run_chat send --retry-max-time 0 --max-time 60 -q hi
        expect_status 75
        [ "$(posts)" -eq 1 ] || fail "$value"
        expect_error '.*2147483647 s.*'
        again
    done
}

# Many services send it with every response.
@test "X-RateLimit-Reset counts only with status 429" {
    local reset code
    reset=$(($(date +%s) + 3000))
    for code in 500 502 503 529; do
        serve_then "status $code"$'\nheader X-RateLimit-Remaining: 990\nheader X-RateLimit-Reset: '"$reset"
        quick -q hi
        [ "$status" -eq 0 ] || fail "$code"
        [ "$(posts)" -eq 2 ] || fail "$code"
        again
    done
    serve_then $'status 404\nheader X-RateLimit-Reset: '"$reset"
    run_chat send -q -c "$ID" hi
    expect_status 65
    expect_no 'retry after' "$ERR"
    again
    first_delay $'status 503\nheader Retry-After: 7\nheader X-RateLimit-Reset: '"$reset"
    [ "$DELAY" -eq 7000 ] || fail "$DELAY"
    first_delay $'status 429\nheader X-RateLimit-Reset: '"$reset"$'\nheader Retry-After: 7'
    [ "$DELAY" -eq 7000 ] || fail "$DELAY"
    first_delay $'status 429\nheader X-RateLimit-Reset: '"$reset" --retry-max-time 0
    [ "$DELAY" -gt 2000000 ] && [ "$DELAY" -le 3000000 ] || fail "$DELAY"
}

@test "the retry_after of an error event" {
    first_delay 'event error {"message":"m","retryable":true,"retry_after":7.5}' --retry-delay 0.01
    [ "$DELAY" -eq 7500 ] || fail "$DELAY"
    first_delay 'event error {"type":"error","run_id":"r","seq":0,"data":{"error":"m","error_type":"e","retryable":true,"retry_after":7},"timestamp":1}'
    [ "$DELAY" -eq 7000 ] || fail "$DELAY"
    first_delay 'event error {"message":"m","retryable":true,"retry_after":"7"}' --retry-delay 0.01
    [ "$DELAY" -lt 100 ] || [ "$DELAY" -eq 7000 ] || fail "$DELAY"
    first_delay 'event error {"message":"m","retryable":true,"retry_after":-7}' --retry-delay 0.01
    [ "$DELAY" -lt 100 ] || fail "$DELAY"
}

@test "an SSE retry: field replaces --retry-delay" {
    first_delay $'raw retry: 5000\\n\\n\nclose' --retry-delay 0.01
    [ "$DELAY" -ge 4500 ] && [ "$DELAY" -le 5500 ] || fail "$DELAY"
    first_delay $'raw retry: 20\\n\\n\nclose' --retry-delay 9
    [ "$DELAY" -ge 18 ] && [ "$DELAY" -le 22 ] || fail "$DELAY"
    first_delay $'raw retry: 5s\\n\\n\nclose' --retry-delay 0.02
    [ "$DELAY" -ge 18 ] && [ "$DELAY" -le 22 ] || fail "$DELAY"
}

@test "an SSE retry: field applies to all later attempts and is doubled like --retry-delay" {
    serve <<'SCENARIO'
on POST /chat/send once
raw retry: 20\n\n
close
on POST /chat/send
wire
close
SCENARIO
    run_chat send -j --retry 3 --retry-delay 9 hi
    expect_status 75
    expect_jq '[.[] | select(.event == "client.retry").data.delay_ms] | length == 3
        and .[0] >= 18 and .[0] <= 22 and .[1] >= 36 and .[1] <= 44 and .[2] >= 72 and .[2] <= 88'
}

@test "--retry-max-time limits all attempts together" {
    serve_then 'status 503' 100
    run_chat send -q --retry 50 --retry-delay 0.1 --retry-max-time 0.5 hi
    expect_status 69
    # 0.1 and 0.2 s fit, another 0.4 s do not.
    [ "$(posts)" -eq 3 ]
    run_chat send -q --retry 2 --retry-delay 0.01 --retry-max-time 0 hi
    [ "$(posts)" -eq 6 ]
}

# --- the calls before the message ---

@test "a conversation is created once" {
    serve <<'SCENARIO'
on POST /chat/conversations
status 503
on POST /chat/conversations
status 502
on POST /chat/conversations
wire
close
on POST /chat/conversations
default
on POST /chat/conversations
status 418
on POST /chat/send
status 503
on POST /chat/send
wire
reset
on POST /chat/send
event message {"delta":"Hello"}
event done {}
SCENARIO
    quick -q hi
    expect_status 0
    expect_bytes 'Hello\n'
    expect_requests 'POST /chat/conversations' 'POST /chat/conversations' 'POST /chat/conversations' 'POST /chat/conversations' \
        'POST /chat/send' 'POST /chat/send' 'POST /chat/send'
    [ "$(body 5)" = "$(body 7)" ]
}

@test "a failed creation is retried as often as a message" {
    serve <<'SCENARIO'
on POST /chat/conversations
status 503
SCENARIO
    quick --retry 2 hi
    expect_status 69
    [ "$(count_requests 'POST /chat/conversations')" -eq 3 ]
    [ "$(grep -c '^sigmasight-chat: retry' "$ERR")" -eq 2 ]
    [ "$(posts)" -eq 0 ]
}

@test "a change of mode follows the same rules" {
    serve <<'SCENARIO'
on PUT /chat/conversations/*/mode
status 503
on PUT /chat/conversations/*/mode
status 500
on PUT /chat/conversations/*/mode
body {"conversation_id":"$CONVERSATION","previous_mode":"green","new_mode":"blue"}
on POST /chat/send
event message {"delta":"Hello"}
event done {}
SCENARIO
    quick -q -c "$ID" -m blue hi
    expect_status 69
    expect_requests "PUT /chat/conversations/$ID/mode" "PUT /chat/conversations/$ID/mode"
    # The server is at its third answer now.
    quick -q -c "$ID" -m blue hi
    expect_status 0
    [ "$(count_requests "PUT .*")" -eq 3 ]
}

@test "a change of mode that may be done already is retried with --retry-all" {
    serve <<'SCENARIO'
on PUT /chat/conversations/*/mode
status 500
on PUT /chat/conversations/*/mode
body {"conversation_id":"$CONVERSATION","previous_mode":"green","new_mode":"blue"}
on POST /chat/send
event message {"delta":"Hello"}
event done {}
SCENARIO
    quick -q -c "$ID" -m blue --retry-all hi
    expect_status 0
    expect_requests "PUT /chat/conversations/$ID/mode" "PUT /chat/conversations/$ID/mode" 'POST /chat/send'
}

@test "a conversation whose message is refused is deleted" {
    local code
    for code in 400 404 422 413; do
        serve <<SCENARIO
on POST /chat/send
status $code
body {"detail":"no"}
SCENARIO
        run_chat send -j hi
        expect_status 65
        expect_requests 'POST /chat/conversations' 'POST /chat/send' "DELETE /chat/conversations/$(body 2 | jq -r .conversation_id)"
        [ "$(header authorization 3)" = "Bearer $TOKEN" ]
        again
    done
}

@test "an existing conversation is never deleted" {
    serve <<'SCENARIO'
on POST /chat/send
status 422
SCENARIO
    run_chat send -c "$ID" hi
    expect_status 65
    expect_requests 'POST /chat/send'
}

@test "a conversation that may hold the message is not deleted" {
    local steps
    for steps in 'status 500' 'status 502' $'wire\nclose' $'event message {"delta":"half"}\nclose' 'event error {"message":"m","retryable":false}'; do
        serve_then "$steps"
        run_chat send -q --retry 0 hi
        [ "$status" -ne 0 ]
        expect_requests 'POST /chat/conversations' 'POST /chat/send'
        again
    done
}

@test "a conversation that cannot be deleted does not hide the refusal" {
    serve <<'SCENARIO'
on POST /chat/send
status 422
body {"detail":"too long"}
on DELETE /chat/conversations/*
status 500
body {"detail":"cannot delete"}
SCENARIO
    run_chat send -q hi
    expect_status 65
    expect_error '.*too long.*'
    [ "$(count_requests 'DELETE .*')" -eq 1 ]
}

@test "each attempt reports its own connection" {
    serve_then 'status 503' 2
    quick -j hi
    expect_status 0
    [ "$(names)" = 'client.retry client.retry client.open message done client.close' ]
    expect_jq '.[2].data.attempt == 3'
}
