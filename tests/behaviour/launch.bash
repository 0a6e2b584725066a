# SPDX-License-Identifier: MIT
# Runs a command in the background as an interactive shell would: no signal is ignored. To descriptor 9 go its
# process ID, and its status when it has ended; to standard error how it ended: "Exit 130" is not "Interrupt".
# ERROUT is the descriptor that the command has as standard error.
set -m
env --default-signal=INT,TERM,HUP,PIPE "$@" 2>&"$ERROUT" 9>&- &
echo "$!" >&9
exec >&- {ERROUT}>&-
status=0
wait "$!" || status=$?
echo "$status" >&9
