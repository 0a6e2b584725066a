#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# feedback: which answer is rated, and how.

load helper

# Asks a question that is logged. Sets MESSAGE, the ID of its answer, and ENTRY, that of the log.
ask()
{
    run_chat send --log -q -o json "$@"
    expect_status 0
    MESSAGE=$(jq -r .message_id "$OUT")
    ENTRY=$("$CHAT" log list --limit 1 | cut -f 1)
}

# rated N RATING [COMMENT]: request N rates $MESSAGE.
rated()
{
    head -n 1 "$(request "$1")" | grep -q "^POST /api/v1/chat/messages/$MESSAGE/feedback "
    body "$1" | jq -e --arg rating "$2" --arg comment "${3-}" \
        '. == {rating: $rating} + if $comment == "" then {} else {comment: $comment} end'
}

@test "feedback: the last answer, an entry of the log, a message" {
    serve_default --generation 2
    ask one
    run_chat feedback up
    expect_status 0
    [ ! -s "$OUT" ]
    expect_line 'Rated up: one'
    rated 3 up
    ask two
    run_chat feedback down --comment 'Wrong "figures".'
    expect_status 0
    rated 6 down 'Wrong "figures".'
    run_chat feedback -q "${ENTRY:0:5}" up
    expect_status 0
    [ ! -s "$ERR" ]
    rated 7 up
    run_chat feedback "$MESSAGE" down
    expect_status 0
    rated 8 down
}

@test "feedback: no answer to rate" {
    serve_default
    run_chat feedback up
    expect_status 65
    expect_error '.*no answer to rate.*; give the ID of a message; questions of scripts are logged only with --log'
    # The first generation does not tell the ID.
    ask one
    for id in '' "$ENTRY"; do
        # shellcheck disable=SC2086 # perhaps no word
        run_chat feedback $id up
        expect_status 65
        expect_error '.*has no message ID.*'
    done
    run_chat feedback 0000 up
    expect_status 65
    expect_requests 'POST /chat/conversations' 'POST /chat/send'
}

@test "feedback: the log's answers from another server or profile" {
    serve_default --generation 2
    ask one
    run_chat feedback -u http://127.0.0.1:1/api/v1 up
    expect_status 65
    expect_error '.*no answer to rate.*'
    run_chat feedback -u http://127.0.0.1:1/api/v1 "$ENTRY" up
    expect_status 65
    expect_error ".*another server.*$SIGMASIGHT_URL"
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    echo '{"profiles": {"other": {}}}' >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    run_chat feedback --profile other up
    expect_status 65
}

@test "feedback: refusals and unexpected responses" {
    serve --generation 2 <<'END'
on POST /chat/messages/*/feedback
  status 400
  body {"detail":"Feedback can only be provided on assistant messages"}
on POST /chat/messages/*/feedback
  body <html><title>Sign in</title></html>
on POST /chat/messages/*/feedback
  default
END
    run_chat feedback "$ID" up
    expect_status 65
    expect_error '.*cannot rate the answer: Feedback can only .*HTTP 400.*'
    run_chat feedback "$ID" up
    expect_status 76
    run_chat feedback "$ID" up
    expect_status 65
    expect_error '.*HTTP 404.*'
    run_chat feedback ../x up
    expect_status 65
    [ "$(requests | wc -l)" -eq 3 ]
}

@test "feedback: usage" {
    for arguments in '' 'x' 'up x' 'a b up' 'up --comment='; do
        # shellcheck disable=SC2086 # words
        run_chat feedback $arguments
        expect_status 64
    done
    run_chat feedback '' up
    expect_status 64
}
