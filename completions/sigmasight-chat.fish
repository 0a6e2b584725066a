# SPDX-License-Identifier: MIT

# Is the command one of those named? Only the first word is ever a command.
function __sigmasight_chat_command
    set -l words (commandline -opc)
    contains -- "$words[2]" $argv
end

function __sigmasight_chat_no_command
    test (count (commandline -opc)) -eq 1
end

complete -c sigmasight-chat -f

complete -c sigmasight-chat -n __sigmasight_chat_no_command -a send -d 'Post one message and stream the answer'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -a decode -d 'Print a recorded stream'
complete -c sigmasight-chat -n __sigmasight_chat_no_command -l version -d 'Versions of program and libraries'

# Every command
complete -c sigmasight-chat -s h -l help -d 'Print a summary and exit'
set -l commands '__sigmasight_chat_command send decode'
complete -c sigmasight-chat -n $commands -s q -l quiet -d 'Nothing on standard error but failures'
complete -c sigmasight-chat -n $commands -s v -l verbose -d 'Say more; twice: the HTTP exchange'
complete -c sigmasight-chat -n $commands -l color -x -a 'auto always never' -d 'Colour the lines on standard error'

# Commands that print an answer
set -l output '__sigmasight_chat_command send decode'
complete -c sigmasight-chat -n $output -s o -l output -x -a 'text jsonl json raw' -d 'What standard output carries'
complete -c sigmasight-chat -n $output -s j -l json -d 'The same as -o jsonl'
complete -c sigmasight-chat -n $output -l no-stream -d 'Write the text once it is complete'
complete -c sigmasight-chat -n $output -l events -r -F -d 'The other events as JSON lines to FILE'
complete -c sigmasight-chat -n $output -l events-fd -x -d 'The same to a descriptor'
complete -c sigmasight-chat -n $output -s n -l no-newline -d 'Add no newline to the text'
complete -c sigmasight-chat -n $output -l max-event-size -x -d 'Refuse an event that is larger'

# Commands that talk to the server
set -l api '__sigmasight_chat_command send'
complete -c sigmasight-chat -n $api -s u -l url -x -d 'Address of the API'
complete -c sigmasight-chat -n $api -l token-file -r -F -d 'Take the token from FILE'
complete -c sigmasight-chat -n $api -l cacert -r -F -d 'Trust the certificates in FILE'
complete -c sigmasight-chat -n $api -l insecure -d 'Accept any certificate'
complete -c sigmasight-chat -n $api -l allow-http -d 'Plain HTTP also to another machine'

# send
set -l send '__sigmasight_chat_command send'
complete -c sigmasight-chat -n $send -s c -l conversation -x -d 'Continue a conversation'
complete -c sigmasight-chat -n $send -s m -l mode -x -a 'green blue indigo violet' -d 'Mode of the answer'
complete -c sigmasight-chat -n $send -l portfolio -x -d 'Ask about a portfolio'
complete -c sigmasight-chat -n $send -l record -r -F -d 'Keep the event stream in FILE'
complete -c sigmasight-chat -n $send -l retry -x -d 'How often to try again'
complete -c sigmasight-chat -n $send -l retry-delay -x -d 'Seconds before the first retry'
complete -c sigmasight-chat -n $send -l retry-max-time -x -d 'Begin no retry later than that'
complete -c sigmasight-chat -n $send -l retry-all -d 'Retry also where the message may be stored'
complete -c sigmasight-chat -n $send -l connect-timeout -x -d 'Seconds to connect'
complete -c sigmasight-chat -n $send -l idle-timeout -x -d 'Seconds without a byte'
complete -c sigmasight-chat -n $send -l stall-timeout -x -d 'Seconds with nothing but heartbeats'
complete -c sigmasight-chat -n $send -l max-time -x -d 'Seconds for everything'

# decode
complete -c sigmasight-chat -n '__sigmasight_chat_command decode' -F
