#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What does not depend on how fast the machine is: how often memory is asked for, and how much of it is held.

load helper
load memory

# Makes $T/count.so: a process under it leaves in the file $ALLOCATIONS how often it has allocated.
make_counter()
{
    cat >"$T/count.c" <<'END_OF_C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_long count;

void *malloc(size_t size)
{
    static void *(*real)(size_t);
    if (!real)
        real = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    count++;
    return real(size);
}

void *realloc(void *old, size_t size)
{
    static void *(*real)(void *, size_t);
    if (!real)
        real = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    count++;
    return real(old, size);
}

void *calloc(size_t n, size_t size)
{
    static void *(*real)(size_t, size_t);
    static char first[4096];
    static size_t used;
    if (!real) {
        static int asking;
        if (asking) { /* dlsym itself */
            size_t at = used;
            used += (n * size + 15) / 16 * 16;
            return first + at;
        }
        asking = 1;
        real = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    }
    count++;
    return real(n, size);
}

__attribute__((destructor)) static void tell(void)
{
    long counted = count;
    const char *path = getenv("ALLOCATIONS");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld\n", counted);
        fclose(file);
    }
}
END_OF_C
    "${CC:-cc}" -shared -fPIC -o "$T/count.so" "$T/count.c" -ldl
}

# allocations COMMAND...: COUNT; what it writes goes nowhere.
allocations()
{
    rm -f "$T/allocations"
    ALLOCATIONS=$T/allocations LD_PRELOAD=$T/count.so "$@" >/dev/null 2>"$ERR" || fail "$* failed"
    [ -s "$T/allocations" ] || skip "the counter cannot be loaded"
    COUNT=$(cat "$T/allocations")
    [ "$COUNT" -gt 10 ] || fail "only $COUNT allocations: the counter does not count"
}

# stream first|second N: events of either generation, N of each kind that comes often.
stream()
{
    local kinds
    case $1 in
    first)
        kinds='event: message\ndata: {"delta": "Gr\\u00fc\\u00dfe ", "role": "assistant"}\n\n'
        kinds+='event: heartbeat\ndata: {"timestamp": "2026-01-02T03:04:05Z"}\n\n: ping\n\n'
        kinds+='event: tool_started\ndata: {"tool_name": "get_quotes", "arguments": {"symbols": ["A", "B"]}}\n\n'
        kinds+='event: tool_finished\ndata: {"tool_name": "get_quotes", "result": {"rows": [1, 2.5]}, "duration_ms": 3}\n'
        printf 'event: start\ndata: {"conversation_id": "c", "mode": "green", "model": "m"}\n\n'
        ;;
    second)
        kinds='event: token\ndata: {"type":"token","run_id":"r","seq":1,"data":{"delta":"word "},"timestamp":1}\n\n'
        kinds+='event: heartbeat\ndata: {"type":"heartbeat","run_id":"r","seq":2,"data":{},"timestamp":1}\n\n'
        kinds+='event: other\ndata: {"type":"other","run_id":"r","seq":3,"data":{"a":[true,null]},"timestamp":1}\n'
        ;;
    esac
    printf -v kinds %b "$kinds"
    yes "$kinds" | head -n $(($2 * $(wc -l <<<"$kinds"))) || :
    printf 'event: done\ndata: {}\n\n'
}

# expect_steady FORMAT MORE: 10,000 more of the events ask for no more than so many allocations more.
expect_steady()
{
    local generation few
    for generation in first second; do
        stream $generation 1000 >"$T/few"
        stream $generation 11000 >"$T/many"
        allocations "$CHAT" decode -q -o "$1" "$T/few"
        few=$COUNT
        allocations "$CHAT" decode -q -o "$1" "$T/many"
        tell "$generation generation: $few allocations for 1,000 events of each kind, $COUNT for 11,000"
        [ $((COUNT - few)) -le "$2" ] || fail "$generation generation: $few allocations for 1,000 events, $COUNT for 11,000"
    done
}

@test "counts: no allocation for an event that is decoded to text" {
    need_plain_program
    make_counter
    expect_steady text 0
}

@test "counts: no allocation for an event that is decoded to JSON lines" {
    need_plain_program
    make_counter
    expect_steady jsonl 0
}

@test "counts: no allocation for an event that is only checked" {
    need_plain_program
    make_counter
    expect_steady raw 0
}

# grow FORMAT LIMIT EVENT: between 1 MB and 50 MB of these events memory does not grow by LIMIT KiB.
grow()
{
    local before lines size=${#3} stream notes
    need_proc
    lines=$(wc -l <<<"$3")
    pipe_to stream
    if [ "$1" = text ]; then
        pipe_from notes
        launch "$CHAT" decode -o text <"$T/stream" >/dev/null 2>"$T/notes"
    else
        pipe_from notes kept
        launch "$CHAT" decode -o "$1" <"$T/stream" 2>"$ERR" \
            > >(notes_to "$T/notes" '"begun"|"ended"')
    fi
    feed 1000000 "$3"
    note begun
    await_note "$notes" begun
    before=$(resident)
    feed 49000000 "$3"
    note ended
    await_note "$notes" ended
    expect_growth "$before" "$2"
    printf 'event: done\ndata: {}\n\n' >&"$stream"
    exec {stream}>&-
    await_end
    expect_status 0
}

# The events of grow, as many of them as have so many bytes; and one that is seen when it has arrived.
feed()
{
    yes "$2" | head -n $(($1 * lines / (size + 1) / lines * lines)) >&"$stream" || :
}

note()
{
    printf 'event: tool_started\ndata: {"tool_name":"%s","arguments":{}}\n\n' "$1" >&"$stream"
}

# Each ends in a blank line.
a_delta=$'event: message\ndata: {"delta": "Gr\\u00fc\\u00dfe ", "role": "assistant"}\n'
a_heartbeat=$'event: heartbeat\ndata: {"timestamp": "2026-01-02T03:04:05Z"}\n\n: ping\n'

a_result()
{
    local rows
    rows=$(repeat 1024 '["0123456789",1,2.5,3e2,true,null,"0123456789",{"abcdef":"0123"}],')
    printf 'event: tool_finished\ndata: {"tool_name":"t","result":{"rows":[%s]},"duration_ms":3}\n' "${rows%,}"
    echo .
}

@test "counts: memory does not grow with the deltas" {
    grow text 256 "$a_delta"
}

@test "counts: memory does not grow with the deltas as JSON lines" {
    grow jsonl 256 "$a_delta"
}

@test "counts: memory does not grow with the heartbeats" {
    grow text 256 "$a_heartbeat"
}

@test "counts: memory does not grow with tool results of 64 KB" {
    local event
    event=$(a_result)
    [ "${#event}" -gt 65536 ]
    grow text 256 "${event%.}"
}

@test "counts: memory does not grow with tool results of 64 KB as JSON lines" {
    local event
    event=$(a_result)
    grow jsonl 256 "${event%.}"
}
