#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The log: which questions are logged, the contents of an entry, and its files.
load helper
load accounts

LOG=$BATS_TEST_TMPDIR/state/sigmasight-chat/log.jsonl
FORMER=${LOG%.jsonl}.1.jsonl

# logged [MESSAGE]...: asks with --log; the answer is complete.
logged()
{
    run_chat send --log -q "$@"
    expect_status 0
}

# entries: how many lines both files have.
entries()
{
    cat "$LOG" "$FORMER" 2>/dev/null | wc -l
}

expect_entries()
{
    [ "$(entries)" -eq "$1" ] || fail "$(entries) entries instead of $1"
}

# entry ID QUESTION [FILTER]: appends an entry as another process would have, changed by the filter.
entry()
{
    mkdir -p "${LOG%/*}"
    jq -cn --arg id "$1" --arg question "$2" '{schema: 1, id: $id, time: "2026-01-02T03:04:05.678Z",
        url: "http://127.0.0.1/api/v1", profile: null, conversation_id: "11111111-2222-3333-4444-555555555555",
        message_id: null, mode: "green", model: "gpt-4o", portfolio: [], question: $question, text: "An answer.",
        tools: [], status: "done", exit_code: 0, total_tokens: 7, latency_ms: 12, truncated: false} | '"${3-.}" >>"$LOG"
}

fits_schema()
{
    run_chat schema log
    python3 - "$OUT" "$@" <<'END_OF_PYTHON'
import json, sys
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
schema["additionalProperties"] = False
schema["properties"]["tools"]["items"]["additionalProperties"] = False
for path in sys.argv[2:]:
    for line in open(path):
        Draft202012Validator(schema).validate(json.loads(line))
END_OF_PYTHON
}

@test "log: send is logged if standard error is a terminal, or on request" {
    serve_hello
    unset SIGMASIGHT_LOG
    run_chat send hi
    [ ! -e "$LOG" ] || fail "standard error is not a terminal"
    at_terminal -- "$CHAT" send --no-log hi
    [ ! -e "$LOG" ] || fail "--no-log"
    at_terminal -- "$CHAT" send hi
    expect_entries 1
    grep -q "questions and answers are logged in $LOG" "$T/screen" || fail "the first entry is not announced"
    at_terminal -- "$CHAT" send hi
    expect_entries 2
    expect_no 'are logged in' "$T/screen"
    run_chat send --log hi
    expect_entries 3
    SIGMASIGHT_LOG=1 run_chat send hi
    expect_entries 4
    SIGMASIGHT_LOG=1 run_chat send --no-log hi
    SIGMASIGHT_LOG=0 at_terminal -- "$CHAT" send hi
    expect_entries 4
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    echo '{"log": true}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    run_chat send hi
    expect_entries 5
    SIGMASIGHT_LOG=perhaps run_chat send hi
    expect_status 78
}

@test "log: questions that are never logged" {
    serve_hello
    run_chat send --log --ephemeral hi
    expect_status 0
    run_chat send --log ''
    expect_status 65
    run_chat send --log --mode pink hi
    expect_status 64
    SIGMASIGHT_TOKEN='' run_chat send --log hi
    expect_status 77
    SIGMASIGHT_URL=http://127.0.0.1:1/api/v1 run_chat send --log --retry 0 hi
    expect_status 69
    echo 'event: done' | SIGMASIGHT_LOG=1 "$CHAT" decode - >"$OUT" 2>"$ERR" || :
    HOME='' XDG_STATE_HOME='' run_chat send --log -c "$ID" hi
    expect_status 0
    expect_no log.jsonl "$ERR"
    [ ! -e "$LOG" ] || fail "a question was logged"
}

@test "log: an entry is complete and private" {
    serve <<'END_OF_SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"blue","model":"gpt-4o"}
event tool_started {"tool_name":"get_prices","arguments":{"symbols":["AAPL"]}}
event tool_finished {"tool_name":"get_prices","duration_ms":31,"result":{"rows":2}}
event tool_started {"tool_name":"get_news","arguments":{}}
event tool_finished {"tool_name":"get_news","duration_ms":5,"result":{"error":"no news"}}
event message {"delta":"Grüße"}
event message_created {"user_message_id":"u-1","assistant_message_id":"a-1","conversation_id":"c","run_id":"r"}
event done {"total_tokens":7,"latency_ms":12}
END_OF_SCENARIO
    umask 777
    run_chat send --log --portfolio "$P1" --portfolio "$P2" $'two\nlines'
    umask 022
    expect_status 0
    [ "$(stat -c %a "$LOG")" = 600 ]
    fits_schema "$LOG"
    jq -e --arg url "$SIGMASIGHT_URL" --arg p1 "$P1" --arg p2 "$P2" '.schema == 1 and .url == $url and .profile == null and .mode == "blue"
        and .model == "gpt-4o" and .portfolio == [$p1, $p2] and .question == "two\nlines" and .text == "Grüße"
        and .message_id == "a-1" and .status == "done" and .exit_code == 0 and .total_tokens == 7 and .latency_ms == 12
        and .truncated == false and (.conversation_id | length) == 36
        and .tools == [{name: "get_prices", arguments: {symbols: ["AAPL"]}, duration_ms: 31, error: null},
                       {name: "get_news", arguments: {}, duration_ms: 5, error: "no news"}]' "$LOG"
}

@test "log: the exit status of an entry is that of the command" {
    serve <<'END_OF_SCENARIO'
on POST /chat/send once
event message {"delta":"Hello"}
event done {}
on POST /chat/send
event message {"delta":"Hello"}
gate held
END_OF_SCENARIO
    status=0
    "$CHAT" send --log -q hi >/dev/full 2>"$ERR" || status=$?
    expect_status 74
    "$CHAT" send --log -q hi 2>"$ERR" | head -c 5 >"$OUT"
    status=${PIPESTATUS[0]}
    expect_status 141
    jq -s -e 'map([.exit_code, .status]) == [[74, "failed"], [141, "cancelled"]]' "$LOG"
}

@test "log: an entry of an answer that was cancelled or failed" {
    serve <<'END_OF_SCENARIO'
on POST /chat/send once
event message {"delta":"Some"}
event error {"message":"no","retryable":false}
on POST /chat/send
event message {"delta":"Half"}
gate held
END_OF_SCENARIO
    run_chat send --log hi
    expect_status 1
    pipe_from ANSWER
    launch "$CHAT" send --log hi >"$T/answer" 2>"$ERR"
    expect_read "$ANSWER" Half
    kill -INT "$PID"
    await_end
    expect_signal INT
    jq -s -e 'map([.status, .exit_code, .text]) == [["error", 1, "Some"], ["cancelled", 130, "Half"]]' "$LOG"
}

@test "log: question, text and tools are bounded, and cut between characters" {
    local long
    long=$(repeat 20000 'ä')
    {
        echo 'on POST /chat/send'
        for _ in $(seq 40); do
            echo "event message {\"delta\":\"x$long\"}"
        done
        for i in $(seq 4); do
            echo "event tool_started {\"tool_name\":\"t$i\",\"tool_call_id\":\"$i\",\"arguments\":{\"a\":\"$long\"}}"
            echo "event tool_finished {\"tool_name\":\"t$i\",\"tool_call_id\":\"$i\",\"duration_ms\":1}"
        done
        echo 'event done {}'
    } >"$T/long"
    serve <"$T/long"
    logged hi
    fits_schema "$LOG"
    jq -e '.truncated and (.text | utf8bytelength | . <= 1048576 and . > 1048570) and (.text | endswith("�") | not)
        and (.tools | length == 1 and .[0].name == "t1")' "$LOG"
}

@test "log: a file beyond log-size becomes log.1.jsonl" {
    serve_hello
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    echo '{"log-size": 500}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    for i in 1 2 3; do
        logged "question $i"
    done
    [ "$(wc -l <"$FORMER")" -eq 2 ]
    [ "$(wc -l <"$LOG")" -eq 1 ]
    run_chat log
    [ "$(cut -f 5 "$OUT" | paste -s -d , -)" = 'question 3,question 2,question 1' ]
    run_chat log export
    [ "$(grep '^## ' "$OUT" | paste -s -d , -)" = '## question 1,## question 2,## question 3' ]
    echo '{"log-size": 0}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    for i in 4 5 6; do
        logged "question $i"
    done
    [ "$(wc -l <"$LOG")" -eq 4 ]
    echo '{"log-size": -1}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    run_chat log
    expect_status 78
}

@test "log: one file with both names is read once" {
    entry aaaa0001 one
    ln "$LOG" "$FORMER"
    launch "$CHAT" log list >"$OUT" 2>"$ERR"
    await_end
    expect_status 0
    [ "$(cut -f 1 "$OUT")" = aaaa0001 ]
}

@test "log: fifty processes that rotate concurrently lose no entry" {
    serve_hello
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    local pids=()
    # Of the fifty entries, each of about 400 bytes, one makes the file too large.
    echo '{"log-size": "12K"}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    for i in $(seq 50); do
        "$CHAT" send --log -q "question $i" >"$T/out.$i" 2>&1 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || fail "one of them failed"
    done
    expect_entries 50
    [ -s "$FORMER" ] || fail "no file was renamed"
    fits_schema "$LOG" "$FORMER"
    [ "$(cat "$LOG" "$FORMER" | jq -r .question | sort -u | wc -l)" -eq 50 ]
    cat "$T"/out.* | expect_no warning -
}

@test "log: a full disk loses only the entry" {
    serve_hello
    logged first
    for i in 1 2 3 4 5 6 7 8; do
        entry "0000000$i" "$(repeat 40 0123456789)"
    done
    cp "$LOG" "$T/before"
    status=0
    (
        limit_files $(($(wc -c <"$LOG") / 1024 + 1))
        "$CHAT" send --log "$(repeat 350 0123456789)" >"$OUT" 2>"$ERR"
    ) || status=$?
    expect_status 0
    expect_bytes 'Hello\n'
    expect_line "sigmasight-chat: warning: cannot write $LOG: .*"
    cmp "$T/before" "$LOG"
    logged after
    expect_entries 10
    fits_schema "$LOG"
}

@test "log: a first entry that cannot be written is not announced" {
    serve_hello
    (
        limit_files 0
        "$CHAT" send --log -c "$ID" hi 2>&1 >/dev/null | cat
    ) | tee "$T/notes" # a pipe has no limit
    grep -q -E '^sigmasight-chat: warning: cannot write .*log\.jsonl: ' "$T/notes"
    expect_no 'are logged' "$T/notes"
}

@test "log: a directory that cannot be created loses only the entry" {
    serve_hello
    : >"$T/file"
    XDG_STATE_HOME=$T/file run_chat send --log -c "$ID" hi
    expect_status 0
    expect_bytes 'Hello\n'
    grep -q -E '^sigmasight-chat: warning: cannot write .*log.jsonl: ' "$ERR"
    mkdir -p "$LOG"
    run_chat send --log hi
    expect_status 0
    grep -q -E '^sigmasight-chat: warning: cannot write .*log.jsonl: ' "$ERR"
}

@test "log: a symbolic link is refused, and the message says so" {
    serve_hello
    entry aaaaaaaa first
    local file=$LOG why words
    mv "$file" "$T/elsewhere"
    ln -s "$T/elsewhere" "$file"
    why="$file: it is a symbolic link"
    for words in log 'log show' 'log export' 'log delete aaaaaaaa'; do
        # shellcheck disable=SC2086 # words
        run_chat $words
        expect_status 66
        expect_error "cannot read $why; run 'rm $file'"
    done
    run_chat send --log -c "$ID" hi
    expect_status 0
    expect_line "sigmasight-chat: warning: cannot write $why"
    SIGMASIGHT_LOG=1 run_chat doctor
    expect_line "warning +files +cannot write $why; run 'rm $file'" "$OUT"
    [ "$(wc -l <"$T/elsewhere")" -eq 1 ] || fail "the command reached beyond the link"
    rm "$file"
    run_chat log
    expect_status 0
}

@test "log: incomplete, invalid and newer entries are skipped and kept" {
    serve_hello
    entry aaaaaaaa first
    {
        echo '{"schema":2,"id":"bbbbbbbb","time":"2030-01-01T00:00:00.000Z","question":"later"}'
        echo 'no JSON'
        echo '[1]'
        echo '{"schema":1,"id":"not hex","time":"t","question":"q"}'
        echo
        printf '{"schema":1,"id":"cccccccc","time":"2026-01-01T0'
    } >>"$LOG"
    cp "$LOG" "$T/before"
    logged second
    [ "$(wc -l <"$LOG")" -eq 8 ]
    cmp -n "$(wc -c <"$T/before")" "$T/before" "$LOG"
    run_chat log
    [ "$(cut -f 5 "$OUT" | paste -s -d , -)" = second,first ]
    run_chat log delete aaaaaaaa
    expect_status 0
    tail -n +2 "$T/before" >"$T/kept"
    cmp -n "$(wc -c <"$T/kept")" "$T/kept" "$LOG"
    run_chat log show bbbbbbbb
    expect_status 65
}

# A process that has the lock until it is killed.
hold_lock()
{
    mkdir -p "${LOG%/*}"
    mkfifo "$T/held"
    python3 -c 'import fcntl, sys, time
f = open(sys.argv[1], "a")
fcntl.lockf(f, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)' "${LOG%/*}/log.lock" >"$T/held" 3>&- &
    HOLDER=$!
    read -r -t "$PATIENCE" _ <"$T/held"
}

@test "log: an append waits for the lock for a second, then writes without it and renames nothing" {
    serve_hello
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    echo '{"log-size": 1}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    logged first
    hold_lock
    logged second
    run_chat log delete "$(head -n 1 "$LOG" | jq -r .id)"
    kill "$HOLDER"
    wait "$HOLDER" || :
    expect_status 73
    expect_error 'cannot change .*/log\.jsonl: locked by another process'
    [ ! -e "$FORMER" ]
    expect_entries 2
    logged third
    [ "$(wc -l <"$FORMER")" -eq 2 ]
}

@test "log: temporary files of a killed removal are removed by the next" {
    entry aaaaaaaa one
    entry bbbbbbbb two
    local leftover=${LOG%/*}/.log.jsonl.tmp-ab3def
    : >"$leftover"
    : >"$LOG.other"
    : >"$LOG.backup"
    run_chat log delete aaaa
    expect_status 0
    [ ! -e "$leftover" ]
    [ -e "$LOG.other" ]
    [ -e "$LOG.backup" ]
    [ "$(jq -r .id "$LOG")" = bbbbbbbb ]
    [ "$(stat -c %a "$LOG")" = 600 ]
    # The leftovers of clear are also those of the input history.
    local history=${LOG%/*}/.history.tmp-ab3def
    : >"$leftover"
    : >"$history"
    run_chat log clear --yes
    expect_status 0
    [ ! -e "$leftover" ]
    [ ! -e "$history" ]
    [ -e "$LOG.backup" ]
}

@test "log: lists tab-separated fields, the newest first" {
    run_chat log
    expect_status 0
    expect_bytes ''
    entry aaaaaaaa $'tab\there, \x01 and\nline'
    entry bbbbbbbb "$(repeat 300 'ü')" '.conversation_id = null | .status = "failed" | .exit_code = 75'
    run_chat log
    expect_status 0
    expect_bytes "bbbbbbbb\t2026-01-02T03:04:05.678Z\tfailed\t-\t$(repeat 200 'ü')
aaaaaaaa\t2026-01-02T03:04:05.678Z\tdone\t11111111-2222-3333-4444-555555555555\ttab here,   and line\n"
    run_chat log -j
    [ "$(jq -r .id "$OUT" | paste -s -d ' ' -)" = 'bbbbbbbb aaaaaaaa' ]
    tac "$LOG" | cmp - "$OUT"
}

@test "log: lists by words, conversation and number" {
    entry aaaaaaaa 'Concentration of AAPL'
    entry bbbbbbbb 'hedge' '.text = "Sell AAPL \"now\".\nÄpfel"'
    entry cccccccc 'aapl' '.text = "concentrated" | .conversation_id = "9999aaaa-2222-3333-4444-555555555555"'
    local wanted
    found()
    {
        run_chat log list "$@"
        expect_status 0
        [ "$(cut -c 1 "$OUT" | paste -s -d '' -)" = "$wanted" ] || fail "$*"
    }
    wanted=cba found
    wanted=cba found AaPl
    wanted=ca found aapl CONCENTR
    wanted=b found '"NOW"'
    wanted=b found $'.\nÄ'
    wanted='' found äpfel
    wanted='' found aapl nothing
    wanted='' found 'question'
    wanted=cb found --limit 2
    wanted=ba found -c 11111111-2222-3333-4444-555555555555
    wanted=c found -c 9999
    wanted='' found -c 8888
    sed -i 's/Äpfel/\\u00c4pfel/' "$LOG"
    wanted=b found Äpfel
    for i in $(seq 40); do
        entry "0000$((1000 + i))" more
    done
    run_chat log
    [ "$(wc -l <"$OUT")" -eq 30 ]
    run_chat log --limit 0
    [ "$(wc -l <"$OUT")" -eq 43 ]
    run_chat log concentration
    expect_status 64
    run_chat log list --yes
    expect_status 64
}

@test "log: shows the last entry, or those of IDs" {
    run_chat log show
    expect_status 65
    entry aaaa0001 'One?' '.text = "First\nline"'
    entry aaaa0002 $'Two?\nReally?' '.text = "Second"'
    entry bbbb0003 'Three?' '.text = "Third"'
    run_chat log show
    expect_status 0
    expect_bytes '> Three?\n\nThird\n'
    run_chat log show aaaa0002 aaaa0001
    expect_bytes '> Two?\n> Really?\n\nSecond\n\n> One?\n\nFirst\nline\n'
    run_chat log show bbbb -j
    tail -n 1 "$LOG" | cmp - "$OUT"
    run_chat log show aaaa
    expect_status 65
    expect_error "ambiguous log ID 'aaaa': aaaa0002, aaaa0001"
    run_chat log show bbb
    expect_status 65
    run_chat log show dddd
    expect_status 65
    expect_error "unknown log ID 'dddd'; .*"
    # Of two equal IDs the newer is selected.
    entry aaaa0001 'Again?' '.text = "Newer"'
    run_chat log show aaaa0001
    expect_bytes '> Again?\n\nNewer\n'
    run_chat log delete aaaa0001
    run_chat log show aaaa0001
    expect_bytes '> One?\n\nFirst\nline\n'
}

@test "log: exports Markdown" {
    entry aaaa0001 $'One\nquestion?' '.text = "First\n\n- a\n" | .tools = [{name: "get_x"}, {name: "get_y"}]'
    entry aaaa0002 'Two?' '.text = "Second" | .conversation_id = "9999aaaa-2222-3333-4444-555555555555"'
    run_chat log export
    expect_status 0
    expect_bytes '## One question?\n\n2026-01-02T03:04:05.678Z, green, gpt-4o, get_x, get_y\n\nFirst\n\n- a\n
## Two?\n\n2026-01-02T03:04:05.678Z, green, gpt-4o\n\nSecond\n'
    run_chat log export --limit 1
    [ "$(grep '^## ' "$OUT")" = '## Two?' ]
    run_chat log export -c 1111
    [ "$(grep '^## ' "$OUT")" = '## One question?' ]
    run_chat log export aaaa0002 aaaa0001
    [ "$(grep '^## ' "$OUT" | paste -s -d , -)" = '## Two?,## One question?' ]
    run_chat log export -j
    expect_status 64
    run_chat log export aaaa0001 -c 1111
    expect_status 64
    run_chat log export aaaa0001 --limit 1
    expect_status 64
}

@test "log: shows and exports failures, and questions of several paragraphs" {
    entry aaaa0001 $'One\r\n\r\nTwo' '.exit_code = 75 | .status = "failed" | .mode = null | .tools = [{name: "get_x"}, {name: 7}, 7]'
    run_chat log show
    expect_status 0
    expect_bytes '> One\n>\n> Two\n\nAn answer.\n'
    run_chat log export
    expect_status 0
    expect_bytes '## One Two\n\n2026-01-02T03:04:05.678Z, gpt-4o, get_x, failed (exit status 75)\n\nAn answer.\n'
    # At a terminal the circumstances precede the question.
    TZ=UTC at_terminal -- "$CHAT" log show --no-pager
    tr -d '\r' <"$T/screen" | head -n 1 >"$T/first"
    expect_line 'aaaa0001  2026-01-02 03:04  gpt-4o  get_x  failed \(exit status 75\)' "$T/first"
    TZ=UTC TERM=xterm at_terminal -- "$CHAT" log show --no-pager --color always
    grep -q "^$(printf '\033')\[2maaaa0001 .*$(printf '\033')\[0m" "$T/screen"
    entry aaaa0002 $'evil\033[2J' '.text = "more \u001b]0;evil\u0007"'
    at_terminal -- "$CHAT" log export aaaa0002
    expect_no "$(printf '\033')" "$T/screen"
    grep -q -F 'more ^[]0;evil' "$T/screen"
}

@test "log: exports the newest of many entries, the oldest of them first" {
    local i
    for i in $(seq 100 199); do
        entry "aaaa0$i" "question $i"
    done
    run_chat log export --limit 90
    expect_status 0
    seq -f '## question %g' 110 199 >"$T/wanted"
    grep '^## ' "$OUT" | cmp "$T/wanted" - >&2
}

@test "log: a row at a terminal is not longer than a line that has no room for the mark of the cut" {
    local width
    export SIGMASIGHT_PAGER=cat TZ=UTC
    entry aaaaaaaa abcdefgh
    for width in 35 36 37 38 39 43; do
        at_terminal width "$width" -- "$CHAT" log list
        tr -d '\r' <"$T/screen" >>"$T/rows"
    done
    printf 'aaaaaaaa  2026-01-02 03:04%s\n' '' '         a' '         ab' '         ...' '         a...' \
        '         abcdefgh' >"$T/wanted"
    diff "$T/wanted" "$T/rows" >&2 || fail 'the rows differ'
}

@test "log: at a terminal an empty list says so" {
    export SIGMASIGHT_PAGER=cat
    expect_empty_list 'the log is empty' log list
    expect_empty_list 'no entry matches' log list nothing
    run_chat log list
    expect_status 0
    expect_bytes ''
    expect_bytes '' "$ERR"
}

@test "log: an ID that show does not find is reported without a pager" {
    # shellcheck disable=SC2016 # the pager's shell expands
    export SIGMASIGHT_PAGER='cat >"$PAGED"' PAGED=$T/paged
    at_terminal -- "$CHAT" log show
    grep -q 'exit 65' "$OUT"
    grep -q 'the log is empty' "$T/screen"
    entry aaaa0001 one
    at_terminal -- "$CHAT" log show dddd
    grep -q 'exit 65' "$OUT"
    grep -q "unknown log ID 'dddd'" "$T/screen"
    [ ! -e "$PAGED" ] || fail "the pager was run"
    at_terminal -- "$CHAT" log show aaaa
    grep -q 'exit 0' "$OUT"
    grep -q '^> one' "$PAGED"
}

@test "log: deletes all or none, in both files" {
    entry aaaa0001 one
    entry aaaa0002 two
    mv "$LOG" "$FORMER"
    entry aaaa0003 three
    entry aaaa0004 four
    run_chat log delete aaaa0001 aaaa0003 nonsense
    expect_status 65
    expect_entries 4
    run_chat log delete
    expect_status 64
    run_chat log delete aaaa0001 aaaa0003
    expect_status 0
    [ "$(cat "$FORMER" "$LOG" | jq -r .id | paste -s -d ' ' -)" = 'aaaa0002 aaaa0004' ]
}

@test "log: of many entries and conversations that fit some are named" {
    serve_hello
    local i
    for i in $(seq 10 30); do
        entry "aaaa00$i" "question $i" ".url = env.SIGMASIGHT_URL | .conversation_id = \"77770000-0000-4000-8000-0000000000$i\""
    done
    run_chat log show aaaa
    expect_status 65
    expect_error "ambiguous log ID 'aaaa': aaaa0030, aaaa0029, .*, \\.\\.\\."
    run_chat send -c 7777 hi
    expect_status 65
    expect_error "ambiguous conversation ID '7777': 77770000-0000-4000-8000-000000000030, .*, \\.\\.\\."
    expect_requests
}

@test "log: deletes several entries of one file, in whatever order they are named" {
    local i
    for i in 1 2 3 4 5; do
        entry "aaaa000$i" "question $i"
    done
    run_chat log delete aaaa0004 aaaa0001 aaaa0003
    expect_status 0
    [ "$(jq -r .id "$LOG" | paste -s -d ' ' -)" = 'aaaa0002 aaaa0005' ]
}

@test "log: -c lists the entries of that conversation, not those that contain its ID" {
    entry aaaa0001 'in the conversation'
    entry aaaa0002 'about 11111111-2222-3333-4444-555555555555' '.conversation_id = "99999999-2222-3333-4444-555555555555"'
    run_chat log list -c 11111111-2222-3333-4444-555555555555
    expect_status 0
    [ "$(cut -f 1 "$OUT")" = aaaa0001 ]
}

@test "log: a log that is not a file, or without a home directory" {
    mkdir -p "$LOG"
    run_chat log
    expect_status 66
    expect_error '.*log\.jsonl: not a regular file'
    for command in 'delete aaaa0001' 'clear --yes'; do
        # shellcheck disable=SC2086 # words
        HOME='' XDG_STATE_HOME='' run_chat log $command
        expect_status 78
    done
}

@test "log: clears everything, after a question" {
    entry aaaa0001 one
    cp "$LOG" "$FORMER"
    : >"${LOG%/*}/history"
    run_chat log clear
    expect_status 64
    at_terminal wait '[y/N]' type '\n' -- "$CHAT" log clear
    at_terminal wait 'Remove the whole log and the input history? [y/N] ' type '\x04' -- "$CHAT" log clear
    expect_line 'exit 0' <(head -n 1 "$OUT")
    [ "$(tr -d '\r' <"$T/screen" | wc -l)" -eq 1 ]
    expect_entries 2
    at_terminal wait '[y/N]' type 'y\n' -- "$CHAT" log clear
    expect_entries 0
    [ ! -e "${LOG%/*}/history" ]
    entry aaaa0001 one
    run_chat log clear --yes
    expect_status 0
    [ ! -e "$LOG" ]
    run_chat log clear --yes
    expect_status 0
}

@test "log: prints the name of its file" {
    run_chat log path
    expect_status 0
    expect_bytes "$LOG\n"
    HOME='' XDG_STATE_HOME='' run_chat log path
    expect_status 78
    HOME='' XDG_STATE_HOME='' run_chat log
    expect_status 0
}

@test "log: at a terminal one line for each entry, truncated to the width and escaped" {
    entry aaaa0001 $'evil \033[2J\nlines\302\233 '"$(repeat 100 wide)"
    entry bbbb0002 'failed' '.exit_code = 75'
    TZ=UTC-1 LC_ALL=C.UTF-8 at_terminal -- "$CHAT" log --no-pager
    tr -d '\r' <"$T/screen" >"$T/lines"
    [ "$(wc -l <"$T/lines")" -eq 2 ]
    expect_line 'bbbb0002  2026-01-02 04:04  ✗ failed' "$T/lines"
    expect_line 'aaaa0001  2026-01-02 04:04    evil \^\[\[2J lines\\u\{9b\} (wide)*w?i?d?…' "$T/lines"
    [ "$(LC_ALL=C.UTF-8 sed -n 's/^.\{80\}$/full/p' "$T/lines" | wc -l)" -eq 1 ]
    TZ=UTC-1 at_terminal -- "$CHAT" log --no-pager
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_line 'bbbb0002  2026-01-02 04:04  failed failed' "$T/lines"
}

@test "log: the pager" {
    entry aaaa0001 one
    export TOKENS=$T/tokens
    # shellcheck disable=SC2016 # the pager's shell expands
    SIGMASIGHT_TOKEN=secret SIGMASIGHT_PASSWORD=secret \
        SIGMASIGHT_PAGER='cat >"$TOKENS.paged"; env >"$TOKENS"' at_terminal -- "$CHAT" log
    grep -q 'aaaa0001' "$TOKENS.paged"
    grep -q -x 'LESS=FRX' "$TOKENS"
    grep -q -x 'LESSCHARSET=utf-8' "$TOKENS"
    expect_no secret "$TOKENS"
    # shellcheck disable=SC2016
    LESS=R LESSCHARSET=latin1 PAGER='cat >/dev/null; env >"$TOKENS"' at_terminal -- "$CHAT" log show
    grep -q -x 'LESS=R' "$TOKENS"
    grep -q -x 'LESSCHARSET=latin1' "$TOKENS"
    # shellcheck disable=SC2016
    LESSCHARDEF=8bcccbcc PAGER='cat >/dev/null; env >"$TOKENS"' at_terminal -- "$CHAT" log show
    expect_no LESSCHARSET "$TOKENS"
    # It ends before the output does, or by Control-C.
    for i in $(seq 300); do
        entry "0000$((1000 + i))" "$(repeat 100 long)"
    done
    SIGMASIGHT_PAGER='head -n 1' at_terminal -- "$CHAT" log --limit 0
    grep -q 'exit 0' "$OUT"
    for pager in '' ' ' cat ' cat ' /nonexistent 'no-such-pager -x' '"no such" pager'; do
        SIGMASIGHT_PAGER=$pager PAGER='echo wrong' at_terminal -- "$CHAT" log --limit 1
        grep -q '00001300' "$T/screen" || fail "without a pager: $pager"
        expect_no wrong "$T/screen"
        grep -q 'exit 0' "$OUT"
    done
    : >"$T/no-program"
    for pager in "$T/no-program" "$T" 'no-such-pager -x'; do
        SIGMASIGHT_PAGER=$pager at_terminal -- "$CHAT" log --limit 1
        [ "$(grep -c . "$T/screen")" -eq 1 ] || fail "more than the entry: $pager"
    done
    run_chat log --limit 1
    [ "$(wc -l <"$OUT")" -eq 1 ]
}

@test "log: a pager that begins with a word of the shell" {
    entry aaaa0001 one
    local pager
    for pager in 'exec sed s/^/seen:/' 'command sed s/^/seen:/' 'unset LESS; sed s/^/seen:/' 'if true; then sed s/^/seen:/; fi' \
        'while read -r line; do echo "seen:$line"; done'; do
        PAGER=$pager at_terminal -- "$CHAT" log
        grep -q '^seen:aaaa0001 ' "$T/screen" || fail "not used: $pager"
    done
}

@test "log: the pager is less if no other is set" {
    mkdir "$T/bin"
    # shellcheck disable=SC2016 # the script expands
    printf '#!/bin/sh\necho "LESS=$LESS"\nexec cat\n' >"$T/bin/less"
    chmod +x "$T/bin/less"
    entry aaaa0001 one
    PATH=$T/bin:$PATH at_terminal -- "$CHAT" log
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_line 'LESS=FRX' "$T/lines"
    expect_line 'aaaa0001 .*' "$T/lines"
}

@test "log: less shows UTF-8 without a UTF-8 locale" {
    less --version 2>/dev/null | grep -q '^less [0-9]' || skip "less is not installed"
    entry aaaa0001 'Größe ✨'
    LC_ALL=C TERM=xterm at_terminal -- "$CHAT" log
    grep -q 'Größe ✨' "$T/screen"
}

@test "log: a prefix of a conversation's ID" {
    serve_hello
    entry aaaa0001 one ".url = \"$SIGMASIGHT_URL\" | .conversation_id = \"$ID\""
    entry aaaa0002 two ".url = \"$SIGMASIGHT_URL\" | .conversation_id = \"abcd1111-2222-3333-4444-555555555555\""
    entry aaaa0003 two ".url = \"$SIGMASIGHT_URL\" | .conversation_id = \"abcd9999-2222-3333-4444-555555555555\""
    entry aaaa0004 other '.conversation_id = "eeee9999-2222-3333-4444-555555555555"'
    run_chat send -c "${ID:0:4}" hi
    expect_status 0
    expect_body 1 ".conversation_id == \"$ID\""
    run_chat send -c abcd hi
    expect_status 65
    expect_error "ambiguous conversation ID 'abcd': .*"
    run_chat send -c eeee hi
    expect_body 2 '.conversation_id == "eeee"'
    run_chat conversations show "${ID:0:8}"
    run_chat conversations mode "${ID:0:8}" blue
    run_chat conversations delete "${ID:0:8}" || :
    [ "$(requests | tail -n 3 | cut -d / -f 4 | paste -s -d ' ' -)" = "$ID $ID ${ID:0:8}" ] || fail "$(requests)"
}

@test "log: -c prefers the conversations of this URL, and finds those of others" {
    export SIGMASIGHT_URL=http://127.0.0.1:9/api/v1
    entry aaaa0001 one ".url = \"$SIGMASIGHT_URL\" | .conversation_id = \"abcd1111-2222-3333-4444-555555555555\""
    entry aaaa0002 two '.conversation_id = "abcd9999-2222-3333-4444-555555555555"'
    entry aaaa0003 three '.conversation_id = "eeee9999-2222-3333-4444-555555555555"'
    run_chat log list -c abcd
    [ "$(cut -f 5 "$OUT")" = one ]
    run_chat log export -c eeee
    [ "$(grep '^## ' "$OUT")" = '## three' ]
    SIGMASIGHT_PROFILE='' SIGMASIGHT_URL=http://127.0.0.1:8/api/v1 run_chat log list -c abcd
    expect_status 65
    expect_error "ambiguous conversation ID 'abcd': abcd9999.*, abcd1111.*"
}

@test "log: a question begins when it was edited" {
    serve_hello
    # The times of the start and of the edit must differ.
    printf '#!/bin/sh\nsleep 0.3\ndate +%%s%%3N >"%s"\n' "$T/edited" >"$T/editor"
    chmod +x "$T/editor"
    EDITOR=$T/editor at_terminal -- "$CHAT" send --log --edit hi
    [ "$(jq -r '.time | (sub("\\.[0-9]+Z"; "Z") | fromdate * 1000) + (.[20:23] | tonumber)' "$LOG")" -ge "$(cat "$T/edited")" ]
}

@test "log: conversations have the first question as a title" {
    serve <<SCENARIO
on GET /chat/conversations
body [{"id":"$ID","mode":"green","created_at":"2026-01-02T03:04:05Z"},{"id":"other","mode":"indigo","created_at":"2026-01-01T00:00:00Z"}]
SCENARIO
    entry aaaa0001 $'The first\nquestion' ".url = \"$SIGMASIGHT_URL\" | .conversation_id = \"$ID\""
    entry aaaa0002 'Another' ".url = \"$SIGMASIGHT_URL\" | .conversation_id = \"$ID\""
    run_chat conversations -j
    jq -s -e 'map(.title) == ["The first\nquestion", null] and (.[1] | has("title") | not)' "$OUT"
    run_chat conversations
    expect_bytes "$ID\tgreen\t2026-01-02T03:04:05Z\nother\tindigo\t2026-01-01T00:00:00Z\n"
    TZ=UTC at_terminal -- "$CHAT" conversations
    tr -d '\r' <"$T/screen" >"$T/lines"
    # Cut at the edge of the terminal, after the widest cell of each column.
    expect_line "$ID  green   2026-01-02 03:04  The first que\.\.\." "$T/lines"
    # A row without a title does not end in blanks.
    expect_line 'other *indigo  2026-01-01 00:00' "$T/lines"
    # On a narrow terminal the other columns are cut as well, but not the ID.
    local width row
    while IFS='|' read -r width row; do
        TZ=UTC at_terminal width "$width" -- "$CHAT" conversations
        tr -d '\r' <"$T/screen" >"$T/lines"
        expect_line "$ID$row" "$T/lines"
    done <<'END'
70|  green   2026-01-02 03:04  The...
64|  green   2026-01-02 03:04
60|  green   2026-01-02 ...
48|  green
42|  g...
37|
20|
END
}
