# SPDX-License-Identifier: MIT
"""Runs a command at a pseudo-terminal, for terminal.py and screen.py."""
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

WITHIN = int(os.environ.get("PATIENCE", "10"))
# A test may run in the background, where some signals are ignored.
DEFAULT = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}


def set_columns(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def start(command, columns=None):
    """Starts the command; returns its process ID and the master. Without columns the width of the terminal is unknown."""
    child, terminal = pty.fork()
    if child == 0:
        for number in DEFAULT:
            signal.signal(number, signal.SIG_DFL)
        try:
            if columns:
                set_columns(0, columns)
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    return child, terminal


def read_some(terminal, end):
    """Reads what was written to the terminal: b"" if there is nothing until `end`, None at the end of file."""
    if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
        return b""
    try:
        return os.read(terminal, 65536) or None
    except OSError as error:
        if error.errno == errno.EIO:
            return None
        raise


def keys(escaped):
    """The bytes that are typed, from their escaped form in a test."""
    return escaped.encode("latin-1").decode("unicode_escape").encode("latin-1")


def ending(child):
    status = os.waitpid(child, 0)[1]
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
