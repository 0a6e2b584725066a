#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Hints of messages that no other test checks. tests/lint/messages lists all messages.

load helper
load accounts

@test "messages: a suggestion for a misspelled command" {
    while read -r word meant; do
        run_chat "$word"
        expect_status 64
        [ "$(head -n 1 "$ERR")" = "sigmasight-chat: unknown command '$word'; did you mean $meant?" ] || fail "$word"
    done <<'END'
conversation conversations
convs conversations
version --version
configure config
sned send
snd send
lgoin login
shcema schema
doctro doctor
END
}

@test "messages: no suggestion if no command is similar" {
    for word in x se snx talk lgn dialogue longer-than-all-the-commands-that-there-are ''; do
        run_chat "$word"
        expect_status 64
        expect_no 'did you mean' "$ERR"
    done
}

@test "messages: a suggestion for a misspelled subcommand" {
    while read -r command word hint; do
        run_chat "$command" "$word"
        expect_status 64
        [ "$(head -n 1 "$ERR")" = "sigmasight-chat: $command: unknown subcommand '$word'${hint:+; }$hint" ] || fail "$command $word"
    done <<'END'
conversations delet did you mean delete?
conversations craete
conversations lsit did you mean list?
log exprot did you mean export?
log concentrated 'log list WORD...' searches the log
config pth did you mean path?
config foo
END
}

@test "messages: a suggestion for a misspelled option" {
    while read -r command word meant; do
        run_chat "$command" "$word=secret" hi
        expect_status 64
        [ "$(head -n 1 "$ERR")" = "sigmasight-chat: unknown option $word${meant:+; }$meant" ] || fail "$command $word"
        expect_no secret "$ERR"
    done <<'END'
send --ouput did you mean --output?
send --ot
send --retry-lal did you mean --retry-all?
send --retyr-dealy did you mean --retry-delay?
send --token did you mean --token-file?
send --to
send --nonsense
send --token_command
send --limit it is an option of conversations and log
send --email it is an option of login
decode --ephemeral it is an option of send, chat and others
decode --portfolio it is an option of send, chat and others
decode --url it is an option of send, chat and others
decode --urls
decode --no-strem did you mean --no-stream?
END
}

@test "messages: a question instead of a command" {
    run_chat 'How concentrated am I?'
    expect_status 64
    [ "$(head -n 1 "$ERR")" = "sigmasight-chat: unknown command 'How concentrated am I?'; 'sigmasight-chat send' asks a question" ] ||
        fail "not the hint"
    expect_bytes ''
    for question in '-v or not -v?' '- what is this' $'--\tx = y'; do
        run_chat "$question" more
        expect_status 64
        [ "$(head -n 1 "$ERR")" = "sigmasight-chat: unknown command '${question//$'\t'/ }'; 'sigmasight-chat send -- ...' asks a question" ] ||
            fail "not the hint: $question"
    done
    # The value of an option is not shown.
    local option
    for option in --header=Secret '-HName: Secret'; do
        run_chat "$option: x" send hi
        expect_status 64
        [ "$(head -n 1 "$ERR")" = "sigmasight-chat: unknown option ${option%%[=:]*}; options come after the command, as in 'send -v'" ] ||
            fail "not an option: $option"
    done
}

@test "messages: without a command the help goes to standard error" {
    run_chat
    expect_status 64
    expect_bytes ''
    cp "$ERR" "$T/usage"
    run_chat --help
    expect_status 0
    cmp "$T/usage" "$OUT" >&2
}

@test "messages: -V is --version" {
    run_chat --version
    expect_status 0
    cp "$OUT" "$T/version"
    run_chat -V
    expect_status 0
    cmp "$T/version" "$OUT" >&2
}

@test "messages: missing, unexpected and too many arguments" {
    while IFS='|' read -r arguments message; do
        # shellcheck disable=SC2086 # words
        run_chat $arguments
        expect_status 64
        [ "$(head -n 1 "$ERR")" = "sigmasight-chat: $message" ] || fail "$arguments"
    done <<'END'
send hi -c|option --conversation requires an argument
send --quiet=1|option --quiet does not take an argument
send -x|unknown option -x; put -- before arguments that start with -
send -vx|unknown option -x; put -- before arguments that start with -
batch -c x|unknown option -c; it is an option of send, chat and others
whoami -n|unknown option -n; it is an option of send, chat and others
decode a b|decode: too many arguments
conversations mode x|conversations mode: missing arguments: expected ID MODE
conversations show|conversations show: missing arguments: expected ID
conversations new x|conversations new: too many arguments
log delete|log delete: missing arguments: expected ID...
log path x|log path: too many arguments
completion|completion: missing arguments: expected bash, zsh or fish
END
}

@test "messages: a question that begins with - is shown as a whole" {
    for question in '- what is this' '-v or not' '-qvé'; do
        for arguments in '' 'more'; do
            # shellcheck disable=SC2086 # none or one
            run_chat send -c id "$question" $arguments
            expect_status 64
            [ "$(head -n 1 "$ERR")" = "sigmasight-chat: unknown option '$question'; put -- before arguments that start with -" ] ||
                fail "$question"
        done
    done
}

@test "messages: the expected value of an option" {
    while read -r option value expected; do
        run_chat send "$option" "$value" hi
        expect_status 64
        [ "$(head -n 1 "$ERR")" = "sigmasight-chat: invalid value '$value' for $option: expected $expected" ] || fail "$option"
    done <<'END'
--retry 1000000001 an integer from 0 to 1000000000
--max-time 1e3 a number of seconds from 0 to 1000000000
--max-event-size 0 a number of bytes such as 65536, 512K or 64M
--mode red green, blue, indigo or violet
END
    run_chat send --conversation '' hi
    expect_status 64
    expect_line 'sigmasight-chat: --conversation: value must not be empty'
    run_chat send -H 'A: 1' -H 'host: 2' hi
    expect_line 'sigmasight-chat: invalid value for --header: host: this header cannot be set'
    run_chat send -H 'A:' hi
    expect_line 'sigmasight-chat: invalid value for --header: A: the value must not be empty'
    run_chat send --context $'a=\xff' hi
    expect_status 64
    expect_line 'sigmasight-chat: invalid value for --context: it is not UTF-8'
    run_chat send --mode '' hi
    expect_line "sigmasight-chat: invalid value '' for --mode: expected green, blue, indigo or violet"
}

@test "messages: an invalid URL, and its origin" {
    export SIGMASIGHT_TOKEN=$TOKEN
    for url in nonsense:// ftp://127.0.0.1/ 'http://127.0.0.1/?x'; do
        run_chat send -u "$url" hi
        expect_status 78
        expect_error "invalid URL: .*; 'sigmasight-chat config' shows where it comes from"
    done
}

@test "messages: hints to check the URL say where it is set" {
    export SIGMASIGHT_TOKEN=$TOKEN
    url=http://127.0.0.1:1/api/v1
    SIGMASIGHT_URL=$url run_chat whoami
    expect_error '.*; start the server, or check --url \(set by SIGMASIGHT_URL\)'
    SIGMASIGHT_URL=$url run_chat whoami -u "$url"
    expect_error '.*; start the server, or check --url'
    printf '{"url": "%s", "profiles": {"p": {"url": "%s"}}}' "$url" "$url" | configure
    run_chat whoami
    expect_error '.*; start the server, or check --url \(set by the configuration file\)'
    run_chat whoami --profile p
    expect_error '.*; start the server, or check --url \(set by the profile p\)'
    # The same in the hints for a response that the API does not send.
    serve <<'END'
on GET /auth/me
status 302
on POST /chat/conversations
header Content-Type: text/html
body <html>Sign in</html>
END
    run_chat whoami
    expect_error '.*redirects are not followed; check --url \(set by SIGMASIGHT_URL\)'
    run_chat conversations new
    expect_error '.*; check --url \(set by SIGMASIGHT_URL\), and whether this network requires a sign-in'
}

@test "messages: an invalid token, and a command that fails" {
    serve_hello
    SIGMASIGHT_TOKEN='bad token' run_chat send hi
    expect_status 77
    expect_error 'invalid token from SIGMASIGHT_TOKEN; the first line must be the token and contain no blanks'
    no_token
    echo >"$T/empty"
    run_chat send --token-file "$T/empty" hi
    expect_status 77
    expect_error "no token: $T/empty is empty; the first line must be the token and contain no blanks"
    token_command 'exit 3'
    run_chat send hi
    expect_status 77
    expect_error "token_command 'exit 3': exit status 3; run it by itself to see why"
}

@test "messages: a message that is too large" {
    export SIGMASIGHT_TOKEN=$TOKEN
    head -c 1048577 /dev/zero | tr '\0' x >"$T/message"
    run_chat send <"$T/message"
    expect_status 65
    expect_error 'the message is larger than 1 MiB'
}

@test "messages: the option that would retry the message" {
    serve <<'END'
on POST /chat/send
status 502
on POST /chat/send
status 502
on POST /chat/send
status 502
on POST /chat/send
status 502
on POST /chat/send
event message {"delta":"half"}
close
END
    hint='the message may be stored; --retry-all retries anyway'
    run_chat send -c "$ID" hi
    expect_status 69
    expect_error ".* \(HTTP 502\); $hint|.*HTTP 502; $hint"
    # Not if the option is given, if retries are off, in a new conversation, or after text.
    run_chat send -c "$ID" --retry 1 --retry-delay 0.01 --retry-all hi
    expect_no "$hint" "$ERR"
    run_chat send -c "$ID" --retry 0 hi
    expect_no "$hint" "$ERR"
    run_chat send -c "$ID" hi
    expect_status 75
    expect_no "$hint" "$ERR"
}

@test "messages: a mode that could not be set does not count as a stored message" {
    serve <<'END'
on PUT /chat/conversations/*/mode
status 500
on PUT /chat/conversations/*/mode
wire
END
    run_chat send -c "$ID" -m blue hi
    expect_status 69
    expect_error 'cannot change the mode: HTTP 500'
    run_chat send -c "$ID" -m blue hi
    expect_status 75
    expect_error 'the connection was lost before an answer: .*'
    expect_no 'may be stored' "$ERR"
    expect_requests "PUT /chat/conversations/$ID/mode" "PUT /chat/conversations/$ID/mode"
}

@test "messages: a connection closed instead of an answer, in this program's own words" {
    serve <<'END'
on POST /chat/send
wire
END
    # The connection of the creation is reused, and libcurl attempts to repeat the request.
    run_chat send -j --retry 0 hi
    expect_status 75
    expect_error 'the connection was lost before an answer'
    expect_close '.error.message == "the connection was lost before an answer" and .error.code == "cut_off" and .error.retryable'
    [ "$(count_requests 'POST /chat/send')" -eq 1 ]
    # The message may be stored: retried in a new conversation.
    run_chat send --retry 1 --retry-delay 0.01 hi
    expect_status 75
    expect_line 'sigmasight-chat: retry 1 of 1 in 0.0 s: the connection was lost before an answer'
    [ "$(count_requests 'POST /chat/send')" -eq 3 ]
}

@test "messages: at a terminal decode says that it waits for the stream" {
    local words='reading the event stream from standard input'
    at_terminal wait "$words" type 'data: {"delta":"x"}\n\n\x04' -- "$CHAT" decode
    expect_line 'exit 75.*' "$OUT"
    at_terminal wait "$words" type '\x04' -- "$CHAT" decode -
    at_terminal type '\x04' wait 'no complete event' -- "$CHAT" decode -q
    expect_no "$words" "$T/screen"
    at_terminal wait 'no complete event' -- "$CHAT" decode /dev/null
    expect_no "$words" "$T/screen"
    run_chat decode </dev/null
    expect_no "$words" "$ERR"
}

@test "messages: hints about conversations name the same server" {
    serve_default
    url=$SIGMASIGHT_URL
    unset SIGMASIGHT_URL
    run_chat send -u "$url" -c "$ID" hi
    expect_status 65
    expect_error ".*; 'sigmasight-chat conversations -u $url' lists them"
    run_chat conversations show "$ID" -u "$url"
    expect_status 65
    expect_error ".*; 'sigmasight-chat conversations -u $url' lists them"
}

@test "messages: hints about portfolios and invalid IDs name the same server" {
    serve_default --generation 2 --portfolios 2
    url=$SIGMASIGHT_URL
    export SIGMASIGHT_URL=http://127.0.0.1:1/api/v1
    for value in nope Dem; do
        run_chat send -u "$url" --portfolio "$value" hi
        expect_status 65
        expect_error ".*'sigmasight-chat portfolios -u $url' lists them"
        run_chat conversations new -u "$url" --portfolio "$value"
        expect_status 65
        expect_error ".*'sigmasight-chat portfolios -u $url' lists them"
    done
    run_chat send -u "$url" -c nope --portfolio nope hi
    expect_error ".*; 'sigmasight-chat portfolios -u $url' lists them"
    # An ambiguous one: the message lists the candidates.
    run_chat send -u "$url" -c nope --portfolio 'Demo ' hi
    expect_error ".*ambiguous portfolio 'Demo ': [^;]*"
    run_chat send -u "$url" -c a/b hi
    expect_error ".*; 'sigmasight-chat conversations -u $url' lists them"
    run_chat conversations show -u "$url" a/b
    expect_error ".*; 'sigmasight-chat conversations -u $url' lists them"
}

@test "messages: a 403 with a code has no hint about the conversation" {
    {
        repeat 3 'on POST /chat/send\nstatus 403\nbody {"detail":{"error":"invite_required","message":"By invitation only"}}\n'
        printf 'on POST /chat/send\nstatus 403\nbody {"detail":"Not your conversation"}\n'
    } >"$T/steps"
    serve_default --scenario "$T/steps"
    run_chat conversations new
    local id
    id=$(cat "$OUT")
    for words in "-c $id" "-o json -c $id" "-q -c $id"; do
        # shellcheck disable=SC2086 # words
        run_chat send $words hi
        expect_status 77
        expect_error '.*By invitation only \(HTTP 403\)'
    done
    run_chat send -c "$id" hi
    expect_error ".*; 'sigmasight-chat conversations' lists them"
}

@test "messages: -c with an invalid ID" {
    serve_default
    run_chat send -c nope hi
    expect_status 65
    expect_error ".*; an ID looks like [0-9a-f-]{36}, and 'sigmasight-chat conversations' lists them"
    run_chat send -c "$ID" hi
    expect_status 65
    expect_error ".*; 'sigmasight-chat conversations' lists them"
}

@test "messages: a hint belongs to the failure that is reported" {
    {
        printf 'event: message\ndata: {"delta":"%s"}\n\n' "$(repeat 900 x)" | tee -a "$T/small" >/dev/null
        for _ in $(seq 200); do cat "$T/small"; done
        printf 'event: message\ndata: {"delta":"%s"}\n\n' "$(repeat 2000 x)"
    } >"$T/big.sse"
    status=0
    "$CHAT" decode --max-event-size 1000 -o raw "$T/big.sse" >/dev/full 2>"$ERR" || status=$?
    expect_status 74
    expect_error 'cannot write standard output: [^;]*'
}

# The program with N descriptors at most: python3 -c "$LIMITED" N COMMAND...
LIMITED='import os, resource, sys
os.closerange(3, 256)
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])'

@test "messages: no descriptors left" {
    # LeakSanitizer itself opens files at the end.
    export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0"
    status=0
    # One is left, which the loader needs.
    python3 -c "$LIMITED" 4 "$CHAT" schema >"$OUT" 2>"$ERR" || status=$?
    expect_status 70
    expect_error 'cannot create a pipe for signals: .*'
    # The numbers that libcurl needs itself differ between versions.
    serve_hello
    local seen=0 limit
    for limit in 5 6 7 8 9 10; do
        status=0
        python3 -c "$LIMITED" "$limit" "$CHAT" send --retry 0 hi >"$OUT" 2>"$ERR" || status=$?
        [ "$status" -eq 0 ] || [ "$status" -eq 70 ] || fail "status $status with $limit descriptors"
        seen=$((seen + $(grep -c 'cannot create a socket: ' "$ERR" || :)))
    done
    [ "$seen" -gt 0 ] || fail "a socket could be created each time"
}
