#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The calls that send makes for its command line, input and settings.

load helper
load accounts

# expect_sent FILE: the text of the last message has the bytes of FILE.
expect_sent()
{
    local last
    last=$(find "$DUMP" -name '*.request' | wc -l)
    body "$last" | jq -j .text >"$T/sent"
    cmp "$1" "$T/sent" >&2 || fail "another message was sent"
}

# expect_text TEXT: the same, with the escapes of printf %b.
expect_text()
{
    printf '%b' "$1" >"$T/wanted.text"
    expect_sent "$T/wanted.text"
}

# --- the message ---

@test "operands are joined by one space" {
    serve_hello
    run_chat send -c "$ID" How 'concentrated  am' I?
    expect_status 0
    expect_text 'How concentrated  am I?'
}

@test "an empty operand is kept" {
    serve_hello
    run_chat send -c "$ID" a '' b
    expect_status 0
    expect_text 'a  b'
}

@test "- among the operands is standard input" {
    serve_hello
    printf 'line one\nline two\n' >"$T/report"
    run_chat send -c "$ID" Summarise: - 'in short' <"$T/report"
    expect_status 0
    expect_text 'Summarise: line one\nline two\n in short'
}

@test "- alone is standard input" {
    serve_hello
    run_chat send -c "$ID" - <<<'from afar'
    expect_status 0
    expect_text 'from afar\n'
}

@test "without an operand the message is standard input, byte for byte" {
    serve_hello
    printf ' \t"quoted" \\n \x01\x7f\r\n\xc3\xbc \xf0\x9f\x93\x88\xef\xbf\xbe </script>\n\n ' >"$T/message"
    run_chat send -c "$ID" <"$T/message"
    expect_status 0
    expect_sent "$T/message"
}

@test "white space around the message is sent as it is" {
    serve_hello
    run_chat send -c "$ID" $'  \n hello\t '
    expect_status 0
    expect_text '  \n hello\t '
}

@test "after -- a - is text" {
    serve_hello
    run_chat send -c "$ID" -- - <<<unread
    expect_status 0
    expect_text '-'
}

@test "after -- everything is text" {
    serve_hello
    run_chat send -c "$ID" -- --help -c -- -j ''
    expect_status 0
    expect_text '--help -c -- -j '
    expect_bytes 'Hello\n'
}

@test "- before -- is standard input, after it text" {
    serve_hello
    printf X >"$T/message"
    run_chat send - -c "$ID" -- - <"$T/message"
    expect_status 0
    expect_text 'X -'
}

@test "options and operands may be mixed" {
    serve_hello
    run_chat send hello -c "$ID" there -n
    expect_status 0
    expect_text 'hello there'
    expect_bytes Hello
}

@test "options and operands may be mixed under POSIXLY_CORRECT as well" {
    serve_hello
    POSIXLY_CORRECT=1 run_chat send hello -c "$ID" there -n
    expect_status 0
    expect_text 'hello there'
    expect_bytes Hello
}

@test "a loop over lines sees every line" {
    serve_hello
    printf 'one\n-\n-c\n' >"$T/list"
    local count=0
    while read -r q; do
        "$CHAT" send -c "$ID" -- "$q" >>"$OUT" 2>>"$ERR"
        count=$((count + 1))
    done <"$T/list"
    [ "$count" -eq 3 ]
    expect_bytes 'Hello\nHello\nHello\n'
    for n in 1 2 3; do
        body "$n" | jq -r .text
    done | cmp "$T/list" -
}

@test "standard input is not read if an operand is the message" {
    serve_hello
    printf 'rest of the input\n' >"$T/input"
    { run_chat send -c "$ID" hi && cat; } <"$T/input" >"$T/left"
    expect_status 0
    cmp "$T/input" "$T/left"
    expect_requests 'POST /chat/send'
}

@test "standard input may be closed if an operand is the message" {
    serve_hello
    run_chat send -c "$ID" hi <&-
    expect_status 0
    expect_text hi
}

@test "--context goes into ui_context, and page_hint and route into a new conversation" {
    serve_hello
    run_chat send --context page_hint=portfolio --context a=1 --context route=/x?y=z --context a= \
        --context selection.symbol=AAPL --context selection.b=c=d --portfolio "$P1" hi
    expect_status 0
    expect_body 1 '. == {portfolio_id: "'"$P1"'", portfolio_ids: ["'"$P1"'"], page_hint: "portfolio", route: "/x?y=z"}'
    expect_body 2 '.ui_context == {portfolio_id: "'"$P1"'", portfolio_ids: ["'"$P1"'"], page_hint: "portfolio", a: "",
        route: "/x?y=z", selection: {symbol: "AAPL", b: "c=d"}}'
    run_chat send -c "$ID" --context selection.k=v hi
    expect_status 0
    expect_body 3 '.ui_context == {selection: {k: "v"}}'
}

@test "--context: invalid keys" {
    serve_hello
    for pair in nonsense =x 1a=x a-b=x 'a b=x' selection=x selection.=x selection.a.b=x portfolio_id=x portfolio_ids=x; do
        run_chat send --context "$pair" hi
        expect_status 64
        expect_line 'sigmasight-chat: .*--context.*'
    done
    expect_requests
}

@test "a message over 4000 characters is rejected before anything is sent" {
    serve_hello
    printf ' \xe3\x80\x80\n%s\xe2\x80\xa8 ' "$(printf 'é%.0s' {1..4000})" >"$T/message"
    run_chat send <"$T/message"
    expect_status 0
    body 2 | jq -j .text | cmp - "$T/message" >&2
    forget_requests
    printf 'x\n%s' "$(printf 'é%.0s' {1..4000})" >"$T/message"
    run_chat send <"$T/message"
    expect_failure 65 'the message has 4002 characters, the limit is 4000; --max-message .*'
    expect_requests
    run_chat send --max-message 4002 -c "$ID" <"$T/message"
    expect_status 0
    run_chat send --max-message 0 -c "$ID" <"$T/message"
    expect_status 0
    echo '{"max-message": 3}' | configure
    run_chat send -c "$ID" 'four'
    expect_failure 65 'the message has 4 characters, the limit is 3.*'
    run_chat send -c "$ID" ' two '
    expect_status 0
}

@test "a message with a NUL is rejected before anything is sent" {
    serve_hello
    run_chat send < <(printf 'a\0b')
    expect_failure 65 'the message contains a NUL character \(byte 2\)'
    expect_requests
}

@test "a pipe on standard input that is not read is noted at a terminal" {
    serve_hello
    note='standard input is not read'
    at_terminal wait "$note" wait Hello -- sh -c 'echo unread | "$@"' sh "$CHAT" send -c "$ID" hi
    for arguments in '-- hi' '-q hi' 'hi -'; do
        # shellcheck disable=SC2086 # words
        at_terminal wait Hello -- sh -c 'echo more | "$@"' sh "$CHAT" send -c "$ID" $arguments
        expect_no "$note" "$T/screen"
    done
    at_terminal wait Hello -- sh -c '"$@" </dev/null' sh "$CHAT" send -c "$ID" hi
    expect_no "$note" "$T/screen"
    run_chat send -c "$ID" hi < <(echo unread)
    expect_status 0
    expect_no "$note" "$ERR"
}

# editor SCRIPT: becomes $EDITOR; "$1" is the file.
editor()
{
    printf '#!/bin/sh\n%s\n' "$1" >"$T/edit"
    chmod +x "$T/edit"
    export EDITOR="$T/edit" TMPDIR=$T/temporary
    mkdir -p "$TMPDIR"
}

@test "--edit: the editor gets the text, and the edited text is sent" {
    serve_hello
    # shellcheck disable=SC2016 # for sh
    editor 'cp "$1" '"$T"'/seen; ls -l "$1" >'"$T"'/mode; env >'"$T"'/environment; test -t 0 && test -t 1 && test -t 2 &&
        printf "edited\nwhat \n\n  \n\n" >"$1"'
    at_terminal wait Hello -- env SIGMASIGHT_PASSWORD=hunter2 "$CHAT" send -c "$ID" --edit some text
    expect_line 'exit 0.*' "$OUT"
    expect_bytes 'some text' "$T/seen"
    expect_line "-rw------- .* $TMPDIR/[^/]*\\.md" "$T/mode"
    expect_no "$TOKEN" "$T/environment"
    expect_no hunter2 "$T/environment"
    expect_body 1 '.text == "edited\nwhat "'
    rmdir "$TMPDIR"
    # VISUAL first; both may be commands with arguments.
    mkdir "$T/runtime" "$TMPDIR"
    export VISUAL="$T/edit --option 2>&1;#" XDG_RUNTIME_DIR=$T/runtime
    printf '#!/bin/sh\necho "$1" >%s/seen; exit 1' "$T" >"$T/edit"
    at_terminal wait 'failed with exit status 127; set VISUAL or EDITOR to an installed editor' -- env VISUAL=false-command "$CHAT" send -c "$ID" --edit
    at_terminal wait Hello -- env VISUAL='printf "visual %s" x >' "$CHAT" send -c "$ID" --edit
    expect_body 2 '.text == "visual x"'
    rmdir "$T/runtime" "$TMPDIR"
}

@test "no token: reported before a message is typed or edited" {
    serve_hello
    no_token
    editor ': >'"$T"'/edited'
    local arguments
    for arguments in '' '-' 'some text -' '--edit' '--edit text'; do
        # shellcheck disable=SC2086 # words
        at_terminal wait 'no token' -- "$CHAT" send $arguments
        expect_line 'exit 77.*' "$OUT"
        expect_no Ctrl-D "$T/screen"
    done
    [ ! -e "$T/edited" ] || fail "the editor was run"
    # The same for what else prevents the call, and the program does not wait for the message.
    at_terminal wait 'plain HTTP' -- "$CHAT" send -u http://192.0.2.1/api/v1
    expect_line 'exit 78.*' "$OUT"
    expect_requests
    # Other input is read first, as before.
    { run_chat send && cat; } <<<'rest of the input' >"$T/left"
    expect_failure 77 'no token.*'
    expect_bytes '' "$T/left"
    # A source of a token is not used before the message is there.
    token_command "test -e $T/edited && echo $TOKEN"
    # shellcheck disable=SC2016 # for sh
    editor ': >'"$T"'/edited; echo text >"$1"'
    at_terminal wait Hello -- "$CHAT" send --edit
    expect_line 'exit 0.*' "$OUT"
}

@test "--edit: blank lines at the end are dropped with CRLF line ends, too" {
    serve_hello
    # shellcheck disable=SC2016 # for sh
    editor 'printf "one\r\ntwo\r\n\r\n \r\n" >"$1"'
    at_terminal wait Hello -- "$CHAT" send -c "$ID" --edit
    expect_body 1 '.text == "one\r\ntwo"'
}

@test "--edit: a blank message or a failed editor sends nothing and leaves no file" {
    serve_hello
    for script in 'exit 0' 'printf " \n\n" >"$1"' 'echo text >"$1"; exit 3' 'echo text >"$1"; kill -TERM $$' 'rm "$1"'; do
        editor "$script"
        at_terminal wait sigmasight-chat: -- "$CHAT" send -c "$ID" --edit
        expect_line 'exit 65.*' "$OUT"
        rmdir "$TMPDIR"
    done
    expect_requests
}

@test "a blank message: the hint depends on where it is written" {
    export SIGMASIGHT_TOKEN=$TOKEN
    run_chat send -c "$ID" <<<' '
    expect_status 65
    expect_error 'the message is empty; pass it as an argument or on standard input'
    # shellcheck disable=SC2016 # for sh
    editor ': >"$1"'
    at_terminal wait 'the message is empty' -- "$CHAT" send -c "$ID" --edit text
    expect_line 'exit 65.*' "$OUT"
    expect_no 'standard input' "$T/screen"
    run_chat chat -c "$ID" ' ' </dev/null
    expect_status 65
    expect_error 'the message is empty'
}

@test "--edit: a directory in which no file can be created" {
    serve_hello
    editor ': >'"$T"'/edited'
    XDG_RUNTIME_DIR=$T/none at_terminal wait 'cannot create' -- "$CHAT" send -c "$ID" --edit some text
    expect_line 'exit 73.*' "$OUT"
    [ ! -e "$T/edited" ] || fail "the editor was run"
    expect_requests
}

@test "--edit: without a terminal it is a usage error" {
    serve_hello
    editor 'echo text >"$1"'
    status=0
    setsid -w "$CHAT" send -c "$ID" --edit >"$OUT" 2>"$ERR" </dev/null || status=$?
    expect_status 64
    expect_line 'sigmasight-chat: no terminal for the editor'
    rmdir "$TMPDIR"
    expect_requests
}

@test "--edit: only the editor receives SIGINT, and time limits begin after it" {
    serve_hello
    # shellcheck disable=SC2016 # for sh
    editor 'trap "echo interrupted >>\"$1\"; exit 0" INT; echo ready; while :; do sleep 0.1; done'
    at_terminal wait ready type '\x03' wait Hello -- "$CHAT" send -c "$ID" --max-time 20 --edit
    expect_line 'exit 0.*' "$OUT"
    expect_body 1 '.text == "interrupted"'
    # shellcheck disable=SC2016 # for sh
    editor 'sleep 1.2; echo slow >"$1"'
    at_terminal wait Hello -- "$CHAT" send -c "$ID" --max-time 1 --edit
    expect_line 'exit 0.*' "$OUT"
    rmdir "$TMPDIR"
}

@test "time limits begin when standard input was read" {
    serve <<'END'
on POST /chat/send
status 503
on POST /chat/send
event message {"delta":"Hello"}
event done {}
END
    make_clock
    run_slowly_fed hi "$CHAT" send -q -c "$ID" --retry-delay 0.01 --retry-max-time 3600 --max-time 3600
    expect_status 0
    expect_bytes 'Hello\n'
    run_slowly_fed hi "$CHAT" send -q -j -c "$ID" -
    expect_status 0
    expect_close '.timing.elapsed_ms < 7200000'
}

# The editor ignores SIGHUP, which it gets when the leader of the session has ended.
@test "--edit: a signal that ends the program ends the editor and removes the file" {
    serve_hello
    # shellcheck disable=SC2016 # for sh
    editor 'echo $$ >'"$T"'/editor.pid; trap "" HUP; echo ready; exec sleep 60'
    local words command pid
    for words in '' ' --option' " 'quoted option' \"\$HOME\" \t"; do
        export EDITOR=$T/edit$words
        for command in 'send --edit' 'config edit'; do
            # shellcheck disable=SC2086 # words
            at_terminal wait ready kill TERM -- "$CHAT" $command
            expect_line 'signal 15.*' "$OUT"
            pid=$(cat "$T/editor.pid")
            if kill -0 "$pid" 2>/dev/null; then
                kill -KILL "$pid"
                fail "the editor '$EDITOR' of $command still runs"
            fi
            rmdir "$TMPDIR"
            mkdir "$TMPDIR"
        done
    done
    expect_requests
}

# After the first signal the program waits for the editor to end.
@test "--edit: a second signal ends the program if the editor ignores the first" {
    serve_hello
    # It prints "later" more than half a second after the program has passed the first signal on.
    editor 'echo $$ >'"$T"'/editor.pid; trap "sleep 0.6; echo later" TERM; echo ready; while :; do sleep 0.1; done'
    at_terminal wait ready kill TERM wait later kill TERM -- "$CHAT" send --edit
    expect_line 'signal 15.*' "$OUT"
    expect_requests
    # It may have ended with the leader of its session.
    kill -KILL "$(cat "$T/editor.pid")" 2>/dev/null || true
}

@test "--edit: a command that the shell must run" {
    serve_hello
    # shellcheck disable=SC2016 # for sh
    editor 'trap "echo interrupted >>\"$1\"; exit 0" INT; echo ready; while :; do sleep 0.1; done'
    local words count=0
    # A list, an assignment, a word that is not a program, and a comment.
    for words in "true; $T/edit" "OPTION=1 $T/edit" "eval $T/edit" " $T/edit \"\$@\" #"; do
        EDITOR=$words at_terminal wait ready type '\x03' wait Hello -- "$CHAT" send -c "$ID" --edit
        expect_line 'exit 0.*' "$OUT"
        count=$((count + 1))
        expect_body "$count" '.text == "interrupted"'
    done
    rmdir "$TMPDIR"
}

@test "a message of 1 MiB is sent with --max-message 0" {
    serve_hello
    head -c 1048576 /dev/zero | tr '\0' m >"$T/message"
    run_chat send --max-message 0 -c "$ID" <"$T/message"
    expect_status 0
    expect_sent "$T/message"
}

# refused_unsent: the message on standard input is an error before any call.
refused_unsent()
{
    local method
    serve_hello
    for method in '' -; do
        run_chat send $method <"$1"
        expect_status 65
        expect_bytes ''
        expect_error
    done
    expect_requests
}

@test "a message over 1 MiB is an error before anything is sent" {
    head -c 1048577 /dev/zero | tr '\0' m >"$T/message"
    refused_unsent "$T/message"
}

@test "an endless message is an error, too" {
    serve_hello
    run_chat send < <(exec yes)
    expect_status 65
    expect_requests
}

@test "an empty message is an error before anything is sent" {
    refused_unsent /dev/null
    for text in '' ' ' $'\n' $' \t\r\n\v\f '; do
        run_chat send -- "$text"
        expect_status 65
        expect_bytes ''
        expect_error
    done
    expect_requests
}

@test "a message of Unicode white space only is an error" {
    printf '\xc2\xa0\xe2\x80\x83\xe3\x80\x80\n' >"$T/message"
    refused_unsent "$T/message"
}

@test "a validation error names the parameter in the user's terms" {
    serve <<'SCENARIO'
on POST /chat/send
status 422
body {"detail":[{"loc":["body","ui_context","pages",0],"msg":"too long"},{"loc":["query","x"],"msg":"none"},{"loc":[],"msg":"bad"},{"loc":["body"]},5]}
SCENARIO
    run_chat send -c "$ID" hi
    expect_status 65
    expect_error '.*: ui_context\.pages\.0: too long; x: none; bad \(HTTP 422\)'
}

@test "a NUL in the text of an error" {
    serve <<'SCENARIO'
on POST /chat/send
event error {"message":"a\u0000b","retryable":false}
SCENARIO
    run_chat send -c "$ID" hi
    expect_status 1
    expect_error $'.*a\uFFFDb.*'
}

@test "exactly the characters that Python treats as white space" {
    local space text
    serve_hello
    for space in 0009 000d 001c 001f 0020 0085 00a0 1680 2000 200a 2028 2029 202f 205f 3000; do
        LC_ALL=C.UTF-8 printf -v text "\\u$space"
        run_chat send -c "$ID" -- "$text"
        [ "$status" -eq 65 ] || fail "U+$space was sent"
    done
    expect_requests
    for space in 0008 000e 001b 0021 0084 0086 009f 00a1 167f 1681 1fff 200b 2027 202a 202e 2030 205e 2060 2fff 3001; do
        LC_ALL=C.UTF-8 printf -v text "\\u$space"
        run_chat send -q -n -c "$ID" -- "$text"
        [ "$status" -eq 0 ] || fail "U+$space was not sent"
    done
}

@test "a message that is not UTF-8 is an error before anything is sent" {
    local bad
    serve_hello
    for bad in '\xff' 'caf\xe9' '\xc3' '\xc0\x80' '\xed\xa0\x80' '\xf4\x90\x80\x80' 'a\x80'; do
        run_chat send -- "$(printf '%b' "$bad")"
        expect_status 65
        expect_bytes ''
        expect_error
        printf '%b' "$bad" >"$T/message"
        run_chat send <"$T/message"
        expect_status 65
    done
    expect_requests
}

@test "standard input that cannot be read is 66" {
    serve_hello
    run_chat send <"$T"
    expect_status 66
    expect_error
    run_chat send - <&-
    expect_status 66
    expect_requests
}

# --- the conversation ---

@test "a conversation is created first, for both generations" {
    local generation
    for generation in 1 2; do
        rm -rf "$DUMP" "$T/announcement"
        mkdir "$DUMP"
        serve_default --generation "$generation"
        run_chat send -j hi
        expect_status 0
        expect_requests 'POST /chat/conversations' 'POST /chat/send'
        expect_jq "$(body 2 | jq .conversation_id) as \$id | (\$id | length == 36) and
            all(.[] | select(.event | test(\"^(start|client.open|client.close)\$\")); .data.conversation_id == \$id)"
        expect_body 1 'type == "object" and has("mode") == false'
        stop_server
    done
}

@test "the mode of a new conversation" {
    serve_default
    for mode in green blue indigo violet; do
        run_chat send -j -m "$mode" hi
        expect_status 0
        expect_jq ".[1].event == \"start\" and .[1].data.mode == \"$mode\""
    done
    [ "$(count_requests 'PUT .*')" -eq 0 ]
    [ "$(count_requests 'POST /chat/conversations')" -eq 4 ]
}

@test "-c uses a conversation and creates none" {
    serve_hello
    run_chat send -c "$ID" hi
    expect_status 0
    expect_requests 'POST /chat/send'
    expect_body 1 ". == {conversation_id: \"$ID\", text: \"hi\"}"
}

@test "-c and -m change the mode first" {
    serve <<'SCENARIO'
on PUT /chat/conversations/*/mode
body {"conversation_id":"$CONVERSATION","previous_mode":"green","new_mode":"violet","changed_at":"2026-01-01T00:00:00"}
on POST /chat/send
event message {"delta":"Hello","role":"assistant"}
event done {}
SCENARIO
    run_chat send -c "$ID" --mode violet hi
    expect_status 0
    expect_requests "PUT /chat/conversations/$ID/mode" 'POST /chat/send'
    expect_body 1 '. == {mode: "violet"}'
    [ "$(header content-type 1)" = application/json ]
    [ "$(header authorization 1)" = "Bearer $TOKEN" ]
}

@test "a mode that cannot be changed stops before the message" {
    serve <<'SCENARIO'
on PUT /chat/conversations/*/mode
status 404
body {"detail":"Conversation not found"}
SCENARIO
    run_chat send -c "$ID" -m blue hi
    expect_status 65
    expect_error '.*Conversation not found.*'
    expect_requests "PUT /chat/conversations/$ID/mode"
}

@test "an ID cannot change the path of a call" {
    serve <<'SCENARIO'
on PUT /chat/conversations/*/mode
status 404
SCENARIO
    run_chat send -c 'a?c#d%2e' -m blue hi
    expect_status 65
    expect_requests 'PUT /chat/conversations/a%3Fc%23d%252e/mode'
    run_chat send -c 'a/../b' -m blue hi
    expect_status 65
    expect_requests 'PUT /chat/conversations/a%3Fc%23d%252e/mode'
    run_chat send -c .. -m blue hi
    expect_no 'conversations/../mode' "$DUMP/log"
    expect_no 'PUT /api/v1/chat/mode' "$DUMP/log"
}

@test "portfolios go with the conversation and with the message" {
    serve_default --generation 2
    run_chat send -j --portfolio "$P1" --portfolio "$P2" hi
    expect_status 0
    expect_jq ".[] | select(.event == \"start\") | .data.portfolio_id == \"$P1\""
    expect_body 1 ". == {portfolio_id: \"$P1\", portfolio_ids: [\"$P1\", \"$P2\"]}"
    expect_body 2 ".ui_context == {portfolio_id: \"$P1\", portfolio_ids: [\"$P1\", \"$P2\"]}"
    run_chat send hi
    expect_body 4 'has("ui_context") | not'
}

@test "portfolios go with a message to an existing conversation" {
    serve_hello
    run_chat send -c "$ID" --portfolio "$P1" hi
    expect_status 0
    expect_body 1 ".ui_context.portfolio_id == \"$P1\" and .conversation_id and .text == \"hi\""
}

@test "a created conversation without an ID is an error" {
    serve <<'SCENARIO'
on POST /chat/conversations
status 201
body {"mode":"green"}
SCENARIO
    run_chat send hi
    expect_status 76
    expect_error
    expect_requests 'POST /chat/conversations'
}

# --- the request ---

@test "the head of the request" {
    serve_hello
    run_chat send -c "$ID" hi
    [ "$(head -n 1 "$(request 1)")" = $'POST /api/v1/chat/send HTTP/1.1\r' ]
    sed '1d; /^\r$/,$d' "$(request 1)" | tr -d '\r' | tr '[:upper:]' '[:lower:]' | sed 's|\(sigmasight-chat/\).*|\1|' |
        sort >"$T/head"
    sort >"$T/wanted" <<HEAD
accept: text/event-stream
authorization: bearer $TOKEN
cache-control: no-cache
content-length: $(body 1 | wc -c)
content-type: application/json
host: 127.0.0.1:$PORT
user-agent: sigmasight-chat/
HEAD
    diff "$T/wanted" "$T/head"
}

@test "no interim response is requested for a message of any size" {
    serve_hello
    head -c 1000000 /dev/zero | tr '\0' m >"$T/message"
    run_chat send --max-message 0 -c "$ID" <"$T/message"
    expect_status 0
    expect_sent "$T/message"
    [ -z "$(header expect 1)" ]
    [ -z "$(header transfer-encoding 1)" ]
}

@test "the URL may end in a slash" {
    serve_hello
    run_chat send -u "$SIGMASIGHT_URL/" hi
    expect_status 0
    expect_requests 'POST /chat/conversations' 'POST /chat/send'
}

@test "--url overrides SIGMASIGHT_URL" {
    serve_hello
    local url=$SIGMASIGHT_URL
    SIGMASIGHT_URL=http://127.0.0.1:1/ run_chat send -c "$ID" --url "$url" hi
    expect_status 0
    expect_requests 'POST /chat/send'
}

@test "localhost by name and loopback without the proxy" {
    serve_hello
    http_proxy=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 \
        run_chat send --retry 0 -c "$ID" -u "http://localhost:$PORT/api/v1" hi
    expect_status 0
    expect_bytes 'Hello\n'
    http_proxy=http://127.0.0.1:1 run_chat send --retry 0 -c "$ID" hi
    expect_status 0
    expect_requests 'POST /chat/send' 'POST /chat/send'
}

@test "IPv6 loopback" {
    serve_hello --ipv6
    run_chat send hi
    expect_status 0
    [ "$(header host 1)" = "[::1]:$PORT" ]
}

@test "a connection that is reset posts the message once" {
    serve <<'SCENARIO'
on POST /chat/send
wire
reset
SCENARIO
    run_chat send --retry 0 hi
    expect_status 75
    expect_requests 'POST /chat/conversations' 'POST /chat/send'
}

@test "a reused connection that closes posts the message once" {
    serve <<'SCENARIO'
on POST /chat/send
wire
close
SCENARIO
    run_chat send --retry 0 hi
    expect_status 75
    expect_requests 'POST /chat/conversations' 'POST /chat/send'
}

@test "each attempt posts the message once" {
    serve <<'SCENARIO'
on POST /chat/send
wire
reset
on POST /chat/send
wire
close
on POST /chat/send
event message {"delta":"third"}
event done {}
SCENARIO
    run_chat send --retry 2 --retry-delay 0.01 -q hi
    expect_status 0
    expect_bytes 'third\n'
    [ "$(count_requests 'POST /chat/send')" -eq 3 ]
    [ "$(count_requests 'POST /chat/conversations')" -eq 1 ]
}

# --- the token ---

@test "the token of a file overrides that of the environment" {
    serve_hello
    printf 't0k.en-of-a-file\n' >"$T/token"
    run_chat send -c "$ID" --token-file "$T/token" hi
    expect_status 0
    [ "$(header authorization 1)" = 'Bearer t0k.en-of-a-file' ]
    printf 'no-line-end' >"$T/token"
    SIGMASIGHT_TOKEN='' run_chat send -c "$ID" --token-file "$T/token" hi
    expect_status 0
    [ "$(header authorization 2)" = 'Bearer no-line-end' ]
}

@test "the token of the environment" {
    serve_hello --token from-the-environment
    SIGMASIGHT_TOKEN=from-the-environment run_chat send hi
    expect_status 0
    [ "$(header authorization 1)" = 'Bearer from-the-environment' ]
    [ "$(header authorization 2)" = 'Bearer from-the-environment' ]
}

@test "a token cannot add headers" {
    serve_hello
    SIGMASIGHT_TOKEN=$'x\r\nX-Evil: 1' run_chat send -c "$ID" hi
    expect_no x-evil "$DUMP"/*
    printf 'x\r\nX-Evil: 1\n' >"$T/token"
    run_chat send -c "$ID" --token-file "$T/token" hi
    expect_no x-evil "$DUMP"/*
    printf 'good\n' >"$T/token"
    run_chat send -c "$ID" --token-file "$T/token" hi
    [ "$(header authorization "$(find "$DUMP" -name '*.request' | wc -l)")" = 'Bearer good' ]
}

@test "-vv shows the exchange and masks the token" {
    serve_default
    printf '%s\n' "$TOKEN" >"$T/token"
    run_chat send -vv --token-file "$T/token" hi
    expect_status 0
    grep -F 'POST /api/v1/chat/conversations' "$ERR"
    grep -F 'POST /api/v1/chat/send' "$ERR"
    grep -i 'content-type: text/event-stream' "$ERR"
    grep -i authorization "$ERR"
    expect_no "$TOKEN" "$ERR" "$OUT"
}

@test "-vv masks cookies in any spelling, folded lines and unknown headers" {
    serve <<'SCENARIO'
on POST /chat/send
wire HTTP/1.1 200 OK\r\nSet-Cookie: a=SECRET\r\nSet-Cookie2: a=SECRET\r\nset-cookie : a=SECRET\r\nX-Session: SECRET\r\n
raw X-Folded: a\r\n SECRET\r\n\tSECRET\r\nContent-Type: text/event-stream\r\n\r\nevent: done\ndata: {}\n\n
SCENARIO
    run_chat send -vv -c "$ID" hi
    expect_status 0
    grep -i 'content-type: text/event-stream' "$ERR"
    grep -F 'X-Session: [masked]' "$ERR"
    expect_no SECRET "$ERR"
}

@test "-v warns of SSLKEYLOGFILE, which discloses a connection" {
    export SSLKEYLOGFILE=$T/keys SIGMASIGHT_TOKEN=$TOKEN
    run_chat send -v --retry 0 -u https://127.0.0.1:1/api/v1 -c "$ID" hi
    expect_status 69
    expect_line "sigmasight-chat: warning: SSLKEYLOGFILE is set: .*$T/keys.*"
    run_chat send --retry 0 -u https://127.0.0.1:1/api/v1 -c "$ID" hi
    expect_error
    run_chat send -v --retry 0 -u http://127.0.0.1:1/api/v1 -c "$ID" hi
    expect_no SSLKEYLOGFILE "$ERR"
}

# --- headers ---

@test "--header: sent with each request, configured ones too, masked wherever it is shown" {
    serve_default
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    echo '{"header":["X-One: SECRET1","x-two: SECRET2","Cache-Control: max-age=0"]}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    run_chat send -vv -H 'X-Two:  SECRET3' --header $'X-Three: a:\tSECRET4' -H 'User-Agent: SECRET5' hi
    expect_status 0
    local n
    for n in 1 2; do
        [ "$(header x-one "$n")" = SECRET1 ]
        [ "$(header x-two "$n")" = SECRET3 ]
        [ "$(header x-three "$n")" = $'a:\tSECRET4' ]
        [ "$(header cache-control "$n")" = 'max-age=0' ]
    done
    grep -F 'X-Two: [masked]' "$ERR"
    # Also those whose names are public.
    grep -F '> Cache-Control: [masked]' "$ERR"
    grep -F '> User-Agent: [masked]' "$ERR"
    expect_no SECRET "$ERR" "$OUT"
    run_chat config -H 'X-Three: SECRET4'
    expect_status 0
    grep -F 'X-Three: [masked], X-One: [masked]' "$OUT"
    expect_no SECRET "$OUT" "$ERR"
    run_chat config -j -H 'X-Three: SECRET4'
    expect_status 0
    expect_no SECRET "$OUT" "$ERR"
    run_chat doctor -H 'X-Three: SECRET4'
    expect_status 0
    expect_no SECRET "$OUT" "$ERR"
}

@test "--header: invalid ones, and those that the program sets itself" {
    serve_default
    local header
    for header in '' X 'X;' 'X Y: 1' ': 1' 'X:' 'X:  ' $'X: a\rb' $'X: a\nY: b' $'X: \x7f' $'X\xc3\xa4: 1' 'authorization: x' \
        'Proxy-Authorization: x' 'proxy-x: y' 'HOST: x' 'Content-Type: x' 'content-foo: x' 'Transfer-Encoding: x' 'TE: x' \
        'Connection: x' 'Upgrade: x' 'Expect: x' 'Accept: x' 'Accept-Encoding: x'; do
        run_chat send -H "$header" hi
        [ "$status" -eq 64 ] || fail "$header: $status"
        mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
        jq -n --arg h "${header:-X}" '{header:$h}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
        run_chat send hi
        [ "$status" -eq 78 ] || fail "configured $header: $status"
        rm "$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    done
    expect_requests
    run_chat send -H 'X-Accept: 1' -H 'Acceptx: 1' -H 'Tex: 1' hi
    expect_status 0
}

@test "no message of a refusal has the token" {
    serve <<'SCENARIO'
on POST /chat/send
status 401
body {"detail":"Could not validate credentials"}
SCENARIO
    run_chat send -vv -j -c "$ID" hi
    expect_status 77
    expect_no "$TOKEN" "$ERR" "$OUT"
}

@test "the token is on no command line" {
    # No test that runs at the same time looks for this one.
    TOKEN=token-of-$$
    serve <<'SCENARIO'
on POST /chat/send
gate here
event done {}
SCENARIO
    printf '%s\n' "$TOKEN" >"$T/token"
    launch "$CHAT" send -c "$ID" --token-file "$T/token" hi >"$OUT" 2>"$ERR"
    await_gate here
    ps -A -o args= >"$T/processes"
    open_gate here
    await_end
    expect_status 0
    grep -F -- "--token-file $T/token" "$T/processes"
    grep -v -F -e '--with-parent' "$T/processes" >"$T/others"
    expect_no "$TOKEN" "$T/others"
}

# --- at a terminal ---

@test "at a terminal send says that it waits for the message and how to end it" {
    need_terminal
    serve_hello
    printf 'typed by hand\n' | script -qec "stty -echo; exec '$CHAT' send -c $ID 2>'$ERR'" /dev/null >"$OUT" 3>&-
    grep -i -E 'ctrl-d|\^D|control-d|end of file' "$ERR"
    expect_text 'typed by hand\n'
    run_chat send -c "$ID" - <<<'piped'
    expect_bytes '' "$ERR"
}

@test "one file for --events and --record is refused and not truncated" {
    serve_default
    echo precious >"$T/keep"
    ln "$T/keep" "$T/link"
    for other in keep link; do
        run_chat send --events "$T/keep" --record "$T/$other" hi
        expect_status 64
        expect_bytes $'precious\n' "$T/keep"
    done
    expect_requests
}
