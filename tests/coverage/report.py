#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""report.py SRCDIR JSON: prints the coverage that gcovr measured, by file; the lines that were not executed, with the
reasons in tests/coverage/known; and the totals. Exits with 1 if a total is too low, or if tests/coverage/known lists
lines that are executed now."""
import fnmatch
import json
import pathlib
import sys

AT_LEAST = {'lines': 95.0, 'branches': 90.0}


class Reason:
    """An entry of tests/coverage/known."""

    def __init__(self, number, text, words):
        self.number, self.words = number, words
        self.by_chance = text.startswith('? ')
        self.files, self.code = text.removeprefix('? ').split(': ', 1)
        self.stands = self.needed = False

    def names(self, file, code):
        return fnmatch.fnmatchcase(file, self.files) and self.code in code


def reasons(path):
    """A line that is not indented is the reason for the entries below it."""
    words, found = '', []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith('#') or not line:
            continue
        if line.startswith(' '):
            found.append(Reason(number, line.strip(), words))
        else:
            words = line
    return found


class Count:
    """The number of lines or branches, and of those executed."""

    def __init__(self, counts=()):
        self.all, self.hit = 0, 0
        for count in counts:
            self.all += 1
            self.hit += count > 0

    def __iadd__(self, other):
        self.all += other.all
        self.hit += other.hit
        return self

    @property
    def percent(self):
        return 100.0 * self.hit / self.all if self.all else 100.0

    def __str__(self):
        return f'{self.hit:6} of {self.all:5} {self.percent:6.1f} %' if self.all else f'{"-":>24}'


class File:
    def __init__(self, entry, sources):
        self.name = entry['file']
        self.code = (sources / self.name).read_text().splitlines()
        # A function in a header has its lines once for each file that includes it.
        lines, branches = {}, {}
        for line in entry['lines']:
            if line['gcovr/noncode']:
                continue
            number = line['line_number']
            lines[number] = lines.get(number, 0) + line['count']
            branches.setdefault(number, []).extend(branch['count'] for branch in line['branches'])
        self.lines = Count(lines.values())
        self.branches = Count(count for counts in branches.values() for count in counts)
        self.open = []  # (line, what of it)
        for number, count in sorted(lines.items()):
            taken = Count(branches[number])
            if not count:
                self.open.append((number, 'line'))
            elif taken.hit < taken.all:
                self.open.append((number, f'{taken.hit} of {taken.all}'))


def totals(files, what):
    total = Count()
    for file in files:
        total += getattr(file, what)
    return total


def table(files):
    program = [file for file in files if not file.name.startswith('src/mock/')]
    mock = [file for file in files if file.name.startswith('src/mock/')]
    rows = [(file.name, [file]) for file in files]
    rows += [('the program', program), ('src/mock/', mock), ('all of src/', files)]
    print(f'\n{"":32} {"lines":>24} {"branches":>24}')
    for name, group in rows:
        print(f'{name:32} {totals(group, "lines")} {totals(group, "branches")}')


def explain(files, known):
    """Lists the lines that were not executed, by reason; those without a reason last."""
    said, bare = {}, []
    for file in files:
        missing = dict(file.open)
        for number, code in enumerate(file.code, 1):
            mine = [reason for reason in known if reason.names(file.name, code)]
            for reason in mine:
                reason.stands = True
            if number not in missing:
                continue
            line = f'    {file.name}:{number}: {missing[number]}: {code.strip()}'
            for reason in mine:
                reason.needed = True
            if mine:
                said.setdefault(mine[0].words, []).append(line)
            else:
                bare.append(line)
    print('\nNot executed (a line, or some of its branches):')
    for words in dict.fromkeys(reason.words for reason in known):
        if words in said:
            print(f'{words}', *said[words], sep='\n')
    if bare:
        print('No reason is given for:', *bare, sep='\n')
    return len(bare)


def main():
    sources = pathlib.Path(sys.argv[1])
    known_path = sources / 'tests/coverage/known'
    known = reasons(known_path)
    entries = json.loads(pathlib.Path(sys.argv[2]).read_text())['files']
    files = sorted((File(entry, sources) for entry in entries), key=lambda file: file.name)
    table(files)
    bare = explain(files, known)
    good = True
    for reason in known:
        if not reason.stands or not (reason.needed or reason.by_chance):
            why = 'is run through' if reason.stands else 'is not in the sources'
            print(f'tests/coverage/known:{reason.number}: {reason.files}: {reason.code}: {why}')
            good = False
    print()
    for what, least in AT_LEAST.items():
        for name, group in (('the program', [f for f in files if not f.name.startswith('src/mock/')]),
                            ('src/mock/', [f for f in files if f.name.startswith('src/mock/')]),
                            ('all of src/', files)):
            total = totals(group, what)
            enough = total.all > 0 and total.percent >= least
            verdict = 'ok' if enough else 'TOO LOW'
            print(f'{what:8} of {name:12} {total}, at least {least:.0f} %: {verdict}')
            good = good and enough
    if bare:
        print(f'{bare} places without a reason')
    return 0 if good else 1


sys.exit(main())
