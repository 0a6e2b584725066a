#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The conversation calls: list, new, show, mode, delete.

load helper
load accounts

ID2=11111111-2222-4333-8444-555555555555

# new [OPTION]...: the ID of a new conversation, in $id.
new()
{
    run_chat conversations new "$@"
    expect_status 0
    id=$(cat "$OUT")
}

# each_generation FUNCTION: calls it for both generations of the server.
each_generation()
{
    local generation
    for generation in 1 2; do
        serve_default --generation "$generation"
        "$@"
        stop_server
        rm -r "$T/announcement" "$T/port" "$DUMP"
        mkdir "$DUMP"
    done
}

# --- new ---

new_prints()
{
    run_chat conversations new
    expect_status 0
    expect_line '[0-9a-f]{8}-[0-9a-f-]{27}' "$OUT"
    [ "$(wc -l <"$OUT")" -eq 1 ]
    expect_bytes '' "$ERR"
    expect_body 1 ". == {}"
    run_chat conversations new -j
    expect_status 0
    jq -e '.conversation_id | length == 36' "$OUT"
    [ "$(wc -l <"$OUT")" -eq 1 ]
}

@test "new: prints only the ID" {
    each_generation new_prints
}

new_with_options()
{
    run_chat conversations new --mode violet --portfolio "$P1" --portfolio "$P2"
    expect_status 0
    expect_body 1 ". == {mode: \"violet\", portfolio_id: \"$P1\", portfolio_ids: [\"$P1\", \"$P2\"]}"
    run_chat conversations show "$(cat "$OUT")"
    expect_status 0
    expect_line 'mode	violet' "$OUT"
}

@test "new: --mode and --portfolio" {
    each_generation new_with_options
}

@test "new: an unknown mode is refused before anything is sent" {
    serve_default
    run_chat conversations new -m purple
    expect_status 64
    expect_requests
}

@test "new: an answer without an ID" {
    serve <<<$'on POST /chat/conversations\nstatus 201\nbody {"mode":"green"}'
    run_chat conversations new
    expect_failure 76 '.*no valid ID.*'
}

@test "new: a URL that is not the API" {
    serve <<<$'on POST /chat/conversations\nstatus 404\nbody {"detail":"Not Found"}'
    run_chat conversations new
    expect_failure 65 '.*Not Found.*check --url \(set by SIGMASIGHT_URL\); it usually ends in /api/v1'
}

@test "new: does not change the last conversation" {
    serve_default
    run_chat conversations new
    expect_status 0
    [ ! -e "$(state conversations.json)" ]
}

# --- list ---

# The IDs of the list, newest first, in the reverse order of their creation.
create_some()
{
    ids=()
    for _ in $(seq "$1"); do
        new
        ids=("$id" "${ids[@]}")
    done
}

list_both_ways()
{
    local ids
    create_some 3
    run_chat conversations mode "${ids[1]}" indigo
    expect_status 0
    for command in 'conversations list' conversations; do
        # shellcheck disable=SC2086 # words
        run_chat $command
        expect_status 0
        expect_bytes '' "$ERR"
        printf '%s\n' "${ids[@]}" >"$T/wanted"
        cut -f 1 "$OUT" | cmp "$T/wanted" - >&2
        cut -f 2 "$OUT" | paste -s -d ' ' - >"$T/modes"
        expect_bytes 'green indigo green\n' "$T/modes"
        [ "$(grep -c -x -P '[0-9a-f-]{36}\t[a-z]+\t[0-9]{4}-[0-9-]{5}T[0-9:.]+Z' "$OUT")" -eq 3 ]
    done
}

@test "list: the newest first, separated by tabs in a pipe" {
    each_generation list_both_ways
}

list_json()
{
    local ids
    create_some 2
    run_chat conversations -j
    expect_status 0
    [ "$(wc -l <"$OUT")" -eq 2 ]
    [ "$(jq -r .conversation_id "$OUT" | paste -s -d ' ' -)" = "${ids[*]}" ]
    jq -s -e 'map(has("mode") and has("created_at") and has("provider")) | all' "$OUT"
}

@test "list: JSON lines, with the guide's name for the ID in both generations" {
    each_generation list_json
}

@test "list: aligned on a terminal" {
    serve <<SCENARIO
on GET /chat/conversations
body [{"id":"$ID","mode":"green","created_at":"2026-01-02T03:04:05Z"},{"id":"short","mode":"indigo","created_at":"2026-01-01T00:00:00Z"}]
SCENARIO
    TZ=UTC-1:30 at_terminal -- "$CHAT" conversations
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_bytes "$ID  green   2026-01-02 04:34\nshort                                 indigo  2026-01-01 01:30\n" "$T/lines"
}

@test "show: local time at a terminal" {
    serve <<SCENARIO
on GET /chat/conversations/$ID
body {"id":"$ID","mode":"green","created_at":"2026-01-02T03:04:05Z","note":"2026-01-02T03:04:05Z"}
SCENARIO
    TZ=UTC-1:30 at_terminal -- "$CHAT" conversations show "$ID"
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_line 'created_at +2026-01-02 04:34' "$T/lines"
    expect_line 'note +2026-01-02T03:04:05Z' "$T/lines"
    TZ=UTC-1:30 run_chat conversations show "$ID"
    expect_line $'created_at\t2026-01-02T03:04:05Z' "$OUT"
}

@test "list: none" {
    serve_default
    run_chat conversations
    expect_status 0
    expect_bytes ''
    expect_bytes '' "$ERR"
}

@test "list: at a terminal an empty list says so on standard error" {
    serve_default
    expect_empty_list 'no conversations' conversations
    run_chat conversations new
    at_terminal -- "$CHAT" conversations
    expect_no 'no conversations' "$T/screen"
}

@test "list: 30 by default, --limit N, all with 0" {
    serve <<<$'on GET /chat/conversations\nbody []'
    local limit
    run_chat conversations
    for limit in 1 7 100 0; do
        run_chat conversations --limit "$limit"
        expect_status 0
    done
    expect_requests 'GET /chat/conversations?limit=30&offset=0' 'GET /chat/conversations?limit=1&offset=0' \
        'GET /chat/conversations?limit=7&offset=0' 'GET /chat/conversations?limit=100&offset=0' \
        'GET /chat/conversations?limit=100&offset=0'
}

# A page of N conversations whose numbers begin after M, as the body of an answer.
page()
{
    jq -n -c --argjson n "$1" --argjson m "$2" '[range($m; $m + $n) | {id: "c\(.)", mode: "green"}]'
}

@test "list: more than one page" {
    serve <<SCENARIO
on GET /chat/conversations
body $(page 100 0)

on GET /chat/conversations
body $(page 50 100)
SCENARIO
    run_chat conversations --limit 150
    expect_status 0
    expect_requests 'GET /chat/conversations?limit=100&offset=0' 'GET /chat/conversations?limit=50&offset=100'
    cut -f 1 "$OUT" >"$T/ids"
    seq -f 'c%g' 0 149 | cmp "$T/ids" - >&2
}

@test "list: all pages with --limit 0, until one is not full" {
    serve <<SCENARIO
on GET /chat/conversations
body $(page 100 0)

on GET /chat/conversations
body $(page 100 100)

on GET /chat/conversations
body $(page 3 200)
SCENARIO
    run_chat conversations --limit 0 -j
    expect_status 0
    expect_requests 'GET /chat/conversations?limit=100&offset=0' 'GET /chat/conversations?limit=100&offset=100' \
        'GET /chat/conversations?limit=100&offset=200'
    jq -r .conversation_id "$OUT" >"$T/ids"
    seq -f 'c%g' 0 202 | cmp "$T/ids" - >&2
}

@test "list: all pages of a server that always sends the first one" {
    serve <<<"on GET /chat/conversations
body $(page 100 0)"
    run_chat conversations --limit 0
    expect_status 0
    [ "$(wc -l <"$OUT")" -eq 100 ]
    [ "$(count_requests 'GET .*')" -eq 2 ]
    run_chat conversations --limit 0 -j
    expect_status 0
    [ "$(wc -l <"$OUT")" -eq 100 ]
    [ "$(count_requests 'GET .*')" -eq 4 ]
}

@test "list: repeated pages end it, and each page is printed as it arrives" {
    local first=conversation-a second=conversation-b
    page()
    {
        printf 'on GET /chat/conversations once\n%s\nbody [' "${2-}"
        for i in $(seq 100); do
            printf '{"id":"%s-%s","mode":"green","created_at":"x"},' "$1" "$i"
        done
        printf '{"id":"%s-last","mode":"green","created_at":"x"}]\n' "$1"
    }
    {
        page "$first"
        page "$second" 'gate next'
        page "$first"
        page "$second"
    } | grep . >"$T/pages"
    serve <"$T/pages"
    pipe_from STDOUT
    launch "$CHAT" conversations --limit 0 >"$T/stdout" 2>"$ERR"
    expect_read "$STDOUT" "$first-1"
    await_gate next
    open_gate next
    cat <&"$STDOUT" >"$T/rest"
    await_end
    expect_status 0
    [ "$(wc -l <"$T/rest")" -eq 202 ]
    [ "$(requests | wc -l)" -eq 3 ]
}

@test "list: no server is listening" {
    serve <<<$'on GET /chat/conversations\nstatus 404\nbody {"detail":"Not Found"}'
    run_chat conversations
    expect_failure 65 '.*Not Found.*check --url.*'
}

@test "list: no more than --limit, even if the server sends more" {
    serve <<<"on GET /chat/conversations
body $(page 10 0)"
    run_chat conversations --limit 4
    expect_status 0
    cut -f 1 "$OUT" >"$T/ids"
    expect_bytes 'c0\nc1\nc2\nc3\n' "$T/ids"
}

@test "list: a server with smaller pages that reports more" {
    serve <<SCENARIO
on GET /chat/conversations
body {"conversations":$(page 10 0),"total_count":15,"has_more":true}

on GET /chat/conversations
body {"conversations":$(page 5 10),"total_count":15,"has_more":false}
SCENARIO
    run_chat conversations --limit 0
    expect_status 0
    cut -f 1 "$OUT" >"$T/ids"
    seq -f 'c%g' 0 14 | cmp "$T/ids" - >&2
    expect_requests 'GET /chat/conversations?limit=100&offset=0' 'GET /chat/conversations?limit=100&offset=10'
}

@test "list: in an object, as documented" {
    serve <<SCENARIO
on GET /chat/conversations
body {"total_count":2,"conversations":[{"mode":"blue","conversation_id":"$ID","created_at":"2026-01-02T03:04:05Z","meta":{"mode":"x","id":"y"}},{"id":"$ID2","mode":"green","portfolio_ids":["p"],"created_at":null}],"has_more":false}
SCENARIO
    run_chat conversations
    expect_status 0
    expect_bytes "$ID\tblue\t2026-01-02T03:04:05Z\n$ID2\tgreen\t\n"
    run_chat conversations -j
    expect_status 0
    expect_jq "length == 2 and .[0].conversation_id == \"$ID\" and .[0].meta.id == \"y\" and .[1].conversation_id == \"$ID2\""
    expect_jq '.[0] | has("id") | not'
}

@test "list: the server's own JSON, digit by digit" {
    serve <<<$'on GET /chat/conversations\nbody [ {"conversation_id":"c","big":12345678901234567890.10,"u":"\\\\u00e4"} ]'
    run_chat conversations -j
    expect_status 0
    expect_bytes '{"conversation_id":"c","big":12345678901234567890.10,"u":"\\u00e4"}\n'
}

@test "list: line breaks and control sequences are escaped" {
    serve <<<'on GET /chat/conversations
body [{"id":"a\\tb\\nc\\u001b[2J\\u202ed","mode":"green","created_at":"x"}]'
    run_chat conversations
    expect_status 0
    [ "$(wc -l <"$OUT")" -eq 1 ]
    [ "$(tr -cd '\t' <"$OUT" | wc -c)" -eq 2 ]
    TZ=UTC-1:30 at_terminal -- "$CHAT" conversations
    expect_no $'\x1b' "$T/screen"
    expect_no $'\u202e' "$T/screen"
}

@test "list: a response that is not a list" {
    for answer in 'no JSON' '"text"' 12 '' '{"x":1}' '{}' '{"conversations":null}' '[{"a":1},5,"x"]' '[[]]' \
        '[{"id":5}]' '{"conversations":[null]}'; do
        serve <<<"on GET /chat/conversations
body $answer"
        run_chat conversations
        expect_failure 76
        stop_server
        rm -r "$T/announcement" "$T/port"
    done
}

@test "list: an invalid element is a failure, after the conversations are shown" {
    serve <<<$'on GET /chat/conversations\nbody [{"id":"a"},{"x":5},{"id":"b"}]'
    run_chat conversations -j
    expect_status 76
    expect_error
    [ "$(jq -r .conversation_id "$OUT" | paste -s)" = $'a\tb' ]
}

@test "list: output that cannot be written" {
    serve <<<"on GET /chat/conversations
body $(page 10 0)"
    for option in '' -j; do
        status=0
        # shellcheck disable=SC2086 # perhaps no word
        "$CHAT" conversations $option >/dev/full 2>"$ERR" || status=$?
        expect_status 74
        expect_error
    done
}

@test "list: a failure of the server" {
    serve <<<$'on GET /chat/conversations\nstatus 500\nbody {"detail":"Failed to list conversations"}'
    run_chat conversations
    expect_failure 69 '.*Failed to list conversations.*'
    expect_requests 'GET /chat/conversations?limit=30&offset=0'
}

@test "list: a failure on the second page shows the first one and is a failure" {
    serve <<SCENARIO
on GET /chat/conversations
body $(page 100 0)

on GET /chat/conversations
status 500
body {"detail":"Failed to list conversations"}
SCENARIO
    run_chat conversations --limit 150
    expect_status 69
    expect_error
    [ "$(wc -l <"$OUT")" -eq 100 ]
}

@test "list: a signal while waiting for the server" {
    serve <<<$'on GET /chat/conversations\ngate asked\nbody []'
    launch "$CHAT" conversations </dev/null >"$OUT" 2>"$ERR"
    await_gate asked
    kill -TERM "$PID"
    await_end
    expect_signal TERM
}

# --- show ---

show_both_ways()
{
    local id
    new -m blue
    run_chat conversations show "$id"
    expect_status 0
    expect_line "conversation_id	$id" "$OUT"
    expect_line 'mode	blue' "$OUT"
    expect_line 'created_at	20.*Z' "$OUT"
    run_chat conversations show -j "$id"
    expect_status 0
    [ "$(wc -l <"$OUT")" -eq 1 ]
    jq -e --arg id "$id" '.conversation_id == $id and .mode == "blue" and .provider == "openai"' "$OUT"
}

@test "show: in both generations" {
    each_generation show_both_ways
}

@test "show: a conversation that does not exist" {
    serve_default
    run_chat conversations show "$ID"
    expect_failure 65 '.*Conversation not found.*'
    run_chat conversations show no-uuid
    expect_failure 65
}

@test "show: a response that is not a conversation" {
    for answer in 'no JSON' '[]' 12 '{}' '{"mode":"green"}' '[{"id":"x"}]' '{"conversations":[{"id":"x"}]}'; do
        serve <<<"on GET /chat/conversations/*
body $answer"
        for option in '' -j; do
            # shellcheck disable=SC2086 # perhaps no word
            run_chat conversations show $option "$ID"
            expect_failure 76 'cannot show the conversation: the response is not a conversation.*'
            expect_bytes ''
        done
        stop_server
        rm -r "$T/announcement" "$T/port"
    done
}

# --- mode ---

change_mode()
{
    local id
    new -m blue
    run_chat conversations mode "$id" violet
    expect_status 0
    [ ! -s "$ERR" ]
    expect_body 2 ". == {mode: \"violet\"}"
    run_chat conversations show "$id"
    expect_line 'mode	violet' "$OUT"
}

@test "mode: in both generations" {
    each_generation change_mode
}

@test "mode: an unknown mode, and an unknown conversation" {
    serve_default
    run_chat conversations mode "$ID" purple
    expect_status 64
    grep -q 'green.*blue.*indigo.*violet' "$ERR"
    expect_requests
    run_chat conversations mode "$ID" blue
    expect_failure 65 '.*Conversation not found.*'
}

# --- delete ---

delete_some()
{
    local ids
    create_some 3
    run_chat conversations delete "${ids[0]}" "${ids[2]}"
    expect_status 0
    expect_bytes ''
    expect_bytes '' "$ERR"
    run_chat conversations
    cut -f 1 "$OUT" >"$T/left"
    expect_bytes "${ids[1]}\n" "$T/left"
}

@test "delete: in both generations" {
    each_generation delete_some
}

@test "delete: each failure is reported, and the others are deleted" {
    serve_default
    local ids
    create_some 2
    run_chat conversations delete "$ID" "${ids[0]}" no-uuid "${ids[1]}" "$ID2"
    expect_status 65
    expect_bytes ''
    [ "$(wc -l <"$ERR")" -eq 3 ] || fail "not a line for each failure"
    local bad
    for bad in "$ID" no-uuid "$ID2"; do
        expect_line "sigmasight-chat: .*$bad.*"
    done
    run_chat conversations
    expect_bytes ''
}

@test "delete: the status is that of a failure, also when the last one succeeds" {
    serve_default
    local id
    new
    run_chat conversations delete "$ID" "$id"
    expect_status 65
    expect_error ".*$ID.*"
}

@test "delete: without a server each of them fails" {
    serve_default
    stop_server
    run_chat conversations delete "$ID" "$ID2"
    expect_status 69
    [ "$(grep -c "$ID\|$ID2" "$ERR")" -eq 2 ]
}

@test "delete: a refused token is reported once" {
    serve_default
    SIGMASIGHT_TOKEN=revoked run_chat conversations delete "$ID" "$ID2"
    expect_status 77
    grep -q "$ID:" "$ERR"
}

@test "delete: a signal ends the rest" {
    serve <<<$'on DELETE /chat/conversations/*\ngate asked\nstatus 204'
    launch "$CHAT" conversations delete "$ID" "$ID2" </dev/null >"$OUT" 2>"$ERR"
    await_gate asked
    kill -INT "$PID"
    await_end
    expect_signal INT
    expect_requests "DELETE /chat/conversations/$ID"
}

@test "delete: a deleted conversation is not continued" {
    serve_default
    run_chat send hi
    expect_status 0
    local id
    id=$(last_body_of 'POST /api/v1/chat/send' | jq -r .conversation_id)
    run_chat conversations delete "$id"
    expect_status 0
    run_chat send -C hi
    expect_status 0
    [ "$(last_body_of 'POST /api/v1/chat/send' | jq -r .conversation_id)" != "$id" ]
}

# --- the command line ---

@test "conversations: missing, unexpected and unknown operands" {
    serve_default
    local line
    while read -r line; do
        # shellcheck disable=SC2086 # words
        run_chat conversations $line
        expect_status 64
        [ ! -s "$OUT" ]
        grep -q "Try 'sigmasight-chat conversations --help'" "$ERR" || fail "no pointer to --help: $line"
    done <<TABLE
frobnicate
list $ID
new $ID
show
show $ID $ID2
mode
mode $ID
mode $ID blue green
delete
list --limit x
list --limit -1
list -c $ID
list --mode blue
list --portfolio a
new --limit 1
show --limit 1 $ID
mode --mode blue $ID blue
delete --portfolio a $ID
TABLE
    expect_requests
}

@test "conversations: options and operands may be mixed" {
    serve_default
    local id
    run_chat conversations -m blue new
    expect_status 0
    id=$(cat "$OUT")
    run_chat conversations show -j -- "$id"
    expect_status 0
    run_chat conversations -q delete -- "$id"
    expect_status 0
}

@test "conversations: an ID cannot change the path of the request" {
    serve_default
    local id
    for id in 'a?b=c' 'a#b' '%2e%2e' 'a b' 'ä' '..;' '...' "$(repeat 256 x)"; do
        for command in show delete; do
            : >"$DUMP/log"
            run_chat conversations "$command" -- "$id"
            expect_status 65
            [ "$(grep -c -x -E '(GET|DELETE) /api/v1/chat/conversations/([A-Za-z0-9_.-]|%[0-9A-F]{2})+' "$DUMP/log")" -eq 1 ] ||
                fail "unexpected requests: $(cat "$DUMP/log")"
            [ "$(wc -l <"$DUMP/log")" -eq 1 ]
            if grep -q -E '/\.\.?(/|$)' "$DUMP/log"; then
                fail "a path with . or .."
            fi
        done
    done
}

@test "conversations: an invalid ID is refused before anything is sent" {
    serve_default
    local id
    for id in . .. ../../auth/logout 'a/b' / $'a\r\nX: y' $'a\x7f' $'a\u0085' "$(repeat 257 x)"; do
        run_chat conversations show -- "$id"
        expect_failure 65 '.*invalid conversation ID.*'
        run_chat conversations mode -- "$id" blue
        expect_failure 65 '.*invalid conversation ID.*'
        run_chat conversations delete -- "$id"
        expect_failure 65 '.*invalid conversation ID.*'
        run_chat send -c "$id" -m blue hi
        expect_failure 65 '.*invalid conversation ID.*'
        run_chat send -c "$id" hi
        expect_failure 65 '.*invalid conversation ID.*'
    done
    expect_requests
}

@test "conversations: an ID that is not a UUID gets the hint of send" {
    serve_default
    for arguments in 'send -c nope hi' 'conversations show nope' 'conversations mode nope blue' 'conversations delete nope'; do
        # shellcheck disable=SC2086 # words
        run_chat $arguments
        expect_failure 65 ".*valid UUID.*; an ID looks like [0-9a-f-]{36}, and 'sigmasight-chat conversations' lists them"
    done
}

@test "conversations: an invalid ID from the server is not used" {
    local id
    for id in '.' '..' 'a/b' 'a\\u0000b' 'a\\u001b' "$(repeat 257 x)"; do
        serve <<SCENARIO
on POST /chat/conversations
status 201
body {"conversation_id":"$id","mode":"green"}
SCENARIO
        run_chat conversations new
        expect_status 76
        expect_bytes ''
        run_chat send --ephemeral hi
        expect_failure 76 '.*no valid ID.*'
        stop_server
        expect_requests 'POST /chat/conversations' 'POST /chat/conversations'
        : >"$DUMP/log"
        rm -rf "$T/announcement"
    done
}

@test "list: at a terminal times of any UTC offset are local ones, and others are unchanged" {
    serve <<SCENARIO
on GET /chat/conversations
body [{"id":"a","mode":"green","created_at":"2026-01-02T03:04:05+05:30"},{"id":"b","mode":"green","created_at":"2026-01-02T03:04:05.678-02:00"},{"id":"c","mode":"green","created_at":"2026-01-02T03:04:05"},{"id":"d","mode":"green","created_at":"yesterday"},{"id":"e","mode":"green","created_at":"2026-01-02T03:04:05Z, and that for more than forty-eight bytes"},{"id":"f","mode":"green"}]
SCENARIO
    TZ=UTC at_terminal -- "$CHAT" conversations
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_line 'a +green +2026-01-01 21:34' "$T/lines"
    expect_line 'b +green +2026-01-02 05:04' "$T/lines"
    expect_line 'c +green +2026-01-02 03:04' "$T/lines"
    expect_line 'd +green +yesterday' "$T/lines"
    expect_line 'e +green +2026-01-02T03:04:05Z, and that .* bytes' "$T/lines"
    expect_line 'f +green *' "$T/lines"
}

@test "a successful response with a content coding is 76 and names it" {
    serve <<'SCENARIO'
on POST /chat/conversations
status 201
header Content-Encoding: br
body packed
SCENARIO
    run_chat conversations new
    expect_failure 76 '.*the response has the Content-Encoding br.*'
}

@test "a successful response that is not the API's is 76 with the likely cause" {
    local body words='.*a proxy or sign-in page may have answered.*'
    for body in '<html><title>Sign in</title></html>' '{"status":"ok"}' 'ok'; do
        serve <<SCENARIO
on * /chat/conversations/*
header Content-Type: text/html
body $body
on * /chat/conversations/*/mode
body $body
on * /chat/conversations
status 201
body $body
on * /auth/login
body $body
on * /auth/me
body $body
SCENARIO
        run_chat conversations new
        expect_failure 76 "$words"
        run_chat conversations list
        expect_failure 76 "$words"
        run_chat conversations show "$ID"
        expect_failure 76 "$words"
        run_chat conversations mode "$ID" blue
        expect_failure 76 "$words"
        run_chat conversations delete "$ID"
        expect_failure 76 "$words"
        run_chat send hi
        expect_failure 76 "$words"
        run_chat send -c "$ID" -m blue hi
        expect_failure 76 "$words"
        run_chat login --email me@example.com --password-stdin <<<secret
        expect_failure 76 "$words"
        run_chat whoami
        expect_failure 76 "$words"
        run_chat doctor
        expect_status 76
        grep -q "$words" "$OUT"
        stop_server
        rm -rf "$T/announcement"
        serve <<SCENARIO
on DELETE /chat/conversations/*
body $body
on POST /chat/send
event done {}
SCENARIO
        run_chat send --ephemeral hi
        expect_status 0
        expect_line "sigmasight-chat: warning: conversation .* could not be deleted: $words"
        stop_server
        rm -rf "$T/announcement" "$DUMP"
        mkdir "$DUMP"
    done
}

@test "conversations: an empty ID sends no request" {
    serve_default
    for command in 'show' 'delete'; do
        run_chat conversations "$command" ''
        expect_status 64
    done
    run_chat conversations mode '' blue
    expect_status 64
    expect_requests
}
