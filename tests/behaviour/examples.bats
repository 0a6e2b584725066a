#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every example in README.md, in the manual and in --help works unchanged; the pages are valid.

load helper

# A directory with all files that the examples use, and a server.
scene()
{
    mkdir "$T/bin" "$T/here" "$T/scripts"
    ln -s "$CHAT" "$T/bin/sigmasight-chat"
    ln -s "$MOCK" "$T/bin/sigmasight-mock"
    # An example does not show a filter without output,
    {
        echo '#!/bin/sh'
        echo "'$(command -v jq)' \"\$@\" >'$T/jq'.\$\$ || exit"
        echo "cat '$T/jq'.\$\$"
        # except for one that selects failures.
        echo "case \$* in *!=*) exit ;; esac"
        echo "grep -q -v -x null '$T/jq'.\$\$"
    } >"$T/bin/jq"
    chmod +x "$T/bin/jq"
    PATH=$T/bin:$PATH
    serve_default "$@"
    cd "$T/here" || return
    echo "$TOKEN" >token.txt
    echo 'Ten positions, and cash.' >report.txt
    printf '%s\n' 'How concentrated am I?' '-v' 'What are my risks?' >questions.txt
    jq -R -c '{text: ., id: input_line_number}' questions.txt >questions.jsonl
    echo any >password.txt
    export question='-- What are my "risks"?' SIGMASIGHT_EMAIL=me@example.com SIGMASIGHT_PASSWORD=any
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    echo '{"profiles": {"staging": {"mode": "blue"}}}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        "$CHAT" conversations new >/dev/null
    done
    export SIGMASIGHT_LOG=1
    "$CHAT" send -q "How concentrated am I?" >/dev/null
    id=$("$CHAT" log list | cut -f 4)
    export id
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

# try NAME: runs the shell script $T/scripts/NAME, which must succeed, print something, and report no error.
try()
{
    local script=$T/scripts/$1
    record >answer.sse
    status=0
    # zsh and fish do not accept a pattern without a match either.
    bash -e -o pipefail -O failglob "$script" </dev/null >"$OUT" 2>"$ERR" 3>&- || status=$?
    [ "$status" -eq 0 ] || fail "status $status of $1: $(cat "$script")"
    [ -s "$OUT" ] || [ -n "$(find . -newer "$script" -type f -size +0)" ] || grep -q -e login -e logout -e delete "$script" ||
        fail "no output of $1: $(cat "$script")"
    if grep -v -e '^sigmasight-chat: retry ' -e '^tool_' -e '^Logged ' -e '^No login ' -e '^no conversation ' -e '^[0-9]* questions: ' -e '^Rated ' -e 'warning: SIGMASIGHT_TOKEN is set' -e 'warning: asking about both portfolios' "$ERR" |
        grep -q .; then
        fail "messages of $1: $(cat "$script")"
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

# Prints the names of the commands.
commands()
{
    "$CHAT" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' >"$T/commands"
    [ "$(wc -l <"$T/commands")" -ge 10 ] || fail "--help does not list the commands"
    cat "$T/commands"
}

@test "examples: README.md" {
    scene
    fenced sh | split readme
    # The block that starts a server leaves it running.
    echo 'kill $!' >>"$(grep -l '^sigmasight-mock ' "$T"/scripts/readme*)"
    try_all readme 5
}

# In one shell and without other files, as if one block after the other were copied into a terminal.
@test "examples: README.md from its beginning to its end" {
    scene
    unset SIGMASIGHT_URL SIGMASIGHT_TOKEN
    stop_server
    rm -rf "$XDG_CONFIG_HOME" "$XDG_STATE_HOME"
    mkdir "$T/empty"
    cd "$T/empty"
    for _ in 1 2; do
        { echo "trap 'kill \$!' EXIT"; fenced sh | sed 's/^\t//'; } >"$T/scripts/all"
        bash -e -o pipefail "$T/scripts/all" </dev/null >"$OUT" 2>"$ERR" 3>&- || fail "a block failed"
    done
    [ "$(jq -s length answers.jsonl)" -eq 2 ]
    [ "$(grep -c -E '^[12]	0	' "$OUT")" -eq 2 ]
}

@test "examples: the table of answers has the last object of each question, in the order of the questions" {
    scene
    printf '%s\n' one two three >questions.txt
    for where in readme manual; do
        case $where in
        readme) fenced sh | split "$where" ;;
        manual) page sigmasight-chat.1 EXAMPLES | split "$where" ;;
        esac
        script=$(grep -l 'questions.txt >> answers.jsonl' "$T/scripts/$where"*)
        sed -i '/^printf/d' "$script"
        printf '{"id":%s,"status":"%s","exit_code":%s,"text":"%s"}\n' 3 'done' 0 x 2 failed 75 '' >answers.jsonl
        try "$(basename "$script")"
        [ "$(cut -f 1,2 "$OUT")" = "$(printf '%s\t0\n' 1 2 3)" ]
        rm answers.jsonl
    done
}

@test "examples: the first run in README.md" {
    scene
    fenced shell | split run
    sed -i "s|https://sigmasight.example.com/api/v1|$SIGMASIGHT_URL|" "$T"/scripts/run*
    unset SIGMASIGHT_URL
    # The block that ends with the login, and the next one.
    cat "$T"/scripts/run* | sed -n '/SIGMASIGHT_URL/,$p' >"$T/scripts/first"
    [ "$(wc -l <"$T/scripts/first")" -eq 4 ]
    try first
    grep -q '^ok .*token' "$OUT"
}

# An interactive zsh passes a comment to the command, and what is pasted after a command that reads the terminal is input
# of that command.
@test "examples: README.md has no comment after a command and nothing after a login or dialogue in a block" {
    { fenced sh; fenced shell; } >"$T/blocks"
    grep -q '^	sigmasight-chat login$' "$T/blocks"
    if grep '#' "$T/blocks" >&2; then
        fail "a comment"
    fi
    if grep -A 1 -E '^	sigmasight-chat (login|chat)$' "$T/blocks" | grep -v -E '^$|^--$|^	sigmasight-chat (login|chat)$' >&2; then
        fail "a line that the command would read"
    fi
}

@test "examples: README.md starts the completions of each shell" {
    mkdir -p "$T/bin" "$T/home"
    ln -s "$CHAT" "$T/bin/sigmasight-chat"
    PATH=$T/bin:$PATH
    export HOME=$T/home
    for shell in bash zsh fish; do
        line=$(tr '\n' ' ' <"$SRCDIR/README.md" | grep -o "\`[^\`]*sigmasight-chat completion ${shell}[^\`]*\`" | tr -d '`')
        [ -n "$line" ]
        command -v "$shell" >"$T/found" || continue
        case $shell in
        bash) bash --norc -c "$line; complete -p sigmasight-chat" ;;
        zsh) zsh -f -c "autoload -Uz compinit; compinit -u -D; $line; print -r -- \$_comps[sigmasight-chat]" ;;
        fish) fish --no-config -c "$line; complete -C 'sigmasight-chat completion '" ;;
        esac >"$OUT" 3>&-
        [ -s "$OUT" ] || fail "no completions in $shell: $line"
    done
}

# The script of the step `Ask`, whose lines are indented by ten blanks.
@test "examples: the job in README.md retries and keeps the exit status" {
    scene
    fenced yaml | sed -n '/name: Ask/,$s/^\t          //p' >"$T/scripts/job"
    sed -i 's/sleep 60/echo again >>waits/' "$T/scripts/job"
    export GITHUB_STEP_SUMMARY=$T/summary
    bash -e -o pipefail "$T/scripts/job"
    grep -F '**moderately concentrated**' "$T/summary"
    [ ! -e waits ]
    stop_server
    rm -f "$T/port" "$T/announcement"
    serve_default --error RATE_LIMITED
    status=0
    bash -e -o pipefail "$T/scripts/job" 2>"$ERR" || status=$?
    expect_status 75
    [ "$(wc -l <waits)" -eq 2 ]
    status=0
    SIGMASIGHT_TOKEN=wrong bash -e -o pipefail "$T/scripts/job" 2>"$ERR" || status=$?
    expect_status 77
    [ "$(wc -l <waits)" -eq 2 ]
}

# formatted NAME: the examples of a manual page as `make manual` writes them in Markdown.
formatted()
{
    sed 's/^\.Ql /.Sq Li /' "$SRCDIR/man/$1" | mandoc -Tmarkdown | sed -n '/^# EXAMPLES/,/^# COMMANDS/{/^# SEE/q;p}'
}

@test "examples: the manual" {
    # The calls of the second generation, and more than one portfolio to choose from.
    scene --generation 2 --portfolios 2
    "$CHAT" api /chat/memories --data '{"content": "likes ETFs"}' >"$OUT"
    formatted sigmasight-chat.1 | split manual
    try_all manual 15
}

@test "examples: the manual of the formats" {
    scene
    formatted sigmasight-chat-formats.7 | split formats
    try_all formats 8
}

# page NAME [SECTION]: the blocks of a manual page, each line after a tab. A SECTION is the beginning of its name.
page()
{
    awk -v section="${2-}" '
        /^\.Sh/ { here = index($0, ".Sh " section) == 1 }
        /^\.Bd/ { inside = 1; next }
        /^\.Ed/ { inside = 0; print "" }
        inside && here {
            gsub(/\\-/, "-")
            gsub(/\\\(aq/, "\047")
            gsub(/\\e/, "\\")
            print "\t" $0
        }' "$SRCDIR/man/$1"
}

# Each command line is in the usage of bootstrap, installs the program in a usual way, or is in the test of the first
# run.
known_to_build()
{
    local line
    while IFS= read -r line; do
        line=${line%%  *}
        case $line in
        './configure && make && sudo make install' | 'sudo apt install ./sigmasight-chat_*.deb ./sigmasight-mock_*.deb' | ./bootstrap) ;;
        'export SIGMASIGHT_URL='* | 'sigmasight-chat '*) ;;
        './bootstrap '*) "$SRCDIR/bootstrap" --nonsense 2>&1 | grep -q -E "^  ${line#./bootstrap } " || return ;;
        *) return 1 ;;
        esac
    done <"$1"
}

# Each block of README.md and of the manual pages is tried by one of the tests here; a new one must be of a kind that
# is known. Blocks with ./bootstrap and ./configure cannot be tried in the tree that contains the test.
@test "examples: all of them are tested" {
    scene
    sed -n 's/^```\(.\)/\1/p' "$SRCDIR/README.md" | sort -u | diff <(printf '%s\n' sh shell yaml) - >&2
    fenced shell | split build
    for script in "$T"/scripts/build*; do
        known_to_build "$script" || fail "no test runs: $(cat "$script")"
    done
    {
        page sigmasight-chat.1 EXAMPLES
        page sigmasight-chat-formats.7 EXAMPLES
    } | split example
    {
        page sigmasight-chat.1
        page sigmasight-chat-formats.7
    } | split chat
    page sigmasight-mock.1 | split mock
    # Each name used as a command in README.md and in the manual exists.
    grep -o '`sigmasight-[a-z]* [^`]*`' "$SRCDIR/README.md" | tr -d '`' >"$T/inline"
    [ -s "$T/inline" ]
    while read -r program command rest; do
        case $program,$command in
        sigmasight-chat,*) commands | grep -x -e "$command" ;;
        *) false ;;
        esac || fail "not a command: $program $command $rest"
    done <"$T/inline"
    for script in "$T"/scripts/chat* "$T"/scripts/mock*; do
        case $(head -n 1 "$script") in
        '{' | 'tool_started '* | '{"event":'* | '\(OK '*) continue ;; # the tests below, and status.bats
        '200 questions: '* | 'parallel --pipepart '* | 'sigmasight-chat batch --resume '*) continue ;; # batch.bats
        'on POST '* | '$ '*) [[ $script == */mock* ]] && continue ;;
        esac
        for example in "$T"/scripts/example*; do
            if cmp -s "$script" "$example"; then
                continue 2
            fi
        done
        fail "no test runs: $(cat "$script")"
    done
    [ "$(find "$T/scripts" -name 'chat*' | wc -l)" -eq "$(cat "$SRCDIR"/man/sigmasight-chat* | grep -c '^\.Bd')" ]
    [ "$(find "$T/scripts" -name 'mock*' | wc -l)" -eq "$(grep -c '^\.Bd' "$SRCDIR/man/sigmasight-mock.1")" ]
}

@test "bootstrap: an invalid command line is refused with the reason" {
    while IFS='|' read -r words reason; do
        status=0
        # shellcheck disable=SC2086 # words
        "$SRCDIR/bootstrap" $words >"$OUT" 2>"$ERR" || status=$?
        expect_status 64
        expect_line "bootstrap: $reason"
    done <<'TABLE'
chek|unknown command 'chek'
check all|too many arguments of check
deps everything|unknown argument of deps: 'everything'
TABLE
}

@test "bootstrap: CC may contain options" {
    mkdir "$T/tree" "$T/bin"
    cp "$SRCDIR/bootstrap" "$SRCDIR/configure.ac" "$T/tree"
    # Without a package manager, so that nothing is installed.
    for program in cat cut dirname grep mkdir sed sort tr; do
        ln -s "$(command -v "$program")" "$T/bin"
    done
    printf '%s\n' '#!/bin/sh' '[ "$1" = -O2 ] && echo "$0"' >"$T/bin/compiler"
    chmod +x "$T/bin/compiler"
    status=0
    PATH=$T/bin CC='compiler -O2' "$T/tree/bootstrap" deps static >"$OUT" 2>"$ERR" || status=$?
    expect_status 1
    expect_line 'bootstrap: no supported package manager found .*'
    expect_line ' *make  *builds the programs'
    [ "$(grep -c -E '^ *(cc|libedit|libedit\.a|libssl\.a) ' "$ERR")" -eq 0 ]
}

# blocks PAGE PATTERN: those whose first line matches, as $T/scripts/block*.
blocks()
{
    local script
    page "$1" | split all
    for script in "$T"/scripts/all*; do
        if head -n 1 "$script" | grep -q -e "$2"; then
            cp "$script" "${script/all/block}"
        fi
    done
    ls "$T"/scripts/block*
}

@test "examples: the configuration in the manual" {
    scene
    blocks sigmasight-chat.1 '^{$'
    for script in "$T"/scripts/block*; do
        cp "$script" "$XDG_CONFIG_HOME/sigmasight-chat/config.json"
        run_chat config --profile staging
        expect_status 0
        grep -x "mode	blue	$XDG_CONFIG_HOME/sigmasight-chat/config.json" "$OUT"
        grep -x 'url	https://staging.example.org/api/v1	profile staging' "$OUT"
    done
}

@test "examples: the output in the manual" {
    scene
    blocks sigmasight-chat-formats.7 '^{"event":'
    for script in "$T"/scripts/block*; do
        "$SRCDIR/tests/check/lines" "$script"
    done
    rm "$T"/scripts/*
    record >answer.sse
    run_chat decode answer.sse
    blocks sigmasight-chat-formats.7 '^tool_started '
    for script in "$T"/scripts/block*; do
        while IFS= read -r line; do
            grep -q -x -F -e "$line" "$ERR" || fail "missing: $line"
        done <"$script"
    done
}

@test "examples: the manual of the mock" {
    scene
    stop_server
    rm -f "$T/port" "$T/announcement"
    page sigmasight-mock.1 | split block
    mapfile -t all < <(ls "$T"/scripts/block*)
    [ "${#all[@]}" -eq 5 ]
    # A session, at another port than 8000, which may be in use.
    sed -n 's/^\$ //p' "${all[0]}" | sed 's/sigmasight-mock &/sigmasight-mock --port 0 --port-file port >said \& until [ -s port ]; do sleep 0.1; done; export SIGMASIGHT_URL=$(cat said)/' >"$T/session"
    grep -q -e '--port 0' "$T/session"
    unset SIGMASIGHT_TOKEN SIGMASIGHT_URL
    { cat "$T/session"; echo "kill \$!"; } >"$T/scripts/session"
    try session
    grep -q -x 'http://127.0.0.1:8000/api/v1' "${all[0]}"
    sed "s/$(cat port)/8000/" said | grep -x 'http://127.0.0.1:8000/api/v1'
    # A scenario, and the calls that go with it.
    serve_default --scenario "${all[1]}"
    launch "$CHAT" send --retry 1 'a question' >"$OUT" 2>"$ERR"
    sed -n 's/^\$ //p' "${all[2]}" | sed "s/:8000/:$PORT/" >"$T/calls"
    [ "$(wc -l <"$T/calls")" -eq 2 ]
    bash -e "$T/calls"
    await_end 20
    expect_status 75
    expect_bytes 'You asked: a question\n'
    stop_server
    rm -f "$T/port" "$T/announcement"
    # Each of these starts.
    sed -n 's/^\$ sigmasight-mock //p' "${all[3]}" >"$T/options"
    [ "$(wc -l <"$T/options")" -eq 3 ]
    while read -ra options; do
        serve_default "${options[@]}"
        stop_server
        rm -f "$T/port" "$T/announcement"
    done <"$T/options"
    serve_default --scenario "${all[4]}"
    run_chat send -c "$ID" hi
    expect_status 0
}

@test "examples: the answers to many questions have the numbers of their lines" {
    scene
    for where in readme manual; do
        case $where in
        readme) fenced sh | split "$where" ;;
        manual) page sigmasight-chat.1 EXAMPLES | split "$where" ;;
        esac
        printf '%s\n' 'What are my risks?' '' '-v' 'It is "$(quoted)" `here`' >questions.txt
        script=$(grep -l 'questions.txt >> answers.jsonl' "$T/scripts/$where"*)
        sed -i '/^printf/d' "$script"
        try "$(basename "$script")"
        [ "$(jq -s -c 'sort_by(.line) | map([.line, .exit_code])' answers.jsonl)" = '[[1,0],[3,0],[4,0]]' ]
        grep -q -F '"text":"It is \"$(quoted)\" `here`"' "$DUMP"/*.request
        rm answers.jsonl
    done
}

@test "examples: the recipe for tools that failed finds the one that did" {
    scene
    formatted sigmasight-chat-formats.7 | sed -n '/^The tools that failed/,/^[^\t]*:$/p' | split failed
    try failed01
    expect_bytes 'get_prices_historical\tno prices\n'
}

# recipe WORDS: the block after the line of the manual's examples that begins with these words, as the script recipe01.
recipe()
{
    mandoc -Tmarkdown "$SRCDIR/man/sigmasight-chat.1" | awk -v words="$1" '
        index($0, words) == 1 { inside = 1 }
        inside && /^\t/ { print; seen = 1 }
        inside && seen && /^[^\t]/ { exit }' | split recipe
}

@test "examples: the recipes for other calls of the API work as described" {
    scene --generation 2 --portfolios 2
    for content in older newer; do
        "$CHAT" api /chat/memories --data "{\"content\": \"$content\"}" >"$T/memory"
    done
    recipe 'List what a second-generation server remembers'
    try recipe01
    grep -q "$(jq -r .id "$T/memory")	newer" "$OUT"
    "$CHAT" api /chat/memories | jq -e '.memories | length == 1 and .[0].content == "older"'
    recipe 'Rate the last answer'
    try recipe01
    grep -q '"rating":"down","comment":"The figures are old."' "$DUMP"/*.request
    recipe 'Ask about one of several portfolios'
    try recipe01
    grep -q '"ui_context":{"portfolio_id":"6d0f71ab-5c94-4e02-8f6d-b0a3c8e1d275"' "$DUMP"/*.request
    recipe 'Write a morning briefing'
    try recipe01
    grep -q '^Morning briefing' "$OUT"
}

@test "examples: the recipe for memories deletes nothing where there are none" {
    scene --generation 2
    rm "$T/bin/jq" # the one that requires output
    recipe 'List what a second-generation server remembers'
    bash -e -o pipefail "$T/scripts/recipe01"
    if grep -q '^DELETE' "$DUMP"/*; then
        fail "a DELETE request was sent"
    fi
    grep -q '/chat/memories?limit=1' "$DUMP"/*
}

@test "examples: the recipe that deletes conversations keeps the ten newest" {
    scene
    "$CHAT" conversations --limit 10 >"$T/newest"
    formatted sigmasight-chat.1 | sed -n '/^Delete all conversations/,/^[^\t]*:$/p' | split delete
    try delete01
    "$CHAT" conversations --limit 0 | diff "$T/newest" - >&2
}

@test "examples: --help of the program and of every command" {
    scene --generation 2
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

@test "help: of the command that follows" {
    for command in send conversations; do
        "$CHAT" $command --help >"$T/wanted"
        "$CHAT" $command --help -v >"$T/wanted.full"
        for word in --help -h help; do
            run_chat $word $command
            expect_status 0
            cmp "$T/wanted" "$OUT"
            run_chat $word $command -v
            cmp "$T/wanted.full" "$OUT"
        done
    done
    "$CHAT" --help >"$T/wanted"
    for words in help '--help -v' 'help --help' 'help help'; do
        # shellcheck disable=SC2086 # words
        run_chat $words
        expect_status 0
        cmp "$T/wanted" "$OUT"
    done
    run_chat help sned
    expect_status 64
    expect_line "sigmasight-chat: unknown command 'sned'; did you mean send\?"
}

@test "help: fits a screen and refers to -v for further options" {
    for command in '' $(commands); do
        # shellcheck disable=SC2086 # perhaps no word
        run_chat $command --help
        # The list of commands may be longer.
        [ "$(wc -l <"$OUT")" -le $((${#command} ? 24 : 32)) ] || fail "$command: $(wc -l <"$OUT") lines"
        [ -n "$command" ] || continue
        sed -n '/^Options:/,/^$/s/^.\{6\}\(--[a-z-]*\) .*/\1/p' "$OUT" | sort -u >"$T/named"
        more=$(sed -n "s/^  and \([0-9]*\) more, see sigmasight-chat $command -h -v\$/\1/p" "$OUT")
        run_chat "$command" --help -v
        sed -n '/^Options:/,/^$/s/^.\{6\}\(--[a-z-]*\) .*/\1/p' "$OUT" | sort -u >"$T/described"
        [ "$(wc -l <"$T/described")" -ge 4 ]
        [ "$(comm -13 "$T/named" "$T/described" | wc -l)" -eq "${more:-0}" ] || fail "$command: not $more more"
        [ "$(comm -23 "$T/named" "$T/described" | wc -l)" -eq 0 ]
    done
}

@test "manual: mandoc reports nothing" {
    for page in "$SRCDIR"/man/*.[17]; do
        mandoc -Tlint "$page" >"$T/lint" 2>&1 || :
        # The pages need not be installed here, nor known to mandoc. The footer names the program, not the system.
        grep -v -e 'referenced manual not found' -e 'outdated mandoc.db' \
            -e 'operating system explicitly specified: Os sigmasight-chat' "$T/lint" >"$OUT" || :
        [ ! -s "$OUT" ] || fail "$page"
    done
}

# Text is filled, but the lines of a literal block are printed as they are. man(1) formats to two columns less than 80.
@test "manual: the pages fit a terminal of 80 columns" {
    for page in "$SRCDIR"/man/*.[17]; do
        mandoc -T ascii -O width=78 "$page" | sed 's/.\x08//g' >"$T/page"
        [ -s "$T/page" ]
        awk 'length($0) > 80' "$T/page" >"$OUT"
        [ ! -s "$OUT" ] || fail "$page: wider than 80 columns"
    done
}

@test "manual: describes every command" {
    for command in $(commands); do
        grep -q "^\.Cm $command\$" "$SRCDIR/man/sigmasight-chat.1" || fail "not in the synopsis: $command"
        grep -q "^\.It Cm $command\\b" "$SRCDIR/man/sigmasight-chat.1" || fail "not described: $command"
    done
}

@test "README.md: its table has the exit statuses of the manual" {
    mandoc -Tmarkdown "$SRCDIR/man/sigmasight-chat.1" |
        sed -n '/^# EXIT STATUS/,/^# SEE/s/^\([0-9]\{1,3\}\)$/\1/p' | sort -n >"$T/manual"
    sed -n 's/^| \([0-9][0-9, ]*\) |.*/\1/p' "$SRCDIR/README.md" | tr -d ' ' | tr ',' '\n' | sort -n >"$T/readme"
    [ "$(wc -l <"$T/manual")" -ge 16 ]
    diff "$T/manual" "$T/readme" >&2
}
