#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2120 # serve_echo passes on what it is given
# chat: a dialogue at a terminal, and lines from a pipe.

load helper

# on_screen STEP ARGUMENT...: as in status.bats, with a dialogue. Line editing requires another TERM than dumb.
on_screen()
{
    need_terminal
    LC_ALL=${locale-C.UTF-8} TERM=${term-xterm} python3 "$BATS_TEST_DIRNAME/screen.py" "$T" "$@" >"$OUT" 2>"$ERR" </dev/null 3>&- ||
        fail "not as expected on the screen"
}

# Skips the test where the library for line editing is not installed.
need_editing()
{
    "$CHAT" --version >"$T/version"
    grep -q -x 'line editing: libedit' "$T/version" || skip "libedit is not installed"
}

# Answers every message with its own text.
serve_echo()
{
    serve <<'END'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"gpt-4o"}
event message {"delta":"Heard: $TEXT","role":"assistant"}
event done {}
END
}

# The texts of the messages that were posted, a JSON string each.
posted()
{
    local file
    for file in "$DUMP"/*.request; do
        if head -n 1 "$file" | grep -q '^POST /api/v1/chat/send'; then
            sed '1,/^\r$/d' "$file" | jq -c .text
        fi
    done
}

# expect_posted [TEXT]...: these messages were posted, as JSON strings.
expect_posted()
{
    printf '%s\n' "$@" >"$T/wanted"
    posted | diff "$T/wanted" - >&2 || fail "other messages were posted"
}

conversations_posted()
{
    cat "$DUMP"/*.request | grep -a -o '"conversation_id":"[^"]*","text"' | sort -u | wc -l
}

history_file()
{
    printf '%s/sigmasight-chat/history' "$XDG_STATE_HOME"
}

# --- lines ---

@test "chat: each line is a message of one conversation, and an empty line separates the answers" {
    serve_echo
    printf 'one\n\n  \n/two\r\nthree' >"$T/lines"
    run_chat chat <"$T/lines"
    expect_status 0
    expect_bytes 'Heard: one\n\nHeard: /two\r\n\nHeard: three\n'
    expect_posted '"one"' '"/two\r"' '"three"'
    [ "$(count_requests 'POST /chat/conversations')" -eq 1 ]
    [ "$(conversations_posted)" -eq 1 ]
}

@test "chat: TEXT is the first message" {
    serve_echo
    run_chat chat What now <<<"and then"
    expect_status 0
    expect_posted '"What now"' '"and then"'
}

@test "chat: answers without a final newline and complete answers are separated as well" {
    serve_echo
    for option in -n --no-stream '--render always'; do
        # shellcheck disable=SC2086 # two words
        run_chat chat $option <<<$'a\nb'
        expect_status 0
        expect_bytes "Heard: a\n\nHeard: b$([ "$option" = -n ] || printf "\\\\n")"
    done
}

@test "chat: JSON Lines have an open and a close for each question, the close last" {
    serve_echo
    run_chat chat -j --events "$T/events" <<<$'one\ntwo'
    expect_status 0
    [ "$(names)" = "client.open start message done client.close client.open start message done client.close" ]
    [ "$(names "$T/events")" = "client.open start done client.close client.open start done client.close" ]
    expect_jq 'map(select(.event == "client.close").data.conversation_id) | unique | length == 1'
}

@test "chat: a failure is shown and the dialogue continues; the status is that of the last one" {
    serve <<'END'
on POST /chat/send once
event error {"message":"out of order","retryable":false}
on POST /chat/send
event message {"delta":"Hello"}
event done {}
END
    run_chat chat --max-message 5 <<<$'one\ntwo\nfar too long\nsix'
    expect_status 65
    expect_bytes 'Hello\n\nHello\n'
    expect_line 'sigmasight-chat: server error: out of order'
    expect_line 'sigmasight-chat: the message has 12 characters.*'
    [ "$(wc -l <"$ERR")" -eq 2 ]
}

@test "chat: a refused token ends the dialogue" {
    serve_echo
    SIGMASIGHT_TOKEN=wrong run_chat chat <<<$'one\ntwo'
    expect_status 77
    expect_error
    [ "$(count_requests 'POST /chat/conversations')" -eq 1 ]
}

@test "chat: a conversation whose first message is refused is used for the next message" {
    serve <<'END'
on POST /chat/send once
status 400
body {"detail":"no"}
on POST /chat/send
event message {"delta":"Hello"}
event done {}
END
    run_chat chat <<<$'one\ntwo'
    expect_status 65
    expect_requests 'POST /chat/conversations' 'POST /chat/send' 'POST /chat/send'
    [ "$(conversations_posted)" -eq 1 ]
}

@test "chat: an ephemeral conversation is deleted at the end, once" {
    serve_hello
    run_chat chat --ephemeral <<<$'one\ntwo'
    expect_status 0
    [ "$(requests | cut -d ' ' -f 1 | paste -s -d ' ' -)" = "POST POST POST DELETE" ] || fail "$(requests)"
    [ ! -e "$XDG_STATE_HOME/sigmasight-chat/conversations.json" ]
}

@test "chat: -C continues the previous dialogue" {
    serve_echo
    run_chat chat <<<one
    run_chat chat -C <<<two
    expect_status 0
    [ "$(count_requests 'POST /chat/conversations')" -eq 1 ]
    [ "$(conversations_posted)" -eq 1 ]
}

@test "chat: options for single questions are refused, and their configured values are ignored" {
    serve_hello
    for options in --edit '--record x' '-o json' '-o raw' '-'; do
        # shellcheck disable=SC2086 # two words
        run_chat chat $options <<<hi
        expect_status 64
    done
    expect_requests
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    printf '{"output": "json", "record": "%s/record"}' "$T" >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    run_chat chat <<<hi
    expect_status 0
    expect_bytes 'Hello\n'
    [ ! -e "$T/record" ]
}

@test "chat: SIGINT ends the program that reads lines" {
    serve <<'END'
on POST /chat/send
event message {"delta":"Hel"}
gate more
END
    pipe_to LINES
    launch "$CHAT" chat <"$T/lines" >"$OUT" 2>"$ERR"
    echo one >&"$LINES"
    await_gate more
    kill -INT "$PID"
    await_end
    expect_signal INT
}

@test "chat: each question is logged, and none with --no-log" {
    serve_echo
    unset SIGMASIGHT_LOG
    run_chat chat --no-log <<<zero
    [ ! -e "$XDG_STATE_HOME/sigmasight-chat/log.jsonl" ]
    run_chat chat <<<$'one\ntwo'
    expect_status 0
    [ "$(jq -r .question "$XDG_STATE_HOME/sigmasight-chat/log.jsonl" | paste -s -d ' ' -)" = "one two" ]
    [ "$(jq -r .text "$XDG_STATE_HOME/sigmasight-chat/log.jsonl" | tail -n 1)" = "Heard: two" ]
}

@test "chat: an unreliable connection: every message is answered or its failure is shown" {
    serve <<'END'
on POST /chat/send once
event message {"delta":"1"}
event done {}
on POST /chat/send once
event message {"delta":"2"}
close
on POST /chat/send once
status 503
body {"detail":"busy"}
on POST /chat/send once
event message {"delta":"3"}
event done {}
on POST /chat/send once
event message {"delta":"4"}
reset
on POST /chat/send once
status 502
body <html>
on POST /chat/send once
raw : heartbeat\n\n
silence
on POST /chat/send
event message {"delta":"$TEXT"}
event done {}
END
    seq 60 >"$T/lines"
    run_chat chat -q -j --retry-delay 0.01 --idle-timeout 1 <"$T/lines"
    expect_status 75
    expect_jq 'map(select(.event == "client.close").data.status) | length == 60 and (map(select(. == "done")) | length) == 56'
    [ "$(count_requests 'POST /chat/conversations')" -eq 1 ]
    [ "$(wc -l <"$ERR")" -eq 4 ]
}

@test "chat: reconnects silently to a server that was restarted" {
    serve_echo
    pipe_to LINES
    pipe_from ANSWERS
    launch "$CHAT" chat -c "$ID" <"$T/lines" >"$T/answers" 2>"$ERR"
    echo one >&"$LINES"
    expect_read "$ANSWERS" $'Heard: one\n'
    steer GET closed/1
    # The connection is dead when the next message comes, and so is the server that had it.
    # shellcheck disable=SC2153 # of serve
    local port=$PORT
    stop_server
    rm "$T/announcement" "$T/port"
    "$MOCK" --port "$port" --port-file "$T/port" --with-parent --token "$TOKEN" --scenario "$T/scenario" </dev/null >/dev/null 2>&1 3>&- &
    # shellcheck disable=SC2034 # for stop_server
    MOCK_PID=$!
    until [ -e "$T/port" ]; do
        sleep 0.02
    done
    echo two >&"$LINES"
    expect_read "$ANSWERS" $'\nHeard: two\n'
    exec {LINES}>&- {KEPT}>&-
    kill -TERM "$PID"
    await_end
    expect_bytes '' "$ERR"
}

# --- at a terminal ---

@test "chat: the keys of line editing" {
    need_editing
    serve_echo
    on_screen shows '>' type 'orld' type '\x01' type 'W' type '\x05' type '!x' type '\x1b[D\x1b[D' type ' ' type '\x1b[F\x7f\r' \
        shows 'Heard: World !' type 'abc def\x17ghi\r' shows 'Heard: abc ghi' \
        type 'left right\x1b[H\x1b[C\x0b\r' shows 'Heard: l' type 'gone\x15here\r' shows 'Heard: here' \
        type '\x1b[A\x1b[A\x1b[A\x1b[B\r' type 'then\r' shows $'Heard: then\n>' type '\x12Wor\r' type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"World !"' '"abc ghi"' '"l"' '"here"' '"l"' '"then"' '"World !"'
    [ "$(count_requests 'POST /chat/conversations')" -eq 1 ]
}

@test "chat: UTF-8 is edited by characters in any locale" {
    need_editing
    serve_echo
    for locale in C.UTF-8 C; do
        rm -f "$DUMP"/*
        on_screen shows '>' type '\xc3\xa9\xe6\x97\xa5\xe6\x9c\xacx\x1b[D\x7f\x1b[D\xf0\x9f\x99\x82\r' shows 'Heard:' type '\x04' -- "$CHAT" chat
        expect_posted '"é🙂日x"'
    done
}

@test "chat: a paste of 200 lines is one message, and a line that ends in a backslash continues" {
    need_editing
    serve_hello
    local text
    text=$(seq -f 'line %g' -s '\r' 200)
    on_screen shows '>' type "\\x1b[200~$text\\x03\\r\\x1b[201~" shows 'line 200' type '\r' shows Hello \
        type 'one\\\r' shows '...' type 'two\r' type '\x04' -- "$CHAT" chat
    posted | tail -n 2 >"$T/posted"
    [ "$(head -n 1 "$T/posted")" = "$(seq -f 'line %g' 200 | jq -R -s -c 'rtrimstr("\n")')" ]
    [ "$(tail -n 1 "$T/posted")" = '"one\ntwo"' ]
}

# stop_answer TERM: Ctrl-C during an answer and at the prompt, and SIGINT from another process.
stop_answer()
{
    serve <<'END'
on POST /chat/send once
event message {"delta":"Half an answer "}
gate more
on POST /chat/send
event message {"delta":"Heard: $TEXT"}
event done {}
END
    term=$1 on_screen shows '>' type 'first\r' await more shows 'Half an' type '\x03' shows 'the server may finish' \
        type 'wrong\x03' type 'second\r' shows 'Heard: second' kill INT type 'third\r' shows 'Heard: third' type '\x04' \
        -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    posted >"$T/posted"
    [ "$(sed -n '1p;$p' "$T/posted" | paste -s -d ' ' -)" = '"first" "third"' ]
    expect_no wrong "$T/posted"
    [ "$(conversations_posted)" -eq 1 ]
}

@test "chat: Ctrl-C stops the answer and returns to the prompt, at the prompt it clears the line" {
    need_editing
    stop_answer xterm
}

@test "chat: Ctrl-C with the terminal's own editing" {
    stop_answer dumb
}

@test "chat: SIGTERM ends the dialogue at the prompt and restores the terminal" {
    serve_hello
    need_terminal
    for term in xterm dumb; do
        TERM=$term python3 "$BATS_TEST_DIRNAME/terminal.py" "$T/screen" wait '> ' kill TERM -- "$CHAT" chat >"$OUT" 3>&-
        [ "$(head -n 1 "$OUT")" = "signal 15" ]
        [ "$(tail -n 1 "$OUT")" = "echo on" ]
    done
}

@test "chat: with the terminal's own editing lines that are ready at once are one message" {
    serve_echo
    term=dumb on_screen shows '>' type 'one\ntwo\n' shows 'Heard: one' type '/mode blue\nthree\n' shows 'Heard: three' \
        type '/quit\n' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"one\ntwo"' '"three"'
    [ "$(count_requests "PUT /chat/conversations/.*/mode")" -eq 1 ]
}

@test "chat: the commands" {
    serve_echo
    # shellcheck disable=SC2016 # the script expands
    printf '#!/bin/sh\necho edited >>"$1"\n' >"$T/editor"
    chmod +x "$T/editor"
    EDITOR=$T/editor term=dumb on_screen shows '>' type '/retry\n' shows 'no message' type '/nothing\n' shows 'unknown command /nothing' \
        type '/mode red\n' shows "expected green" type '/help\n' shows '/portfolio' type '/mode blue\n' shows 'mode blue' \
        type 'one\n' shows 'Heard: one' type '/retry\n' type '//x\n' shows 'Heard: /x' type '/edit text \n' shows 'Heard: text' \
        type '/portfolio 3fa85f64-5717-4562-b3fc-2c963f66afa6\n' shows 'portfolio 3fa85' type 'two\n' shows 'Heard: two' \
        type '/new\n' shows 'new conversation' type 'three\n' shows 'Heard: three' type '/quit\n' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"one"' '"one"' '"/x"' '"textedited"' '"two"' '"three"'
    [ "$(count_requests 'POST /chat/conversations')" -eq 2 ]
    [ "$(conversations_posted)" -eq 2 ]
    expect_body 1 '.mode == "blue"'
    [ "$(cat "$DUMP"/*.request | grep -a '"two"' | grep -a -c 3fa85f64)" -eq 1 ]
}

@test "chat: a failure at the prompt does not end the dialogue, whose status is 0" {
    serve <<'END'
on POST /chat/send once
event error {"message":"out of order","retryable":false}
on POST /chat/send
event message {"delta":"Heard: $TEXT"}
event done {}
END
    term=dumb on_screen shows '>' type 'one\n' shows 'out of order' type 'two\n' shows 'Heard: two' type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
}

@test "chat: the history is kept for the next dialogue, the newest 1000 messages" {
    need_editing
    serve_echo
    unset SIGMASIGHT_LOG
    mkdir -p "$XDG_STATE_HOME/sigmasight-chat"
    seq 1000 >"$(history_file)"
    chmod 600 "$(history_file)"
    on_screen shows '>' type 'back\\\\\\\\slash\r' shows Heard type '/help\r' type '\x04' -- "$CHAT" chat
    [ "$(wc -l <"$(history_file)")" -eq 1000 ]
    [ "$(head -n 1 "$(history_file)")" = 2 ]
    [ "$(stat -c %a "$(history_file)")" = 600 ]
    on_screen shows '>' type '\x1b[A\x1b[A\r' shows 'Heard: 1000' type '\x1b[A\x1b[A\r' shows 'Heard: back' type '\x04' -- "$CHAT" chat
    cp "$(history_file)" "$T/before"
    on_screen shows '>' type '\x1b[Anew\r' shows 'Heard: new' type '\x04' -- "$CHAT" chat --ephemeral
    on_screen shows '>' type '\x1b[Anew\r' shows 'Heard: new' type '\x04' -- "$CHAT" chat --no-log
    cmp "$T/before" "$(history_file)" >&2
}

@test "chat: only a dialogue opens the library for line editing" {
    command -v strace >/dev/null || skip "strace is not installed"
    serve_hello
    strace -f -o "$T/calls" "$CHAT" send hi >"$OUT" 2>"$ERR" || skip "strace is not permitted"
    expect_no libedit "$T/calls"
}
