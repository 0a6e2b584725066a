#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The terminal while an answer arrives. The terminal is emulated by screen.py, which knows no
# more sequences than the program is to use and fails on any other.

load helper

# expect_screen LINE...: at the end the screen has exactly these lines.
expect_screen()
{
    {
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$T/wanted"
    grep . "$T/last" | diff "$T/wanted" - >&2 || fail "the screen differs"
}

# An answer with a gate before each event.
serve_steps()
{
    serve <<'END'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"gpt-4o"}
gate started
event tool_started {"tool_name":"get_portfolio_complete","arguments":{}}
gate tool
event tool_finished {"tool_name":"get_portfolio_complete","result":{},"duration_ms":245}
gate finished
event message {"delta":"You hold ten positions ","role":"assistant"}
gate text
event tool_started {"tool_name":"get_prices","arguments":{}}
gate again
event tool_finished {"tool_name":"get_prices","error":"no prices","duration_ms":12}
gate more
event message {"delta":"and cash.\n","role":"assistant"}
gate last
event done {"tool_calls_count":2,"total_tokens":67,"latency_ms":900}
END
}

@test "status: thinking, the running tool, then the text; finished tools stay" {
    serve_steps
    on_screen shows 'SigmaSight is thinking…' open started shows 'get_portfolio_complete' gone thinking \
        open tool shows '✓ get_portfolio_complete · 245 ms' shows 'SigmaSight is thinking…' keep finished \
        open finished shows 'You hold ten positions' gone thinking keep text \
        open text shows 'get_prices' keep again open again shows '✗ get_prices · 12 ms: no prices' shows thinking \
        open more shows 'and cash.' gone thinking open last -- "$CHAT" send hi
    expect_line 'exit 0' "$OUT"
    [ ! -s "$T/wrong" ] || fail "$(cat "$T/wrong")"
    grep -x -E '[^ ]+ SigmaSight is thinking…( [0-9]+ s)?' "$T/finished"
    [ "$(sed -n 2p "$T/text")" = 'You hold ten positions' ]
    # The text in the middle of the line is unchanged, and so is the line below it.
    grep -x 'You hold ten positions' "$T/again"
    grep -x -E '[^ ]+ get_prices( [0-9]+ s)?' "$T/again"
    expect_screen '✓ get_portfolio_complete · 245 ms' 'You hold ten positions' '✗ get_prices · 12 ms: no prices' 'and cash.'
}

@test "status: standard error that was opened as /dev/tty is the same terminal" {
    serve_steps
    # shellcheck disable=SC2016 # expanded by the shell at the terminal
    on_screen open started open tool open finished shows 'You hold ten positions' open text shows 'get_prices' keep again \
        open again shows 'no prices' open more open last -- sh -c '"$0" send hi 2>/dev/tty' "$CHAT"
    expect_line 'exit 0' "$OUT"
    grep -x 'You hold ten positions' "$T/again"
    expect_screen '✓ get_portfolio_complete · 245 ms' 'You hold ten positions' '✗ get_prices · 12 ms: no prices' 'and cash.'
}

@test "status: the line of a tool has its arguments" {
    serve <<'END'
on POST /chat/send
event tool_started {"tool_name":"prices","arguments":{"symbols":["AAPL","MSFT",true],"portfolio_id":"7d1c9a52-3b0e-4f6a-8a57-0c2f4e9d1b36","days":150,"all":true,"none":null,"more":{"a":1}}}
event tool_finished {"tool_name":"prices","result":{},"duration_ms":312}
event tool_started {"tool_name":"one","tool_call_id":"1","arguments":{"a":"first\nline"}}
event tool_started {"tool_name":"one","tool_call_id":"2","arguments":{"a":"0123456789012345678901234567890123456789x"}}
event tool_finished {"tool_name":"one","tool_call_id":"2","result":{},"duration_ms":2}
event tool_finished {"tool_name":"one","tool_call_id":"1","error":"no\nluck","duration_ms":1}
event tool_started {"tool_name":"same","arguments":{"n":1}}
event tool_started {"tool_name":"same","arguments":{"n":2}}
event tool_finished {"tool_name":"same","result":{}}
event tool_finished {"tool_name":"same","result":{},"duration_ms":3}
event tool_finished {"tool_name":"other","result":{},"duration_ms":4}
event tool_started {"tool_name":"mixed","tool_call_id":"3","arguments":{"n":3}}
event tool_finished {"tool_name":"mixed","result":{},"duration_ms":6}
event tool_started {"tool_name":"mixed","arguments":{"n":4}}
event tool_finished {"tool_name":"mixed","tool_call_id":"4","result":{},"duration_ms":7}
event tool_started {"tool_name":"blank","arguments":{"a":" \n","b":[" x\r\n",[2],{"c":3},""],"c":"y "}}
event tool_finished {"tool_name":"blank","result":{},"duration_ms":5}
event done {}
END
    on_screen columns 100 -- "$CHAT" send hi
    expect_screen '✓ prices AAPL, MSFT · 150 · 312 ms' '✓ one 012345678901234567890123456789012345678… · 2 ms' \
        '✗ one first line · 1 ms: no luck' '✓ same 1' '✓ same 2 · 3 ms' '✓ other · 4 ms' \
        '✓ mixed 3 · 6 ms' '✓ mixed 4 · 7 ms' '✓ blank x · y · 5 ms'
    grep -F $'\e[31m✗ one first line' "$T/bytes"
    locale=C on_screen columns 100 -- "$CHAT" send hi
    expect_screen 'ok prices AAPL, MSFT , 150 , 312 ms' 'ok one 0123456789012345678901234567890123456... , 2 ms' \
        'failed one first line , 1 ms: no luck' 'ok same 1' 'ok same 2 , 3 ms' 'ok other , 4 ms' \
        'ok mixed 3 , 6 ms' 'ok mixed 4 , 7 ms' 'ok blank x , y , 5 ms'
    on_screen columns 100 -- "$CHAT" send --no-status hi
    [ "$(cat "$T/draws")" -eq 0 ]
    grep -x 'tool_finished prices 312 ms' "$T/last"
}

@test "status: the line of a tool never has the arguments of another question or attempt" {
    serve <<'END'
on POST /chat/send once
event tool_started {"tool_name":"get_prices","arguments":{"symbol":"AAPL"}}
close
on POST /chat/send
event tool_started {"tool_name":"get_prices","arguments":{"symbol":"MSFT"}}
event tool_finished {"tool_name":"get_prices","result":{},"duration_ms":3}
event message {"delta":"Hello"}
event done {}
END
    on_screen -- "$CHAT" send --no-stream --retry-delay 0.01 hi
    expect_line 'exit 0' "$OUT"
    grep -x '✓ get_prices MSFT · 3 ms' "$T/last"
    stop_server
    rm -f "$T/announcement"
    serve <<'END'
on POST /chat/send once
event tool_started {"tool_name":"get_prices","arguments":{"symbol":"AAPL"}}
event error {"message":"no","retryable":false}
on POST /chat/send
event tool_started {"tool_name":"get_prices","arguments":{"symbol":"MSFT"}}
event tool_finished {"tool_name":"get_prices","result":{},"duration_ms":3}
event done {}
END
    # shellcheck disable=SC2016 # expanded by the shell at the terminal
    on_screen -- sh -c 'printf "one\ntwo\n" | "$0" chat' "$CHAT"
    grep -x '✓ get_prices MSFT · 3 ms' "$T/last"
}

@test "status: the arguments of the newest 64 running tools are kept, and the beginning of a long list" {
    local i
    {
        echo 'on POST /chat/send'
        for i in $(seq 65); do
            echo "event tool_started {\"tool_name\":\"tool\",\"tool_call_id\":\"$i\",\"arguments\":{\"n\":$i}}"
        done
        for i in 1 2 65; do
            echo "event tool_finished {\"tool_name\":\"tool\",\"tool_call_id\":\"$i\",\"result\":{},\"duration_ms\":1}"
        done
        printf 'event tool_started {"tool_name":"list","arguments":{"a":["%s"],"b":"last"}}\n' "$(repeat 400 'AAAA","')"
        echo 'event tool_finished {"tool_name":"list","result":{},"duration_ms":1}'
        echo 'event done {}'
    } >"$T/answer"
    serve <"$T/answer"
    on_screen -- "$CHAT" send -c "$ID" hi
    expect_screen '✓ tool · 1 ms' '✓ tool 2 · 1 ms' '✓ tool 65 · 1 ms' '✓ list AAAA, AAAA, AAAA, AAAA, AAAA, AAAA, AAA… · 1 ms'
}

@test "status: very long text of the server is truncated" {
    marks=$(repeat 20000 '\u0301') words=$(repeat 20000 'word ')
    printf 'event: %s\ndata: %s\n\n' tool_started "{\"tool_name\":\"e$marks\"}" \
        tool_finished "{\"tool_name\":\"e$marks\",\"error\":\"$words\"}" \
        error "{\"message\":\"$words\"}" >"$T/stream"
    run_chat decode "$T/stream"
    [ "$(wc -c <"$ERR")" -lt 20000 ] || fail "too much is shown"
    [ "$(grep -c -F ... "$ERR")" -eq 3 ]
    grep -q -F '... (cut)' "$ERR"
}

@test "status: shows the elapsed time from the beginning of the wait, even before the message is posted" {
    serve <<'END'
on POST /chat/conversations
gate created
body {"conversation_id":"7d1c9a52-3b0e-4f6a-8a57-0c2f4e9d1b36","mode":"green"}
on POST /chat/send
gate posted
event message {"delta":"Hello"}
event done {}
END
    on_screen shows 'SigmaSight is thinking… 1 s' open created await posted shows 'thinking… 2 s' \
        open posted shows Hello -- "$CHAT" send hi
    expect_screen Hello
}

@test "status: a line of statistics at the end with -v" {
    serve_steps
    for gate in started tool finished text again more last; do
        steps+=(open "$gate")
    done
    on_screen "${steps[@]}" -- "$CHAT" send -v -c "$ID" hi
    figures='done, first text [0-9]+\.[0-9]{2} s, total [0-9]+\.[0-9]{2} s, 67 tokens, 2 tool calls, gpt-4o'
    grep . "$T/last" | tail -n 1 | grep -x -E "$figures"
}

@test "status: one tool is one tool call" {
    serve <<'END'
on POST /chat/send
event tool_started {"tool_name":"one","arguments":{}}
event tool_finished {"tool_name":"one","result":{},"duration_ms":1}
event done {}
END
    run_chat send -v hi
    grep -E ', 1 tool call$' "$ERR"
}

@test "status: no line wraps at any width down to one column" {
    serve <<'END'
on POST /chat/send
gate started
event tool_started {"tool_name":"価格履歴を取得する道具 e\u0301\u0301 \ud83d\udcc8 get_portfolio_complete_with_a_long_name","arguments":{}}
gate tool
event message {"delta":"x\n"}
event done {}
END
    for columns in 1 2 3 4 5 6 7 8 9 10 11 12 13 17 20 21 40 79 80 81 200; do
        stop_server
        rm -f "$T/port" "$T/announcement"
        serve_default --scenario "$T/scenario"
        on_screen columns "$columns" await started keep first open started await tool keep second open tool -- "$CHAT" send -c "$ID" hi
        expect_line 'exit 0' "$OUT"
        [ "$(cat "$T/draws")" -gt 0 ]
        [ ! -s "$T/wrong" ] || fail "$columns columns: $(cat "$T/wrong")"
        expect_screen x
    done
}

@test "status: the text is truncated before the time" {
    serve <<'END'
on POST /chat/send
gate started
event tool_started {"tool_name":"価格履歴を取得する","arguments":{}}
gate tool
event done {}
END
    on_screen columns 10 shows ' 1 s' keep ten open started shows '価' shows ' 1 s' keep wide open tool -- "$CHAT" send hi
    grep -x -E '[^ ]+ Si… 1 s' "$T/ten"
    grep -x -E '[^ ]+ 価… 1 s' "$T/wide"
    expect_screen
}

@test "status: nothing is left behind after the terminal was resized" {
    serve_steps
    for how in columns crop; do
        stop_server
        rm -f "$T/port" "$T/announcement"
        serve_default --scenario "$T/scenario"
        on_screen columns 60 shows 'thinking…' "$how" 14 shows 'Sigma' gone thinking "$how" 9 gone Sigma "$how" 70 \
            shows 'SigmaSight is thinking…' open started shows get_portfolio_complete "$how" 12 gone portfolio "$how" 60 \
            shows get_portfolio_complete open tool shows 'thinking…' "$how" 40 open finished shows positions \
            open text open again open more open last -- "$CHAT" send hi
        expect_line 'exit 0' "$OUT"
        expect_screen '✓ get_portfolio_complete · 245 ms' 'You hold ten positions' '✗ get_prices · 12 ms: no prices' 'and cash.'
    done
}

@test "status: never drawn faster than 12 times a second by the program's own clock" {
    serve <<'END'
on POST /chat/send
repeat 300
event tool_started {"tool_name":"one","arguments":{}}
pause 4
event tool_finished {"tool_name":"one","result":{},"duration_ms":1}
end-repeat
event message {"delta":"x\n"}
event done {}
END
    on_screen -- "$CHAT" send --events "$T/events" hi
    expect_line 'exit 0' "$OUT"
    elapsed=$(tail -n 1 "$T/events" | jq .data.timing.elapsed_ms)
    [ "$elapsed" -ge 1200 ]
    [ "$(cat "$T/draws")" -ge 2 ]
    [ $(($(cat "$T/draws") * 1000)) -le $((elapsed * 12 + 1000)) ] || fail "$(cat "$T/draws") times in $elapsed ms"
    [ "$(grep -c '✓ one · 1 ms' "$T/last")" -eq 300 ]
    expect_no thinking "$T/last"
}

@test "status: it counts down to a retry" {
    serve <<'END'
on POST /chat/send
status 503
header Retry-After: 2
on POST /chat/send
gate second
event message {"delta":"Hello"}
event done {}
END
    on_screen shows 'sigmasight-chat: retry 1 of 3 in 2.0 s: ' shows 'trying again in 2 s' shows 'trying again in 1 s' \
        await second gone 'trying again' shows thinking open second -- "$CHAT" send hi
    expect_line 'exit 0' "$OUT"
    [ "$(sed -n 2p "$T/last")" = Hello ]
}

@test "status: erased by a failure" {
    serve <<'END'
on POST /chat/send
gate started
close
END
    on_screen columns 200 shows thinking open started -- "$CHAT" send --retry 0 hi
    expect_line 'exit 75' "$OUT"
    [ "$(grep -c . "$T/last")" -eq 1 ]
    grep -q '^sigmasight-chat: ' "$T/last"
}

@test "status: erased by a signal" {
    serve_steps
    for name in INT TERM HUP; do
        on_screen shows thinking kill "$name" -- "$CHAT" send -c "$ID" hi
        expect_line "signal $(kill -l "$name")" "$OUT"
        expect_screen
    done
}

@test "status: erased by Control-Z, drawn again by fg" {
    serve_steps
    # shellcheck disable=SC2016 # the inner shell expands
    on_screen shows thinking type '\x1a' shows 'is stopped' gone thinking keep stopped type '\n' shows thinking \
        open started open tool open finished open text open again open more open last -- \
        bash --norc -c 'set -m; "$0" send hi; echo "it is stopped"; read -r; fg; exit' "$CHAT"
    expect_line 'exit 0' "$OUT"
    expect_no thinking "$T/last"
    grep -x 'and cash\.' "$T/last"
}

@test "status: not in the background" {
    serve_steps
    # shellcheck disable=SC2016 # the inner shell expands
    on_screen await started shows 'some words' keep before type '\n' shows thinking \
        open started open tool open finished open text open again open more open last -- \
        bash --norc -c 'set -m; "$0" send hi & echo "some words"; read -r; fg; exit' "$CHAT"
    expect_line 'exit 0' "$OUT"
    expect_no thinking "$T/before"
    expect_no thinking "$T/last"
}

@test "status: typed keys leave nothing behind" {
    serve_steps
    on_screen shows thinking type 'abc' gone abc shows thinking open started open tool open finished shows positions gone thinking \
        open text open again open more open last -- "$CHAT" send hi
    expect_line 'exit 0' "$OUT"
    expect_no thinking "$T/last"
}

@test "status: none with TERM=dumb, without TERM or in an Emacs buffer; plain lines for tools instead" {
    serve_steps
    for gate in started tool finished text again more last; do
        steps+=(open "$gate")
    done
    for setting in TERM=dumb TERM= 'INSIDE_EMACS=29.1,comint' 'INSIDE_EMACS=29.1,compile' 'INSIDE_EMACS=29.1,eshell'; do
        on_screen "${steps[@]}" -- env "$setting" NO_COLOR=1 "$CHAT" send -c "$ID" hi
        expect_line 'exit 0' "$OUT"
        expect_no $'\e' "$T/bytes"
        # The terminal itself writes a carriage return before each line feed; there are no others.
        [ "$(tr -d -c '\r' <"$T/bytes" | wc -c)" -eq "$(tr -d -c '\n' <"$T/bytes" | wc -c)" ]
        expect_screen 'tool_started get_portfolio_complete' 'tool_finished get_portfolio_complete 245 ms' \
            'You hold ten positions' 'tool_started get_prices' 'tool_finished get_prices 12 ms: no prices' 'and cash.'
    done
    for setting in INSIDE_EMACS=vterm 'INSIDE_EMACS=29.1,eat' 'INSIDE_EMACS=29.1,term:0.96' TERM=vt100; do
        on_screen "${steps[@]}" -- env "$setting" "$CHAT" send -c "$ID" hi
        [ "$(cat "$T/draws")" -gt 0 ] || fail "no status line: $setting"
    done
}

@test "status: only for formats that do not write to the terminal meanwhile" {
    serve_hello
    for option in -q '-o jsonl' -j '-o raw'; do
        # shellcheck disable=SC2086 # two words
        on_screen -- "$CHAT" send $option hi
        expect_line 'exit 0' "$OUT"
        [ "$(cat "$T/draws")" -eq 0 ] || fail "drawn with $option"
    done
    for option in '-o text' '-o json' --no-stream; do
        # shellcheck disable=SC2086 # two words
        on_screen -- "$CHAT" send $option hi
        expect_line 'exit 0' "$OUT"
        [ "$(cat "$T/draws")" -gt 0 ] || fail "not drawn with $option"
        expect_no thinking "$T/last"
    done
}

@test "status: shown while the text is written elsewhere" {
    serve_steps
    # shellcheck disable=SC2016 # the inner shell expands
    on_screen shows thinking open started shows get_portfolio open tool open finished open text open again open more open last -- \
        sh -c '"$0" send hi >"$1"' "$CHAT" "$T/answer"
    expect_line 'exit 0' "$OUT"
    expect_screen '✓ get_portfolio_complete · 245 ms' '✗ get_prices · 12 ms: no prices'
    expect_bytes 'You hold ten positions and cash.\n' "$T/answer"
}

# colours WANTED [NAME=VALUE]... [-- OPTION...]: whether there is colour at a terminal.
colours()
{
    local wanted=$1 settings=() got=no
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        settings+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    # shellcheck disable=SC2016 # the inner shell expands
    on_screen -- env "${settings[@]}" sh -c '"$0" decode "$@" >/dev/null' "$CHAT" "$@" "$TRANSCRIPTS/first-tools.sse"
    expect_line 'exit 0' "$OUT"
    if grep -q $'\e\[[0-9;]*m' "$T/bytes"; then
        got=yes
    fi
    [ "$got" = "$wanted" ] || fail "colour: $got with ${settings[*]} $*"
}

@test "colours: at a terminal by the usual rules" {
    colours yes
    colours no NO_COLOR=1
    colours no NO_COLOR=0
    colours yes NO_COLOR=
    colours no TERM=dumb
    colours no TERM=
    colours yes TERM=dumb CLICOLOR_FORCE=1
    colours no NO_COLOR=1 CLICOLOR_FORCE=1
    colours no -- --color never
    colours no CLICOLOR_FORCE=1 -- --color never
    colours yes NO_COLOR=1 -- --color always
    colours yes TERM=dumb -- --color always
    colours yes NO_COLOR=1 -- --color=always
    # A shell in Emacs has colours, though no cursor.
    colours yes INSIDE_EMACS=29.1,comint
}

@test "colours: in a pipe by the usual rules" {
    for row in 0 1:CLICOLOR_FORCE=1 0:CLICOLOR_FORCE=0 0:CLICOLOR_FORCE= 0:NO_COLOR=1:CLICOLOR_FORCE=1; do
        IFS=: read -ra settings <<<"$row"
        env "${settings[@]:1}" "$CHAT" decode "$TRANSCRIPTS/first-tools.sse" >"$OUT" 2>"$ERR"
        [ "$(grep -c -m 1 $'\e' "$ERR")" -eq "${settings[0]}" ] || fail "$row"
        expect_no $'\e' "$OUT"
    done
}

# Starts a tmux server for this test.
in_tmux()
{
    need_terminal
    tmux -f /dev/null -S "$T/tmux" "$@" 3>&-
}

# tmux_shows TEXT, tmux_gone TEXT: waits until the pane contains TEXT, or no longer contains it.
tmux_shows()
{
    local end=$((SECONDS + PATIENCE))
    until in_tmux capture-pane -p -t chat >"$T/pane" && grep -q -F -e "$1" "$T/pane"; do
        [ "$SECONDS" -le "$end" ] || fail "tmux does not show '$1': $(cat "$T/pane")"
    done
}

tmux_gone()
{
    local end=$((SECONDS + PATIENCE))
    while :; do
        in_tmux capture-pane -p -t chat >"$T/pane"
        grep -q -F -e "$1" "$T/pane" || return 0
        [ "$SECONDS" -le "$end" ] || fail "tmux still shows '$1': $(cat "$T/pane")"
    done
}

# Waits until the pane has one line besides the numbers that the test has written.
tmux_one_line()
{
    local end=$((SECONDS + PATIENCE))
    until in_tmux capture-pane -p -t chat >"$T/pane" && [ "$(grep -c -v -x '[0-9]*' "$T/pane")" -eq 1 ]; do
        [ "$SECONDS" -le "$end" ] || fail "not one line in tmux: $(cat "$T/pane")"
    done
}

@test "tmux: the status line follows the window width and is erased" {
    serve_steps
    export LC_ALL=C.UTF-8
    # When tmux rewraps lines it scrolls the topmost ones away, including that of the cursor.
    in_tmux new-session -d -s chat -x 60 -y 20 "seq 12; '$CHAT' send hi; echo status \$?; tmux -S '$T/tmux' wait-for the-end"
    tmux_shows 'SigmaSight is thinking…'
    in_tmux resize-window -t chat -x 14
    tmux_gone thinking
    tmux_shows Sigma
    tmux_one_line
    in_tmux resize-window -t chat -x 60
    tmux_shows 'SigmaSight is thinking…'
    open_gate started
    tmux_shows get_portfolio_complete
    in_tmux resize-window -t chat -x 10
    tmux_gone get_portfolio_complete
    tmux_one_line
    in_tmux resize-window -t chat -x 50
    tmux_shows get_portfolio_complete
    for gate in tool finished text again more last; do
        open_gate "$gate"
    done
    tmux_shows 'status 0'
    in_tmux capture-pane -p -t chat | grep -v -x '[0-9]*' >"$T/pane"
    in_tmux kill-server
    printf '%s\n' '✓ get_portfolio_complete · 245 ms' 'You hold ten positions' '✗ get_prices · 12 ms: no prices' 'and cash.' 'status 0' |
        diff - "$T/pane" >&2 || fail "the screen differs"
}
