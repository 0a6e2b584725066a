#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each tests/transcripts/NAME.sse decoded: NAME.text, .jsonl and .json are standard output in that format, .stderr and
# .status belong to the text. Times and the error messages of the JSON library are left out.

load helper

normal()
{
    sed -e 's/"timing":{[^}]*}/"timing":{}/' -e 's/not JSON: [^"]*/not JSON/' "$1"
}

# each COMMAND...: calls it with every NAME and reports all failures.
each()
{
    local file wrong='' count=0
    for file in "$TRANSCRIPTS"/*.sse; do
        NAME=${file##*/}
        NAME=${NAME%.sse}
        count=$((count + 1))
        "$@" || wrong="$wrong $NAME"
    done
    [ "$count" -gt 60 ] || fail "only $count transcripts"
    rm -f "$OUT" "$ERR" "$T/normal" "$T/wanted" "$T/utf8"
    [ -z "$wrong" ] || fail "other output:$wrong"
}

# golden SUFFIX FILE: FILE is equal to the golden file with this suffix.
golden()
{
    normal "$2" >"$T/normal"
    cmp "$TRANSCRIPTS/$NAME.$1" "$T/normal" >&2 || {
        diff -a "$TRANSCRIPTS/$NAME.$1" "$T/normal" | head -c 1000 | cat -v >&2
        return 1
    }
}

golden_status()
{
    [ "$status" = "$(cat "$TRANSCRIPTS/$NAME.status")" ] || {
        echo "$NAME: status $status" >&2
        return 1
    }
}

decodes_to_text()
{
    local good=0
    run_chat decode "$@" "$TRANSCRIPTS/$NAME.sse"
    cmp "$TRANSCRIPTS/$NAME.text" "$OUT" >&2 || good=1
    golden stderr "$ERR" || good=1
    golden_status || good=1
    return "$good"
}

# decodes_to SUFFIX OPTION...
decodes_to()
{
    local good=0 suffix=$1
    shift
    run_chat decode "$@" "$TRANSCRIPTS/$NAME.sse"
    golden "$suffix" "$OUT" || good=1
    golden_status || good=1
    return "$good"
}

decodes_to_itself()
{
    run_chat decode -o raw "$TRANSCRIPTS/$NAME.sse"
    cmp "$TRANSCRIPTS/$NAME.sse" "$OUT" >&2 && golden_status
}

# The text with no newline of the program's own.
decodes_without_newline()
{
    run_chat decode -n "$TRANSCRIPTS/$NAME.sse"
    jq -j .text "$TRANSCRIPTS/$NAME.json" | cmp - "$OUT" >&2 && golden_status
}

# All events except the deltas, for any destination.
decodes_to_events()
{
    local good=0
    run_chat decode --events "$T/events" "$TRANSCRIPTS/$NAME.sse"
    cmp "$TRANSCRIPTS/$NAME.text" "$OUT" >&2 || good=1
    grep -v '^{"event":"message",' "$TRANSCRIPTS/$NAME.jsonl" >"$T/wanted"
    normal "$T/events" | cmp "$T/wanted" - >&2 || good=1
    return "$good"
}

# decodes_in_pieces SEED MAX SUFFIX OPTION...: through a pipe that delivers 1 to MAX bytes at a time.
decodes_in_pieces()
{
    local good=0 seed=$1 max=$2 suffix=$3
    shift 3
    status=0
    "$BUILDDIR/tests/unit/recut" "$seed" "$max" "$TRANSCRIPTS/$NAME.sse" |
        "$CHAT" decode "$@" >"$OUT" 2>"$ERR" || status=$?
    golden "$suffix" "$OUT" || good=1
    golden_status || good=1
    return "$good"
}

is_json_lines()
{
    expect_lines "$TRANSCRIPTS/$NAME.jsonl"
}

@test "transcripts: text, standard error and the status" {
    each decodes_to_text
}

@test "transcripts: --no-stream gives the same" {
    each decodes_to_text --no-stream
}

@test "transcripts: JSON lines" {
    each decodes_to jsonl -j
}

@test "transcripts: one JSON object" {
    each decodes_to json -o json
}

@test "transcripts: raw is the recording itself" {
    each decodes_to_itself
}

@test "transcripts: -n adds no newline" {
    each decodes_without_newline
}

@test "transcripts: --events has all events except the deltas" {
    each decodes_to_events
}

@test "transcripts: a byte at a time gives the same text" {
    each decodes_in_pieces 1 1 text
}

@test "transcripts: pieces of any size give the same JSON lines" {
    each decodes_in_pieces 1 9 jsonl -j
    each decodes_in_pieces 2 300 jsonl -j
}

@test "transcripts: pieces of any size give the same object" {
    each decodes_in_pieces 3 40 json -o json
}

@test "transcripts: every golden line is JSON" {
    each is_json_lines
}
