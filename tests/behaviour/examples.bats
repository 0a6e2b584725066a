#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every example in README.md, in the manual and in --help works as it stands there; the pages themselves are sound.

load helper

# A directory with all that the examples speak of, and a server.
scene()
{
    mkdir "$T/bin" "$T/here" "$T/scripts"
    ln -s "$CHAT" "$T/bin/sigmasight-chat"
    ln -s "$MOCK" "$T/bin/sigmasight-mock"
    # A filter that lets nothing through is not what an example shows.
    {
        echo '#!/bin/sh'
        echo "'$(command -v jq)' \"\$@\" >'$T/jq'.\$\$ || exit"
        echo "cat '$T/jq'.\$\$"
        # But for one that selects what is not in order.
        echo "case \$* in *!=*) exit ;; esac"
        echo "grep -q -v -x null '$T/jq'.\$\$"
    } >"$T/bin/jq"
    chmod +x "$T/bin/jq"
    PATH=$T/bin:$PATH
    serve_default
    cd "$T/here" || return
    echo "$TOKEN" >token.txt
    echo 'Ten positions, and cash.' >report.txt
    printf '%s\n' 'How concentrated am I?' '-v' 'What are my risks?' >questions.txt
    echo any >password.txt
    export question='-- What are my "risks"?' SIGMASIGHT_EMAIL=me@example.com SIGMASIGHT_PASSWORD=any
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    echo '{"profiles": {"staging": {"mode": "blue"}}}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        "$CHAT" conversations new >/dev/null
    done
}

# A recording in which one tool fails.
record()
{
    cat <<'END'
event: start
data: {"conversation_id": "7d1c9a52-3b0e-4f6a-8a57-0c2f4e9d1b36", "mode": "green", "model": "gpt-4o"}

event: tool_started
data: {"tool_name": "get_portfolio_complete", "arguments": {"include_holdings": true}}

event: tool_finished
data: {"tool_name": "get_portfolio_complete", "result": {"meta": {}}, "duration_ms": 245}

event: tool_started
data: {"tool_name": "get_prices_historical", "arguments": {"days": 30}}

event: tool_finished
data: {"tool_name": "get_prices_historical", "result": {"error": "no prices"}, "duration_ms": 12}

event: message
data: {"delta": "Ten positions.", "role": "assistant"}

event: done
data: {"total_tokens": 67, "latency_ms": 900, "tool_calls_count": 2}

END
}

# try NAME: runs $T/scripts/NAME, a shell script, which must succeed, print something, and meet no error.
try()
{
    local script=$T/scripts/$1
    record >answer.sse
    status=0
    bash -e -o pipefail "$script" </dev/null >"$OUT" 2>"$ERR" 3>&- || status=$?
    [ "$status" -eq 0 ] || fail "status $status of $1: $(cat "$script")"
    [ -s "$OUT" ] || [ -n "$(find . -newer "$script" -type f -size +0)" ] || grep -q -e login -e logout -e delete "$script" ||
        fail "nothing came of $1: $(cat "$script")"
    if grep -v -e '^sigmasight-chat: retry ' -e '^tool_' -e '^Logged ' -e '^No login ' -e '^no conversation ' -e 'warning: SIGMASIGHT_TOKEN is set' "$ERR" |
        grep -q .; then
        fail "complaints of $1: $(cat "$script")"
    fi
}

# split PREFIX: each block of standard input, whose lines begin with a tab, becomes a script.
split()
{
    awk -v prefix="$T/scripts/$1" '
        /^\t/ { if (!inside) n++; inside = 1; sub(/^\t/, ""); print > (prefix sprintf("%02d", n)); next }
        { inside = 0 }'
}

# fenced LANGUAGE: the blocks of README.md in that language, each line after a tab.
fenced()
{
    awk -v begin="\`\`\`$1" '
        $0 == begin { inside = 1; next }
        /^```/ { inside = 0; print ""; next }
        inside { print "\t" $0 }' "$SRCDIR/README.md"
}

try_all()
{
    local script count=0
    for script in "$T/scripts/$1"*; do
        try "${script##*/}"
        count=$((count + 1))
    done
    [ "$count" -ge "$2" ] || fail "only $count examples were found"
}

commands()
{
    "$CHAT" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

@test "examples: README.md" {
    scene
    fenced sh | split readme
    try_all readme 6
}

@test "examples: the session in README.md is what one sees" {
    scene
    fenced console | sed 's/^\t//' >"$T/session"
    sed -n 's/^\$ /\t/p' "$T/session" | sed G | split session
    for script in "$T"/scripts/session*; do
        try "${script##*/}"
        grep . "$OUT" >"$T/lines"
        while IFS= read -r line; do
            grep -q -x -F -e "$line" "$T/session" || fail "README.md does not show: $line"
        done <"$T/lines"
    done
}

@test "examples: the manual" {
    scene
    mandoc -Tmarkdown "$SRCDIR/man/sigmasight-chat.1" >"$T/page"
    sed -n '/^# EXAMPLES/,/^# SEE/p' "$T/page" | split manual
    try_all manual 15
}

@test "examples: the recipe for tools that failed finds the one that did" {
    scene
    mandoc -Tmarkdown "$SRCDIR/man/sigmasight-chat.1" >"$T/page"
    sed -n '/^The tools that failed/,/^[^\t]*:$/p' "$T/page" | split failed
    try failed01
    expect_bytes 'get_prices_historical\tno prices\n'
}

@test "examples: the recipe that deletes conversations keeps the ten newest" {
    scene
    "$CHAT" conversations --limit 10 >"$T/newest"
    mandoc -Tmarkdown "$SRCDIR/man/sigmasight-chat.1" >"$T/page"
    sed -n '/^Delete all conversations/,/^[^\t]*:$/p' "$T/page" | split delete
    try delete01
    "$CHAT" conversations --limit 0 | diff "$T/newest" - >&2
}

@test "examples: --help of the program and of every command" {
    scene
    for command in '' $(commands); do
        # shellcheck disable=SC2086 # perhaps no word
        "$CHAT" $command --help -v | sed -n '/^Examples*:/,$s/^  \([^ ].*\)/\t\1/p' | split "help-$command-"
        [ -s "$T/scripts/help-$command-01" ] || fail "no example: $command"
    done
    try_all help 3
    [ "$(cat "$T"/scripts/help-*01 | wc -l)" -ge "$(commands | wc -l)" ]
}

@test "help: on standard output, with status 0" {
    for command in '' $(commands); do
        for option in --help -h '--help -v' -vh; do
            if [ -z "$command" ] && [ "$option" = -vh ]; then
                continue
            fi
            # shellcheck disable=SC2086 # perhaps no word, perhaps two
            run_chat $command $option
            expect_status 0
            [ ! -s "$ERR" ] || fail "standard error is not empty"
            head -n 1 "$OUT" | grep -q "^Usage: sigmasight-chat ${command:-COMMAND}" || fail "not the help of $command"
            [ "$(awk '{ print length }' "$OUT" | sort -n | tail -n 1)" -le 80 ] || fail "a line is too wide"
        done
    done
}

@test "help: it fits a screen, and with -v describes every option that it names" {
    for command in '' $(commands); do
        # shellcheck disable=SC2086 # perhaps no word
        run_chat $command --help
        [ "$(wc -l <"$OUT")" -le 24 ] || fail "$command: $(wc -l <"$OUT") lines"
        [ -n "$command" ] || continue
        grep -o -e '--[a-z-]*' "$OUT" | sort -u >"$T/named"
        run_chat "$command" --help -v
        sed -n '/^Options:/,/^$/s/^.\{6\}\(--[a-z-]*\) .*/\1/p' "$OUT" | sort -u >"$T/described"
        [ "$(wc -l <"$T/described")" -ge 4 ]
        comm -13 "$T/named" "$T/described" >"$T/missing"
        [ ! -s "$T/missing" ] || fail "$command --help does not name $(cat "$T/missing")"
    done
}

@test "manual: mandoc finds nothing to say" {
    for page in "$SRCDIR"/man/*.1; do
        mandoc -Tlint "$page" >"$OUT" 2>"$ERR" || :
        [ ! -s "$OUT" ] && [ ! -s "$ERR" ] || fail "$page"
    done
}

@test "manual: it knows every command" {
    for command in $(commands); do
        grep -q "^\.Cm $command\$" "$SRCDIR/man/sigmasight-chat.1" || fail "not in the synopsis: $command"
        grep -q "^\.It Cm $command\\b" "$SRCDIR/man/sigmasight-chat.1" || fail "not described: $command"
    done
}

@test "README.md: its table has the exit statuses of the manual" {
    mandoc -Tmarkdown "$SRCDIR/man/sigmasight-chat.1" |
        sed -n '/^# EXIT STATUS/,/^# EXAMPLES/s/^\([0-9]\{1,3\}\)$/\1/p' | sort -n >"$T/manual"
    sed -n 's/^| \([0-9][0-9, ]*\) |.*/\1/p' "$SRCDIR/README.md" | tr -d ' ' | tr ',' '\n' | sort -n >"$T/readme"
    [ "$(wc -l <"$T/manual")" -ge 16 ]
    diff "$T/manual" "$T/readme" >&2
}
