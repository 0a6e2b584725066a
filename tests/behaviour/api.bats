#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# api: any call of the API.

load helper
load accounts
load memory

@test "api: methods, queries and bodies" {
    serve_default --generation 2
    run_chat api /chat/memories/count
    expect_status 0
    expect_jq '.[0].count == 0'
    run_chat api /chat/memories --data '{"content": "likes ETFs"}'
    expect_status 0
    id=$(jq -r .id "$OUT")
    run_chat api GET '/chat/memories?limit=1&x=../%2e'
    expect_jq '.[0].memories[0].content == "likes ETFs"'
    run_chat api DELETE "/chat/memories/$id"
    expect_status 0
    echo '{"content": "from a file"}' >"$T/data"
    run_chat api /chat/memories --data "@$T/data"
    expect_status 0
    run_chat api /chat/memories --data - <"$T/data"
    expect_status 0
    run_chat api GET /chat/memories/count --data '{}'
    expect_requests 'GET /chat/memories/count' 'POST /chat/memories' 'GET /chat/memories?limit=1&x=../%2e' \
        "DELETE /chat/memories/$id" 'POST /chat/memories' 'POST /chat/memories' 'GET /chat/memories/count'
    [ "$(body 2)" = '{"content": "likes ETFs"}' ]
    body 5 | cmp - "$T/data" >&2
    body 6 | cmp - "$T/data" >&2
    [ "$(body 7)" = '{}' ]
}

@test "api: the other headers of a request" {
    serve_default
    run_chat api -H 'X-Test: yes' PUT /nothing --data 'no JSON'
    expect_status 65
    tr -d '\r' <"$(request 1)" >"$T/head"
    grep -qx "Authorization: Bearer $TOKEN" "$T/head"
    grep -qx 'Content-Type: application/json' "$T/head"
    grep -qx 'X-Test: yes' "$T/head"
    [ "$(body 1)" = 'no JSON' ]
    run_chat api POST /nothing
    [ -z "$(header Content-Type 2)" ] || fail "Content-Type without a body"
}

@test "api: binary bodies, 204, HEAD" {
    head -c 300000 /dev/urandom >"$T/binary"
    serve <<'END'
on GET /binary
  header Content-Type: application/octet-stream
  file binary
on DELETE /nothing
  status 204
on HEAD /head
  header Content-Length: 1000
  header X-Test: yes
on HEAD /missing
  status 404
END
    run_chat api /binary
    expect_status 0
    cmp "$T/binary" "$OUT" >&2
    for arguments in 'DELETE /nothing' 'HEAD /head'; do
        # shellcheck disable=SC2086 # words
        run_chat api $arguments
        expect_status 0
        [ ! -s "$OUT" ] && [ ! -s "$ERR" ]
    done
    run_chat api HEAD /missing
    expect_status 65
    expect_error 'HEAD /missing: .*HTTP 404.*'
    [ ! -s "$OUT" ]
}

@test "api: a compressed body is refused" {
    serve <<<$'on GET /packed\nheader Content-Encoding: gzip\nbody abc\non HEAD /packed\nheader Content-Encoding: gzip'
    run_chat api /packed
    expect_status 76
    expect_error '.*gzip.*'
    [ ! -s "$OUT" ]
    run_chat api HEAD /packed
    expect_status 0
}

@test "api: an event stream is printed as it arrives" {
    serve <<'END'
on POST /chat/send
  event message {"delta":"one"}
  gate seen
  event done {}
END
    pipe_from ANSWER
    launch "$CHAT" api /chat/send --data '{}' >"$T/answer" 2>"$ERR"
    await_gate seen
    expect_read "$ANSWER" $'event: message\ndata: {"delta":"one"}\n\n'
    open_gate seen
    expect_read "$ANSWER" $'event: done\ndata: {}\n\n'
    await_end
    expect_status 0
}

@test "api: memory does not grow with the body" {
    need_plain_program
    serve <<'END'
on GET /big
  repeat 4096
  fill 65536 x
  end-repeat
END
    # The memory is smaller than the body.
    (ulimit -v 200000 && exec "$CHAT" api /big 2>"$ERR") | wc -c >"$T/count"
    status=${PIPESTATUS[0]}
    expect_status 0
    [ "$(cat "$T/count")" -eq $((4096 * 65536)) ] || fail "$(cat "$T/count") bytes"
}

@test "api: the body of a failure goes to standard output, its reason to standard error" {
    serve <<'END'
on GET /refused
  status 418
  body {"detail":"I am a teapot"}
on GET /moved
  status 302
  header Location: http://127.0.0.1:1/
  body elsewhere
on GET /huge
  status 400
  fill 3000000 x
END
    run_chat api '/refused?secret=1'
    expect_status 65
    expect_bytes '{"detail":"I am a teapot"}'
    expect_error 'GET /refused: I am a teapot \(HTTP 418\)'
    run_chat api /moved
    expect_status 76
    expect_bytes elsewhere
    expect_requests 'GET /refused?secret=1' 'GET /moved'
    run_chat api /huge
    expect_status 65
    [ "$(wc -c <"$OUT")" -eq $((1 << 20)) ]
}

@test "api: a refusal of deeply nested data" {
    printf '[%.0s' {1..40000} >"$T/data"
    printf ']%.0s' {1..40000} >>"$T/data"
    serve <<'END'
on POST /x
  status 400
  body {"detail":"too deep"}
on POST /unknown
  status 400
  body {"detail":{"odd":["page eight"]}}
END
    run_chat api /x --data "@$T/data"
    expect_status 65
    expect_error 'POST /x: too deep \(HTTP 400\)'
    # An unknown structure is not shown, because it may repeat the strings that were not read.
    run_chat api /unknown --data "[[[[[[[[[[[[[[[[[[[[\"page nine\"]]]]]]]]]]]]]]]]]]]]"
    expect_status 65
    expect_no 'page' "$ERR"
}

@test "api: a body that is cut off" {
    serve <<'END'
on GET /cut
  raw some
  close
END
    run_chat api /cut
    expect_status 75
    expect_bytes some
    [ "$(requests | wc -l)" -eq 1 ]
}

@test "api: GET and HEAD are retried, other methods if nothing was stored" {
    serve <<'END'
on GET /a once
  status 500
on GET /a
  body {}
on POST /a
  status 500
on POST /b once
  status 503
on POST /b
  body {}
END
    run_chat api --retry-delay 0 /a
    expect_status 0
    expect_bytes '{}'
    expect_line 'sigmasight-chat: retry 1 of 3 .*GET /a.*'
    run_chat api --retry-delay 0 POST /a
    expect_status 69
    run_chat api --retry-delay 0 POST /b
    expect_status 0
    run_chat api --retry-delay 0 --retry 1 --retry-all POST /a
    expect_status 69
    expect_requests 'GET /a' 'GET /a' 'POST /a' 'POST /b' 'POST /b' 'POST /a' 'POST /a'
}

@test "api: time limits" {
    serve <<'END'
on GET /silent
  silence
on GET /heartbeats
  event heartbeat {}
  silence
END
    run_chat api --retry 0 --max-time 0.3 /silent
    expect_status 75
    run_chat api --retry 0 --idle-timeout 0.3 /silent
    expect_status 75
    run_chat api --retry 0 --stall-timeout 0.3 /heartbeats
    expect_status 75
    expect_line '.*--stall-timeout.*'
}

@test "api: time limits begin when standard input was read" {
    serve <<'END'
on POST /chat/conversations
status 503
on POST /chat/conversations
body {"made":1}
END
    make_clock
    run_slowly_fed '{}' "$CHAT" api -q /chat/conversations --data - --retry-delay 0.01 --retry-max-time 3600 --max-time 3600
    expect_status 0
    expect_requests 'POST /chat/conversations' 'POST /chat/conversations'
}

@test "api: the time in which it waits for the reader of the output does not count" {
    serve <<'END'
on GET /big
  repeat 64
  fill 65536 x
  end-repeat
END
    make_clock
    pipe_from ANSWER
    launch env LD_PRELOAD="$T/clock.so" "$CHAT" api --max-time 3600 --idle-timeout 0 /big >"$T/answer" 2>"$ERR"
    # Now so much is in the socket that most writes happen while libcurl reads it.
    [ "$(head -c 1048576 <&"$ANSWER" | wc -c)" -eq 1048576 ] || fail "the first part of the body is not whole"
    await_full ANSWER
    : >"$CLOCK_AHEAD"
    [ "$(wc -c <&"$ANSWER")" -eq $((64 * 65536 - 1048576)) ] || fail "the body is not whole"
    await_end
    expect_status 0
}

@test "api: --stall-timeout counts the same events as for a message" {
    serve <<'END'
on POST /chat/send
  repeat 200
  event heartbeat {}
  raw data: {}\n\n
  raw data: [DONE]\n\n
  pause 20
  end-repeat
on GET /silent
  event message {"delta":"half"}
  silence
END
    for arguments in "api --data {} /chat/send" "api /silent" "send -c $ID hi"; do
        # shellcheck disable=SC2086 # words
        run_chat ${arguments/ / --retry 0 --stall-timeout 0.3 }
        expect_status 75
        expect_error 'timed out: nothing but heartbeats was received for 0.3 s \(--stall-timeout\)'
    done
}

@test "api: --stall-timeout does not end a stream of events without names" {
    serve <<'END'
on GET /stream
  repeat 10
  data {"n":"some payload"}
  pause 300
  end-repeat
END
    run_chat api --retry 0 --stall-timeout 2 /stream
    expect_status 0
    [ "$(grep -c payload "$OUT")" -eq 10 ] || fail "the body is not whole"
}

@test "api: a path cannot leave the base URL" {
    serve_default
    for path in '' x http://127.0.0.1/ . .. /.. /. /a/../b /a/.. '/%2e%2E' /a/.%2e/b /a/%2E /a%2f..%2fb /a/..%5cb \
        '/a b' '/a#b' '/a\b' $'/a\tb' $'/a\nb' $'/a\x7f' /ä; do
        run_chat api -- "$path"
        expect_status 64
        run_chat api -- GET "$path"
        expect_status 64
    done
    expect_requests
    for path in //127.0.0.1:1/x '/a?b=../c' /...; do
        run_chat api "$path"
        expect_status 65
    done
    expect_requests 'GET //127.0.0.1:1/x' 'GET /a?b=../c' 'GET /...'
    # Newer versions of libmicrohttpd refuse these themselves.
    for path in /%2 /%zz.; do
        run_chat api -vv "$path"
        expect_status 65
        grep -q -F "GET /api/v1$path HTTP/1.1" "$ERR" || fail "another request"
    done
}

@test "api: usage" {
    for arguments in '' 'get /a' 'TRACE /a' 'CONNECT /a' 'GET /a /b' 'HEAD /a --data x' '/a --data=' '/a --data @' '/a -o json'; do
        # shellcheck disable=SC2086 # words
        run_chat api $arguments
        expect_status 64
    done
    run_chat api /a --data "@$T/missing"
    expect_status 66
    run_chat api /a --data - <"$T"
    expect_status 66
    expect_error 'cannot read standard input: .*'
    truncate -s $(((64 << 20) + 1)) "$T/large"
    run_chat api /a --data "@$T/large"
    expect_status 65
    expect_error 'api: the request body is larger than 64 MiB'
}

@test "api: tokens are renewed, never shown, and not required" {
    serve <<'END'
on POST /chat/messages
  header X-Secret: something
  body {"password":"hunter2"}
END
    run_chat api -vv POST '/chat/messages?key=hunter3&limit=5&hunter4&=hunter5' --data '{"password":"hunter1"}'
    expect_status 0
    expect_no "$TOKEN" "$ERR"
    expect_no hunter "$ERR"
    expect_no something "$ERR"
    expect_line '> POST /api/v1/chat/messages\?key=\[masked\]&limit=5&\[masked\]&=\[masked\] HTTP/1.1'
    unset SIGMASIGHT_TOKEN
    run_chat api POST /chat/messages --data '{}'
    expect_status 0
    expect_no authorization "$(request 2)"
    run_chat api /auth/me
    expect_status 77
    expect_line ".*sigmasight-chat login.*"
    run_chat api /auth/login --data '{"email":"me@example.com","password":"any"}'
    expect_status 0
    export SIGMASIGHT_EMAIL=me@example.com SIGMASIGHT_PASSWORD=any
    run_chat api /auth/me
    expect_status 0
    expect_jq '.[0].email == "me@example.com"'
}

@test "api: at a terminal control characters are escaped" {
    need_terminal
    serve <<'END'
on GET /evil
  raw a\xc3
  raw \xa4\x1b[31mb\xc3
END
    at_terminal -- "$CHAT" api /evil
    grep -q -F 'aä^[[31mb\x{c3}' "$T/screen"
}

@test "api: output that cannot be written" {
    serve_default
    status=0
    "$CHAT" api /auth/me >/dev/full 2>"$ERR" || status=$?
    expect_status 74
}

@test "api: if both streams are one file or pipe, the line of a failure begins on a new line" {
    serve <<'END'
on GET /refused
  status 404
  body {"detail":"Not Found"}
END
    "$CHAT" api /refused >"$T/both" 2>&1 || [ $? -eq 65 ]
    expect_line '{"detail":"Not Found"}' "$T/both"
    expect_line 'sigmasight-chat: GET /refused: Not Found \(HTTP 404\)' "$T/both"
    { "$CHAT" api /refused 2>&1 || :; } | cat >"$T/piped"
    cmp "$T/both" "$T/piped" >&2
    # Standard output has the bytes of the body.
    run_chat api /refused
    expect_bytes '{"detail":"Not Found"}' "$OUT"
}
