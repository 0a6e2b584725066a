#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The destination of requests: no proxy to this machine, no redirects, no plain HTTP to another machine.

# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load helper
load accounts

# All the variables that name a proxy, at a port where nothing listens.
dead_proxy()
{
    local name
    for name in http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY; do
        export "$name=http://127.0.0.1:1"
    done
}

# --- proxies ---

@test "proxy: loopback is never reached through one" {
    serve_hello
    dead_proxy
    local host
    for host in 127.0.0.1 localhost LOCALHOST 127.1 127.000.000.001; do
        run_chat send -c "$ID" -u "http://$host:$PORT/api/v1" hi
        expect_status 0
        expect_bytes 'Hello\n'
    done
    expect_requests 'POST /chat/send' 'POST /chat/send' 'POST /chat/send' 'POST /chat/send' 'POST /chat/send'
}

@test "proxy: IPv6 loopback is never reached through one" {
    serve_hello --ipv6
    dead_proxy
    run_chat send -c "$ID" -u "http://[::1]:$PORT/api/v1" hi
    expect_status 0
    expect_bytes 'Hello\n'
    run_chat send -c "$ID" -u "http://[0:0:0:0:0:0:0:1]:$PORT/api/v1" hi
    expect_status 0
}

@test "proxy: no call of another command to loopback goes through one" {
    serve_default
    dead_proxy
    no_token
    run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
    expect_status 0
    for command in whoami 'conversations new' conversations logout; do
        # shellcheck disable=SC2086 # words
        run_chat $command
        expect_status 0
    done
}

@test "proxy: one that requires a password, without one" {
    # The status is that of a proxy error, regardless of the server.
    serve <<<$'on GET /auth/me\nstatus 407\nbody {"detail":"Proxy Authentication Required"}'
    run_chat whoami
    expect_failure 65 '.*HTTP 407.*the proxy requires NAME:PASSWORD@ .*'
}

@test "proxy: an empty no_proxy has no effect" {
    serve_hello
    dead_proxy
    no_proxy='' run_chat send -c "$ID" hi
    expect_status 0
    no_proxy=example.com run_chat send -c "$ID" hi
    expect_status 0
}

@test "proxy: another machine is reached through http_proxy" {
    serve_default
    local proxy="http://127.0.0.1:$PORT"
    http_proxy=$proxy run_chat whoami --allow-http -u http://sigmasight.invalid/api/v1
    [ "$status" -ne 69 ] || fail "the proxy was not used"
    [ "$(wc -l <"$DUMP/log")" -eq 1 ]
    grep -q 'http://sigmasight.invalid/api/v1/auth/me\|/auth/me' "$DUMP/log"
    [ "$(header host 1)" = sigmasight.invalid ]
}

@test "proxy: no_proxy is honoured" {
    serve_default
    http_proxy=http://127.0.0.1:$PORT no_proxy=sigmasight.invalid \
        run_chat whoami --allow-http -u http://sigmasight.invalid:1/api/v1
    expect_status 69
    expect_requests
}

@test "proxy: one where nothing listens is 69" {
    dead_proxy
    export SIGMASIGHT_TOKEN=$TOKEN
    local words
    words="cannot connect to the proxy http://127\.0\.0\.1:1: $(strerror ECONNREFUSED); check the proxy that the environment names"
    run_chat whoami --allow-http -u http://sigmasight.invalid/api/v1
    expect_failure 69 "$words"
    run_chat whoami -u https://sigmasight.invalid/api/v1
    expect_failure 69 "$words"
    # The server is not reached.
    no_proxy=sigmasight.invalid run_chat whoami -u https://sigmasight.invalid/api/v1
    expect_failure 69 'cannot connect to https://sigmasight\.invalid:443: .*; check the name in --url, and the network'
}

# answer_once ANSWER [REST]: a server that answers one request with ANSWER, with the escapes of Python, and then with REST
# for as long as the client reads. Sets ANSWERING to its port; the request is in $T/request.
answer_once()
{
    rm -f "$T/port"
    mkfifo "$T/port"
    python3 -c '
import socket
import sys
server = socket.create_server(("127.0.0.1", 0))
server.settimeout(60)
print(server.getsockname()[1], flush=True)
connection, _ = server.accept()
received = connection.recv(65536)
answer, rest = (text.encode().decode("unicode_escape").encode("latin-1") for text in sys.argv[2:])
connection.sendall(answer + rest * 1000)
with open(sys.argv[1], "wb") as request:
    request.write(received)
while rest:
    try:
        connection.sendall(rest * 1000)
    except ConnectionError:
        break
' "$T/request" "$1" "${2-}" >"$T/port" 3>&- &
    read -r ANSWERING <"$T/port"
}

@test "proxy: headers of --header are not sent to it" {
    answer_once 'HTTP/1.1 502 no\r\nContent-Length: 0\r\n\r\n'
    export SIGMASIGHT_TOKEN=$TOKEN https_proxy=http://127.0.0.1:$ANSWERING
    run_chat whoami -u https://sigmasight.invalid/api/v1 -H 'X-Secret: abc' -H 'User-Agent: mine'
    expect_failure 69 'cannot connect to .* through the proxy .*: it answered with HTTP 502; .*'
    expect_line $'CONNECT sigmasight\\.invalid:443 HTTP/1\\.1\r' "$T/request"
    expect_no secret "$T/request"
    expect_no mine "$T/request"
    expect_no "$TOKEN" "$T/request"
}

# libcurl reads such a response before it returns.
@test "proxy: an endless response with status 407 does not suspend time limits and signals" {
    export SIGMASIGHT_TOKEN=$TOKEN
    local head='HTTP/1.1 407 no\r\nProxy-Authenticate: Basic realm="x"\r\n' i
    local call=(send -q -c "$ID" -u https://sigmasight.invalid/api/v1 --retry 0) rests=(x x 'X: y\r\n')
    local answers=('Content-Length: 9223372036854775807\r\n\r\n' 'Transfer-Encoding: chunked\r\n\r\n1;'
        'Transfer-Encoding: chunked\r\n\r\n0\r\n')
    for i in 0 1 2; do
        answer_once "$head${answers[i]}" "${rests[i]}"
        https_proxy=http://127.0.0.1:$ANSWERING launch "$CHAT" "${call[@]}" --connect-timeout 0.2 hi </dev/null >"$OUT" 2>"$ERR"
        await_end
        expect_failure 69 'cannot connect to .* through the proxy .*: it answered with HTTP 407; .*'
    done
    answer_once "$head${answers[0]}" x
    https_proxy=http://127.0.0.1:$ANSWERING launch "$CHAT" "${call[@]}" --max-time 0.2 hi </dev/null >"$OUT" 2>"$ERR"
    await_end
    expect_failure 75 '.*--max-time.*'
    rm "$T/request"
    mkfifo "$T/request"
    answer_once "$head${answers[0]}" x
    https_proxy=http://127.0.0.1:$ANSWERING launch "$CHAT" "${call[@]}" hi </dev/null >"$OUT" 2>"$ERR"
    read -r _ <"$T/request"
    kill -INT "$PID"
    await_end
    expect_signal INT
}

@test "proxy: a response that is not HTTP" {
    answer_once no
    export SIGMASIGHT_TOKEN=$TOKEN https_proxy=socks5h://127.0.0.1:$ANSWERING
    run_chat whoami -u https://sigmasight.invalid/api/v1
    expect_failure 69 "cannot connect to https://sigmasight\.invalid:443 through the proxy $https_proxy: .*; check the proxy that the environment names"
}

@test "proxy: an unknown name or an invalid value, reported without the password" {
    export SIGMASIGHT_TOKEN=$TOKEN
    export https_proxy=http://me:secret@proxy.invalid:3128
    run_chat whoami -u https://sigmasight.invalid/api/v1
    expect_failure 69 'cannot connect to the proxy http://proxy\.invalid:3128: .*; check the proxy that the environment names'
    expect_no secret "$ERR"
    for https_proxy in me:secret@127.0.0.1:port weird://me:secret@127.0.0.1:1 socks9://me:secret@127.0.0.1:1 'http://me:secret@a b' \
        http://me:12/secret@127.0.0.1:1; do
        run_chat whoami -u https://sigmasight.invalid/api/v1
        expect_failure 69 'invalid proxy in https_proxy: expected http://host:port; .*'
        expect_no secret "$ERR"
    done
    for https_proxy in 'http://me:secret@[::1]:1' socks5h://me:secret@LOCALHOST:1; do
        run_chat whoami -u https://sigmasight.invalid/api/v1
        expect_failure 69 "cannot connect to the proxy ${https_proxy%%me*}[^@]*:1: .*; check the proxy that the environment names"
        expect_no secret "$ERR"
    done
}

# --- redirects ---

@test "redirect: no kind is followed" {
    local code
    for code in 301 302 303 307 308; do
        printf 'on POST /chat/send\nstatus %s\nheader Location: /api/v1/auth/me\n\n' "$code"
    done >"$T/redirects"
    serve <"$T/redirects"
    for code in 301 302 303 307 308; do
        run_chat send -c "$ID" hi
        expect_failure 76 ".*/api/v1/auth/me.*$code.*--url.*"
        expect_requests 'POST /chat/send'
        forget_requests
    done
}

@test "redirect: not followed by other calls" {
    serve <<SCENARIO
on POST /auth/login
status 307
header Location: /api/v1/chat/send

on GET /auth/me
status 302
header Location: /api/v1/chat/send

on GET /chat/conversations
status 301
header Location: /api/v1/chat/send

on POST /chat/conversations
status 308
header Location: /api/v1/chat/send

on DELETE /chat/conversations/*
status 307
header Location: /api/v1/chat/send
SCENARIO
    run_chat login --email me@example.com --password-stdin <<<"$PASSWORD"
    expect_failure 76
    expect_no "$PASSWORD" "$ERR"
    for command in whoami conversations 'conversations new' "conversations delete $ID" 'send hi'; do
        # shellcheck disable=SC2086 # words
        run_chat $command
        expect_failure 76
    done
    [ ! -e "$(state credentials.json)" ]
    expect_requests 'POST /auth/login' 'GET /auth/me' 'GET /chat/conversations?limit=30&offset=0' \
        'POST /chat/conversations' "DELETE /chat/conversations/$ID" 'POST /chat/conversations'
}

# --- plain HTTP ---

@test "plain HTTP: another machine is refused before anything is sent, asked for or run" {
    serve_default
    # A request would reach this server.
    export http_proxy=http://127.0.0.1:$PORT SIGMASIGHT_EMAIL=me@example.com SIGMASIGHT_PASSWORD=hunter2
    token_command "echo run >>$T/runs; echo $TOKEN"
    no_token
    local url
    for url in http://192.0.2.1/api/v1 http://sigmasight.invalid/api/v1 http://localhost.sigmasight.invalid/ \
        http://127.0.0.1.sigmasight.invalid/ http://128.0.0.1/ 'http://[::2]/' 'http://[::ffff:192.0.2.1]/' \
        http://0.0.0.0/ http://xlocalhost/ HTTP://192.0.2.1/ http://3221225985/; do
        run_chat send --url "$url" hi
        expect_failure 78 '.*plain HTTP.*--allow-http.*'
    done
    for command in whoami conversations logout 'login --password-stdin'; do
        # shellcheck disable=SC2086 # words
        run_chat $command --url http://192.0.2.1/api/v1 <<<"$PASSWORD"
        expect_failure 78 '.*plain HTTP.*--allow-http.*'
    done
    [ ! -e "$T/runs" ]
    expect_requests
}

@test "plain HTTP: --allow-http, on the line, in a profile" {
    serve_default
    export http_proxy=http://127.0.0.1:$PORT
    run_chat whoami --url http://192.0.2.1/api/v1 --allow-http
    [ "$(wc -l <"$DUMP/log")" -eq 1 ]
    echo '{"profiles": {"lan": {"url": "http://192.0.2.1/api/v1", "allow-http": true}}}' | configure
    unset SIGMASIGHT_URL
    run_chat whoami --profile lan
    [ "$(wc -l <"$DUMP/log")" -eq 2 ]
}

@test "plain HTTP: a scheme that is neither http nor https" {
    for url in ftp://localhost/ file:///etc/passwd localhost: 'http://' 'http:///api' http://localhost:99999/ \
        'http://localhost/?x=y' 'http://localhost/#x' http://user@localhost/; do
        SIGMASIGHT_TOKEN=$TOKEN run_chat send --url "$url" hi
        expect_failure 78
    done
}

@test "plain HTTP: https to a server without TLS sends nothing" {
    # A server that does not speak TLS gets no token.
    serve_default
    run_chat whoami --url "https://127.0.0.1:$PORT/api/v1"
    expect_failure 69
    expect_requests
}
