#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# send: the last conversation, and those that are deleted after the answer.

load helper
load accounts

# The conversation that -C would use.
remembered()
{
    jq -r '.entries[0].conversation_id' "$(state conversations.json)"
}

# A scenario whose answers are those of the built-in conversations, except for the message.
hello=$'event message {"delta":"Hello","role":"assistant"}\nevent done {}'

# --- --continue ---

@test "continue: uses the last conversation" {
    for generation in 1 2; do
        serve_default --generation "$generation"
        run_chat send hi
        expect_status 0
        local id
        id=$(last_id)
        for option in -C --continue; do
            run_chat send "$option" hi again
            expect_status 0
            expect_bytes '' "$ERR"
            [ "$(last_id)" = "$id" ]
        done
        [ "$(count_requests 'POST /chat/conversations')" -eq 1 ]
        stop_server
        rm -r "$T/announcement" "$T/port" "$DUMP"
        mkdir "$DUMP"
    done
}

@test "continue: an unchanged entry is not written again" {
    local before
    serve_default
    run_chat send hi
    expect_status 0
    before=$(ls -i "$(state conversations.json)")
    run_chat send -C hi again
    expect_status 0
    [ "$(ls -i "$(state conversations.json)")" = "$before" ] || fail "the file was replaced"
    run_chat send hi
    expect_status 0
    [ "$(ls -i "$(state conversations.json)")" != "$before" ] || fail "the new conversation was not remembered"
}

@test "continue: does not use the conversation of another account" {
    local first
    serve_default
    unset SIGMASIGHT_TOKEN
    log_in one@example.com
    run_chat send hi
    expect_status 0
    first=$(last_id)
    run_chat logout
    log_in two@example.com
    run_chat send -C hi
    expect_status 0
    expect_bytes $'no conversation to continue; this begins a new one\n' "$ERR"
    [ "$(last_id)" != "$first" ] || fail "another account's conversation"
    first=$(last_id)
    run_chat send -C hi again
    expect_status 0
    [ "$(last_id)" = "$first" ]
    # The account of the environment is known, too.
    run_chat logout
    SIGMASIGHT_EMAIL=three@example.com SIGMASIGHT_PASSWORD=$PASSWORD run_chat send -C hi
    expect_status 0
    [ "$(last_id)" != "$first" ] || fail "another account's conversation"
}

@test "continue: creates a conversation if there is none, with a note" {
    serve_default
    run_chat send -C hi
    expect_status 0
    [ "$(wc -l <"$ERR")" -eq 1 ]
    expect_line '.*new.*'
    expect_requests 'POST /chat/conversations' 'POST /chat/send'
    local id
    id=$(last_id)
    run_chat send -C hi
    expect_status 0
    expect_bytes '' "$ERR"
    [ "$(last_id)" = "$id" ]
}

@test "continue: creates a conversation silently with -q" {
    serve_default
    run_chat send -q -C hi
    expect_status 0
    expect_bytes '' "$ERR"
}

@test "continue: -v names the conversation" {
    serve_hello
    run_chat send -c "$ID" hi
    run_chat send -v -C hi
    expect_status 0
    grep -q "$ID" "$ERR"
}

@test "continue: a conversation of -c becomes the last one" {
    serve_hello
    run_chat send hi
    run_chat send -c "$ID" hi
    run_chat send -C hi
    expect_status 0
    [ "$(last_id)" = "$ID" ]
}

@test "continue: a conversation whose answer failed can be continued" {
    serve <<<$'on POST /chat/send\nevent start {"conversation_id":"$CONVERSATION"}\nevent error {"message":"broken","retryable":false}'
    run_chat send -c "$ID" hi
    expect_status 1
    [ "$(remembered)" = "$ID" ]
}

@test "continue: a conversation that the server refused is not remembered" {
    serve <<<$'on POST /chat/send once\n'"$hello"$'\n\non POST /chat/send\nstatus 404\nbody {"detail":"Conversation not found"}'
    run_chat send -c "$ID" hi
    expect_status 0
    run_chat send -c other hi
    expect_status 65
    run_chat send hi
    expect_status 65
    [ "$(remembered)" = "$ID" ]
}

@test "continue: a last conversation for each profile and URL" {
    serve_hello
    echo '{"profiles": {"dev": {}}}' | configure
    run_chat send -c none hi
    run_chat send -c dev --profile dev hi
    run_chat send -c host --url "http://localhost:$PORT/api/v1" hi
    run_chat send -C hi
    [ "$(last_id)" = none ]
    run_chat send -C --profile dev hi
    [ "$(last_id)" = dev ]
    run_chat send -C --url "http://localhost:$PORT/api/v1" hi
    [ "$(last_id)" = host ]
    run_chat send -C --profile dev --url "http://localhost:$PORT/api/v1" hi
    expect_status 0
    [ "$(last_id)" != host ]
    [ "$(last_id)" != dev ]
}

@test "continue: --mode changes the mode first" {
    serve_default
    run_chat send hi
    local id
    id=$(last_id)
    run_chat send -C -m blue hi
    expect_status 0
    expect_requests 'POST /chat/conversations' 'POST /chat/send' "PUT /chat/conversations/$id/mode" 'POST /chat/send'
    run_chat conversations show "$id"
    expect_line 'mode	blue' "$OUT"
}

@test "continue: a conversation that no longer exists is 65, with a hint" {
    serve_default
    run_chat send hi
    local id
    id=$(last_id)
    # Another client deletes it.
    XDG_STATE_HOME=$T/other run_chat conversations delete "$id"
    expect_status 0
    for option in '' '-m blue'; do
        # shellcheck disable=SC2086 # perhaps no word
        run_chat send -C $option hi
        expect_failure 65 '.*Conversation not found.*; .*--continue.*'
    done
    run_chat send hi
    expect_status 0
    [ "$(last_id)" != "$id" ]
    run_chat send -C hi
    expect_status 0
}

@test "conversation: an unknown one is 65, with a hint" {
    serve_default
    run_chat send -c "$ID" hi
    expect_failure 65 ".*Conversation not found.*; .*sigmasight-chat conversations.*"
    expect_requests 'POST /chat/send'
}

@test "continue: the file contains no token and no text" {
    serve_hello
    run_chat send -c "$ID" 'a private question'
    expect_no private "$(state conversations.json)"
    expect_no Hello "$(state conversations.json)"
    expect_no "$TOKEN" "$(state conversations.json)"
}

# --- conflicting options ---

@test "conflicting options are 64, before anything is sent" {
    serve_default
    local line
    while read -r line; do
        # shellcheck disable=SC2086 # words
        run_chat send $line hi
        expect_status 64
        grep -q "Try 'sigmasight-chat send --help'" "$ERR"
    done <<TABLE
-C -c $ID
-c $ID --continue
--ephemeral -c $ID
--ephemeral -C
-C --ephemeral -c $ID
TABLE
    expect_requests
}

# --- --ephemeral ---

# expect_deleted: the conversation of the only message was deleted after it, once.
expect_deleted()
{
    expect_requests 'POST /chat/conversations' 'POST /chat/send' "DELETE /chat/conversations/$(last_id)"
}

@test "ephemeral: deleted after the answer, and not remembered" {
    for generation in 1 2; do
        serve_default --generation "$generation"
        run_chat send --ephemeral hi
        expect_status 0
        expect_bytes '' "$ERR"
        expect_deleted
        run_chat conversations
        expect_bytes ''
        [ ! -e "$(state conversations.json)" ]
        stop_server
        rm -r "$T/announcement" "$T/port" "$DUMP"
        mkdir "$DUMP"
    done
}

@test "ephemeral: only after the server has closed the stream" {
    serve <<<$'on POST /chat/send\nevent message {"delta":"Hello"}\nevent done {}\ngate stored'
    launch "$CHAT" send --ephemeral hi </dev/null >"$OUT" 2>"$ERR"
    await_gate stored
    [ "$(count_requests 'DELETE .*')" -eq 0 ]
    open_gate stored
    await_end
    expect_status 0
    expect_deleted
}

@test "ephemeral: does not change the last conversation" {
    serve_hello
    run_chat send -c "$ID" hi
    run_chat send --ephemeral hi
    expect_status 0
    [ "$(remembered)" = "$ID" ]
}

@test "ephemeral: deleted after an error event" {
    serve <<<$'on POST /chat/send\nevent message {"delta":"Hel"}\nevent error {"message":"broken","retryable":true}'
    run_chat send --ephemeral hi
    expect_status 75
    expect_bytes 'Hel\n'
    expect_deleted
}

@test "ephemeral: deleted after a cut" {
    serve <<<$'on POST /chat/send\nevent message {"delta":"Hel"}\nreset'
    run_chat send --ephemeral hi
    expect_status 75
    expect_deleted
}

# refuse CODE...: a scenario in which each message is refused with the next one.
refuse()
{
    local code
    for code; do
        printf 'on POST /chat/send\nstatus %s\nbody {"detail":"Refused"}\n\n' "$code"
    done >"$T/refusals"
    serve <"$T/refusals"
}

@test "ephemeral: deleted after a refusal, once" {
    local code
    refuse 400 401 403 404 422 429 500
    for code in 400 401 403 404 422 429 500; do
        run_chat send --ephemeral --retry 0 hi
        [ "$status" -ne 0 ]
        expect_error '.*Refused.*'
        expect_deleted
        forget_requests
    done
}

@test "ephemeral: deleted after a response that is not an event stream" {
    serve <<<$'on POST /chat/send\nheader content-type: text/html\nbody <html></html>'
    run_chat send --ephemeral hi
    expect_status 76
    expect_deleted
}

@test "ephemeral: deleted after each time limit" {
    local clock
    serve <<<$'on POST /chat/send\nevent message {"delta":"Hel"}\nsilence'
    for clock in --max-time --idle-timeout --stall-timeout; do
        run_chat send --ephemeral "$clock" 0.2 hi
        expect_status 75
        expect_line "sigmasight-chat: .*$clock.*"
        expect_deleted
        forget_requests
    done
}

@test "ephemeral: deleted after each signal, which then ends the process" {
    local name
    serve <<<$'on POST /chat/send\nevent message {"delta":"Hel"}\ngate $TEXT'
    for name in INT TERM HUP; do
        launch "$CHAT" send --ephemeral "$name" </dev/null >"$OUT" 2>"$ERR"
        await_gate "$name"
        kill -s "$name" "$PID"
        await_end
        expect_signal "$name"
        expect_deleted
        forget_requests
    done
}

@test "ephemeral: deleted when the reader closes the output" {
    serve <<<$'on POST /chat/send\nevent message {"delta":"Hel"}\ngate begun\nevent message {"delta":"lo"}\nevent done {}'
    local answer
    pipe_from answer
    launch "$CHAT" send --ephemeral hi </dev/null >"$T/answer" 2>"$ERR"
    expect_read "$answer" Hel
    exec {answer}<&-
    open_gate begun
    await_end
    expect_signal PIPE
    expect_deleted
}

@test "ephemeral: deleted when the disk is full" {
    serve_default
    status=0
    "$CHAT" send --ephemeral hi >/dev/full 2>"$ERR" </dev/null || status=$?
    expect_status 74
    expect_deleted
}

@test "ephemeral: a signal while the conversation is being created waits for its answer" {
    local name
    for name in INT TERM; do
        serve <<<$'on POST /chat/conversations\ngate asked\nstatus 201\nbody {"conversation_id":"'"$ID"$'"}\n\non DELETE /chat/conversations/*\nstatus 204'
        launch "$CHAT" send --ephemeral hi </dev/null >"$OUT" 2>"$ERR"
        await_gate asked
        kill -s "$name" "$PID"
        open_gate asked
        await_end
        expect_signal "$name"
        expect_requests 'POST /chat/conversations' "DELETE /chat/conversations/$ID"
        expect_bytes ''
        stop_server
        rm -r "$T/announcement" "$T/port" "$DUMP"
        mkdir "$DUMP"
    done
}

@test "ephemeral: a signal while the creation fails deletes nothing" {
    serve <<<$'on POST /chat/conversations\ngate asked\nstatus 500\nbody {}'
    launch "$CHAT" send --ephemeral hi </dev/null >"$OUT" 2>"$ERR"
    await_gate asked
    kill -INT "$PID"
    open_gate asked
    await_end
    expect_signal INT
    expect_requests 'POST /chat/conversations'
}

@test "ephemeral: a signal during the wait before a retry" {
    serve <<<$'on POST /chat/send\nstatus 503\nbody {}'
    local notes
    pipe_from notes
    launch "$CHAT" send --ephemeral --retry-delay 30 hi </dev/null >"$OUT" 2>"$T/notes"
    expect_read "$notes" 'sigmasight-chat: retry 1 of 3'
    kill -INT "$PID"
    await_end
    expect_signal INT
    expect_deleted
}

@test "ephemeral: a signal while it is being deleted" {
    serve <<<$'on POST /chat/send\nevent done {}\n\non DELETE /chat/conversations/*\ngate asked\nstatus 204'
    launch "$CHAT" send --ephemeral hi </dev/null >"$OUT" 2>"$ERR"
    await_gate asked
    kill -INT "$PID"
    open_gate asked
    await_end
    # The signal comes after the end or ends the process: the conversation is deleted once in both cases.
    case $status in
    0) : ;;
    *) expect_signal INT ;;
    esac
    expect_deleted
}

@test "ephemeral: without an answer to the creation there is nothing to delete after a second signal" {
    serve <<<$'on POST /chat/conversations\ngate asked\nsilence'
    launch "$CHAT" send --ephemeral hi </dev/null >"$OUT" 2>"$ERR"
    await_gate asked
    kill -INT "$PID"
    # One that comes sooner is ignored.
    for_a_while 0.6
    kill -INT "$PID"
    await_end
    expect_signal INT
    expect_requests 'POST /chat/conversations'
}

@test "ephemeral: without an answer to the creation 2 s after a signal, that is a warning" {
    serve <<<$'on POST /chat/conversations\ngate asked\nsilence'
    launch "$CHAT" send --ephemeral hi </dev/null >"$OUT" 2>"$ERR"
    await_gate asked
    kill -INT "$PID"
    await_end
    expect_signal INT
    expect_requests 'POST /chat/conversations'
    expect_line 'sigmasight-chat: warning: a conversation may have been created .*'
}

@test "ephemeral: no warning if it does not exist any more" {
    serve <<<$'on DELETE /chat/conversations/*\nstatus 404\nbody {"detail":"Conversation not found"}'
    run_chat send -q --ephemeral -j hi
    expect_status 0
    expect_jq 'all(.event != "client.warning")'
}

@test "ephemeral: a failed deletion is a warning" {
    serve <<<$'on DELETE /chat/conversations/*\nstatus 500\nbody {"detail":"Not today"}'
    run_chat send --ephemeral -o json hi
    expect_status 0
    [ "$(wc -l <"$ERR")" -eq 1 ]
    expect_line "sigmasight-chat: warning: .*$(last_id).*Not today.*"
    jq -e '.exit_code == 0 and .status == "done"' "$OUT"
    run_chat send --ephemeral -j hi
    expect_status 0
    expect_lines
    expect_jq "map(select(.event == \"client.warning\" and (.data.message | contains(\"$(last_id)\")))) | length == 1"
    run_chat send --ephemeral -q hi
    expect_status 0
    expect_bytes '' "$ERR"
}

@test "ephemeral: an answer that was cancelled is deleted after its stream was closed" {
    python3 -I - "$CHAT" <<'END_OF_PYTHON'
import http.server, os, signal, subprocess, sys, threading

patience = int(os.environ["PATIENCE"])

signal.signal(signal.SIGINT, signal.SIG_DFL)  # bats may ignore it
begun, closed, order = threading.Event(), threading.Event(), []

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/conversations"):
            self.answer(201, b'{"conversation_id":"c1"}')
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b'event: message\ndata: {"delta":"half"}\n\n')
        begun.set()
        self.rfile.read(1)
        closed.set()
        self.close_connection = True

    def do_DELETE(self):
        order.append(closed.wait(patience))
        self.answer(204, b"")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
child = subprocess.Popen([sys.argv[1], "send", "-q", "--ephemeral", "-u", f"http://127.0.0.1:{server.server_port}", "hi"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=dict(os.environ, SIGMASIGHT_TOKEN="t"))
assert child.stdout.read(4) == b"half"
child.send_signal(signal.SIGINT)
assert child.wait(patience) == -signal.SIGINT
assert order == [True], order
END_OF_PYTHON
}

@test "ephemeral: at most 2 seconds, then a warning" {
    make_clock
    serve <<<$'on DELETE /chat/conversations/*\ngate asked\nbody x\nsilence'
    launch env LD_PRELOAD="$T/clock.so" "$CHAT" send --ephemeral hi </dev/null >"$OUT" 2>"$ERR"
    await_gate asked
    : >"$CLOCK_AHEAD"
    open_gate asked
    await_end
    expect_status 0
    expect_line "sigmasight-chat: warning: conversation $(last_id) could not be deleted: no time left"
}

@test "ephemeral: a failed deletion does not change the status of an error" {
    serve <<<$'on POST /chat/send\nevent error {"message":"broken","retryable":false}\n\non DELETE /chat/conversations/*\nstatus 500\nbody {}'
    run_chat send --ephemeral hi
    expect_status 1
    expect_line 'sigmasight-chat: warning: .*'
    expect_line 'sigmasight-chat: server error: broken.*'
}

@test "ephemeral: --mode and --portfolio are those of the new conversation" {
    serve_default
    run_chat send --ephemeral -m violet --portfolio "$P1" hi
    expect_status 0
    expect_deleted
    expect_body 1 ".mode == \"violet\" and .portfolio_id == \"$P1\""
}

# --- a refused message ---

@test "refused: the conversation that was created for the message is deleted" {
    local code
    refuse 400 403 404 422 429
    for code in 400 403 404 422 429; do
        run_chat send --retry 0 hi
        expect_error '.*Refused.*'
        expect_deleted
        [ ! -e "$(state conversations.json)" ]
        forget_requests
    done
}

@test "refused: no conversation remains after text that is too long" {
    serve_default
    run_chat send --max-message 0 "$(repeat 4001 x)"
    expect_failure 65 '.*at most 4000 characters.*'
    expect_deleted
    run_chat send --max-message 0 -j "$(repeat 4001 x)"
    expect_status 65
    expect_close '.conversation_id == null and .exit_code == 65'
}

@test "refused: a token that is refused only by send" {
    serve <<<$'on POST /chat/send\nstatus 401\nbody {"detail":"Could not validate credentials"}'
    run_chat send hi
    expect_failure 77
    expect_deleted
}

@test "refused: an existing conversation is never deleted" {
    serve <<<$'on POST /chat/send once\n'"$hello"$'\n\non POST /chat/send\nstatus 422\nbody {"detail":"Refused"}'
    run_chat send -c "$ID" hi
    expect_status 0
    run_chat send -c "$ID" hi
    expect_status 65
    run_chat send -C hi
    expect_status 65
    expect_requests 'POST /chat/send' 'POST /chat/send' 'POST /chat/send'
}

@test "refused: the conversation is kept if the message may be stored" {
    serve <<'SCENARIO'
on POST /chat/send
status 500
body {}

on POST /chat/send
event message {"delta":"Hel"}
reset

on POST /chat/send
event error {"message":"broken","retryable":false}
SCENARIO
    for wanted in 69 75 1; do
        run_chat send --retry 0 hi
        expect_status "$wanted"
        expect_requests 'POST /chat/conversations' 'POST /chat/send'
        forget_requests
    done
}

@test "refused: a failed deletion of its conversation is a warning" {
    serve <<<$'on POST /chat/send\nstatus 422\nbody {"detail":"Refused"}\n\non DELETE /chat/conversations/*\nstatus 500\nbody {}'
    run_chat send hi
    expect_status 65
    expect_line "sigmasight-chat: warning: .*$(last_id).*"
    expect_line 'sigmasight-chat: .*Refused.*'
}
