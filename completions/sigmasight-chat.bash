# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of sigmasight-chat for bash 4 and later; needs nothing beside it.

# What can follow OPTION as its value, into COMPREPLY; 1 if it takes none.
_sigmasight_chat_value()
{
    local word=$2
    case $1 in
    -o | --output) mapfile -t COMPREPLY < <(compgen -W 'text jsonl json raw' -- "$word") ;;
    -m | --mode) mapfile -t COMPREPLY < <(compgen -W 'green blue indigo violet' -- "$word") ;;
    --color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    --events | --record | --token-file | --cacert)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames 2>/dev/null
        ;;
    -c | --conversation | -u | --url | --portfolio | --events-fd | --max-event-size) ;;
    --retry | --retry-delay | --retry-max-time) ;;
    --connect-timeout | --idle-timeout | --stall-timeout | --max-time) ;;
    *) return 1 ;;
    esac
}

_sigmasight_chat()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i
    local common='-q --quiet -v --verbose --color -h --help'
    local output='-o --output -j --json --no-stream --events --events-fd -n --no-newline
        --max-event-size'
    local api='-u --url --token-file --cacert --insecure --allow-http'
    local send='-c --conversation -m --mode --portfolio --record --retry --retry-delay
        --retry-max-time --retry-all --connect-timeout --idle-timeout --stall-timeout --max-time'
    local options
    COMPREPLY=()

    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'send decode -h --help --version' -- "$word")
        return
    fi
    case ${COMP_WORDS[1]} in
    send) options="$common $output $api $send" ;;
    decode) options="$common $output" ;;
    *) return ;;
    esac

    # After -- there are operands only.
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == -- ]]; then
            options=
        fi
    done
    if [[ $options ]]; then
        # --option=value arrives as three words.
        if [[ $word == = ]]; then
            word=
        elif [[ $before == = ]]; then
            before=${COMP_WORDS[COMP_CWORD - 2]}
        fi
        # The last letter of -qo may take a value, too.
        if [[ $before == -[!-]?* ]]; then
            before=-${before: -1}
        fi
        _sigmasight_chat_value "$before" "$word" && return
        if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
            return
        fi
    fi
    if [[ ${COMP_WORDS[1]} == decode ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames 2>/dev/null
    fi
}

complete -F _sigmasight_chat sigmasight-chat
