#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# config.json, its profiles, the environment: which setting takes effect, and the messages for invalid files.

# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load helper
load accounts

# origin NAME, value NAME: as `config` shows them in a pipe.
origin()
{
    awk -F '\t' -v name="$1" '$1 == name { print $3 }' "$OUT"
}

value()
{
    awk -F '\t' -v name="$1" '$1 == name { print $2 }' "$OUT"
}

# expect_setting NAME VALUE ORIGIN
expect_setting()
{
    [ "$(value "$1")" = "$2" ] || fail "$1 is '$(value "$1")', not '$2'"
    [ "$(origin "$1")" = "$3" ] || fail "$1 is from '$(origin "$1")', not '$3'"
}

# refused LINE:COLUMN PATTERN: the configuration of standard input is refused with its place.
refused()
{
    local text file
    [ -e "$(config)" ] || configure </dev/null
    file=$(config)
    IFS= read -r -d '' text || :
    printf %s "$text" >"$file"
    run_chat config
    [[ $status -eq 78 && ! -s $OUT ]] || fail "status $status: $text"
    [[ $(<"$ERR") =~ ^"sigmasight-chat: $file":$1:\ [^$'\n']*$2[^$'\n']*$ ]] || fail "not '$2' at $1: $text"
}

# json_value NAME: the value as JSON, which `config -j` shows.
json_value()
{
    jq -c --arg name "$1" 'select(.setting == $name).value' "$OUT"
}

# --- precedence ---

@test "precedence: a byte order mark and blanks around the value of a variable are ignored" {
    echo '{"profiles": {"p": {"mode": "blue"}}}' | configure
    SIGMASIGHT_URL=$'\xef\xbb\xbf http://127.0.0.1:4/x\r' SIGMASIGHT_PROFILE=$'p\r\n' SIGMASIGHT_LOG=$' 1\t' run_chat config
    expect_status 0
    expect_setting url http://127.0.0.1:4/x SIGMASIGHT_URL
    expect_setting mode blue 'profile p'
    expect_setting log true SIGMASIGHT_LOG
    SIGMASIGHT_URL=' ' run_chat config
    expect_setting url http://localhost:8000/api/v1 default
}

@test "precedence: an empty list in a profile replaces that of the file" {
    echo '{"portfolio": "x", "header": ["A: 1"], "profiles": {"p": {"portfolio": [], "header": []}}}' | configure
    run_chat config -j --profile p
    expect_status 0
    [ "$(json_value portfolio)" = '[]' ] && [ "$(json_value header)" = '[]' ] || fail "the lists are not empty"
    run_chat config --profile p
    expect_setting portfolio '' 'profile p'
    expect_setting header '' 'profile p'
    run_chat config -j --profile p -H 'B: 2'
    [ "$(json_value header)" = '["B: [masked]"]' ] || fail "not the header of the command line"
    # The last of two equal keys, as for other values.
    echo '{"portfolio": "x", "portfolio": ["y"], "header": "A: 1", "header": "B: 2"}' | configure
    run_chat config -j
    [ "$(json_value portfolio)" = '["y"]' ] && [ "$(json_value header)" = '["B: [masked]"]' ] || fail "not the last lists"
}

@test "precedence: headers of a profile replace those of the file, in whatever order they are" {
    local file
    for file in '{"header": ["A: 1", "B: 2"], "profiles": {"p": {"header": "C: 3"}}}' \
        '{"profiles": {"p": {"header": "C: 3"}}, "header": ["A: 1", "B: 2"]}'; do
        configure <<<"$file"
        run_chat config -j --profile p
        expect_status 0
        [ "$(json_value header)" = '["C: [masked]"]' ] || fail "not the header of the profile"
        run_chat config -j --profile p -H 'c: 4' -H 'A: 5'
        [ "$(json_value header)" = '["c: [masked]","A: [masked]"]' ] || fail "not the headers of the command line"
        run_chat config -j -H 'b: 4'
        [ "$(json_value header)" = '["b: [masked]","A: [masked]"]' ] || fail "the file's other header is missing"
    done
}

@test "precedence: command line, profile, environment, file, default" {
    configure <<'CONFIG'
{
  "url": "http://127.0.0.1:1/file",
  "profiles": {"p": {"url": "http://127.0.0.1:2/profile"}, "other": {}}
}
CONFIG
    run_chat config -u http://127.0.0.1:3/line --profile p
    expect_status 0
    expect_setting url http://127.0.0.1:3/line 'command line'
    export SIGMASIGHT_URL=http://127.0.0.1:4/environment
    run_chat config --profile p
    expect_setting url http://127.0.0.1:2/profile 'profile p'
    run_chat config --profile other
    expect_setting url http://127.0.0.1:4/environment SIGMASIGHT_URL
    run_chat config
    expect_setting url http://127.0.0.1:4/environment SIGMASIGHT_URL
    unset SIGMASIGHT_URL
    run_chat config
    expect_setting url http://127.0.0.1:1/file "$(config)"
    SIGMASIGHT_URL='' run_chat config
    expect_setting url http://127.0.0.1:1/file "$(config)"
    echo '{}' | configure
    run_chat config
    expect_setting url http://localhost:8000/api/v1 default
    rm "$(config)"
    run_chat config
    expect_status 0
    expect_setting url http://localhost:8000/api/v1 default
}

@test "precedence: the order of keys in the file makes no difference" {
    echo '{"profiles": {"p": {"mode": "blue"}}, "mode": "green"}' | configure
    run_chat config --profile p
    expect_setting mode blue 'profile p'
    echo '{"mode": "green", "profiles": {"p": {"mode": "blue"}}}' | configure
    run_chat config --profile p
    expect_setting mode blue 'profile p'
    run_chat config
    expect_setting mode green "$(config)"
}

@test "precedence: send uses what config shows" {
    serve_default
    jq -n --arg url "$SIGMASIGHT_URL" --arg p1 "$P1" '{mode: "blue", "max-event-size": "1K", portfolio: ["a", "b"],
        profiles: {work: {url: $url, mode: "violet", portfolio: $p1, output: "json"}}}' | configure
    unset SIGMASIGHT_URL
    run_chat send --profile work hi
    expect_status 0
    jq -e '.mode == "violet"' "$OUT"
    expect_body 1 ".mode == \"violet\" and .portfolio_ids == [\"$P1\"]"
    run_chat send --profile work -m indigo --portfolio "$P2" --portfolio "$P1" -o text hi
    expect_status 0
    expect_body 3 ".mode == \"indigo\" and .portfolio_ids == [\"$P2\", \"$P1\"]"
    expect_body 4 ".ui_context.portfolio_ids == [\"$P2\", \"$P1\"]"
}

@test "precedence: a profile clears a flag of the file" {
    serve_hello
    echo '{"no-newline": true, "profiles": {"p": {"no-newline": false}}}' | configure
    run_chat send -c "$ID" hi
    expect_bytes 'Hello'
    run_chat send -c "$ID" --profile p hi
    expect_bytes 'Hello\n'
    run_chat config --profile p
    expect_setting no-newline false 'profile p'
}

@test "precedence: of quiet and verbose the one of higher precedence is used" {
    serve_hello
    echo '{"quiet": true, "profiles": {"loud": {"verbose": true}}}' | configure
    run_chat send -c "$ID" hi
    expect_bytes '' "$ERR"
    for option in -v --profile=loud; do
        run_chat send "$option" -c "$ID" hi
        expect_status 0
        [ -s "$ERR" ] || fail "nothing is shown with $option"
    done
    run_chat send -q --profile loud -c "$ID" hi
    expect_bytes '' "$ERR"
    run_chat config -v
    expect_setting quiet false 'command line'
    expect_setting verbose true 'command line'
    echo '{"quiet": true, "verbose": true}' | configure
    run_chat send -c "$ID" hi
    expect_bytes '' "$ERR"
}

@test "precedence: decode uses the file, too" {
    echo '{"no-newline": true}' | configure
    printf 'event: message\ndata: {"delta":"Hello"}\n\nevent: done\ndata: {}\n\n' >"$T/answer.sse"
    run_chat decode "$T/answer.sse"
    expect_status 0
    expect_bytes 'Hello'
}

@test "precedence: -o of the file does not affect conversations" {
    serve_default
    echo '{"output": "jsonl"}' | configure
    run_chat conversations new
    expect_status 0
    expect_line '[0-9a-f-]{36}' "$OUT"
}

@test "precedence: a profile's token command overrides that of the file, a variable overrides both" {
    serve_default --token of-the-profile --token of-the-file
    jq -n '{token_command: "echo of-the-file", profiles: {p: {token_command: "echo of-the-profile"}}}' | configure
    run_chat whoami
    no_token
    run_chat whoami
    run_chat whoami --profile p
    tokens_of 'GET /api/v1/auth/me' >"$T/tokens"
    expect_bytes "$TOKEN\nof-the-file\nof-the-profile\n" "$T/tokens"
}

# --- profiles ---

@test "profile: each has its own URL, account and defaults" {
    serve_default --token dev-token --token prod-token
    jq -n --arg url "$SIGMASIGHT_URL" --arg local "http://localhost:$PORT/api/v1" '{
        profiles: {
            development: {url: $local, token_command: "echo dev-token", mode: "blue"},
            production: {url: $url, token_command: "echo prod-token"}}}' | configure
    unset SIGMASIGHT_URL SIGMASIGHT_TOKEN
    run_chat whoami --profile development
    expect_status 0
    expect_line "url	http://localhost:$PORT/api/v1" "$OUT"
    SIGMASIGHT_PROFILE=production run_chat whoami
    expect_status 0
    tokens_of 'GET /api/v1/auth/me' >"$T/tokens"
    expect_bytes "dev-token\nprod-token\n" "$T/tokens"
}

@test "profile: --profile overrides SIGMASIGHT_PROFILE" {
    echo '{"profiles": {"a": {"mode": "blue"}, "b": {"mode": "violet"}}}' | configure
    export SIGMASIGHT_PROFILE=a
    run_chat config
    expect_setting mode blue 'profile a'
    expect_setting profile a SIGMASIGHT_PROFILE
    run_chat config --profile b
    expect_setting mode violet 'profile b'
    expect_setting profile b 'command line'
    SIGMASIGHT_PROFILE='' run_chat config
    expect_status 0
    [ -z "$(value mode)" ]
}

@test "profile: an unknown one is 78 and names the file" {
    serve_default
    echo '{"profiles": {"a": {}}}' | configure
    run_chat send --profile b hi
    expect_failure 78 ".*'b'.*$(config).*"
    SIGMASIGHT_PROFILE=profiles run_chat send hi
    expect_failure 78 ".*'profiles'.*"
    echo '{}' | configure
    run_chat send --profile a hi
    expect_failure 78
    rm "$(config)"
    run_chat send --profile a hi
    expect_failure 78 ".*$(config).*"
    expect_requests
}

@test "profile: names with any characters" {
    echo '{"profiles": {"a b": {"mode": "blue"}, "ünï": {"mode": "indigo"}, "profiles": {"mode": "violet"}, "\u0061": {"mode": "green"}}}' |
        configure
    run_chat config --profile 'a b'
    expect_setting mode blue 'profile a b'
    run_chat config --profile ünï
    expect_setting mode indigo 'profile ünï'
    run_chat config --profile profiles
    expect_setting mode violet 'profile profiles'
    run_chat config --profile a
    expect_setting mode green 'profile a'
}

@test "profile: an empty name is invalid" {
    run_chat config --profile ''
    expect_status 64
}

# --- bad files ---

@test "bad file: an unknown key, with its place" {
    refused 3:3 'unknown key "modus"' <<'CONFIG'
{
  "mode": "green",
  "modus": "blue"
}
CONFIG
}

@test "unused profile: an error is a warning of config and doctor only" {
    serve_default
    configure <<'CONFIG'
{
  "profiles": {
    "used": {"mode": "blue"},
    "broken": {"modus": "blue"},
    "none": []
  }
}
CONFIG
    run_chat config --profile used
    expect_status 0
    expect_setting mode blue 'profile used'
    expect_line "sigmasight-chat: warning: $(config):4:16: unknown key \"modus\".*"
    expect_line "sigmasight-chat: warning: $(config):5:5: a profile must be an object"
    run_chat config -q
    expect_bytes '' "$ERR"
    run_chat doctor
    expect_status 0
    expect_line "warning +settings +$(config):4:16: unknown key \"modus\".*" "$OUT"
    expect_bytes '' "$ERR"
    run_chat send hi
    expect_status 0
    expect_bytes '' "$ERR"
    run_chat config --profile broken
    expect_failure 78 ".*:4:16: unknown key.*"
}

@test "bad file: options that are not keys of the file" {
    local key
    for key in conversation continue ephemeral json help profile events-fd password-stdin token password \
        token-command TOKEN_COMMAND Mode ''; do
        refused 1:2 'unknown key' <<<"{\"$key\": \"x\"}"
    done
}

@test "bad file: the message for an unknown key says what is wrong with it" {
    local key
    for key in context jobs limit conversation json profile lines; do
        refused 1:2 "unknown key \"$key\": it is an option for a single call; run" <<<"{\"$key\": 1}"
    done
    refused 1:2 'unknown key "token-command": did you mean token_command[?]; run' <<<'{"token-command": "x"}'
    refused 1:2 'unknown key "log_size": did you mean log-size[?]; run' <<<'{"log_size": 1}'
    refused 1:2 'unknown key "hilight"; keys are named like long options; run' <<<'{"hilight": "auto"}'
    refused 1:2 'unknown key "profils": did you mean profiles[?]; run' <<<'{"profils": {}}'
    refused 1:2 'unknown key "x"; keys are named like long options; run' <<<'{"x": 1}'
    export SIGMASIGHT_PROFILE=p
    refused 1:21 'unknown key "profils"; keys are' <<<'{"profiles": {"p": {"profils": {}}}}'
}

@test "bad file: a value of the wrong type or range" {
    local text
    while IFS= read -r text; do
        refused 2:3 "${text%%\"*}" <<<"{\"color\": \"never\",
  \"$text}"
    done <<'TABLE'
url": 1
url": ""
mode": "purple"
mode": true
retry": "3"
retry": -1
retry": 1.5
max-time": "soon"
max-event-size": "64Q"
max-event-size": true
max-event-size": "64KB"
url": "http://a\u0000b/"
no-stream": "true"
verbose": {}
portfolio": {"a": 1}
token_command": ["sh"]
TABLE
}

@test "bad settings: machine-readable output ends as after any other failure" {
    serve_default
    local command option
    echo '{"modus": 1}' | configure
    cp "$TRANSCRIPTS/short-first.sse" "$T"
    for command in 'send hi' "decode $T/short-first.sse"; do
        # shellcheck disable=SC2086 # words
        run_chat $command -j --events "$T/events"
        expect_status 78
        expect_error '.*config\.json:1:2: unknown key "modus".*'
        for option in "$OUT" "$T/events"; do
            expect_lines "$option"
            expect_jq 'length == 1' "$option"
            expect_close '.status == "failed" and .exit_code == 78 and .error.code == "config" and
                (.error.message | contains("unknown key"))' "$option"
        done
        # shellcheck disable=SC2086 # words
        run_chat $command -o json
        expect_status 78
        expect_error
        expect_jq 'length == 1 and (.[0] | .text == "" and .exit_code == 78 and .error.code == "config")'
        for option in -otext -oraw; do
            # shellcheck disable=SC2086 # words
            run_chat $command $option
            expect_failure 78
        done
    done
    expect_requests
}

@test "bad settings: only the command line is used" {
    serve_default
    echo precious >"$T/file"
    jq -n --arg file "$T/file" '{output: "jsonl", events: $file, record: $file, profiles: {}}' | configure
    run_chat send --profile nope hi
    expect_failure 78 ".*no profile 'nope'.*"
    SIGMASIGHT_PROFILE=nope run_chat send -j hi
    expect_status 78
    expect_error ".*no profile 'nope'.*"
    expect_lines
    expect_close '.exit_code == 78'
    expect_bytes 'precious\n' "$T/file"
    run_chat send --profile nope -j --nonsense hi
    expect_status 64
    expect_bytes ''
    expect_requests
}

@test "bad file: a value of the wrong type in a profile" {
    export SIGMASIGHT_PROFILE=p
    for text in 'url": 1' 'mode": "purple"' 'verbose": {}'; do
        refused 2:3 "${text%%\"*}" <<<"{\"profiles\": {\"p\": {
  \"$text}}}"
    done
}

@test "bad file: a list with an element that is not a string" {
    for list in '[1]' '["a", null]' '[["a"]]' '[{"a": "b"}]'; do
        refused 1:2 'portfolio must be a string or an array of strings' <<<"{\"portfolio\": $list}"
    done
    refused 1:2 'portfolio: value must not be empty' <<<'{"portfolio": ["a", ""]}'
    refused 1:2 'invalid value for header: Host: ' <<<'{"header": ["A: 1", "Host: 2"]}'
}

@test "bad file: profiles that are not objects" {
    refused 1:2 profiles <<<'{"profiles": []}'
    refused 1:2 profiles <<<'{"profiles": "p"}'
    export SIGMASIGHT_PROFILE=p
    refused 2:2 profile <<<'{"profiles": {
 "p": "x"}}'
    refused 2:2 profile <<<'{"profiles": {
 "p": ["x"]}}'
}

@test "bad file: broken JSON, with its place" {
    refused 3:1 . <<'CONFIG'
{
  "mode": "green",
}
CONFIG
    refused 2:3 . <<'CONFIG'
{
  mode: "green"
}
CONFIG
    refused 3:3 . <<'CONFIG'
{
  "mode": "green"
  "color": "never"
}
CONFIG
    refused '[0-9]+:[0-9]+' . <<<'{"mode": "green"'
    refused '[0-9]+:[0-9]+' . <<<'{"mode": "gr'
    refused '[0-9]+:[0-9]+' . <<<''
    refused 1:1 . <<<'[]'
    refused 1:1 . <<<'"mode"'
    refused '[0-9]+:[0-9]+' . <<<$'{"mode": "gr\xff"}'
    refused '2:1' . <<<$'{}\n{}'
}

@test "bad file: every command refuses it" {
    serve_default
    echo '{"x": 1}' | configure
    local command
    for command in 'send hi' whoami conversations login logout config; do
        # shellcheck disable=SC2086 # words
        run_chat $command </dev/null
        expect_failure 78 ".*$(config):1:2: .*; run 'sigmasight-chat config edit' to correct it"
    done
    # These do not use it.
    for command in 'send --help' schema 'completion bash' 'config path'; do
        # shellcheck disable=SC2086 # words
        run_chat $command
        expect_status 0
        expect_bytes '' "$ERR"
    done
    run_chat --version
    expect_status 0
    expect_requests
}

@test "bad file: writable by others, and the command that repairs it" {
    serve_default
    local place
    for place in "$(config)" "$(dirname "$(config)")"; do
        echo '{"mode": "blue"}' | configure
        chmod o+w "$place"
        run_chat send hi
        expect_failure 78 "$place: others can write it; run 'chmod go-w .*'"
        sh -c "$(sed -n "s/.*; run '\(.*\)'\$/\1/p" "$ERR")"
        run_chat config
        expect_setting mode blue "$(config)"
    done
    chmod 644 "$(config)"
    run_chat config
    expect_status 0
    expect_requests
}

@test "bad file: owned by another user or group, also behind a symbolic link" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    echo '{"token_command": "touch '"$T"'/ran; echo x"}' | configure
    mkdir "$T/elsewhere"
    for place in "$(config)" "$(dirname "$(config)")"; do
        chown 4321 "$place"
        run_chat whoami
        expect_failure 78 "$place: it belongs to another user"
        chown 0 "$place"
    done
    chmod 664 "$(config)"
    chgrp 4321 "$(config)"
    run_chat whoami
    expect_failure 78 "$(config): its group can write it.*"
    # root has a private group.
    chgrp 0 "$(config)"
    run_chat config
    expect_status 0
    mv "$(config)" "$T/elsewhere/config.json"
    ln -s "$T/elsewhere/config.json" "$(config)"
    run_chat config
    expect_status 0
    chown 4321 "$T/elsewhere"
    run_chat whoami
    expect_failure 78 "$T/elsewhere: it belongs to another user"
    chown 0 "$T/elsewhere"
    chown 4321 "$T/elsewhere/config.json"
    run_chat whoami
    expect_failure 78 "$(config): it belongs to another user"
    [ ! -e "$T/ran" ]
}

@test "bad file: a FIFO is refused at once" {
    mkdir -p "$(dirname "$(config)")"
    mkfifo "$(config)"
    run_chat config
    expect_failure 78 "$(config): not a regular file"
}

@test "file: byte order mark and comments" {
    {
        printf '\xef\xbb\xbf'
        cat <<'CONFIG'
// "mode": "green"
/* "mode": "violet" **/{"mode": "blue", // to the end
/**/"token_command": "echo \"//x/*\"" /* / */
}//
CONFIG
    } | configure
    run_chat config
    expect_status 0
    expect_setting mode blue "$(config)"
    expect_setting token_command 'echo "//x/*"' "$(config)"
    refused 1:6 'unknown key "x"' < <(printf '\xef\xbb\xbf/**/{"x": 1}')
    refused 2:7 'unknown key "x"' <<<$'/* a\n b*/ {"x": 1}'
    refused 1:2 'invalid comment' <<<'{/* }'
    refused 1:2 'invalid comment' <<<'{/*/ }'
    refused 1:2 'invalid comment' <<<'{/ }'
    refused 1:3 'invalid comment' < <(printf '{}/')
}

@test "file: ~/ in file names is the home directory" {
    serve_default
    echo "$TOKEN" >"$HOME/token"
    no_token
    echo '{"token-file": "~/token", "events": "~/events", "email": "~/x"}' | configure
    run_chat config
    expect_setting token-file "$HOME/token" "$(config)"
    # shellcheck disable=SC2088 # the value is not expanded
    expect_setting email '~/x' "$(config)"
    run_chat send hi
    expect_status 0
    [ -s "$HOME/events" ]
    for HOME in '' relative; do
        run_chat config
        # shellcheck disable=SC2088 # the value is not expanded
        expect_setting token-file '~/token' "$(config)"
    done
}

@test "profile: an empty token_command disables that of the file" {
    serve_default
    no_token
    log_in
    jq -n '{token_command: "echo wrong", profiles: {p: {token_command: ""}}}' | configure
    log_in me@example.com --profile p
    run_chat whoami --profile p
    expect_status 0
    expect_line 'token	login' "$OUT"
    run_chat config -j --profile p
    expect_jq 'map(select(.setting == "token_command")) == [{setting: "token_command", value: null, origin: "profile p"}]'
    refused 1:2 'token_command: value must not be empty' <<<'{"token_command": ""}'
}

@test "highlight is still accepted as render" {
    echo '{"highlight": "never"}' | configure
    run_chat config
    expect_status 0
    expect_setting render never "$(config)"
    expect_line "sigmasight-chat: warning: $(config):1:2: highlight is obsolete, use render"
    run_chat doctor
    expect_line "warning +settings +$(config):1:2: highlight is obsolete, use render" "$OUT"
}

@test "config: at a terminal the default of log is shown, with the same origin as elsewhere" {
    unset SIGMASIGHT_LOG
    at_terminal -- "$CHAT" config
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_line 'log +at a terminal +not set' "$T/lines"
    run_chat config
    expect_line $'log\t\tnot set' "$OUT"
    run_chat config -j
    expect_jq 'map(select(.setting == "log")) == [{setting: "log", value: null, origin: "not set"}]'
}

@test "config path: the name of the file, even if it is invalid" {
    run_chat config path
    expect_status 0
    expect_bytes "$(config)\n"
    echo nonsense | configure
    run_chat config path
    expect_status 0
    expect_bytes "$(config)\n"
    run_chat config paht
    expect_status 64
    run_chat config set url x
    expect_status 64
    expect_line "sigmasight-chat: config: unknown subcommand 'set'; 'config edit' changes the settings"
    run_chat config path x
    expect_status 64
    expect_line 'sigmasight-chat: config: too many arguments'
    unset HOME XDG_CONFIG_HOME
    run_chat config path
    expect_failure 78
}

@test "the key record applies to send alone" {
    serve_default
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    printf '{"record":"%s"}' "$T/record" >"$XDG_CONFIG_HOME/sigmasight-chat/config.json"
    run_chat send hi
    expect_status 0
    cp "$T/record" "$T/copy"
    run_chat decode "$T/record"
    expect_status 0
    printf 'event: done\ndata: {}\n\n' >"$T/other"
    run_chat decode "$T/other"
    expect_status 0
    run_chat chat <<<one
    expect_status 0
    cmp "$T/record" "$T/copy"
    # batch may read the file.
    echo '{"text":"one"}' >"$T/record"
    run_chat batch "$T/record"
    expect_status 0
}

@test "the key events does not apply to batch" {
    serve_default
    echo '{"text":"one"}' >"$T/questions"
    jq -n --arg file "$T/questions" '{events: $file}' | configure
    run_chat batch "$T/questions"
    expect_status 0
    expect_jq 'map(.status) == ["done"]'
    run_chat batch <"$T/questions"
    expect_status 0
    # A command that has the option refuses it.
    run_chat decode "$T/questions"
    expect_status 64
    expect_line 'sigmasight-chat: --events: the file is also read as .*'
    expect_bytes '{"text":"one"}\n' "$T/questions"
}

@test "the key max-time applies only to commands that have the option" {
    serve_default
    echo '{"max-time": 0.000001}' | configure
    run_chat conversations new
    expect_status 0
    local words
    for words in "conversations delete $(cat "$OUT")" whoami portfolios doctor 'login --email me@example.com --password-stdin'; do
        # shellcheck disable=SC2086 # words
        run_chat $words <<<secret
        expect_status 0
    done
    for words in 'send hi' 'chat hi' 'batch --lines' 'api /auth/me'; do
        # shellcheck disable=SC2086 # words
        run_chat $words <<<hi
        expect_status 75
        grep -q -e --max-time "$OUT" "$ERR" || fail "not --max-time: $words"
    done
}

@test "the key max-event-size does not apply to api" {
    serve <<'END'
on GET /stream
event message {"delta":"larger than the limit"}
silence
END
    echo '{"max-event-size": 10}' | configure
    run_chat api --retry 0 --stall-timeout 0.3 --max-time 20 /stream
    expect_status 75
    expect_line '.*--stall-timeout.*'
}

@test "config edit: begins with an example, and checks the result" {
    export EDITOR='cp "$1" '"$T/example"'; :'
    at_terminal -- "$CHAT" config edit
    expect_line 'exit 0.*' "$OUT"
    cmp "$T/example" "$(config)" >&2
    [ "$(stat -c %a "$(config)")" = 600 ]
    expect_line '//.*' <(head -n 1 "$(config)")
    # Each commented setting is valid.
    sed -i 's|^  // |  |' "$(config)"
    run_chat config
    expect_status 0
    expect_bytes '' "$ERR"
    # An existing file is edited; an invalid result is kept.
    export EDITOR='printf "{\"modus\": 1}" >'
    at_terminal wait ':1:2: unknown key' -- "$CHAT" config edit
    expect_line 'exit 78.*' "$OUT"
    expect_bytes '{"modus": 1}' "$(config)"
    export EDITOR='printf "{}" >'
    at_terminal -- "$CHAT" config edit
    expect_line 'exit 0.*' "$OUT"
    # The profile that is named is in use.
    export EDITOR='printf "{\"profiles\": {\"p\": {\"modus\": 1}}}" >'
    at_terminal wait 'warning: ' -- "$CHAT" config edit
    expect_line 'exit 0.*' "$OUT"
    at_terminal wait ': unknown key' -- "$CHAT" config edit --profile p
    expect_line 'exit 78.*' "$OUT"
}

@test "config edit: an example that cannot be written is not left" {
    export EDITOR=': >'"$T/edited; :"
    make_preload full <<'END_OF_C'
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/syscall.h>
#include <unistd.h>
static int fails(const char *function, int fd)
{
    struct stat st, file;
    return strcmp(getenv("FAILS"), function) == 0 && stat(getenv("FILE"), &file) == 0 &&
           fstat(fd, &st) == 0 && st.st_ino == file.st_ino && st.st_dev == file.st_dev;
}
ssize_t write(int fd, const void *bytes, size_t len)
{
    if (fails("write", fd)) {
        if (len > 1)
            return syscall(SYS_write, fd, bytes, len / 2);
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, fd, bytes, len);
}
int close(int fd)
{
    int failed = fails("close", fd), result = (int)syscall(SYS_close, fd);
    if (!failed)
        return result;
    errno = EDQUOT;
    return -1;
}
END_OF_C
    local function
    for function in write close; do
        at_terminal wait "cannot create $(config)" -- \
            env FAILS="$function" FILE="$(config)" LD_PRELOAD="$T/full.so" "$CHAT" config edit
        expect_line 'exit 73.*' "$OUT"
        [ -z "$(ls -A "$XDG_CONFIG_HOME/sigmasight-chat")" ] || fail "a file is left"
        [ ! -e "$T/edited" ] || fail "the editor was run"
        run_chat config
        expect_status 0
    done
    at_terminal -- "$CHAT" config edit
    expect_line 'exit 0.*' "$OUT"
    grep -q '"retry": 3' "$(config)"
}

@test "config edit: without a terminal it is a usage error and creates nothing" {
    status=0
    EDITOR=true setsid -w "$CHAT" config edit >"$OUT" 2>"$ERR" </dev/null || status=$?
    expect_status 64
    [ ! -e "$(config)" ]
}

@test "bad file: one that is a directory, or too large" {
    mkdir -p "$(config)"
    run_chat config
    expect_failure 78 ".*$(config).*"
    rmdir "$(config)"
    head -c 1100000 /dev/zero | tr '\0' ' ' | configure
    run_chat config
    expect_failure 78 ".*$(config).*"
}

@test "bad settings: an invalid value in the environment" {
    serve_default
    SIGMASIGHT_URL='not a URL' run_chat send hi
    expect_failure 78
    SIGMASIGHT_URL='ftp://localhost/' run_chat send hi
    expect_failure 78
    expect_requests
}

@test "location: ~/.config if XDG_CONFIG_HOME is not set or relative; no home directory" {
    mkdir -p "$HOME/.config/sigmasight-chat"
    echo '{"mode": "blue"}' >"$HOME/.config/sigmasight-chat/config.json"
    unset XDG_CONFIG_HOME
    run_chat config
    expect_setting mode blue "$HOME/.config/sigmasight-chat/config.json"
    XDG_CONFIG_HOME=relative run_chat config
    expect_setting mode blue "$HOME/.config/sigmasight-chat/config.json"
    unset HOME
    run_chat config
    expect_status 0
    [ -z "$(value mode)" ]
}

# --- config ---

@test "config: each setting that the file can have, with value and origin" {
    echo '{"token_command": "pass show x", "retry": 7, "max-time": 1.50, "portfolio": ["a", "b"], "quiet": true}' | configure
    run_chat config
    expect_status 0
    expect_bytes '' "$ERR"
    expect_setting token_command 'pass show x' "$(config)"
    expect_setting retry 7 "$(config)"
    expect_setting max-time 1.50 "$(config)"
    expect_setting portfolio 'a b' "$(config)"
    expect_setting quiet true "$(config)"
    expect_setting retry-delay 1 default
    expect_setting mode '' 'not set'
    [ "$(awk -F '\t' 'NF != 3' "$OUT" | wc -l)" -eq 0 ]
    # The file accepts each of them and nothing else.
    cut -f 1 "$OUT" | grep -v -x profile | sort >"$T/shown"
    [ "$(wc -l <"$T/shown")" -ge 20 ]
    jq -R -n '[inputs | {key: ., value: 0}] | from_entries' "$T/shown" >"$T/all"
    expect_no '"conversation"' "$T/all"
    jq '{profiles: {all: .}}' "$T/all" | configure
    run_chat config --profile all
    expect_status 78
    expect_no 'unknown key' "$ERR"
}

@test "config: JSON lines" {
    echo '{"mode": "blue", "quiet": true}' | configure
    run_chat config -j
    expect_status 0
    expect_jq 'map(keys == ["origin", "setting", "value"]) | all'
    expect_jq "map(select(.setting == \"mode\")) == [{setting: \"mode\", value: \"blue\", origin: \"$(config)\"}]"
    expect_jq 'map(select(.setting == "cacert")) == [{setting: "cacert", value: null, origin: "not set"}]'
    run_chat config -j --url http://127.0.0.1:9/
    expect_jq 'map(select(.setting == "url")) == [{setting: "url", value: "http://127.0.0.1:9/", origin: "command line"}]'
}

@test "config: JSON values as in the file" {
    echo '{"retry": 2, "retry-delay": 0.50, "quiet": false, "portfolio": ["a b", "c\"d"], "max-event-size": "1M", "mode": "blue"}' |
        configure
    run_chat config -j
    expect_status 0
    jq -s 'map(select(.value != null and .setting != "profile") | {key: .setting, value: .value}) | from_entries' "$OUT" >"$T/values"
    jq -e '.retry == 2 and ."retry-delay" == 0.5 and .quiet == false and .portfolio == ["a b", "c\"d"] and
        ."max-event-size" == "1M" and .mode == "blue" and ."idle-timeout" == 300 and .url == "http://localhost:8000/api/v1"' "$T/values"
    # As a configuration file they have the same effect.
    cp "$T/values" "$(config)"
    chmod 600 "$(config)"
    cp "$OUT" "$T/before"
    run_chat config -j
    expect_status 0
    diff <(jq -c '[.setting, .value]' "$T/before") <(jq -c '[.setting, .value]' "$OUT") >&2
}

@test "config: aligned on a terminal" {
    at_terminal -- "$CHAT" config
    tr -d '\r' <"$T/screen" >"$T/lines"
    expect_no $'\t' "$T/lines"
    # The origin of each row begins in the same column.
    grep -E ' (default|not set)$' "$T/lines" | sed -E 's/(default|not set)$//' | awk '{ print length }' | sort -u >"$T/columns"
    [ "$(wc -l <"$T/columns")" -eq 1 ] || fail "not aligned: $(cat "$T/lines")"
}

@test "config: shows no token" {
    export SIGMASIGHT_TOKEN=hunter2 SIGMASIGHT_PASSWORD=hunter2 SIGMASIGHT_EMAIL=me@example.com
    for option in '' -j; do
        # shellcheck disable=SC2086 # perhaps no word
        run_chat config $option
        expect_status 0
        expect_no hunter2 "$OUT" "$ERR"
    done
    run_chat config
    expect_setting email me@example.com SIGMASIGHT_EMAIL
}

@test "config: sends nothing and writes nothing" {
    serve_default
    run_chat config
    expect_status 0
    expect_requests
    [ ! -e "$XDG_STATE_HOME" ]
    [ ! -e "$XDG_CONFIG_HOME" ]
}

@test "config: output that cannot be written" {
    status=0
    "$CHAT" config >/dev/full 2>"$ERR" || status=$?
    expect_status 74
    expect_error
}

@test "first run: login, doctor and chat say in two lines what to set if there is no server" {
    unset SIGMASIGHT_URL
    export SIGMASIGHT_TOKEN=$TOKEN
    if (exec 3<>/dev/tcp/localhost/8000) 2>/dev/null; then
        skip "something listens at the default address"
    fi
    local words how='No server is configured\. Set SIGMASIGHT_URL .*'
    for words in 'login --email me@example.com --password-stdin' doctor 'doctor -j' whoami 'send --retry 0 hi' 'chat --retry 0'; do
        # shellcheck disable=SC2086 # words
        run_chat $words <<<hi
        expect_status 69
        expect_line 'sigmasight-chat: (connection: )?cannot connect to .*--url \(not set: this is the default\)'
        expect_line "$how"
        [ "$(wc -l <"$ERR")" -eq 2 ] || fail "not two lines after $words"
    done
    # At a terminal the report of doctor has the first of the two.
    for words in login doctor; do
        at_terminal wait 'No server is configured' -- "$CHAT" $words
        tr -d '\r' <"$T/screen" | sed $'s/\e\\[[0-9]*m//g' >"$T/shown"
        expect_line "$how" "$T/shown"
        [ "$(grep -c 'cannot connect' "$T/shown")" -eq 1 ] || fail "not once after $words"
    done
    run_chat doctor -q
    expect_no 'No server' "$ERR"
}

@test "first run: a hint about the settings if there is no token or no server" {
    unset SIGMASIGHT_URL SIGMASIGHT_TOKEN
    run_chat send hi
    expect_status 77
    [ "$(wc -l <"$ERR")" -eq 2 ]
    sed -n 1p "$ERR" | grep -q -w -e login
    sed -n 2p "$ERR" | grep -q -w -e SIGMASIGHT_URL
    run_chat send -q hi
    expect_status 77
    [ "$(wc -l <"$ERR")" -eq 1 ]
    run_chat batch --lines <<<hi
    expect_status 77
    expect_line 'sigmasight-chat: no token; .*'
    expect_line 'No server is configured\. Set SIGMASIGHT_URL .*'
    run_chat batch -q --lines <<<hi
    expect_status 77
    [ "$(wc -l <"$ERR")" -eq 1 ]
    run_chat doctor
    grep -q '^ok *url .*; .*SIGMASIGHT_URL' "$OUT"
    # With a URL there is one line.
    run_chat send --url http://127.0.0.1:9/api/v1 hi
    expect_status 77
    [ "$(wc -l <"$ERR")" -eq 1 ]
}
