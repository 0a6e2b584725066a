# SPDX-License-Identifier: MIT
"""A command at a pseudo-terminal: what terminal.py and screen.py have in common."""
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
DEFAULT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGTSTP)


def set_columns(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def start(command, columns=None):
    """The process and the terminal's other end. Without columns the terminal does not know how wide it is."""
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
    """What was written to the terminal: nothing where nothing comes until `end`, None when there will be no more."""
    if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
        return b""
    try:
        return os.read(terminal, 65536) or None
    except OSError as error:
        if error.errno == errno.EIO:
            return None
        raise


def keys(escaped):
    """What one types, from how a test writes it."""
    return escaped.encode("latin-1").decode("unicode_escape").encode("latin-1")


def ending(child):
    status = os.waitpid(child, 0)[1]
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
