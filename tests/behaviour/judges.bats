#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Rendered Markdown against judges of its own kind: tests/render/judge.py. DOCUMENTS: how many are generated.

load helper

judge()
{
    [ -x "$BUILDDIR/tests/render/render" ] || skip "tests/render/render is not built"
    python3 "$SRCDIR/tests/render/judge.py" "$1" "${DOCUMENTS-500}" >"$OUT" 2>"$ERR" ||
        fail "$(cat "$OUT")"
    [ ! -s "$OUT" ] || fail "wrong"
}

@test "judges: the words are those of cmark-gfm" {
    command -v cmark-gfm >/dev/null || skip "there is no cmark-gfm"
    judge words
}

@test "judges: no cut of the text shows, and nothing but SGR sequences is written" {
    judge cuts
}

@test "judges: on screens of several widths no line is too long and no word is broken" {
    judge screen
}

@test "judges: a word is written with the event that completes it" {
    judge latency
}
