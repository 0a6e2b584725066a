#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Rendered Markdown: when an answer is rendered, when its words are written, and other output between them. How each
# construct is parsed is in tests/unit/test_markdown, how it looks at each width in tests/render.

# shellcheck disable=SC2030,SC2031 # each test is a process of its own
# shellcheck disable=SC2016 # backticks of Markdown
load helper
load accounts

BOLD=$'\e[0;1m' CODE=$'\e[0;35m' PLAIN=$'\e[0m'

# stream_of SIZE TEXT: writes deltas of SIZE characters to $T/stream, and the text to $T/text.
stream_of()
{
    printf '%s' "$2" >"$T/text"
    jq -R -s -r --argjson size "$1" '. as $all | range(0; length; $size) |
        "event: message\ndata: \({delta: $all[.:. + $size]} | tojson)\n"' "$T/text" >"$T/stream"
    printf 'event: done\ndata: {}\n\n' >>"$T/stream"
}

# rendered [OPTION]...: $OUT is the answer as a pipe gets it.
rendered()
{
    run_chat decode -q --render always "$@" "$T/stream"
    expect_status 0
}

# expect_screen TEXT: the screen has exactly this text; \n separates lines.
expect_screen()
{
    tr -d '\r' <"$T/screen" >"$T/shown"
    expect_bytes "$1" "$T/shown"
}

expect_as_sent()
{
    tr -d '\r' <"${1-$OUT}" >"$T/plain"
    cmp "$T/text" "$T/plain" >&2 || fail 'not the text as it was sent'
}

@test "render: by default at a terminal that is not dumb" {
    stream_of 5 $'# a\n*b*\n'
    TERM=xterm at_terminal -- "$CHAT" decode -q --color never "$T/stream"
    expect_screen '# a\n\nb\n'
    # The terminal's type is not set.
    at_terminal -- env -u TERM "$CHAT" decode -q "$T/stream"
    expect_screen '# a\n\nb\n'
    TERM=dumb at_terminal -- "$CHAT" decode -q "$T/stream"
    expect_as_sent "$T/screen"
    run_chat decode -q "$T/stream"
    expect_as_sent
    CLICOLOR_FORCE=1 run_chat decode -q --render auto --color always "$T/stream"
    expect_as_sent
}

@test "render: always and never" {
    stream_of 5 $'# a\n*b*\n'
    TERM=dumb at_terminal -- "$CHAT" decode -q --render always "$T/stream"
    expect_screen '# a\n\nb\n'
    rendered
    expect_bytes '# a\n\nb\n'
    TERM=xterm at_terminal -- "$CHAT" decode -q --color always --render never "$T/stream"
    expect_as_sent "$T/screen"
}

@test "render: --highlight is a synonym, also in the configuration" {
    stream_of 5 $'# a\n*b*\n'
    run_chat decode -q --highlight always "$T/stream"
    expect_bytes '# a\n\nb\n'
    run_chat decode -q --highlight always --render never "$T/stream"
    expect_as_sent
    echo '{"highlight": "always"}' | configure
    run_chat decode -q "$T/stream"
    expect_bytes '# a\n\nb\n'
    echo '{"render": "always"}' | configure
    run_chat decode -q "$T/stream"
    expect_bytes '# a\n\nb\n'
    run_chat decode -q --highlight never "$T/stream"
    expect_as_sent
}

@test "render: colour in a pipe only with --color always; without it, the markers of headings and code" {
    stream_of 5 $'## a\n`` b` `` **c**\n'
    rendered
    expect_bytes '## a\n\n`` b` `` c\n'
    CLICOLOR_FORCE=1 rendered
    expect_bytes '## a\n\n`` b` `` c\n'
    NO_COLOR=1 rendered --color always
    expect_bytes "${BOLD}a$PLAIN\n\n${CODE}b\`$PLAIN ${BOLD}c$PLAIN\n"
    TERM=xterm NO_COLOR=1 at_terminal -- "$CHAT" decode -q "$T/stream"
    expect_screen '## a\n\n`` b` `` c\n'
    TERM=xterm at_terminal -- "$CHAT" decode -q "$T/stream"
    expect_screen "${BOLD}a$PLAIN\n\n${CODE}b\`$PLAIN ${BOLD}c$PLAIN\n"
}

@test "render: one blank is before the URL of a link, also where the link has no text" {
    stream_of 3 $'[a](b) c [](d)e ![](f)\n[](g) ([ ](h)) [i ](j)k [l ](m) n [](o)[](p)q\n'
    rendered
    # A word does not join the one before the URL.
    expect_bytes 'a (b) c (d) e (f)\n(g) ( (h) ) i (j) k l (m) n (o) (p) q\n'
}

@test "render: without a terminal the width is COLUMNS, at least 20" {
    stream_of 5 'aaaaa bbbbb ccccc ddddd eeeee fffff'
    COLUMNS=25 rendered
    expect_bytes 'aaaaa bbbbb ccccc ddddd\neeeee fffff\n'
    COLUMNS=3 rendered
    expect_bytes 'aaaaa bbbbb ccccc\nddddd eeeee fffff\n'
    COLUMNS=nothing rendered
    expect_bytes 'aaaaa bbbbb ccccc ddddd eeeee fffff\n'
    COLUMNS=1000 TERM=xterm at_terminal width 25 -- "$CHAT" decode -q "$T/stream"
    expect_screen 'aaaaa bbbbb ccccc ddddd\neeeee fffff\n'
}

@test "render: the program's marks are ASCII unless the locale has UTF-8" {
    stream_of 5 $'- ä\n\n> b\n\n|c|\n|-|\n\n---\n'
    for locale in C '' de_DE en_US.ISO-8859-1; do
        COLUMNS=20 LC_ALL=$locale LC_CTYPE='' LANG=$locale rendered
        expect_bytes '* ä\n\n| b\n\nc\n-\n\n--------------------\n'
    done
    for locale in C.UTF-8 de_DE.utf8; do
        COLUMNS=20 LC_ALL='' LC_CTYPE=$locale LANG=C rendered
        expect_bytes '• ä\n\n│ b\n\nc\n─\n\n────────────────────\n'
    done
    LC_ALL=C LC_CTYPE=C.UTF-8 rendered
    expect_no • "$OUT"
}

@test "render: -n leaves the last newline out, --no-stream and final_text are rendered" {
    stream_of 1 $'*a*\n\n- b\n\n'
    rendered -n
    expect_bytes 'a\n\n* b'
    rendered --no-stream
    expect_bytes 'a\n\n* b\n'
    printf 'event: done\ndata: %s\n\n' "$(jq -R -s -c '{final_text: .}' "$T/text")" >"$T/stream"
    rendered
    expect_bytes 'a\n\n* b\n'
}

@test "render: no other format, and no file beside the text, is rendered" {
    stream_of 5 $'# a\n*b*\n'
    for format in jsonl json raw; do
        run_chat decode -o $format "$T/stream"
        sed 's/"elapsed_ms":[0-9]*/"elapsed_ms":0/; s/"first_delta_ms":[0-9]*/"first_delta_ms":0/' "$OUT" >"$T/wanted"
        run_chat decode -o $format --render always "$T/stream"
        expect_status 0
        sed 's/"elapsed_ms":[0-9]*/"elapsed_ms":0/; s/"first_delta_ms":[0-9]*/"first_delta_ms":0/' "$OUT" |
            cmp "$T/wanted" - >&2 || fail "$format is not the same"
    done
    rendered --events "$T/events"
    jq -s -e ".[-1].data.text_bytes == $(wc -c <"$T/text")" "$T/events"
}

@test "render: a word is written with the event that completes it" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"one tw"}
gate one
event message {"delta":"o *thr"}
gate two
event message {"delta":"ee* fo"}
gate three
event message {"delta":"ur\n- fi"}
gate four
event message {"delta":"ve 中"}
gate five
event done {}
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send -c "$ID" --render always hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" 'one'
    open_gate one
    expect_read "$ANSWER" ' two'
    open_gate two
    expect_read "$ANSWER" ' three'
    open_gate three
    expect_read "$ANSWER" ' four'
    open_gate four
    expect_read "$ANSWER" $'\n\n* five 中'
    open_gate five
    expect_read "$ANSWER" $'\n'
    expect_end "$ANSWER"
    await_end
    expect_status 0
}

@test "render: pending text is written at any end of the text" {
    printf 'event: message\ndata: {"delta":"one **two [three"}\n\n' >"$T/stream"
    run_chat decode --render always "$T/stream"
    expect_status 75
    expect_bytes 'one **two [three\n'
    printf 'event: error\ndata: {"message":"no"}\n\n' >>"$T/stream"
    run_chat decode --render always "$T/stream"
    expect_bytes 'one **two [three\n'
    at_terminal -- "$CHAT" decode --render always --color always "$T/stream"
    tr -d '\r' <"$T/screen" | head -n 1 >"$T/shown"
    expect_bytes 'one **two [three\n' "$T/shown"
}

@test "render: a table is held and its rows are counted on the status line" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"Text\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n| 3"}
gate one
event message {"delta":" | 4 |\n"}
gate two
event done {}
SCENARIO
    on_screen columns 40 shows 'table, 1 rows' keep one open one shows 'table, 2 rows' gone '3  4' open two \
        -- "$CHAT" send -c "$ID" hi
    head -n 1 "$T/one" | grep -x Text
    expect_bytes 'Text\n\na  b\n────\n1  2\n3  4\n\n' "$T/last"
}

@test "render: the status line is gone before the table that it counted is written" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"| a | b |\n|---|--:|\n| 1 | 2 |\n"}
gate one
event message {"delta":"\nAfter it"}
gate two
event done {}
SCENARIO
    on_screen columns 40 shows 'table, 1 rows' open one shows After keep two open two -- "$CHAT" send -c "$ID" hi
    grep -x '1  2' "$T/two"
    expect_bytes 'a  b\n────\n1  2\n\nAfter it\n\n' "$T/last"
}

@test "render: a tool's line in a paragraph follows the word that was held, and the paragraph continues below" {
    cat >"$T/stream" <<'STREAM'
event: message
data: {"delta":"- one **two** thr"}

event: tool_started
data: {"tool_name":"t","arguments":{}}

event: message
data: {"delta":"ee fo"}

event: tool_finished
data: {"tool_name":"t","result":1,"duration_ms":5}

event: message
data: {"delta":"ur\n\n```\ncode"}

event: tool_started
data: {"tool_name":"u","arguments":{}}

event: message
data: {"delta":" more\n```"}

event: done
data: {}

STREAM
    at_terminal -- "$CHAT" decode --render always "$T/stream"
    expect_line 'exit 0' "$OUT"
    expect_screen '* one two thr\ntool_started t\n  ee fo\ntool_finished t 5 ms\n  ur\n\n  code\ntool_started u\n   more\n'
    # A style that is open is closed before.
    printf 'event: message\ndata: {"delta":"# one two"}\n\nevent: tool_started\ndata: {"tool_name":"t"}\n\nevent: done\ndata: {}\n\n' >"$T/stream"
    at_terminal -- "$CHAT" decode --render always --color always "$T/stream"
    expect_screen "${BOLD}one two$PLAIN\n\e[2mtool_started t$PLAIN\n"
}

@test "render: the lines of a tool in code add no empty line" {
    local tool=$'event: tool_started\ndata: {"tool_name":"t"}\n\nevent: tool_finished\ndata: {"tool_name":"t","duration_ms":5}\n\n'
    local rows=(
        '```\na\n' 'b\n```\n' '  a\n' '  b\n'
        '```\na\n\n' 'b\n```\n' '  a\n' '\n  b\n'
        '    a\n' '    b\n' '  a\n' '  b\n'
        '- ```\n  a\n' '  b\n  ```\n' '*   a\n' '    b\n'
        '> ```\n> a\n' '> b\n> ```\n' '|   a\n' '|   b\n'
        '```\na\n' '```\n\n```\n\nb\n```\n' '  a\n' '\n\n  b\n'
        'a\n' '\n```\n\nb\n```\n' 'a\n' '\n\n  b\n'
    )
    set -- "${rows[@]}"
    while [ "$#" -gt 0 ]; do
        {
            printf 'event: message\ndata: {"delta":"%s"}\n\n%s' "$1" "$tool"
            printf 'event: message\ndata: {"delta":"%s"}\n\nevent: done\ndata: {}\n\n' "$2"
        } >"$T/stream"
        at_terminal -- "$CHAT" decode --render always --color never "$T/stream"
        expect_screen "$3tool_started t\ntool_finished t 5 ms\n$4"
        shift 4
    done
}

@test "render: if both streams are one pipe, a line begins on a new line and the answer has the same bytes" {
    printf 'event: message\ndata: {"delta":"one two"}\n\nevent: tool_started\ndata: {"tool_name":"t"}\n\nevent: message\ndata: {"delta":" three"}\n\nevent: done\ndata: {}\n\n' >"$T/stream"
    local when mixed
    for when in always never; do
        # The last word is rendered when it is complete, which is after the line of the tool.
        case $when in
        always) mixed='one\ntool_started t\n two three\n' ;;
        never) mixed='one two\ntool_started t\n three\n' ;;
        esac
        "$CHAT" decode --render $when "$T/stream" >"$T/both" 2>&1
        expect_bytes "$mixed" "$T/both"
        "$CHAT" decode --render $when "$T/stream" 2>&1 | cat >"$T/both"
        expect_bytes "$mixed" "$T/both"
        "$CHAT" decode --render $when "$T/stream" 2>"$T/lines" | cat >"$T/answer"
        expect_bytes 'one two three\n' "$T/answer"
        expect_bytes 'tool_started t\n' "$T/lines"
    done
    # The bytes of -o raw are those of the stream.
    "$CHAT" decode -o raw "$T/stream" 2>"$T/lines" | cat >"$T/answer"
    cmp "$T/stream" "$T/answer"
}

# interrupted TEXT SHOWN [OPTION]...: the server sends TEXT, and Control-C follows when SHOWN is on the screen.
interrupted()
{
    serve <<SCENARIO
on POST /chat/send
event message {"delta":"$1"}
gate never
event done {}
SCENARIO
    at_terminal wait "$2" type '\x03' -- sh -c 'stty -echo; exec "$@"' sh \
        "$CHAT" send -c "$ID" --render always "${@:3}" hi
    stop_server
    rm -f "$T/announcement"
    expect_line 'signal 2' "$OUT"
}

@test "render: Control-C renders what is held and leaves plain style" {
    interrupted 'one **two' 'one'
    expect_screen 'one **two\n'
    interrupted '# here is mo' 'here is' --color always
    tr -d '\r' <"$T/screen" >"$T/shown"
    grep -x -F "${BOLD}here is$PLAIN$BOLD mo$PLAIN" "$T/shown"
    interrupted 'one two\n' 'one' -v
    tr -d '\r' <"$T/screen" >"$T/shown"
    head -n 1 "$T/shown" | grep -x 'one two'
    sed -n 2p "$T/shown" | grep '^cancelled'
}

# deleted_slowly EVENTS: the server sends the events, and deletes the conversation when a gate is opened.
deleted_slowly()
{
    serve <<SCENARIO
on POST /chat/send
event message {"delta":"one *two* **thr"}
$1
on DELETE /chat/conversations/*
gate gone
status 204
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send --ephemeral --render always --color always "${@:2}" hi >"$T/answer" 2>"$ERR"
}

EMPHASIS=$'\e[0;3m'

@test "render: what is held is written at a signal, before the conversation is deleted" {
    deleted_slowly 'gate here'
    # The program has received the event.
    expect_read "$ANSWER" one
    kill -s TERM "$PID"
    await_gate gone
    expect_read "$ANSWER" " ${EMPHASIS}two$PLAIN **thr"$'\n'
    # A second signal ends the program.
    for_a_while 0.6
    kill -s TERM "$PID"
    await_end
    expect_signal TERM
    expect_end "$ANSWER"
    expect_bytes '' "$ERR"
}

@test "render: what is held is written at an error or a cut, before the conversation is deleted" {
    local end
    for end in 'event error {"message":"no"}' 'event error nonsense' close; do
        deleted_slowly "$end" --retry 0
        await_gate gone
        expect_read "$ANSWER" "one ${EMPHASIS}two$PLAIN **thr"$'\n'
        open_gate gone
        await_end
        expect_end "$ANSWER"
        expect_no warning "$ERR"
        stop_server
        rm -f "$T/announcement" "$T/answer"
    done
}

@test "render: --no-stream writes the answer before the conversation is deleted" {
    deleted_slowly close --no-stream --retry 0
    await_gate gone
    expect_read "$ANSWER" "one ${EMPHASIS}two$PLAIN **thr"$'\n'
    open_gate gone
    await_end
    expect_status 75
    expect_end "$ANSWER"
    expect_no warning "$ERR"
}

@test "render: what is held is written at an error event, before the stream ends" {
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"one **two"}
event error {"message":"no"}
gate open
SCENARIO
    pipe_from ANSWER
    launch "$CHAT" send -c "$ID" --render always hi >"$T/answer" 2>"$ERR"
    await_gate open
    expect_read "$ANSWER" $'one **two\n'
    open_gate open
    await_end
    expect_error
    expect_end "$ANSWER"
}

@test "render: what is held is written before a warning about the end of the text" {
    cat >"$T/stream" <<'STREAM'
event: message
data: {"delta":"one **two"}

event: message
data: nonsense

event: done
data: {"final_text":"one **two three"}

STREAM
    at_terminal -- "$CHAT" decode --render always --color never "$T/stream"
    tr -d '\r' <"$T/screen" >"$T/shown"
    head -n 1 "$T/shown" | grep -x -F 'one **two'
    sed -n 2p "$T/shown" | grep '^sigmasight-chat: warning: incomplete answer'
}

@test "render: a new attempt starts a new text" {
    serve <<'SCENARIO'
on POST /chat/send once
event message {"delta":"```\n**one"}
close
on POST /chat/send
event message {"delta":"two *three*"}
event done {}
SCENARIO
    run_chat send -q --no-stream --render always --retry-delay 0.01 hi
    expect_status 0
    expect_bytes 'two three\n'
}

@test "render: control sequences of the server are escaped, also in a pipe" {
    # shellcheck disable=SC2016 # backticks of Markdown
    stream_of 1 $'\e[31m `\e[0m` &#27;[1m &#x202e; \u009b31m \u202e \u2028 [a](b\e) \r x\r\n|\e|\n|-|\n\n    \e]0;\a\n'
    rendered
    expect_bytes '^[[31m `^[[0m` ^[[1m \\u{202e} \\u{9b}31m \\u{202e} \\u{2028} [a](b^[) ^M x\n\n^[\n--\n\n  ^[]0;^G\n'
    # Directional marks are shown unchanged.
    stream_of 1000 $'a\xe2\x80\x8eb\xe2\x80\x8fc'
    rendered
    expect_bytes 'a\xe2\x80\x8eb\xe2\x80\x8fc\n'
}
