#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Valid and invalid HTTP as servers and proxies send it.

load helper

WHOLE='Gr\xc3\xbc\xc3\x9fe\n\xf0\x9f\x93\x88 up\n'

# The head of an event stream, without the empty line that ends it; $1 is the protocol, $2 more headers.
head_of()
{
    printf '%s 200 OK\\r\\nContent-Type: text/event-stream; charset=utf-8\\r\\n%s' "$1" "${2-}"
}

# serve_wire STEP...: one block of these lines.
serve_wire()
{
    printf '%s\n' 'on POST /chat/send' "$@" >"$T/steps"
    serve <"$T/steps"
}

# expect_whole: the answer of the short transcripts is complete.
expect_whole()
{
    run_chat send -q -c "$ID" hi
    expect_status 0
    expect_bytes "$WHOLE"
    expect_bytes '' "$ERR"
}

@test "the same text from every size of a chunk" {
    local size transcript
    for transcript in short-first short-second; do
        for size in 1 2 3 5 7 64 1024; do
            printf 'on POST /chat/send\nchunk %d\nfile %s\n' $size "$TRANSCRIPTS/$transcript.sse"
        done
    done >"$T/steps"
    serve <"$T/steps"
    for transcript in short-first short-second; do
        for size in 1 2 3 5 7 64 1024; do
            expect_whole
        done
    done
}

@test "line terminators of every kind, one byte per chunk" {
    tr '\n' '\r' <"$TRANSCRIPTS/short-first.sse" >"$T/cr"
    sed 's/$/\r/' "$TRANSCRIPTS/short-second.sse" >"$T/crlf"
    printf '\xef\xbb\xbf' | cat - "$TRANSCRIPTS/short-first.sse" >"$T/bom"
    for file in cr crlf bom; do
        printf 'on POST /chat/send\nchunk 1\nfile %s\n' "$T/$file"
    done >"$T/steps"
    serve <"$T/steps"
    for _ in cr crlf bom; do
        expect_whole
    done
}

@test "each byte of the head in its own packet" {
    serve_wire "wire $(head_of HTTP/1.1 'Transfer-Encoding: chunked\r\n')\\r\\n" 'chunk 1' frame "file $TRANSCRIPTS/short-first.sse"
    expect_whole
}

@test "HTTP/1.0 without a length" {
    serve_wire "wire $(head_of HTTP/1.0)\\r\\n" "file $TRANSCRIPTS/short-first.sse"
    expect_whole
}

@test "HTTP/1.1 ended by the connection" {
    serve_wire "wire $(head_of HTTP/1.1 'Connection: close\r\n')\\r\\n" "file $TRANSCRIPTS/short-second.sse"
    expect_whole
}

@test "a body with its length" {
    serve_wire "wire $(head_of HTTP/1.1 "Content-Length: $(wc -c <"$TRANSCRIPTS/short-second.sse")\\r\\n")\\r\\n" \
        "file $TRANSCRIPTS/short-second.sse"
    expect_whole
}

@test "a length that is too long: a warning after done, a cut before it" {
    serve <<SCENARIO
on POST /chat/send
wire $(head_of HTTP/1.1 'Content-Length: 5000\r\n')\\r\\n
file $TRANSCRIPTS/short-second.sse
on POST /chat/send
wire $(head_of HTTP/1.1 'Content-Length: 5000\r\n')\\r\\n
raw event: message\\ndata: {"delta":"a"}\\n\\n
SCENARIO
    run_chat send -c "$ID" hi
    expect_status 0
    expect_bytes "$WHOLE"
    expect_line 'sigmasight-chat: warning: .*'
    run_chat send -q -c "$ID" hi
    expect_status 75
    expect_bytes 'a\n'
}

@test "a length that is too short cuts the answer" {
    serve_wire "wire $(head_of HTTP/1.1 'Content-Length: 40\r\n')\\r\\n" "file $TRANSCRIPTS/short-second.sse"
    run_chat send -q -c "$ID" hi
    expect_status 75
    expect_bytes ''
}

@test "a missing last chunk" {
    serve_wire "wire $(head_of HTTP/1.1 'Transfer-Encoding: chunked\r\n')\\r\\n" frame "file $TRANSCRIPTS/short-first.sse" close
    run_chat send -c "$ID" hi
    expect_status 0
    expect_bytes "$WHOLE"
    expect_line 'sigmasight-chat: warning: .*'
}

@test "chunk extensions and trailers" {
    serve_wire "wire $(head_of HTTP/1.1 'Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n')\\r\\n" \
        'raw 27;name="value"\r\nevent: message\ndata: {"delta":"Hello"}\r\n' \
        'raw 15;x\r\n\n\nevent: done\ndata:x\n\r\n' \
        'raw 0017\r\n\nevent: done\ndata: {}\n\n\r\n0\r\nX-Sum: 1\r\nContent-Type: text/html\r\n\r\n'
    run_chat send -q -c "$ID" hi
    # The second event is malformed: every byte of each chunk is read.
    expect_status 76
    expect_bytes 'Hello\n'
}

@test "invalid chunks" {
    serve_wire "wire $(head_of HTTP/1.1 'Transfer-Encoding: chunked\r\n')\\r\\n" \
        'raw 28\r\nevent: message\ndata: {"delta":"Hello"}\n\n\r\nzz\r\nevent: done\ndata: {}\n\n\r\n0\r\n\r\n'
    run_chat send -q -c "$ID" hi
    [ "$status" -eq 75 ] || [ "$status" -eq 76 ] || fail "status $status"
    expect_bytes 'Hello\n'
    expect_error
}

@test "interim responses before the final one" {
    serve_wire 'wire HTTP/1.1 100 Continue\r\n\r\n' \
        'raw HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Type: text/html\r\nRetry-After: 9\r\n\r\n' \
        "raw $(head_of HTTP/1.1 'Connection: close\r\n')\\r\\n" "file $TRANSCRIPTS/short-first.sse"
    expect_whole
}

@test "an interim response before a refusal" {
    serve_wire 'wire HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{"detail":"Nothing is here"' close
    run_chat send -c "$ID" hi
    expect_status 65
    expect_error '.*404.*'
}

@test "the content type in every spelling" {
    local type
    local types=('text/event-stream' 'Text/Event-STREAM' 'text/event-stream;charset=utf-8' 'text/event-stream ; charset="UTF-8"'
        $'text/event-stream\t;x' 'text/event-stream; boundary="a;b"; charset=utf-8')
    for type in "${types[@]}"; do
        printf 'on POST /chat/send\nwire HTTP/1.1 200 OK\\r\\ncONTENT-tYPE:%s\\r\\nConnection: close\\r\\n\\r\\n\nfile %s\n' "$type" "$TRANSCRIPTS/short-first.sse"
        printf 'on POST /chat/send\nwire HTTP/1.1 200 OK\\r\\nContent-Type:  %s  \\r\\nConnection: close\\r\\n\\r\\n\nfile %s\n' "$type" "$TRANSCRIPTS/short-first.sse"
    done >"$T/steps"
    serve <"$T/steps"
    for type in "${types[@]}"; do
        expect_whole
        expect_whole
    done
}

@test "a status line without a reason, and lines that end in LF" {
    serve <<SCENARIO
on POST /chat/send
wire HTTP/1.1 200\\r\\nContent-Type: text/event-stream\\r\\n\\r\\n
file $TRANSCRIPTS/short-first.sse
on POST /chat/send
wire HTTP/1.1 200 OK\\nContent-Type: text/event-stream\\n\\n
file $TRANSCRIPTS/short-first.sse
SCENARIO
    expect_whole
    expect_whole
}

@test "many headers" {
    serve_wire 'wire HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n' 'repeat 300' \
        "raw X-Long: $(repeat 200 x)\\r\\n" end-repeat 'raw \r\n' "file $TRANSCRIPTS/short-first.sse"
    expect_whole
}

@test "endless headers" {
    serve <<'SCENARIO'
on POST /chat/send
wire HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n
fill 100000000 X-Long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n
on POST /chat/send
wire HTTP/1.1 200 OK\r\nX-Long: 
fill 100000000 x
SCENARIO
    for _ in 1 2; do
        run_chat send -c "$ID" hi
        expect_status 76
        expect_bytes ''
        expect_error
        [ "$(wc -c <"$ERR")" -lt 1000 ]
    done
}

@test "all header fields count towards the limit, also in trailers and interim responses" {
    serve <<SCENARIO
on POST /chat/send
wire $(head_of HTTP/1.1 'Transfer-Encoding: chunked\r\n')\\r\\n0\\r\\n
fill 100000000 X-Long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\r\\n
on POST /chat/send
wire HTTP/1.1 103 Early Hints\\r\\n
fill 100000000 X-Long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\r\\n\\r\\nHTTP/1.1 103 Early Hints\\r\\n
SCENARIO
    run_chat send -c "$ID" hi
    expect_status 76
    expect_error '.*more than 256 KiB of headers.*'
    run_chat send -c "$ID" hi
    expect_status 76
    expect_error '.*more than 256 KiB of headers.*'
}

@test "a transfer coding other than chunked is refused before it is unpacked" {
    head -c 2000000 /dev/zero | gzip -c >"$T/bomb"
    local coding
    for coding in gzip 'gzip, chunked' 'chunked, gzip' 'deflate' 'x-other'; do
        serve_wire "wire $(head_of HTTP/1.1 "Transfer-Encoding: $coding\\r\\nConnection: close\\r\\n")\\r\\n" "file $T/bomb"
        run_chat send -o raw -c "$ID" hi
        expect_status 76
        expect_bytes ''
        expect_error
        stop_server
        rm "$T/announcement"
    done
    serve_wire "wire $(head_of HTTP/1.1 'Transfer-Encoding: identity\r\nConnection: close\r\n')\\r\\n" "file $TRANSCRIPTS/short-first.sse"
    expect_whole
}

@test "each field of Content-Encoding counts" {
    serve_wire "wire $(head_of HTTP/1.1 'Content-Encoding: gzip\r\nContent-Encoding: identity\r\nConnection: close\r\n')\\r\\n" \
        'raw event: done\ndata: {}\n\n'
    run_chat send -c "$ID" hi
    expect_status 76
    expect_error '.*gzip.*'
    stop_server
    rm "$T/announcement"
    serve_wire "wire $(head_of HTTP/1.1 'Content-Encoding : gzip\r\nConnection: close\r\n')\\r\\n" \
        'raw event: done\ndata: {}\n\n'
    run_chat send -c "$ID" hi
    expect_status 76
    stop_server
    rm "$T/announcement"
    serve_wire "wire $(head_of HTTP/1.1 'Content-Encoding: identity\r\nConnection: close\r\n')\\r\\n" "file $TRANSCRIPTS/short-first.sse"
    expect_whole
}

@test "an HTTP/2-only server is recognized at once" {
    serve_wire 'wire \0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\x01\0\0\0\x05\0\0\x40\0' silence
    run_chat send -c "$ID" hi
    expect_status 69
    expect_error '.*HTTP/2 only.*'
    [ "$(count_requests 'POST /chat/send')" -eq 1 ]
}

@test "a server that does not speak HTTP" {
    serve <<'SCENARIO'
on POST /chat/send
wire SSH-2.0-OpenSSH_9.2\r\n
on POST /chat/send
wire event: message\ndata: {"delta":"a"}\n\nevent: done\ndata: {}\n\n
on POST /chat/send
wire \0\0\0\0\0\0\0\0\0\0\0\0\xff\xff
SCENARIO
    for _ in 1 2 3; do
        run_chat send -c "$ID" hi
        expect_status 76
        expect_bytes ''
        expect_error
    done
}

@test "an event stream with a status other than 200 is refused" {
    serve <<'SCENARIO'
on POST /chat/send
status 201
event done {}
on POST /chat/send
status 206
event done {}
SCENARIO
    local code
    for code in 201 206; do
        run_chat send -c "$ID" hi
        expect_status 76
        expect_error "cannot send the message: a response with this status is not an event stream \\(HTTP $code\\).*"
    done
}

@test "a header beyond the limit" {
    serve <<<$'on POST /chat/send\nwire HTTP/1.1 200 OK\\r\\nX-Long: \nfill 400000 x\nwire \\r\\n\\r\\n'
    run_chat send -c "$ID" hi
    expect_status 76
    expect_error '.*a header is too long.*'
}

@test "a compressed body, of the answer and of a refusal" {
    printf '{"detail":"packed"}' | gzip -c >"$T/packed"
    serve <<SCENARIO
on POST /chat/send
header Content-Encoding: deflate
file $TRANSCRIPTS/short-first.sse
on POST /chat/send
status 422
header Content-Encoding: gzip
file $T/packed
SCENARIO
    run_chat send -c "$ID" hi
    expect_status 76
    expect_bytes ''
    expect_error '.*deflate.*'
    run_chat send -c "$ID" hi
    expect_status 65
    expect_error 'cannot send the message: an explanation with the Content-Encoding gzip \(HTTP 422\).*'
    expect_utf8 "$ERR"
}

# --- bodies of refusals ---

# refused PATTERN BODY-STEP...: a 400 with that body is reported in one readable line.
refused()
{
    local pattern=$1
    shift
    stop_server
    rm -f "$T/announcement"
    printf '%s\n' 'on POST /chat/send' 'status 400' "$@" >"$T/steps"
    serve <"$T/steps"
    run_chat send -c "$ID" hi
    expect_status 65
    expect_bytes ''
    expect_error "$pattern"
    expect_utf8 "$ERR"
    [ "$(wc -c <"$ERR")" -lt 5000 ] || fail "a long line"
    run_chat send -j -c "$ID" hi
    expect_status 65
    expect_lines
    expect_close '.error.http_status == 400 and (.error.message | length > 0)'
}

@test "refusals: no body" {
    refused '.*400.*'
    refused '.*400.*' 'body  \n '
}

@test "refusals: text and bytes" {
    refused '.*Bad Request, my friend.*' 'body Bad Request, my friend\nand more'
    refused '.*400.*' 'body \xff\xfe\0\x80broken \xc3('
    refused '.*400.*' 'body {"detail":"\xff\xfe"}'
}

@test "refusals: malformed JSON" {
    local body
    for body in '{}' '[]' 'null' '17' '"text"' '{"detail":null}' '{"detail":7}' '{"detail":[]}' '{"detail":{}}' '{"detail":[1,"a",{"loc":5}]}' \
        '{"detail":{"message":{"deep":1}}}' '{"detail":"cut' '{"detail":""}' '{"error":{"message":"other"}}'; do
        refused '.*400.*' "body $body"
    done
}

@test "refusals: HTML is summarized" {
    refused '.*502 Bad Gateway.*' 'header Content-Type: text/html' 'body <html>\n<head><title>502 Bad Gateway</title></head>\n<body><script>evil()</script></body></html>'
    expect_no '<' "$ERR"
    expect_no evil "$ERR"
    refused '.*400.*' 'header Content-Type: text/html' 'body \n\n<!DOCTYPE html><p>no title'
    expect_no '<' "$ERR"
    refused '.*400.*' 'body <title>' 'fill 100000 x'
    refused '.*an HTML page, "502 Bad Gateway".*HTTP 400.*' 'header Content-Type: text/html' \
        'body <title>\n\t502  Bad\r\n Gateway \n</title>'
    refused '.*: an HTML page \(HTTP 400\).*' 'header Content-Type: text/html' 'body <title>\n </title>'
}

@test "refusals: an explanation of an unknown structure is shown unless it repeats the request" {
    serve <<SCENARIO
on POST /chat/send once
status 400
body {"detail":{"odd":{"deep":["page seven"]}}}
on POST /chat/send once
status 400
body {"detail":{"odd":{"deep":["page seven"]}}}
on POST /chat/send once
status 400
body {"detail":[{"odd":"$P2"}]}
on POST /chat/send
status 400
body {"detail":{"error":{"message":"inner words","type":"insufficient_quota"}}}
SCENARIO
    run_chat send -c "$ID" --context 'selection.page=page eight' hi
    expect_status 65
    expect_error '.*page seven.*HTTP 400.*'
    run_chat send -c "$ID" --context 'selection.page=page seven' hi
    expect_status 65
    expect_error '.*: HTTP 400.*'
    run_chat send -c "$ID" --portfolio "$P1" --portfolio "$P2" hi
    expect_status 65
    expect_no "$P2" "$ERR"
    run_chat send -c "$ID" hi
    expect_status 69
    expect_error '.*: inner words \(HTTP 400\).*'
}

@test "refusals: explanations outside of detail" {
    refused '.*: short and stout \(HTTP 400\).*' 'body {"error":"teapot","message":"short and stout"}'
    refused '.*: boom \(HTTP 400\).*' 'body {"error":"boom"}'
    refused '.*: down for repair \(HTTP 400\).*' 'body "down for repair"'
    refused '.*: the detail \(HTTP 400\).*' 'body {"message":"other","detail":"the detail"}'
}

@test "refusals: 10 MB" {
    refused '.*400.*' 'fill 10000000 x'
    refused '.*400.*' 'body {"detail":"' 'fill 10000000 x' 'body "}'
    refused '.*400.*' 'fill 10000000 ['
}

@test "refusals: an endless body is not waited for" {
    serve <<'SCENARIO'
on POST /chat/send
status 400
repeat 1000000000
body xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
end-repeat
SCENARIO
    run_chat send -c "$ID" hi
    expect_status 65
    expect_error
}

@test "refusals: a truncated body is still a refusal" {
    serve_wire 'wire HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{"detail":"Not yours"' close
    run_chat send -c "$ID" hi
    expect_status 77
    expect_error
}

@test "refusals of the other calls" {
    serve <<'SCENARIO'
on POST /chat/conversations
status 500
header Content-Type: text/plain
body Internal Server Error
on POST /chat/conversations
status 200
body <html><title>Welcome</title></html>
on POST /chat/conversations
status 200
fill 10000000 [
SCENARIO
    # With a portfolio a 500 does not make the program ask for others.
    run_chat send --retry 0 --portfolio "$P1" hi
    expect_status 69
    expect_error '.*Internal Server Error.*'
    run_chat send --retry 0 hi
    expect_status 76
    expect_error
    run_chat send --retry 0 hi
    expect_status 76
    expect_error
}

@test "a response to another call that is too large" {
    serve <<'SCENARIO'
on GET /portfolios
body [
fill 2000000 {"id":"x"},
on GET /chat/conversations
body [
fill 2000000 {"id":"x"},
SCENARIO
    for call in portfolios conversations; do
        run_chat $call
        expect_status 76
        expect_error 'cannot list the .*: the response is larger than 1 MiB \(HTTP 200\).*'
    done
}

@test "an error with status 200 to another call: the server's words are shown" {
    serve <<'SCENARIO'
on POST /chat/conversations
body {"detail":"no such plan"}
on PUT /chat/conversations/*/mode
body {"error":{"message":"no such plan"}}
on DELETE /chat/conversations/*
body {"error":"no such plan","id":7}
on GET /auth/me
body {"detail":"no such plan","conversation_id":"7"}
on GET /portfolios
body {"detail":"no such plan"}
SCENARIO
    local call
    while read -r -a call; do
        run_chat "${call[@]}"
        expect_status 76
        expect_error '.*: no such plan \(HTTP 200\): a proxy or sign-in page may have answered.*'
    done <<CALLS
conversations new
conversations mode $ID blue
conversations delete $ID
whoami
portfolios
CALLS
}
