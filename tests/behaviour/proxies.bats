#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2034,SC2154,SC2317 # each test is a process of its own, and reads what helpers set
# The components between the program and the backend in production: nginx before it, with TLS, HTTP/2 and
# buffers; tinyproxy as a forward proxy; valid and invalid certificates; names and addresses.

load helper
load network

setup_file()
{
    make_certificates
}

# Three deltas, each behind a gate.
serve_gated()
{
    serve "$@" <<'SCENARIO'
on POST /chat/send
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"gpt-4o"}
event message {"delta":"one ","role":"assistant"}
gate one
event message {"delta":"two ","role":"assistant"}
gate two
event message {"delta":"three","role":"assistant"}
event done {"tool_calls_count":0,"latency_ms":12}
SCENARIO
}

# Half an answer, then nothing.
serve_half()
{
    serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half"}
gate half
silence
SCENARIO
}

# before_server LISTEN CERTIFICATE LINE...: nginx in front of the server; the program uses it.
before_server()
{
    local listen=$1 certificate=$2
    shift 2
    proxy_lines "$@" | { echo "ssl_certificate $TLS/$certificate.pem;"; cat; } >"$T/lines"
    start_nginx "$listen" <"$T/lines"
    SIGMASIGHT_URL=https://localhost:$PROXY_PORT/api/v1
}

# The text arrives delta by delta through the components in between.
expect_streamed()
{
    pipe_from answer
    launch "$CHAT" send --cacert "$TLS/ca.pem" -c "$ID" "$@" hi >"$T/answer" 2>"$ERR"
    expect_read "$answer" 'one '
    open_gate one
    expect_read "$answer" 'two '
    open_gate two
    expect_read "$answer" $'three\n'
    expect_end "$answer"
    await_end
    expect_status 0
    expect_bytes '' "$ERR"
}

# expect_way LINE...: nginx received exactly these requests.
expect_way()
{
    stop_components
    printf '%s\n' "$@" | diff - "$ACCESS" >&2 || fail "nginx received other requests"
}

# --- nginx before the server ---

@test "nginx that offers HTTP/2, unbuffered: HTTP/1.1, and each delta is printed before the next one is sent" {
    serve_gated
    before_server '127.0.0.1 ssl http2' good 'proxy_buffering off;'
    expect_streamed
    expect_way 'HTTP/1.1 POST /api/v1/chat/send 200'
    expect_requests 'POST /chat/send'
}

@test "nginx, HTTP/1.1, unbuffered: each delta is printed before the next one is sent" {
    serve_gated
    before_server '127.0.0.1 ssl' good 'proxy_buffering off;'
    expect_streamed
    expect_way 'HTTP/1.1 POST /api/v1/chat/send 200'
}

# nginx holds a response that is not chunked until a buffer is full.

@test "nginx that buffers passes the stream on if the backend asks for it" {
    serve_gated
    before_server '127.0.0.1 ssl http2' good 'proxy_buffering on; proxy_http_version 1.0;'
    expect_streamed
}

@test "nginx that compresses is not asked to" {
    serve_gated
    before_server '127.0.0.1 ssl http2' good 'gzip on; gzip_types text/event-stream; gzip_min_length 0; gzip_proxied any;'
    expect_streamed
}

@test "nginx, with and without HTTP/2: all calls of an answer, and the server's times" {
    local listen
    for listen in '127.0.0.1 ssl http2' '127.0.0.1 ssl'; do
        rm -rf "$T/announcement" "$T/nginx.d" "$DUMP"
        mkdir "$DUMP"
        serve_hello
        before_server "$listen" good
        run_chat send -j --cacert "$TLS/ca.pem" -m blue hi
        expect_status 0
        expect_lines
        expect_jq 'any(.event == "message" and .data.delta == "Hello")'
        expect_close '.status == "done" and .text_bytes == 5
            and (.timing | .connect_ms <= .tls_ms and .tls_ms <= .first_byte_ms and .first_byte_ms <= .first_delta_ms)'
        expect_way 'HTTP/1.1 POST /api/v1/chat/conversations 201' 'HTTP/1.1 POST /api/v1/chat/send 200'
        stop_server
    done
}

@test "a large answer through nginx, byte for byte" {
    local listen
    for listen in '127.0.0.1 ssl http2' '127.0.0.1 ssl'; do
        rm -rf "$T/announcement" "$T/nginx.d"
        serve <<'SCENARIO'
on POST /chat/send
batch 50
fill 4320000 event: message\ndata: {"delta":"0123456789abc\\u00df"}\n\n
event done {}
SCENARIO
        before_server "$listen" good
        run_chat send -n --cacert "$TLS/ca.pem" --record "$T/record" -c "$ID" hi
        expect_status 0
        yes 'event: message
data: {"delta":"0123456789abc\u00df"}
' | head -c 4320000 >"$T/body"
        printf 'event: done\ndata: {}\n\n' >>"$T/body"
        cmp "$T/body" "$T/record"
        yes '0123456789abcß' | tr -d '\n' | head -c $((80000 * 15)) | cmp - "$OUT"
        stop_components
        stop_server
    done
}

@test "nginx that buffers causes a warning" {
    serve <<'SCENARIO'
on POST /chat/send
no-header x-accel-buffering
pause 100
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"m"}
pause 2000
event message {"delta":"late"}
event done {}
SCENARIO
    before_server '127.0.0.1 ssl http2' good 'proxy_buffering on; proxy_http_version 1.0;'
    run_chat send -j --cacert "$TLS/ca.pem" -c "$ID" hi
    expect_status 0
    expect_jq 'map(select(.event == "client.warning")) | length == 1 and (.[0].data.message | test("buffers"))'
    expect_jq 'any(.event == "message" and .data.delta == "late")'
    stop_components
    stop_server
}

@test "a slow server behind nginx that does not buffer gets no warning" {
    serve <<'SCENARIO'
on POST /chat/send
no-header x-accel-buffering
pause 100
event start {"conversation_id":"$CONVERSATION","mode":"green","model":"m"}
pause 2000
event message {"delta":"late"}
event done {}
SCENARIO
    before_server '127.0.0.1 ssl http2' good 'proxy_buffering off;'
    run_chat send -j --cacert "$TLS/ca.pem" -c "$ID" hi
    expect_status 0
    expect_jq 'all(.event != "client.warning")'
    [ "$(names)" = 'client.open start message done client.close' ]
}

@test "nginx that buffers and is quick gets no warning" {
    serve <<'SCENARIO'
on POST /chat/send
no-header x-accel-buffering
event start {}
event message {"delta":"at once"}
event done {}
SCENARIO
    before_server '127.0.0.1 ssl http2' good 'proxy_buffering on; proxy_http_version 1.0;'
    run_chat send --cacert "$TLS/ca.pem" -c "$ID" hi
    expect_status 0
    expect_bytes 'at once\n'
    expect_bytes '' "$ERR"
}

@test "nginx without a backend: its page for 502 is summarized" {
    serve_hello
    before_server '127.0.0.1 ssl http2' good
    stop_server
    run_chat send --retry 0 --cacert "$TLS/ca.pem" -c "$ID" hi
    expect_status 69
    expect_error '.*HTML.*502 Bad Gateway.*'
    expect_no '<' "$ERR"
    expect_no '</' "$ERR"
    expect_no 'nginx' "$ERR"
    expect_bytes ''
}

@test "nginx that times out before the answer: its page for 504 is summarized" {
    serve <<'SCENARIO'
on POST /chat/send
gate never
status 200
SCENARIO
    before_server '127.0.0.1 ssl' good 'proxy_read_timeout 200ms;'
    run_chat send -j --retry 0 --cacert "$TLS/ca.pem" -c "$ID" hi
    expect_status 69
    expect_error '.*HTML.*504 Gateway Time-out.*'
    expect_no '<' "$ERR"
    expect_close '.status == "failed" and .exit_code == 69 and .error.http_status == 504 and (.error.message | test("<") | not)'
}

@test "nginx that answers for the backend: 413, 403, 301 and 503" {
    local answer code wanted target
    serve_hello
    before_server '127.0.0.1 ssl http2' good 'client_max_body_size 1k;'
    head -c 5000 /dev/zero | tr '\0' x >"$T/message"
    run_chat send --max-message 0 --cacert "$TLS/ca.pem" -c "$ID" <"$T/message"
    expect_status 65
    expect_error '.*413 Request Entity Too Large.*'
    expect_no '<' "$ERR"
    stop_components
    for answer in '403 77' '301 76 https://localhost/' '503 69'; do
        read -r code wanted target <<<"$answer"
        rm -rf "$T/nginx.d"
        printf '%s\n' "ssl_certificate $TLS/good.pem;" "location / { return $code $target; }" >"$T/lines"
        start_nginx '127.0.0.1 ssl' <"$T/lines"
        run_chat send --retry 0 --cacert "$TLS/ca.pem" -u "https://localhost:$PROXY_PORT/api/v1" -c "$ID" hi
        expect_status "$wanted"
        expect_line "sigmasight-chat: cannot send the message: .*$code.*"
        expect_no '<' "$ERR"
        stop_components
    done
    expect_requests
}

@test "a 502 is retried only in a new conversation" {
    serve_hello
    # shellcheck disable=SC2016 # nginx expands
    before_server '127.0.0.1 ssl http2' good 'if ($uri ~ /send$) { return 502; }'
    run_chat send --retry 2 --retry-delay 0.01 --cacert "$TLS/ca.pem" -c "$ID" hi
    expect_status 69
    expect_no 'retry 1' "$ERR"
    run_chat send --retry 2 --retry-delay 0.01 --cacert "$TLS/ca.pem" hi
    expect_status 69
    [ "$(grep -c '^sigmasight-chat: retry' "$ERR")" -eq 2 ]
    stop_components
    [ "$(grep -c '/send 502' "$ACCESS")" -eq 4 ]
}

@test "nginx that ends a silent stream: the partial text, and 75" {
    local listen
    for listen in '127.0.0.1 ssl http2' '127.0.0.1 ssl'; do
        rm -rf "$T/announcement" "$T/nginx.d"
        serve <<'SCENARIO'
on POST /chat/send
event message {"delta":"half"}
silence
SCENARIO
        before_server "$listen" good 'proxy_read_timeout 300ms;'
        run_chat send --cacert "$TLS/ca.pem" -c "$ID" hi
        expect_status 75
        expect_error
        expect_bytes 'half\n'
        stop_components
        stop_server
    done
}

@test "a proxy or backend that is killed: the partial text, and 75" {
    local listen whom
    for listen in '127.0.0.1 ssl http2' '127.0.0.1 ssl'; do
        for whom in proxy backend; do
            rm -rf "$T/announcement" "$T/nginx.d" "$T/answer"
            serve_half
            before_server "$listen" good
            pipe_from answer
            launch "$CHAT" send --cacert "$TLS/ca.pem" -c "$ID" hi >"$T/answer" 2>"$ERR"
            expect_read "$answer" half
            if [ $whom = proxy ]; then
                kill -KILL "$NGINX"
            else
                kill -KILL "$MOCK_PID"
            fi
            expect_read "$answer" $'\n'
            expect_end "$answer"
            await_end
            expect_status 75
            expect_error
            stop_components
            stop_server
        done
    done
}

@test "nginx that shuts down gracefully completes the answer" {
    local NGINX_MAIN
    NGINX_MAIN="worker_processes 1; $([ "$(id -u)" -ne 0 ] || echo "user root root;")"
    serve_gated
    before_server '127.0.0.1 ssl http2' good
    pipe_from answer
    launch "$CHAT" send --cacert "$TLS/ca.pem" -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$answer" 'one '
    kill -QUIT "$NGINX"
    open_gate one
    expect_read "$answer" 'two '
    open_gate two
    expect_read "$answer" $'three\n'
    expect_end "$answer"
    await_end
    expect_status 0
    expect_bytes '' "$ERR"
}

@test "nginx behind nginx" {
    serve_gated
    before_server '127.0.0.1 ssl' good
    # The inner one removes the header that asks for no buffering.
    { echo "ssl_certificate $TLS/good.pem;"; proxy_lines 'proxy_buffering off;'; } |
        sed "s|http://127.0.0.1:@PORT@|https://127.0.0.1:$PROXY_PORT|" >"$T/outer"
    start_nginx '127.0.0.1 ssl http2' outer <"$T/outer"
    SIGMASIGHT_URL=https://127.0.0.1:$PROXY_PORT/api/v1
    expect_streamed
}

# --- certificates ---

# expect_trust OPTION...: the answer is received.
expect_trust()
{
    run_chat send "$@" -c "$ID" hi
    expect_status 0
    expect_bytes 'Hello\n'
    expect_bytes '' "$ERR"
}

# reason_of CERTIFICATE [OPTION]...: prints why OpenSSL does not verify that certificate, in its own words.
reason_of()
{
    local certificate=$1
    shift
    openssl verify -no-CAfile -no-CApath "$@" "$TLS/$certificate.pem" 2>&1 | sed -n 's/.* lookup: *//p'
}

# expect_distrust PATTERN OPTION...: no answer, and nothing was sent.
expect_distrust()
{
    local pattern=$1
    shift
    run_chat send --retry 0 "$@" -c "$ID" hi
    expect_status 69
    [ "$(head -n 1 "$ERR" | grep -c -i -E -e "^sigmasight-chat: .*$pattern")" -eq 1 ] || fail "not in the line: $pattern"
    [ "$(wc -l <"$ERR")" -le 2 ]
    expect_bytes ''
    expect_requests
}

@test "a certificate of an authority that --cacert names, and the same without it" {
    serve_hello
    before_server '127.0.0.1 ssl http2' good
    expect_distrust 'cannot trust https://localhost:[0-9]+: .+; --cacert FILE names the authority that signed it'
    expect_distrust 'cannot trust https://localhost:[0-9]+: .+; --cacert' --cacert "$TLS/other.pem"
    expect_trust --cacert "$TLS/ca.pem"
    rm "$DUMP/log"
    expect_trust --insecure
}

@test "a self-signed certificate" {
    serve_hello
    before_server '127.0.0.1 ssl http2' self
    local reason
    reason=$(reason_of self)
    [ -n "$reason" ]
    expect_distrust "cannot trust https://localhost:.*$reason"
    expect_distrust 'cannot trust https://localhost:' --cacert "$TLS/ca.pem"
    expect_trust --cacert "$TLS/self.pem"
    expect_trust --insecure
}

@test "a certificate that has expired, and one that is not valid yet" {
    local expired future
    expired=$(reason_of expired -CAfile "$TLS/ca.pem")
    future=$(reason_of future -CAfile "$TLS/ca.pem")
    [ -n "$expired" ] && [ -n "$future" ] && [ "$expired" != "$future" ]
    serve_hello
    before_server '127.0.0.1 ssl http2' expired
    expect_distrust "cannot trust https://localhost:.*$expired" --cacert "$TLS/ca.pem"
    expect_trust --insecure
    rm -rf "$DUMP/log" "$T/nginx.d"
    stop_components
    before_server '127.0.0.1 ssl http2' future
    expect_distrust "cannot trust https://localhost:.*$future" --cacert "$TLS/ca.pem"
    expect_trust --insecure --cacert "$TLS/ca.pem"
}

@test "a certificate of another name" {
    serve_hello
    before_server '127.0.0.1 ssl http2' wrong
    expect_distrust 'localhost' --cacert "$TLS/ca.pem"
    expect_trust --insecure
}

@test "the certificate is checked for the name, not the address" {
    serve_hello
    before_server '127.0.0.1 ssl http2' good
    SIGMASIGHT_URL=https://127.0.0.1:$PROXY_PORT/api/v1
    expect_trust --cacert "$TLS/ca.pem"
    rm "$DUMP/log"
    stop_components
    rm -rf "$T/nginx.d"
    before_server '127.0.0.2 ssl http2' good
    SIGMASIGHT_URL=https://127.0.0.2:$PROXY_PORT/api/v1
    expect_distrust '127\.0\.0\.2' --cacert "$TLS/ca.pem"
}

@test "a TLS server that refuses HTTP/1.1 is 69 at once, without a retry" {
    component refuses ACCEPT openssl s_server -accept 127.0.0.1:0 -www -alpn h2 -key "$TLS/key.pem" -cert "$TLS/good.pem"
    local port
    port=$(sed -n 's/^ACCEPT .*://p' "$T/refuses.log")
    SIGMASIGHT_TOKEN=$TOKEN run_chat send --cacert "$TLS/ca.pem" -u "https://127.0.0.1:$port/api/v1" hi
    expect_status 69
    expect_error '.*HTTP/2 only.*'
    stop_components
}

@test "a file for --cacert without a certificate is 66" {
    serve_hello
    before_server '127.0.0.1 ssl' good
    echo 'no certificate' >"$T/cacert"
    run_chat send --cacert "$T/cacert" -c "$ID" hi
    expect_status 66
    expect_error 'cannot read the certificates: .+'
    expect_requests
}

@test "login and the other commands check the certificate, too" {
    serve_default
    before_server '127.0.0.1 ssl http2' good
    unset SIGMASIGHT_TOKEN
    run_chat login --email me@example.com --password-stdin <<<secret
    expect_status 69
    expect_requests
    run_chat login --email me@example.com --password-stdin --cacert "$TLS/ca.pem" <<<secret
    expect_status 0
    run_chat whoami
    expect_status 69
    run_chat whoami --cacert "$TLS/ca.pem"
    expect_status 0
    run_chat conversations --insecure
    expect_status 0
    expect_no secret "$ERR" "$OUT"
}

@test "--cert and --key: a client certificate" {
    serve_hello
    proxy_lines | {
        echo "ssl_certificate $TLS/good.pem; ssl_verify_client on; ssl_client_certificate $TLS/ca.pem;"
        cat
    } >"$T/lines"
    start_nginx '127.0.0.1 ssl' <"$T/lines"
    SIGMASIGHT_URL=https://localhost:$PROXY_PORT/api/v1
    run_chat send --retry 0 --cacert "$TLS/ca.pem" -c "$ID" hi
    [ "$status" -ne 0 ]
    expect_requests
    run_chat send --cacert "$TLS/ca.pem" --cert "$TLS/good.pem" --key "$TLS/key.pem" -c "$ID" hi
    expect_status 0
    expect_bytes 'Hello\n'
    cat "$TLS/good.pem" "$TLS/key.pem" >"$T/both.pem"
    run_chat send --cacert "$TLS/ca.pem" --cert "$T/both.pem" -c "$ID" hi
    expect_status 0
    openssl pkey -in "$TLS/key.pem" -aes128 -passout pass:x -out "$T/encrypted.pem"
    run_chat send --retry 0 --cacert "$TLS/ca.pem" --cert "$TLS/good.pem" --key "$T/encrypted.pem" -c "$ID" hi
    expect_status 66
    expect_error
    for option in --cert --key; do
        run_chat send --retry 0 --cacert "$TLS/ca.pem" $option "$T/none" -c "$ID" hi
        expect_status 66
        expect_error
    done
}

# start_refusing VERSION: a TLS server of that version that requires a certificate of the authority ca.pem and reads what the
# program sends after it has refused one. Sets REFUSING to its port; each connection is a line of $T/refusing.log.
start_refusing()
{
    component refusing port python3 -c '
import socket
import ssl
import sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = context.maximum_version = ssl.TLSVersion[sys.argv[1]]
context.load_cert_chain(sys.argv[2] + "/good.pem", sys.argv[2] + "/key.pem")
context.load_verify_locations(sys.argv[2] + "/ca.pem")
context.verify_mode = ssl.CERT_REQUIRED
server = socket.create_server(("127.0.0.1", 0))
print("port", server.getsockname()[1], flush=True)
while True:
    connection, _ = server.accept()
    print("connection", flush=True)
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(received, sent, server_side=True)
    data = b"x"
    while data:
        try:
            session.do_handshake()
        except ssl.SSLError:
            pass
        connection.sendall(sent.read())
        try:
            data = connection.recv(65536)
        except ConnectionError:
            break
        received.write(data)
    connection.close()
' "$1" "$TLS"
    REFUSING=$(sed -n 's/^port //p' "$T/refusing.log")
}

@test "a server that requires a client certificate, or refuses it, is 69 at once" {
    local version
    export SIGMASIGHT_TOKEN=$TOKEN
    for version in TLSv1_2 TLSv1_3; do
        start_refusing "$version"
        run_chat send --cacert "$TLS/ca.pem" -u "https://127.0.0.1:$REFUSING/api/v1" -c "$ID" hi
        expect_status 69
        expect_error "cannot connect to .*: the server requires a client certificate; --cert FILE names one"
        run_chat send --cacert "$TLS/ca.pem" --cert "$TLS/self.pem" --key "$TLS/key.pem" \
            -u "https://127.0.0.1:$REFUSING/api/v1" -c "$ID" hi
        expect_status 69
        expect_error "cannot connect to .*: the server refused the certificate of --cert: .*; check --cert and --key"
        stop_components
        [ "$(grep -c connection "$T/refusing.log")" -eq 2 ]
        rm "$T/refusing.log"
    done
}

@test "CURL_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR, as curl has them" {
    serve_hello
    { echo "ssl_certificate $TLS/good.pem;"; proxy_lines; } >"$T/lines"
    start_nginx '127.0.0.1 ssl' <"$T/lines"
    SIGMASIGHT_URL=https://localhost:$PROXY_PORT/api/v1
    mkdir "$T/hashed"
    cp "$TLS/ca.pem" "$T/hashed/"
    openssl rehash "$T/hashed"
    run_chat send --retry 0 -c "$ID" hi
    expect_status 69
    CURL_CA_BUNDLE=$TLS/ca.pem SSL_CERT_FILE=$TLS/other.pem run_chat send -c "$ID" hi
    expect_status 0
    CURL_CA_BUNDLE='' SSL_CERT_FILE=$TLS/ca.pem run_chat send -c "$ID" hi
    expect_status 0
    SSL_CERT_DIR=$T/hashed run_chat send -c "$ID" hi
    expect_status 0
    SSL_CERT_DIR=$T/hashed SSL_CERT_FILE=$TLS/other.pem run_chat send -c "$ID" hi
    expect_status 0
    CURL_CA_BUNDLE=$TLS/ca.pem run_chat send --retry 0 --cacert "$TLS/other.pem" -c "$ID" hi
    expect_status 69
    SSL_CERT_FILE=$T/none run_chat send --retry 0 -c "$ID" hi
    expect_status 66
}

# authorities [BUNDLE [DIRECTORY]]: what libcurl trusts by default inside: a bundle of BUNDLE, hash links for DIRECTORY.
authorities()
{
    inside sh -e -c 'umount -q /etc/ssl/certs || :
        mount -t tmpfs authorities /etc/ssl/certs
        cat /dev/null $1 >/etc/ssl/certs/ca-certificates.crt
        if [ -n "$2" ]; then
            cp "$2" /etc/ssl/certs/authority.pem
            openssl rehash /etc/ssl/certs
        fi' authorities "$1" "$2"
}

# trusted STATUS [REQUESTS]: the status of a question, and the number of requests that the server received.
trusted()
{
    : >"$DUMP/log"
    run_chat send --retry 0 -c "$ID" hi
    expect_status "$1"
    [ "$(wc -l <"$DUMP/log")" -eq "${2-1}" ]
}

@test "the system's authorities: a bundle, a directory of hash links, both, one in the bundle alone, none" {
    [ -s /etc/ssl/certs/ca-certificates.crt ] || skip "libcurl's authorities are not in /etc/ssl/certs"
    own_network
    serve_hello
    { echo "ssl_certificate $TLS/good.pem;"; proxy_lines; } >"$T/lines"
    start_nginx '127.0.0.1 ssl' <"$T/lines"
    SIGMASIGHT_URL=https://localhost:$PROXY_PORT/api/v1
    authorities "$TLS/ca.pem" ''
    trusted 0
    authorities "$TLS/other.pem" ''
    trusted 69 0
    authorities "$TLS/other.pem" "$TLS/ca.pem"
    trusted 0
    authorities '' "$TLS/ca.pem"
    trusted 0
    authorities "$TLS/ca.pem $TLS/other.pem" "$TLS/other.pem"
    trusted 0
    authorities "$TLS/other.pem" "$TLS/other.pem"
    trusted 69 0
    authorities '' ''
    run_chat send --retry 0 -c "$ID" hi
    [ "$status" -eq 69 ] || [ "$status" -eq 66 ] || fail "status $status"
    inside rm /etc/ssl/certs/ca-certificates.crt
    run_chat send --retry 0 -c "$ID" hi
    [ "$status" -eq 69 ] || [ "$status" -eq 66 ] || fail "status $status"
    # A libcurl that opens the directory only finds no authority in it.
    if [ "$status" -eq 66 ]; then
        expect_line '.*; install the package ca-certificates, or name a file with --cacert'
    fi
    echo invalid >"$T/invalid.pem"
    run_chat send --retry 0 --cacert "$T/invalid.pem" -c "$ID" hi
    expect_status 66
    expect_no ca-certificates "$ERR"
}

@test "the system's authorities: an intermediate in the server's chain" {
    [ -s /etc/ssl/certs/ca-certificates.crt ] || skip "libcurl's authorities are not in /etc/ssl/certs"
    own_network
    serve_hello
    printf 'basicConstraints = critical,CA:TRUE\n' >"$T/extensions"
    openssl req -new -config "$TLS/openssl.cnf" -key "$TLS/other.key" -subj /CN=intermediate -out "$T/intermediate.csr"
    openssl x509 -req -in "$T/intermediate.csr" -CA "$TLS/ca.pem" -CAkey "$TLS/ca.key" -set_serial 77 -days 30 \
        -extfile "$T/extensions" -out "$T/intermediate.pem" 2>/dev/null
    printf 'subjectAltName = DNS:localhost\n' >"$T/extensions"
    openssl req -new -config "$TLS/openssl.cnf" -key "$TLS/key.pem" -subj /CN=leaf -out "$T/leaf.csr"
    openssl x509 -req -in "$T/leaf.csr" -CA "$T/intermediate.pem" -CAkey "$TLS/other.key" -set_serial 78 -days 30 \
        -extfile "$T/extensions" -out "$T/leaf.pem" 2>/dev/null
    cat "$T/leaf.pem" "$T/intermediate.pem" >"$T/chain.pem"
    { echo "ssl_certificate $T/chain.pem;"; proxy_lines; } >"$T/lines"
    start_nginx '127.0.0.1 ssl' <"$T/lines"
    SIGMASIGHT_URL=https://localhost:$PROXY_PORT/api/v1
    authorities '' "$TLS/ca.pem"
    trusted 0
    authorities "$TLS/ca.pem" "$TLS/other.pem"
    trusted 0
    authorities "$TLS/other.pem" "$TLS/other.pem"
    trusted 69 0
}

# Regardless of the machine's settings of OpenSSL.
@test "a token is not sent over an old version of TLS" {
    serve_hello
    proxy_lines | {
        echo "ssl_certificate $TLS/good.pem; ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;"
        echo 'location = /there { return 204; }'
        cat
    } >"$T/lines"
    start_nginx '127.0.0.1 ssl' <"$T/lines"
    SIGMASIGHT_URL=https://localhost:$PROXY_PORT/api/v1
    cat >"$T/openssl.cnf" <<'CONFIG'
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = anything
[anything]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
CONFIG
    export OPENSSL_CONF=$T/openssl.cnf
    # The settings of the machine would permit it.
    curl -sk --tls-max 1.1 --tlsv1.0 "https://localhost:$PROXY_PORT/there" >/dev/null
    expect_distrust 'cannot connect to https://localhost:' --insecure
}

# --- IPv6 ---

@test "nginx on ::1, by address and by name" {
    serve_gated --ipv6
    ADDRESS=::1
    { echo "ssl_certificate $TLS/good.pem;"; proxy_lines; } | sed 's|127\.0\.0\.1:|[::1]:|' >"$T/lines"
    start_nginx '[::1] ssl http2' <"$T/lines"
    SIGMASIGHT_URL="https://[::1]:$PROXY_PORT/api/v1"
    expect_streamed
    expect_way 'HTTP/1.1 POST /api/v1/chat/send 200'
}

@test "localhost where only ::1 or only 127.0.0.1 answers" {
    own_network
    own_hosts '::1 localhost'
    serve_hello
    # The server is on 127.0.0.1; ::1 refuses.
    run_chat send -u "http://localhost:$PORT/api/v1" -c "$ID" hi
    expect_status 0
    expect_bytes 'Hello\n'
    stop_server
    rm "$T/announcement"
    serve_hello --ipv6
    run_chat send -u "http://localhost:$PORT/api/v1" -c "$ID" hi
    expect_status 0
    expect_bytes 'Hello\n'
}

# --- a name with several addresses ---

@test "a name whose first address refuses" {
    own_network
    own_hosts '127.0.0.9 backend.test' '127.0.0.1 backend.test'
    serve_hello
    before_server '127.0.0.1 ssl http2' good
    SIGMASIGHT_URL=https://backend.test:$PROXY_PORT/api/v1
    expect_trust --cacert "$TLS/ca.pem"
    expect_requests 'POST /chat/send'
}

@test "a name whose first address does not answer" {
    own_network
    black_hole
    own_hosts '10.66.0.2 backend.test' '10.67.0.2 backend.test'
    serve_hello
    before_server '10.67.0.2 ssl http2' good
    SIGMASIGHT_URL=https://backend.test:$PROXY_PORT/api/v1
    pipe_from answer
    # Half of the connect timeout: an answer in one piece so long after a request would cause a warning about buffering.
    launch "$CHAT" send --connect-timeout "$(scaled 5)" --cacert "$TLS/ca.pem" -c "$ID" hi >"$T/answer" 2>"$ERR"
    await connecting 10.66.0.2 "$PROXY_PORT"
    expect_read "$answer" $'Hello\n'
    await_end
    expect_status 0
    expect_bytes '' "$ERR"
    expect_requests 'POST /chat/send'
}

@test "a name whose IPv6 address does not answer" {
    own_network
    black_hole
    own_hosts 'fd66::2 backend.test' '127.0.0.1 backend.test'
    serve_hello
    before_server '127.0.0.1 ssl http2' good
    SIGMASIGHT_URL=https://backend.test:$PROXY_PORT/api/v1
    expect_trust --connect-timeout "$(scaled 5)" --cacert "$TLS/ca.pem"
}

# A long may have 32 bits: the first would be 1 ms.
@test "a connect timeout of more than 32 bits of milliseconds is not truncated" {
    local seconds
    serve_hello
    before_server '127.0.0.1 ssl http2' good
    for seconds in 4294967.296 1000000000; do
        expect_trust --retry 0 --connect-timeout $seconds --cacert "$TLS/ca.pem"
    done
}

@test "a name none of whose addresses responds: the connect timeout" {
    own_network
    black_hole
    own_hosts 'fd66::2 backend.test' '10.66.0.2 backend.test'
    export SIGMASIGHT_TOKEN=$TOKEN
    run_chat send --retry 0 --connect-timeout 0.4 -u https://backend.test/api/v1 -c "$ID" hi
    expect_status 69
    expect_error '.*backend\.test.*connect-timeout.*'
}

# --- a forward proxy ---

# Network namespaces with nginx as backend.test and a forward proxy. The name does not count as loopback.
behind_proxy()
{
    own_network
    own_hosts '127.0.0.1 backend.test'
    serve_gated
    { echo "ssl_certificate $TLS/good.pem;"; proxy_lines; } >"$T/lines"
    start_nginx '127.0.0.1 ssl http2' <"$T/lines"
    start_tinyproxy "$@"
    SIGMASIGHT_URL=https://backend.test:$PROXY_PORT/api/v1
}

@test "https_proxy: a tunnel, and each delta is printed before the next one is sent" {
    behind_proxy
    export https_proxy=$FORWARD
    expect_streamed
    expect_way 'HTTP/1.1 POST /api/v1/chat/send 200'
    [ "$(grep -c 'Request.*CONNECT backend.test:' "$T/tinyproxy.log")" -eq 1 ]
    expect_no "$TOKEN" "$T/tinyproxy.log"
}

@test "http_proxy: plain HTTP with --allow-http" {
    behind_proxy
    SIGMASIGHT_URL=http://backend.test:$PORT/api/v1
    export http_proxy=$FORWARD
    expect_streamed --allow-http
    stop_components
    [ "$(grep -c 'Request.*POST http://backend.test:' "$T/tinyproxy.log")" -eq 1 ]
}

@test "no_proxy, and a proxy for the other scheme, are not used" {
    behind_proxy
    export https_proxy=$FORWARD no_proxy=backend.test
    expect_streamed
    stop_components
    expect_no Request "$T/tinyproxy.log"
}

@test "a tunnel that the proxy refuses" {
    behind_proxy 'ConnectPort 1'
    export https_proxy=$FORWARD
    run_chat send --retry 0 --cacert "$TLS/ca.pem" -c "$ID" hi
    expect_status 69
    expect_no '<' "$ERR"
    expect_error "cannot connect to https://backend\.test:[0-9]+ through the proxy $FORWARD: it answered with HTTP 403; check the proxy that the environment names"
    expect_bytes ''
    expect_requests
}

@test "a proxy that is not running" {
    behind_proxy
    export https_proxy=$FORWARD
    stop_components
    run_chat send --retry 0 --cacert "$TLS/ca.pem" -c "$ID" hi
    expect_status 69
    expect_error "cannot connect to the proxy $FORWARD: $(strerror ECONNREFUSED); check the proxy that the environment names"
    expect_bytes ''
    expect_requests
}

@test "a proxy without a server" {
    behind_proxy
    export https_proxy=$FORWARD
    run_chat send --retry 0 --cacert "$TLS/ca.pem" -u https://nowhere.test/api/v1 -c "$ID" hi
    expect_status 69
    expect_no '<' "$ERR"
    run_chat send --retry 0 --allow-http -u http://nowhere.test/api/v1 -c "$ID" hi
    expect_status 69
    expect_no '<' "$ERR"
    expect_requests
}

@test "a proxy that is killed: the partial text, and 75" {
    behind_proxy
    export https_proxy=$FORWARD
    pipe_from answer
    launch "$CHAT" send --cacert "$TLS/ca.pem" -c "$ID" hi >"$T/answer" 2>"$ERR"
    expect_read "$answer" 'one '
    kill -KILL "$COMPONENT"
    expect_read "$answer" $'\n'
    expect_end "$answer"
    await_end
    expect_status 75
    expect_error
}

@test "a proxy that requires a password" {
    behind_proxy 'BasicAuth user secret-word'
    export https_proxy=$FORWARD
    run_chat send --retry 0 --cacert "$TLS/ca.pem" -c "$ID" hi
    expect_status 69
    expect_no '<' "$ERR"
    expect_requests
    https_proxy=http://user:secret-word@${FORWARD#http://}
    expect_streamed -q
}

@test "-vv masks the password of a proxy" {
    behind_proxy 'BasicAuth user secret-word'
    export https_proxy=http://user:secret-word@${FORWARD#http://}
    open_gate one
    open_gate two
    run_chat send -vv --cacert "$TLS/ca.pem" -c "$ID" hi
    expect_status 0
    grep -q -i CONNECT "$ERR"
    expect_no secret-word "$ERR"
    expect_no "$(printf %s 'user:secret-word' | base64)" "$ERR"
}

@test "loopback is never reached through a proxy" {
    local url
    serve_hello
    start_tinyproxy
    export http_proxy=$FORWARD https_proxy=$FORWARD all_proxy=$FORWARD HTTPS_PROXY=$FORWARD ALL_PROXY=$FORWARD
    before_server '127.0.0.1 ssl http2' good
    for url in "http://127.0.0.1:$PORT" "http://localhost:$PORT" "https://localhost:$PROXY_PORT" "https://127.0.0.1:$PROXY_PORT" \
        "http://127.0.0.1.:$PORT" "http://LOCALHOST:$PORT" "http://127.1:$PORT" "http://0x7f000001:$PORT"; do
        run_chat send --cacert "$TLS/ca.pem" -u "$url/api/v1" -c "$ID" hi
        [ "$status" -eq 0 ] || [[ $url == *127.0.0.1.:* ]] || fail "status $status of $url"
    done
    stop_components
    expect_no Request "$T/tinyproxy.log"
    # IPv6 in any spelling; a server with IPv6 only.
    stop_server
    rm "$T/announcement"
    serve_hello --ipv6
    start_tinyproxy
    export http_proxy=$FORWARD all_proxy=$FORWARD
    for url in "http://[::1]:$PORT" "http://[0:0:0:0:0:0:0:1]:$PORT"; do
        run_chat send -u "$url/api/v1" -c "$ID" hi
        [ "$status" -eq 0 ] || fail "status $status of $url"
    done
    stop_components
    expect_no Request "$T/tinyproxy.log"
}

@test "an IPv4-mapped loopback address is loopback, too" {
    serve_hello
    start_tinyproxy
    export http_proxy=$FORWARD
    run_chat send -u "http://[::ffff:127.0.0.1]:$PORT/api/v1" -c "$ID" hi
    expect_status 0
    stop_components
    expect_no Request "$T/tinyproxy.log"
}
