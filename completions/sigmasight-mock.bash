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
    --portfolios)
        mapfile -t COMPREPLY < <(compgen -W '0 1 2 3 4' -- "$cur")
        return
        ;;
    --error)
        mapfile -t COMPREPLY < <(compgen -W 'rate_limit_exceeded quota_exceeded authentication_error
            internal_error api_failure incomplete_response continuation_failed continuation_exception
            AUTH_EXPIRED RATE_LIMITED NETWORK_ERROR SERVER_ERROR FATAL_ERROR sql ai_limit_reached
            invite_required' -- "$cur")
        return
        ;;
    --port | --token | --token-life | --pace | --rate-limit | --retry-after)
        return
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W '--port --port-file --ipv6 --with-parent --generation
        --token --token-life --web-tokens --portfolios --pace --trim-deltas --broken-history
        --error --rate-limit --retry-after --answer --scenario --dump --help --version' -- "$cur")
}

complete -F _sigmasight_mock sigmasight-mock
