# SPDX-License-Identifier: MIT
# bash completion for sigmasight-mock

_sigmasight_mock()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    case $prev in
    --generation)
        mapfile -t COMPREPLY < <(compgen -W '1 2' -- "$cur")
        return
        ;;
    --port-file | --answer | --scenario)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --dump)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return
        ;;
    --port | --token | --token-life | --pace)
        return
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W '--port --port-file --ipv6 --with-parent --generation
        --token --token-life --web-tokens --pace --trim-deltas --answer --scenario --dump
        --help --version' -- "$cur")
}

complete -F _sigmasight_mock sigmasight-mock
