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

# What is resident of what was launched, and the most that ever was, in KiB.
resident()
{
    sed -n 's/^Vm\(RSS\|HWM\):[^0-9]*\([0-9]*\) kB$/\2/p' "/proc/$PID/status" | sort -n | paste -s -d ' ' -
}

# notes_to PIPE PATTERN: the lines that match, at once. For a process substitution: it holds no pipe open.
notes_to()
{
    local descriptor
    for descriptor in "${OURS[@]}"; do
        exec {descriptor}>&-
    done
    exec grep --line-buffered -E -e "$2" >"$1" 3>&-
}

# await_note DESCRIPTOR NAME [SECONDS]: lines are read until one has NAME in it.
await_note()
{
    local line=''
    while [[ $line != *$2* ]]; do
        read -r -t "${3-30}" -u "$1" line || fail "$2 did not come, last came: $line"
    done
}

# expect_growth RESIDENT LIMIT: since then neither has grown by LIMIT KiB.
expect_growth()
{
    local before now
    read -r -a before <<<"$1"
    read -r -a now <<<"$(resident)"
    tell "resident memory: ${before[*]} KiB after the beginning, ${now[*]} KiB at the end (now, and at most)"
    if [ $((now[0] - before[0])) -ge "$2" ] || [ $((now[1] - before[1])) -ge "$2" ]; then
        fail "resident memory has grown from ${before[*]} to ${now[*]} KiB, not by less than $2"
    fi
}

# tell WORDS: where somebody wants the numbers, they are told.
tell()
{
    if [ -n "${LOAD_REPORT-}" ]; then
        printf '%s: %s\n' "$BATS_TEST_DESCRIPTION" "$*" >>"$LOAD_REPORT"
    fi
}
