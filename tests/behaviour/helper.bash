# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Functions for all behaviour tests. Each test has its own directory $T and, after serve, its own server. A test that leaves
# a process behind fails.

# How many seconds to wait for an event before the test fails.
export PATIENCE=${PATIENCE-10}

setup()
{
    T=$BATS_TEST_TMPDIR
    OUT=$T/out ERR=$T/err DUMP=$T/requests
    # shellcheck disable=SC2034 # the tests use them
    TRANSCRIPTS=$SRCDIR/tests/transcripts ID=7d1c9a52-3b0e-4f6a-8a57-0c2f4e9d1b36
    # shellcheck disable=SC2034 # the tests use them
    P1=11111111-1111-4111-8111-111111111111 P2=22222222-2222-4222-8222-222222222222
    TOKEN=token-of-the-tests ADDRESS=127.0.0.1
    MOCK_PID='' RUNNING='' OURS=() HELD=()
    unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE
    unset VISUAL EDITOR PAGER LESS LESSCHARSET LESSCHARDEF XDG_RUNTIME_DIR COLUMNS NO_COLOR CLICOLOR_FORCE INSIDE_EMACS
    unset "${!SIGMASIGHT_@}" http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
    # Only tests of the log have one.
    export SIGMASIGHT_LOG=0
    export LC_ALL=C TERM=dumb HOME=$T/home XDG_CONFIG_HOME=$T/config XDG_STATE_HOME=$T/state
    mkdir "$HOME" "$DUMP"
    # Every process inherits the writing end. The reading end is at end of file when all have ended.
    local both
    mkfifo "$T/leash"
    # shellcheck disable=SC2094 # a pipe
    exec {both}<>"$T/leash" {LEASH}>"$T/leash" {LEASH_END}<"$T/leash" {both}>&-
}

teardown()
{
    local result=0 ended
    keep_lines "$T"/*
    # A failed test may have left the program running.
    if [ -z "${BATS_TEST_COMPLETED-}" ] && [ -n "$RUNNING" ]; then
        kill -KILL "$RUNNING" || :
    fi
    stop_server
    exec {LEASH}>&-
    ended=0
    read -r -t "$(scaled 5)" -u "$LEASH_END" || ended=$?
    if [ "$ended" -gt 128 ]; then
        echo "a process is still running" >&2
        result=1
    fi
    if [ -n "${BATS_TEST_COMPLETED-}" ] && [ -e "$T/failed" ]; then
        echo "the test went on after a failure" >&2
        result=1
    fi
    return "$result"
}

# scaled SECONDS: prints the upper bound for something that takes at most SECONDS: SECONDS if PATIENCE is 10 or less, and in
# proportion more if it is higher.
scaled()
{
    echo "$(($1 * (PATIENCE > 10 ? PATIENCE : 10) / 10))"
}

# for_a_while SECONDS: waits until a time limit of the program has passed, or between two polls. Use a gate for all else.
for_a_while()
{
    read -r -t "$1" -u "$LEASH_END" _ || :
}

# --- the server ---

# serve [OPTION]...: starts sigmasight-mock with the scenario on standard input.
serve()
{
    cat >"$T/scenario"
    serve_default --scenario "$T/scenario" "$@"
}

# serve_default [OPTION]...: starts it with its default answers. It is listening when this returns.
serve_default()
{
    mkfifo "$T/announcement"
    "$MOCK" --port 0 --port-file "$T/port" --with-parent --token "$TOKEN" --pace 0 --dump "$DUMP" "$@" \
        </dev/null >"$T/announcement" 2>"$T/server.err" 3>&- &
    MOCK_PID=$!
    if ! read -r -t "$PATIENCE" SIGMASIGHT_URL <"$T/announcement"; then
        cat "$T/server.err" >&2
        return 1
    fi
    PORT=$(cat "$T/port")
    SIGMASIGHT_TOKEN=$TOKEN
    export SIGMASIGHT_URL SIGMASIGHT_TOKEN
}

stop_server()
{
    if [ -n "$MOCK_PID" ]; then
        kill -CONT "$MOCK_PID" || :
        kill -TERM "$MOCK_PID" || :
        wait "$MOCK_PID" || :
        MOCK_PID=''
    fi
}

# steer METHOD PATH: sends a request for /mock/PATH to the server at the address $ADDRESS, which must succeed.
steer()
{
    local connection line=''
    exec {connection}<>"/dev/tcp/$ADDRESS/$PORT"
    printf '%s /mock/%s HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n' "$1" "$2" >&"$connection"
    read -r -t "$((PATIENCE * 2))" line <&"$connection" || :
    exec {connection}>&-
    [[ $line == *' 204 '* ]] || fail "the server refused '$1 $2': $line"
}

# open_gate NAME: lets the response continue.
open_gate()
{
    steer POST "gates/$1"
}

# await_gate NAME: waits until the response has come to the gate.
await_gate()
{
    steer GET "gates/$1"
}

# Prints a line for each request that the server received.
requests()
{
    sed 's|/api/v1||' "$DUMP/log"
}

# expect_requests [LINE]...: the server received exactly these requests.
expect_requests()
{
    if [ "$#" -eq 0 ]; then
        [ ! -s "$DUMP/log" ] || fail "there were requests: $(requests)"
        return
    fi
    printf '%s\n' "$@" >"$T/wanted"
    requests | diff "$T/wanted" - >&2 || fail "the requests differ"
}

# count_requests LINE: prints how often the server received that request.
count_requests()
{
    requests | grep -c -x -e "$1" || :
}

# request N: prints the path of the file with the Nth request.
request()
{
    printf '%s/%04d.request' "$DUMP" "$1"
}

# header NAME N: prints that header of the Nth request.
header()
{
    [ -f "$(request "$2")" ] || fail "there is no request $2" || return
    sed -n '2,/^\r$/p' "$(request "$2")" | tr -d '\r' | sed -n "s/^$1: //Ip"
}

# body N: prints the body of the Nth request.
body()
{
    sed '1,/^\r$/d' "$(request "$1")"
}

# expect_body N FILTER: the jq filter is true for the body of the Nth request.
expect_body()
{
    local result
    result=$(body "$1" | jq "[$2] | $TRUTH") || :
    [ "$result" = true ] || fail "body $1 does not match $2: $(body "$1")"
}

# limit_files BLOCKS: limits the size of the files that this shell and its programs write. The counts of a build for
# coverage are discarded, because libgcov would truncate its files. It would report that on standard error.
limit_files()
{
    export GCOV_PREFIX=$T/counts GCOV_ERROR_FILE=/dev/null
    ulimit -f "$1"
}

# Skips the test where LD_PRELOAD has no effect: for a program that is static, emulated, or run by a script.
need_preload()
{
    ldd "${PROGRAM:-$CHAT}" 2>/dev/null | grep -q '=>' || skip "the program is static, emulated, or run by a script"
}

# make_preload NAME: compiles the C source on standard input to $T/NAME.so, a library for LD_PRELOAD.
make_preload()
{
    need_preload
    # shellcheck disable=SC2086 # it may contain options
    ${CC:-cc} -shared -fPIC -o "$T/$1.so" -x c - -ldl
}

# need_terminal: skips the test if there are no pseudo-terminals. In a bare chroot /dev/pts is not mounted.
need_terminal()
{
    (: <>/dev/ptmx) 2>/dev/null || skip "this system has no pseudo-terminals"
}

# on_screen [STEP ARGUMENT]... -- COMMAND...: see screen.py. Writes how it ended to $OUT, and $T/last, $T/bytes, $T/draws.
# $locale and $term replace the values of LC_ALL and TERM.
on_screen()
{
    need_terminal
    LC_ALL=${locale-C.UTF-8} TERM=${term-xterm} python3 "$BATS_TEST_DIRNAME/screen.py" "$T" "$@" >"$OUT" 2>"$ERR" </dev/null 3>&- ||
        fail "not as expected on the screen"
}

# --- the program ---

# run_chat ARGUMENT...: runs sigmasight-chat. Sets $status; the output is in the files $OUT and $ERR.
run_chat()
{
    status=0
    "$CHAT" "$@" >"$OUT" 2>"$ERR" || status=$?
    keep_lines "$OUT"
}

# keep_lines FILE...: copies the files with JSON lines to $LINES_KEPT, for tests/check/lines.
keep_lines()
{
    local file start
    [ -d "${LINES_KEPT-}" ] || return 0
    for file; do
        if [ -f "$file" ] && [ -r "$file" ]; then
            start=''
            read -r -N 9 start <"$file" || :
            [ "$start" != '{"event":' ] || cat "$file" >>"$LINES_KEPT/$BATS_SUITE_TEST_NUMBER"
        fi
    done 2>/dev/null
}

# pipe_from NAME [kept]: makes a named pipe $T/name, to which the next launched command can write. Sets $NAME to a
# descriptor that reads from it. If the command itself opens the pipe, `kept` prevents an end of file before that; the pipe
# then has no end of file at all.
pipe_from()
{
    local pipe=$T/${1,,}
    mkfifo "$pipe"
    # shellcheck disable=SC2094 # a pipe
    exec {KEPT}<>"$pipe" {FROM}<"$pipe"
    OURS+=("$KEPT" "$FROM")
    [ "${2-}" = kept ] || HELD+=("$KEPT")
    printf -v "$1" %s "$FROM"
}

# pipe_to NAME: makes a named pipe from which the next launched command can read. $NAME writes to it.
pipe_to()
{
    local pipe=$T/${1,,}
    mkfifo "$pipe"
    # shellcheck disable=SC2094 # a pipe
    exec {KEPT}<>"$pipe" {TO}>"$pipe"
    OURS+=("$KEPT" "$TO")
    HELD+=("$KEPT")
    printf -v "$1" %s "$TO"
}

# await_full NAME: waits until the pipe of pipe_from is full, and its writer waits for the reader. It may be full with less than
# 64 KiB in it: a page need not be filled.
await_full()
{
    timeout "$PATIENCE" python3 -I -c '
import os, select, sys, time
poll = select.poll()
poll.register(os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK), select.POLLOUT)
while poll.poll(0):
    time.sleep(0.01)
# The last write has returned, and the writer begins to wait.
time.sleep(0.1)
' "$T/${1,,}" 3>&- || fail "the pipe is not full"
}

# await COMMAND...: repeats COMMAND until it succeeds, at most $PATIENCE seconds. For what can only be polled.
await()
{
    local end=$((SECONDS + PATIENCE))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || fail "timed out: $*"
        for_a_while 0.02
    done
}

# launch COMMAND...: starts it in the background with the standard streams of this call. Sets PID; await_end waits for it.
launch()
{
    local out err descriptor
    exec {out}>&1 {err}>&2
    exec {ENDED}< <(
        exec 9>&1 >&"$out" 2>&"$err" {out}>&- {err}>&- 3>&-
        for descriptor in "${OURS[@]}"; do
            exec {descriptor}>&-
        done
        exec python3 -I -S "$SRCDIR/tests/behaviour/launch.py" 9 "$@"
    )
    exec {out}>&- {err}>&-
    for descriptor in "${HELD[@]}"; do
        exec {descriptor}>&-
    done
    HELD=()
    read -r -t "$PATIENCE" -u "$ENDED" PID || fail "failed to start: $*"
    RUNNING=$PID
}

# expect_read DESCRIPTOR TEXT: these are the next bytes.
expect_read()
{
    local got=''
    read -r -t "$PATIENCE" -N "${#2}" -d '' -u "$1" got || :
    [ "$got" = "$2" ] || fail "read '$got' instead of '$2'"
}

# expect_end DESCRIPTOR: it is at end of file.
expect_end()
{
    local got='' result=0
    read -r -t "$PATIENCE" -N 1000 -d '' -u "$1" got || result=$?
    [ "$result:$got" = 1: ] || fail "expected end of file, got '$got'"
}

# await_end [SECONDS]: waits for the command of launch. Sets $status as a shell does, and ENDING to "exit" or "signal".
# SECONDS is for `scaled`: more than 10 for a command that takes long, less if the interface promises that it ends sooner.
await_end()
{
    local number='' limit=$PATIENCE
    [ "$#" -eq 0 ] || limit=$(scaled "$1")
    read -r -t "$limit" -u "$ENDED" ENDING number || fail "the program still runs"
    RUNNING=''
    exec {ENDED}<&-
    status=$number
    [ "$ENDING" != signal ] || status=$((128 + number))
}

# expect_signal NAME, after await_end: the command was terminated by that signal. An exit with the same status fails.
expect_signal()
{
    [ "$ENDING $status" = "signal $((128 + $(kill -l "$1")))" ] || fail "$ENDING with status $status instead of SIG$1"
}

# --- expectations ---

# A jq filter for the array of the results of another filter: there are some, and the last one is true. The exit status of
# `jq -e` is not the same in all versions if there are none.
TRUTH='length > 0 and .[-1] != null and .[-1] != false'

# fail MESSAGE...: fails the test and shows the output of the program. In a condition, a pipeline or a substitution the shell
# ignores the result; teardown fails the test then.
fail()
{
    : >"$T/failed"
    {
        printf '%s\n' "$*"
        local file
        for file in "$OUT" "$ERR"; do
            if [ -f "$file" ]; then
                echo "--- ${file##*/} ---"
                head -c 3000 "$file" | cat -v
            fi
        done
    } >&2
    return 1
}

expect_status()
{
    [ "$status" -eq "$1" ] || fail "exit status $status instead of $1"
}

# expect_bytes TEXT [FILE]: FILE (default: $OUT) has exactly these bytes. TEXT may contain escapes as for printf %b.
expect_bytes()
{
    printf '%b' "$1" >"$T/expected"
    cmp "$T/expected" "${2-$OUT}" >&2 || fail "the bytes differ"
}

# expect_line PATTERN [FILE]: exactly one line of FILE (default: $ERR) matches as a whole.
expect_line()
{
    [ "$(grep -c -x -E -e "$1" "${2-$ERR}")" -eq 1 ] || fail "expected one line: $1"
}

# expect_no TEXT FILE...: all files exist, and none of them contains TEXT, in upper or lower case.
expect_no()
{
    local text=$1 result=0
    shift
    grep -q -i -F -e "$text" "$@" || result=$?
    # 2: a file cannot be read.
    [ "$result" -eq 1 ] || fail "unexpected: $text (grep: $result)"
}

# expect_error [PATTERN]: standard error is one line with an error message that matches.
expect_error()
{
    expect_line "sigmasight-chat: ${1-.*}"
    [ "$(wc -l <"$ERR")" -eq 1 ] || fail "expected one line on standard error"
}

# strerror NAME: prints the system's description of that error, such as ENOENT.
strerror()
{
    python3 -I -S -c 'import errno, os, sys; print(os.strerror(getattr(errno, sys.argv[1])))' "$1"
}

expect_utf8()
{
    iconv -f UTF-8 -t UTF-8 "${1-$OUT}" >"$T/utf8" || fail "not UTF-8"
}

# expect_lines [FILE]: FILE has JSON lines, of which the last one and no other is client.close.
expect_lines()
{
    local file=${1-$OUT} result
    expect_utf8 "$file" || return
    [ -z "$(tail -c 1 "$file")" ] || fail "the last line is incomplete" || return
    result=$(jq -n -R '[inputs | fromjson | (.event | type == "string") and has("data")] | length > 0 and all' "$file") || :
    [ "$result" = true ] || fail "not JSON lines" || return
    result=$(jq -s 'map(.event == "client.close") | .[-1] and (map(select(.)) | length == 1)' "$file") || :
    [ "$result" = true ] || fail "client.close must be the last line, once"
}

# names [FILE]: prints the names of the events on one line.
names()
{
    jq -r .event "${1-$OUT}" | paste -s -d ' ' -
}

# expect_jq FILTER [FILE]: the jq filter is true for the array of all lines.
expect_jq()
{
    local result
    result=$(jq -s "[$1] | $TRUTH" "${2-$OUT}") || :
    [ "$result" = true ] || fail "not true: $1"
}

# expect_close FILTER [FILE]: the jq filter is true for the data of client.close, which is the last line.
expect_close()
{
    local result
    result=$(tail -n 1 "${2-$OUT}" | jq -s "map(select(.event == \"client.close\").data) | length == 1 and ([.[0] | $1] | $TRUTH)") || :
    [ "$result" = true ] || fail "not true for client.close: $1"
}

# --- shortcuts ---

# serve_hello [OPTION]...: serves one word as the answer to every message.
serve_hello()
{
    serve "$@" <<'END_OF_SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"gpt-4o"}
event message {"delta":"Hello","role":"assistant"}
event done {"tool_calls_count":0,"total_tokens":7,"latency_ms":12}
END_OF_SCENARIO
}

# repeat N TEXT: prints TEXT N times.
repeat()
{
    printf "%.0s$2" $(seq "$1")
}
