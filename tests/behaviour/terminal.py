# SPDX-License-Identifier: MIT
"""Runs a command at a terminal of its own, as a person would.

terminal.py SCREEN [STEP ARGUMENT]... -- COMMAND...

  wait TEXT       until TEXT is on the screen, after what was waited for before
  type TEXT       with the escapes of Python: \\n is Return, \\x03 Control-C, \\x04 Control-D
  echo on|off     is what one types shown now?
  kill NAME       sends that signal to the command
  width COLUMNS   of the terminal

SCREEN is a file for everything that was shown. How the command ended is the last thing on standard output: "exit N"
or "signal N", and whether the terminal echoes then. Whatever is not so within 10 seconds is a failure.
"""
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

WITHIN = int(os.environ.get("PATIENCE", "10"))


def fail(text):
    print(text, file=sys.stderr)
    os.kill(child, signal.SIGKILL)
    sys.exit(99)


def echo():
    return "on" if termios.tcgetattr(terminal)[3] & termios.ECHO else "off"


def read_some(end):
    """More of the screen; None when there will be no more."""
    if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
        return b""
    try:
        return os.read(terminal, 65536) or None
    except OSError as error:
        if error.errno == errno.EIO:
            return None
        raise


def wait(text):
    global seen, screen
    end = time.monotonic() + WITHIN
    while text not in screen[seen:]:
        more = read_some(end)
        if not more:
            fail(f"not on the screen: {text!r}, but: {screen!r}")
        screen += more
    seen = screen.index(text, seen) + len(text)


def type_keys(keys):
    os.write(terminal, keys)


words = sys.argv[2:]
cut = words.index("--")
steps, command = words[:cut], words[cut + 1:]
screen, seen = b"", 0
child, terminal = pty.fork()
if child == 0:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    if "width" in steps:
        size = struct.pack("HHHH", 24, int(steps[steps.index("width") + 1]), 0, 0)
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)
    try:
        os.execvp(command[0], command)
    finally:
        os._exit(127)

for step, argument in zip(steps[::2], steps[1::2]):
    if step == "wait":
        wait(argument.encode())
    elif step == "type":
        type_keys(argument.encode("latin-1").decode("unicode_escape").encode("latin-1"))
    elif step == "kill":
        os.kill(child, getattr(signal, "SIG" + argument))
    elif step == "echo" and echo() != argument:
        fail(f"echo is {echo()}: {screen!r}")

end = time.monotonic() + WITHIN
while (more := read_some(end)) is not None:
    if not more:
        fail(f"it does not end: {screen!r}")
    screen += more
status = os.waitpid(child, 0)[1]
with open(sys.argv[1], "wb") as file:
    file.write(screen)
print(f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}")
print(f"echo {echo()}")
