# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # what sources this has set them
# How .ci/run and tests/release/check run their steps, the functions step_NAME. Each sets, before `run_steps`:
#   self      its own path; for one step it is called once more, in a process of its own
#   steps     the names in their order
#   minutes   for all of them; what is left when a step begins is what that step may take
# The working directory is the top of the checkout. What a step said stands in _build/PREFIX-STEP.log.

passed=0 failed=0 child='' table=''
declare -A left_out=()

# leave_out STEP REASON: in this run.
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

# The step of that name in what is left of the time. Signals are as a terminal would have them: tests send some.
run()
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
        echo "out of time"
    fi
    echo "-- $1: $good passed, $bad failed ($((SECONDS - began)) s)"
    passed=$((passed + good)) failed=$((failed + bad))
    note "$1" "$good" "$bad" $((SECONDS - began)) "$log"
}

# A line of the table for a run that prints one: what the step's log says behind `proved: `.
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

# --- valgrind ---

# Half of what a start costs is reading debugging information.
valgrind='valgrind -q --vgdb=no --read-inline-info=no --error-exitcode=99 --leak-check=full'
# What a thread of libcurl's may still have when the program ends is possibly lost.
valgrind+=' --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect'

# with_valgrind PROGRAM DIRECTORY: makes a program of that name in DIRECTORY, anew, that runs PROGRAM under valgrind.
# What valgrind has to say goes to files beside it, so that the tests see the program's words only.
with_valgrind()
{
    local made=$2/${1##*/}
    rm -rf "$2"
    mkdir -p "$2"
    cat >"$made" <<SCRIPT
#!/bin/sh
# Numbers of processes come back.
read -r now _ </proc/uptime
exec $valgrind --log-file='$2/'\$now-%p.log '$1' "\$@"
SCRIPT
    chmod +x "$made"
}

# valgrind_is_content DIRECTORY: no run said anything; else what they said.
valgrind_is_content()
{
    local said
    said=$(find "$1" -name '*.log' -exec cat {} +)
    if [ -n "$said" ]; then
        echo "$said"
        return 1
    fi
}

# run_steps PREFIX [STEP]...: these, or all. Ends the program.
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
            echo "there is no step $step; there are: ${steps[*]}"
            failed=$((failed + 1))
        elif [ -n "${left_out[$step]-}" ]; then
            echo "== $step: ${left_out[$step]}"
        else
            run "$step"
        fi
    done
    exit
}
