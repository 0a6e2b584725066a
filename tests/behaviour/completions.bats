#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What each shell completes at a given place of the command line.

load helper

each_shell=(bash zsh fish)

# Every shell completes in a directory with these files.
scene()
{
    need_terminal # zsh completes only at a terminal
    mkdir "$T/bin" "$T/here"
    ln -s "$CHAT" "$T/bin/sigmasight-chat"
    PATH=$T/bin:$PATH
    cd "$T/here" || return
    touch one.sse 'one more.sse' two.txt
}

# offers_SHELL LINE: a line for each thing that is offered at the end of LINE, sorted.

offers_bash()
{
    # shellcheck disable=SC2016 # the inner shell expands
    bash --norc --noprofile -c '
        source "$SRCDIR/completions/sigmasight-chat.bash"
        # As in readline, = and : are separate words.
        line=${1//=/ = } line=${line//:/ : }
        read -ra COMP_WORDS <<<"$line"
        if [[ $line == *[[:space:]] ]]; then
            [[ $1 == *= ]] || COMP_WORDS+=("")
        fi
        COMP_LINE=$1 COMP_POINT=${#1} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        function=$(complete -p sigmasight-chat)
        function=${function#*-F } function=${function%% *}
        "$function" sigmasight-chat "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        ((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"
    ' bash "$1" 3>&- | sort -u
}

# In a separate shell at a pseudo-terminal, with a compadd that prints its arguments.
offers_zsh()
{
    rm -f "$T/offers"
    # shellcheck disable=SC2016 # the inner shell expands
    OFFERS=$T/offers timeout "$((PATIENCE * 3))" zsh -f -c '
        zmodload zsh/zpty
        zpty shell zsh -f -i
        say() { zpty -w shell "$1" }
        say "PROMPT= PS2= RPROMPT=; stty -echo; unsetopt prompt_cr prompt_sp; unset zle_bracketed_paste"
        say "fpath=(${(q)SRCDIR}/completions \$fpath); autoload -Uz compinit; compinit -D -u"
        say "record() { if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
            local -a hits; builtin compadd -A hits \"\$@\"; print -rl -- \$hits >>\$OFFERS; fi
            builtin compadd \"\$@\" }"
        say "functions[compadd]=\$functions[record]; quit() { exit }; zle -N quit"
        say "bindkey \"^X\" quit; bindkey \"^I\" complete-word; print REA\"\"DY"
        zpty -r shell answer "*READY*"
        zpty -w -n shell "$1"$'\''\t\x18'\''
        while zpty -r shell answer; do :; done
    ' zsh "$1" >/dev/null 3>&-
    [ ! -e "$T/offers" ] || grep . "$T/offers" | sort -u
}

# describe_fish LINE: what fish offers, with the descriptions.
describe_fish()
{
    # shellcheck disable=SC2016 # the inner shell expands
    fish --no-config -c '
        source $SRCDIR/completions/sigmasight-chat.fish
        complete -C $argv[1]
    ' -- "$1" 3>&-
}

offers_fish()
{
    describe_fish "$1" | cut -f 1 | sort -u
}

# at_prompt SHELL [STEP ARGUMENT]...: the steps of screen.py in an interactive shell of 100 columns. $T/shown is the screen
# after them.
at_prompt()
{
    local shell=$1 command=(zsh -d -i)
    shift
    if [ "$shell" = bash ]; then
        command=(bash --noprofile --rcfile "$T/bashrc" -i)
    fi
    # shellcheck disable=SC2016 # the shells expand
    printf '%s\n' "PS1='> '" "bind 'set enable-bracketed-paste off'" 'source "$SRCDIR/completions/sigmasight-chat.bash"' >"$T/bashrc"
    # shellcheck disable=SC2016
    printf '%s\n' "PROMPT='> ' RPROMPT=" 'unset zle_bracketed_paste' 'unsetopt prompt_cr prompt_sp' \
        'fpath=("$SRCDIR/completions" $fpath)' 'autoload -Uz compinit' 'compinit -D -u' >"$T/.zshrc"
    INPUTRC=/dev/null HISTFILE='' ZDOTDIR=$T on_screen columns 100 shows '>' "$@" keep shown type '\x15exit\r' -- "${command[@]}"
}

# completed WORD WANTED: bash and zsh complete WORD, which is at the end of `send`, to WANTED.
completed()
{
    for shell in bash zsh; do
        at_prompt "$shell" type "sigmasight-chat send $1\\tEND" shows END
        grep -q -x -F "> sigmasight-chat send $2 END" "$T/shown" || fail "$shell completes $1 to $(cat "$T/shown")"
    done
}

# offered LINE [WORD]...: each shell offers these words for LINE, and nothing else.
offered()
{
    local line=$1 shell
    shift
    printf '%s\n' "$@" | grep . | sort >"$T/wanted" || :
    for shell in "${each_shell[@]}"; do
        # fish repeats the text before =
        "offers_$shell" "$line" | sed 's/^-[^=]*=//' >"$T/got"
        diff "$T/wanted" "$T/got" >&2 || fail "$shell offers something else for '$line'"
    done
}

# offers_all LINE WORD...: each shell offers these words and perhaps others.
offers_all()
{
    local line=$1 shell
    shift
    printf '%s\n' "$@" | sort >"$T/wanted"
    for shell in "${each_shell[@]}"; do
        "offers_$shell" "$line" >"$T/got"
        [ -z "$(comm -23 "$T/wanted" "$T/got")" ] ||
            fail "$shell does not offer for '$line': $(comm -23 "$T/wanted" "$T/got")"
    done
}

# The long options in the --help of a command.
options_of()
{
    "$CHAT" "$@" --help -v | sed -n 's/^  .....\{0,1\} *\(--[a-z-]*\).*/\1/p'
}

@test "completions: the three shells are installed" {
    for shell in "${each_shell[@]}"; do
        command -v "$shell"
    done
}

@test "completions: the program's commands" {
    scene
    mapfile -t commands < <("$CHAT" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
    [ "${#commands[@]}" -ge 2 ]
    for shell in "${each_shell[@]}"; do
        printf '%s\n' "${commands[@]}" | sort >"$T/wanted"
        "offers_$shell" 'sigmasight-chat ' | grep -v '^-' >"$T/got"
        diff "$T/wanted" "$T/got" >&2 || fail "$shell offers other commands"
    done
    for shell in "${each_shell[@]}"; do
        printf '%s\n' "${commands[@]}" | sort >"$T/wanted"
        "offers_$shell" 'sigmasight-chat help ' >"$T/got"
        diff "$T/wanted" "$T/got" >&2 || fail "$shell offers other commands after help"
    done
    offered 'sigmasight-chat help sch' schema
    offered 'sigmasight-chat help send '
    offered 'sigmasight-chat --vers' --version
    offered 'sigmasight-chat sen' send
}

@test "completions: every option of every command, and no other" {
    scene
    mapfile -t commands < <("$CHAT" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
    for command in "${commands[@]}"; do
        options_of "$command" | sort >"$T/wanted"
        [ "$(wc -l <"$T/wanted")" -ge 4 ]
        for shell in "${each_shell[@]}"; do
            "offers_$shell" "sigmasight-chat $command --" | grep '^--' >"$T/got"
            diff "$T/wanted" "$T/got" >&2 || fail "$shell: other options of $command"
        done
    done
}

@test "completions: short options" {
    scene
    offers_all 'sigmasight-chat send -' -c -m -o -j -n -u -q -v -h
    offers_all 'sigmasight-chat decode -' -o -j -n -q -v -h
}

@test "completions: choices" {
    scene
    for option in '--output ' '--output=' '-o ' '-qo '; do
        offered "sigmasight-chat send $option" text jsonl json raw
    done
    offered 'sigmasight-chat send --output=js' json jsonl
    offered 'sigmasight-chat chat --output=' text jsonl
    offered 'sigmasight-chat decode some.sse -o r' raw
    offered 'sigmasight-chat send -m ' green blue indigo violet
    offered 'sigmasight-chat send --mode=v' violet
    offered 'sigmasight-chat send --color ' auto always never
    offered 'sigmasight-chat decode --color=a' auto always
    offered 'sigmasight-chat decode --highlight ' auto always never
    offered 'sigmasight-chat send --highlight=n' never
}

@test "completions: descriptions of subcommands and values" {
    scene
    local place
    # fish shows the description of the option at values that have none of their own.
    for place in 'log ' 'conversations ' 'config ' 'send -o '; do
        describe_fish "sigmasight-chat $place" >"$T/described"
        grep -q . "$T/described"
        [ "$(cut -s -f 2 "$T/described" | grep . | sort -u | wc -l)" -eq "$(wc -l <"$T/described")" ] || fail "$place: $(cat "$T/described")"
    done
    for place in 'send --mode ' 'send -m ' 'send --color ' 'decode --render ' 'decode --highlight '; do
        describe_fish "sigmasight-chat $place" >"$T/described"
        [ "$(wc -l <"$T/described")" -ge 3 ]
        [ -z "$(cut -s -f 2 "$T/described" | grep .)" ] || fail "$place: $(cat "$T/described")"
    done
    at_prompt zsh type 'sigmasight-chat config \t' shows 'the configuration file'
    # zsh cuts a description that does not fit into 80 columns.
    sed -n '/^_sigmasight_chat_commands/,/^}/s/^    .\([a-z]*\):\(.*\).$/\2/p' "$SRCDIR/completions/_sigmasight-chat" >"$T/commands"
    [ "$(wc -l <"$T/commands")" -ge 10 ]
    [ "$(awk 'length > 58' "$T/commands")" = '' ] || fail "too long: $(awk 'length > 58' "$T/commands")"
}

@test "completions: files for options that take a file" {
    scene
    for option in --events --record --token-file --cacert; do
        offered "sigmasight-chat send $option tw" two.txt
    done
    offered 'sigmasight-chat decode tw' two.txt
    offered 'sigmasight-chat decode -j tw' two.txt
    offered 'sigmasight-chat decode -- tw' two.txt
}

@test "completions: profiles of the configuration file" {
    scene
    offered 'sigmasight-chat send --profile '
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    cat >"$XDG_CONFIG_HOME/sigmasight-chat/config.json" <<'END'
{"mode": "blue", "portfolio": ["profiles", "{"],
 "profiles": {"home": {"url": "http://localhost:1/", "email": "a\"}b"},
              "staging": {"portfolio": ["x"]}}, "retry": 2}
END
    offered 'sigmasight-chat send --profile ' home staging
    offered 'sigmasight-chat whoami --profile=s' staging
    offered 'sigmasight-chat conversations -j --profile h' home
}

@test "completions: profiles of a configuration file with comments" {
    scene
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    config=$XDG_CONFIG_HOME/sigmasight-chat/config.json
    # The example.
    VISUAL=true python3 "$BATS_TEST_DIRNAME/terminal.py" "$T/screen" -- "$CHAT" config edit </dev/null 3>&-
    grep -q '// "profiles": {"' "$config"
    offered 'sigmasight-chat send --profile '
    cat >"$config" <<'END'
// it is "quoted
{ /* "profiles": {"never": {}}, "
  */ "profiles": { // "neither": {},
    "home": {"url": "http://localhost:1//x/*"}, /**/
    "staging": {} // }}
}} // the end
END
    "$CHAT" config --profile staging >"$OUT"
    offered 'sigmasight-chat send --profile ' home staging
    printf '{"profiles": {"one": {}}} // "x' >"$config"
    offered 'sigmasight-chat send --profile ' one
}

@test "completions: names are quoted as the word is" {
    scene
    serve_default --generation 2 --portfolios 3
    mkdir -p "$XDG_CONFIG_HOME/sigmasight-chat"
    cat >"$XDG_CONFIG_HOME/sigmasight-chat/config.json" <<'END'
{"profiles": {"my prof": {}, "my other": {}, "it's": {}, "$(touch pwned)": {}}}
END
    # shellcheck disable=SC2016
    printf '%s\n' '$(touch pwned)' "it's" 'my other' 'my prof' | sort >"$T/wanted"
    for shell in "${each_shell[@]}"; do
        "offers_$shell" 'sigmasight-chat send --profile ' | sed 's/\\\(.\)/\1/g' | sort >"$T/got"
        diff "$T/wanted" "$T/got" >&2 || fail "$shell offers other profiles"
    done
    fish --no-config -c "source $SRCDIR/completions/sigmasight-chat.fish
        complete -C 'sigmasight-chat send --profile \"my'
        complete -C 'sigmasight-chat send --portfolio \"Hedge'" 3>&- | cut -f 1 >"$T/got"
    expect_bytes 'my other\nmy prof\nHedge fund style\n' "$T/got"
    completed '--profile my\\ p' '--profile my\ prof'
    completed '--profile "my p' '--profile "my prof"'
    completed "--profile 'it" "--profile 'it'\\''s'"
    completed '--portfolio "Demo r' '--portfolio "Demo retirement"'
    completed "--portfolio 'Hedge f" "--portfolio 'Hedge fund style'"
    completed '--record "one m' '--record "one more.sse"'
    [ ! -e pwned ]
}

@test "completions: subcommands, conversations and modes" {
    scene
    serve_default
    ids=()
    for mode in green blue; do
        ids+=("$("$CHAT" conversations new -m "$mode")")
    done
    offered 'sigmasight-chat conversations ' list new show mode delete
    offered 'sigmasight-chat conversations -j s' show
    for place in 'send -c ' 'send --conversation=' 'send hello -qc ' 'conversations show ' 'conversations -j show ' \
        'conversations mode ' 'conversations delete ' 'conversations delete one ' 'conversations delete -- '; do
        offered "sigmasight-chat $place" "${ids[@]}"
    done
    offered 'sigmasight-chat conversations mode one ' green blue indigo violet
    offered 'sigmasight-chat conversations show one '
    offered 'sigmasight-chat conversations list '
    # The server is that of the command line.
    url=$SIGMASIGHT_URL
    export SIGMASIGHT_URL=http://127.0.0.1:1/
    offered 'sigmasight-chat send -c '
    offered "sigmasight-chat send --url $url -c " "${ids[@]}"
    offered "sigmasight-chat conversations -u $url show " "${ids[@]}"
}

# takes SUBCOMMAND OPTION: the program does not refuse it. No server listens at that address.
takes()
{
    local value=() operands=()
    case $1 in
    show | delete) operands=(one) ;;
    mode) operands=(one green) ;;
    esac
    case $2 in
    --mode) value=(green) ;;
    --portfolio | --limit | --profile) value=(1) ;;
    --color) value=(never) ;;
    --url) value=(http://127.0.0.1:1/) ;;
    --token-file | --cacert) value=("$T/here/two.txt") ;;
    esac
    run_chat conversations "$1" "${operands[@]}" "$2" "${value[@]}"
    [ "$(grep -c -e "option $2 is not accepted" "$ERR")" -eq 0 ]
}

@test "completions: portfolios by name" {
    scene
    serve_default --generation 2 --portfolios 3
    export LC_ALL=C.UTF-8
    line='sigmasight-chat send --portfolio '
    printf '%s\n' 'Demo portfolio – balanced' 'Demo retirement' 'Hedge fund style' >"$T/wanted"
    for shell in "${each_shell[@]}"; do
        # bash quotes them.
        "offers_$shell" "$line" | sed 's/\\\(.\)/\1/g' >"$T/got"
        diff "$T/wanted" "$T/got" >&2 || fail "$shell offers other portfolios"
        [ "$("offers_$shell" "${line}H" | tr -d '\\')" = 'Hedge fund style' ]
    done
    offered "${line}x"
}

@test "completions: entries of the log, ratings, methods" {
    scene
    serve_default --generation 2
    export SIGMASIGHT_LOG=1
    for question in one two; do
        "$CHAT" send -q "$question" >"$OUT"
    done
    mapfile -t ids < <("$CHAT" log list | cut -f 1)
    [ "${#ids[@]}" -eq 2 ]
    for place in show export delete; do
        offered "sigmasight-chat log $place " "${ids[@]}"
    done
    subcommands=(list show export delete clear path)
    offered 'sigmasight-chat log ' "${subcommands[@]}"
    # Options, also with values, are not operands.
    for options in -q '--limit 5' --limit=5 '-c 11' '-qc 11' -c11c '--conversation 11' '--render always' '--color never'; do
        offered "sigmasight-chat log $options " "${subcommands[@]}"
        offered "sigmasight-chat log $options show " "${ids[@]}"
    done
    offered "sigmasight-chat log show -j ${ids[0]} " "${ids[@]}"
    offered 'sigmasight-chat log -q list '
    offered 'sigmasight-chat log -q path '
    offered 'sigmasight-chat feedback ' up down "${ids[@]}"
    offered "sigmasight-chat feedback ${ids[0]} " up down
    # zsh reports errors of its functions above the prompt.
    at_prompt zsh type 'sigmasight-chat feedback u\tEND' shows END
    expect_bytes '> sigmasight-chat feedback up END\n' "$T/shown"
    offered 'sigmasight-chat feedback --comment x u' up
    offered 'sigmasight-chat api ' GET HEAD POST PUT PATCH DELETE
    offered 'sigmasight-chat api --data x P' POST PUT PATCH
    offered 'sigmasight-chat config ' path edit
    offered 'sigmasight-chat config --profile path ' path edit
    offered 'sigmasight-chat completion ' bash zsh fish
    offered 'sigmasight-chat schema -q ' events log
    for line in 'config path ' 'completion bash ' 'schema -q log ' "feedback ${ids[0]} up "; do
        for shell in "${each_shell[@]}"; do
            "offers_$shell" "sigmasight-chat $line" >"$T/got"
            # zsh offers the options.
            [ "$(grep -c '^[^-]' "$T/got")" -eq 0 ] || fail "$shell offers something for '$line'"
        done
    done
}

# titled FIELD LINE: at the end of LINE each shell lists this field of the log, newest first, with the questions.
titled()
{
    "$CHAT" log list | cut -f "$1,5" >"$T/wanted"
    for shell in bash zsh; do
        at_prompt "$shell" type "$2\\t" type "$([ "$shell" = zsh ] || echo '\t')" shows "$(tail -n 1 "$T/wanted" | cut -f 2)" type END shows END
        # Nothing is inserted in the line.
        grep -q -x -F "> $2END" "$T/shown" || fail "$shell inserts something: $(cat "$T/shown")"
        sed -n 's/^\([0-9a-f-]*\)  (\(.*\))$/\1\t\2/p; s/^\([0-9a-f-]*\)  -- /\1\t/p' "$T/shown" >"$T/got"
        diff "$T/wanted" "$T/got" >&2 || fail "$shell lists something else for '$2'"
    done
    fish --no-config -c "source $SRCDIR/completions/sigmasight-chat.fish; complete -C '$2'" 3>&- >"$T/got"
    diff "$T/wanted" "$T/got" >&2 || fail "fish lists something else for '$2'"
}

@test "completions: entries and conversations are listed newest first, with their questions" {
    scene
    serve_default --generation 2
    export SIGMASIGHT_LOG=1
    for question in 'What are the three largest risks of my portfolio?' 'Is it concentrated / why "so", and what of it (now)?' \
        'What are the three largest risks of my portfolio?' 'How did it do in the year to date, and against what?'; do
        "$CHAT" send -q "$question" >"$OUT"
    done
    titled 1 'sigmasight-chat log show '
    titled 4 'sigmasight-chat send -c '
    # Where bash inserts a match instead of listing them it is without the question.
    mapfile -t ids < <("$CHAT" log list | cut -f 1)
    for type in 9 37 42; do
        COMP_TYPE=$type offered 'sigmasight-chat log show ' "${ids[@]}"
    done
    COMP_TYPE=63 offered "sigmasight-chat log show ${ids[0]}" "${ids[0]}"
    # A long question is cut, and text cannot change its direction.
    "$CHAT" send -q "$(printf 'over\342\200\256ride \342\201\246 %0200d' 0)" >"$OUT"
    for shell in bash zsh; do
        at_prompt "$shell" type 'sigmasight-chat log show \t' type "$([ "$shell" = zsh ] || echo '\t')" shows 'largest risks'
        grep -q "override  *0000" "$T/shown"
        awk 'length($0) >= 100 { exit 1 }' "$T/shown"
    done
    fish --no-config -c "source $SRCDIR/completions/sigmasight-chat.fish; complete -C 'sigmasight-chat log show '" 3>&- |
        grep -q "	override  *0000"
}

@test "completions: an ID of the server is never run as code" {
    scene
    serve <<'END'
on GET /chat/conversations
body [{"id": "$(touch${IFS}pwned)", "mode": "green", "created_at": "2026-11-22T10:00:00Z"}, {"id": "a1", "mode": "blue", "created_at": "2026-11-22T09:00:00Z"}]
END
    [ "$(offers_bash 'sigmasight-chat send -c ')" = a1 ]
    [ ! -e pwned ]
}

@test "completions: the options of conversations that the subcommand accepts" {
    scene
    export SIGMASIGHT_URL=http://127.0.0.1:1/ SIGMASIGHT_TOKEN=$TOKEN
    options_of conversations | sort >"$T/all"
    for sub in list new show mode delete; do
        while read -r option; do
            if takes "$sub" "$option"; then
                echo "$option"
            fi
        done <"$T/all" >"$T/wanted"
        [ "$(wc -l <"$T/wanted")" -lt "$(wc -l <"$T/all")" ]
        for line in "conversations $sub --" "conversations -q $sub --" "conversations -u $SIGMASIGHT_URL $sub --"; do
            for shell in "${each_shell[@]}"; do
                "offers_$shell" "sigmasight-chat $line" | grep '^--' >"$T/got"
                # zsh does not repeat options that are on the line already.
                grep -v -x -e --quiet -e --url "$T/got" >"$T/others"
                grep -v -x -e --quiet -e --url "$T/wanted" | diff - "$T/others" >&2 || fail "$shell: other options for '$line'"
            done
        done
    done
}

@test "completions: a server that does not respond causes only a short delay" {
    scene
    serve <<'END'
on GET /chat/conversations
  silence
END
    for shell in "${each_shell[@]}"; do
        began=$SECONDS
        "offers_$shell" 'sigmasight-chat send -c ' >"$T/got"
        [ ! -s "$T/got" ]
        [ $((SECONDS - began)) -le "$(scaled 6)" ] || fail "$shell took too long"
    done
}

@test "completions: nothing for arguments that cannot be completed" {
    scene
    offered 'sigmasight-chat send tw'
    offered 'sigmasight-chat send --retry '
    offered 'sigmasight-chat send --max-time='
    offered 'sigmasight-chat send --portfolio '
    offered 'sigmasight-chat nonsense --o'
}

@test "completions: no options after --" {
    scene
    offered 'sigmasight-chat send -- --o'
    offered 'sigmasight-chat send -- -'
    offered 'sigmasight-chat send hello -- -o j'
    offered 'sigmasight-chat decode -- --o'
}

@test "completion: prints the scripts that are installed" {
    for pair in bash:sigmasight-chat.bash zsh:_sigmasight-chat fish:sigmasight-chat.fish; do
        run_chat completion "${pair%%:*}"
        expect_status 0
        cmp "$SRCDIR/completions/${pair#*:}" "$OUT" >&2
    done
    run_chat completion
    expect_status 64
    run_chat completion csh
    expect_status 64
    expect_line "sigmasight-chat: completion: unknown shell 'csh': expected bash, zsh or fish"
    status=0
    "$CHAT" completion bash >/dev/full 2>"$ERR" || status=$?
    expect_status 74
}
