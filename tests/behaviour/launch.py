# SPDX-License-Identifier: MIT
"""Runs a command in a process group of its own, with the default action for every signal.

launch.py DESCRIPTOR COMMAND...

Writes two lines to DESCRIPTOR, which the command does not inherit: the process ID when the command has started, and
"exit STATUS" or "signal NUMBER" when it has ended. A command that is stopped has not ended.

Unlike a shell this process sees the wait status, which distinguishes a death by a signal from an exit with 128 + NUMBER.
"""
import os
import signal
import sys


def main():
    report, command = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(report, False)
    defaults = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    child = os.posix_spawnp(command[0], command, os.environ, setpgroup=0, setsigdef=defaults)
    os.write(report, b"%d\n" % child)
    # The other end of a pipe must see the command close it.
    os.closerange(0, report)
    os.closerange(report + 1, 65536)  # the limit may be a billion
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        os.write(report, b"signal %d\n" % os.WTERMSIG(status))
    else:
        os.write(report, b"exit %d\n" % os.WEXITSTATUS(status))


main()
