#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2120 # serve_echo passes on what it is given
# chat: a dialogue at a terminal, and lines from a pipe.

load helper
load accounts
load memory

# Skips the test where the library for line editing is not installed.
need_editing()
{
    "$CHAT" --version >"$T/version"
    grep -q -x 'line editing: libedit' "$T/version" || skip "libedit is not installed"
}

# Answers every message with its own text.
serve_echo()
{
    serve "$@" <<'END'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"gpt-4o"}
event message {"delta":"Heard: $TEXT","role":"assistant"}
event done {}
END
}

# posted: prints the texts of the posted messages as JSON strings, one a line.
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
    printf 'one\n\n  \n\xc2\xa0\xe3\x80\x80\n/two\r\n\r\nthree' >"$T/lines"
    run_chat chat <"$T/lines"
    expect_status 0
    expect_bytes 'Heard: one\n\nHeard: /two\n\nHeard: three\n'
    expect_posted '"one"' '"/two"' '"three"'
    [ "$(count_requests 'POST /chat/conversations')" -eq 1 ]
    [ "$(conversations_posted)" -eq 1 ]
}

@test "chat: a byte order mark before the first line is not a part of the message" {
    serve_echo
    run_chat chat <<<$'\xef\xbb\xbfone\n\xef\xbb\xbftwo'
    expect_status 0
    expect_posted '"one"' $'"\xef\xbb\xbftwo"'
}

@test "chat: a line that is longer than a message may be is a failure, and the next one is asked" {
    serve_echo
    { repeat 300000 0123456789; printf '\n'; repeat 104858 0123456789; printf '\nlast'; } >"$T/lines"
    run_chat chat < <(cat "$T/lines")
    expect_status 65
    [ "$(grep -c -x 'sigmasight-chat: the message is larger than 1 MiB' "$ERR")" -eq 2 ] || fail "not refused"
    expect_posted '"last"'
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

# As serve_echo, with a tool call before each text.
serve_echo_with_tool()
{
    serve <<'END'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"gpt-4o"}
event tool_started {"tool_call_id":"c","tool_name":"get_prices","arguments":{}}
event tool_finished {"tool_call_id":"c","tool_name":"get_prices","duration_ms":5}
event message {"delta":"Heard: $TEXT"}
event done {}
END
}

@test "chat: lines on standard error do not change what separates answers without a final newline" {
    serve_echo_with_tool
    for option in -q -v '-v --render always' '-v --no-stream'; do
        # shellcheck disable=SC2086 # two words
        run_chat chat -n $option <<<$'one\ntwo\nthree'
        expect_status 0
        expect_bytes 'Heard: one\n\nHeard: two\n\nHeard: three'
    done
    stop_server
    rm -f "$T/announcement"
    serve <<'END'
on POST /chat/send
event message {"delta":"Heard: $TEXT"}
event error {"message":"out of order","retryable":false}
END
    run_chat chat -n <<<$'one\ntwo'
    expect_bytes 'Heard: one\n\nHeard: two'
}

@test "chat: at a terminal the empty line between the answers precedes the lines of the tools" {
    serve_echo_with_tool
    printf 'one\ntwo\n' >"$T/lines"
    # shellcheck disable=SC2016 # expanded by the shell at the terminal
    for option in -n --no-stream '--render never' --no-status; do
        # shellcheck disable=SC2086 # two words
        on_screen -- sh -c 'exec "$@" <"$0"' "$T/lines" "$CHAT" chat $option
        expect_line 'exit 0' "$OUT"
        grep -v '^tool_started' "$T/last" | sed '/^Heard: two$/q' >"$T/screen"
        sed 's/^tool_finished \(.*\) \(5 ms\)$/✓ \1 · \2/' "$T/screen" >"$T/shown"
        expect_bytes '✓ get_prices · 5 ms\nHeard: one\n\n✓ get_prices · 5 ms\nHeard: two\n' "$T/shown"
    done
    # Standard output has the same bytes elsewhere.
    run_chat chat <"$T/lines"
    expect_bytes 'Heard: one\n\nHeard: two\n'
}

@test "chat: at a terminal no empty line precedes a failure without an answer" {
    serve <<'END'
on POST /chat/send
event message {"delta":"first"}
event done {}
on POST /chat/send
status 400
body {"detail":"bad"}
END
    printf 'one\ntwo\n' >"$T/lines"
    # shellcheck disable=SC2016 # expanded by the shell at the terminal
    on_screen -- sh -c 'exec "$@" <"$0"' "$T/lines" "$CHAT" chat
    sed 's/^sigmasight-chat: .*bad.*/failure/' "$T/last" | sed '/^failure$/q' >"$T/shown"
    expect_bytes 'first\nfailure\n' "$T/shown"
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

# expect_calls METHODS: the requests to the server have these methods.
expect_calls()
{
    [ "$(requests | cut -d ' ' -f 1 | paste -s -d ' ' -)" = "$1" ] || fail "other requests: $(requests)"
}

@test "chat: a conversation of which all messages were refused is deleted at the end" {
    serve <<<$'on POST /chat/send\nstatus 400\nbody {"detail":"no"}'
    run_chat chat <<<$'one\ntwo'
    expect_status 65
    expect_calls 'POST POST POST DELETE'
    [ "$(wc -l <"$ERR")" -eq 2 ] || fail "expected two failures"
    # One that was given is kept.
    : >"$DUMP/log"
    run_chat chat -c "$ID" <<<one
    expect_status 65
    expect_requests 'POST /chat/send'
}

@test "chat: a signal does not wait for the deletion of a conversation that was refused" {
    serve <<<$'on POST /chat/send\nstatus 400\nbody {"detail":"no"}'
    pipe_to LINES
    launch "$CHAT" chat <"$T/lines" >"$OUT" 2>"$ERR"
    echo one >&"$LINES"
    await grep -q . "$ERR"
    kill -TERM "$PID"
    await_end
    expect_signal TERM
    expect_calls 'POST POST'
}

@test "chat: a conversation of which any message may be stored is kept" {
    {
        printf 'on POST /chat/send once\nstatus %s\nbody {"detail":"no"}\n' 400 500 400 500
        printf 'on POST /chat/send\nstatus 400\nbody {"detail":"no"}\n'
    } >"$T/scenario.of.test"
    serve <"$T/scenario.of.test"
    run_chat chat --retry 0 <<<$'one\ntwo\nthree'
    expect_status 65
    expect_calls 'POST POST POST POST'
    # Of one message only the first attempt may be stored.
    : >"$DUMP/log"
    run_chat chat --retry 1 --retry-delay 0 <<<one
    expect_status 65
    expect_calls 'POST POST POST'
}

@test "chat: a failed deletion of a conversation that was refused is a warning" {
    serve <<<$'on POST /chat/send\nstatus 400\nbody {"detail":"no"}\n\non DELETE /chat/conversations/*\nstatus 500\nbody {}'
    run_chat chat <<<one
    expect_status 65
    expect_line 'sigmasight-chat: warning: conversation .* could not be deleted: .*'
    run_chat chat -q <<<one
    expect_status 65
    expect_no 'could not be deleted' "$ERR"
}

@test "chat: a failure to look up the portfolios neither ends the conversation nor changes its portfolios" {
    serve --generation 2 <<'END'
on GET /portfolios once
status 503
on POST /chat/send
event message {"delta":"Hello"}
event done {}
END
    run_chat chat -c "$ID" --portfolio Demo --retry 0 -j <<<$'one\ntwo'
    expect_status 69
    expect_requests 'GET /portfolios' 'GET /portfolios' 'POST /chat/send'
    expect_body 3 ".conversation_id == \"$ID\""
    expect_jq "map(select(.event == \"client.close\").data.conversation_id) == [\"$ID\", \"$ID\"]"
    # Of two configured portfolios one is unknown: no message is posted with the other one alone.
    mkdir -p "$T/config/sigmasight-chat"
    printf '{"portfolio": ["%s", "Typo"]}' "$P1" >"$T/config/sigmasight-chat/config.json"
    run_chat chat -c "$ID" <<<$'three\nfour'
    expect_status 65
    expect_posted '"two"'
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

@test "chat: the help and messages name only its own formats" {
    run_chat chat --help
    expect_line '  -o, --output FORMAT .*: text or jsonl \(text\)' "$OUT"
    run_chat chat -o xml
    expect_status 64
    expect_line "sigmasight-chat: invalid value 'xml' for --output: expected text or jsonl"
    run_chat decode --help
    expect_line '  -o, --output FORMAT .*: text, jsonl, json or raw \(text\)' "$OUT"
}

@test "chat: standard input that cannot be read is an error" {
    serve_echo
    run_chat chat hi </
    expect_status 66
    expect_bytes 'Heard: hi\n'
    expect_error 'cannot read standard input: .*'
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
    # The server of the kept connection has ended before the next message.
    # shellcheck disable=SC2153 # of serve
    local port=$PORT
    stop_server
    rm "$T/announcement" "$T/port"
    serve_default --scenario "$T/scenario" --port "$port"
    echo two >&"$LINES"
    expect_read "$ANSWERS" $'\nHeard: two\n'
    exec {LINES}>&- {KEPT}>&-
    kill -TERM "$PID"
    await_end
    expect_bytes '' "$ERR"
}

@test "chat: a connection that was idle for more than three seconds is not used again" {
    serve_echo
    make_clock
    pipe_to LINES
    pipe_from ANSWERS
    launch env LD_PRELOAD="$T/clock.so" "$CHAT" chat -j <"$T/lines" >"$T/answers" 2>"$ERR"
    local line='' connected=()
    for text in one two three; do
        [ "$text" != three ] || : >"$CLOCK_AHEAD"
        echo "$text" >&"$LINES"
        until [[ $line == *'"client.close"'* ]]; do
            read -r -t "$PATIENCE" -u "$ANSWERS" line || fail "no answer to $text"
        done
        connected+=("$(jq '.data.timing.connect_ms != null' <<<"$line")")
        line=''
    done
    kill -TERM "$PID"
    await_end
    [ "${connected[*]}" = 'true false true' ] || fail "new connections: ${connected[*]}"
    expect_bytes '' "$ERR"
}

# hear DESCRIPTOR TEXT: this is the next answer of serve_echo.
hear()
{
    expect_read "$1" "Heard: $2"$'\n'
}

# begin_chat: asks the question "one" of a dialogue under $T/clock.so; its stored token is valid for 7300 seconds.
begin_chat()
{
    serve_default --token-life 7300
    no_token
    log_in
    make_clock
    pipe_to LINES
    pipe_from ANSWERS
    launch env LD_PRELOAD="$T/clock.so" "$CHAT" chat -j <"$T/lines" >"$T/answers" 2>"$ERR"
    ask one
}

# ask TEXT: the dialogue of begin_chat gets an answer.
ask()
{
    local line=''
    echo "$1" >&"$LINES"
    until [[ $line == *'"client.close"'* ]]; do
        read -r -t "$PATIENCE" -u "$ANSWERS" line || fail "no answer to $1"
    done
    [[ $line == *'"status":"done"'* ]] || fail "$line"
}

end_chat()
{
    kill -TERM "$PID"
    await_end
    expect_bytes '' "$ERR"
}

@test "chat: a token near its end is refreshed between two questions, without a message" {
    begin_chat
    local old
    old=$(stored '.[0].token')
    : >"$CLOCK_AHEAD"
    ask two
    ask three
    end_chat
    expect_requests 'POST /chat/conversations' 'POST /chat/send' 'POST /auth/refresh' 'POST /chat/send' 'POST /chat/send'
    [ "$(stored '.[0].token')" != "$old" ]
    [ "$(tokens_of 'POST /api/v1/chat/send' | tail -n 2 | sort -u)" = "$(stored '.[0].token')" ]
}

@test "chat: a token that expired between two questions is replaced by a newer one that was stored" {
    serve <<'END'
on POST /chat/send once
event message {"delta":"Heard: $TEXT"}
event done {}
on POST /chat/send once
status 401
body {"detail":"expired"}
on POST /chat/send
event message {"delta":"Heard: $TEXT"}
event done {}
END
    no_token
    log_in
    pipe_to LINES
    pipe_from ANSWERS
    launch "$CHAT" chat -c "$ID" <"$T/lines" >"$T/answers" 2>"$ERR"
    echo one >&"$LINES"
    hear "$ANSWERS" one
    change_stored '.[0].token = "newer" | .'
    echo two >&"$LINES"
    expect_read "$ANSWERS" $'\n'
    hear "$ANSWERS" two
    kill -TERM "$PID"
    await_end
    expect_bytes '' "$ERR"
    [ "$(tokens_of 'POST /api/v1/chat/send' | tail -n 1)" = newer ]
    [ "$(count_requests 'POST /auth/refresh')" -eq 0 ]
}

@test "chat: a refreshed token does not replace one that another process stored or removed" {
    local change wanted
    for change in '[]' '.[0].token = "bobs" | .[0].email = "bob@example.com" | .'; do
        begin_chat
        change_stored "$change"
        wanted=$(stored .)
        : >"$CLOCK_AHEAD"
        ask two
        end_chat
        [ "$(count_requests 'POST /auth/refresh')" -eq 1 ]
        [ "$(stored .)" = "$wanted" ] || fail "$(stored .)"
        stop_server
        rm -r "$T/announcement" "$T/port" "$XDG_STATE_HOME" "$DUMP" "$CLOCK_AHEAD" "$T/lines" "$T/answers"
        mkdir "$DUMP"
    done
}

# The server refuses the first token, and the dialogue continues with one that another account has stored.
@test "chat: a token of another account is refreshed as that of its account" {
    serve <<'END'
on POST /chat/send once
event done {}
on POST /chat/send once
status 401
body {"detail":"expired"}
on POST /chat/send
event done {}
on POST /auth/refresh
body {"access_token":"third","expires_in":7300}
END
    no_token
    log_in
    pipe_to LINES
    pipe_from ANSWERS
    launch "$CHAT" chat -j -c "$ID" <"$T/lines" >"$T/answers" 2>"$ERR"
    ask one
    change_stored '.[0].token = "second" | .[0].email = "bob@example.com" | .'
    age 7300 100
    ask two
    ask three
    end_chat
    expect_requests 'POST /chat/send' 'POST /chat/send' 'POST /chat/send' 'POST /auth/refresh' 'POST /chat/send'
    [ "$(stored '.[0] | .token, .email' | paste -s -d ' ')" = 'third bob@example.com' ] || fail "$(stored .)"
}

@test "chat: a token that lives less than a minute is refreshed each time that it is near its end" {
    local now=1900000000
    make_clock
    touch -d "@$now" "$CLOCK_STOPPED"
    serve_default --token-life 60
    no_token
    LD_PRELOAD=$T/clock.so log_in
    pipe_to LINES
    pipe_from ANSWERS
    launch env LD_PRELOAD="$T/clock.so" "$CHAT" chat -j <"$T/lines" >"$T/answers" 2>"$ERR"
    for text in one two three; do
        touch -d "@$now" "$CLOCK_STOPPED"
        ask "$text"
        # A tenth of its life is left.
        now=$((now + 55))
    done
    end_chat
    expect_requests 'POST /chat/conversations' 'POST /chat/send' 'POST /auth/refresh' 'POST /chat/send' \
        'POST /auth/refresh' 'POST /chat/send'
}

# --- at a terminal ---

@test "chat: the keys of line editing" {
    need_editing
    serve_echo
    on_screen shows '>' type 'orld' type '\x01' type 'W' type '\x05' type '!x' type '\x1b[D\x1b[D' type ' ' type '\x1b[F\x7f\r' \
        shows 'Heard: World !' type 'abc def\x17ghi\r' shows 'Heard: abc ghi' \
        type '\x1b[5~left\x1b[6~ \x1b[2~right\x1b[H\x1b[C\x0b\r' shows 'Heard: l' type 'gone\x15here\r' shows 'Heard: here' \
        type '\x1b[A\x1b[A\x1b[A\x1b[B\r' type 'then\r' shows $'Heard: then\n>' type '\x12Wor\r' type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"World !"' '"abc ghi"' '"l"' '"here"' '"l"' '"then"' '"World !"'
    [ "$(count_requests 'POST /chat/conversations')" -eq 1 ]
}

@test "chat: keys with modifiers move by words or do nothing" {
    need_editing
    serve_echo
    # As terminals send them: modified arrows, Home, End, Insert, Delete, pages, function keys, Shift-Tab; xterm, rxvt and the Linux console.
    local key unused='' first=(OP OQ OR OS '[[A' '[[E' '[a' Oa '[3^' '[3$' '[3@' '[Z' '[6~' '\x1b[A' '\x1b[3~' '[1;2P' '[I')
    for key in 2 3 5 6 15 17 18 19 20 21 23 24 25 26 28 29 31 32 33 34; do
        unused+="\\x1b[$key;5~"
        if [ "$key" != 3 ]; then unused+="\\x1b[$key~"; fi
    done
    for key in A B C D F H; do unused+="\\x1b[1;2$key\\x1b[1;8$key"; done
    for key in "${first[@]}"; do unused+="\\x1b$key"; done
    on_screen shows '>' type 'one two three\x1b[1;3D\x1b\x1b[DB\x1b[1;3CE\x1b[5D\x1b[1;5Db\x1b\x1b[C\x1b[1;5C!\r' shows $'Heard: bone BtwoE! three\n>' \
        type "alpha beta${unused}X" type "\\x1b[D$unused\\r" shows 'Heard: alpha betaX' type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"bone BtwoE! three"' '"alpha betaX"'
    expect_no $'\a' "$T/bytes"
}

@test "chat: control characters beyond ASCII are not keys" {
    need_editing
    serve_echo
    on_screen shows '>' type 'one\xc2\x80\xc2\x84\xc2\x89two\r' shows 'Heard: one' type '\x04' -- "$CHAT" chat
    expect_posted '"one���two"'
}

@test "chat: an arrow or a paste ends a search in the history, Escape too" {
    need_editing
    serve_echo
    on_screen shows '>' type 'alpha beta\r' shows $'Heard: alpha beta\n>' type '\x12alp\x1b[C!\r' shows $'Heard: a!lpha beta\n>' \
        type '\x12alp\x1b[1;5C?\r' shows $'Heard: alpha? beta\n>' type '\x12bet' shows 'bck:bet' type '\x1b[200~new \x1b[201~\r' \
        shows $'Heard: alpha? new beta\n>' type '\x12lph' shows 'bck:lph' type '\x1b' shows '> alpha? new' gone 'bck:' type '\x05.\r' \
        shows 'Heard: alpha? new beta.' type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
}

@test "chat: UTF-8 is edited by characters in any locale" {
    need_editing
    serve_echo
    local name
    for name in C.UTF-8 C; do
        rm -f "$DUMP"/*
        locale=$name on_screen shows '>' type '\xc3\xa9\xe6\x97\xa5\xe6\x9c\xacx\x1b[D\x7f\x1b[D\xf0\x9f\x99\x82\r' shows 'Heard:' type '\x04' -- "$CHAT" chat
        expect_posted '"é🙂日x"'
    done
}

@test "chat: a line of several rows is drawn correctly after an insertion at its beginning" {
    need_editing
    serve_echo
    local text='this is a rather long message that goes on and on over more than a line of the terminal so that it wraps, '
    # Wide characters at the end of a row, and a row that is full. The last rows are drawn last.
    on_screen columns 60 shows '>' type "$text"'\xe5\x8d\x8a\xe5\xb0\x8e\xe4\xbd\x93 and \xf0\x9f\x99\x82 too' shows too type '\x01' type 'A' \
        shows '> Athis' type ' ' shows '> A this' type 'x' shows $'半導体 an\nd 🙂 too' keep inserted type '\x03' shows '^C' type '\x04' -- "$CHAT" chat
    printf '%s\n' '> A xthis is a rather long message that goes on and on over' 'more than a line of the terminal so that it wraps, 半導体 an' \
        'd 🙂 too' | diff - "$T/inserted" >&2
    printf '> xyzjumps over%sand more\n' "$text" | fold -w 30 | sed 's/ *$//' >"$T/expected"
    on_screen columns 30 shows '>' type "$text"'and more' shows more type '\x01' type 'xyzjumps over' \
        shows "$(tail -n 2 "$T/expected")" keep inserted type '\x03' shows '^C' type '\x04' -- "$CHAT" chat
    diff "$T/expected" "$T/inserted" >&2
}

@test "chat: a resize while a line is edited" {
    need_editing
    serve_echo
    local text='this is a rather long message that goes on and on over more than a line of the terminal so that it wraps'
    # The terminal wraps the former copy of the line anew. It would itself echo what is typed before the prompt.
    on_screen columns 60 shows '>' type '/help\r' shows $'send /TEXT\n>' type "$text" shows wraps columns 100 type '!' shows 'wraps!' keep wider \
        columns 40 type '?' shows 'wraps!?' keep narrower type '\r' shows 'Heard: this' type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted "\"$text!?\""
    printf '> %s!\n' "$text" | fold -w 100 | sed 's/ *$//' >"$T/wanted"
    tail -n 2 "$T/wider" | diff "$T/wanted" - >&2
    grep -q 'send /TEXT' "$T/wider" || fail "the resize erased what was above the line"
    [ "$(grep -c 'this is' "$T/wider")" -eq 1 ] || fail "the former copy of the line is still there"
    printf '> %s!?\n' "$text" | fold -w 40 | sed 's/ *$//' >"$T/wanted"
    tail -n 3 "$T/narrower" | diff "$T/wanted" - >&2
}

@test "chat: a resize during an answer" {
    need_editing
    serve <<'END'
on POST /chat/send
event message {"delta":"These words are wrapped at the width that the terminal has when they arrive, which is eighty columns.\n"}
gate more
event message {"delta":"These words are wrapped at the width that the terminal has when they arrive, which is forty columns.\n"}
event done {}
END
    on_screen shows '>' type 'one\r' await more shows 'eighty' columns 40 open more shows 'forty columns.' shows $'columns.\n>' type 'two' shows '> two' type '\x03\x04' \
        -- "$CHAT" chat --render always
    [ "$(cat "$OUT")" = "exit 0" ]
    [ ! -s "$T/wrong" ]
    grep -q -x 'These words are wrapped at the width' "$T/last" || fail "the rest of the answer has another width"
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

@test "chat: a paste with pairs of CR and LF, tabs, sequences and empty lines" {
    need_editing
    serve_echo
    on_screen shows '>' type '\x1b[200~one\r\ntwo\r\n\r\nthr\x1b[2\xc3\xa9\tfour\r\n\r\n\x1b[201~' shows four type '\r' shows 'Heard: one' \
        type 'abc def \t \x17ghi\r' shows 'Heard: abc ghi' type '\x17\x17last\r' shows 'Heard: last' type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"one\ntwo\n\nthr[2é\tfour"' '"abc ghi"' '"last"'
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

@test "chat: without a token there is no prompt" {
    serve_echo
    no_token
    local term
    for term in xterm dumb; do
        TERM=$term at_terminal wait 'no token' -- "$CHAT" chat --events "$T/events"
        expect_line 'exit 77.*' "$OUT"
        expect_no '> ' "$T/screen"
        expect_lines "$T/events"
        jq -s -e '.[-1].data.exit_code == 77' "$T/events"
    done
    expect_requests
    # The login from the environment is a source of a token.
    SIGMASIGHT_EMAIL=me@example.com SIGMASIGHT_PASSWORD=$PASSWORD term=dumb on_screen shows '>' type 'one\n' \
        shows 'Heard: one' type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
}

@test "chat: Ctrl-C stops the answer and returns to the prompt, at the prompt it clears the line" {
    need_editing
    stop_answer xterm
}

@test "chat: Ctrl-C on an empty line shows how to end the dialogue" {
    need_editing
    serve_echo
    local how='Ctrl-D ends the dialogue'
    # Not where it clears something.
    on_screen shows '>' type 'words\x03' shows $'words^C\n>' type 'one\\\r' shows '...' type '\x03' shows $'... ^C\n>' type 'two\r' shows $'Heard: two\n>' \
        keep before type '\x03' shows "$how" type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_no "$how" "$T/before"
    expect_posted '"two"'
    on_screen shows '>' type '\x03' shows $'^C\n>' type 'two\r' shows 'Heard: two' type '\x04' -- "$CHAT" chat -q
    expect_no "$how" "$T/last"
}

@test "chat: Ctrl-C while the message waits for a retry says what the server may have stored" {
    serve <<'END'
on POST /chat/send once
status 503
header Retry-After: 60
body {"detail":"overloaded"}

on POST /chat/send once
status 502
header Retry-After: 60
body {"detail":"bad gateway"}

on POST /chat/send
event message {"delta":"Heard: $TEXT"}
event done {}
END
    # In the second conversation a retry is allowed although the first attempt may have stored the message.
    term=dumb on_screen columns 200 shows '>' type 'one\n' shows 'overloaded' type '\x03' shows 'stopped; the message was not stored' \
        type '/new\n' shows 'new conversation' type 'two\n' shows 'bad gateway' type '\x03' shows 'stopped; the server may finish' \
        type 'three\n' shows 'Heard: three' type '\x04' -- "$CHAT" chat --retry-max-time 100
    [ "$(cat "$OUT")" = "exit 0" ]
}

@test "chat: SIGINT just after a line was entered or cleared does not end the dialogue" {
    need_editing
    # The terminal modes were restored, but the line was not yet returned.
    make_preload interrupt <<'END_OF_C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>

__attribute__((constructor)) static void begin(void)
{
    unsetenv("LD_PRELOAD");
}

int sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
    static int allowed;
    int (*real)(int, const struct sigaction *, struct sigaction *) = dlsym(RTLD_NEXT, "sigaction");
    int result = real(number, action, before);
    // After the first and the third line.
    if (number == SIGQUIT && action && action->sa_handler == SIG_DFL && ++allowed % 2 == 1 && allowed < 4)
        raise(SIGINT);
    return result;
}
END_OF_C
    serve_echo
    on_screen shows '>' type 'one\r' shows 'stopped; the message was not sent' type 'two\r' shows $'Heard: two\n>' \
        type 'three\x03' shows $'three^C\n>' type 'four\r' shows $'Heard: four\n>' type '\x04' \
        -- env LD_PRELOAD="$T/interrupt.so" "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"two"' '"four"'
}

@test "chat: SIGINT while a note waits for a suspended terminal does not end the dialogue" {
    local term asked=() i
    serve <<'END'
on POST /chat/send once
gate xterm
on POST /chat/send once
event message {"delta":"Heard: $TEXT"}
event done {}
on POST /chat/send once
gate dumb
on POST /chat/send once
event message {"delta":"Heard: $TEXT"}
event done {}
END
    # Ctrl-S suspends the output, Ctrl-Q continues it.
    for term in xterm dumb; do
        # The note about the first SIGINT is written meanwhile.
        asked=()
        for i in {1..20}; do
            asked+=(await "$term")
        done
        on_screen shows '>' type 'one\r' await "$term" type '\x13' kill INT "${asked[@]}" kill INT "${asked[@]}" \
            type '\x11' type 'two\r' shows 'Heard: two' type '\x04' -- "$CHAT" chat
        [ "$(cat "$OUT")" = "exit 0" ]
    done
}

@test "chat: Ctrl-C with the terminal's own editing" {
    stop_answer dumb
}

@test "chat: SIGTERM after Ctrl-C may come twice, as to a process and its group" {
    serve <<'END'
on POST /chat/conversations
gate begun
pause 600
gate later
status 201
body {"conversation_id":"7d1c9a52-3b0e-4f6a-8a57-0c2f4e9d1b36"}
END
    on_screen shows '>' type 'one\r' await begun kill INT open begun await later kill TERM await later kill TERM open later -- "$CHAT" chat --ephemeral
    expect_bytes 'signal 15\n'
    # A second SIGTERM does not end the program before it has deleted the conversation.
    [ "$(count_requests 'DELETE /chat/conversations/.*')" -eq 1 ] || fail "$(requests)"
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

@test "chat: a closed terminal ends the dialogue, at the prompt and during an answer" {
    need_terminal
    serve <<'END'
on POST /chat/send
event message {"delta":"Half an answer"}
gate more
END
    unset SIGMASIGHT_LOG
    local term
    for term in xterm dumb; do
        TERM=$term at_terminal wait '> ' close - -- "$CHAT" chat
        expect_bytes 'signal 1\nclosed\n'
        TERM=$term at_terminal wait '> ' type 'one\n' wait Half close - -- "$CHAT" chat
        expect_bytes 'signal 1\nclosed\n'
    done
    jq -s -e 'map([.question, .status, .exit_code, .text]) == [["one", "cancelled", 129, "Half an answer"], ["one", "cancelled", 129, "Half an answer"]]' \
        "$XDG_STATE_HOME/sigmasight-chat/log.jsonl"
}

@test "chat: a terminal that is closed while SIGHUP is ignored ends the input" {
    serve_hello
    local term
    for term in xterm dumb; do
        # shellcheck disable=SC2016 # the inner shell expands
        TERM=$term at_terminal wait '> ' close - -- sh -c 'trap "" HUP; exec "$CHAT" chat'
        expect_bytes 'exit 0\nclosed\n'
    done
}

@test "chat: Ctrl-Z at the prompt and during an answer, and fg" {
    serve <<'END'
on POST /chat/send once
event message {"delta":"Half, "}
gate more
event message {"delta":"then the rest"}
event done {}
on POST /chat/send
event message {"delta":"Heard: $TEXT"}
event done {}
END
    need_editing
    # shellcheck disable=SC2016 # the inner shell expands
    on_screen shows '>' type 'fir' type '\x1a' shows 'in the shell' type '\r' shows $'chat\n> fir' type 'st\r' shows 'Half,' \
        type '\x1a' shows 'there again' open more type '\r' shows 'the rest' type 'second\r' shows 'Heard: second' type '\x04' -- \
        bash -c 'set -m; "$CHAT" chat; echo in the shell; read -r _; fg; echo there again; read -r _; fg'
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"first"' '"second"'
}

# The inner shell runs the dialogue as a job: a process in an orphaned process group does not stop.
@test "chat: SIGTSTP and SIGQUIT of another process at the prompt restore the terminal" {
    need_editing
    need_terminal
    serve_echo
    # shellcheck disable=SC2016 # the inner shells expand
    TERM=xterm at_terminal wait $'\e[?2004h' wait '> ' echo off type 'fir' wait fir kill "TSTP:$T/pid" wait $'\e[?2004l' \
        wait 'in the shell' echo on type '\n' wait $'\e[?2004h' wait '> ' wait fir echo off type 'st\r' \
        wait 'Heard: first' wait '> ' type '\x04' -- \
        bash -c 'set -m; sh -c '\''echo $$ >"$0"; exec "$CHAT" chat'\'' "$0"; echo in the shell; read -r _; fg' "$T/pid"
    expect_bytes 'exit 0\necho on\n'
    expect_posted '"first"'
    TERM=xterm at_terminal wait '> ' echo off type 'words' wait words kill QUIT wait $'\e[?2004l' -- "$CHAT" chat
    expect_bytes 'signal 3\necho on\n'
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

@test "chat: commands with a missing or an unexpected argument change nothing" {
    serve_echo
    term=dumb on_screen shows '>' type '/portfolio\n' shows '/portfolio requires an ID' type 'one\n' shows 'Heard: one' \
        type '/new now\n' shows '/new does not take an argument' type '/retry now\n' shows '/retry does not take an argument' \
        type '/quit smoking\n' shows '/quit does not take an argument' type '/mode\n' \
        shows '/mode requires a mode: expected green' type '/\n' shows 'unknown command /;' shows 'begin with //' \
        type 'two\n' shows 'Heard: two' type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"one"' '"two"'
    [ "$(count_requests 'POST /chat/conversations')" -eq 1 ]
    expect_no portfolio_id "$(request 2)" "$(request 3)"
}

@test "chat: a message of an editor that fails or leaves nothing is not sent" {
    serve_echo
    # shellcheck disable=SC2016 # the script expands
    printf '#!/bin/sh\ngrep -q fail "$1" && exit 3\n: >"$1"\n' >"$T/editor"
    chmod +x "$T/editor"
    EDITOR=$T/editor term=dumb on_screen columns 200 shows '>' type '/edit fail\n' shows 'failed with exit' type '/edit x\n' shows 'message is empty' \
        type '/retry\n' shows 'no message' type 'one\n' shows 'Heard: one' type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"one"'
}

@test "chat: /new deletes an ephemeral conversation" {
    serve_echo
    term=dumb on_screen shows '>' type 'one\n' shows 'Heard: one' type '/new\n' shows 'new conversation' type 'two\n' \
        shows 'Heard: two' type '\x04' -- "$CHAT" chat --ephemeral
    [ "$(cat "$OUT")" = "exit 0" ]
    [ "$(requests | sed 's|/chat/conversations/.*|/chat/conversations|' | paste -s -d , -)" = \
        'POST /chat/conversations,POST /chat/send,DELETE /chat/conversations,POST /chat/conversations,POST /chat/send,DELETE /chat/conversations' ] ||
        fail "other requests: $(requests)"
}

@test "chat: /new deletes a conversation whose messages were refused" {
    serve <<'END'
on POST /chat/send once
status 400
body {"detail":"no such luck"}
on POST /chat/send
event message {"delta":"Heard: $TEXT"}
event done {}
END
    term=dumb on_screen shows '>' type 'one\n' shows 'no such luck' type '/new\n' shows 'new conversation' type 'two\n' \
        shows 'Heard: two' type '/new\n' type '\x04' -- "$CHAT" chat
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_calls 'POST POST DELETE POST POST'
}

@test "chat: an unknown portfolio does not begin a new conversation, and an ephemeral one is still deleted" {
    local calls='POST /chat/conversations,POST /chat/send'
    serve_echo --generation 2 --portfolios 2
    term=dumb on_screen columns 200 shows '>' type 'one\n' shows 'Heard: one' type '/portfolio Typo\n' shows 'portfolio Typo from' \
        type 'two\n' shows 'unknown portfolio' type '/portfolio Demo r\n' shows 'portfolio Demo r from' \
        type 'three\n' shows 'Heard: three' type '/portfolio Typo\n' shows 'portfolio Typo from' type 'four\n' \
        shows 'unknown portfolio' type '\x04' -- "$CHAT" chat --ephemeral --portfolio "$P1"
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"one"' '"three"'
    [ "$(requests | sed 's|/chat/conversations/.*|/chat/conversations|' | paste -s -d , -)" = \
        "$calls,GET /portfolios,POST /chat/send,DELETE /chat/conversations" ] || fail "other requests: $(requests)"
    [ "$(conversations_posted)" -eq 1 ]
}

@test "chat: after an unknown portfolio the former selection is used again" {
    serve_echo --generation 2 --portfolios 2
    term=dumb on_screen columns 200 shows '>' type '/portfolio Typo\n' shows 'portfolio Typo from' \
        type 'one\n' shows 'unknown portfolio' shows $'former portfolio selection is used again\n>' type '/retry\n' shows 'Heard: one' \
        type '/portfolio Demo r\n' shows 'portfolio Demo r from' type 'two\n' shows 'Heard: two' type '/portfolio Error\n' shows 'portfolio Error from' \
        type '/portfolio Demo\n' shows 'portfolio Demo from' type 'three\n' shows 'ambiguous portfolio' type 'four\n' shows 'Heard: four' \
        type '/portfolio Demo p\n' shows 'portfolio Demo p from' type 'five\n' shows 'Heard: five' type '/help\n' shows 'by ID or name' type '\x04' -- "$CHAT" chat --portfolio "$P1"
    [ "$(cat "$OUT")" = "exit 0" ]
    expect_posted '"one"' '"two"' '"four"' '"five"'
    local file
    for file in "$DUMP"/*.request; do
        if grep -q '^POST /api/v1/chat/send' "$file"; then sed '1,/^\r$/d' "$file" | jq -r .ui_context.portfolio_id; fi
    done >"$T/ids"
    [ "$(cut -c -8 "$T/ids" | paste -s -d ' ' -)" = "11111111 6d0f71ab 6d0f71ab 6d0f3c52" ] || fail "other portfolios: $(cat "$T/ids")"
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

@test "chat: two dialogues at once keep all messages in one history" {
    need_editing
    serve_hello
    unset SIGMASIGHT_LOG
    mkdir -p "$T/a" "$T/b"
    run_chat send -q --log hi # the log is announced only now
    seq 1000 >"$(history_file)"
    chmod 600 "$(history_file)"
    local name i steps pids=()
    for name in a b; do
        steps=(shows '>')
        for i in $(seq 20); do
            steps+=(type "$name $i\\r" shows "$name $i"$'\nHello\n>')
        done
        LC_ALL=C.UTF-8 TERM=xterm python3 "$BATS_TEST_DIRNAME/screen.py" "$T/$name" "${steps[@]}" type '\x04' -- "$CHAT" chat \
            </dev/null >"$T/$name/out" 2>"$T/$name/err" 3>&- &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" || fail "$(cat "$T"/?/err)"
    done
    [ "$(wc -l <"$(history_file)")" -eq 1000 ]
    for name in a b; do
        [ "$(grep "^$name " "$(history_file)" | paste -s -d , -)" = "$(seq -f "$name %g" 20 | paste -s -d , -)" ] || fail "messages of $name are missing"
    done
    [ "$(head -n 1 "$(history_file)")" = 41 ]
}

@test "chat: only a dialogue opens the library for line editing" {
    need_strace
    grep -q -a -F libedit.so "$CHAT" || skip "libedit is linked or not used"
    # This looks for the library, too.
    strace -f -o "$T/calls" "$CHAT" --version >"$OUT"
    grep -q libedit "$T/calls"
    serve_hello
    strace -f -o "$T/calls" "$CHAT" send hi >"$OUT" 2>"$ERR"
    expect_bytes 'Hello\n'
    expect_no libedit "$T/calls"
}
