# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of sigmasight-chat for bash 4 and later. Does not require bash-completion.

_sigmasight_chat_words()
{
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$1" -- "$word")
}

_sigmasight_chat_files()
{
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames 2>/dev/null
}

# Prints the output of COMMAND for the server on the command line; nothing if it does not respond quickly.
_sigmasight_chat_ask()
{
    local line=${COMP_LINE:0:COMP_POINT} words i quick=() say=()
    read -ra words <<<"$line"
    for ((i = 2; i < ${#words[@]}; i++)); do
        case ${words[i]} in
        -u | --url | --profile | --token-file | --cacert | --cert | --key | -H | --header)
            say+=("${words[i]}" "${words[i + 1]-}")
            i=$((i + 1))
            ;;
        --url=* | --profile=* | --token-file=* | --cacert=* | --cert=* | --key=* | --header=* | --insecure | --allow-http)
            say+=("${words[i]}")
            ;;
        esac
    done
    # Words with expansions cannot be used, because they are not expanded yet.
    if [[ ${say[*]} == *[\'\"\\\$\`~]* ]]; then
        return
    fi
    if command -v timeout >/dev/null; then
        quick=(timeout 2)
    fi
    "${quick[@]}" "${COMP_WORDS[0]}" "$@" -q "${say[@]}" 2>/dev/null </dev/null
}

# Offers the names that it reads, one a line, that begin with the word. They are quoted as the word is.
_sigmasight_chat_names()
{
    local name start=${word//\\/} special='[][ !"#$&'\''()*;<>?\\^`{|}~]' escaped='\\&'
    case $quote in
    \") special='[$`"\\]' ;;
    \') special=\' escaped="'\\\\''" start=$word ;;
    esac
    while IFS= read -r name; do
        if [[ $name && $name == "$start"* ]]; then
            COMPREPLY+=("$(sed "s/$special/$escaped/g" <<<"$name")")
        fi
    done
}

# Offers the IDs of the lines "ID<tab>TITLE" that it reads, in their order. If readline lists several, each is followed by its
# title. Readline inserts at most what all have in common, which is part of the IDs. It lists matches for the COMP_TYPE
# ?, ! and @; for others it may insert a whole match.
_sigmasight_chat_titled()
{
    local id title titles=() i room
    local -A seen=()
    compopt -o nosort 2>/dev/null
    while IFS=$'\t' read -r id title; do
        # An ID that needs quotes is not from this program.
        if [[ $id && $id == "$word"* && $id != *[![:alnum:]._-]* && ! ${seen[$id]-} ]]; then
            seen[$id]=1 COMPREPLY+=("$id") titles+=("$title")
        fi
    done < <(LC_ALL=C sed $'s/\342\200[\252-\256]//g; s/\342\201[\246-\251]//g') # without direction controls
    if [[ ${#COMPREPLY[@]} -gt 1 && ${COMP_TYPE-} == @(63|33|64) ]]; then
        for i in "${!titles[@]}"; do
            room=$((${COLUMNS:-80} - ${#COMPREPLY[i]} - 5))
            COMPREPLY[i]+="  (${titles[i]:0:room > 0 ? room : 0})"
        done
    fi
}

# The conversations, newest first, with the first question if the log has it.
_sigmasight_chat_ids()
{
    _sigmasight_chat_titled < <(awk -F '\t' '
        logged { title[$4] = $5; next }
        { print $1 "\t" ($1 in title ? title[$1] : $2 ", " $3) }
    ' logged=1 <("${COMP_WORDS[0]}" log list --limit 0 -q 2>/dev/null </dev/null) \
        logged=0 <(_sigmasight_chat_ask conversations list))
}

# The entries of the log, newest first.
_sigmasight_chat_entries()
{
    _sigmasight_chat_titled < <("${COMP_WORDS[0]}" log list -q 2>/dev/null </dev/null | cut -f 1,5)
}

_sigmasight_chat_portfolios()
{
    _sigmasight_chat_names < <(_sigmasight_chat_ask portfolios | cut -f 2)
}

# The names under "profiles" in the configuration file.
_sigmasight_chat_profiles()
{
    local file=${XDG_CONFIG_HOME:-$HOME/.config}/sigmasight-chat/config.json
    if [[ ! -r $file ]]; then
        return
    fi
    _sigmasight_chat_names < <(awk '{ text = text $0 "\n" }
        END {
            for (i = 1; i <= length(text); i++) {
                c = substr(text, i, 1)
                if (c == "\"") {
                    word = ""
                    while ((c = substr(text, ++i, 1)) != "\"" && c != "")
                        word = word (c == "\\" ? substr(text, ++i, 1) : c)
                } else if (substr(text, i, 2) == "//") {
                    i += index(substr(text, i), "\n") - 1
                } else if (substr(text, i, 2) == "/*") {
                    end = index(substr(text, i + 2), "*/")
                    i = end ? i + end + 2 : length(text)
                } else if (c == ":") {
                    if (depth == 1)
                        top = word
                    if (depth == 2 && top == "profiles")
                        print word
                } else if (c ~ /[{[]/)
                    depth++
                else if (c ~ /[]}]/)
                    depth--
            }
        }' <"$file")
}

# Sets kind to the kind of the value of OPTION, see _sigmasight_chat_offer. Returns 1 if it takes no value.
_sigmasight_chat_kind()
{
    case $1 in
    -c | --conversation) kind=ID ;;
    -o | --output)
        kind='text jsonl'
        [[ ${COMP_WORDS[1]} == chat ]] || kind+=' json raw'
        ;;
    -m | --mode) kind='green blue indigo violet' ;;
    --color | --render | --highlight) kind='auto always never' ;;
    --profile) kind=PROFILE ;;
    --portfolio) kind=PORTFOLIO ;;
    --events | --record | --resume | --token-file | --cacert | --cert | --key) kind=FILE ;;
    -u | --url | -H | --header | --data | --comment | --context | --max-message | --events-fd | --max-event-size | --email | --limit) kind='' ;;
    --retry | --retry-delay | --retry-max-time) kind='' ;;
    --jobs | --connect-timeout | --idle-timeout | --stall-timeout | --max-time) kind='' ;;
    *) return 1 ;;
    esac
}

_sigmasight_chat_offer()
{
    case $1 in
    ID) _sigmasight_chat_ids ;;
    PROFILE) _sigmasight_chat_profiles ;;
    PORTFOLIO) _sigmasight_chat_portfolios ;;
    FILE) _sigmasight_chat_files ;;
    LOG) _sigmasight_chat_entries ;;
    RATED)
        _sigmasight_chat_entries
        _sigmasight_chat_words 'up down'
        ;;
    *) _sigmasight_chat_words "$1" ;;
    esac
}

# Sets kind to that of operand number COUNT of COMMAND; FIRST is the first operand.
_sigmasight_chat_operand()
{
    case $1,$2,$3 in
    help,1,*) kind=$commands ;;
    decode,1,* | batch,1,*) kind=FILE ;;
    config,1,*) kind='path edit' ;;
    completion,1,*) kind='bash zsh fish' ;;
    conversations,1,*) kind='list new show mode delete' ;;
    conversations,2,show | conversations,2,mode | conversations,*,delete) kind=ID ;;
    conversations,3,mode) kind='green blue indigo violet' ;;
    feedback,1,*) kind=RATED ;;
    feedback,2,*) kind='up down' ;;
    api,1,*) kind='GET HEAD POST PUT PATCH DELETE' ;;
    log,1,*) kind='list show export delete clear path' ;;
    log,*,show | log,*,export | log,*,delete) kind=LOG ;;
    schema,1,*) kind='events log' ;;
    esac
}

_sigmasight_chat()
{
    local word=${COMP_WORDS[COMP_CWORD]} quote='' before i options
    local commands='send chat batch decode login logout whoami conversations portfolios feedback api log config doctor schema completion'
    local common='-q --quiet -v --verbose --color --no-status -h --help'
    local output='-o --output -j --json --no-stream --events --events-fd -n --no-newline
        --render --highlight --max-event-size'
    local api='-u --url --profile --token-file --cacert --cert --key -H --header --insecure --allow-http'
    local context='-m --mode --portfolio'
    local retry='--retry --retry-delay --retry-max-time --retry-all --connect-timeout --idle-timeout --stall-timeout --max-time'
    local single='--edit --record'
    local send="-c --conversation -C --continue --ephemeral --max-message --context --log --no-log $retry"
    local batch="--lines --jobs --ordered --resume --fail-fast --max-event-size --ephemeral --max-message --context --log --no-log $retry"
    local login='--email --password-stdin'
    COMPREPLY=()
    # A quote that is not closed is part of the word, but not of what readline replaces.
    if [[ $word == [\"\']* ]]; then
        quote=${word:0:1} word=${word:1}
    fi

    if ((COMP_CWORD == 1)); then
        _sigmasight_chat_words "$commands -h --help -V --version"
        return
    fi
    case ${COMP_WORDS[1]} in
    send) options="$common $api $output $context $send $single" ;;
    chat) options="$common $api $output $context $send" ;;
    batch) options="$common $api $context $batch" ;;
    decode) options="$common $output" ;;
    login) options="$common $api $login" ;;
    logout) options="$common $api" ;;
    whoami | portfolios | config | doctor) options="$common $api -j --json" ;;
    feedback) options="$common $api --comment" ;;
    api) options="$common $api $retry --data" ;;
    conversations) options="$common $api $context -j --json --limit" ;;
    log) options="$common -c --conversation -j --json --limit --render --yes --no-pager" ;;
    schema | completion) options=$common ;;
    help) options='' ;;
    *) return ;;
    esac

    # The words before the cursor: the operands, the first of them, and an option that expects a value.
    # --option=value and a:b arrive as three words.
    local count=1 first='' kind='' open='' end=$COMP_CWORD
    if [[ $word == = ]]; then
        word='' end=$((end + 1))
    fi
    for ((i = 2; i < end; i++)); do
        before=${COMP_WORDS[i]}
        if [[ $before == = ]]; then
            open=1
        elif [[ $before == : ]]; then
            kind='' open=1
        elif [[ $open ]]; then
            kind='' open=''
        elif [[ $options && $before == -- ]]; then
            options=''
        elif [[ $options && $before == -?* ]]; then
            # In a group such as -qo, the last letter.
            if [[ $before =~ ^-[qvhjnC]+(.)$ ]]; then
                before=-${BASH_REMATCH[1]}
            fi
            if _sigmasight_chat_kind "$before"; then
                open=1
            fi
        else
            first=${first:-$before} count=$((count + 1))
        fi
    done
    # Options of single subcommands.
    if [[ $options && ${COMP_WORDS[1]} == conversations && $first ]]; then
        options="$common $api -j --json"
        case $first in
        list) options+=' --limit' ;;
        new) options+=" $context" ;;
        esac
    fi
    if [[ ! $open && $options && $word == -* ]]; then
        kind=$options
    elif [[ ! $open ]]; then
        _sigmasight_chat_operand "${COMP_WORDS[1]}" "$count" "$first"
    fi
    _sigmasight_chat_offer "$kind"
}

complete -F _sigmasight_chat sigmasight-chat
