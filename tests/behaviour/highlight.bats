#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The Markdown of an answer in colour: where that is, and that it is colour and nothing else. How each text looks is
# for tests/unit/test_markdown.

# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load helper
load accounts

CODE=$'\e[0;36m' MARKER=$'\e[0;33m' STRONG=$'\e[0;1m' HEADING=$'\e[0;1;35m' PLAIN=$'\e[0m'

# stream_of SIZE TEXT: makes $T/stream of deltas of so many characters, and $T/text of what is to be seen.
stream_of()
{
    printf '%s' "$2" >"$T/text"
    jq -R -s -r --argjson size "$1" '. as $all | range(0; length; $size) |
        "event: message\ndata: \({delta: $all[.:. + $size]} | tojson)\n"' "$T/text" >"$T/stream"
    printf 'event: done\ndata: {}\n\n' >>"$T/stream"
}

# An answer with everything in it, once as it would come.
answer()
{
    stream_of "${1-5}" '# Risks of *all* kinds

You hold **ten positions** 📈 and __cash__, see `get_quotes` and ``a ` b``.

1. **NVDA:** 15.2 %, past the _usual_ limit
2. Others
   - AAPL (`AAPL`), snake_case_name
   * 2 * 3, #1, \*not this\*

> a quote with ***both***

~~~
in tildes
~~~
```sh
# no heading, **no** emphasis

ls | wc -l
```
| *open | row |
---
and an `open span
to the end
'
}

# plain [FILE]: what is left without colours, in $T/plain.
plain()
{
    sed 's/\x1b\[[0-9;]*m//g' "${1-$OUT}" | tr -d '\r' >"$T/plain"
}

# expect_colors [FILE]: there are some, and without them it is the text.
expect_colors()
{
    grep -q -F "$MARKER" "${1-$OUT}" || fail 'there is no colour'
    plain "${1-$OUT}"
    cmp "$T/text" "$T/plain" >&2 || fail 'without the colours it is another text'
}

# expect_none [FILE]: the text as it was.
expect_none()
{
    tr -d '\r' <"${1-$OUT}" >"$T/plain"
    cmp "$T/text" "$T/plain" >&2 || fail 'it is not the plain text'
}

# expect_screen TEXT: exactly that was shown; \n is a line of its own there.
expect_screen()
{
    tr -d '\r' <"$T/screen" >"$T/shown"
    expect_bytes "$1" "$T/shown"
}

@test "highlight: at a terminal, and there is nothing but colour" {
    export TERM=xterm
    for size in 1 2 3 5 1000; do
        answer $size
        at_terminal -- "$CHAT" decode -q "$T/stream"
        expect_line 'exit 0' "$OUT"
        expect_colors "$T/screen"
    done
}

@test "highlight: not in a pipe or a file, whatever is said of colour" {
    export TERM=xterm
    answer
    run_chat decode "$T/stream"
    expect_none
    run_chat decode --color always "$T/stream"
    expect_none
    CLICOLOR_FORCE=1 run_chat decode --highlight auto "$T/stream"
    expect_none
    "$CHAT" decode -q "$T/stream" | cat >"$T/piped"
    expect_none "$T/piped"
    # Where only standard error is a terminal.
    # shellcheck disable=SC2016 # the inner shell expands
    at_terminal -- sh -c '"$0" decode "$1" >"$2"' "$CHAT" "$T/stream" "$T/file"
    expect_none "$T/file"
}

@test "highlight: always is everywhere, never is nowhere" {
    answer
    TERM='' run_chat decode -q --highlight always "$T/stream"
    expect_colors
    NO_COLOR=1 run_chat decode -q --color never --highlight=always "$T/stream"
    expect_colors
    NO_COLOR=1 TERM=dumb at_terminal -- "$CHAT" decode -q --highlight always "$T/stream"
    expect_colors "$T/screen"
    TERM=xterm at_terminal -- "$CHAT" decode -q --highlight never "$T/stream"
    expect_none "$T/screen"
    TERM=xterm CLICOLOR_FORCE=1 at_terminal -- "$CHAT" decode -q --color always --highlight never "$T/stream"
    expect_none "$T/screen"
}

@test "highlight: a terminal that takes no colour" {
    answer
    TERM=dumb at_terminal -- "$CHAT" decode -q "$T/stream"
    expect_none "$T/screen"
    TERM='' at_terminal -- "$CHAT" decode -q "$T/stream"
    expect_none "$T/screen"
    TERM=xterm NO_COLOR=1 at_terminal -- "$CHAT" decode -q "$T/stream"
    expect_none "$T/screen"
    TERM=xterm at_terminal -- "$CHAT" decode -q --color never "$T/stream"
    expect_none "$T/screen"
    # Empty is not set, and what is asked for by option counts more.
    TERM=xterm NO_COLOR='' at_terminal -- "$CHAT" decode -q "$T/stream"
    expect_colors "$T/screen"
    TERM=dumb NO_COLOR=1 at_terminal -- "$CHAT" decode -q --color always "$T/stream"
    expect_colors "$T/screen"
}

@test "highlight: a key of the configuration" {
    answer
    echo '{"highlight": "always"}' | configure
    run_chat decode -q "$T/stream"
    expect_colors
    run_chat decode -q --highlight auto "$T/stream"
    expect_none
    echo '{"highlight": "sometimes"}' | configure
    run_chat decode -q "$T/stream"
    expect_status 78
}

@test "highlight: for no other format, and for no file beside the text" {
    answer
    for format in jsonl json raw; do
        run_chat decode -o $format "$T/stream"
        sed 's/"elapsed_ms":[0-9]*/"elapsed_ms":0/; s/"first_delta_ms":[0-9]*/"first_delta_ms":0/' "$OUT" >"$T/wanted"
        run_chat decode -o $format --highlight always "$T/stream"
        expect_status 0
        sed 's/"elapsed_ms":[0-9]*/"elapsed_ms":0/; s/"first_delta_ms":[0-9]*/"first_delta_ms":0/' "$OUT" |
            cmp "$T/wanted" - >&2 || fail "$format is not the same"
    done
    run_chat decode -q --highlight always --events "$T/events" "$T/stream"
    expect_colors
    expect_no $'\e' "$T/events"
    jq -s -e ".[-1].data.text_bytes == $(wc -c <"$T/text")" "$T/events"
}

@test "highlight: --no-stream, final_text and -n" {
    export TERM=xterm
    answer
    at_terminal -- "$CHAT" decode -q --no-stream "$T/stream"
    expect_colors "$T/screen"
    cp "$T/screen" "$T/held"
    at_terminal -- "$CHAT" decode -q "$T/stream"
    expect_colors "$T/screen"
    printf 'event: done\ndata: %s\n\n' "$(jq -R -s -c '{final_text: .}' "$T/text")" >"$T/final"
    at_terminal -- "$CHAT" decode -q "$T/final"
    expect_colors "$T/screen"
    stream_of 100 'a `b'
    at_terminal -- "$CHAT" decode -q -n "$T/stream"
    expect_screen "a $CODE\`b$PLAIN"
    at_terminal -- "$CHAT" decode -q "$T/stream"
    expect_screen "a $CODE\`b$PLAIN\n"
}

@test "highlight: nothing is held back" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"#"}
gate one
event message {"delta":" a\n*"}
gate two
event message {"delta":"*"}
gate three
event message {"delta":"b"}
gate four
event message {"delta":"** `"}
gate five
event done {}
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send -c "$ID" --highlight always hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" "$HEADING#$PLAIN"
    open_gate one
    expect_read "$ANSWER" "$HEADING a$PLAIN"$'\n'"$MARKER*$PLAIN"
    open_gate two
    expect_read "$ANSWER" "$MARKER*$PLAIN"
    open_gate three
    expect_read "$ANSWER" "${STRONG}b$PLAIN"
    open_gate four
    expect_read "$ANSWER" "$MARKER**$PLAIN $CODE\`$PLAIN"
    open_gate five
    expect_read "$ANSWER" $'\n'
    expect_end "$ANSWER"
    await_end
    expect_status 0
}

@test "highlight: a line on standard error in the middle of code is plain" {
    cat >"$T/stream" <<'STREAM'
event: message
data: {"delta":"```\none"}

event: tool_started
data: {"tool_name":"t","arguments":{}}

event: message
data: {"delta":" more\n"}

event: tool_finished
data: {"tool_name":"t","result":1,"duration_ms":5}

event: message
data: {"delta":"```\n**two"}

event: done
data: {}

STREAM
    at_terminal -- "$CHAT" decode --highlight always "$T/stream"
    expect_line 'exit 0' "$OUT"
    expect_screen "$CODE\`\`\`$PLAIN\n${CODE}one$PLAIN\ntool_started t\n$CODE more$PLAIN\ntool_finished t 5 ms
$CODE\`\`\`$PLAIN\n$MARKER**${STRONG}two$PLAIN\n"
    # With colour there, too, and a status line, each line of a tool still begins in plain style.
    TERM=xterm at_terminal -- "$CHAT" decode "$T/stream"
    grep -F $'one\e[0m' "$T/screen"
    grep -F $'\e[2m✓ t 5 ms\e[0m' "$T/screen"
    grep -F "$CODE more$PLAIN" "$T/screen"
}

@test "highlight: a stream that fails leaves plain style, and the message its own line" {
    printf 'event: message\ndata: {"delta":"# one\\n**two"}\n\n' >"$T/stream"
    at_terminal -- "$CHAT" decode --highlight always "$T/stream"
    expect_line 'exit 75' "$OUT"
    tr -d '\r' <"$T/screen" | head -n 2 >"$T/shown"
    expect_bytes "$HEADING# one$PLAIN\n$MARKER**${STRONG}two$PLAIN\n" "$T/shown"
    [ "$(tr -d '\r' <"$T/screen" | sed -n '3s/:.*//p')" = sigmasight-chat ]
    # No empty line where the text has ended one.
    printf 'event: message\ndata: {"delta":"```\\none\\n"}\n\n' >"$T/stream"
    at_terminal -- "$CHAT" decode --highlight always "$T/stream"
    [ "$(tr -d '\r' <"$T/screen" | sed -n '3s/:.*//p')" = sigmasight-chat ]
    [ "$(wc -l <"$T/screen")" -eq 3 ]
}

# interrupted TEXT SHOWN [OPTION]...: the server sends that, and Control-C follows when that is to be seen.
interrupted()
{
    serve <<SCENARIO
on POST /chat/send
event message {"delta":"$1"}
gate never
event done {}
SCENARIO
    at_terminal wait "$2" type '\x03' -- sh -c 'stty -echo; exec "$@"' sh \
        "$CHAT" send -c "$ID" --highlight always "${@:3}" hi
    stop_server
    rm -f "$T/announcement"
    expect_line 'signal 2' "$OUT"
}

@test "highlight: Control-C leaves plain style" {
    interrupted '```\nhere' "${CODE}here$PLAIN"
    expect_screen "$CODE\`\`\`$PLAIN\n${CODE}here$PLAIN$PLAIN\n"
    interrupted '# here\n' "here$PLAIN"$'\r\n'
    expect_screen "${HEADING}# here$PLAIN\n$PLAIN"
    interrupted 'nothing here' 'nothing here'
    expect_screen 'nothing here\n'
    # What is told at the end begins no line of its own where there is one.
    interrupted '`here`\n' "here\`$PLAIN"$'\r\n' -v
    tr -d '\r' <"$T/screen" >"$T/shown"
    head -n 1 "$T/shown" | grep -x -F "$CODE\`here\`$PLAIN"
    sed -n 2p "$T/shown" | grep -F "${PLAIN}cancelled"
}

@test "highlight: a new attempt begins anew" {
    serve <<'SCENARIO'
on POST /chat/send once
event message {"delta":"```\n**one"}
close
on POST /chat/send
event message {"delta":"two *three*"}
event done {}
SCENARIO
    run_chat send -q --no-stream --highlight always --retry-delay 0.01 hi
    expect_status 0
    expect_bytes "two $MARKER*\e[0;3mthree$MARKER*$PLAIN\n"
}

@test "highlight: what the server sends drives no terminal" {
    stream_of 1000 $'**\e[31m** `\e[0m` *\e]52;c;x\a* \e[0;36m\u009b31m # \u202e'
    TERM=xterm at_terminal -- "$CHAT" decode -q "$T/stream"
    expect_line 'exit 0' "$OUT"
    expect_screen "$MARKER**$STRONG^[[31m$MARKER**$PLAIN $CODE\`^[[0m\`$PLAIN $MARKER*\e[0;3m^[]52;c;x^G$MARKER*$PLAIN ^[[0;36m\\\\u{9b}31m # \\\\u{202e}\n"
    # A pipe gets it as it is.
    run_chat decode -q --highlight always "$T/stream"
    expect_bytes "$MARKER**$STRONG\e[31m$MARKER**$PLAIN $CODE\`\e[0m\`$PLAIN $MARKER*\e[0;3m\e]52;c;x\a$MARKER*$PLAIN \e[0;36m\xc2\x9b31m # \xe2\x80\xae\n"
}
