#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Rendered Markdown compared with cmark-gfm and a terminal: tests/render/judge.py. DOCUMENTS: the number of generated ones.

load helper

judge()
{
    [ -x "$BUILDDIR/tests/render/render" ] || skip "tests/render/render is not built"
    python3 "$SRCDIR/tests/render/judge.py" "$1" "${DOCUMENTS-500}" >"$OUT" 2>"$ERR" ||
        fail "$(cat "$OUT")"
    [ ! -s "$OUT" ] || fail "wrong"
}

@test "judges: the text is that of cmark-gfm" {
    command -v cmark-gfm >/dev/null || skip "there is no cmark-gfm"
    judge words
}

@test "judges: the output does not depend on cuts of the text and has only SGR sequences" {
    judge cuts
}

@test "judges: on screens of several widths no line is too long and no word is broken" {
    judge screen
}

@test "judges: each line is that of a layout made from the tree of cmark-gfm" {
    command -v cmark-gfm >/dev/null || skip "there is no cmark-gfm"
    judge layout
}

@test "judges: a word is written with the event that completes it" {
    judge latency
}
