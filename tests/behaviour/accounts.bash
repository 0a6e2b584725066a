# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Functions for the tests of accounts, settings and conversations. Load it after helper.bash.

PASSWORD='correct horse "battery" \staple'

# The helper sets a token in the environment; it is unset here.
no_token()
{
    unset SIGMASIGHT_TOKEN
}

# state [FILE]: the path below the state directory.
state()
{
    printf '%s' "$XDG_STATE_HOME/sigmasight-chat${1:+/$1}"
}

# The path of the configuration file.
config()
{
    printf '%s' "$XDG_CONFIG_HOME/sigmasight-chat/config.json"
}

# Standard input becomes the configuration file.
configure()
{
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    cat >"$(config)"
    chmod 600 "$(config)"
}

# token_command COMMAND: becomes the configuration.
token_command()
{
    jq -n --arg command "$1" '{token_command: $command}' | configure
}

# log_in [EMAIL [OPTION]...]: stores a token; its requests are not counted.
log_in()
{
    local email=${1-me@example.com}
    shift || :
    run_chat login --email "$email" --password-stdin "$@" <<<"$PASSWORD"
    expect_status 0
    forget_requests
}

# Forgets the requests so far. The numbering of their files continues.
forget_requests()
{
    : >"$DUMP/log"
}

# stored FILTER: prints the output of the filter for the entries of the credentials.
stored()
{
    jq -r ".entries | $1" "$(state credentials.json)"
}

# change_stored FILTER: rewrites the entries.
change_stored()
{
    jq ".entries |= ($1)" "$(state credentials.json)" >"$T/changed"
    cat "$T/changed" >"$(state credentials.json)"
}

# age LIFE LEFT: gives the stored token a lifetime of LIFE seconds, of which LEFT remain.
age()
{
    change_stored "map(.issued_at = (now | floor) + $2 - $1 | .expires_at = (now | floor) + $2)"
}

# Prints the tokens of all requests of a kind, one a line.
tokens_of()
{
    local file
    for file in "$DUMP"/*.request; do
        if head -n 1 "$file" | grep -q -E -e "^$1 HTTP"; then
            sed -n '2,/^\r$/p' "$file" | tr -d '\r' | sed -n 's/^authorization: Bearer //Ip'
        fi
    done
}

# The body of the last request of a kind.
last_body_of()
{
    local file found=
    for file in "$DUMP"/*.request; do
        if head -n 1 "$file" | grep -q -E -e "^$1 HTTP"; then
            found=$file
        fi
    done
    [ -n "$found" ] || fail "no such request: $1"
    sed '1,/^\r$/d' "$found"
}

# The conversation of the last message.
last_id()
{
    last_body_of 'POST /api/v1/chat/send' | jq -r .conversation_id
}

# at_terminal [STEP ARGUMENT]... -- COMMAND...: see terminal.py. Writes how it ended to $OUT, and $T/screen.
at_terminal()
{
    need_terminal
    python3 "$BATS_TEST_DIRNAME/terminal.py" "$T/screen" "$@" >"$OUT" 2>"$ERR" </dev/null 3>&- ||
        fail "not as expected at the terminal"
}

# expect_empty_list LINE COMMAND...: at a terminal the command prints LINE on standard error, elsewhere and with -j or -q
# nothing.
expect_empty_list()
{
    local line=$1 option
    shift
    # shellcheck disable=SC2016 # the inner shell expands
    at_terminal -- sh -c '"$@" 2>"$0"' "$T/to.file" "$CHAT" "$@"
    expect_bytes '' "$T/screen"
    expect_bytes '' "$T/to.file"
    # shellcheck disable=SC2016
    at_terminal -- sh -c '"$@" >"$0"' "$T/to.file" "$CHAT" "$@"
    expect_bytes '' "$T/screen"
    expect_bytes '' "$T/to.file"
    for option in -j -q; do
        at_terminal -- "$CHAT" "$@" "$option"
        expect_bytes '' "$T/screen"
    done
    at_terminal -- "$CHAT" "$@"
    expect_line 'exit 0' <(head -n 1 "$OUT")
    expect_bytes "$line\r\n" "$T/screen"
}

# Makes $T/clock.so: under it, the clock of a process is two hours ahead once the file $CLOCK_AHEAD exists. If the file
# $CLOCK_STOPPED exists, the time of day is that of its last change.
make_clock()
{
    make_preload clock <<'END_OF_C'
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// What the program starts may be for another machine.
__attribute__((constructor)) static void begin(void)
{
    unsetenv("LD_PRELOAD");
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(
            RTLD_NEXT, sizeof(time_t) > sizeof(long) ? "__clock_gettime64" : "clock_gettime");
    int result = real(clock, now);
    const char *ahead = getenv("CLOCK_AHEAD");
    if (ahead && access(ahead, F_OK) == 0)
        now->tv_sec += 7200;
    const char *stopped = getenv("CLOCK_STOPPED");
    struct stat st;
    if (clock == CLOCK_REALTIME && stopped && stat(stopped, &st) == 0)
        *now = st.st_mtim;
    return result;
}
END_OF_C
    export CLOCK_AHEAD=$T/ahead CLOCK_STOPPED=$T/stopped
}

# run_slowly_fed TEXT COMMAND...: runs COMMAND and writes blanks, and two hours later by its clock TEXT, to its standard input.
# Sets $status.
run_slowly_fed()
{
    local text=$1
    shift
    rm -f "$T/input" "$CLOCK_AHEAD"
    pipe_to INPUT
    launch env LD_PRELOAD="$T/clock.so" "$@" <"$T/input" >"$OUT" 2>"$ERR"
    # The pipe does not hold so much: COMMAND has begun to read.
    timeout "$PATIENCE" env printf '%70000s' '' >&"$INPUT" || fail "standard input is not read"
    : >"$CLOCK_AHEAD"
    printf %s "$text" >&"$INPUT"
    exec {INPUT}>&-
    await_end
}

# expect_failure STATUS [PATTERN]: one line with an error was printed, and nothing on standard output.
expect_failure()
{
    expect_status "$1"
    expect_error "${2-.*}"
    [ ! -s "$OUT" ] || fail "there is output"
}
