# SPDX-License-Identifier: MIT
"""Runs a command at a pseudo-terminal and types input.

terminal.py SCREEN [STEP ARGUMENT]... -- COMMAND...

  wait TEXT       waits until TEXT is on the screen, after the text of the previous wait
  type TEXT       types TEXT, with the escapes of Python: \\n is Return, \\x03 Control-C, \\x04 Control-D
  echo on|off     expects that the terminal echoes what is typed, or does not
  kill NAME       sends that signal to the command; NAME:FILE to the process whose ID is in that file
  width COLUMNS   sets the width of the terminal
  close -         closes the terminal, as its window does; the state of the terminal is then "closed"

SCREEN is a file for everything that was shown. Standard output is "exit N" or "signal N" and then "echo on" or "echo off",
the state of the terminal at the end. Each step fails after PATIENCE seconds.
"""
import os
import signal
import sys
import termios
import time

sys.dont_write_bytecode = True
from pseudoterminal import WITHIN, ending, keys, read_some, start  # noqa: E402


def fail(text):
    print(text, file=sys.stderr)
    os.kill(child, signal.SIGKILL)
    sys.exit(99)


def echo():
    return "on" if termios.tcgetattr(terminal)[3] & termios.ECHO else "off"


def wait(text):
    global seen, screen
    end = time.monotonic() + WITHIN
    while text not in screen[seen:]:
        more = read_some(terminal, end)
        if not more:
            fail(f"not on the screen: {text!r}, but: {screen!r}")
        screen += more
    seen = screen.index(text, seen) + len(text)


words = sys.argv[2:]
cut = words.index("--")
steps, command = words[:cut], words[cut + 1:]
screen, seen = b"", 0
child, terminal = start(command, int(steps[steps.index("width") + 1]) if "width" in steps else None)

for step, argument in zip(steps[::2], steps[1::2]):
    if step == "wait":
        wait(argument.encode())
    elif step == "type":
        os.write(terminal, keys(argument))
    elif step == "kill":
        name, _, file = argument.partition(":")
        os.kill(int(open(file).read()) if file else child, getattr(signal, "SIG" + name))
    elif step == "close":
        os.close(terminal)
        terminal = None
    elif step == "echo" and echo() != argument:
        fail(f"echo is {echo()}: {screen!r}")

end = time.monotonic() + WITHIN
while terminal and (more := read_some(terminal, end)) is not None:
    if not more:
        fail(f"the program still runs: {screen!r}")
    screen += more
how = ending(child)
with open(sys.argv[1], "wb") as file:
    file.write(screen)
print(how)
print(f"echo {echo()}" if terminal else "closed")
