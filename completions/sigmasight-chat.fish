# SPDX-License-Identifier: MIT

# Whether the command, the first word, is one of the arguments. COMMAND:SUBCOMMAND matches that subcommand, or
# no subcommand.
function __sigmasight_chat_command
    set -l words (commandline -opc)
    contains -- "$words[2]" $argv
    and return
    set -l operands (__sigmasight_chat_operands)
    for pair in (string match -- "$words[2]:*" $argv)
        contains -- "$operands[1]" '' (string replace -- "$words[2]:" '' $pair)
        and return
    end
    return 1
end

# Whether a command is expected: as the first word, or after `help`.
function __sigmasight_chat_no_command
    set -l words (commandline -opc)
    test (count $words) -eq 1 -o "$words[2..]" = help
end

# Prints the operands of the command, one a line. Not of send, chat, batch and decode, whose options are not all known here.
function __sigmasight_chat_operands
    set -l words (commandline -opc)
    set -l value 0
    set -l literal 0
    for word in $words[3..]
        if test $value -eq 1
            set value 0
        else if test $literal -eq 1
            printf '%s\n' $word
        else if test "$word" = --
            set literal 1
        else if string match -qr -- '^(-[qvhj]*[umHc]|--(url|profile|token-file|cacert|cert|key|header|mode|portfolio|limit|color|conversation|render|comment|data|retry|retry-delay|retry-max-time|connect-timeout|idle-timeout|stall-timeout|max-time))$' $word
            set value 1
        else if not string match -qr -- '^-.' $word
            printf '%s\n' $word
        end
    end
end

# Whether `conversations` has COUNT operands (or `any` number), of which the first is one of the other arguments.
function __sigmasight_chat_after
    set -l operands (__sigmasight_chat_operands)
    __sigmasight_chat_command conversations
    and contains -- $argv[1] any (count $operands)
    and contains -- "$operands[1]" $argv[2..]
end

# Prints the output of COMMAND for the server on the command line; nothing if it does not respond quickly.
function __sigmasight_chat_ask
    set -l words (commandline -opc)
    set -l say
    set -l take 0
    for word in $words[2..]
        if test $take -eq 1
            set -a say $word
            set take 0
        else if string match -qr -- '^(-[uH]|--(url|profile|token-file|cacert|cert|key|header))$' $word
            set -a say $word
            set take 1
        else if string match -qr -- '^--((url|profile|token-file|cacert|cert|key|header)=|(insecure|allow-http)$)' $word
            set -a say $word
        end
    end
    set -l quick
    if command -sq timeout
        set quick timeout 2
    end
    $quick sigmasight-chat $argv -q $say 2>/dev/null </dev/null
end

# Copies its input without direction controls, which a listing must not contain. In a function, `string` reads
# only the output of a command in the same function.
function __sigmasight_chat_plain
    cat | string replace -ra '[\x{202a}-\x{202e}\x{2066}-\x{2069}]' ''
end

# The conversations, newest first, with the first question if the log has it.
function __sigmasight_chat_ids
    begin
        sigmasight-chat log list --limit 0 -q 2>/dev/null </dev/null | string replace -r '^' 'log\t'
        __sigmasight_chat_ask conversations list
    end | awk -F '\t' '
        $1 == "log" { title[$5] = $6; next }
        { print $1 "\t" ($1 in title ? title[$1] : $2 ", " $3) }' | __sigmasight_chat_plain
end

function __sigmasight_chat_portfolios
    __sigmasight_chat_ask portfolios | string replace -rf '^([^\t]*)\t([^\t]+).*' '$2\t$1'
end

# The entries of the log, newest first.
function __sigmasight_chat_entries
    sigmasight-chat log list -q 2>/dev/null </dev/null | string replace -r '\t.*\t' '\t' | __sigmasight_chat_plain
end

# Whether COMMAND has COUNT operands.
function __sigmasight_chat_count
    __sigmasight_chat_command $argv[1]
    and test (count (__sigmasight_chat_operands)) -eq $argv[2]
end

# The names under "profiles" in the configuration file. Their description is empty, not that of the option.
function __sigmasight_chat_profiles
    set -l directory ~/.config
    if test -n "$XDG_CONFIG_HOME"
        set directory $XDG_CONFIG_HOME
    end
    set -l file $directory/sigmasight-chat/config.json
    test -r $file
    and awk '{ text = text $0 "\n" }
        END {
            for (i = 1; i <= length(text); i++) {
                c = substr(text, i, 1)
                if (c == "\"") {
                    word = ""
                    while ((c = substr(text, ++i, 1)) != "\"" && c != "")
                        word = word (c == "\\\\" ? substr(text, ++i, 1) : c)
                } else if (substr(text, i, 2) == "//") {
                    i += index(substr(text, i), "\n") - 1
                } else if (substr(text, i, 2) == "/*") {
                    end = index(substr(text, i + 2), "*/")
                    i = end ? i + end + 2 : length(text)
                } else if (c == ":") {
                    if (depth == 1)
                        top = word
                    if (depth == 2 && top == "profiles")
                        print word "\t"
                } else if (c ~ /[{[]/)
                    depth++
                else if (c ~ /[]}]/)
                    depth--
            }
        }' <$file
end

complete -c sigmasight-chat -f

complete -c sigmasight-chat -n __sigmasight_chat_no_command -a send -d 'Post one message and stream the answer'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a chat -d 'Talk in one conversation'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a batch -d 'Ask many questions, several at a time'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a decode -d 'Print a recorded stream'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a login -d 'Log in and keep the token'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a logout -d 'Delete the stored token'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a whoami -d 'Show the account and the source of the token'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a conversations -d 'List, create, show, change, delete conversations'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a portfolios -d 'List the portfolios of the account'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a feedback -d 'Rate an answer'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a api -d 'Make any call of the API'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a log -d 'Earlier questions and answers'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a config -d 'Show each setting and its origin, edit the configuration'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a doctor -d 'Check settings, connection, token, server'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a schema -d 'Print the JSON Schema of the JSON lines'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a completion -d 'Print the completion script for a shell'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -s V -l version -d 'Versions of program and libraries'

# Every command
set -l common '__sigmasight_chat_command send chat batch decode login logout whoami conversations portfolios feedback api log config doctor schema completion'
complete -c sigmasight-chat -s h -l help -d 'Print a summary and exit'
complete -c sigmasight-chat -n $common -s q -l quiet -d 'Nothing on standard error but failures'
complete -c sigmasight-chat -n $common -s v -l verbose -d 'Say more; twice: the HTTP exchange'
complete -c sigmasight-chat -n $common -l color -x -a 'auto\t always\t never\t' -d 'Colour the output'
complete -c sigmasight-chat -n $common -l no-status -d 'Draw no status line'

# Commands that print an answer
set -l output '__sigmasight_chat_command send chat decode'
complete -c sigmasight-chat -n '__sigmasight_chat_command send decode' -s o -l output -x -a 'text\t"The text alone" jsonl\t"An object a line for each event" json\t"One object at the end" raw\t"The event stream itself"' -d 'What standard output carries'
complete -c sigmasight-chat -n '__sigmasight_chat_command chat' -s o -l output -x -a 'text\t"The text alone" jsonl\t"An object a line for each event"' -d 'What standard output carries'
complete -c sigmasight-chat -n $output -s j -l json -d 'The same as -o jsonl'
complete -c sigmasight-chat -n $output -l no-stream -d 'Write the text once it is complete'
complete -c sigmasight-chat -n $output -l events -r -F -d 'The other events as JSON lines to FILE'
complete -c sigmasight-chat -n $output -l events-fd -x -d 'The same to a descriptor'
complete -c sigmasight-chat -n $output -s n -l no-newline -d 'Add no newline to the text'
complete -c sigmasight-chat -n '__sigmasight_chat_command send chat decode log' -l render -x -a 'auto\t always\t never\t' -d 'Render the Markdown of the text'
complete -c sigmasight-chat -n $output -l highlight -x -a 'auto\t always\t never\t' -d 'The same as --render'
complete -c sigmasight-chat -n '__sigmasight_chat_command send chat batch decode' -l max-event-size -x -d 'Refuse an event that is larger'

# Commands that call the server
set -l api '__sigmasight_chat_command send chat batch login logout whoami conversations portfolios feedback api config doctor'
complete -c sigmasight-chat -n $api -s u -l url -x -d 'Address of the API'
complete -c sigmasight-chat -n $api -l profile -x -a '(__sigmasight_chat_profiles)' -d 'Use a profile of the configuration file'
complete -c sigmasight-chat -n $api -l token-file -r -F -d 'Take the token from FILE'
complete -c sigmasight-chat -n $api -l cacert -r -F -d 'Trust the certificates in FILE'
complete -c sigmasight-chat -n $api -l cert -r -F -d 'Client certificate'
complete -c sigmasight-chat -n $api -l key -r -F -d 'Private key of the client certificate'
complete -c sigmasight-chat -n $api -s H -l header -x -d 'Send a header'
complete -c sigmasight-chat -n $api -l insecure -d 'Accept any certificate'
complete -c sigmasight-chat -n $api -l allow-http -d 'Plain HTTP also to another machine'

# Commands that create a conversation
set -l context '__sigmasight_chat_command send chat batch conversations:new'
complete -c sigmasight-chat -n $context -s m -l mode -x -a 'green\t blue\t indigo\t violet\t' -d 'Mode of the answers'
complete -c sigmasight-chat -n $context -l portfolio -x -a '(__sigmasight_chat_portfolios)' -d 'Ask about a portfolio'

# Commands that ask questions
set -l single '__sigmasight_chat_command send'
set -l send '__sigmasight_chat_command send chat'
set -l question '__sigmasight_chat_command send chat batch'
set -l retry '__sigmasight_chat_command send chat batch api'
complete -c sigmasight-chat -n '__sigmasight_chat_command send chat log' -s c -l conversation -x -k -a '(__sigmasight_chat_ids)' -d 'Use a conversation'
complete -c sigmasight-chat -n $send -s C -l continue -d 'Use the last conversation'
complete -c sigmasight-chat -n $question -l ephemeral -d 'Delete the new conversation afterwards'
complete -c sigmasight-chat -n $single -l edit -d 'Edit the message first'
complete -c sigmasight-chat -n $question -l max-message -x -d 'Reject a longer message'
complete -c sigmasight-chat -n $question -l context -x -d 'Add KEY=VALUE to ui_context'
complete -c sigmasight-chat -n $single -l record -r -F -d 'Keep the event stream in FILE'
complete -c sigmasight-chat -n $question -l log -d 'Add question and answer to the log'
complete -c sigmasight-chat -n $question -l no-log -d 'Do not add them to the log'
complete -c sigmasight-chat -n $retry -l retry -x -d 'How often to try again'
complete -c sigmasight-chat -n $retry -l retry-delay -x -d 'Seconds before the first retry'
complete -c sigmasight-chat -n $retry -l retry-max-time -x -d 'Begin no retry later than that'
complete -c sigmasight-chat -n $retry -l retry-all -d 'Retry also where the message may be stored'
complete -c sigmasight-chat -n $retry -l connect-timeout -x -d 'Seconds to connect'
complete -c sigmasight-chat -n $retry -l idle-timeout -x -d 'Seconds without a byte'
complete -c sigmasight-chat -n $retry -l stall-timeout -x -d 'Seconds with nothing but heartbeats'
complete -c sigmasight-chat -n $retry -l max-time -x -d 'Seconds for everything'

# batch
set -l batch '__sigmasight_chat_command batch'
complete -c sigmasight-chat -n $batch -l lines -d 'Each line of the input is a question'
complete -c sigmasight-chat -n $batch -l jobs -x -d 'Ask up to so many at a time'
complete -c sigmasight-chat -n $batch -l ordered -d 'Write the answers in the order of the input'
complete -c sigmasight-chat -n $batch -l resume -r -F -d 'Do not ask what FILE has done'
complete -c sigmasight-chat -n $batch -l fail-fast -d 'Start no further question after a failure'
complete -c sigmasight-chat -n $batch -F

# decode
complete -c sigmasight-chat -n '__sigmasight_chat_command decode' -F

# login
set -l login '__sigmasight_chat_command login'
complete -c sigmasight-chat -n $login -l email -x -d 'Email address of the account'
complete -c sigmasight-chat -n $login -l password-stdin -d 'Read the password from standard input'

# completion
complete -c sigmasight-chat -n '__sigmasight_chat_count completion 0' -a 'bash zsh fish'

# config
complete -c sigmasight-chat -n '__sigmasight_chat_count config 0' -a 'path\t"Print the name of the configuration file" edit\t"Edit it and check it"'

# feedback, api
complete -c sigmasight-chat -n '__sigmasight_chat_command feedback' -l comment -x -d 'Add a comment'
complete -c sigmasight-chat -n '__sigmasight_chat_count feedback 0' -k -a '(__sigmasight_chat_entries)'
complete -c sigmasight-chat -n '__sigmasight_chat_count feedback 0' -a 'up down'
complete -c sigmasight-chat -n '__sigmasight_chat_count feedback 1' -a 'up down'
complete -c sigmasight-chat -n '__sigmasight_chat_command api' -l data -x -d 'JSON to send, @FILE or -'
complete -c sigmasight-chat -n '__sigmasight_chat_count api 0' -a 'GET HEAD POST PUT PATCH DELETE'

# log, schema
complete -c sigmasight-chat -n '__sigmasight_chat_command log' -l yes -d 'Remove the log without asking'
complete -c sigmasight-chat -n '__sigmasight_chat_command log' -l no-pager -d 'Do not use a pager'
complete -c sigmasight-chat -n '__sigmasight_chat_count log 0' -a 'list\t"List the entries, the newest first" show\t"Print question and answer" export\t"Print entries as Markdown" delete\t"Remove entries" clear\t"Remove the whole log and the input history" path\t"Print the name of the file"'
complete -c sigmasight-chat -n '__sigmasight_chat_command log; and contains -- (__sigmasight_chat_operands)[1] show export delete' -k -a '(__sigmasight_chat_entries)'
complete -c sigmasight-chat -n '__sigmasight_chat_count schema 0' -a 'events log'

# whoami, conversations, log, config, doctor
complete -c sigmasight-chat -n '__sigmasight_chat_command whoami conversations portfolios log config doctor' -s j -l json -d 'Print JSON objects'
complete -c sigmasight-chat -n '__sigmasight_chat_command conversations:list log' -l limit -x -d 'List at most so many'
complete -c sigmasight-chat -n "__sigmasight_chat_after 0 ''" -a 'list\t"List the conversations, the newest first" new\t"Create one and print its ID" show\t"Print what the server stores for one" mode\t"Change the mode of one" delete\t"Delete some"'
complete -c sigmasight-chat -n '__sigmasight_chat_after 1 show mode' -k -a '(__sigmasight_chat_ids)'
complete -c sigmasight-chat -n '__sigmasight_chat_after any delete' -k -a '(__sigmasight_chat_ids)'
complete -c sigmasight-chat -n '__sigmasight_chat_after 2 mode' -a 'green blue indigo violet'
