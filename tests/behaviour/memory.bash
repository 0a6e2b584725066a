# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of memory, load and system calls. Load it after helper.bash.

# need_plain_program: skips the test if the program is built with a sanitizer or run by valgrind, which use more memory.
need_plain_program()
{
    if ASAN_OPTIONS=help=1 "$CHAT" --version 2>&1 | grep -q Sanitizer; then
        skip "the program is built with a sanitizer"
    fi
    if head -c 2 "$CHAT" | grep -q '#!'; then
        skip "the program is run by a script"
    fi
}

# need_strace: skips the test where the system calls of the program cannot be listed.
need_strace()
{
    need_plain_program
    command -v strace >/dev/null || skip "strace is not installed"
    strace -o "$T/probe" echo probe >"$T/probed" || skip "processes cannot be traced here"
    # Some systems do not let a user read the memory of the process.
    grep -q -F '"probe' "$T/probe" || skip "strace shows no strings here"
}

need_proc()
{
    need_plain_program
    [ -r /proc/self/status ] || skip "requires /proc"
}

# Prints the resident memory of the launched command, now and at most, in KiB.
resident()
{
    sed -n 's/^Vm\(RSS\|HWM\):[^0-9]*\([0-9]*\) kB$/\2/p' "/proc/$PID/status" | sort -n | paste -s -d ' ' -
}

# notes_to PIPE PATTERN, in a process substitution: writes the lines that match to PIPE at once. Keeps no other pipe open.
notes_to()
{
    local descriptor
    for descriptor in "${OURS[@]}"; do
        exec {descriptor}>&-
    done
    exec grep --line-buffered -E -e "$2" >"$1" 3>&-
}

# await_note DESCRIPTOR NAME [SECONDS]: reads lines until one contains NAME.
await_note()
{
    local line=''
    while [[ $line != *$2* ]]; do
        read -r -t "${3-$((PATIENCE * 3))}" -u "$1" line || fail "expected $2, the last line is: $line"
    done
}

# expect_growth RESIDENT LIMIT: neither value of resident has grown by LIMIT KiB or more since it printed RESIDENT.
expect_growth()
{
    local before now
    read -r -a before <<<"$1"
    read -r -a now <<<"$(resident)"
    [ "${#before[@]}" -eq 2 ] && [ "${#now[@]}" -eq 2 ] || fail "resident memory is not known"
    tell "resident memory: ${before[*]} KiB at the beginning, ${now[*]} KiB at the end (current and maximum)"
    if [ $((now[0] - before[0])) -ge "$2" ] || [ $((now[1] - before[1])) -ge "$2" ]; then
        fail "resident memory grew from ${before[*]} to ${now[*]} KiB, expected less than $2"
    fi
}

# tell WORD...: adds the measured values to the file $LOAD_REPORT, if that is set.
tell()
{
    if [ -n "${LOAD_REPORT-}" ]; then
        printf '%s: %s\n' "$BATS_TEST_DESCRIPTION" "$*" >>"$LOAD_REPORT"
    fi
}
