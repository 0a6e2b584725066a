#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# sigmasight-mock itself, with curl as its client. MOCK is the program.

bats_require_minimum_version 1.5.0

setup()
{
    [ -n "${MOCK-}" ] || skip "sigmasight-mock was not built"
    cd "$BATS_TEST_TMPDIR" || return 1
    token=T type=application/json mock='' patience=$((3 * ${PATIENCE-10}))
}

teardown()
{
    [ -z "$mock" ] || stop
}

# Starts a server with these options: sets $mock, its process, and $url and $base. If --scenario is
# the first option, standard input is the scenario.
start()
{
    if [ "${1-}" = --scenario ]; then
        shift
        cat >scenario
        set -- --scenario scenario "$@"
    fi
    [ -p out ] || mkfifo out
    # A command in the background ignores SIGINT.
    env --default-signal=INT "$MOCK" --port 0 --with-parent --token T --pace 0 "$@" >out 3>&- &
    mock=$!
    read -r url <out
    base=${url%/api/v1}
}

# Ends the server, and fails unless it exits with 0: so each test reports what a sanitizer finds.
stop()
{
    local process=$mock
    mock=
    kill "$process"
    wait "$process"
}

# api METHOD PATH [OPTION]...: sends a request with these options of curl. Sets $status; writes the files head and body.
api()
{
    local method=$1 path=$2
    shift 2
    status=$(curl -sS -m "$patience" -X "$method" -H "Authorization: Bearer $token" \
        -H "Content-Type: $type" -o body -D head -w '%{http_code}' "$@" "$url$path")
}

# The same for a body that is cut off: $code is curl's exit status.
broken()
{
    code=0
    : >body
    api "$@" 2>error || code=$?
}

# Prints the bytes of the connection as they are, up to its end.
bytes()
{
    local port=${base##*:}
    exec 4<>"/dev/tcp/127.0.0.1/$port"
    printf '%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n' "$1" "/api/v1$2" >&4
    cat <&4
    exec 4>&-
}

control()
{
    curl -sS -m "$patience" -X "$1" "$base/mock/$2"
}

# Creates a conversation: $id.
converse()
{
    api POST /chat/conversations -d "${1-{\}}"
    [ "$status" = 201 ]
    id=$(grep -o '[0-9a-f]\{8\}-[0-9a-f-]\{27\}' body)
}

say()
{
    api POST /chat/send -d "{\"conversation_id\":\"$id\",\"text\":\"$1\"}"
}

is_body()
{
    printf '%b' "$1" | diff - body
}

has()
{
    grep -qF -- "$1" "${2-body}" || { cat "${2-body}" && false; }
}

# --- the program ---

@test "mock: --help and --version print and end" {
    run -0 "$MOCK" --help
    [[ $output == *--scenario\ FILE* ]]
    run -0 "$MOCK" --version
    [[ $output == sigmasight-mock\ *libmicrohttpd* ]]
}

@test "mock: the manual and the completions have every option and error code" {
    local file word missing=0
    "$MOCK" --help | sed -n 's/^  --\([a-z0-9-]*\).*/\1/p' >options
    sed -n 's/^@\(error\|refusal\) \([^ ]*\).*/\2/p' "$SRCDIR/share/mock/data.txt" >codes
    [ "$(wc -l <options)" -gt 15 ]
    [ "$(wc -l <codes)" -gt 10 ]
    for file in man/sigmasight-mock.1 completions/{sigmasight-mock.bash,_sigmasight-mock,sigmasight-mock.fish}; do
        while read -r word; do
            grep -qE "(Fl -|--|-l )$word([^a-z-]|$)" "$SRCDIR/$file" || { echo "$file: --$word" && missing=1; }
        done <options
        while read -r word; do
            grep -qwF "$word" "$SRCDIR/$file" || { echo "$file: $word" && missing=1; }
        done <codes
    done
    [ "$missing" = 0 ]
}

@test "mock: an invalid command line is 64 and one line" {
    local wrong
    for wrong in --nonsense --port "--port x" "--port 65536" "--generation 3" "--pace -1" operand; do
        # shellcheck disable=SC2086
        run -64 --separate-stderr "$MOCK" $wrong
        [ -z "$output" ]
        # shellcheck disable=SC2154 # bats sets both
        { [ "${#stderr_lines[@]}" -eq 1 ] && [[ $stderr == "sigmasight-mock: "* ]]; }
    done
}

@test "mock: output that cannot be written is 74" {
    local option
    for option in --help --version '--port 0 --with-parent'; do
        # shellcheck disable=SC2086
        run -74 --separate-stderr bash -c '"$@" >/dev/full' full "$MOCK" $option
        [[ $stderr =~ ^"sigmasight-mock: cannot write standard output: "[^:]+$ ]]
    done
}

@test "mock: without a free descriptor it is 70" {
    # LeakSanitizer itself opens files at the end.
    export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0"
    # One is left, which the loader needs.
    run -70 --separate-stderr python3 -c 'import os, resource, sys
os.closerange(3, 256)
resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
os.execv(sys.argv[1], sys.argv[1:])' "$MOCK" --port 0 --with-parent
    [[ $stderr =~ ^"sigmasight-mock: cannot create a pipe for signals: "[^:]+$ ]] || { echo "$stderr" && false; }
}

@test "mock: files that cannot be read or created" {
    run -66 "$MOCK" --scenario nowhere
    [[ $output =~ ^"sigmasight-mock: cannot read nowhere: "[^:]+$ ]]
    run -66 "$MOCK" --answer nowhere
    run -73 "$MOCK" --dump /dev/null/x
    run -74 "$MOCK" --port 0 --port-file /dev/null/x
}

@test "mock: a port that is taken is 69" {
    start
    run -69 "$MOCK" --port "${base##*:}"
    [[ $output == *"cannot listen on 127.0.0.1 port"* ]]
}

@test "mock: prints its URL and writes its port to a file" {
    start --port-file port
    [[ $url =~ ^http://127\.0\.0\.1:[0-9]+/api/v1$ ]]
    [ "$(cat port)" = "${base##*:}" ]
    [ "$(ls)" = "$(printf 'out\nport')" ]
}

@test "mock: --ipv6 listens on ::1" {
    mkfifo out
    "$MOCK" --port 0 --ipv6 --with-parent >out 2>error 3>&- &
    mock=$!
    if ! read -r url <out; then
        has 'cannot listen on ::1' error
        mock=
        skip "no IPv6 here"
    fi
    [[ $url == "http://[::1]:"* ]]
    api GET /auth/me
    [ "$status" = 401 ]
}

@test "mock: ends with 0 on SIGTERM and on SIGINT" {
    start
    stop
    start
    kill -INT "$mock"
    wait "$mock"
    mock=
}

@test "mock: ends while responses wait at a gate, in a pause, in silence and before the head" {
    start --scenario <<-'END'
	on GET /gate
	  gate never
	on GET /pause
	  pause 3600000
	on GET /silence
	  silence
	on GET /head
	  gate neither
	  status 200
	END
    local path
    for path in gate pause silence head; do
        curl -s "$url/$path" >/dev/null 3>&- &
    done
    control GET gates/never
    control GET gates/neither
    curl -s "$base/mock/gates/other" >/dev/null 3>&- &
    curl -s "$base/mock/closed/99" >/dev/null 3>&- &
    stop
}

@test "mock: ends with its parent" {
    mkfifo out hold
    # shellcheck disable=SC2016
    bash -c '"$MOCK" --port 0 --with-parent >out & read -r _ <hold' 3>&- &
    local parent=$!
    exec 5<out
    read -r url <&5
    [ -n "$url" ]
    echo >hold
    wait "$parent"
    # Its standard output is closed when it has ended.
    run -1 read -r -t "$patience" line <&5
    exec 5<&-
}

# --- login ---

@test "mock: login returns a valid token" {
    start
    api POST /auth/login -d '{"email":"ann_lee@example.org","password":"x"}'
    [ "$status" = 200 ]
    has '"token_type":"bearer","expires_in":86400}'
    has 'set-cookie: auth_token=' head
    token=$(sed 's/.*"access_token":"\([^"]*\)".*/\1/' body)
    api GET /auth/me
    [ "$status" = 200 ]
    has '"email":"ann_lee@example.org","full_name":"Ann Lee","is_active":true,"created_at":"20'
    api POST /auth/refresh
    [ "$status" = 200 ]
    has '"access_token":"'
    api POST /auth/logout
    is_body '{"message":"Successfully logged out","success":true}'
    api GET /auth/me
    [ "$status" = 200 ]
}

@test "mock: login refuses as the real backend does" {
    start
    api POST /auth/login -d '{"email":"a@example.org","password":"wrong"}'
    [ "$status" = 401 ]
    is_body '{"detail":"Incorrect email or password"}'
    api POST /auth/login -d '{"email":"a@example.org"}'
    [ "$status" = 422 ]
    is_body '{"detail":[{"type":"missing","loc":["body","password"],"msg":"Field required","input":{"email":"a@example.org"}}]}'
    api POST /auth/login -d '{"email":"olé","password":"x"}'
    [ "$status" = 422 ]
    has '"loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.","input":"olé"'
    type=application/x-www-form-urlencoded
    api POST /auth/login -d 'username=a'
    [ "$status" = 422 ]
    has '"type":"model_attributes_type","loc":["body"]'
    has '"input":"username=a"'
}

@test "mock: an unknown or expired token, or one of another login, is refused" {
    start --token-life 0
    api POST /auth/login -d '{"email":"a@example.org","password":"x"}'
    token=$(sed 's/.*"access_token":"\([^"]*\)".*/\1/' body)
    local path
    for path in me logout refresh; do
        api "$([ $path = me ] && echo GET || echo POST)" /auth/$path
        [ "$status" = 401 ]
        is_body '{"detail":"Could not validate credentials"}'
        has 'www-authenticate: Bearer' head
    done
    token=unknown
    api GET /chat/conversations
    [ "$status" = 401 ]
    stop
    start --generation 2 --web-tokens
    token=T
    api GET /auth/me
    [ "$status" = 200 ]
    has '"tier":"paid"'
    api POST /auth/login -d '{"email":"a@example.org","password":"x"}'
    [ "$status" = 200 ]
    token=$(sed 's/.*"access_token":"\([^"]*\)".*/\1/' body)
    api GET /auth/me
    [ "$status" = 401 ]
}

# --- conversations ---

@test "mock: conversations are created, shown, changed and deleted" {
    start
    api POST /chat/conversations -d '{"mode":"indigo","more":1}'
    [ "$status" = 201 ]
    has '"mode":"indigo","created_at":"20'
    has ',"provider":"openai","provider_thread_id":null}'
    id=$(sed 's/^{"conversation_id":"\([^"]*\)".*/\1/' body)
    cp body made
    api GET "/chat/conversations/$id"
    cmp body made
    api GET "/chat/conversations/${id//-/}"
    cmp body made
    api PUT "/chat/conversations/$id/mode" -d '{"mode":"blue"}'
    [ "$status" = 200 ]
    has "{\"conversation_id\":\"$id\",\"previous_mode\":\"indigo\",\"new_mode\":\"blue\",\"changed_at\":\"20"
    api DELETE "/chat/conversations/$id"
    [ "$status" = 204 ]
    if grep -qi content-length head; then return 1; fi
    api DELETE "/chat/conversations/$id"
    [ "$status" = 404 ]
    is_body '{"detail":"Conversation not found"}'
}

@test "mock: the list is a bare array, newest first, in pages" {
    start --generation 2
    api GET /chat/conversations
    is_body '[]'
    local ids=()
    for _ in 0 1 2; do
        converse
        ids+=("$id")
    done
    api GET '/chat/conversations?limit=2&offset=0'
    [[ $(cat body) == "[{\"id\":\"${ids[2]}\""*"},{\"id\":\"${ids[1]}\""*"}]" ]]
    api GET '/chat/conversations?limit=2&offset=2'
    [[ $(cat body) == "[{\"id\":\"${ids[0]}\""*"}]" ]]
    api GET '/chat/conversations?limit=3000000000&offset=2'
    [[ $(cat body) == "[{\"id\":\"${ids[0]}\""*"}]" ]]
    api GET '/chat/conversations?offset=3000000000'
    is_body '[]'
    api GET '/chat/conversations?limit=x'
    [ "$status" = 422 ]
    has '"type":"int_parsing","loc":["query","limit"]'
    api GET '/chat/conversations?limit=-1'
    [ "$status" = 500 ]
    is_body '{"detail":"Failed to list conversations"}'
}

@test "mock: an account sees its own conversations only" {
    start
    converse
    api POST /auth/login -d '{"email":"b@example.org","password":"x"}'
    token=$(sed 's/.*"access_token":"\([^"]*\)".*/\1/' body)
    api GET "/chat/conversations/$id"
    [ "$status" = 404 ]
    api GET /chat/conversations
    is_body '[]'
    say hello
    [ "$status" = 403 ]
    is_body '{"detail":"Not authorized to access this conversation"}'
}

@test "mock: invalid IDs, modes, paths and methods" {
    start
    api GET /chat/conversations/abc
    [ "$status" = 422 ]
    has '"type":"uuid_parsing","loc":["path","conversation_id"],"msg":"Input should be a valid UUID, invalid length: expected length 32 for simple format, found 3","input":"abc"'
    api GET /chat/conversations/00000000-0000-4000-8000-0000000000000
    [ "$status" = 422 ]
    has 'expected length 32 for simple format, found 33'
    # Valid, but unknown.
    for id in urn:uuid:00000000-0000-4000-8000-000000000000 %7B00000000000040008000000000000000%7D; do
        api GET "/chat/conversations/$id"
        [ "$status" = 404 ]
    done
    for query in limit=x limit= limit=1x limit=-1 offset=-1 limit=99999999999999999999; do
        api GET "/chat/conversations?$query"
        [ "$status" != 200 ] || { echo "$query" && false; }
    done
    api PUT /chat/conversations/00000000-0000-4000-8000-000000000000/mode -d '{"mode":"blue"}'
    [ "$status" = 404 ]
    api POST /chat/conversations -d '[1]'
    [ "$status" = 422 ]
    has '"type":"model_attributes_type","loc":["body"]'
    has '"input":[1]}'
    api POST /chat/conversations -d '{"mode":"purple"}'
    [ "$status" = 422 ]
    has '"type":"string_pattern_mismatch","loc":["body","mode"]'
    api POST /chat/conversations
    [ "$status" = 422 ]
    is_body '{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}'
    api GET /chat/conversations/ -o body
    [ "$status" = 307 ]
    [ ! -s body ]
    has "location: $url/chat/conversations" head
    api GET /chat/send
    [ "$status" = 405 ]
    has 'allow: POST' head
    is_body '{"detail":"Method Not Allowed"}'
    api GET /nothing
    [ "$status" = 404 ]
    is_body '{"detail":"Not Found"}'
}

# --- messages ---

@test "mock: a message is checked before it is answered" {
    start
    converse
    say ' \n '
    [ "$status" = 422 ]
    has '"type":"string_too_short","loc":["body","text"],"msg":"String should have at least 1 character","input":" \n "'
    say "$(printf 'é%.0s' {1..4000})   "
    [ "$status" = 200 ]
    say "$(printf 'é%.0s' {1..4001})"
    [ "$status" = 422 ]
    has '"type":"string_too_long"'
    api POST /chat/send -d '{"conversation_id":"zz","text":5}'
    [ "$status" = 422 ]
    has 'found `z` at 1"'
    has '"type":"string_type","loc":["body","text"],"msg":"Input should be a valid string","input":5'
    api POST /chat/send -d '{"text":'
    [ "$status" = 422 ]
    has '"type":"json_invalid","loc":["body",'
    say 'lone \ud83d surrogate'
    [ "$status" = 500 ]
    is_body 'Internal Server Error'
    id=00000000-0000-4000-8000-000000000000
    say hello
    [ "$status" = 404 ]
    token=
    say ''
    [ "$status" = 401 ]
}

@test "mock: a body is read as JSON if its type says so" {
    start
    converse
    for type in 'application/json; charset=utf-8' 'Application/JSON' 'application/vnd.x+json'; do
        say hello
        [ "$status" = 200 ] || { echo "$type" && false; }
    done
    for type in text/plain application/jsonx +json; do
        say hello
        [ "$status" = 422 ] || { echo "$type" && false; }
    done
}

@test "mock: white space is trimmed as by the real backend" {
    local space
    start
    converse
    for space in 0009 000d 0020 0085 00a0 1680 2000 200a 2028 2029 202f 205f 3000; do
        say "\\u$space"
        [ "$status" = 422 ] || { echo "$space" && false; }
    done
    for space in 0008 000e 0084 0086 167f 1fff 200b 2027 202a 205e 2fff 3001; do
        say "\\u$space"
        [ "$status" = 200 ] || { echo "$space" && false; }
    done
}

@test "mock: unknown calls below /mock" {
    start
    run control GET nothing
    [ "$output" = '{"detail":"Not Found"}' ]
    run control DELETE requests
    [ "$output" = '{"detail":"Not Found"}' ]
    run control GET closed/many
    [ "$output" = '{"detail":"Not a number"}' ]
}

@test "mock: the first generation's answer" {
    start
    converse '{"mode":"violet"}'
    say 'How concentrated am I?'
    [ "$status" = 200 ]
    has 'content-type: text/event-stream; charset=utf-8' head
    has 'cache-control: no-cache' head
    has 'x-accel-buffering: no' head
    [ "$(grep -m1 data: body)" = "data: {\"conversation_id\": \"$id\", \"mode\": \"violet\", \"model\": \"gpt-4o\"}" ]
    [ "$(grep event: body | uniq | tr '\n' ' ')" = 'event: start event: message event: tool_started event: tool_finished event: message event: done ' ]
    [ "$(grep -c '^event: done' body)" -eq 2 ]
    has '"delta": "**moderately ", "role": "assistant"'
    has '\ud83c\udfaf'
    # ASCII only, and a result of several kilobytes.
    if LC_ALL=C grep -q '[^ -~]' body; then return 1; fi
    [ "$(grep -A1 'event: tool_finished' body | wc -c)" -gt 2000 ]
}

@test "mock: the second generation's answer" {
    start --generation 2
    converse
    api POST /chat/send -d "{\"conversation_id\":\"$id\",\"text\":\"risk?\",\"ui_context\":{\"portfolio_id\":\"p-1\"}}"
    [ "$(grep event: body | uniq | tr '\n' ' ')" = 'event: message_created event: start event: response_id event: token event: tool_call event: tool_result event: tool_call event: tool_result event: token event: done ' ]
    has '"portfolio_id": "p-1"'
    # Sequence numbers in order, and 0 at the end.
    local seq
    seq=$(sed -n 's/.*"seq": \([0-9]*\),.*/\1/p' body | tr '\n' ' ')
    local last
    last=$(grep -c '"seq"' body)
    [ "$seq" = "$(seq -s ' ' 0 $((last - 2))) 0 " ]
    # The final text is the concatenation of the deltas.
    sed -n 's/.*{"delta": "\(.*\)"}, "timestamp".*/\1/p' body | tr -d '\n' >deltas
    sed -n 's/.*"final_text": "\(.*\)", "tool_calls_count": 2,.*/\1/p' body | tr -d '\n' >final
    [ -s final ]
    cmp deltas final
}

@test "mock: an event is an HTTP chunk" {
    start
    converse
    api POST /chat/send --raw -d "{\"conversation_id\":\"$id\",\"text\":\"hello\"}"
    local events
    events=$(grep -c '^event: ' body)
    [ "$(grep -cE '^[0-9A-F]+'$'\r' body)" -eq $((events + 1)) ]
    [ "$(tail -c 5 body | od -An -c | tr -d ' ')" = '0\r\n\r\n' ]
}

@test "mock: /mode is answered with the role system and changes nothing" {
    local generation
    for generation in 1 2; do
        start --generation $generation
        converse
        say ' /mode  blue '
        [ "$(grep -c event: body)" -eq 3 ]
        has '"mode": "blue"'
        has 'data: {"delta": "Mode changed to blue", "role": "system"}'
        has "$([ $generation = 1 ] && echo '"latency_ms": null, "tool_calls_count": 0}' || echo '"data": {"final_text": "Mode changed to blue", "tool_calls_count": 0}')"
        api GET "/chat/conversations/$id"
        has '"mode":"green"'
        say '/mode purple'
        [ "$(grep -c system body)" -eq 0 ]
        stop
    done
}

@test "mock: --trim-deltas trims deltas" {
    start --trim-deltas
    converse
    say hello
    has '"delta": "am", '
    if grep -q '"delta": " \|"delta": "[^"]* "' body; then return 1; fi
}

@test "mock: a recorded answer comes back byte for byte, an event a chunk" {
    printf 'event: a\ndata: 1\n\n: comment\n\nevent: b\r\ndata: 2\r\n\r\nevent: cut' >answer
    start --answer answer
    converse
    say hello
    cmp body answer
    api POST /chat/send --raw -d "{\"conversation_id\":\"$id\",\"text\":\"hello\"}"
    [ "$(grep -cE '^[0-9A-F]+'$'\r' body)" -eq 5 ]
}

@test "mock: a body that is too large is 413" {
    start
    head -c 8388609 /dev/zero | tr '\0' ' ' >large
    api POST /chat/send --data-binary @large
    [ "$status" = 413 ]
    [ "$(control GET requests)" = '{"requests":1,"open":0}' ]
}

@test "mock: --dump writes requests as they were sent" {
    start --dump dump
    converse
    api GET '/chat/conversations?limit=1' -H 'X-Odd-Case: a b' -H 'x-last: 1'
    cat >want <<-END
	POST /api/v1/chat/conversations
	GET /api/v1/chat/conversations?limit=1
	END
    diff want dump/log
    [ "$(ls dump)" = "$(printf '0001.request\n0002.request\nlog')" ]
    has $'POST /api/v1/chat/conversations HTTP/1.1\r' dump/0001.request
    [ "$(tail -n 1 dump/0001.request)" = '{}' ]
    [[ $(tr -d '\r' <dump/0002.request) == *$'\nX-Odd-Case: a b\nx-last: 1' ]]
}

# --- the rest of the service ---

@test "mock: a wrong value of an option says what was expected" {
    run -64 --separate-stderr "$MOCK" --portfolios 5
    [ "$stderr" = "sigmasight-mock: invalid value '5' for --portfolios: expected a number from 0 to 4; see 'sigmasight-mock --help'" ]
    run -64 --separate-stderr "$MOCK" --error nonsense
    [ "$stderr" = "sigmasight-mock: invalid value 'nonsense' for --error: unknown error code; see 'sigmasight-mock --help'" ]
}

@test "mock: portfolios are listed in the form of the generation" {
    start --portfolios 2
    api GET /data/portfolios
    [ "$status" = 200 ]
    [ "$(jq -r 'type, length, .[0].name' body | tr '\n' ' ')" = 'array 2 Demo portfolio – balanced ' ]
    api GET /portfolios
    [ "$status" = 404 ]
    stop
    start --generation 2 --portfolios 4
    api GET /portfolios
    [ "$(jq -c '[.total_count, (.portfolios | length), (.portfolios | map(.id) | unique | length)]' body)" = '[4,4,4]' ]
    api GET /data/portfolios
    [ "$status" = 404 ]
}

@test "mock: without a choice of one portfolio no conversation is created" {
    local generation count
    for generation in 1 2; do
        for count in 0 2; do
            start --generation $generation --portfolios $count
            api POST /chat/conversations -d '{"portfolio_ids":["a","b"]}'
            [ "$status" = 500 ]
            is_body '{"detail":"Failed to create conversation"}'
            api POST /chat/conversations -d '{"portfolio_id":"a","portfolio_ids":["a","b"]}'
            [ "$status" = "$([ $count = 0 ] && echo 500 || echo 201)" ]
            stop
        done
    done
}

@test "mock: /auth/me counts portfolios and messages" {
    start --generation 2 --portfolios 2
    converse '{"portfolio_id":"a"}'
    say hello
    api GET /auth/me
    [ "$(jq -c '[.portfolio_id, .portfolio_count, .tier, .limits.ai_messages_used, .limits.ai_messages_remaining]' body)" = \
        '["6d0f3c52-8a1e-4b7f-9c3d-21e5a7b48f90",2,"paid",1,999]' ]
    stop
    start --generation 2 --portfolios 0
    api GET /auth/me
    [ "$(jq -c '[.portfolio_id, .portfolio_count]' body)" = '[null,0]' ]
}

@test "mock: the context of a message is in its start event and in the dump" {
    start --generation 2 --dump dump
    converse '{"page_hint":"portfolio","route":"/p"}'
    api POST /chat/send -d "{\"conversation_id\":\"$id\",\"text\":\"hello\",\"ui_context\":{\"page_hint\":\"portfolio\",\"route\":\"/p\",\"portfolio_ids\":[\"a\"],\"selection\":{\"symbol\":\"NVDA\"}}}"
    has '"page_hint": "portfolio", "route": "/p", "portfolio_id": "6d0f3c52-8a1e-4b7f-9c3d-21e5a7b48f90", "portfolio_ids": ["a"]}'
    has '"selection":{"symbol":"NVDA"}' dump/0002.request
}

@test "mock: feedback on an answer" {
    local user assistant
    start --generation 2
    converse
    say hello
    user=$(sed -n 's/.*"user_message_id": "\([^"]*\)".*/\1/p' body)
    assistant=$(sed -n 's/.*"assistant_message_id": "\([^"]*\)".*/\1/p' body)
    api GET "/chat/messages/$assistant/feedback"
    [ "$status" = 404 ]
    api POST "/chat/messages/$assistant/feedback" -d '{"rating":"up","comment":"good"}'
    [ "$status" = 200 ]
    [ "$(jq -c 'del(.id)' body)" = "{\"message_id\":\"$assistant\",\"rating\":\"up\",\"edited_text\":null,\"comment\":\"good\"}" ]
    mv body posted
    api GET "/chat/messages/$assistant/feedback"
    cmp body posted
    api POST "/chat/messages/$user/feedback" -d '{"rating":"down"}'
    [ "$status" = 400 ]
    is_body '{"detail":"Feedback can only be provided on assistant messages"}'
    api POST "/chat/messages/$assistant/feedback" -d '{"rating":"sideways"}'
    [ "$status" = 422 ]
    has '"type":"literal_error","loc":["body","rating"]'
    api POST /chat/messages/00000000-0000-4000-8000-000000000000/feedback -d '{"rating":"up"}'
    [ "$status" = 404 ]
    api POST /auth/login -d '{"email":"b@example.org","password":"x"}'
    token=$(sed 's/.*"access_token":"\([^"]*\)".*/\1/' body)
    api POST "/chat/messages/$assistant/feedback" -d '{"rating":"up"}'
    [ "$status" = 403 ]
}

@test "mock: memories are stored, listed and deleted" {
    local generation
    for generation in 1 2; do
        start --generation $generation
        api GET /chat/memories
        is_body '{"memories":[],"total":0,"limit":50}'
        api POST /chat/memories -d '{"content":"likes bonds","scope":"user"}'
        [ "$status" = 201 ]
        id=$(jq -r .id body)
        api POST /chat/memories -d '{"content":"é \"x\""}'
        api POST /chat/memories -d '{"content":""}'
        [ "$status" = 422 ]
        api GET '/chat/memories?limit=x'
        [ "$status" = 422 ]
        api GET '/chat/memories?limit=1'
        [ "$(jq -c '[.total, .limit, .memories[].content, .memories[].scope]' body)" = '[2,1,"é \"x\"","user"]' ]
        api DELETE "/chat/memories/$id"
        [ "$status" = 200 ]
        api DELETE "/chat/memories/$id"
        [ "$status" = 404 ]
        is_body '{"detail":"Memory not found"}'
        api GET /chat/memories/count
        is_body '{"count":1}'
        api POST /auth/login -d '{"email":"b@example.org","password":"x"}'
        token=$(sed 's/.*"access_token":"\([^"]*\)".*/\1/' body)
        api DELETE /chat/memories
        is_body '{"success":true,"deleted":0}'
        token=T
        api DELETE /chat/memories
        is_body '{"success":true,"deleted":1}'
        stop
    done
}

@test "mock: a morning briefing" {
    start --generation 2
    api POST /insights/generate -d '{"portfolio_id":"p-1","insight_type":"morning_briefing"}'
    [ "$status" = 200 ]
    [ "$(jq -r '.portfolio_id, (.key_findings | length)' body | tr '\n' ' ')" = 'p-1 3 ' ]
    api GET /insights/portfolio/6d0f3c52-8a1e-4b7f-9c3d-21e5a7b48f90
    [ "$(jq -r '.insights[0].portfolio_id' body)" = 6d0f3c52-8a1e-4b7f-9c3d-21e5a7b48f90 ]
}

@test "mock: errors on demand, for all messages" {
    start --error quota_exceeded
    converse
    say hello
    [ "$(grep event: body | tr '\n' ' ')" = 'event: start event: error event: done ' ]
    has "'code': 'insufficient_quota'}}\", \"code\": null, \"retryable\": true, \"details\": null}"
    stop
    start --generation 2 --error rate_limit_exceeded
    converse
    say hello
    [ "$(grep event: body | tr '\n' ' ')" = 'event: message_created event: start event: error ' ]
    has '"error_type": "rate_limit_exceeded", "retryable": false, "retry_after": 60, "attempts": 3}, "timestamp": '
    stop
    start --generation 2 --error ai_limit_reached
    converse
    say hello
    [ "$status" = 429 ]
    [ "$(jq -r .detail.error body)" = ai_limit_reached ]
}

@test "mock: errors on demand, from a scenario" {
    start --scenario --generation 2 <<-'END'
	on POST /chat/send
	  default RATE_LIMITED
	on POST /chat/send
	  default
	on POST /chat/conversations
	  default
	on POST /chat/conversations
	  default invite_required
	END
    converse
    say hello
    has '"error_type": "RATE_LIMITED", "retryable": true, "retry_after": 1}'
    say hello
    has 'event: done'
    api POST /chat/conversations -d '{}'
    [ "$status" = 403 ]
    has '"error":"invite_required"'
}

@test "mock: five answers fail after one with tool calls" {
    local generation n
    for generation in 1 2; do
        start --generation $generation --broken-history
        converse
        say hello
        has 'event: done'
        say 'How did I perform?'
        has 'event: done'
        for n in 1 2 3 4 5; do
            say hello
            has "'id'"
        done
        say hello
        if grep -q 'event: error' body; then return 1; fi
        stop
    done
}

@test "mock: the first generation's failure after tool calls is an error and done" {
    start --broken-history
    converse
    say risk
    say hello
    is_body "event: error\\ndata: {\"message\": \"'id'\", \"code\": null, \"retryable\": true, \"details\": null}\\n\\nevent: done\\ndata: {\"total_tokens\": null, \"prompt_tokens\": null, \"completion_tokens\": null, \"latency_ms\": 0, \"tool_calls_count\": 0}\\n\\n"
}

@test "mock: more calls a second than the rate limit are 429" {
    # The calls of one curl, which take far less than a second.
    start --rate-limit 1
    curl -sS -H "Authorization: Bearer $token" -o body -w '%{http_code}\n' "$url/auth/me?[1-50]" >codes
    [ "$(head -n 1 codes)" = 200 ]
    has 429 codes
    stop
    start --rate-limit 1 --retry-after 7
    curl -sS -H "Authorization: Bearer $token" -o body -D head "$url/auth/me?[1-50]"
    has 'retry-after: 7' head
    has '{"detail":"Rate limit exceeded"}'
}

@test "mock: every topic has an answer in both generations" {
    local generation question
    for generation in 1 2; do
        start --generation $generation
        converse
        for question in 'How concentrated?' 'A hedge?' 'My risk?' 'Good morning!' 'Rebalance' 'Performance' 'Overview' 'markdown' hello other; do
            say "$question"
            has 'event: done'
            if grep -q '\$[A-Z]' body; then cat body && return 1; fi
            sed -n 's/^data: //p' body | jq -e . >/dev/null
        done
        stop
    done
}

# --- scenarios ---

@test "mock: blocks answer one request each, and the last one all others" {
    start --scenario <<-'END'
	# A comment, and an empty line.

	on POST /chat/send
	  status 503
	  header Retry-After: 7
	  header content-type: text/html
	  body <h1>busy</h1>
	on POST /chat/send
	  event message {"delta":"$ATTEMPT $CONVERSATION $TOKEN $TEXT $5 $$"}
	on DELETE /chat/conversations/*
	  status 418 I am $ATTEMPT teapots
	  body $CONVERSATION
	END
    id=one
    say 'a'
    [ "$status" = 503 ]
    is_body '<h1>busy</h1>'
    has $'Retry-After: 7\r' head
    has $'content-type: text/html\r' head
    if grep -q application/json head; then return 1; fi
    has $'Content-Length: 13\r' head
    say 'é \"x\"'
    is_body 'event: message\ndata: {"delta":"2 one T \\u00e9 \\"x\\" $5 $$"}\n\n'
    has 'text/event-stream' head
    say 'b'
    has '"delta":"3 one T b '
    api DELETE /chat/conversations/two
    [ "$status" = 418 ]
    has $'HTTP/1.1 418 I am $ATTEMPT teapots\r' head
    is_body 'two'
    api GET /chat/conversations
    [ "$status" = 200 ]
}

@test "mock: a block for one request, then the built-in behaviour" {
    start --scenario <<-'END'
	on POST /auth/login
	  default
	on POST /auth/login once
	  status 500
	END
    local want
    for want in 200 500 200 200; do
        api POST /auth/login -d '{"email":"a@example.org","password":"x"}'
        [ "$status" = $want ]
    done
}

@test "mock: output before a gate is sent when the gate is reached" {
    start --scenario <<-'END'
	on GET /stream
	  event a
	  gate first
	  event b
	  gate second-$ATTEMPT
	  event c
	END
    mkfifo pipe
    curl -sSN "$url/stream" >pipe 3>&- &
    exec 5<pipe
    control GET gates/first
    read -r line <&5
    [ "$line" = 'event: a' ]
    [ "$(control GET requests)" = '{"requests":1,"open":1}' ]
    control POST gates/first
    control GET gates/second-1
    control POST gates/second-1
    cat <&5 >rest
    exec 5<&-
    [ "$(tail -n 3 rest | head -n 1)" = 'event: c' ]
    control GET closed/1
    [ "$(control GET requests)" = '{"requests":1,"open":0}' ]
}

@test "mock: steps before the head delay it" {
    start --scenario <<-'END'
	on GET /late
	  gate head
	  header x-late: yes
	  no-header server
	  pause 1
	  raw done
	END
    curl -sS -D head -o body "$url/late" 3>&- &
    local client=$!
    control GET gates/head
    [ ! -s head ]
    control POST gates/head
    wait $client
    has 'x-late: yes' head
    if grep -qi '^server:' head; then return 1; fi
    is_body "done"
}

@test "mock: a client that closes the connection is noticed" {
    start --scenario <<-'END'
	on GET /gate
	  raw x
	  gate never
	on GET /silence
	  raw x
	  silence
	on GET /pause
	  raw x
	  pause 3600000
	on GET /head
	  gate neither
	  status 200
	END
    local path number=0
    mkfifo pipe
    for path in gate silence pause; do
        curl -sSN "$url/$path" >pipe 3>&- &
        head -c 1 pipe >/dev/null
        kill $!
        control GET closed/$((++number))
    done
    curl -sS "$url/head" 3>&- &
    control GET gates/neither
    kill $!
    control GET closed/4
    [ "$(control GET requests)" = '{"requests":4,"open":0}' ]
}

@test "mock: each kind of end" {
    start --scenario <<-'END'
	on GET /end
	  raw x
	  end
	on GET /close
	  raw x
	  close
	on GET /reset
	  raw x
	  reset
	on GET /short
	  header content-length: 5
	  raw x
	on GET /nothing
	  wire
	on GET /refused
	  wire
	  reset
	END
    api GET /end
    local path want
    while read -r path want; do
        broken GET "/$path"
        [ "$code" = "$want" ] || { echo "$path: $code" && cat error && false; }
        [ $path = nothing ] || [ $path = refused ] || is_body x
    done <<-'END'
	end 0
	close 18
	reset 56
	short 18
	nothing 52
	refused 56
	END
}

@test "mock: cut ends a response at any byte" {
    local n
    for n in 0 1 5 6 7; do
        start --scenario <<-END
	on GET /close
	  cut $n
	  raw abc
	  raw def
	on GET /reset
	  cut $n
	  raw abc
	  raw def
	  reset
	END
        printf '%.*s' $n abcdef >want
        broken GET /close
        [ "$code" = 18 ]
        cmp body want
        broken GET /reset
        [ "$code" = 56 ]
        cmp body want
        stop
    done
}

@test "mock: output of every kind, byte for byte" {
    printf 'from\0a file' >part
    start --scenario <<-'END'
	on GET /bytes
	  raw a\n\r\t\0\\\x7f\xC3\xa9 $TEXT\x24TEXT
	  raw
	  body   b
	  fill 7 xy\n
	  file part
	  repeat 2
	    raw (
	    repeat 3
	      raw .
	    end-repeat
	    raw )
	  end-repeat
	  repeat 0
	    raw never
	  end-repeat
	  event a
	  event b {"c":"\n"}
	  data x
	END
    api GET /bytes
    printf 'a\n\r\t\0\\\x7f\xc3\xa9 $TEXT  bxy\nxy\nxfrom\0a file(...)(...)event: a\ndata: {}\n\nevent: b\ndata: {"c":"\\n"}\n\ndata: x\n\n' >want
    cmp body want
}

@test "mock: writes are units, pieces or batches" {
    start --scenario <<-'END'
	on GET /units
	  header content-type: text/event-stream
	  raw abc
	  raw defg
	on GET /whole
	  raw abc
	  raw defg
	on GET /pieces
	  raw abc
	  chunk 2
	  raw defg
	  raw h
	  pause 0
	  raw ij
	  chunk 0
	  raw klm
	on GET /batches
	  raw a
	  batch 2
	  repeat 5
	    raw bc
	  end-repeat
	END
    api GET /units --raw
    is_body '3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n'
    api GET /whole --raw
    is_body abcdefg
    has $'Content-Length: 7\r' head
    api GET /pieces --raw
    is_body '3\r\nabc\r\n2\r\nde\r\n2\r\nfg\r\n1\r\nh\r\n2\r\nij\r\n3\r\nklm\r\n0\r\n\r\n'
    api GET /batches --raw
    is_body '1\r\na\r\n4\r\nbcbc\r\n4\r\nbcbc\r\n2\r\nbc\r\n0\r\n\r\n'
}

@test "mock: with wire everything is sent as the scenario says" {
    printf 'HTTP/1.0 204 From a file\r\n\r\n' >head-file
    start --scenario <<-'END'
	on GET /wire
	  wire HTTP/1.0 200 Fine\r\n
	  wire \r\n
	  event a
	  chunk 1
	  raw end
	on GET /file
	  wire-file head-file
	on GET /frame
	  wire HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n
	  frame
	  raw $ATTEMPT23
	  raw
	  fill 12 ab
	on GET /open
	  cut 4
	  wire 0123456
	END
    bytes GET /wire >body
    is_body 'HTTP/1.0 200 Fine\r\n\r\nevent: a\ndata: {}\n\nend'
    bytes GET /file >body
    cmp body head-file
    bytes GET /frame >body
    is_body 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n123\r\nc\r\nabababababab\r\n0\r\n\r\n'
    api GET /frame
    is_body '223abababababab'
    bytes GET /open >body
    is_body 0123
}

@test "mock: a large response is one stream, whatever its size" {
    start --scenario <<-'END'
	on GET /one
	  header content-type: text/event-stream
	  fill 1000000 x
	on GET /stream
	  batch 1000
	  repeat 2000000
	    event message {"delta":"0123456789 0123456789 0123456789 0123456789"}
	  end-repeat
	on GET /wire
	  wire HTTP/1.0 200 OK\r\n\r\n
	  fill 100000000 0123456789
	  reset
	END
    api GET /one --raw
    [ "$(head -n 1 body)" = $'F4240\r' ]
    [ "$(curl -sS "$url/stream" | wc -c)" -eq 156000000 ]
    [ "$(curl -s "$url/wire" | wc -c)" -eq 100000000 ]
}

@test "mock: an invalid scenario is 65 with its place" {
    local text want
    while IFS='|' read -r text want; do
        printf '%b\n' "$text" >wrong
        run -65 --separate-stderr "$MOCK" --port 0 --with-parent --scenario wrong
        [ "$stderr" = "sigmasight-mock: wrong:$want" ] || { echo "$stderr" && false; }
    done <<-'END'
	raw x|1: 'raw' comes before the first 'on'
	on POST|1: 'on' requires METHOD /PATH and optionally 'once'
	on POST /x twice|1: 'on' requires METHOD /PATH and optionally 'once'
	# c\n\non GET /x\n  nonsense|4: unknown step 'nonsense'
	on GET /x\nstatus 99|2: 'status' requires a number from 200 to 599
	on GET /x\nraw x\nstatus 200|3: 'status' must come before the body
	on GET /x\nheader x|2: 'header' requires NAME: VALUE
	on GET /x\nraw \\q|2: invalid escape '\q'
	on GET /x\nraw \\x1|2: invalid escape '\x'
	on GET /x\npause 1s|2: 'pause' requires a number
	on GET /x\nbatch 0|2: 'batch' requires a number above 0
	on GET /x\nfill x|2: 'fill' requires a number of bytes and a TEXT
	on GET /x\nraw x\ndefault|3: 'default' must be the only step of its block
	on GET /x\ndefault\nraw x|3: 'raw' follows the end of its block
	on GET /x\nclose\nraw x|3: 'raw' follows the end of its block
	on GET /x\nraw x\nwire y|3: 'wire' must be the first step of its block
	on GET /x\nframe|2: 'frame' requires a block that begins with 'wire'
	on GET /x\nrepeat 2\nraw x|3: the block before has 'repeat' without 'end-repeat'
	on GET /x\nend-repeat|2: 'end-repeat' without 'repeat'
	on GET /x\nrepeat 2\nend-repeat|3: 'end-repeat' has nothing to repeat
	on GET /x\nrepeat 2\nraw x\nreset|4: 'reset' cannot be repeated
	on GET /x\ngate a/b|2: 'gate' requires a NAME without a slash
	on GET /x\ngate|2: 'gate' requires a NAME without a slash
	on GET|1: 'on' requires METHOD /PATH and optionally 'once'
	on GET x|1: 'on' requires METHOD /PATH and optionally 'once'
	on GET /x\nrepeat 2\nraw x\non GET /y|4: the block before has 'repeat' without 'end-repeat'
	on GET /x\ndefault x|2: 'default' has an unknown error code
	on GET /x\nstatus 204\ndefault|3: 'default' must be the only step of its block
	on GET /x\nstatus 600|2: 'status' requires a number from 200 to 599
	on GET /x\nstatus ok|2: 'status' requires a number from 200 to 599
	on GET /x\npause 99999999999999999999|2: 'pause' requires a number
	on GET /x\nheader|2: 'header' requires NAME: VALUE
	on GET /x\nheader : x|2: 'header' requires NAME: VALUE
	on GET /x\nno-header|2: 'no-header' requires a NAME
	on GET /x\nwire y\nstatus 200|3: 'status' cannot be used after 'wire'
	on GET /x\nstatus 200\nwire y|3: 'wire' must be the first step of its block
	on GET /x\nraw x\nwire-file y|3: 'wire-file' must be the first step of its block
	on GET /x\nevent|2: 'event' requires a NAME
	on GET /x\nfill 3|2: 'fill' requires a number of bytes and a TEXT
	on GET /x\nfile|2: 'file' requires a PATH
	on GET /x\nwire-file|2: 'wire-file' requires a PATH
	on GET /x\nraw \\xg0|2: invalid escape '\x'
	on GET /x\nraw \\x0G|2: invalid escape '\x'
	on GET /x\nraw x\\|2: invalid escape '\'
	on GET /x\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2\nrepeat 2|18: 'repeat' is nested too deeply
	on GET /x\nrepeat x|2: 'repeat' requires a number
	on GET /x\nrepeat 2\nraw x\nend-repeat 2|4: 'end-repeat' takes no argument
	on GET /x\ncut x|2: 'cut' requires a number
	on GET /x\nwire y\nframe x|3: 'frame' takes no argument
	on GET /x\nclose x|2: 'close' takes no argument
	END
    printf 'on GET /x\r\n  file nowhere\r\n' >wrong
    run -66 --separate-stderr "$MOCK" --port 0 --scenario wrong
    [[ $stderr =~ ^"sigmasight-mock: wrong:2: cannot read nowhere: "[^:]+$ ]]
}
