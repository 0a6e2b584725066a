#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# login, logout, whoami; the sources, the renewal and the secrecy of tokens.

# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load helper
load accounts

web_login="this server requires a token of its web login: set token_command"

# A JSON Web Token with these claims.
jwt()
{
    printf 'eyJhbGciOiJIUzI1NiJ9.%s.c2lnbmF0dXJl' "$(printf %s "$1" | base64 -w 0 | tr '+/' '-_' | tr -d =)"
}

# expect_no_secret: no output or file contains the password or a token.
expect_no_secret()
{
    local secret
    # shellcheck disable=SC2153 # that is how they are spelled
    for secret in "$PASSWORD" hunter2 "$TOKEN" "$@"; do
        expect_no "$secret" "$OUT" "$ERR"
    done
}

# The beginning of the claims of every JWT.
jwt_head=eyJ

# --- login ---

# After log_in: no token can be stored.
prevent_storing()
{
    rm "$(state credentials.json.lock)"
    mkdir "$(state credentials.json.lock)"
}

@test "login: --email and --password-stdin" {
    for generation in 1 2; do
        serve_default --generation "$generation"
        run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
        expect_status 0
        expect_bytes ''
        expect_line "Logged in to $SIGMASIGHT_URL as me@example.com."
        expect_requests 'POST /auth/login' 'GET /auth/me'
        expect_body 1 ". == {email: \"me@example.com\", password: $(jq -n --arg p "$PASSWORD" '$p')}"
        [ -z "$(header authorization 1)" ]
        [ "Bearer $(stored '.[0].token')" = "$(header authorization 2)" ]
        no_token
        run_chat send hi
        expect_status 0
        stop_server
        rm -r "$DUMP" "$T/announcement" "$T/port" "$XDG_STATE_HOME"
        mkdir "$DUMP"
    done
}

@test "login: the password is the first line, including blanks" {
    serve_default
    local password
    for password in ' blanks ' 'ünï✓' "'\"\\\$(x)" '--help'; do
        run_chat login --email me@example.com --password-stdin < <(printf '%s\nrest\n' "$password")
        expect_status 0
        [ "$(last_body_of 'POST /api/v1/auth/login' | jq -r .password)" = "$password" ] || fail "not: $password"
    done
}

@test "login: the password may end without a line terminator, or in CR LF" {
    serve_default
    local ending
    for ending in '' '\r\n'; do
        run_chat login --email me@example.com --password-stdin < <(printf 'hunter2%b' "$ending")
        expect_status 0
        [ "$(last_body_of 'POST /api/v1/auth/login' | jq -r .password)" = hunter2 ]
    done
}

@test "login: a password with a NUL byte is not sent" {
    serve_default
    run_chat login --email me@example.com --password-stdin < <(printf 'hunter2\0more\n')
    expect_failure 65 '.*the password contains a NUL character'
    expect_no /auth/login "$DUMP/log"
}

@test "login: a wrong password" {
    serve_default
    run_chat login --email me@example.com --password-stdin <<<wrong
    expect_failure 77 '.*cannot log in: Incorrect email or password.*'
    expect_requests 'POST /auth/login'
    [ ! -e "$(state credentials.json)" ]
}

@test "login: a wrong password does not remove the stored token" {
    serve_default
    no_token
    log_in
    local before
    before=$(stored '.[0].token')
    run_chat login --email me@example.com --password-stdin <<<wrong
    expect_status 77
    [ "$(stored '.[0].token')" = "$before" ]
}

@test "login: an empty password is not sent" {
    serve_default
    for input in '' '\n' '\nhunter2\n'; do
        run_chat login --email me@example.com --password-stdin < <(printf %b "$input")
        expect_failure 77 '.*password is empty.*'
    done
    expect_requests
}

@test "login: shows the server's message for an invalid address" {
    serve_default
    run_chat login --email nobody --password-stdin <<<hunter2
    expect_failure 65 '.*email: value is not a valid email address.*'
    expect_no_secret
}

@test "login: without a terminal, a hint at the alternatives" {
    serve_default
    run_without_terminal login
    expect_status 64
    expect_line 'sigmasight-chat: .*terminal.*--email.*--password-stdin.*'
    run_without_terminal login --email me@example.com
    expect_status 64
    expect_requests
}

# As run_chat, without a controlling terminal.
run_without_terminal()
{
    status=0
    setsid -w "$CHAT" "$@" </dev/null >"$OUT" 2>"$ERR" || status=$?
}

@test "login: prompts on the terminal, for the password without echo" {
    serve_default
    at_terminal wait 'Email: ' echo on type 'me@example.com\n' wait 'Password: ' echo off type 'hunter2\n' \
        wait 'Logged in' -- "$CHAT" login
    expect_bytes 'exit 0\necho on\n'
    grep -q 'me@example.com' "$T/screen"
    expect_no hunter2 "$T/screen"
    expect_body 2 '. == {email: "me@example.com", password: "hunter2"}'
}

@test "login: with --email only the password is asked for" {
    serve_default
    at_terminal wait 'Password: ' echo off type 'hunter2\n' wait 'Logged in' -- "$CHAT" login --email me@example.com
    expect_bytes 'exit 0\necho on\n'
    expect_no 'Email' "$T/screen"
    expect_body 2 '. == {email: "me@example.com", password: "hunter2"}'
}

@test "login: prompts on the terminal even if input and output are redirected" {
    serve_default
    # shellcheck disable=SC2016 # the inner shell expands
    at_terminal wait 'Email: ' type 'me@example.com\n' wait 'Password: ' echo off type 'hunter2\n' -- \
        sh -c '"$CHAT" login </dev/null >"$0" 2>"$1"' "$T/login.out" "$T/login.err"
    expect_bytes 'exit 0\necho on\n'
    expect_bytes '' "$T/login.out"
    expect_line "Logged in to $SIGMASIGHT_URL as me@example.com." "$T/login.err"
}

@test "login: echo is restored after Control-C at any time" {
    serve_default
    at_terminal wait 'Email: ' type '\x03' -- "$CHAT" login
    expect_bytes 'signal 2\necho on\n'
    at_terminal wait 'Email: ' type 'me@example.com\n' wait 'Password: ' echo off type 'hunt\x03' -- "$CHAT" login
    expect_bytes 'signal 2\necho on\n'
    expect_no hunt "$T/screen"
    [ "$(count_requests 'POST .*')" -eq 0 ]
}

# The call that restores the echo is interrupted once.
@test "login: echo is restored even if a signal interrupts that" {
    serve_default
    make_preload interrupt <<'END_OF_C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <termios.h>
int tcsetattr(int fd, int actions, const struct termios *modes)
{
    static int interrupted;
    int (*next)(int, int, const struct termios *) =
        (int (*)(int, int, const struct termios *))dlsym(RTLD_NEXT, "tcsetattr");
    if ((modes->c_lflag & ECHO) && !interrupted) {
        interrupted = 1;
        errno = EINTR;
        return -1;
    }
    return next(fd, actions, modes);
}
END_OF_C
    at_terminal wait 'Password: ' echo off type 'hunt\x03' -- \
        env LD_PRELOAD="$T/interrupt.so" "$CHAT" login --email me@example.com
    expect_bytes 'signal 2\necho on\n'
}

@test "login: echo is restored after SIGTERM and SIGHUP" {
    serve_default
    local name
    for name in TERM HUP; do
        at_terminal wait 'Password: ' echo off type 'hunt' kill "$name" -- "$CHAT" login --email me@example.com
        expect_bytes "signal $(kill -l "$name")\necho on\n"
    done
    [ "$(count_requests 'POST .*')" -eq 0 ]
}

@test "login: Control-Z restores echo, and fg prompts again without echo" {
    serve_default
    # shellcheck disable=SC2016 # the inner shell expands
    at_terminal wait 'Password: ' echo off type 'hun' type '\x1a' wait 'in the shell' echo on type '\n' \
        wait 'Password: ' echo off type 'hunter2\n' wait 'Logged in' -- \
        bash -c 'set -m; "$CHAT" login --email me@example.com; echo in the shell; read -r _; fg'
    expect_bytes 'exit 0\necho on\n'
    expect_no hun "$T/screen"
    expect_body 2 '.password == "hunter2"'
}

@test "login: echo is restored after Control-\\" {
    serve_default
    at_terminal wait 'Password: ' echo off type 'hunt' type '\x1c' -- "$CHAT" login --email me@example.com
    expect_bytes "signal 3\necho on\n"
    expect_no hunt "$T/screen"
    [ "$(count_requests 'POST .*')" -eq 0 ]
}

@test "login: Control-D instead of a password" {
    serve_default
    at_terminal wait 'Password: ' echo off type '\x04' wait sigmasight-chat: -- "$CHAT" login --email me@example.com
    grep -q -x 'echo on' "$OUT"
    expect_no 'exit 0' "$OUT"
    [ "$(count_requests 'POST .*')" -eq 0 ]
}

@test "login: an empty email is not sent, and no password is asked for" {
    serve_default
    local typed
    for typed in '\n' ' \n'; do
        at_terminal wait 'Email: ' type "$typed" wait sigmasight-chat: -- "$CHAT" login
        expect_line 'exit 77' "$OUT"
        tr -d '\r' <"$T/screen" >"$T/lines"
        expect_line 'sigmasight-chat: cannot log in: the email is empty' "$T/lines"
        expect_no Password "$T/screen"
    done
    run_chat login --email ' ' --password-stdin <<<"$PASSWORD"
    expect_failure 77 'cannot log in: the email is empty'
    [ "$(count_requests 'POST .*')" -eq 0 ]
}

@test "login: Control-D instead of an email ends the line of the prompt" {
    serve_default
    at_terminal wait 'Email: ' type '\x04' wait sigmasight-chat: -- "$CHAT" login
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_line 'Email: ' "$T/lines"
    expect_line 'sigmasight-chat: cannot log in: no email was entered' "$T/lines"
    expect_no "$(strerror ENODATA)" "$T/screen"
    # A line that is ended by Control-D is complete.
    at_terminal wait 'Email: ' type 'me\x04\x04' wait 'Password: ' type '\x04' wait sigmasight-chat: -- "$CHAT" login
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_line 'Email: me' "$T/lines"
    expect_line 'Password: ' "$T/lines"
    expect_line 'sigmasight-chat: cannot log in: no password was entered' "$T/lines"
}

@test "login: SIGMASIGHT_EMAIL and SIGMASIGHT_PASSWORD replace prompts; the command line overrides them" {
    serve_default
    export SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=from-environment
    run_without_terminal login
    expect_status 0
    expect_body 1 '. == {email: "env@example.com", password: "from-environment"}'
    run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
    expect_status 0
    expect_body 3 ". == {email: \"me@example.com\", password: $(jq -n --arg p "$PASSWORD" '$p')}"
}

@test "login: a signal while waiting for the server stores nothing" {
    serve <<<$'on POST /auth/login\ngate asked\nbody {"access_token":"late"}'
    printf '%s\n' "$PASSWORD" >"$T/password"
    launch "$CHAT" login --email me@example.com --password-stdin <"$T/password" >"$OUT" 2>"$ERR"
    await_gate asked
    kill -INT "$PID"
    await_end
    expect_signal INT
    [ ! -e "$(state credentials.json)" ]
}

@test "login: an answer without a token" {
    for answer in '{}' '[]' 'no JSON' '{"access_token":null}' '{"access_token":""}'; do
        serve <<<"on POST /auth/login
body $answer"
        run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
        expect_failure 76
        [ ! -e "$(state credentials.json)" ]
        stop_server
        rm -r "$T/announcement" "$T/port"
    done
}

@test "login: a token that is invalid in a header is refused" {
    serve <<<'on POST /auth/login
body {"access_token":"two\\nlines: of\\u0001it"}'
    run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
    [ "$status" -ne 0 ] || fail "the token was accepted"
    [ ! -e "$(state credentials.json)" ]
    expect_requests 'POST /auth/login'
}

@test "login: a server that requires tokens of its web login" {
    serve_default --web-tokens --generation 2
    run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
    expect_failure 77 ".*$web_login.*"
    expect_no_secret "$jwt_head"
    [ ! -e "$(state credentials.json)" ]
}

@test "login, logout, whoami, config: unexpected operands are refused" {
    serve_default
    for command in login logout whoami config; do
        run_chat "$command" hunter2 </dev/null
        expect_status 64
        expect_no hunter2 "$OUT"
    done
    expect_requests
}

# --- logout ---

@test "login: a warning if another source of a token takes precedence" {
    serve_default
    no_token
    token_command "cat $T/token"
    run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
    expect_status 0
    expect_line '.*warning: token_command is set and takes precedence over the login'
    rm "$(config)"
    echo "$TOKEN" >"$T/token"
    run_chat login --email me@example.com --password-stdin --token-file "$T/token" <<<"$PASSWORD"
    expect_status 0
    expect_line '.*warning: token-file is set and takes precedence over the login'
    run_chat login -q --email me@example.com --password-stdin --token-file "$T/token" <<<"$PASSWORD"
    expect_status 0
    expect_bytes '' "$ERR"
}

@test "logout: deletes the token and notifies the server" {
    serve_default
    no_token
    log_in
    local token
    token=$(stored '.[0].token')
    run_chat logout
    expect_status 0
    expect_bytes ''
    expect_line "Logged out of $SIGMASIGHT_URL."
    expect_requests 'POST /auth/logout'
    [ "$(tokens_of 'POST /api/v1/auth/logout')" = "$token" ]
    expect_no "$token" "$(state credentials.json)"
    forget_requests
    run_chat send hi
    expect_failure 77 ".*no token.*sigmasight-chat login.*"
    expect_requests
}

@test "logout: affects the stored token, not that of the environment" {
    serve_default
    log_in
    local token
    token=$(stored '.[0].token')
    run_chat logout
    expect_status 0
    [ "$(tokens_of 'POST /api/v1/auth/logout')" = "$token" ]
    [ "$(stored length)" -eq 0 ]
}

@test "logout: without a login there is nothing to do" {
    serve_default
    no_token
    run_chat logout
    expect_status 0
    expect_line "No login is stored for $SIGMASIGHT_URL."
    expect_requests
}

@test "logout: the token is deleted even if the server fails or cannot be reached" {
    serve <<<$'on POST /auth/logout\nstatus 500\nbody {"detail":"Not today"}'
    no_token
    log_in
    run_chat logout
    expect_status 0
    expect_line 'sigmasight-chat: warning: .*Not today.*'
    [ "$(stored length)" -eq 0 ]
    log_in
    stop_server
    run_chat logout
    expect_status 0
    [ "$(stored length)" -eq 0 ]
}

@test "logout: a signal while waiting for the server; the token is deleted" {
    serve <<<$'on POST /auth/login\nbody {"access_token":"a"}\non GET /auth/me\nbody {}\non POST /auth/logout\ngate asked'
    log_in
    launch "$CHAT" logout </dev/null >"$OUT" 2>"$ERR"
    await_gate asked
    kill -INT "$PID"
    await_end
    expect_signal INT
    expect_line 'Logged out of .*'
    [ "$(stored length)" -eq 0 ]
}

@test "logout: an expired token is deleted silently" {
    serve <<<$'on POST /auth/logout\nstatus 401\nbody {"detail":"Could not validate credentials"}'
    no_token
    log_in
    run_chat logout
    expect_status 0
    expect_bytes "Logged out of $SIGMASIGHT_URL.\n" "$ERR"
    [ "$(stored length)" -eq 0 ]
}

@test "login, logout: -q prints nothing" {
    serve_default
    run_chat login -q --email me@example.com --password-stdin <<<"$PASSWORD"
    expect_status 0
    expect_bytes ''
    expect_bytes '' "$ERR"
    run_chat logout -q
    expect_status 0
    expect_bytes ''
    expect_bytes '' "$ERR"
}

# --- whoami ---

# The value of a row of whoami, in a pipe.
row()
{
    awk -F '\t' -v name="$1" '$1 == name { print $2 }' "$OUT"
}

@test "whoami: the account, the URL, the source, the file and the expiry, but not the token" {
    for generation in 1 2; do
        serve_default --token-life 7200 --generation "$generation"
        no_token
        log_in jane_doe@example.com
        run_chat whoami
        expect_status 0
        expect_bytes '' "$ERR"
        [ "$(row account)" = jane_doe@example.com ]
        [ "$(row name)" = 'Jane Doe' ]
        [ "$(row url)" = "$SIGMASIGHT_URL" ]
        [ "$(row token)" = login ]
        [ "$(row file)" = "$(state credentials.json)" ]
        [ "$(date -u -d "$(row expires)" +%s)" -eq "$(stored '.[0].expires_at')" ]
        expect_no "$(stored '.[0].token')" "$OUT"
        expect_no "$jwt_head" "$OUT"
        stop_server
        rm -r "$T/announcement" "$T/port" "$XDG_STATE_HOME"
    done
}

@test "whoami: JSON" {
    serve_default
    no_token
    log_in
    run_chat whoami -j
    expect_status 0
    [ "$(wc -l <"$OUT")" -eq 1 ]
    jq -e --arg url "$SIGMASIGHT_URL" --arg file "$(state credentials.json)" \
        '.account == "me@example.com" and .url == $url and .file == $file and .token == "login"' "$OUT"
    expect_no "$jwt_head" "$OUT"
}

@test "whoami: tier, limits and use, if the server sends them" {
    serve_default --generation 2 --portfolios 2
    run_chat send hello
    run_chat whoami -j
    expect_status 0
    expect_jq '.[0] | .tier == "paid" and .portfolio_count == 2 and .max_portfolios == 10 and .max_ai_messages == 1000
        and .ai_messages_used == 1 and .ai_messages_remaining == 999'
    run_chat whoami
    expect_line 'tier	paid' "$OUT"
    expect_line 'ai_messages_remaining	999' "$OUT"
}

@test "whoami: limits in limits" {
    serve <<'END'
on GET /auth/me
body {"email":"me@example.com","limits":
fill 450000 {"limits":
body 1
fill 45000 }
body ,"tier":"paid"}
END
    run_chat whoami
    expect_status 0
    expect_line 'account	me@example.com' "$OUT"
    expect_line 'tier	paid' "$OUT"
}

@test "whoami: aligned at a terminal" {
    serve_default
    at_terminal -- "$CHAT" whoami
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_no $'\t' "$T/lines"
    expect_line 'account  +demo@sigmasight\.example' "$T/lines"
    [ "$(sed -E 's/^([a-z]+ +).*/\1/' "$T/lines" | awk '{ print length }' | sort -u | wc -l)" -eq 1 ] ||
        fail "not aligned: $(cat "$T/lines")"
}

@test "whoami: the profile" {
    serve_default
    no_token
    echo '{"profiles":{"dev":{}}}' | configure
    log_in me@example.com --profile dev
    run_chat whoami --profile dev
    expect_status 0
    [ "$(row profile)" = dev ]
}

@test "whoami: the expiry of a JSON Web Token that is not from login" {
    local token
    token=$(jwt '{"sub":"1","exp":4102444800}')
    serve_default --token "$token"
    SIGMASIGHT_TOKEN=$token run_chat whoami
    expect_status 0
    [ "$(row expires)" = 2100-01-01T00:00:00Z ]
    expect_no "$token" "$OUT"
    TZ=UTC-1:30 SIGMASIGHT_TOKEN=$token at_terminal -- "$CHAT" whoami
    grep -q 'expires  *2100-01-01 01:30' "$T/screen" || fail "the time is not local"
}

@test "whoami: without a token" {
    serve_default
    no_token
    run_chat whoami
    expect_failure 77 ".*no token.*sigmasight-chat login.*"
    expect_requests
}

@test "whoami: a response that is not an account" {
    local body
    for body in '[]' '"me"' '{"email":' 'me'; do
        serve <<<$'on GET /auth/me\n'"body $body"
        run_chat whoami
        expect_failure 76 '.*cannot show the account: the response is not an account.*'
        stop_server
        rm -r "$T/announcement" "$T/port"
    done
}

@test "whoami: output that cannot be written" {
    serve_default
    status=0
    "$CHAT" whoami >/dev/full 2>"$ERR" || status=$?
    expect_status 74
}

# --- the sources of a token ---

@test "token: the order of the sources" {
    serve_default --token of-the-file --token of-the-variable --token of-the-command
    log_in stored@example.com
    echo of-the-file >"$T/token"
    export SIGMASIGHT_TOKEN=of-the-variable SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=hunter2
    token_command 'echo of-the-command'

    run_chat whoami --token-file "$T/token"
    expect_status 0
    [ "$(row token)" = "--token-file $T/token" ]
    expect_no_secret of-the-file
    run_chat whoami
    expect_status 0
    [ "$(row token)" = SIGMASIGHT_TOKEN ]
    expect_no_secret of-the-variable
    local empty
    for empty in '' ' ' $'\xef\xbb\xbf\n'; do
        SIGMASIGHT_TOKEN=$empty run_chat whoami
        expect_status 0
        [ "$(row token)" = token_command ]
    done
    expect_no_secret of-the-command
    tokens_of 'GET /api/v1/auth/me' | sed 1d >"$T/tokens"
    expect_bytes 'of-the-file\nof-the-variable\nof-the-command\nof-the-command\nof-the-command\n' "$T/tokens"

    rm "$(config)"
    no_token
    run_chat whoami
    expect_status 0
    [ "$(row token)" = login ]
    [ "$(row account)" = stored@example.com ]
    run_chat logout
    run_chat whoami
    expect_status 0
    [ "$(row token)" = 'SIGMASIGHT_EMAIL and SIGMASIGHT_PASSWORD' ]
    [ "$(row account)" = env@example.com ]
    [ -z "$(row file)" ]
    expect_no_secret "$jwt_head"
    unset SIGMASIGHT_PASSWORD
    run_chat whoami
    expect_failure 77
}

@test "token: a login from the environment is not stored" {
    serve_default
    no_token
    export SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=hunter2
    run_chat send --ephemeral hi
    expect_status 0
    requests >"$T/calls"
    [ "$(head -n 1 "$T/calls")" = 'POST /auth/login' ]
    [ "$(count_requests 'POST /auth/login')" -eq 1 ]
    [ ! -e "$(state credentials.json)" ]
    [ -z "$(find "$T/home" "$XDG_STATE_HOME" -type f -exec grep -l -e eyJ -e hunter2 {} + 2>/dev/null)" ]
}

@test "token: the login from the environment needs no home directory" {
    serve_default
    no_token
    export SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=hunter2
    unset HOME XDG_STATE_HOME XDG_CONFIG_HOME
    run_chat send --ephemeral hi
    expect_status 0
}

@test "token: the login from the environment is refused" {
    serve_default
    no_token
    SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=wrong run_chat send hi
    expect_failure 77 '.*Incorrect email or password.*'
    expect_requests 'POST /auth/login'
}

@test "token: --token-file takes the first line, also of a pipe" {
    serve_hello
    no_token
    printf '%s \r\nrest\n' "$TOKEN" >"$T/token"
    run_chat send -c "$ID" --token-file "$T/token" hi
    expect_status 0
    run_chat send -c "$ID" --token-file <(printf %s "$TOKEN") hi
    expect_status 0
    tokens_of 'POST /api/v1/chat/send' >"$T/tokens"
    expect_bytes "$TOKEN\n$TOKEN\n" "$T/tokens"
}

@test "token: a token file that cannot be read is 66, one without a token 77" {
    serve_default
    run_chat send --token-file "$T/none" hi
    expect_failure 66 ".*$T/none.*"
    run_chat send --token-file "$T" hi
    expect_failure 66 ".*$T.*"
    : >"$T/token"
    run_chat send --token-file "$T/token" hi
    expect_failure 77 ".*$T/token.*"
    expect_requests
}

@test "token: an invalid token is neither sent nor shown" {
    serve_default
    local token
    for token in 'sec ret' $'sec\tret' 'sécret' $'sec\x01ret' $'sec\x7fret'; do
        SIGMASIGHT_TOKEN=$token run_chat send hi
        expect_failure 77 '.*SIGMASIGHT_TOKEN.*'
        expect_no "$token" "$ERR"
        printf '%s\n' "$token" >"$T/token"
        run_chat send --token-file "$T/token" hi
        expect_failure 77
        expect_no "$token" "$ERR"
    done
    expect_requests
}

# --- token_command ---

@test "token_command: the first line of its output, once for all calls of a command" {
    serve_default
    no_token
    token_command "echo run >>$T/runs; printf '%s \r\nsecond line\n' $TOKEN"
    run_chat send hi
    expect_status 0
    expect_bytes 'run\n' "$T/runs"
    tokens_of '[A-Z]* /api/v1/.*' | sort -u >"$T/tokens"
    expect_bytes "$TOKEN\n" "$T/tokens"
}

@test "token_command: sh runs it" {
    serve_hello
    no_token
    token_command "x=\$(printf %s ${TOKEN%-*}); set -- \"\$x\" ${TOKEN##*-}; (IFS=-; echo \"\$*\") | cat"
    run_chat send -c "$ID" hi
    expect_status 0
}

@test "token_command: its standard input is empty, that of the program is not read" {
    serve_hello
    no_token
    token_command "cat >$T/input; echo $TOKEN"
    { run_chat send -c "$ID" hi && cat >"$T/left"; } <<<'not for you'
    expect_status 0
    expect_bytes '' "$T/input"
    expect_bytes 'not for you\n' "$T/left"
    run_chat send -c "$ID" <<<'the message'
    expect_status 0
    [ "$(body 2 | jq -r .text)" = 'the message' ]
}

@test "token_command: its environment has no secrets, but everything else" {
    serve_hello
    token_command "env >$T/environment; echo $TOKEN"
    export SIGMASIGHT_TOKEN='' SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=hunter2 OF_MINE=here
    run_chat send -c "$ID" hi
    expect_status 0
    expect_no hunter2 "$T/environment"
    expect_no SIGMASIGHT_TOKEN "$T/environment"
    expect_no SIGMASIGHT_PASSWORD "$T/environment"
    expect_line 'OF_MINE=here' "$T/environment"
    expect_line "HOME=$HOME" "$T/environment"
}

@test "token_command: its standard error is shown" {
    serve_hello
    no_token
    token_command "echo 'Touch your key.' >&2; echo $TOKEN"
    run_chat send -c "$ID" hi
    expect_status 0
    expect_bytes 'Hello\n'
    expect_bytes 'Touch your key.\n' "$ERR"
}

@test "token_command: in a process group of its own" {
    serve_hello
    no_token
    token_command "echo \$\$ >$T/process; ps -o pgid= -p \$\$ >$T/group; echo $TOKEN"
    run_chat send -c "$ID" hi
    expect_status 0
    [ "$(($(cat "$T/process")))" -eq "$(($(cat "$T/group")))" ]
}

@test "token_command: inherits no descriptors of the program or its caller" {
    serve_hello
    no_token
    token_command "ls /proc/self/fd >$T/descriptors; echo $TOKEN"
    run_chat send -c "$ID" --record "$T/record" --events-fd 8 hi 7<"$T" 8>"$T/events" 9<"$T"
    expect_status 0
    expect_bytes '0\n1\n2\n3\n' "$T/descriptors"
}

@test "token_command: a child that keeps its output open is not waited for" {
    serve_hello
    no_token
    local command
    mkfifo "$T/never"
    for command in "cat $T/never & echo $TOKEN" "cat $T/never & printf %s $TOKEN"; do
        token_command "$command"
        launch "$CHAT" send -q -c "$ID" hi </dev/null >"$OUT" 2>"$ERR"
        await_end
        : >"$T/never"
        expect_status 0
        expect_bytes 'Hello\n'
    done
}

@test "token_command: lines after the first are ignored, however many" {
    serve_hello
    no_token
    local command
    for command in "echo $TOKEN; echo second; echo third" "echo $TOKEN; yes" "echo $TOKEN; exec yes" \
        "trap '' PIPE; echo $TOKEN; while :; do echo more 2>/dev/null; done"; do
        token_command "$command"
        launch "$CHAT" send -q -c "$ID" hi </dev/null >"$OUT" 2>"$ERR"
        await_end
        expect_status 0
        expect_bytes 'Hello\n'
        expect_bytes '' "$ERR"
    done
    # After a few more lines the status still counts.
    token_command "echo $TOKEN; seq 1000; exit 3"
    run_chat send -c "$ID" hi
    expect_failure 77 '.*status 3.*'
}

@test "token_command: a first line of more than 64 KiB is 77 and says so, and no part of it is sent" {
    serve_hello
    no_token
    local command
    for command in "printf '%070000d\\n' 7" "printf '%070000d' 7" "exec tr '\\0' x </dev/zero"; do
        token_command "$command"
        run_chat send -c "$ID" hi
        expect_failure 77 'no token: the first line of token_command is longer than 64 KiB; the first line must be the token'
    done
    expect_requests
}

@test "token_command: a file size limit has its usual effect" {
    serve_default
    no_token
    token_command "ulimit -f 0; echo more >'$T/file'; echo $TOKEN"
    run_chat whoami
    expect_failure 77 ".*killed by signal $(kill -l XFSZ)"
    status=0
    env --ignore-signal=XFSZ "$CHAT" whoami >"$OUT" 2>"$ERR" || status=$?
    expect_status 0
}

@test "token_command: a signal ends it and its children" {
    serve_default
    no_token
    local name told
    for name in INT TERM HUP; do
        rm -f "$T/told" "$T/never"
        mkfifo "$T/never"
        token_command "exec 4>$T/told; trap '' INT TERM HUP; cat $T/never & echo asked >&4; cat $T/never"
        pipe_from told kept
        launch "$CHAT" send hi </dev/null >"$OUT" 2>"$ERR"
        expect_read "$told" $'asked\n'
        exec {KEPT}<&-
        kill -s "$name" "$PID"
        await_end
        expect_signal "$name"
        expect_end "$told"
    done
    expect_requests
}

@test "token_command: its failure is 77 and names it" {
    serve_default
    no_token
    local pattern
    while IFS='|' read -r command pattern; do
        token_command "$command"
        run_chat send hi
        expect_status 77
        expect_line "sigmasight-chat: .*token_command.*$pattern.*"
        expect_no_secret
    done <<'TABLE'
printf 'hun%s' ter2; exit 3|printf .*; exit 3.*exit status 3
kill -9 $$|kill -9 .*signal 9
no-such-command-at-all|no-such-command-at-all.*exit status 127
true|
printf '\n%s\n' second|
printf '\001\n'|
TABLE
    expect_requests
}

# In the program, fork(2) raises the signal RAISED in the child before it returns. Other programs do not load the library.
@test "a signal that a child receives before it runs the command is not the program's" {
    serve_default
    no_token
    make_preload raise <<'END_OF_C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
__attribute__((constructor)) static void hide(void)
{
    unsetenv("LD_PRELOAD");
}
pid_t fork(void)
{
    pid_t (*next)(void) = (pid_t(*)(void))dlsym(RTLD_NEXT, "fork");
    pid_t pid = next();
    if (pid == 0 && strcmp(program_invocation_short_name, "sigmasight-chat") == 0)
        raise(atoi(getenv("RAISED")));
    return pid;
}
END_OF_C
    local number
    for number in 2 15; do
        token_command 'sleep 60'
        # Without launch, SIGINT might be ignored.
        launch env RAISED="$number" LD_PRELOAD="$T/raise.so" "$CHAT" send hi </dev/null >"$OUT" 2>"$ERR"
        await_end
        expect_failure 77 "token_command 'sleep 60': killed by signal $number.*"
        EDITOR='sleep 60;' at_terminal wait "killed by signal $number" -- \
            env RAISED="$number" LD_PRELOAD="$T/raise.so" "$CHAT" config edit
        expect_line 'exit 65.*' "$OUT"
    done
    expect_requests
}

# waitpid(2) is interrupted once before it waits.
@test "token_command: a command that is killed does not become a zombie" {
    serve_default
    no_token
    make_preload interrupt <<'END_OF_C'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static int interrupted;
pid_t waitpid(pid_t pid, int *status, int options)
{
    if (options == 0 && !interrupted) {
        interrupted = 1;
        errno = EINTR;
        return -1;
    }
    return wait4(pid, status, options, NULL);
}
__attribute__((destructor)) static void look(void)
{
    pid_t pid = interrupted ? wait4(-1, NULL, WNOHANG, NULL) : -1;
    if (interrupted)
        close(open(pid < 0 && errno == ECHILD ? getenv("REAPED") : getenv("ZOMBIE"), O_CREAT, 0600));
}
END_OF_C
    token_command 'exec yes'
    status=0
    REAPED=$T/reaped ZOMBIE=$T/zombie LD_PRELOAD=$T/interrupt.so "$CHAT" send hi </dev/null >"$OUT" 2>"$ERR" || status=$?
    expect_status 77
    [ -e "$T/reaped" ] || fail "$(ls "$T")"
    [ ! -e "$T/zombie" ]
}

@test "token_command: at most 30 seconds" {
    make_clock
    serve_default
    no_token
    mkfifo "$T/never"
    # Writes when the clock has advanced, so that the program checks the time.
    token_command "cat $T/never & : >$CLOCK_AHEAD; printf part; cat $T/never"
    status=0
    LD_PRELOAD=$T/clock.so "$CHAT" send hi </dev/null >"$OUT" 2>"$ERR" || status=$?
    expect_failure 77 ".*token_command '.*cat .*never': .*30 s.*"
    expect_requests
}

@test "token_command: --max-time includes it" {
    serve_default
    no_token
    local answer
    pipe_to answer
    token_command "read -r line <$T/answer; echo \$line"
    launch "$CHAT" send --max-time 0.3 hi </dev/null >"$OUT" 2>"$ERR"
    # The command of token_command waits for as long as the pipe is open.
    await_end
    expect_failure 75 "timed out: token_command '.*' took longer than 0.[23] s [(]--max-time[)]"
    expect_requests
}

@test "token_command: its output is used only after it has ended" {
    serve_hello
    no_token
    mkfifo "$T/end"
    echo "$TOKEN" >"$T/token"
    token_command "cat $T/token; exec >&-; read -r line <$T/end; exit \"\$line\""
    launch "$CHAT" send -q hi </dev/null >"$OUT" 2>"$ERR"
    expect_requests
    echo 0 >"$T/end"
    await_end
    expect_status 0
    expect_bytes 'Hello\n'
    forget_requests
    launch "$CHAT" send -q hi </dev/null >"$OUT" 2>"$ERR"
    echo 3 >"$T/end"
    await_end
    expect_failure 77 '.*status 3.*'
    launch "$CHAT" send -q --max-time 0.2 hi </dev/null >"$OUT" 2>"$ERR"
    await_end
    expect_failure 75 "timed out: token_command '.*' took longer than 0.[23] s [(]--max-time[)]"
    expect_requests
}

@test "token_command: a signal ends the wait after its output is complete" {
    serve_hello
    no_token
    mkfifo "$T/begun" "$T/end"
    echo "$TOKEN" >"$T/token"
    token_command "cat $T/token; exec >&-; echo >$T/begun; read -r line <$T/end"
    launch "$CHAT" send hi </dev/null >"$OUT" 2>"$ERR"
    read -r _ <"$T/begun"
    kill -INT "$PID"
    await_end
    expect_signal INT
    expect_requests
}

@test "token_command: run again on a 401, once" {
    serve <<'SCENARIO'
on POST /chat/send
status 401
body {"detail":"Could not validate credentials"}

on POST /chat/send
event message {"delta":"Hello","role":"assistant"}
event done {}
SCENARIO
    no_token
    token_command "echo run >>$T/runs; echo $TOKEN-\$(grep -c . $T/runs)"
    run_chat send -c "$ID" hi
    expect_status 0
    expect_bytes 'Hello\n'
    expect_bytes '' "$ERR"
    expect_requests 'POST /chat/send' 'POST /chat/send'
    tokens_of 'POST /api/v1/chat/send' >"$T/tokens"
    expect_bytes "$TOKEN-1\n$TOKEN-2\n" "$T/tokens"
}

@test "token_command: refused again after that is 77" {
    serve_default --web-tokens
    no_token
    token_command "echo run >>$T/runs; echo stale"
    run_chat send hi
    expect_failure 77 '.*Could not validate credentials.*token_command.*'
    expect_bytes 'run\nrun\n' "$T/runs"
    expect_requests 'POST /chat/conversations' 'POST /chat/conversations'
}

@test "token_command: a failure of the second run is reported" {
    serve_default
    no_token
    token_command "test ! -e $T/ran || { echo 'No session.' >&2; exit 4; }; : >$T/ran; echo stale"
    run_chat send hi
    expect_status 77
    expect_line 'No session\.'
    expect_line 'sigmasight-chat: .*token_command.*'
    expect_requests 'POST /chat/conversations'
}

@test "token_command: a web token that lives for a minute is fetched anew between two calls" {
    serve <<'SCENARIO'
on POST /chat/send
status 401
body {"detail":"Could not validate credentials"}

on POST /chat/send
default
SCENARIO
    no_token
    token_command "echo run >>$T/runs; echo $TOKEN"
    run_chat send hi
    expect_status 0
    expect_bytes 'run\nrun\n' "$T/runs"
    expect_requests 'POST /chat/conversations' 'POST /chat/send' 'POST /chat/send'
}

@test "token_command: not run where no token is needed" {
    serve_default
    no_token
    token_command "echo run >>$T/runs; echo $TOKEN"
    run_chat config
    expect_status 0
    run_chat send --help
    expect_status 0
    run_chat send ''
    expect_status 65
    run_chat send --allow-http -u http://192.0.2.1:1/ --token-file "$T/none" hi
    expect_status 66
    run_chat send -u http://192.0.2.1:1/ hi
    expect_status 78
    printf 'event: done\ndata: {}\n\n' >"$T/done.sse"
    run_chat decode "$T/done.sse"
    expect_status 0
    [ ! -e "$T/runs" ]
}

@test "token_command: there is no option for it" {
    serve_default
    for option in --token_command --token-command; do
        run_chat send "$option" 'echo x' hi
        expect_status 64
    done
    expect_requests
}

# --- before a token expires ---

@test "refresh: a stored token near its end is refreshed before the message" {
    for generation in 1 2; do
        serve_default --token-life 1000 --generation "$generation"
        no_token
        log_in
        age 1000 90
        local old
        old=$(stored '.[0].token')
        run_chat send hi
        expect_status 0
        expect_bytes '' "$ERR"
        expect_requests 'POST /auth/refresh' 'POST /chat/conversations' 'POST /chat/send'
        [ "$(tokens_of 'POST /api/v1/auth/refresh' | tail -n 1)" = "$old" ]
        [ "$(stored '.[0].token')" != "$old" ]
        [ "$(tokens_of 'POST /api/v1/chat/send' | tail -n 1)" = "$(stored '.[0].token')" ]
        [ "$(stored '.[0].email')" = me@example.com ]
        [ "$(stored '.[0] | .expires_at - .issued_at')" -eq 1000 ]
        [ "$(stored '.[0].expires_at - (now | floor) > 990')" = true ]
        [ "$(stored length)" -eq 1 ]
        stop_server
        rm -r "$T/announcement" "$T/port" "$XDG_STATE_HOME" "$DUMP"
        mkdir "$DUMP"
    done
}

@test "refresh: less than a tenth of its life left, at most five minutes" {
    serve_default
    no_token
    local life left wanted
    while read -r life left wanted; do
        log_in
        age "$life" "$left"
        run_chat send -c "$ID" hi
        expect_status 65
        [ "$(count_requests 'POST /auth/refresh')" -eq "$wanted" ] || fail "$life $left: not $wanted"
    done <<'TABLE'
1000 110 0
1000 90 1
86400 310 0
86400 290 1
2000 210 0
2000 190 1
TABLE
}

@test "refresh: the exp claim is used if login sent no expires_in" {
    local expires token
    expires=$(($(date +%s) + 50))
    token=$(jwt "{\"sub\":\"1\",\"exp\":$expires}")
    serve <<SCENARIO
on POST /auth/login
body {"access_token":"$token","token_type":"bearer"}

on GET /auth/me
body {"email":"me@example.com"}

on POST /auth/refresh
body {"access_token":"$TOKEN"}
SCENARIO
    no_token
    log_in
    [ "$(stored '.[0].expires_at')" -eq "$expires" ]
    change_stored 'map(.issued_at -= 950)'
    run_chat send hi
    expect_status 0
    expect_requests 'POST /auth/refresh' 'POST /chat/conversations' 'POST /chat/send'
    [ "$(tokens_of 'POST /api/v1/chat/send')" = "$TOKEN" ]
}

@test "refresh: an opaque token without expires_in is used as it is" {
    serve <<SCENARIO
on POST /auth/login
body {"access_token":"$TOKEN"}
SCENARIO
    no_token
    log_in
    run_chat send hi
    expect_status 0
    expect_requests 'POST /chat/conversations' 'POST /chat/send'
    run_chat whoami
    expect_status 0
    [ -z "$(row expires)" ]
}

@test "refresh: a failed refresh is not an error" {
    serve <<<$'on POST /auth/refresh\nstatus 500\nbody {"detail":"Not today"}'
    no_token
    log_in
    age 1000 50
    run_chat send hi
    expect_status 0
    expect_requests 'POST /auth/refresh' 'POST /chat/conversations' 'POST /chat/send'
}

@test "refresh: whoami shows the new expiry" {
    serve_default
    no_token
    log_in
    age 1000 50
    run_chat whoami
    expect_status 0
    [ "$(date -u -d "$(row expires)" +%s)" -eq "$(stored '.[0].expires_at')" ]
    [ "$(stored '.[0].expires_at - (now | floor) > 1000')" = true ] || fail "it was not refreshed"
}

@test "refresh: a new token that cannot be stored is used, with a warning" {
    serve_default
    no_token
    log_in
    age 1000 50
    prevent_storing
    run_chat send -c "$ID" hi
    expect_status 65
    expect_line 'sigmasight-chat: warning: .*credentials\.json.*'
    [ "$(tokens_of 'POST /api/v1/chat/send')" != "$(stored '.[0].token')" ]
}

@test "refresh: a signal ends it, and nothing is sent" {
    serve <<<$'on POST /auth/login\nbody {"access_token":"a","expires_in":86400}\non GET /auth/me\nbody {}\non POST /auth/refresh\ngate asked\nbody {"access_token":"late"}'
    no_token
    log_in
    age 86400 200
    launch "$CHAT" send hi </dev/null >"$OUT" 2>"$ERR"
    await_gate asked
    kill -TERM "$PID"
    await_end
    expect_signal TERM
    expect_requests 'POST /auth/refresh'
    [ "$(stored '.[0].token')" = a ]
}

@test "refresh: no other source of a token is refreshed" {
    local token
    token=$(jwt "{\"iat\":$(($(date +%s) - 950)),\"exp\":$(($(date +%s) + 50))}")
    serve_hello --token "$token"
    SIGMASIGHT_TOKEN=$token run_chat send -c "$ID" hi
    expect_status 0
    no_token
    run_chat send -c "$ID" --token-file <(echo "$token") hi
    expect_status 0
    token_command "echo $token"
    run_chat send -c "$ID" hi
    expect_status 0
    expect_requests 'POST /chat/send' 'POST /chat/send' 'POST /chat/send'
}

@test "refresh: an expired token cannot be refreshed" {
    serve_default --token-life 1000
    no_token
    log_in
    age 1000 -5
    change_stored 'map(.token = "long-gone")'
    run_chat send hi
    expect_failure 77 '.*sigmasight-chat login.*'
    [ "$(count_requests 'POST /auth/refresh')" -eq 0 ]
    [ "$(count_requests 'POST /chat/send')" -eq 0 ]
}

@test "refresh: instead of an expired one the environment's account logs in" {
    serve_default
    no_token
    log_in
    age 1000 -5
    cp "$(state credentials.json)" "$T/before"
    SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=hunter2 run_chat whoami
    expect_status 0
    [ "$(row account)" = env@example.com ]
    [ "$(row token)" = 'SIGMASIGHT_EMAIL and SIGMASIGHT_PASSWORD' ]
    cmp "$T/before" "$(state credentials.json)" >&2
}

@test "refresh: a token that expires at once" {
    serve_default --token-life 0
    no_token
    SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=hunter2 run_chat send hi
    expect_status 77
    [ "$(count_requests 'POST /auth/login')" -eq 2 ]
    [ "$(count_requests 'POST /chat/conversations')" -eq 2 ]
    [ "$(count_requests 'POST /chat/send')" -eq 0 ]
}

# --- after a 401 ---

refuse_once=$'status 401\nbody {"detail":"Could not validate credentials"}\n'

@test "401: a newer token that another process has stored" {
    serve <<SCENARIO
on POST /chat/send
gate refused
$refuse_once
on POST /chat/send
event message {"delta":"Hello","role":"assistant"}
event done {}
SCENARIO
    no_token
    log_in
    local old
    old=$(stored '.[0].token')
    launch "$CHAT" send -c "$ID" hi </dev/null >"$T/sent.out" 2>"$T/sent.err"
    await_gate refused
    log_in
    open_gate refused
    await_end
    expect_status 0
    expect_bytes 'Hello\n' "$T/sent.out"
    tokens_of 'POST /api/v1/chat/send' >"$T/tokens"
    expect_bytes "$old\n$(stored '.[0].token')\n" "$T/tokens"
    [ "$old" != "$(stored '.[0].token')" ]
    expect_requests 'POST /chat/send'
}

@test "401: a stored token without a newer one" {
    serve <<<"on POST /chat/send
$refuse_once"
    no_token
    log_in
    run_chat send -c "$ID" hi
    expect_failure 77 '.*Could not validate credentials.*sigmasight-chat login.*token_command.*'
    expect_requests 'POST /chat/send' 'POST /auth/refresh' 'POST /chat/send'
    expect_no_secret "$(stored '.[0].token')"
}

@test "401: a stored token is refreshed once, and the new one kept" {
    serve <<SCENARIO
on POST /chat/send
$refuse_once
on POST /chat/send
event done {}
on POST /auth/refresh
body {"access_token":"fresh","expires_in":86400}
SCENARIO
    no_token
    log_in
    run_chat send -c "$ID" hi
    expect_status 0
    expect_requests 'POST /chat/send' 'POST /auth/refresh' 'POST /chat/send'
    [ "$(stored '.[0].token')" = fresh ]
}

@test "401: a refreshed token that cannot be stored is used, with a warning" {
    serve <<SCENARIO
on POST /chat/send
$refuse_once
on POST /chat/send
event done {}
on POST /auth/refresh
body {"access_token":"fresh","expires_in":86400}
on GET /auth/me
body {"id":"1","email":"me@example.com"}
on GET /auth/me
$refuse_once
on GET /auth/me
body {"id":"1","email":"me@example.com"}
on GET /chat/conversations
$refuse_once
on GET /chat/conversations
body []
on GET /portfolios
$refuse_once
on GET /portfolios
body []
on POST /chat/messages/*/feedback
$refuse_once
on POST /chat/messages/*/feedback
body {"rating":"up"}
on GET /limits
$refuse_once
on GET /limits
body []
SCENARIO
    no_token
    log_in
    prevent_storing
    local command
    for command in 'send -c '"$ID"' hi' whoami conversations portfolios 'feedback message-1 up' 'api /limits'; do
        # shellcheck disable=SC2086 # words
        run_chat $command
        expect_status 0
        expect_line 'sigmasight-chat: warning: .*credentials\.json.*'
    done
}

@test "401: batch and doctor warn of a refreshed token that cannot be stored" {
    serve <<SCENARIO
on POST /auth/refresh
body {"access_token":"fresh","expires_in":86400}
on POST /chat/send
$refuse_once
on POST /chat/send
event done {}
on GET /auth/me
body {"id":"1","email":"me@example.com"}
on GET /auth/me
$refuse_once
on GET /auth/me
$refuse_once
on GET /auth/me
body {"id":"1","email":"me@example.com"}
on GET /chat/conversations
body []
SCENARIO
    no_token
    log_in
    prevent_storing
    run_chat batch --lines <<<hi
    expect_status 0
    expect_line 'sigmasight-chat: warning: .*credentials\.json.*'
    run_chat doctor
    expect_status 0
    grep -q '^warning  files .*credentials\.json' "$OUT" || fail "$(cat "$OUT")"
}

@test "401: a stored token is replaced by the login of the environment for this run" {
    serve_default
    no_token
    log_in
    change_stored 'map(.token = "revoked")'
    cp "$(state credentials.json)" "$T/before"
    export SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=hunter2
    run_chat send --ephemeral hi
    expect_status 0
    expect_requests 'POST /chat/conversations' 'POST /auth/refresh' 'POST /auth/login' 'POST /chat/conversations' 'POST /chat/send' \
        "DELETE /chat/conversations/$(last_id)"
    cmp "$T/before" "$(state credentials.json)" >&2
}

@test "401: whoami names the source of the token that was finally used" {
    serve_default
    no_token
    log_in
    change_stored 'map(.token = "revoked")'
    SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=hunter2 run_chat whoami
    expect_status 0
    [ "$(row account)" = env@example.com ]
    [ "$(row token)" = 'SIGMASIGHT_EMAIL and SIGMASIGHT_PASSWORD' ]
    [ -z "$(row file)" ]
}

@test "401: the login of the environment is made again, once" {
    serve <<<"on POST /chat/send once
$refuse_once"
    no_token
    export SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=hunter2
    run_chat send hi
    expect_status 0
    expect_requests 'POST /auth/login' 'POST /chat/conversations' 'POST /chat/send' 'POST /auth/login' 'POST /chat/send'
    [ "$(tokens_of 'POST /api/v1/chat/send' | sort -u | wc -l)" -eq 2 ]
}

@test "401: a signal ends the second login" {
    serve <<'SCENARIO'
on POST /auth/login once
body {"access_token":"a"}
on POST /auth/login
gate asked
body {"access_token":"b"}
on GET /auth/me
status 401
SCENARIO
    no_token
    export SIGMASIGHT_EMAIL=me@example.com SIGMASIGHT_PASSWORD=$PASSWORD
    launch "$CHAT" whoami </dev/null >"$OUT" 2>"$ERR"
    await_gate asked
    kill -TERM "$PID"
    await_end
    expect_signal TERM
    expect_requests 'POST /auth/login' 'GET /auth/me' 'POST /auth/login'
}

@test "401: a hint for a server that requires tokens of its web login" {
    serve_default --web-tokens --generation 2
    no_token
    SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=hunter2 run_chat send hi
    expect_failure 77 ".*$web_login.*"
    [ "$(count_requests 'POST /auth/login')" -eq 2 ]
    [ "$(count_requests 'POST /chat/conversations')" -eq 2 ]
    expect_no_secret "$jwt_head"
}

@test "401: with a token of the environment or of a file there is no second attempt" {
    serve_default
    SIGMASIGHT_TOKEN=revoked run_chat send -c "$ID" hi
    expect_failure 77 '.*Could not validate credentials.*; SIGMASIGHT_TOKEN takes .*, or unset it'
    echo revoked >"$T/token"
    run_chat send -c "$ID" --token-file "$T/token" hi
    expect_failure 77 '.*Could not validate credentials.*; --token-file takes .*, or omit it'
    expect_requests 'POST /chat/send' 'POST /chat/send'
    expect_no_secret revoked
}

@test "401: in the middle of each call of send and conversations" {
    serve <<SCENARIO
on POST /chat/conversations once
$refuse_once
on PUT /chat/conversations/*/mode once
$refuse_once
on GET /chat/conversations once
$refuse_once
on GET /chat/conversations/* once
$refuse_once
on DELETE /chat/conversations/* once
$refuse_once
on GET /auth/me once
$refuse_once
SCENARIO
    no_token
    token_command "echo run >>$T/runs; echo $TOKEN"
    local id call
    for call in new list 'show ID' 'mode ID blue' 'delete ID'; do
        : >"$T/runs"
        # shellcheck disable=SC2086 # words
        run_chat conversations ${call/ID/$id}
        expect_status 0
        expect_bytes '' "$ERR"
        expect_bytes 'run\nrun\n' "$T/runs"
        id=${id-$(cat "$OUT")}
    done
    run_chat whoami
    expect_status 0
    [ "$(count_requests 'GET /auth/me')" -eq 2 ]
    [ "$(count_requests 'POST /chat/conversations')" -eq 2 ]
    [ "$(count_requests "DELETE /chat/conversations/$id")" -eq 2 ]
}

@test "401: a change of mode before the message" {
    serve <<SCENARIO
on PUT /chat/conversations/*/mode once
$refuse_once
on PUT /chat/conversations/*/mode
body {}

on POST /chat/send
event message {"delta":"Hello","role":"assistant"}
event done {}
SCENARIO
    no_token
    token_command "echo $TOKEN"
    run_chat send -c "$ID" -m blue hi
    expect_status 0
    expect_requests "PUT /chat/conversations/$ID/mode" "PUT /chat/conversations/$ID/mode" 'POST /chat/send'
}

@test "401: an ephemeral conversation is deleted although the token has expired meanwhile" {
    serve <<<"on DELETE /chat/conversations/* once
$refuse_once"
    no_token
    token_command "echo run >>$T/runs; echo $TOKEN"
    run_chat send --ephemeral hi
    expect_status 0
    expect_bytes '' "$ERR"
    expect_bytes 'run\nrun\n' "$T/runs"
    [ "$(count_requests "DELETE /chat/conversations/$(last_id)")" -eq 2 ]
}

@test "403: no second attempt" {
    serve <<<$'on POST /chat/send\nstatus 403\nbody {"detail":{"error":"invite_required","message":"By invitation only"}}'
    no_token
    token_command "echo run >>$T/runs; echo $TOKEN"
    run_chat send -c "$ID" hi
    expect_failure 77 '.*By invitation only.*'
    expect_requests 'POST /chat/send'
    expect_bytes 'run\n' "$T/runs"
}

# --- secrets ---

@test "secret: -vv shows the exchange with token and password masked" {
    serve_default
    no_token
    run_chat login -vv --email me@example.com --password-stdin <<<"$PASSWORD"
    expect_status 0
    grep -q '> POST /api/v1/auth/login' "$ERR"
    grep -q -i 'authorization: \[masked\]' "$ERR"
    grep -q -i 'set-cookie: \[masked\]' "$ERR"
    expect_no_secret "$jwt_head" correct
    age 86400 100
    run_chat send -vv --ephemeral hi
    expect_status 0
    grep -q '> POST /api/v1/auth/refresh' "$ERR"
    grep -q '> POST /api/v1/chat/send' "$ERR"
    expect_no_secret "$jwt_head"
    SIGMASIGHT_EMAIL=env@example.com SIGMASIGHT_PASSWORD=hunter2 XDG_STATE_HOME=$T/other run_chat whoami -vv
    expect_status 0
    expect_no_secret "$jwt_head"
    SIGMASIGHT_TOKEN=$TOKEN run_chat conversations -vv
    expect_status 0
    expect_no_secret
}

@test "secret: --record, --events and the formats hold no token" {
    serve_default
    for format in text jsonl json raw; do
        run_chat send -v -o "$format" --record "$T/record" --events "$T/events" How concentrated am I?
        expect_status 0
        expect_no_secret
        expect_no "$TOKEN" "$T/record"
        expect_no "$TOKEN" "$T/events"
    done
}

@test "secret: a refusal that repeats the request is not shown" {
    serve <<'SCENARIO'
on POST /auth/login
status 422
body {"detail":[{"type":"x","loc":["body","password"],"msg":"Bad password","input":"hunter2","ctx":{"given":"hunter2"}}]}
SCENARIO
    run_chat login --email me@example.com --password-stdin <<<hunter2
    expect_failure 65 '.*password: Bad password.*'
    expect_no_secret
}

@test "secret: a refusal in any format does not show text of the request" {
    local body
    for body in '{"detail":{"ctx":{"given":"hunter2"}}}' '{"detail":[{"ctx":{"error":{"input":"hunter2"}}}]}' \
        '{"detail":{"password":"hunter2"}}' '{"detail":{"a":[["hunter2"]]}}' '{"detail":{"hunter2":1}}' '{"detail":"hunter2"}' \
        '{"detail":{"error":"hunter2"}}' '{"detail":{"message":"hunter2"}}' '{"detail":["hunter2"]}' '{"message":"hunter2"}' \
        '{"detail":[{"loc":["body","password"],"msg":"hunter2"}]}' '{"detail":{"password":17,"given":"x hunter2"}}' '"hunter2"' 'hunter2'; do
        serve <<<$'on POST /auth/login\nstatus 422\nbody '"$body"
        run_chat login --email me@example.com --password-stdin <<<hunter2
        expect_failure 65 'cannot log in: .*HTTP 422.*'
        expect_no_secret
        stop_server
        rm "$T/announcement"
    done
}

@test "secret: a password within the server's words is masked" {
    local status type body
    while IFS='|' read -r status type body; do
        serve <<<$'on POST /auth/login\nstatus '"$status"$'\nheader content-type: '"$type"$'\nheader Location: /?p=hunter2\nbody '"$body"
        run_chat login --email me@example.com --password-stdin <<<hunter2
        grep -q 'cannot log in: .*HTTP' "$ERR" || fail "status $status, $body"
        expect_no hunter2 "$ERR"
        stop_server
        rm "$T/announcement"
    done <<'BODIES'
401|application/json|{"detail":"The password hunter2 is wrong"}
401|application/json|{"detail":[{"loc":["body","hunter2"],"msg":"bad: hunter2"}]}
401|application/json|{"detail":{"a":{"b":["it is hunter2."]}}}
401|application/json|{"error":{"message":"no hunter2","code":"hunter2 "}}
401|application/json|"bad hunter2"
401|text/plain|no such password: hunter2
401|text/html|<title>No hunter2 here</title>
200|text/html|<title>No hunter2 here</title>
200|application/json|{"error":"no hunter2"}
302|text/plain|moved
BODIES
    # A password that is the name of a member is not masked: the message would be unreadable.
    serve <<<$'on POST /auth/login\nstatus 401\nbody {"detail":"Incorrect email or password"}'
    run_chat login --email me@example.com --password-stdin <<<password
    expect_failure 77 'cannot log in: Incorrect email or password \(HTTP 401\).*'
}

@test "secret: no option accepts a token or a password, and an attempt is not repeated in messages" {
    serve_default
    for option in --token --password --api-key; do
        run_chat send "$option=hunter2" hi
        expect_status 64
        expect_no hunter2 "$ERR"
        run_chat login "$option=hunter2" --email me@example.com </dev/null
        expect_status 64
        expect_no hunter2 "$ERR"
    done
    expect_requests
}

@test "secret: a password in the URL is refused and not shown" {
    serve_default
    for url in "http://me:hunter2@127.0.0.1:$PORT/api/v1" 'http://me:hunter2@127.0.0.1:notaport/' 'ftp://me:hunter2@localhost/'; do
        run_chat send -u "$url" hi
        expect_failure 78
        expect_no_secret
    done
    expect_requests
}

# As other users of the machine see it.
@test "secret: not in the command line of the process, and no core is dumped" {
    serve <<<$'on POST /chat/send\ngate sent\nevent done {}'
    ulimit -c "$(ulimit -H -c)"
    printf '%s\n' "$PASSWORD" >"$T/password"
    launch "$CHAT" send -c "$ID" hi </dev/null >"$OUT" 2>"$ERR"
    await_gate sent
    expect_guarded
    open_gate sent
    await_end
    expect_status 0
}

# The process that was launched.
expect_guarded()
{
    expect_no "$TOKEN" "/proc/$PID/cmdline"
    expect_no "$PASSWORD" "/proc/$PID/cmdline"
    expect_line 'Max core file size +0 +0 +bytes *' "/proc/$PID/limits"
    # Files in /proc that belong to root cannot be read by the owner of the process. For root there is no difference.
    if [ "$(id -u)" -ne 0 ]; then
        [ "$(stat -c %u "/proc/$PID/environ")" -eq 0 ] || fail "core dumps are permitted"
    fi
}

@test "secret: no core dump while send waits for its message" {
    pipe_to MESSAGE
    launch "$CHAT" send <"$T/message" >"$OUT" 2>"$ERR"
    printf 'unfinished' >&"$MESSAGE"
    # The program has read everything when the pipe is empty again.
    head -c 65536 /dev/zero | tr '\0' x >&"$MESSAGE"
    expect_guarded
    kill "$PID"
    await_end
}

@test "secret: no core dump while login waits or token_command runs" {
    serve <<<$'on POST /auth/login\ngate asked\nstatus 401\nbody {}'
    printf '%s\n' "$PASSWORD" >"$T/password"
    launch "$CHAT" login --email me@example.com --password-stdin <"$T/password" >"$OUT" 2>"$ERR"
    await_gate asked
    expect_guarded
    open_gate asked
    await_end
    expect_status 77
    no_token
    token_command "cat /proc/\$PPID/limits >$T/limits; echo $TOKEN"
    run_chat whoami
    expect_status 0
    expect_line 'Max core file size +0 +0 +bytes *' "$T/limits"
}

# --- complete scripts ---

@test "a script of ten lines in dash, without a terminal" {
    serve_default
    no_token
    cat >"$T/script" <<'SCRIPT'
set -eu
sigmasight-chat login --email me@example.com --password-stdin < password.txt
id=$(sigmasight-chat conversations new --mode blue)
sigmasight-chat send -c "$id" -- "How concentrated am I?" > first.txt
sigmasight-chat send --continue -- "How could I hedge that?" > second.txt
sigmasight-chat conversations list | grep "^$id"
sigmasight-chat conversations delete -- "$id"
sigmasight-chat conversations list > left.txt
test ! -s left.txt
sigmasight-chat logout
SCRIPT
    [ "$(wc -l <"$T/script")" -eq 10 ]
    mkdir "$T/bin" "$T/here"
    ln -s "$CHAT" "$T/bin/sigmasight-chat"
    cd "$T/here"
    echo "$PASSWORD" >password.txt
    status=0
    PATH=$T/bin:$PATH setsid -w "$(command -v dash || command -v sh)" "$T/script" </dev/null >"$OUT" 2>"$ERR" || status=$?
    expect_status 0
    grep -q 'moderately concentrated' first.txt
    grep -q 'Index puts' second.txt
    local id
    id=$(last_id)
    expect_line "$id	blue	.*" "$OUT"
    [ "$(wc -l <"$OUT")" -eq 1 ]
    expect_requests 'POST /auth/login' 'GET /auth/me' 'POST /chat/conversations' 'POST /chat/send' 'POST /chat/send' \
        'GET /chat/conversations?limit=30&offset=0' "DELETE /chat/conversations/$id" \
        'GET /chat/conversations?limit=30&offset=0' 'POST /auth/logout'
}

@test "login: no password is asked for a server that does not answer" {
    serve_default
    no_token
    at_terminal wait 'cannot connect' -- "$CHAT" login -u http://127.0.0.1:1/
    expect_line 'exit 69.*' "$OUT"
    expect_no Email: "$T/screen"
    at_terminal wait '--url' -- "$CHAT" login -u "${SIGMASIGHT_URL%v1}v2"
    expect_line 'exit 65.*' "$OUT"
    expect_no Email: "$T/screen"
}

@test "token: a byte order mark, blanks and a carriage return around it are ignored" {
    serve_default
    no_token
    printf '\xef\xbb\xbf \t%s \r\nsecond line\n' "$TOKEN" >"$T/token"
    run_chat whoami --token-file "$T/token"
    expect_status 0
    SIGMASIGHT_TOKEN=$'\xef\xbb\xbf'" $TOKEN"$'\t\r\n' run_chat whoami
    expect_status 0
    token_command "printf '\\357\\273\\277 $TOKEN \\r\\n'"
    run_chat whoami
    expect_status 0
    tokens_of 'GET /api/v1/auth/me' | sort -u >"$T/tokens"
    expect_bytes "$TOKEN\n" "$T/tokens"
}

@test "token: a byte order mark and blanks around the account in the environment are ignored" {
    serve_default
    no_token
    export SIGMASIGHT_EMAIL=$'\xef\xbb\xbfme@example.com\r' SIGMASIGHT_PASSWORD=$' secret\r\n'
    run_chat whoami
    expect_status 0
    expect_body 1 '. == {email: "me@example.com", password: "secret"}'
    run_chat login
    expect_status 0
    expect_body 3 '. == {email: "me@example.com", password: "secret"}'
}

@test "token: a first line that is too long is not cut and sent" {
    serve_default
    no_token
    repeat 70000 x >"$T/token"
    run_chat whoami --token-file "$T/token"
    expect_failure 77 'no token: the first line of .* is longer than 64 KiB; the first line must be the token'
    printf '%s\n%s' "$TOKEN" "$(repeat 70000 x)" >"$T/token"
    run_chat whoami --token-file "$T/token"
    expect_status 0
    expect_requests 'GET /auth/me'
}
