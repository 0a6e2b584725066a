#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The portfolios of the account, and those of a question.

load helper
load accounts

# Those of the mock, in its order.
FIRST=6d0f3c52-8a1e-4b7f-9c3d-21e5a7b48f90
SECOND=6d0f71ab-5c94-4e02-8f6d-b0a3c8e1d275
THIRD=c2a94e18-37d5-4f60-a1bb-9e40d6728c03

# --- no --portfolio, and a server that requires one ---

@test "portfolios: without --portfolio the conversation has all of several portfolios, without a retry" {
    serve_default --generation 2 --portfolios 2
    run_chat send hello
    expect_status 0
    expect_requests 'POST /chat/conversations' 'GET /portfolios' 'POST /chat/conversations' 'POST /chat/send'
    expect_body 3 ". == {portfolio_id: \"$FIRST\", portfolio_ids: [\"$FIRST\", \"$SECOND\"]}"
    expect_body 4 ".ui_context.portfolio_ids == [\"$FIRST\", \"$SECOND\"]"
    expect_line 'sigmasight-chat: warning: .*both portfolios.*--portfolio.*'
    run_chat send -q hello
    expect_status 0
    [ ! -s "$ERR" ]
    run_chat conversations new
    expect_status 0
    expect_line 'sigmasight-chat: warning: .*--portfolio.*'
}

@test "portfolios: an account with one portfolio, which the server requires" {
    serve --generation 2 <<'END'
on POST /chat/conversations
  status 404
  body {"detail":"Portfolio not found"}
on POST /chat/conversations
  default
END
    run_chat send hello
    expect_status 0
    expect_requests 'POST /chat/conversations' 'GET /portfolios' 'POST /chat/conversations' 'POST /chat/send'
    expect_body 3 ". == {portfolio_id: \"$FIRST\"}"
}

@test "portfolios: an account without portfolios" {
    serve_default --generation 2 --portfolios 0
    run_chat send hello
    expect_status 65
    expect_error '.*this account has no portfolio.*'
    expect_requests 'POST /chat/conversations' 'GET /portfolios'
}

@test "portfolios: if they cannot be listed, the first failure is retried" {
    serve --generation 2 <<'END'
on POST /chat/conversations
  status 500
  body {"detail":"Failed to create conversation"}
on GET /portfolios
  status 503
END
    run_chat send --retry 2 --retry-delay 0 hello
    expect_status 69
    expect_requests 'POST /chat/conversations' 'GET /portfolios' 'POST /chat/conversations' 'POST /chat/conversations'
    expect_line 'sigmasight-chat: cannot create a conversation: .*HTTP 500.*'
}

@test "portfolios: requested once, even if the creation fails several times" {
    serve --generation 2 <<'END'
on POST /chat/conversations
  status 500
  body {"detail":"Failed to create conversation"}
END
    run_chat send --retry 1 --retry-delay 0 hello
    expect_status 69
    expect_requests 'POST /chat/conversations' 'GET /portfolios' 'POST /chat/conversations' 'POST /chat/conversations'
}

@test "portfolios: not requested after another failure, or with --portfolio" {
    serve --generation 2 <<'END'
on POST /chat/conversations
  status 502
END
    run_chat send --retry 0 hello
    expect_status 69
    run_chat send --retry 0 --portfolio "$P1" hello
    expect_status 69
    expect_requests 'POST /chat/conversations' 'POST /chat/conversations'
}

# --- --portfolio ---

# means VALUE ID: --portfolio VALUE selects this portfolio.
means()
{
    run_chat send --portfolio "$1" hello
    expect_status 0
    body "$(grep -c . "$DUMP/log")" | jq -e --arg id "$2" '.ui_context.portfolio_id == $id'
}

names_of_portfolios()
{
    serve_default --generation "$1" --portfolios 4
    means "$SECOND" "$SECOND"
    expect_no 'GET ' "$DUMP/log"
    means 'Demo retirement' "$SECOND"
    means 'Demo r' "$SECOND"
    means Hedge "$THIRD"
    means c2a9 "$THIRD"
    means 6d0f7 "$SECOND"
    means 欧州株式 e7715b60-0d2c-4a89-b3f4-58c9126fad34
    run_chat send --portfolio Hed hello
    expect_error ".*; a beginning has at least 4 characters; .*"
    run_chat send --portfolio demo hello
    expect_no 'at least' "$ERR"
    for value in Hed demo 'demo r' '欧州株' x "${SECOND}0"; do
        run_chat send --portfolio "$value" hello
        expect_status 65
        expect_error ".*unknown portfolio '$value'; .*sigmasight-chat portfolios.*"
    done
    run_chat send --portfolio Demo hello
    expect_status 65
    expect_error ".*ambiguous portfolio 'Demo': .*$FIRST.*$SECOND.*"
    run_chat send --portfolio 6d0f hello
    expect_status 65
    stop_server
    rm -rf "$T/port" "$T/announcement" "$DUMP"
}

@test "--portfolio: an ID, a name, a prefix; unknown and ambiguous values" {
    names_of_portfolios 2
    names_of_portfolios 1
}

@test "--portfolio: of many portfolios that fit some are named" {
    serve <<<$'on GET /portfolios\n'"body $(jq -cn '[range(8) | {id: "0000000\(.)", name: "Same"}]')"
    run_chat send --portfolio Same hello
    expect_status 65
    expect_error "ambiguous portfolio 'Same': Same \\(00000000\\), .*Same \\(00000004\\) and others"
    run_chat send --portfolio 0000 hello
    expect_status 65
    expect_error "ambiguous portfolio '0000': .* and others"
    expect_no 'POST ' "$DUMP/log"
}

@test "--portfolio: if the server cannot list portfolios, a name is sent unchanged" {
    serve <<'END'
on GET /portfolios
  status 404
on GET /data/portfolios
  status 404
END
    run_chat send --portfolio 'p "2"' hello
    expect_status 0
    expect_requests 'GET /portfolios' 'GET /data/portfolios' 'POST /chat/conversations' 'POST /chat/send'
    expect_body 3 '.portfolio_id == "p \"2\""'
}

@test "--portfolio: a failure to list is retried, also in an existing conversation" {
    serve --generation 2 <<'END'
on GET /portfolios once
  status 500
END
    run_chat send -c "$("$CHAT" conversations new)" --retry 1 --retry-delay 0 --portfolio Demo hello
    expect_status 0
    [ "$(count_requests 'GET /portfolios')" -eq 2 ]
}

@test "--portfolio: if the portfolios cannot be listed, no conversation is created" {
    serve --generation 2 <<'END'
on GET /portfolios once
  status 500
END
    run_chat conversations new --portfolio Demo
    expect_status 69
    expect_error 'cannot list the portfolios: .*'
    [ ! -s "$OUT" ]
    expect_requests 'GET /portfolios'
}

@test "--portfolio: the conversation keeps it with -C, before the configuration" {
    serve_default --generation 2 --portfolios 3
    export SIGMASIGHT_LOG=1
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    echo "{\"portfolio\": \"$P1\"}" >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    run_chat send hello
    expect_body 2 ".ui_context.portfolio_ids == [\"$P1\"]"
    run_chat send --portfolio Hedge --portfolio 'Demo r' hello
    expect_body 5 ".ui_context.portfolio_ids == [\"$THIRD\", \"$SECOND\"]"
    run_chat send -C hello
    expect_status 0
    expect_body 6 ".ui_context.portfolio_ids == [\"$THIRD\", \"$SECOND\"]"
    run_chat send -C --portfolio "$P2" hello
    expect_body 7 ".ui_context.portfolio_ids == [\"$P2\"]"
    run_chat send -C hello
    expect_body 8 ".ui_context.portfolio_ids == [\"$P2\"]"
    run_chat log list -j --limit 4
    expect_jq ".[3].portfolio == [\"$THIRD\", \"$SECOND\"] and .[0].portfolio == [\"$P2\"]"
    run_chat send hello
    expect_body 10 ".ui_context.portfolio_ids == [\"$P1\"]"
}

# --- portfolios ---

@test "portfolios: the list, in a pipe, as JSON and at a terminal" {
    serve_default --generation 2 --portfolios 4
    run_chat portfolios
    expect_status 0
    [ "$(wc -l <"$OUT")" -eq 4 ]
    expect_line "$FIRST	Demo portfolio – balanced	taxable	USD	464500.00" "$OUT"
    expect_line "$SECOND	Demo retirement	ira	USD	182340.55" "$OUT"
    expect_line "$THIRD	Hedge fund style	hedge_fund	USD	2850000" "$OUT"
    run_chat portfolios -j
    expect_status 0
    expect_jq 'length == 4 and .[1].equity_balance == "182340.55"'
    need_terminal
    at_terminal -- "$CHAT" portfolios
    expect_no "	" "$T/screen"
    # Names are cut so that the rows fit, and values aligned.
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_line "$FIRST  Demo portfo\.\.\.  taxable     USD  464500.00" "$T/lines"
    expect_line "$SECOND  Demo retire\.\.\.  ira         USD  182340.55" "$T/lines"
    expect_line "$THIRD  Hedge fund \.\.\.  hedge_fund  USD    2850000" "$T/lines"
    # Each of these characters occupies two columns.
    sed 's/欧州株式/EQUITIES/' "$T/lines" >"$T/narrow"
    expect_line ".{38}EQUITIES        taxable     EUR    58412\.9" "$T/narrow"
    [ "$(awk 'length($0) > 80' "$T/narrow" | wc -l)" -eq 0 ]
    # A row that cannot fit keeps a part of the name, which --portfolio accepts.
    LC_ALL=C.UTF-8 at_terminal width 60 -- "$CHAT" portfolios
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_line "$SECOND  Demo retire…  ira         USD  182340\.55" "$T/lines"
    LC_ALL=C.UTF-8 at_terminal width 91 -- "$CHAT" portfolios
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_line "$FIRST  Demo portfolio – balanced  taxable     USD  464500.00" "$T/lines"
}

@test "portfolios: at a terminal a very long name is cut, and other rows are not padded to it" {
    need_terminal
    {
        printf 'on GET /portfolios\nbody [{"id":"first","name":"'
        repeat 20000 wide
        printf '"}'
        repeat 200 ',{"id":"other","name":"short","currency":"USD"}'
        printf ']\n'
    } >"$T/long"
    serve <"$T/long"
    at_terminal -- "$CHAT" portfolios
    [ "$(wc -c <"$T/screen")" -lt 40000 ] || fail "$(wc -c <"$T/screen") bytes"
    grep -q 'wide[wid]*\.\.\.' "$T/screen"
    run_chat portfolios
    [ "$(head -n 1 "$OUT" | wc -c)" -gt 80000 ]
}

@test "portfolios: at a terminal an empty list says so on standard error" {
    serve_default --generation 2 --portfolios 0
    expect_empty_list 'no portfolios' portfolios
    stop_server
    rm -rf "$T/port" "$T/announcement" "$DUMP"
    serve <<<$'on GET /portfolios\nbody {"id":"a"}'
    at_terminal -- "$CHAT" portfolios
    grep -q 'exit 76' "$OUT"
    expect_no 'no portfolios' "$T/screen"
}

@test "portfolios: first generation, absent fields are empty" {
    serve_default --portfolios 2
    run_chat portfolios
    expect_status 0
    expect_requests 'GET /portfolios' 'GET /data/portfolios'
    expect_line "$SECOND	Demo retirement			182340.55" "$OUT"
}

@test "portfolios: an empty list, a bare array, unexpected responses" {
    serve_default --generation 2 --portfolios 0
    run_chat portfolios
    expect_status 0
    [ ! -s "$OUT" ]
    stop_server
    rm -rf "$T/port" "$T/announcement" "$DUMP"
    serve <<'END'
on GET /portfolios
  body [{"id":"a","name":"x\\ty","total_value":null,"net_asset_value":"","equity_balance":1.50}]
on GET /portfolios
  body {"id":"a"}
on GET /portfolios
  body [{"name":"no ID"}]
on GET /portfolios
  body <html><title>Sign in</title></html>
on GET /portfolios
  status 404
on GET /data/portfolios
  status 404
END
    run_chat portfolios
    expect_bytes 'a\tx y\t\t\t1.50\n'
    for wanted in 76 76 76 65; do
        run_chat portfolios
        expect_status "$wanted"
        expect_error '.*cannot list the portfolios.*'
        [ ! -s "$OUT" ]
    done
}
