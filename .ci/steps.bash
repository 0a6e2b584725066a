# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # set by the script that sources this
# Runs the steps of .ci/run and tests/release/check, which are functions step_NAME. The script sets before `run_steps`:
#   self      its own path; it is called once more for each step, which runs in a process of its own
#   steps     the names of the steps in their order
#   minutes   the time for all of them; a step may take what is left when it begins
# The working directory is the top of the checkout. The output of a step goes to _build/PREFIX-STEP.log.

passed=0 failed=0 child='' table=''
declare -A left_out=()

# leave_out STEP REASON: does not run it, and prints the reason in its place.
leave_out()
{
    left_out[$1]=$2
}

finish()
{
    trap - EXIT
    if [ -n "$child" ]; then
        kill "$child" 2>/dev/null || true
        failed=$((failed + 1))
    fi
    if [ -n "$table" ]; then
        printf '\n%-12s %7s %7s %6s  %s\n%s\n' step passed failed s proved "$table"
    fi
    echo "$passed passed, $failed failed"
    exit $((failed > 0 || passed == 0))
}

# run_step NAME: within the time that is left. SIGINT and SIGQUIT, which bash ignores in a background job, are reset.
run_step()
{
    local log=_build/$prefix-$1.log status=0 left=$((minutes * 60 - SECONDS)) began=$SECONDS result good bad
    echo "== $1"
    if [ "$left" -lt 1 ]; then
        left=1
    fi
    timeout --kill-after=10 "$left" env --default-signal=INT,QUIT bash "$self" --step "$1" >"$log" 2>&1 &
    child=$!
    wait "$child" || status=$?
    child=
    result=$(grep -Ex '[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1 || true)
    if [ -z "$result" ]; then
        result="$((status == 0)) passed, $((status != 0)) failed"
    fi
    read -r good _ bad _ <<<"$result"
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    if [ "$bad" -gt 0 ] || [ "$1" = check ]; then
        tail -n 200 "$log"
    fi
    if [ "$status" -eq 124 ]; then
        echo "timed out"
    fi
    echo "-- $1: $good passed, $bad failed ($((SECONDS - began)) s)"
    passed=$((passed + good)) failed=$((failed + bad))
    note "$1" "$good" "$bad" $((SECONDS - began)) "$log"
}

# note STEP PASSED FAILED SECONDS LOG: adds a row to the table of a release check, with the text after `proved: ` in LOG.
note()
{
    local words
    [ "$prefix" = release ] || return 0
    words=$(sed -n 's/^proved: //p' "$5" | tail -n 1)
    if [ "$3" -gt 0 ]; then
        words="FAILED, see $5"
    fi
    table+=$(printf '%-12s %7d %7d %6d  %s' "$1" "$2" "$3" "$4" "$words")$'\n'
}

# --- other systems ---

# copy_sources DIRECTORY: the files of the checkout, without what a build makes.
copy_sources()
{
    ./bootstrap source
    mkdir -p "$1"
    (cd _build/source && tar -c -T ../source.list) | tar -x -C "$1"
}

# check_in_chroot RELEASE DIRECTORY: runs `./bootstrap check` in a minimal system of that release of Debian.
check_in_chroot()
{
    local release=$1 root=$2
    tests/release/chroot make "$root" "$release"
    copy_sources "$root/source"
    tests/release/chroot run "$root" sh -c 'cd /source && ./bootstrap check'
    tests/release/chroot remove "$root"
}

# --- valgrind ---

# Reading debugging information for inlined functions would double the time of a start.
valgrind='valgrind -q --vgdb=no --read-inline-info=no --error-exitcode=99 --leak-check=full'
# Memory that a thread of libcurl still has when the program ends is "possibly lost".
valgrind+=' --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect'

# with_valgrind PROGRAM DIRECTORY: makes a new DIRECTORY with a script of the same name that runs PROGRAM under valgrind.
# valgrind writes to log files there, so that the tests see only the output of PROGRAM.
with_valgrind()
{
    local made=$2/${1##*/}
    rm -rf "$2"
    mkdir -p "$2"
    cat >"$made" <<SCRIPT
#!/bin/sh
# Process IDs are reused, so the name has the time as well.
read -r now _ </proc/uptime
exec $valgrind --log-file='$2/'\$now-%p.log '$1' "\$@"
SCRIPT
    chmod +x "$made"
}

# expect_no_valgrind_errors DIRECTORY: fails if there is anything in the log files of with_valgrind, or no log file.
expect_no_valgrind_errors()
{
    local said
    if [ -z "$(find "$1" -name '*.log')" ]; then
        echo "valgrind wrote no log file to $1"
        return 1
    fi
    said=$(find "$1" -name '*.log' -exec cat {} +)
    if [ -n "$said" ]; then
        echo "$said"
        return 1
    fi
}

# --- the run ---

# run_steps PREFIX [STEP]...: runs these steps, or all, and exits.
run_steps()
{
    prefix=$1
    shift
    if [ "${1-}" = --step ]; then
        "step_$2"
        exit
    fi
    exec </dev/null
    mkdir -p _build
    trap finish EXIT
    trap 'exit 1' HUP INT TERM
    local step
    for step in "${@:-${steps[@]}}"; do
        if ! declare -F "step_$step" >/dev/null; then
            echo "unknown step $step; the steps are: ${steps[*]}"
            failed=$((failed + 1))
        elif [ -n "${left_out[$step]-}" ]; then
            echo "== $step: left out: ${left_out[$step]}"
        else
            run_step "$step"
        fi
    done
    exit
}
