#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# doctor: a line for each check, and a hint for each failure.

load helper
load accounts
load network

setup_file()
{
    make_certificates
}

# doctor ARGUMENT...: runs doctor; $T/report has the report in lines "LEVEL CHECK MESSAGE".
doctor()
{
    run_chat doctor "$@"
    sed -E 's/ +/ /;s/ +/ /2' "$OUT" >"$T/report"
}

# expect_report CHECK...: the report has exactly these checks in this order; LEVEL:CHECK if the level is not ok.
expect_report()
{
    local check
    for check; do
        case $check in
        *:*) echo "${check/:/ }" ;;
        *) echo "ok $check" ;;
        esac
    done >"$T/wanted"
    cut -d ' ' -f 1,2 "$T/report" | diff "$T/wanted" - >&2 || fail "the report differs"
}

# expect_check CHECK PATTERN: the message of this check matches.
expect_check()
{
    grep -E -x -e "[a-z]+ $1 $2" "$T/report" || fail "$1 is not: $2"
}

# The error message is that of the first failure.
expect_first_failure()
{
    expect_error "$(sed -n 's/^failure \([a-z]*\) \(.*\)/\1: \2/p' "$T/report" | head -n 1 | sed 's/[][\.*^$(){}?+|/]/\\&/g')"
}

@test "doctor: no failures" {
    unset SIGMASIGHT_LOG
    serve_default
    echo '{"mode": "blue", "profiles": {"home": {"retry": 5}}}' | configure
    no_token
    log_in me@example.com --profile home
    run_chat send --profile home -q hi
    doctor --profile home
    expect_status 0
    [ ! -s "$ERR" ]
    expect_report settings files url proxy name connection tls token expiry account server
    expect_check settings "$(config), mode \(file\), retry \(profile\), url \(SIGMASIGHT_URL\), profile \(command line\)"
    expect_check files "$(state) 0700, credentials\.json 0600, conversations\.json 0600"
    expect_check url "$SIGMASIGHT_URL"
    expect_check proxy 'none: .*'
    expect_check name '127\.0\.0\.1 is an address'
    expect_check connection "http://127\.0\.0\.1:$PORT after [0-9]+ ms"
    expect_check tls 'none, .*'
    expect_check token login
    expect_check expiry 'in 2[34] h'
    expect_check account 'the server accepts the token'
    expect_check server 'first generation'
    expect_no "$TOKEN" "$OUT" "$ERR"
}

@test "doctor: JSON Lines" {
    serve_default --generation 2
    run_chat send -q hi
    run_chat doctor -j
    expect_status 0
    expect_jq 'map(.check) == ["settings","files","url","proxy","name","connection","tls","token","expiry","account","server"]'
    expect_jq 'map(.status == "ok" and (.message | type == "string")) | all'
    expect_jq 'map(select(.check == "server").message) == ["second generation"]'
    run_chat doctor -j -u "${SIGMASIGHT_URL%v1}v2"
    expect_status 65
    expect_jq '.[-1] | .check == "server" and .status == "failure" and (.hint | test("check --url"))'
}

@test "doctor: a token of the environment, of a file, of a command" {
    serve_default
    doctor
    expect_status 0
    expect_check token SIGMASIGHT_TOKEN
    expect_check expiry 'unknown: .*'
    echo "$TOKEN" >"$T/token"
    doctor --token-file "$T/token"
    expect_check token "--token-file $T/token"
    no_token
    token_command "echo $TOKEN"
    doctor
    expect_check token token_command
    doctor --token-file "$T/none"
    expect_status 66
    expect_report settings files url proxy name connection tls failure:token
}

@test "doctor: the connection is tested even without a token" {
    serve_default
    no_token
    doctor
    expect_status 77
    expect_report settings files url proxy name connection tls failure:token
    expect_check token "no token; run 'sigmasight-chat login', or set SIGMASIGHT_TOKEN"
    expect_first_failure
    expect_requests 'GET /auth/me'
    [ -z "$(header Authorization 1)" ]
}

@test "doctor: hints name the server and the profile of the command line" {
    serve_default
    no_token
    echo '{"profiles": {"my home": {"mode": "blue"}}}' | configure
    url=$SIGMASIGHT_URL
    unset SIGMASIGHT_URL
    doctor -u "$url" --profile 'my home'
    expect_status 77
    expect_check token "no token; run 'sigmasight-chat login --profile 'my home' -u $url', or set SIGMASIGHT_TOKEN"
    log_in me@example.com -u "$url" --profile 'my home'
    age 3600 -120
    doctor -u "$url" --profile 'my home' --allow-http
    expect_check expiry "expired 2 min ago; run 'sigmasight-chat login --profile 'my home' -u $url --allow-http'"
}

@test "doctor: a token that has expired, and one that is refused" {
    serve_default --token-life 1000
    no_token
    log_in
    age 3600 -60
    change_stored 'map(.token = "expired")'
    doctor
    expect_status 77
    expect_report settings files url proxy name connection tls token warning:expiry failure:account
    expect_check expiry "expired 1 min ago; run 'sigmasight-chat login'"
    expect_check account ".* \(HTTP 401\); run 'sigmasight-chat login'.*"
    age 3600 600
    change_stored 'map(.token = "refused")'
    doctor
    expect_check expiry 'in (9 min 5[0-9]|10 min [0-9]) s'
    expect_report settings files url proxy name connection tls token expiry failure:account
}

# An expired token that states when it expired.
old_jwt()
{
    printf 'eyJhbGciOiJIUzI1NiJ9.%s.c2ln' "$(printf '{"exp":%d}' "$(($(date +%s) - 600))" | base64 -w 0 | tr '+/' '-_' | tr -d =)"
}

@test "doctor: the hint for an expired token depends on its source" {
    TOKEN=$(old_jwt)
    serve_default
    doctor
    expect_status 0
    expect_check expiry 'expired 10 min ago; get a new one'
    no_token
    token_command "echo $TOKEN"
    doctor
    expect_status 0
    expect_check expiry 'expired 10 min ago; check what token_command prints'
    stop_server
    rm "$(config)" "$T/announcement"
    serve_default --token-life 0
    no_token
    SIGMASIGHT_EMAIL=me@example.com SIGMASIGHT_PASSWORD=$PASSWORD doctor
    expect_check expiry 'expired less than a minute ago; this server requires a token of its web login: set token_command .*'
}

@test "doctor: a refreshed token that cannot be stored" {
    serve_default
    no_token
    log_in
    age 600 5
    (
        limit_files 0
        exec "$CHAT" doctor 2>&1
    ) </dev/null | cat >"$OUT"
    status=${PIPESTATUS[0]}
    expect_status 0
    sed -E 's/ +/ /;s/ +/ /2' "$OUT" >"$T/report"
    expect_report settings files url proxy name connection tls token warning:files expiry account server
    expect_check files '.*credentials\.json.*'
    age 600 5
    (
        limit_files 0
        exec "$CHAT" conversations 2>&1
    ) </dev/null | cat >"$OUT"
    status=${PIPESTATUS[0]}
    expect_status 0
    grep -q -E '^sigmasight-chat: warning: .*credentials\.json' "$OUT"
}

@test "doctor: invalid settings are reported as a line" {
    serve_default
    echo '{"moed": "blue"}' | configure
    doctor
    expect_status 78
    expect_report failure:settings files
    expect_check settings ".*config\.json:1:2: unknown key \"moed\".*; run 'sigmasight-chat config edit' to correct it"
    expect_first_failure
    expect_requests
    echo '{}' | configure
    doctor --profile none
    expect_status 78
    expect_check settings "no profile 'none'; .*"
    chmod 666 "$(config)"
    run_chat doctor -j
    expect_status 78
    expect_jq '.[0] | .check == "settings" and .status == "failure" and (.hint | startswith("run '\''chmod go-w "))'
}

@test "doctor: the log" {
    serve_hello
    run_chat send -q --log hi
    expect_status 0
    doctor
    expect_report settings files url proxy name connection tls token expiry account server
    expect_check files "$(state) 0700, conversations\.json 0600, log\.jsonl 0600 \(1 KiB\)"
    rm "$(state log.jsonl)"
    mkdir "$(state log.jsonl)"
    SIGMASIGHT_LOG='' doctor
    expect_status 0
    expect_report settings warning:files files url proxy name connection tls token expiry account server
    grep -q -E '^warning +files +cannot write .*log\.jsonl: .*; answers are not logged$' "$OUT"
    SIGMASIGHT_LOG=0 doctor
    expect_status 0
    expect_report settings files url proxy name connection tls token expiry account server
}

@test "doctor: the files and their modes" {
    serve_default
    no_token
    doctor
    expect_check files "$(state) \(does not exist: no login, nothing to continue\)"
    log_in
    run_chat send -q hi
    chmod 755 "$(state)"
    doctor
    expect_status 0
    expect_check files "$(state) 0755, .*: others can read the directory; run 'chmod 700 $(state)'"
    eval "$(sed -n "s/.*run '\(chmod 700 .*\)'$/\1/p" "$OUT")"
    doctor
    expect_report settings files url proxy name connection tls token expiry account server
    chmod 644 "$(state conversations.json)"
    doctor
    expect_status 0
    expect_report settings warning:files url proxy name connection tls token expiry account server
    chmod 600 "$(state conversations.json)"
    chmod 644 "$(state credentials.json)"
    doctor
    expect_status 78
    expect_report settings failure:files url proxy name connection tls
    expect_check files ".*readable by others; run 'chmod 600 .*'"
    # The file is not needed if the token comes from another source.
    export SIGMASIGHT_TOKEN=$TOKEN
    doctor
    expect_status 0
    expect_report settings warning:files url proxy name connection tls token expiry account server
    unset HOME XDG_STATE_HOME XDG_CONFIG_HOME
    doctor
    expect_status 0
    expect_check settings 'no configuration file: .*'
    expect_check files 'no state directory: .*'
}

@test "doctor: an unknown name, an address where nothing listens, an invalid address" {
    export SIGMASIGHT_TOKEN=$TOKEN
    doctor -u "https://$(repeat 64 a).invalid/api/v1"
    expect_status 69
    expect_report settings files url proxy failure:name
    expect_check name '.*; check the name in --url.*'
    expect_first_failure
    doctor -u http://127.0.0.1:1/
    expect_status 69
    expect_report settings files url proxy name failure:connection
    expect_check name '127\.0\.0\.1 is an address'
    expect_check connection 'cannot connect to http://127\.0\.0\.1:1: .*nothing is listening there; start the server, or check --url'
    doctor -u 'http://[::1]:1/'
    expect_status 69
    expect_report settings files url proxy name failure:connection
    expect_check name '::1 is an address'
    doctor -u http://example.org/
    expect_status 78
    expect_report settings files failure:url
    doctor -u http://me:secret@127.0.0.1/
    expect_status 78
    expect_no secret "$OUT" "$ERR"
}

@test "doctor: TLS that is valid, untrusted, not verified, missing" {
    serve_default
    proxy_lines | { echo "ssl_certificate $TLS/good.pem;"; cat; } >"$T/lines"
    start_nginx '127.0.0.1 ssl' <"$T/lines"
    export SIGMASIGHT_URL=https://localhost:$PROXY_PORT/api/v1
    doctor --cacert "$TLS/ca.pem"
    expect_status 0
    expect_check tls "the certificate was verified by $TLS/ca\.pem, after [0-9]+ ms"
    expect_check name 'localhost is reached at 127\.0\.0\.1'
    CURL_CA_BUNDLE=$TLS/ca.pem doctor
    expect_check tls "the certificate was verified by $TLS/ca\.pem, after [0-9]+ ms"
    SSL_CERT_FILE=$TLS/ca.pem SSL_CERT_DIR=$T doctor
    expect_check tls "the certificate was verified by $TLS/ca\.pem or $T, after [0-9]+ ms"
    mkdir "$T/hashed"
    cp "$TLS/ca.pem" "$T/hashed/"
    openssl rehash "$T/hashed"
    SSL_CERT_DIR=$T/hashed doctor
    expect_check tls "the certificate was verified by the system's authorities or $T/hashed, after [0-9]+ ms"
    doctor
    expect_status 69
    expect_report settings files url proxy name connection failure:tls
    expect_check tls 'cannot trust https://localhost:.*; --cacert FILE names the authority that signed it'
    doctor --insecure
    expect_status 0
    expect_report settings files url proxy name connection warning:tls token expiry account server
    doctor -u "https://127.0.0.1:$PORT/api/v1"
    expect_status 69
    expect_report settings files url proxy name connection failure:tls
    doctor --cacert "$T/none"
    expect_status 66
    expect_report settings files failure:url
}

@test "doctor: the proxy, but not the value of its variable" {
    serve_default
    export http_proxy=http://me:secret@127.0.0.1:1/
    doctor
    expect_status 0
    expect_check proxy 'none: the loopback interface is never reached through a proxy'
    doctor -u http://example.org/ --allow-http
    expect_status 69
    expect_check proxy 'set in http_proxy'
    expect_report settings files warning:url proxy failure:connection
    expect_check connection 'cannot connect to the proxy http://127\.0\.0\.1:1: .*; check the proxy that the environment names'
    expect_no secret "$OUT" "$ERR"
    export no_proxy=example.com
    doctor -u http://example.org/ --allow-http
    expect_check proxy 'set in http_proxy, except for hosts listed in no_proxy'
}

@test "doctor: a server with unexpected responses" {
    serve <<'END'
on GET /auth/me
status 500
body {"detail":"out of order"}
END
    doctor
    expect_status 69
    expect_report settings files url proxy name connection tls failure:server
    expect_check server '.*out of order \(HTTP 500\)'
    doctor -u "${SIGMASIGHT_URL%/api/v1}"
    expect_status 65
    expect_check server '.*; check --url; it usually ends in /api/v1'
}

@test "doctor: a server whose list of conversations is none" {
    serve <<'END'
on GET /chat/conversations once
status 500
body {"detail":"out of order"}
on GET /chat/conversations
body {"conversations":7}
END
    doctor
    expect_status 69
    expect_report settings files url proxy name connection tls token expiry account failure:server
    expect_check server '.*out of order \(HTTP 500\)'
    doctor
    expect_status 76
    expect_report settings files url proxy name connection tls token expiry account failure:server
    expect_check server '.*not a list of conversations.*'
}

@test "doctor: text of the server is escaped, one line each" {
    serve <<'END'
on GET /auth/me
status 500
body {"detail":"\\u001b]52;c;ZXZpbA==\\u0007\\u202e\\nsecond"}
END
    doctor
    expect_status 69
    expect_no $'\e' "$OUT" "$ERR"
    expect_no $'\xe2\x80\xae' "$OUT" "$ERR"
    expect_no second "$OUT" "$ERR"
}

@test "doctor: very long text of the server is truncated" {
    serve <<<$'on GET /auth/me\nstatus 500\nraw {"detail":"\nfill 900000 wide\nraw "}'
    doctor
    expect_status 69
    [ "$(wc -c <"$OUT")" -lt 5000 ] || fail "$(wc -c <"$OUT") bytes"
    grep -q '(cut)' "$OUT"
}

@test "doctor: a signal ends it" {
    serve <<'END'
on GET /auth/me
gate asked
silence
END
    for name in INT TERM HUP; do
        launch "$CHAT" doctor >"$OUT" 2>"$ERR"
        await_gate asked
        kill -s "$name" "$PID"
        await_end
        expect_signal "$name"
        stop_server
        rm -f "$T/port" "$T/announcement"
        serve_default --scenario "$T/scenario"
    done
}

@test "doctor: output that cannot be written" {
    serve_default
    status=0
    "$CHAT" doctor >/dev/full 2>"$ERR" || status=$?
    expect_status 74
    expect_error 'cannot write standard output: .*'
}

@test "doctor: writes no file and sends no message" {
    serve_default
    doctor
    [ ! -e "$(state)" ]
    requests | grep -v '^GET ' && fail "it changes something"
    expect_requests 'GET /auth/me' 'GET /auth/me' 'GET /chat/conversations?limit=1&offset=0'
}

@test "doctor: each line is printed as soon as it is known" {
    serve <<'SCENARIO'
on GET /auth/me
gate me
status 401
SCENARIO
    pipe_from PIPE
    launch "$CHAT" doctor -j >"$T/pipe" 2>"$ERR"
    await_gate me
    for check in settings files url proxy name connection tls; do
        IFS= read -r -t "$PATIENCE" -u "$PIPE" line
        [[ $line == "{\"check\":\"$check\","* ]] || fail "not $check: $line"
    done
    open_gate me
    await_end
    expect_status 77
}

@test "doctor: at a terminal in colour, wrapped at words, and the failure once" {
    serve_default
    no_token
    at_terminal width 60 wait failure -- env TERM=xterm "$CHAT" doctor
    expect_line 'exit 77.*' "$OUT"
    tr -d '\r' <"$T/screen" >"$T/shown"
    [ "$(grep -c 'no token' "$T/shown")" -eq 1 ] || fail "not once: $(cat "$T/shown")"
    expect_line $'\e\\[31mfailure \e\\[0m token .*' "$T/shown"
    expect_line $'\e\\[32mok      \e\\[0m url .*' "$T/shown"
    expect_line ' {21}[^ ].*' <(sed -n '/failure/,$p' "$T/shown")
    sed $'s/\e\\[[0-9]*m//g' "$T/shown" | awk 'length > 60 && NF > 3' >"$T/wide"
    expect_bytes '' "$T/wide"
    # Without a terminal the error message is on standard error.
    doctor
    expect_first_failure
}

@test "doctor: on a narrow terminal a message begins below the name of its check" {
    no_token
    at_terminal width 40 wait connection -- "$CHAT" doctor --color never -u http://127.0.0.1:1
    tr -d '\r' <"$T/screen" >"$T/shown"
    expect_line 'ok       url' "$T/shown"
    expect_line '    http://127\.0\.0\.1:1' "$T/shown"
    expect_line '    127\.0\.0\.1 is an address' "$T/shown"
    expect_line 'failure  connection' "$T/shown"
    awk 'length > 40 && NF > 1' "$T/shown" >"$T/wide"
    expect_bytes '' "$T/wide"
}

@test "doctor: a path that is too long for its column begins a line of its own" {
    no_token
    local path
    XDG_CONFIG_HOME=$(cd "$T" && pwd)/$(repeat 40 c)
    export XDG_CONFIG_HOME
    path=$XDG_CONFIG_HOME/sigmasight-chat/config.json
    at_terminal width $((${#path} + 10)) wait connection -- "$CHAT" doctor --color never -u http://127.0.0.1:1
    tr -d '\r' <"$T/screen" >"$T/shown"
    expect_line "    $path.*" "$T/shown"
    expect_line 'ok       url         http://127\.0\.0\.1:1' "$T/shown"
    awk -v width=$((${#path} + 10)) 'length > width' "$T/shown" >"$T/wide"
    expect_bytes '' "$T/wide"
}

@test "doctor: a state directory that cannot be written" {
    serve_default
    mkdir -p "$(state)"
    chmod 500 "$(state)"
    local run=()
    # To root, modes mean nothing.
    [ "$(id -u)" -ne 0 ] || run=(setpriv --inh-caps=-all --bounding-set=-all)
    "${run[@]}" true || skip "setpriv is not available"
    SIGMASIGHT_TOKEN=$TOKEN "${run[@]}" "$CHAT" doctor -j >"$OUT" 2>"$ERR"
    chmod 700 "$(state)"
    jq -e -s 'map(select(.check == "files")) | length == 1 and .[0].status == "warning" and (.[0].hint | contains("chmod 700 "))' "$OUT" ||
        fail "no warning"
}

@test "doctor: a state directory that cannot be created" {
    serve_default
    : >"$T/file"
    ln -s missing "$T/link"
    mkdir "$T/closed"
    local base where
    for base in "$T/file" "$T/file/below" "$T/link" "$T/link/below"; do
        where=${base%/below}
        XDG_STATE_HOME=$base run_chat doctor
        expect_status 0
        expect_line "warning +files +cannot write to $where: $(strerror ENOTDIR); neither a login nor the log can be stored there" "$OUT"
    done
    # Only root may create it, and doctor does not.
    XDG_STATE_HOME=/sigmasight-chat-$$ run_chat doctor
    if [ -w / ]; then
        expect_line "ok +files +/sigmasight-chat-$$/sigmasight-chat \(does not exist: no login, nothing to continue\)" "$OUT"
    else
        expect_line "warning +files +cannot write to /: .*" "$OUT"
    fi
    XDG_STATE_HOME=$T/new/below run_chat doctor
    expect_line "ok +files +$T/new/below/sigmasight-chat \(does not exist: no login, nothing to continue\)" "$OUT"
    chmod 500 "$T/closed"
    local run=()
    # To root, modes mean nothing.
    [ "$(id -u)" -ne 0 ] || run=(setpriv --inh-caps=-all --bounding-set=-all)
    "${run[@]}" true || skip "setpriv is not available"
    XDG_STATE_HOME=$T/closed/below "${run[@]}" "$CHAT" doctor >"$OUT"
    expect_line "warning +files +cannot write to $T/closed: .*" "$OUT"
}

@test "doctor: JSON at a terminal is escaped" {
    at_terminal wait proxy -- "$CHAT" doctor -j -u $'http://127.0.0.1:1/\xc2\x9b31m'
    expect_no $'\xc2\x9b' "$T/screen"
}
