# SPDX-License-Identifier: MIT
# fish completion for sigmasight-mock

complete -c sigmasight-mock -f
complete -c sigmasight-mock -l port -x -d 'Listen on this port, 0 for any free one'
complete -c sigmasight-mock -l port-file -r -F -d 'Write the port to this file'
complete -c sigmasight-mock -l ipv6 -d 'Listen on ::1 instead of 127.0.0.1'
complete -c sigmasight-mock -l with-parent -d 'End when the parent process ends'
complete -c sigmasight-mock -l generation -x -a '1 2' -d 'Which generation of the API to speak'
complete -c sigmasight-mock -l token -x -d 'Accept this token always'
complete -c sigmasight-mock -l token-life -x -d 'How long a token from login is good'
complete -c sigmasight-mock -l web-tokens -d 'Accept only those of --token, none from login'
complete -c sigmasight-mock -l pace -x -d 'Wait so long between two pieces of an answer'
complete -c sigmasight-mock -l trim-deltas -d 'Trim white space as the first generation does'
complete -c sigmasight-mock -l answer -r -F -d 'Answer every message with this recorded stream'
complete -c sigmasight-mock -l scenario -r -F -d 'Answer as this scenario says'
complete -c sigmasight-mock -l dump -x -a '(__fish_complete_directories)' -d 'Write every request to a file in this directory'
complete -c sigmasight-mock -l help -d 'Print the options and exit'
complete -c sigmasight-mock -l version -d 'Print the version and exit'
