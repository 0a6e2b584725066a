#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The state directory: its files, their permissions, invalid files, and concurrent processes.

# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load helper
load accounts
load network

both=(credentials.json conversations.json)

# A stored login and a last conversation, but no token in the environment.
scene()
{
    serve_hello
    no_token
    log_in
    run_chat send -c "$ID" hi
    expect_status 0
    forget_requests
}

# Reads the file of that name: whoami the credentials, send -C the conversations.
read_state()
{
    case $1 in
    credentials.json) run_chat whoami ;;
    conversations.json) SIGMASIGHT_TOKEN=$TOKEN run_chat send -C hi ;;
    esac
}

# The command that the error recommends.
remedy()
{
    sed -n "s/.*; run '\(.*\)'\$/\1/p" "$ERR"
}

# refused NAME PATTERN: that file is refused before anything is sent, and the command that
# the error names repairs it.
refused()
{
    read_state "$1"
    expect_failure 78
    expect_line "sigmasight-chat: .*$1: .*$2.*"
    expect_requests
    local command
    command=$(remedy)
    [ -n "$command" ] || fail "it names no command"
    sh -c "$command" </dev/null || fail "the command does not work: $command"
    read_state "$1"
    [ "$status" -ne 78 ] || fail "the command has not repaired it: $command"
    forget_requests
}

# --- permissions ---

@test "state: the directory is 0700 and the files are 0600 with any umask" {
    serve_hello
    local mask
    for mask in 000 022 077; do
        rm -rf "$XDG_STATE_HOME"
        umask "$mask"
        log_in
        run_chat send -c "$ID" hi
        expect_status 0
        [ "$(stat -c %a "$(state)")" = 700 ] || fail "the directory: $(stat -c %a "$(state)")"
        find "$(state)" -type f ! -perm 600 >"$T/open"
        expect_bytes '' "$T/open"
        [ -f "$(state credentials.json)" ]
        [ -f "$(state conversations.json)" ]
    done
}

@test "state: a umask of 777" {
    serve_hello
    touch "$OUT" "$ERR"
    umask 777
    log_in
    run_chat send -c "$ID" hi
    run_chat send -C hi
    umask 022
    expect_status 0
    expect_bytes '' "$ERR"
    find "$(state)" -type f ! -perm 600 >"$T/open"
    expect_bytes '' "$T/open"
}

# Stopped when the new file is complete but has not replaced the old one.
@test "state: a killed login leaves no file with the token" {
    serve_hello
    log_in
    : >"$(state .credentials.json).tmp-a1b2c3"
    make_preload kill <<'END_OF_C'
#include <signal.h>
#include <unistd.h>
int fsync(int fd)
{
    (void)fd;
    return kill(getpid(), SIGKILL);
}
END_OF_C
    echo any >"$T/password"
    status=0
    LD_PRELOAD=$T/kill.so "$CHAT" login --email me@example.com --password-stdin <"$T/password" >"$OUT" 2>"$ERR" || status=$?
    expect_status 137
    [ "$(ls -A "$(state)")" = $'credentials.json\ncredentials.json.lock' ] || fail "unexpected files: $(ls -A "$(state)")"
}

@test "state: copies that the user made are kept" {
    scene
    local name suffix
    for name in credentials.json conversations.json; do
        for suffix in backup bak a1B2c3; do
            cp "$(state "$name")" "$(state "$name.$suffix")"
        done
    done
    ls -A "$(state)" >"$T/before"
    log_in
    run_chat send hi
    expect_status 0
    run_chat logout
    expect_status 0
    ls -A "$(state)" >"$T/after"
    diff "$T/before" "$T/after" >&2
}

# Builds no_locks.so for LD_PRELOAD: a file system without locks, on which another process removes the file $LOG before each
# of the first $REMOVALS writes of a log entry.
build_no_locks()
{
    make_preload no_locks <<'END_OF_C'
#define _GNU_SOURCE
#define _LARGEFILE64_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static int call(const char *name, int fd, int command, void *arg)
{
    int (*real)(int, int, ...) = (int (*)(int, int, ...))dlsym(RTLD_NEXT, name);
    if (command == F_SETLK || command == F_SETLK64) {
        errno = ENOLCK;
        return -1;
    }
    return real(fd, command, arg);
}
#define WRAP(name)                                                                                 \
    int name(int fd, int command, ...)                                                             \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, command);                                                                   \
        void *arg = va_arg(args, void *);                                                          \
        va_end(args);                                                                              \
        return call(#name, fd, command, arg);                                                      \
    }
WRAP(fcntl)
WRAP(fcntl64)
WRAP(__fcntl_time64) /* glibc: its name where a long has 32 bits */
static int removals = -1;
ssize_t write(int fd, const void *bytes, size_t len)
{
    if (removals < 0)
        removals = getenv("REMOVALS") ? atoi(getenv("REMOVALS")) : 0;
    if (removals && len > 9 && memcmp(bytes, "{\"schema\"", 9) == 0) {
        removals--;
        unlink(getenv("LOG"));
    }
    return syscall(SYS_write, fd, bytes, len);
}
END_OF_C
}

@test "state: a login on a file system without locks works with a warning" {
    build_no_locks
    serve_hello
    echo any >"$T/password"
    status=0
    LD_PRELOAD=$T/no_locks.so "$CHAT" login --email me@example.com --password-stdin <"$T/password" >"$OUT" 2>"$ERR" || status=$?
    expect_status 0
    expect_line 'sigmasight-chat: warning: the file system of the state directory has no locks: .*'
    grep -q token "$(state credentials.json)"
    LD_PRELOAD=$T/no_locks.so run_chat send --log -c "$ID" hi
    expect_status 0
    expect_no warning "$ERR"
    [ "$(wc -l <"$(state log.jsonl)")" -eq 1 ]
}

@test "state: a log entry whose file is removed while it is written is written again, or its loss is a warning" {
    build_no_locks
    serve_hello
    export LOG
    LOG=$(state log.jsonl)
    REMOVALS=1 LD_PRELOAD=$T/no_locks.so run_chat send --log -c "$ID" first
    expect_status 0
    expect_no warning "$ERR"
    [ "$(jq -r .question "$LOG")" = first ]
    REMOVALS=2 LD_PRELOAD=$T/no_locks.so run_chat send --log -c "$ID" second
    expect_status 0
    expect_line "sigmasight-chat: warning: cannot write $LOG: .*"
    expect_no 'are logged in' "$ERR"
    [ ! -e "$LOG" ]
}

@test "state: log delete on a file system without locks keeps temporary files, log clear removes them" {
    build_no_locks
    serve_hello
    run_chat send --log -c "$ID" first
    # They may be those of a process that is running.
    local temporary
    for temporary in .log.jsonl.tmp-ab3def .history.tmp-ab3def; do
        : >"$(state "$temporary")"
    done
    LD_PRELOAD=$T/no_locks.so run_chat log delete "$(jq -r .id "$(state log.jsonl)")"
    expect_status 0
    [ ! -s "$(state log.jsonl)" ]
    [ -e "$(state .log.jsonl.tmp-ab3def)" ]
    [ -e "$(state .history.tmp-ab3def)" ]
    LD_PRELOAD=$T/no_locks.so run_chat log clear --yes
    expect_status 0
    [ "$(ls -A "$(state)")" = $'conversations.json\nconversations.json.lock\nlog.lock' ] || fail "unexpected files: $(ls -A "$(state)")"
}

@test "state: below ~/.local/state if XDG_STATE_HOME is not set or relative" {
    serve_hello
    unset XDG_STATE_HOME
    log_in
    [ -f "$HOME/.local/state/sigmasight-chat/credentials.json" ]
    rm -r "$HOME/.local"
    export XDG_STATE_HOME=relative
    cd "$T"
    log_in
    [ -f "$HOME/.local/state/sigmasight-chat/credentials.json" ]
    [ ! -e "$T/relative" ]
}

@test "state: a file that others can read" {
    scene
    local name mode
    for name in "${both[@]}"; do
        for mode in 640 604 602; do
            chmod "$mode" "$(state "$name")"
            refused "$name" 'readable by others'
            [ "$(stat -c %a "$(state "$name")")" = 600 ]
        done
    done
}

@test "state: the command that repairs a file whose path has a blank" {
    XDG_STATE_HOME="$T/my state; it's"
    scene
    for name in "${both[@]}"; do
        chmod 644 "$(state "$name")"
        refused "$name" 'readable by others'
    done
}

@test "state: a symbolic link" {
    scene
    local name
    for name in "${both[@]}"; do
        mv "$(state "$name")" "$T/elsewhere"
        ln -s "$T/elsewhere" "$(state "$name")"
        refused "$name" 'symbolic link'
        [ -f "$T/elsewhere" ] || fail "the command reached beyond the link"
        ln -s "$T/nowhere" "$(state "$name").new"
        mv "$(state "$name").new" "$(state "$name")"
        refused "$name" 'symbolic link'
    done
}

# Only root can change the owner of a file.
@test "state: a file of another user" {
    scene
    local name
    for name in "${both[@]}"; do
        read_state "$name"
        [ "$status" -ne 78 ] || fail "the file of the user is refused"
        forget_requests
        if [ "$(id -u)" -eq 0 ]; then
            chown 65534 "$(state "$name")"
            refused "$name" 'owned by another user'
        fi
    done
}

@test "state: not a regular file" {
    scene
    local name
    for name in "${both[@]}"; do
        rm -f "$(state "$name")"
        mkfifo "$(state "$name")"
        refused "$name" 'not a regular file'
        rm -f "$(state "$name")"
        mkdir "$(state "$name")"
        refused "$name" 'not a regular file'
    done
}

@test "state: login does not overwrite a file that it refuses" {
    scene
    mv "$(state credentials.json)" "$T/elsewhere"
    cp "$T/elsewhere" "$T/before"
    ln -s "$T/elsewhere" "$(state credentials.json)"
    run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
    expect_status 78
    cmp "$T/before" "$T/elsewhere" >&2
    [ -L "$(state credentials.json)" ]
}

@test "state: files that are not JSON" {
    scene
    local name content
    for name in "${both[@]}"; do
        cp "$(state "$name")" "$T/whole"
        while IFS= read -r content; do
            printf '%b' "$content" >"$(state "$name")"
            chmod 600 "$(state "$name")"
            refused "$name" damaged
            [ ! -e "$(state "$name")" ] || [ "$name" = conversations.json ] || fail "the file still exists"
        done <<'TABLE'
{
[]
{"version":1,"entries":[{"profile":null,
{}
{"version":1}
{"version":1,"entries":null}
{"version":1,"entries":{"profile":null}}
{"entries":[]}
{"version":0,"entries":[]}
{"version":"1","entries":[]}
\0377\0376
TABLE
        head -c -4 "$T/whole" >"$(state "$name")"
        chmod 600 "$(state "$name")"
        refused "$name" damaged
    done
}

@test "state: a token or an ID with U+0000 is not used, not even the part before it" {
    scene
    change_stored '.[0].token |= . + "\u0000"'
    run_chat whoami
    expect_failure 77 '.*no token.*'
    jq '.entries[0].conversation_id |= . + "\u0000"' "$(state conversations.json)" >"$T/changed"
    cat "$T/changed" >"$(state conversations.json)"
    SIGMASIGHT_TOKEN=$TOKEN run_chat send -C hi
    expect_status 0
    expect_requests 'POST /chat/conversations' 'POST /chat/send'
}

@test "state: a damaged file is not overwritten by login" {
    scene
    printf 'precious' >"$(state credentials.json)"
    run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
    expect_status 78
    expect_bytes precious "$(state credentials.json)"
}

@test "state: a file of a newer version is not changed" {
    scene
    local name content
    for name in "${both[@]}"; do
        for content in '{"version":2,"entries":[]}' '{"entries":{},"version":2}' '{"version":3}'; do
            printf '%s' "$content" >"$(state "$name")"
            read_state "$name"
            expect_failure 78 ".*$name: written by a newer version of the program; update this program, or remove the file"
            expect_requests
        done
    done
    run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
    expect_failure 78 '.*a newer version.*'
    run_chat logout
    expect_failure 78 '.*a newer version.*'
    expect_bytes "$content" "$(state credentials.json)"
    SIGMASIGHT_TOKEN=$TOKEN run_chat send -c "$ID" hi
    expect_status 0
    expect_line 'sigmasight-chat: warning: .*a newer version.*'
    expect_bytes "$content" "$(state conversations.json)"
}

@test "state: an empty file has no entries" {
    scene
    : >"$(state credentials.json)"
    run_chat whoami
    expect_failure 77 '.*no token.*'
    log_in
    run_chat whoami
    expect_status 0
}

@test "state: an invalid credentials file is ignored if the token has another source" {
    scene
    printf 'broken' >"$(state credentials.json)"
    SIGMASIGHT_TOKEN=$TOKEN run_chat send -c "$ID" hi
    expect_status 0
    expect_bytes '' "$ERR"
    expect_bytes broken "$(state credentials.json)"
}

@test "state: an invalid file of last conversations is a warning if it is only written" {
    scene
    printf 'broken' >"$(state conversations.json)"
    run_chat send -c "$ID" hi
    expect_status 0
    expect_bytes 'Hello\n'
    expect_line 'sigmasight-chat: warning: .*conversations\.json.*'
    expect_bytes broken "$(state conversations.json)"
}

@test "state: a directory that cannot be written is a warning for send" {
    serve_hello
    : >"$T/file"
    local place
    for place in "$T/file" /dev/null /proc/none; do
        XDG_STATE_HOME=$place run_chat send -c "$ID" hi
        expect_status 0
        expect_bytes 'Hello\n'
        expect_line "sigmasight-chat: warning: .*$place/sigmasight-chat.*"
        [ "$(wc -l <"$ERR")" -eq 1 ]
        XDG_STATE_HOME=$place run_chat send -q -c "$ID" hi
        expect_status 0
        expect_bytes '' "$ERR"
        XDG_STATE_HOME=$place run_chat send -j -c "$ID" hi
        expect_status 0
        expect_lines
        expect_jq 'map(select(.event == "client.warning" and (.data.message | contains("conversations.json")))) | length == 1'
    done
}

@test "state: a directory that cannot be written is a warning for send --continue" {
    serve_hello
    XDG_STATE_HOME=/dev/null run_chat send -C hi
    expect_status 0
    expect_bytes 'Hello\n'
    expect_line 'sigmasight-chat: warning: .*/dev/null/sigmasight-chat.*'
}

@test "state: without a home directory send works, with a warning" {
    serve_hello
    unset HOME XDG_STATE_HOME XDG_CONFIG_HOME
    run_chat send -c "$ID" hi
    expect_status 0
    expect_bytes 'Hello\n'
    expect_line 'sigmasight-chat: warning: .*HOME.*'
}

@test "state: login requires a writable directory" {
    serve_default
    XDG_STATE_HOME=/dev/null run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
    expect_failure 73 '.*/dev/null/sigmasight-chat/credentials\.json.*'
    expect_no "$PASSWORD" "$ERR"
}

@test "state: a full disk loses nothing" {
    scene
    cp "$(state credentials.json)" "$T/before"
    # The limit stands for the disk; a write beyond it fails.
    (
        limit_files 0
        exec "$CHAT" logout 2>&1
    ) </dev/null | cat >"$ERR"
    status=${PIPESTATUS[0]}
    expect_status 73
    cmp "$T/before" "$(state credentials.json)" >&2
    grep -q 'credentials.json' "$ERR"
    [ "$(find "$(state)" -name '*credentials.json.*' ! -name '*.lock' | wc -l)" -eq 0 ] || fail "a temporary file is left"
}

# --- one entry per profile and URL ---

@test "state: an entry for each profile and URL" {
    serve_default
    no_token
    echo '{"profiles":{"dev":{},"null":{}}}' | configure
    log_in none@example.com
    log_in dev@example.com --profile dev
    log_in null@example.com --profile null
    log_in host@example.com --url "http://localhost:$PORT/api/v1"
    [ "$(stored length)" -eq 4 ]
    local email
    for email in none dev null host; do
        local -a options=()
        case $email in
        dev | null) options=(--profile "$email") ;;
        host) options=(--url "http://localhost:$PORT/api/v1") ;;
        esac
        run_chat whoami -j "${options[@]}"
        expect_status 0
        [ "$(jq -r .account "$OUT")" = "$email@example.com" ] || fail "not $email"
    done
    run_chat logout --profile dev
    [ "$(stored 'map(.email) | sort | join(" ")')" = 'host@example.com none@example.com null@example.com' ]
    run_chat whoami --profile dev
    expect_failure 77
}

@test "state: login again replaces the entry" {
    serve_default
    no_token
    log_in one@example.com
    log_in two@example.com
    [ "$(stored length)" -eq 1 ]
    [ "$(stored '.[0].email')" = two@example.com ]
}

@test "state: a trailing slash of the URL makes no difference" {
    serve_default
    no_token
    log_in
    run_chat whoami --url "$SIGMASIGHT_URL/"
    expect_status 0
    log_in me@example.com --url "$SIGMASIGHT_URL//"
    [ "$(stored length)" -eq 1 ]
}

@test "state: a stored token is never sent to another origin" {
    serve_default
    no_token
    log_in
    local url
    for url in "http://localhost:$PORT/api/v1" "http://127.0.0.2:$PORT/api/v1" "http://127.0.0.1:1/api/v1" \
        "https://127.0.0.1:$PORT/api/v1"; do
        for command in 'send hi' whoami conversations 'conversations new'; do
            # shellcheck disable=SC2086 # words
            run_chat $command --url "$url"
            expect_failure 77 '.*no token.*'
        done
        run_chat logout --url "$url"
        expect_line 'No login is stored for .*'
    done
    expect_requests
}

@test "state: a stored token is not sent when the URL of a profile has changed" {
    serve_default
    no_token
    jq -n --arg url "$SIGMASIGHT_URL" '{profiles: {dev: {url: $url}}}' | configure
    unset SIGMASIGHT_URL
    log_in me@example.com --profile dev
    jq -n --arg url "http://localhost:$PORT/api/v1" '{profiles: {dev: {url: $url}}}' | configure
    run_chat send --profile dev hi
    expect_failure 77 '.*no token.*'
    expect_requests
}

@test "state: a token of the environment or of a file goes to the URL that is given" {
    serve_default
    run_chat whoami --url "http://localhost:$PORT/api/v1"
    expect_status 0
    no_token
    run_chat whoami --url "http://localhost:$PORT/api/v1" --token-file <(echo "$TOKEN")
    expect_status 0
    expect_requests 'GET /auth/me' 'GET /auth/me'
}

@test "state: unknown members are kept in the other entries" {
    serve_default
    no_token
    log_in
    change_stored '. + [{profile: "p\u00e4", url: "https://other/api/v1", token: "t", future: {"a": [1.50, "é"]}}]'
    log_in two@example.com
    [ "$(stored 'length')" -eq 2 ]
    [ "$(stored 'map(select(.url == "https://other/api/v1")) | .[0] | "\(.profile) \(.token) \(.future.a[1])"')" = 'pä t é' ]
}

# --- many at once ---

# A configuration with so many profiles, p1, p2 and so on.
profiles()
{
    jq -n --argjson n "$1" '{profiles: ([range(1; $n + 1) | {key: "p\(.)", value: {}}] | from_entries)}' | configure
}

# All of the processes that were started in the background.
await_all()
{
    local process
    for process in "${started[@]}"; do
        wait "$process" || fail "a process failed: $(cat "$T"/err.*)"
    done
    started=()
}

@test "state: 20 processes log in concurrently, and nothing is lost" {
    serve_default
    no_token
    profiles 20
    started=()
    for n in $(seq 20); do
        "$CHAT" login --profile "p$n" --email "u$n@example.com" --password-stdin <<<"$PASSWORD" >"$T/out.$n" 2>"$T/err.$n" 3>&- &
        started+=("$!")
    done
    await_all
    [ "$(stored length)" -eq 20 ]
    [ "$(stored 'map("\(.profile) \(.email)") | sort | unique | length')" -eq 20 ]
    [ "$(stored 'map(select(.email == "u" + .profile[1:] + "@example.com")) | length')" -eq 20 ]
    [ "$(find "$(state)" -type f | wc -l)" -eq 2 ] || fail "unexpected files: $(ls -A "$(state)")"
    [ "$(stat -c %a "$(state credentials.json)")" = 600 ]
}

@test "state: 20 processes log in to one account concurrently" {
    serve_default
    no_token
    started=()
    for n in $(seq 20); do
        "$CHAT" login --email "u$n@example.com" --password-stdin <<<"$PASSWORD" >"$T/out.$n" 2>"$T/err.$n" 3>&- &
        started+=("$!")
    done
    await_all
    [ "$(stored length)" -eq 1 ]
    forget_requests
    run_chat whoami
    expect_status 0
}

@test "state: 20 processes refresh, continue, log in and log out concurrently" {
    serve_hello
    no_token
    profiles 20
    local n
    # The result of 20 logins, one after the other.
    log_in me@example.com --profile p1
    # shellcheck disable=SC2016 # jq expands
    change_stored 'map(. as $one | range(1; 21) | . as $n | $one + {profile: "p\($n)"})'
    age 86400 100
    started=()
    for n in $(seq 20); do
        case $((n % 4)) in
        0) "$CHAT" logout --profile "p$n" ;;
        1) "$CHAT" login --profile "p$n" --email "u$n@example.com" --password-stdin <<<"$PASSWORD" ;;
        *) "$CHAT" send -C --profile "p$n" hi ;;
        esac >"$T/out.$n" 2>"$T/err.$n" 3>&- &
        started+=("$!")
    done
    await_all
    # Of four profiles one has logged out, one has another account, and two have a fresh token.
    # shellcheck disable=SC2016 # jq expands
    stored 'map((.profile[1:] | tonumber) as $n | select(($n % 4 == 1 and .email == "u\($n)@example.com") or
        ($n % 4 > 1 and .email == "me@example.com" and .expires_at - now > 1000))) | length' >"$T/good"
    expect_bytes '15\n' "$T/good"
    [ "$(stored length)" -eq 15 ]
    [ "$(jq '.entries | map(.profile) | unique | length' "$(state conversations.json)")" -eq 10 ]
    [ "$(jq '.entries | map(.conversation_id) | unique | length' "$(state conversations.json)")" -eq 10 ]
}

@test "state: readers see complete files while others write" {
    serve_hello
    no_token
    log_in
    started=()
    for n in $(seq 10); do
        "$CHAT" login --email "u$n@example.com" --password-stdin <<<"$PASSWORD" >"$T/out.$n" 2>"$T/err.$n" 3>&- &
        started+=("$!")
        "$CHAT" whoami >"$T/out.r$n" 2>"$T/err.r$n" 3>&- &
        started+=("$!")
    done
    await_all
}

@test "state: a leftover lock file has no effect" {
    scene
    [ -e "$(state credentials.json.lock)" ]
    log_in two@example.com
    [ "$(stored '.[0].email')" = two@example.com ]
}

@test "state: the lock is not held while waiting for the server" {
    serve <<<$'on POST /auth/login once\ngate asked\nbody {"access_token":"first"}\n\non GET /auth/me\nbody {}'
    no_token
    printf '%s\n' "$PASSWORD" >"$T/password"
    launch "$CHAT" login --email one@example.com --password-stdin <"$T/password" >"$T/one.out" 2>"$T/one.err"
    await_gate asked
    log_in two@example.com
    [ "$(stored '.[0].email')" = two@example.com ]
    open_gate asked
    await_end
    expect_status 0
    [ "$(stored '.[0].token')" = first ]
}

# --- a lock that another process keeps ---

# occupy NAME: another process has the lock of that file for as long as the test runs, and writes to $T/wanted when
# another process opens it to take the lock. (The descriptors of the program itself cannot be examined.)
occupy()
{
    component "$1" locked python3 -c '
import ctypes, fcntl, os, sys
IN_OPEN = 0x20
libc = ctypes.CDLL(None)
with open(sys.argv[1], "a") as lock, open(sys.argv[2], "ab", 0) as wanted:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    watch = libc.inotify_init()
    assert libc.inotify_add_watch(watch, os.fsencode(sys.argv[1]), IN_OPEN) >= 0
    print("locked", flush=True)
    while os.read(watch, 65536):
        wanted.write(b".")' "$(state "$1.lock")" "$T/wanted"
}

# interrupted SIGNAL ARGUMENT...: the signal ends the program while it waits for a lock, without a message.
interrupted()
{
    local signal=$1
    shift
    : >"$T/wanted"
    launch "$CHAT" "$@" <"$T/password" >"$OUT" 2>"$ERR"
    await test -s "$T/wanted"
    kill -s "$signal" "$PID"
    await_end 2
    expect_signal "$signal"
    expect_bytes '' "$ERR"
}

# As scene, with a last conversation in $last that exists at the server.
crowded_scene()
{
    scene
    run_chat send hi
    expect_status 0
    last=$(jq -r '.entries[0].conversation_id' "$(state conversations.json)")
    printf '%s\n' "$PASSWORD" >"$T/password"
    occupy conversations.json
    occupy credentials.json
}

@test "state: a signal while another process has the lock" {
    local last signal
    crowded_scene
    for signal in INT TERM HUP; do
        interrupted "$signal" send -c "$ID" hi
        expect_bytes 'Hello\n'
        interrupted "$signal" send -j -c "$ID" hi
        expect_lines
        expect_close ".status == \"cancelled\" and .exit_code == 128 + $(kill -l "$signal")"
        expect_jq 'map(.event) | index("client.warning") | not'
    done
    interrupted INT login --email me@example.com --password-stdin
    interrupted INT logout
    interrupted INT conversations delete "$last"
    forget_requests
    age 86400 100
    interrupted INT send -c "$ID" hi
    expect_requests 'POST /auth/refresh'
}

@test "state: the wait for a lock is limited" {
    local last command
    crowded_scene
    local -A ended=([login]=73 [logout]=73 [send]=0 [lines]=0 [delete]=0) running=()
    "$CHAT" login --email me@example.com --password-stdin <"$T/password" >"$T/login" 2>&1 3>&- &
    running[login]=$!
    "$CHAT" logout >"$T/logout" 2>&1 3>&- &
    running[logout]=$!
    "$CHAT" send -c "$ID" hi >"$T/send" 2>&1 3>&- &
    running[send]=$!
    "$CHAT" send -j -c "$ID" hi >"$T/lines" 2>"$T/notes" 3>&- &
    running[lines]=$!
    "$CHAT" conversations delete "$last" >"$T/delete" 2>&1 3>&- &
    running[delete]=$!
    for command in "${!running[@]}"; do
        status=0
        wait "${running[$command]}" || status=$?
        [ "$status" -eq "${ended[$command]}" ] || fail "$command: status $status, $(cat "$T/$command")"
    done
    for command in login logout; do
        expect_line "sigmasight-chat: cannot write .*/credentials\.json: locked by another process" "$T/$command"
        [ "$(wc -l <"$T/$command")" -eq 1 ]
    done
    local warning="sigmasight-chat: warning: cannot write .*/conversations\.json: locked by another process"
    for command in send delete notes; do
        expect_line "$warning" "$T/$command"
    done
    expect_lines "$T/lines"
    expect_jq 'map(select(.event == "client.warning" and (.data.message | contains("locked")))) | length == 1' "$T/lines"
    expect_close '.status == "done"' "$T/lines"
}
