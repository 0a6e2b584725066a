# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of memory and load share, beside helper.bash.

# A sanitizer, or valgrind in the program's place, has a memory of its own.
need_plain_program()
{
    if ASAN_OPTIONS=help=1 "$CHAT" --version 2>&1 | grep -q Sanitizer; then
        skip "a sanitizer holds memory back"
    fi
    if head -c 2 "$CHAT" | grep -q '#!'; then
        skip "not the program itself"
    fi
}

need_proc()
{
    need_plain_program
    [ -r /proc/self/status ] || skip "there is no /proc"
}

# The most that was ever resident of what was launched, in KiB.
peak()
{
    sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$PID/status"
}

# await_note DESCRIPTOR NAME [SECONDS]: lines are read until one has NAME in it.
await_note()
{
    local line=''
    while [[ $line != *$2* ]]; do
        read -r -t "${3-30}" -u "$1" line || fail "$2 did not come, last came: $line"
    done
}

# expect_growth BEFORE LIMIT: since then the peak has grown by less; all in KiB.
expect_growth()
{
    local now
    now=$(peak)
    tell "resident memory: $1 KiB after the beginning, $now KiB at the end"
    [ $((now - $1)) -lt "$2" ] || fail "resident memory has grown by $((now - $1)) KiB, not by less than $2"
}

# tell WORDS: where somebody wants the numbers, they are told.
tell()
{
    if [ -n "${LOAD_REPORT-}" ]; then
        printf '%s: %s\n' "$BATS_TEST_DESCRIPTION" "$*" >>"$LOAD_REPORT"
    fi
}
