# SPDX-License-Identifier: MIT
"""Runs a command at an emulated terminal, so that a test can check the contents of its screen.

screen.py DIRECTORY [STEP ARGUMENT]... -- COMMAND...

  columns N      sets the width of the terminal (80) before the start; later it resizes the terminal and rewraps its lines
  crop N         the same for a terminal that truncates its lines instead
  shows TEXT     waits until TEXT is on the screen
  gone TEXT      waits until TEXT is not on the screen
  open GATE      opens a gate of the server
  await GATE     waits until a response has arrived at this gate
  type KEYS      types KEYS, with the escapes of Python
  kill NAME      sends the signal to the command
  keep NAME      writes the screen, a line each, to DIRECTORY/NAME

Writes to DIRECTORY: `last`, the final screen; `bytes`, the output of the command; `draws`, the number of times that
the status line was drawn; and `wrong`, errors such as a line that wraps while the status line is drawn. Prints how the
command ended: "exit N" or "signal N".

The terminal supports the sequences that the program uses: CR, LF, SGR, ED 0, EL 0, DECAWM; and those of line editors: BS,
HT, BEL, CUU, CUF, CUB, CHA, ICH, DCH, and the mode for bracketed paste. Others are errors.
"""
import os
import re
import signal
import sys
import time
import unicodedata
import urllib.request

sys.dont_write_bytecode = True
from pseudoterminal import WITHIN, ending, keys, read_some, set_columns, start  # noqa: E402

BIDI = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def width(c):
    if unicodedata.category(c) == "Cc" or unicodedata.bidirectional(c) in BIDI:
        raise ValueError(f"U+{ord(c):04X} reaches the terminal")
    if unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


class Screen:
    """Rows of cells; a wide character is followed by an empty cell. A row may continue on the next one."""

    def __init__(self, columns):
        self.columns = columns
        self.rows, self.broken = [[]], [False]
        self.x = self.y = 0
        self.wraps = True
        self.pastes = False
        self.draws = 0
        self.pending = b""
        self.wrong = []

    def feed(self, data):
        data = self.pending + data
        self.pending = b""
        at = 0
        while at < len(data):
            byte = data[at]
            if byte == 0x1b:
                m = re.compile(rb"\x1b\[([?0-9;]*)([A-Za-z])").match(data, at)
                if not m:
                    if len(data) - at < 16:
                        self.pending = data[at:]
                        return
                    raise ValueError(f"not known to this terminal: {data[at:at + 16]!r}")
                self.control(m[1].decode(), m[2].decode())
                at = m.end()
            elif byte < 0x20 or byte == 0x7f:
                self.c0(byte)
                at += 1
            else:
                n = 1 if byte < 0x80 else 2 if byte < 0xe0 else 3 if byte < 0xf0 else 4
                if len(data) - at < n:
                    self.pending = data[at:]
                    return
                self.put(data[at:at + n].decode())
                at += n

    def c0(self, byte):
        if byte == 13:
            self.x = 0
        elif byte == 10:
            self.y += 1
            if self.y == len(self.rows):
                self.rows.append([])
                self.broken.append(False)
        elif byte == 8:
            self.x = max(0, self.x - 1)
        elif byte == 7:
            pass
        elif byte == 9:
            self.x = min(self.columns - 1, self.x // 8 * 8 + 8)
        else:
            raise ValueError(f"control character {byte}")

    def control(self, arguments, final):
        if final == "m":
            return
        if (arguments, final) == ("?7", "l"):
            self.wraps = False
            self.draws += 1
        elif (arguments, final) == ("?7", "h"):
            self.wraps = True
        elif arguments == "?2004":
            self.pastes = final == "h"
        elif final == "A":
            self.y = max(0, self.y - int(arguments or 1))
        elif final in "CD":
            step = int(arguments or 1)
            self.x = max(0, min(self.columns - 1, self.x + (step if final == "C" else -step)))
        elif final == "G":
            self.x = int(arguments or 1) - 1
        elif final == "P":
            del self.rows[self.y][self.x:self.x + int(arguments or 1)]
        elif final == "@":
            self.rows[self.y][self.x:self.x] = [" "] * int(arguments or 1)
        elif final in "JK" and arguments in ("", "0"):
            del self.rows[self.y][self.x:]
            if final == "J":
                del self.rows[self.y + 1:], self.broken[self.y + 1:]
                self.broken[self.y] = False
        else:
            raise ValueError(f"not known to this terminal: ESC [ {arguments} {final}")

    def put(self, c):
        n = width(c)
        if n == 0:
            return
        if self.x + n > self.columns:
            if self.wraps:
                self.broken[self.y] = True
                self.x = 0
                self.c0(10)
            else:
                self.wrong.append(f"too long by {c!r}")
                self.x = self.columns - n
        row = self.rows[self.y]
        row += [" "] * (self.x + n - len(row))
        row[self.x] = c
        for i in range(1, n):
            row[self.x + i] = ""
        self.x += n

    def resize(self, columns, breaks):
        """Keeps the cursor on the same character."""
        if not breaks:
            for row in self.rows:
                del row[columns:]
            self.columns, self.x = columns, min(self.x, columns - 1)
            return
        rows, broken, cursor = [], [], (0, 0)
        start = 0
        for y in range(len(self.rows)):
            if self.broken[y]:
                continue
            line, at = [], None
            for i in range(start, y + 1):
                if i == self.y:
                    at = len(line) + self.x
                line += self.rows[i]
            start = y + 1
            first = len(rows)
            rows.append([])
            broken.append(False)
            for i, cell in enumerate(line):
                wide = i + 1 < len(line) and line[i + 1] == "" and cell != ""
                if len(rows[-1]) + (2 if wide else 1) > columns and cell != "":
                    broken[-1] = True
                    rows.append([])
                    broken.append(False)
                if at == i:
                    cursor = (len(rows[-1]), len(rows) - 1)
                rows[-1].append(cell)
            if at is not None and at >= len(line):
                cursor = (min(len(rows[-1]) + at - len(line), columns - 1), len(rows) - 1)
            assert len(rows) > first
        self.columns, self.rows, self.broken = columns, rows, broken
        self.x, self.y = cursor

    def lines(self):
        return ["".join(row).rstrip() for row in self.rows]


def fail(text):
    print(text, file=sys.stderr)
    print("\n".join(f"|{line}" for line in screen.lines()), file=sys.stderr)
    os.kill(child, signal.SIGKILL)
    sys.exit(99)


def take(end):
    global bytes_seen
    more = read_some(terminal, end)
    if more:
        bytes_seen += more
        try:
            screen.feed(more)
        except ValueError as error:
            fail(str(error))
    return more


def until(condition, what):
    end = time.monotonic() + WITHIN
    while not condition("\n".join(screen.lines())):
        if not take(end):
            fail(f"timed out, expected: {what}")


def steer(method, path):
    base = os.environ["SIGMASIGHT_URL"].split("/api/")[0]
    urllib.request.urlopen(urllib.request.Request(f"{base}/mock/{path}", method=method), timeout=WITHIN).close()


def keep(name):
    with open(f"{directory}/{name}", "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in screen.lines())


directory, words = sys.argv[1], sys.argv[2:]
cut = words.index("--")
steps, command = words[:cut], words[cut + 1:]
steps = list(zip(steps[::2], steps[1::2]))
screen, bytes_seen = Screen(80), b""
if steps and steps[0][0] == "columns":
    screen.columns = int(steps.pop(0)[1])
child, terminal = start(command, screen.columns)

for step, argument in steps:
    if step == "shows":
        until(lambda shown: argument in shown, f"the screen shows {argument!r}")
    elif step == "gone":
        until(lambda shown: argument not in shown, f"the screen does not show {argument!r}")
    elif step in ("columns", "crop"):
        screen.resize(int(argument), step == "columns")
        set_columns(terminal, int(argument))
    elif step == "open":
        steer("POST", f"gates/{argument}")
    elif step == "await":
        steer("GET", f"gates/{argument}")
    elif step == "type":
        os.write(terminal, keys(argument))
    elif step == "kill":
        os.kill(child, getattr(signal, "SIG" + argument))
    elif step == "keep":
        keep(argument)
    else:
        fail(f"no such step: {step}")

end = time.monotonic() + WITHIN
while (more := take(end)) is not None:
    if not more:
        fail("the program still runs")
how = ending(child)
keep("last")
with open(f"{directory}/bytes", "wb") as file:
    file.write(bytes_seen)
with open(f"{directory}/draws", "w", encoding="utf-8") as file:
    print(screen.draws, file=file)
with open(f"{directory}/wrong", "w", encoding="utf-8") as file:
    file.writelines(line + "\n" for line in screen.wrong)
print(how)
