# SPDX-License-Identifier: MIT
# fish completion for sigmasight-mock

complete -c sigmasight-mock -f
complete -c sigmasight-mock -l port -x -d 'Listen on this port, 0 for any free one'
complete -c sigmasight-mock -l port-file -r -F -d 'Write the port to this file'
complete -c sigmasight-mock -l ipv6 -d 'Listen on ::1 instead of 127.0.0.1'
complete -c sigmasight-mock -l with-parent -d 'Exit when the parent process exits'
complete -c sigmasight-mock -l generation -x -a '1 2' -d 'Generation of the API'
complete -c sigmasight-mock -l token -x -d 'Always accept this token'
complete -c sigmasight-mock -l token-life -x -d 'Lifetime of a token from login'
complete -c sigmasight-mock -l web-tokens -d 'Accept only tokens of --token, none from login'
complete -c sigmasight-mock -l portfolios -x -a '0 1 2 3 4' -d 'Portfolios of each account'
complete -c sigmasight-mock -l pace -x -d 'Delay between two deltas of an answer'
complete -c sigmasight-mock -l trim-deltas -d 'Trim white space as the first generation does'
complete -c sigmasight-mock -l broken-history -d 'Fail after tool calls as the first generation does'
complete -c sigmasight-mock -l error -x -a 'rate_limit_exceeded quota_exceeded authentication_error internal_error api_failure incomplete_response continuation_failed continuation_exception AUTH_EXPIRED RATE_LIMITED NETWORK_ERROR SERVER_ERROR FATAL_ERROR sql ai_limit_reached invite_required' -d 'Fail every message with this error'
complete -c sigmasight-mock -l rate-limit -x -d 'Answer 429 to more calls a second'
complete -c sigmasight-mock -l retry-after -x -d 'Send Retry-After with these'
complete -c sigmasight-mock -l answer -r -F -d 'Answer every message with this recorded stream'
complete -c sigmasight-mock -l scenario -r -F -d 'Answer as this scenario says'
complete -c sigmasight-mock -l dump -x -a '(__fish_complete_directories)' -d 'Write every request to a file in this directory'
complete -c sigmasight-mock -l help -d 'Print the options and exit'
complete -c sigmasight-mock -l version -d 'Print the version and exit'
