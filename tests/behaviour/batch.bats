#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2094,SC2154 # what helpers set and read, a file that is read and appended to
# batch: many questions, and one object for each in all cases.

load helper
load accounts
load memory

# questions N [FILTER]: writes N questions to $T/questions, changed by the jq filter.
questions()
{
    seq "$1" | jq -c '{id: "q\(.)", text: "hello \(.)"} | '"${2-.}" >"$T/questions"
}

# batch [OPTION]...: asks them.
batch()
{
    run_chat batch "$@" "$T/questions"
}

# expect_objects FILTER...: each filter is true for the array of all objects of $OUT, which are sorted by their lines.
expect_objects()
{
    local filter
    jq -s -c 'sort_by(.line)' "$OUT" >"$T/sorted" || fail "the output is not JSON"
    for filter; do
        jq -e "$filter" "$T/sorted" >/dev/null || fail "not true: $filter"
    done
}

# jobs_of PID: prints the process IDs of the jobs.
jobs_of()
{
    cat "/proc/$1/task/$1/children"
}

# serve_gate: a server that answers when the gate is opened.
serve_gate()
{
    serve <<'END'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"m"}
event message {"delta":"$TEXT"}
gate go
event done {}
END
}

@test "batch: each line has one object with id, line and the members of -o json" {
    serve_hello
    questions 9 'if .id == "q3" then del(.id) else . end'
    sed -i 's/"q2"/1.50/' "$T/questions"
    batch
    expect_status 0
    expect_objects 'length == 9' 'map(.line) == [range(1; 10)]' 'all(.text == "Hello" and .status == "done" and .exit_code == 0)' \
        '.[2].id == 3' '.[0].id == "q1"' 'map(.conversation_id) | unique | length == 9'
    grep -q '^{"id":1.50,"line":2,"text":"Hello",' "$OUT" || fail "the id has changed"
    expect_bytes '9 questions: 9 done\n' "$ERR"
    run_chat send -o json -q hi
    jq -c 'keys_unsorted' "$OUT" >"$T/send"
    batch -q
    expect_bytes '' "$ERR"
    head -n 1 "$OUT" | jq -c 'keys_unsorted[2:]' | diff "$T/send" - >&2 || fail "other members than send -o json"
}

@test "batch: empty input and input of blank lines only" {
    serve_hello
    : >"$T/questions"
    batch
    expect_status 0
    expect_bytes ''
    expect_bytes '0 questions: 0 done\n' "$ERR"
    printf '\n \t\n\r\n' >"$T/questions"
    batch
    expect_status 0
    expect_bytes ''
    batch --lines
    expect_status 0
    expect_requests
}

@test "batch: an invalid line has an object, and the others are asked" {
    serve_hello
    cat >"$T/questions" <<'END'
{"id":"a","text":"hi"}
not JSON
["text"]
{"id":"b"}
{"id":"c","text":7}
{"id":[1],"text":"hi"}
{"id":"d","text":"hi","mode":"pink"}
{"id":"e","text":"hi","mode":null}
{"id":"f","text":"hi","portfolio":[1]}
{"id":"g","text":"hi","context":{"portfolio_id":"x"}}
{"id":"h","text":"hi","context":{"k":1}}
{"id":"i","text":"hi","conversation_id":"a/b"}
{"id":"a","text":"twice"}
{"id":"j","text":"  "}
{"id":"k","text":"a\u0000b"}
{"id":"l","text":"hi","unknown":[{}]}
{"id":"n","text":"hi","portfolio":{}}
{"id":"o","text":"hi","portfolio":""}
{"id":"p","text":"hi","portfolio":["3fa85f64-5717-4562-b3fc-2c963f66afa6","a\u0000"]}
{"id":"q","text":"hi","context":["k"]}
{"id":"r","text":"hi","context":{"k=":"v"}}
{"id":"s","text":"hi","context":{"k\u0000":"v"}}
{"id":"t","text":"hi","context":{"k":"v\u0000"}}
{"id":"u","text":"hi","context":{"k":"v","":"v"}}
{"id":"v","text":"hi","conversation_id":""}
{"id":"w","text":"hi","conversation_id":7}
{"id":"x","text":"hi","conversation_id":"a\u0000"}
{"id":"y","text":"hi","mode":""}
{"id":"z","text":"hi","context":{"k":""}}
END
    printf '{"id":"m","text":"\xff"}\n\n{"text":"the last one"}' >>"$T/questions"
    batch
    expect_status 65
    expect_objects 'length == 31' 'map(select(.status == "done").line) == [1, 16, 29, 32]' \
        'map(select(.status != "done")) | all(.status == "failed" and .exit_code == 65 and (.error.message | length) > 0)' \
        '.[1].id == 2' '.[3].id == "b"' '.[12].id == "a" and (.[12].error.message | contains("earlier"))' '.[29].id == 30' \
        '.[16:28] | all(.error.message | startswith("invalid \""))'
    expect_line '31 questions: 4 done, 27 failed \(65: 27\)'
    [ "$(count_requests 'POST /chat/send')" -eq 4 ] || fail "other requests: $(requests)"
}

@test "batch: a line over 8 MiB is invalid, and the memory for it is bounded" {
    need_plain_program
    serve_hello
    {
        echo '{"id":1,"text":"first"}'
        head -c 300000000 /dev/zero | tr '\0' x
        echo
        printf '{"id":3,"text":"last","more":"'
        head -c 8000000 /dev/zero | tr '\0' y
        printf '"}\n'
    } | (
        ulimit -v 400000
        run_chat batch
        echo "$status" >"$T/status"
    )
    [ "$(cat "$T/status")" -eq 65 ] || fail "status $(cat "$T/status")"
    expect_objects 'map([.line, .status]) == [[1, "done"], [2, "failed"], [3, "done"]]'
}

@test "batch: --lines, CR LF, a byte order mark, and an unterminated line" {
    serve_hello
    printf '\xef\xbb\xbfone\r\n\r\n  two \r\nthree' >"$T/questions"
    batch --lines --jobs 1
    expect_status 0
    expect_objects 'map(.id) == [1, 3, 4]'
    expect_body 2 '.text == "one"'
    expect_body 4 '.text == "  two "'
    expect_body 6 '.text == "three"'
    # The same from a pipe.
    run_chat batch --lines --jobs 1 < <(cat "$T/questions")
    expect_status 0
    expect_body 8 '.text == "one"'
    printf '\xef\xbb\xbf{"text":"hi"}' | "$CHAT" batch >"$OUT" 2>"$ERR" || fail "status $?"
    printf '\xef\xbb\xbf' | "$CHAT" batch >"$OUT" 2>"$ERR" || fail "status $?"
    expect_bytes '0 questions: 0 done\n' "$ERR"
}

@test "batch: - after -- and in --resume is the name of a file" {
    serve_hello
    cd "$T"
    echo 'from the file' >./-
    echo 'from standard input' >"$T/input"
    run_chat batch --lines -- - <"$T/input"
    expect_status 0
    expect_body 2 '.text == "from the file"'
    run_chat batch --lines - <"$T/input"
    expect_status 0
    expect_body 4 '.text == "from standard input"'
    printf '{"id":1,"status":"done"}\n' >./-
    run_chat batch --lines --resume - <"$T/input"
    expect_status 0
    expect_bytes '1 question: 0 done, 1 skipped\n' "$ERR"
}

@test "batch: a line of any white space is blank" {
    serve_hello
    printf '\f\n \v\n\xe3\x80\x80\xc2\xa0\nhi\n\x1c\n\xe3\x80' >"$T/questions"
    batch --lines
    expect_status 65
    expect_objects 'map([.line, .status]) == [[4, "done"], [6, "failed"]]'
}

@test "batch: more jobs than descriptors" {
    serve_hello
    questions 30
    status=0
    timeout --signal=KILL "$((PATIENCE * 3))" python3 -c 'import os, resource, sys
os.closerange(3, 256)
resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
os.execv(sys.argv[1], sys.argv[1:])' "$CHAT" batch --jobs 64 "$T/questions" >"$OUT" 2>"$ERR" || status=$?
    expect_status 0
    expect_bytes '30 questions: 30 done\n' "$ERR"
}

@test "batch: names of portfolios are looked up once" {
    serve_default --generation 2 --portfolios 2
    questions 12
    batch --jobs 4 --portfolio 'Demo retirement'
    expect_status 0
    [ "$(count_requests 'GET /portfolios')" -eq 1 ] || fail "$(count_requests 'GET /portfolios') calls"
    batch --jobs 4 --portfolio nonesuch
    expect_status 65
    expect_objects 'length == 12' 'all(.error.message == "unknown portfolio '"'nonesuch'"'")'
}

@test "batch: members of a line override options" {
    serve <<'END'
on PUT /chat/conversations/*/mode
body {"id":"$CONVERSATION","mode":"indigo"}
on POST /chat/send
event done {}
END
    local p=11111111-2222-3333-4444-55555555555
    cat >"$T/questions" <<END
{"text":"options"}
{"text":"own","mode":"violet","portfolio":["${p}c","${p}d"],"context":{"k":"own","page_hint":"p"}}
{"text":"one","portfolio":"${p}e"}
{"text":"given","conversation_id":"$ID","mode":"indigo"}
END
    batch --jobs 1 -m blue --portfolio "${p}a" --portfolio "${p}b" --context k=option --context other=1
    expect_status 0
    expect_body 1 '.mode == "blue"'
    expect_body 2 ".ui_context | .k == \"option\" and .other == \"1\" and .portfolio_ids == [\"${p}a\", \"${p}b\"]"
    expect_body 3 '.mode == "violet" and .page_hint == "p"'
    expect_body 4 ".ui_context | .k == \"own\" and .other == \"1\" and .portfolio_ids == [\"${p}c\", \"${p}d\"]"
    expect_body 6 ".ui_context.portfolio_id == \"${p}e\""
    [ "$(requests | sed -n 7,8p | paste -s -d ' ' -)" = "PUT /chat/conversations/$ID/mode POST /chat/send" ] ||
        fail "$(requests)"
    expect_body 8 ".conversation_id == \"$ID\""
}

@test "batch: options that it does not accept and an invalid number of jobs are 64" {
    questions 1
    local option
    for option in '-c x' -C '-o json' -j -n --no-stream --edit '--render never' '--highlight never' '--record f' '--events f' \
        '--events-fd 1' '--jobs 0' '--jobs 65' '--jobs x' '--context x' 'second-file'; do
        # shellcheck disable=SC2086 # an option and its value
        batch $option
        expect_status 64
        expect_bytes ''
    done
    run_chat batch "$T/absent"
    expect_status 66
    export SIGMASIGHT_TOKEN=t
    cat "$T/questions" >"$OUT"
    status=0
    "$CHAT" batch "$OUT" >>"$OUT" 2>"$ERR" || status=$?
    expect_status 64
}

@test "batch: questions of one conversation are asked one after the other, in order" {
    serve_hello
    questions 40 'if (.id | test("[02468]$")) then .conversation_id = "even" else . end'
    batch --jobs 8
    expect_status 0
    expect_objects 'length == 40'
    for file in "$DUMP"/*.request; do
        sed '1,/^\r$/d' "$file"
    done | jq -r 'select(.conversation_id == "even").text' >"$T/asked"
    seq 2 2 40 | sed 's/^/hello /' | diff - "$T/asked" >&2 || fail "another order"
}

@test "batch: --ordered keeps the order and limits how far it reads ahead" {
    serve <<'END'
on PUT /chat/conversations/*/mode
gate first
body {"id":"$CONVERSATION","mode":"blue"}
on POST /chat/send
event done {}
END
    questions 60 "if .id == \"q1\" then . + {conversation_id: \"$ID\", mode: \"blue\"} else . end"
    launch "$CHAT" batch --ordered --jobs 2 "$T/questions" >"$OUT" 2>"$ERR"
    await_gate first
    await asked_ahead
    [ ! -s "$OUT" ] || fail "an object was printed before the first one"
    [ "$(count_requests 'POST /chat/send')" -eq 8 ] || fail "$(count_requests 'POST /chat/send') are ahead"
    open_gate first
    await_end
    expect_status 0
    jq -s -e 'map(.line) == [range(1; 61)]' "$OUT" >/dev/null || fail "not in order"
}

asked_ahead()
{
    [ "$(count_requests 'POST /chat/send')" -ge 8 ]
}

@test "batch: each job has one connection, and the token is obtained once" {
    serve_default
    unset SIGMASIGHT_TOKEN
    export SIGMASIGHT_EMAIL=me@example.com SIGMASIGHT_PASSWORD=any
    questions 200
    batch --jobs 4
    expect_status 0
    expect_objects 'length == 200' 'all(.status == "done")' 'map(select(.timing.connect_ms != null)) | length <= 4'
    [ "$(count_requests 'POST /auth/login')" -eq 1 ] || fail "not exactly one login"
}

@test "batch: a refused token is replaced once for all jobs" {
    serve_default --token-life 3
    no_token
    export SIGMASIGHT_EMAIL=me@example.com SIGMASIGHT_PASSWORD=any
    # The tokens of this command are refused until the first answer: `old` never works, `new` does.
    token_command "cat $T/token; echo >>$T/calls; echo $TOKEN >$T/token"
    echo old >"$T/token"
    questions 40
    batch --jobs 8
    expect_status 0
    expect_objects 'length == 40' 'all(.status == "done")'
    [ "$(wc -l <"$T/calls")" -eq 2 ] || fail "token_command ran $(wc -l <"$T/calls") times"
}

@test "batch: without a valid token no further question is asked" {
    serve_hello
    questions 50
    SIGMASIGHT_TOKEN='' batch
    expect_status 77
    expect_bytes ''
    expect_line '50 questions: 0 done, 50 not asked'
    expect_line 'sigmasight-chat: no token.*'
    [[ "$(tail -n 1 "$ERR")" == '50 questions: '* ]] || fail 'a line follows the totals'
    stop_server
    rm -f "$T/announcement"
    serve_default
    SIGMASIGHT_TOKEN=wrong batch --jobs 2
    expect_status 77
    expect_objects 'length > 0 and length <= 2' 'all(.status == "failed" and .exit_code == 77)'
    expect_line '50 questions: 0 done, [12] failed \(77: [12]\), 4[89] not asked'
    expect_line 'sigmasight-chat: line [12]: .*SIGMASIGHT_TOKEN.*'
    # The totals are the last line.
    [[ "$(tail -n 1 "$ERR")" == '50 questions: '* ]] || fail 'a line follows the totals'
}

@test "batch: an exhausted quota ends it" {
    serve_default --error quota_exceeded
    questions 50
    batch --jobs 2
    expect_status 69
    expect_objects 'length <= 2'
    expect_line '50 questions: 0 done, [12] failed \(69: [12]\), 4[89] not asked'
    expect_line 'sigmasight-chat: line [12]: .*'
}

has_line()
{
    [ -s "$1" ]
}

# fail_fast: answers the questions with two jobs. The question at the gate `go` continues when another one has its object.
fail_fast()
{
    launch "$CHAT" batch --fail-fast --jobs 2 "$T/questions" >"$OUT" 2>"$ERR"
    await_gate go
    await has_line "$OUT"
    open_gate go
    await_end
}

@test "batch: --fail-fast starts nothing after a failure and finishes running questions" {
    serve <<'END'
on POST /chat/send once
event start {"conversation_id":"$CONVERSATION","mode":"green"}
gate go
event done {}
on POST /chat/send
event error {"message":"no","retryable":false}
END
    questions 50
    fail_fast
    expect_status 1
    expect_objects 'length == 2' 'map(.status) | sort == ["done", "error"]'
    expect_line '50 questions: 1 done, 1 failed \(1: 1\), 48 not asked'
}

@test "batch: an error event stops it before the stream has ended" {
    serve <<'END'
on POST /chat/send once
event start {"conversation_id":"$CONVERSATION","mode":"green"}
event error {"message":"no","retryable":true}
gate error
event message {"delta":"more"}
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green"}
gate go
event done {}
END
    questions 50
    launch "$CHAT" batch -v --fail-fast --retry 0 --jobs 2 "$T/questions" >"$OUT" 2>"$ERR"
    await_gate go
    await grep -q 'line [12]: no' "$ERR"
    open_gate go
    open_gate error
    await_end
    expect_status 75
    # The rest of the stream was read: the program did not wait for its end in vain.
    expect_objects 'length == 2' 'map(.status) | sort == ["done", "error"]' \
        'map(select(.status == "error").text) == ["more"]'
    expect_line '50 questions: 1 done, 1 failed \(75: 1\), 48 not asked'
}

@test "batch: a failure stops it before the conversation is deleted" {
    serve <<'END'
on POST /chat/send once
status 429
body {"detail":{"error":"ai_limit_reached","message":"monthly limit"}}
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green"}
event done {}
on DELETE /chat/conversations/*
gate never
END
    questions 50
    batch -v --fail-fast --jobs 1
    expect_status 69
    # The warning follows when the time for the deletion is over.
    sed -n '1,2s/.*line 1: .*/failure/p; s/.*could not be deleted.*/warning/p' "$ERR" >"$T/order"
    expect_bytes 'failure\nwarning\n' "$T/order"
    expect_line '50 questions: 0 done, 1 failed \(69: 1\), 49 not asked'
}

@test "batch: --fail-fast ignores an error event that is retried" {
    serve <<'END'
on POST /chat/send once
event start {"conversation_id":"$CONVERSATION","mode":"green"}
event error {"message":"no","retryable":true,"retry_after":0}
pause 300
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green"}
event done {}
END
    questions 5
    batch --fail-fast --retry 1 --retry-delay 0 --jobs 2
    expect_status 0
    expect_line '5 questions: 5 done'
}

@test "batch: --fail-fast counts an invalid line in its turn" {
    serve_gate
    printf '%s\n' '{"text":"one"}' '{"text":"two"}' broken '{"text":"four"}' >"$T/questions"
    fail_fast
    expect_status 65
    expect_objects 'map([.line, .status]) == [[1, "done"], [2, "done"], [3, "failed"]]'
    expect_line '4 questions: 2 done, 1 failed \(65: 1\), 1 not asked'
}

@test "batch: the exit status is that of the first failure that is not 75" {
    serve_hello
    questions 3
    echo broken >>"$T/questions"
    echo '{"text":"hi","conversation_id":"a/b"}' >>"$T/questions"
    batch
    expect_status 65
    stop_server
    rm -f "$T/announcement"
    serve <<'END'
on POST /chat/send once
status 429
body {"detail":"slow down"}
on POST /chat/send once
event error {"message":"no"}
on POST /chat/send
event done {}
END
    questions 3
    batch --jobs 1 --retry 0
    expect_status 1
    expect_line '3 questions: 1 done, 2 failed \(1: 1, 75: 1\)'
    stop_server
    rm -f "$T/announcement"
    serve <<'END'
on POST /chat/send once
status 429
body {"detail":"slow down"}
on POST /chat/send
event done {}
END
    questions 2
    batch --jobs 1 --retry 0
    expect_status 75
    expect_line '2 questions: 1 done, 1 failed \(75: 1\)'
}

@test "batch: --resume asks unfinished questions, compares IDs as JSON text, and repairs a truncated line" {
    serve_hello
    questions 5
    printf '%s\n' '{"id":1,"text":"hi"}' '{"id":"1","text":"hi"}' >>"$T/questions"
    {
        printf '%s\n' '{"id":"q1","status":"done"}' '{"id":"q2","status":"failed"}' '{"id":1,"status":"done"}'
        printf '%s' '{"id":"q3","status":"do'
    } >"$T/objects"
    "$CHAT" batch --resume "$T/objects" "$T/questions" >>"$T/objects" 2>"$ERR" || fail "status $?"
    expect_bytes '7 questions: 5 done, 2 skipped\n' "$ERR"
    jq -R -r 'fromjson? | select(.status == "done").id | tojson' "$T/objects" | sort >"$T/done"
    printf '%s\n' '"1"' '"q1"' '"q2"' '"q3"' '"q4"' '"q5"' 1 | sort | diff - "$T/done" >&2 || fail "the IDs differ"
    forget_requests
    "$CHAT" batch --resume "$T/objects" "$T/questions" >>"$T/objects" 2>"$ERR" || fail "status $?"
    expect_bytes '7 questions: 0 done, 7 skipped\n' "$ERR"
    expect_requests
    # A newline is written even if there is nothing to ask.
    printf '%s' '{"id":"q1","status":"done"}' >"$T/objects"
    questions 1
    "$CHAT" batch --resume "$T/objects" "$T/questions" >>"$T/objects" 2>"$ERR" || fail "status $?"
    expect_bytes '{"id":"q1","status":"done"}\n' "$T/objects"
    # The last object may lack its newline; a file that does not exist is empty.
    printf '%s' '{"id":"q1","status":"done"}' >"$T/former"
    questions 2
    batch --resume "$T/former"
    expect_objects 'map(.id) == ["q2"]'
    batch --resume "$T/absent"
    expect_objects 'map(.id) == ["q1", "q2"]'
}

@test "batch: --resume after SIGKILL at many points repeats and omits no question" {
    serve <<'END'
on POST /chat/send
event message {"delta":"$TEXT"}
pause 30
event done {}
END
    questions 60
    local turn
    for turn in 1 2 3 4 5 6 7 8; do
        launch "$CHAT" batch --resume "$T/objects" --jobs 3 "$T/questions" >>"$T/objects" 2>/dev/null
        await has_lines "$T/objects" $((turn * 6))
        kill -KILL "$PID"
        await_end
    done
    "$CHAT" batch --resume "$T/objects" "$T/questions" >>"$T/objects" 2>"$ERR" || fail "status $?"
    jq -R -r 'fromjson? | select(.status == "done").id' "$T/objects" | sort >"$T/done"
    seq 60 | sed 's/^/q/' | sort | diff - "$T/done" >&2 || fail "not exactly one object for each question"
}

has_lines()
{
    [ -f "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]
}

@test "batch: a killed job fails only its question" {
    serve_gate
    questions 3
    launch "$CHAT" batch --jobs 1 "$T/questions" >"$OUT" 2>"$ERR"
    await_gate go
    local job
    job=$(jobs_of "$PID")
    kill -KILL "${job% }"
    await has_line "$OUT"
    open_gate go
    await_end
    expect_status 70
    expect_objects 'map([.status, .exit_code]) == [["failed", 70], ["done", 0], ["done", 0]]' '.[0].error.message | length > 0'
    expect_line '3 questions: 2 done, 1 failed \(70: 1\)'
}

@test "batch: a job terminated by SIGTERM fails only its question" {
    serve_gate
    questions 2 '.conversation_id = "c"'
    launch "$CHAT" batch --jobs 1 "$T/questions" >"$OUT" 2>"$ERR"
    await_gate go
    local job
    job=$(jobs_of "$PID")
    kill -TERM "${job% }"
    await has_line "$OUT"
    open_gate go
    await_end
    expect_status 70
    expect_objects 'map([.status, .exit_code, .conversation_id]) == [["failed", 70, "c"], ["done", 0, "c"]]'
}

@test "batch: a killed idle job fails no question" {
    serve_hello
    pipe_to INPUT
    launch "$CHAT" batch --jobs 1 <"$T/input" >"$OUT" 2>"$ERR"
    echo '{"text":"one"}' >&"$INPUT"
    await has_line "$OUT"
    local job
    job=$(jobs_of "$PID")
    kill -KILL "${job% }"
    await none_runs "${job% }"
    echo '{"text":"two"}' >&"$INPUT"
    exec {INPUT}>&-
    await_end
    expect_status 0
    expect_objects 'map(.status) == ["done", "done"]'
}

# Makes $T/no_null.so: under it, there is no /dev/null. With $NO_ROOT the root directory cannot be opened either, and a job
# ends before its parent continues.
make_no_null()
{
    make_preload no_null <<'END_OF_C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((constructor)) static void begin(void)
{
    unsetenv("LD_PRELOAD");
}

static int open_file(const char *path, int flags, int mode)
{
    if (strcmp(path, "/dev/null") == 0 || (getenv("NO_ROOT") && strcmp(path, "/") == 0)) {
        errno = ENOENT;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list arguments; \
        va_start(arguments, flags); \
        int mode = flags & O_CREAT ? va_arg(arguments, int) : 0; \
        va_end(arguments); \
        return open_file(path, flags, mode); \
    }

OPEN(open)
#ifdef __GLIBC__
OPEN(open64)
OPEN(__open_2)
OPEN(__open64_2)
#endif

pid_t fork(void)
{
    pid_t (*real)(void) = dlsym(RTLD_NEXT, "fork");
    pid_t pid = real();
    siginfo_t ended;
    while (pid > 0 && getenv("NO_ROOT") && waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT) != 0)
        ;
    return pid;
}
END_OF_C
}

@test "batch: without /dev/null" {
    make_no_null
    serve_hello
    questions 2
    LD_PRELOAD=$T/no_null.so run_chat batch "$T/questions"
    expect_status 0
    expect_objects 'map(.status) == ["done", "done"]'
}

@test "batch: without memory to share with the jobs, the message has the cause" {
    make_preload no_memory <<'END_OF_C'
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *map(void *at, size_t len, int protection, int flags, int fd, long long offset)
{
    if (flags == (MAP_SHARED | MAP_ANONYMOUS)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
#ifdef SYS_mmap2
    return (void *)syscall(SYS_mmap2, at, len, protection, flags, fd, (long)(offset / 4096));
#else
    return (void *)syscall(SYS_mmap, at, len, protection, flags, fd, offset);
#endif
}

void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
    return map(at, len, protection, flags, fd, offset);
}

#ifdef __GLIBC__
void *mmap64(void *at, size_t len, int protection, int flags, int fd, off64_t offset)
{
    return map(at, len, protection, flags, fd, offset);
}
#endif
END_OF_C
    questions 1
    LD_PRELOAD=$T/no_memory.so SIGMASIGHT_URL=http://127.0.0.1:1 run_chat batch "$T/questions"
    expect_status 70
    expect_error "cannot share memory with jobs: $(python3 -c 'import errno, os; print(os.strerror(errno.ENOMEM))').*"
}

@test "batch: a new job that ends before it is sent a question fails the question" {
    make_no_null
    serve_hello
    questions 2
    status=0
    NO_ROOT=yes timeout "$(scaled 5)" env LD_PRELOAD="$T/no_null.so" "$CHAT" batch "$T/questions" >"$OUT" 2>"$ERR" || status=$?
    expect_status 70
    expect_objects 'map([.status, .exit_code]) == [["failed", 70], ["failed", 70]]' '.[0].error.message | contains("exit status 70")'
}

@test "batch: a signal cancels the running questions, and their objects are written" {
    local name
    for name in INT TERM; do
        serve_gate
        questions 9
        launch "$CHAT" batch --jobs 3 "$T/questions" >"$OUT" 2>"$ERR"
        await_gate go
        await all_sent 3
        kill -s "$name" "$PID"
        await_end
        expect_signal "$name"
        expect_objects 'length == 3' "all(.status == \"cancelled\" and .exit_code == 128 + $(kill -l "$name"))" 'all(.text | startswith("hello"))'
        expect_line "9 questions: 0 done, 3 failed \($((128 + $(kill -l "$name"))): 3\), 6 not asked"
        stop_server
        rm -rf "$T/announcement" "$DUMP"
        mkdir "$DUMP"
    done
}

all_sent()
{
    [ "$(count_requests 'POST /chat/send')" -ge "$1" ]
}

@test "batch: --ephemeral deletes each conversation, even after a signal" {
    serve_gate
    questions 9
    launch "$CHAT" batch --ephemeral --jobs 3 "$T/questions" >"$OUT" 2>"$ERR"
    await_gate go
    await all_sent 3
    kill -s INT "$PID"
    await_end
    expect_signal INT
    [ "$(requests | grep -c '^DELETE /chat/conversations/')" -eq 3 ] || fail "$(requests)"
}

@test "batch: when it is killed, each job ends after its current answer" {
    serve_gate
    questions 9
    launch "$CHAT" batch --jobs 3 "$T/questions" >"$OUT" 2>"$ERR"
    await_gate go
    await all_sent 3
    local jobs
    jobs=$(jobs_of "$PID")
    kill -KILL "$PID"
    await_end
    open_gate go
    # shellcheck disable=SC2086 # process IDs
    await none_runs $jobs
    [ "$(count_requests 'POST /chat/send')" -eq 3 ] || fail "further questions were asked"
}

none_runs()
{
    local id
    for id; do
        [ ! -d "/proc/$id" ] || return 1
    done
}

@test "batch: ends by SIGPIPE when the reader of the objects closes the pipe" {
    serve_gate
    questions 9
    pipe_from READER
    launch "$CHAT" batch --jobs 3 "$T/questions" >"$T/reader" 2>"$ERR"
    await_gate go
    exec {READER}<&-
    await_end
    expect_signal PIPE
}

@test "batch: a full disk ends it with 74" {
    [ -w /dev/full ] || skip "this system has no /dev/full"
    serve_hello
    questions 50
    status=0
    "$CHAT" batch --jobs 2 "$T/questions" >/dev/full 2>"$ERR" || status=$?
    expect_status 74
    expect_line 'sigmasight-chat: cannot write standard output: .*'
    expect_line '50 questions: [0-9]* done, [0-9]* not asked'
    [[ "$(tail -n 1 "$ERR")" == '50 questions: '* ]] || fail 'a line follows the totals'
}

# explained STATUS LINE MESSAGE: with -v, one line explains the failures, before the totals.
explained()
{
    expect_status "$1"
    expect_line "sigmasight-chat: line $2: $3"
    [ "$(grep -c '^sigmasight-chat: line ' "$ERR")" -eq 1 ] || fail "more than one failure is shown"
    [[ "$(tail -n 1 "$ERR")" == *' question'* ]] || fail 'a line follows the totals'
}

@test "batch: -v shows the first failure of each exit status" {
    serve_default --error sql
    printf '%s\n' '{"text":"hi"}' 'How?' '{"text":1}' '"x"' >"$T/questions"
    batch --retry 0 --jobs 1 -v
    expect_line 'sigmasight-chat: line 1: .*'
    expect_line 'sigmasight-chat: line 2: invalid JSON: .*; --lines reads plain questions'
    [ "$(grep -c '^sigmasight-chat: line ' "$ERR")" -eq 2 ] || fail "other failures are shown"
    batch --retry 0 --jobs 1 -v -q
    expect_bytes '' "$ERR"
    batch --retry 0 --jobs 1
    expect_bytes '4 questions: 0 done, 4 failed (65: 3, 75: 1)\n' "$ERR"
    # A line that begins like an object is not a plain question.
    echo '{"text":"hi"' >"$T/questions"
    batch -v
    explained 65 1 'invalid JSON: [^;]*'
    echo 42 >"$T/questions"
    batch -v
    explained 65 1 'the line is not a JSON object; --lines reads plain questions'
    # Each question is answered in its turn.
    questions 5
    batch --retry 0 --jobs 1 -v --fail-fast
    explained 75 1 '.*'
}

@test "batch: at a terminal the first failure of each exit status is shown" {
    need_terminal
    serve_hello
    printf '%s\n' 'How concentrated am I?' 'Why?' >"$T/questions"
    at_terminal wait '--lines reads plain questions' wait '2 questions: 0 done, 2 failed (65: 2)' \
        -- sh -c '"$1" batch "$2" >"$3"' sh "$CHAT" "$T/questions" "$T/objects"
    expect_line 'exit 65' "$OUT"
    [ "$(grep -c 'line [0-9]*: ' "$T/screen")" -eq 1 ] || fail "more than one failure is shown"
}

@test "batch: a server that has ended fails each question" {
    serve_hello
    stop_server
    questions 6
    batch --retry 0
    expect_status 69
    expect_objects 'length == 6' 'all(.status == "failed" and .exit_code == 69)'
}

@test "batch: Retry-After pauses all jobs and all time limits" {
    serve <<'END'
on POST /chat/send once
status 429
header Retry-After: 2
body {"detail":"slow down"}
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green"}
event done {}
END
    questions 4 '.conversation_id = .id'
    local begin=$EPOCHREALTIME
    batch --max-time 1.5 --retry-max-time 60 --jobs 2
    expect_status 0
    expect_objects 'length == 4' 'all(.status == "done")'
    [ $(((${EPOCHREALTIME/./} - ${begin/./}) / 1000)) -ge 1950 ] || fail "it did not wait"
    # A delay that is too long is a failure and does not pause the jobs.
    stop_server
    rm -f "$T/announcement"
    serve <<'END'
on POST /chat/send once
status 503
header Retry-After: 100
body {"detail":"slow down"}
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green"}
event done {}
END
    batch --retry-max-time 50 --jobs 1
    expect_status 69
    expect_objects 'length == 4' 'map(select(.status == "done")) | length == 3'
}

@test "batch: a server that allows 20 calls a second answers all questions" {
    serve_default --rate-limit 20
    questions 60
    run_chat batch --jobs 8 --retry-delay 0.3 "$T/questions"
    expect_status 0
    expect_line '60 questions: 60 done'
}

@test "batch: a warning of several jobs is shown once" {
    serve_default --generation 2 --portfolios 2
    questions 12
    batch --jobs 4
    expect_status 0
    expect_line 'sigmasight-chat: warning: asking about both portfolios .*'
    [ "$(wc -l <"$ERR")" -eq 2 ] || fail "more than the warning and the totals"
    touch "$T/no-directory"
    XDG_STATE_HOME=$T/no-directory run_chat batch --log --portfolio "$P1" "$T/questions"
    expect_status 0
    expect_line 'sigmasight-chat: warning: .*log.jsonl.*'
    [ "$(wc -l <"$ERR")" -eq 2 ] || fail "more than the warning about the log and the totals"
}

@test "batch: logged only with --log" {
    serve_hello
    questions 3
    export SIGMASIGHT_LOG=1
    batch
    [ ! -e "$(state log.jsonl)" ] || fail "SIGMASIGHT_LOG is not for batch"
    batch --log
    expect_status 0
    [ "$(wc -l <"$(state log.jsonl)")" -eq 3 ] || fail "not 3 entries"
    jq -s -e 'map(.question) | sort == ["hello 1", "hello 2", "hello 3"]' "$(state log.jsonl)" >/dev/null || fail "other entries"
    [ ! -e "$(state last.json)" ] || fail "a conversation was remembered for -C"
}

@test "batch: questions are asked as they arrive, and answers written as they end" {
    serve_hello
    pipe_to INPUT
    pipe_from OBJECTS
    launch "$CHAT" batch <"$T/input" >"$T/objects" 2>"$ERR"
    local number line
    for number in 1 2 3; do
        echo '{"text":"hi"}' >&"$INPUT"
        read -r -t "$PATIENCE" -u "$OBJECTS" line
        [ "$(jq .line <<<"$line")" -eq "$number" ] || fail "got $line"
    done
    exec {INPUT}>&-
    await_end
    expect_status 0
}

@test "batch: a progress line on a terminal, erased at the end" {
    serve_gate
    questions 9
    # shellcheck disable=SC2016 # the inner shell expands
    on_screen await go shows '4 running' open go gone running \
        -- sh -c '"$1" batch --jobs 4 "$2" >"$3"' sh "$CHAT" "$T/questions" "$T/objects"
    grep . "$T/last" | diff <(echo '9 questions: 9 done') - >&2 || fail "the screen differs"
    [ "$(wc -l <"$T/objects")" -eq 9 ] || fail "not 9 objects"
}

@test "batch: the progress line estimates the time left from that of the questions that ended" {
    make_clock
    serve <<'END'
on POST /chat/send once
event message {"delta":"Hello"}
event done {}
on POST /chat/send once
event start {}
gate second
event message {"delta":"Hello"}
event done {}
on POST /chat/send once
event message {"delta":"Hello"}
event done {}
on POST /chat/send
gate fourth
event message {"delta":"Hello"}
event done {}
END
    questions 4
    # The clock is put two hours ahead when the second question was sent: "keep" makes the file $CLOCK_AHEAD. Without its start
    # event, the answer would seem to be buffered.
    # shellcheck disable=SC2016 # the inner shell expands
    on_screen await second keep ahead \
        shows '6.0 h left' open second await fourth shows '40 min left' open fourth gone left \
        -- sh -c 'LD_PRELOAD="$1" "$2" batch --jobs 1 --idle-timeout 0 "$3" >"$4"' sh "$T/clock.so" "$CHAT" "$T/questions" "$T/objects"
    grep . "$T/last" | diff <(echo '4 questions: 4 done') - >&2 || fail "the screen differs"
}

@test "batch: a token near its end is refreshed before a question" {
    serve_default --token-life 7300
    no_token
    log_in
    make_clock
    pipe_to INPUT
    pipe_from ANSWERS
    launch env LD_PRELOAD="$T/clock.so" "$CHAT" batch -q --lines --jobs 1 <"$T/input" >"$T/answers" 2>"$ERR"
    local text line
    for text in one two three; do
        [ "$text" != two ] || : >"$CLOCK_AHEAD"
        echo "$text" >&"$INPUT"
        read -r -t "$PATIENCE" -u "$ANSWERS" line || fail "no answer to $text"
        [[ $line == *'"status":"done"'* ]] || fail "$line"
    done
    exec {INPUT}>&-
    await_end
    expect_status 0
    expect_bytes '' "$ERR"
    [ "$(count_requests 'POST /auth/refresh')" -eq 1 ]
}

@test "batch: no progress line while questions are typed" {
    serve_default --pace 20
    TERM=xterm-256color at_terminal wait 'Type the questions' type '{"text":"hi"}\n' wait '"status":"done"' type '\x04' \
        wait '1 question: 1 done' -- "$CHAT" batch
    expect_line 'exit 0.*' "$OUT"
    expect_no running "$T/screen"
}

# recipe FIRST LAST: the lines of the manual between these two patterns.
recipe()
{
    sed -n "/^$1/,/$2\$/p" "$SRCDIR/man/sigmasight-chat.1" | sed 's/\\e/\\/g;s/^\.Dl //;/^\./d;/^[A-Z]/d'
}

# Two directories of this machine stand for two hosts.
@test "batch: the recipe with GNU parallel, two hosts, and one that fails" {
    parallel --version 2>/dev/null | grep -q '^GNU parallel' || skip "GNU parallel is not installed"
    serve_hello
    mkdir "$T/bin" "$T/here"
    ln -s "$CHAT" "$T/bin/sigmasight-chat"
    cat >"$T/bin/ssh" <<'END'
#!/bin/sh
while [ "${1#-}" != "$1" ]; do
    shift
done
mkdir -p "$HOSTS/$1" && cd "$HOSTS/$1" && touch used || exit
[ ! -e broken ] || exit 255
shift
[ "$1" != -- ] || shift
exec sh -c "$*"
END
    chmod +x "$T/bin/ssh"
    export PATH=$T/bin:$PATH HOSTS=$T/hosts
    cd "$T/here"
    questions 100
    mv "$T/questions" questions.jsonl
    recipe 'parallel --pipepart' 'asked -' >"$T/recipe"
    bash -e -o pipefail "$T/recipe" >"$OUT" 2>"$ERR" 3>&- || fail "status $?"
    expect_bytes ''
    [ "$(wc -l <answers.jsonl)" -eq 100 ] || fail "not 100 answers"
    [ -e "$HOSTS/host1/used" ] && [ -e "$HOSTS/host2/used" ] || fail "not on both hosts"
    grep -q . jobs.log
    touch "$HOSTS/host2/broken"
    bash -o pipefail "$T/recipe" >"$OUT" 2>"$ERR" 3>&-
    expect_bytes ''
    jq -r .id answers.jsonl | sort | uniq -d >"$OUT"
    expect_bytes ''
}
