#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""judge.py FORMAT DIRECTORY [NAME]...: checks the runs that tests/torture/run has left in DIRECTORY.

DIRECTORY/0 is a run without a fault. DIRECTORY/N is a run of the same command in which the Nth operation failed. Each
has out, err, status, optionally fired, record, events and sanitizer.PID, and state/. FORMAT is the output of the
command: text, jsonl, json, raw, objects (of batch), lines (of JSON) or table. The state files NAME may stay unchanged
without a message.
"""
import json
import pathlib
import re
import sys

STATUSES = {0, 1, 64, 65, 66, 69, 70, 73, 74, 75, 76, 77, 78}
STATE = {'credentials.json', 'conversations.json'}
# The log is only appended to, and each line is complete.
LOG = {'log.jsonl', 'log.1.jsonl'}
FILES = {'out', 'err', 'status', 'fired', 'state', 'record', 'events'}
OUT_OF_MEMORY = b'sigmasight-chat: out of memory'
# Values that differ between two equal runs, and whether libedit could be opened.
VARIES = re.compile(rb'\b1[0-9]{9}\b|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z|127\.0\.0\.1:\d+'
                    rb'|(?<="id":")[0-9a-f]{8}(?=")|(?<=line editing: ).+')


def settle(text):
    return VARIES.sub(b'*', text)


def bytes_of(path):
    if not path.exists():
        return b''
    return settle(path.read_bytes().replace(str(path.parent).encode(), b'*'))


def same_value(one, other):
    try:
        return json.loads(one.replace(b'*', b'0')) == json.loads(other.replace(b'*', b'0'))
    except ValueError:
        return False


def no_constant(name):
    raise ValueError(f'{name} is not JSON')


def parse(text):
    """Strict: the json module alone would take NaN."""
    try:
        return json.loads(text.decode(), parse_constant=no_constant)
    except RecursionError:
        return {}


class Run:
    def __init__(self, path):
        self.number = int(path.name)
        self.path = path
        self.status = int((path / 'status').read_text())
        self.fired = (path / 'fired').exists()
        self.out = bytes_of(path / 'out')
        self.err = bytes_of(path / 'err')
        self.record = bytes_of(path / 'record')
        self.events = bytes_of(path / 'events')
        # This may occur after all output but the end.
        self.out_of_memory = self.status == 70 and OUT_OF_MEMORY in self.err
        self.warned = b'warning: ' in self.err or b'client.warning' in self.out + self.events
        self.complaints = []

    def complain(self, why):
        self.complaints.append(why)

    def last_line_lost(self, what):
        """An earlier output cannot report that the last line of a later one was lost."""
        return what == 'standard output' and self.status == 74 and b'cannot write events:' in self.err

    def closed_before(self):
        """A dialogue reads its next message after client.close."""
        return self.status == 66 and b'cannot read standard input' in self.err

    def state(self, name):
        path = self.path / 'state/sigmasight-chat' / name
        return settle(path.read_bytes()) if path.exists() else None

    def lines(self, text, what):
        """The server's events, and the data of client.close."""
        server, close = [], None
        if text and not text.endswith(b'\n'):
            self.complain(f'{what}: the last line is incomplete')
        for line in text.splitlines():
            try:
                value = parse(line)
                name = value['event']
                if not isinstance(name, str) or 'data' not in value:
                    raise ValueError('event and data are missing')
            except (ValueError, KeyError, TypeError) as error:
                self.complain(f'{what}: not a JSON line: {error}: {line[:200]!r}')
                continue
            if close is not None:
                self.complain(f'{what}: a line after client.close: {line[:200]!r}')
            if name == 'client.close':
                close = value['data']
            elif not name.startswith('client.') or name == 'client.parse_error':
                server.append(line)
        return server, close


def is_prefix(part, whole):
    return whole[:len(part)] == part


def check_text(run, whole, newline):
    text = run.out
    if is_prefix(text, whole) or newline and text.endswith(b'\n') and is_prefix(text[:-1], whole):
        return
    run.complain(f'the output is not the beginning of the undisturbed output: {text[-200:]!r}')


def check_lines(run, whole, text, undisturbed, what):
    server, close = run.lines(text, what)
    wanted, wanted_close = whole.lines(undisturbed, what)
    if not is_prefix(server, wanted):
        run.complain(f'{what}: the events differ from the undisturbed ones: {server[-1:]!r}')
    if close and close['exit_code'] != run.status and not (run.out_of_memory or run.last_line_lost(what) or run.closed_before()):
        run.complain(f"{what}: client.close has {close['exit_code']}, the status is {run.status}")
    if run.status == 0:
        if server != wanted:
            run.complain(f'{what}: status 0, but events are missing')
        if (close is None) != (wanted_close is None):
            run.complain(f'{what}: status 0, but client.close is missing')


def check_object(run, whole):
    if not run.out:
        if run.status == 0:
            run.complain('status 0, but no object')
        return
    try:
        value, wanted = parse(run.out), parse(whole.out)
        if not is_prefix(value['text'], wanted['text']):
            run.complain(f"the text differs: {value['text'][-200:]!r}")
        if value['exit_code'] != run.status and not run.out_of_memory and not run.last_line_lost('standard output'):
            run.complain(f"the object has {value['exit_code']}, the status is {run.status}")
        for each in value, wanted:
            each.pop('timing')
        if run.status == 0 and value != wanted:
            run.complain(f'status 0, but the object differs: {run.out[-500:]!r}')
    except (ValueError, KeyError, TypeError) as error:
        run.complain(f'not a JSON object: {error}: {run.out[-200:]!r}')


def check_objects(run, whole):
    """At most one object for each line, and those that are missing are in the totals. A fault in a job fails one question."""
    seen = set()
    for line in run.out.splitlines():
        try:
            value = parse(line)
            if value['line'] in seen:
                run.complain(f"line {value['line']} has two objects")
            seen.add(value['line'])
            if value['status'] == 'done' and value['exit_code'] != 0 or value['status'] != 'done' and not value['error']['message']:
                run.complain(f'status and exit code do not agree: {line[:200]!r}')
        except (ValueError, KeyError, TypeError) as error:
            if run.status != 74:
                run.complain(f'not an object: {error}: {line[:200]!r}')
    totals = re.search(rb'^(\d+) questions?: \d+ done(?:.*, (\d+) not asked)?', run.err, re.M)
    lines = len(whole.out.splitlines())
    if totals and run.status != 74 and len(seen) + int(totals[2] or 0) != lines:
        run.complain(f'{len(seen)} objects for {lines} lines: {totals[0]!r}')
    if totals and int(totals[1]) != lines:
        run.complain(f'totals of other questions: {totals[0]!r}')


def check_output(run, whole, form):
    if form == 'jsonl':
        check_lines(run, whole, run.out, whole.out, 'standard output')
    elif form == 'json':
        check_object(run, whole)
    elif form == 'objects':
        check_objects(run, whole)
    else:
        check_text(run, whole.out, form == 'text')
        if run.status == 0 and run.out != whole.out:
            run.complain('status 0, but the output is incomplete')
    if form == 'lines':
        for line in run.out.splitlines():
            try:
                parse(line)
            except ValueError as error:
                run.complain(f'not a JSON line: {error}: {line[:200]!r}')
    check_lines(run, whole, run.events, whole.events, '--events')
    if not is_prefix(run.record, whole.record) or run.status == 0 and run.record != whole.record:
        run.complain(f'--record: not what the server sent: {run.record[-200:]!r}')


def check_log(run, name, before, after):
    content, old = run.state(name), before / 'sigmasight-chat' / name
    old = settle(old.read_bytes()) if old.exists() else None
    if content not in (old, after.state(name)):
        if content is None or not content.startswith(old or b''):
            run.complain(f'{name}: entries are missing: {content!r}')
        for line in (content or b'').splitlines():
            try:
                parse(line)
            except ValueError as error:
                run.complain(f'{name}: not an entry: {error}: {line!r}')
        if content and not content.endswith(b'\n'):
            run.complain(f'{name}: the last line is incomplete')
    if run.status == 0 and content != after.state(name) and not run.warned:
        run.complain(f'{name}: status 0 and no warning, but it differs from the undisturbed one')


def check_state(run, before, after, may_stay):
    directory = run.path / 'state/sigmasight-chat'
    if directory.exists():
        if directory.stat().st_mode & 0o077:
            run.complain('others have access to the state directory')
        for path in directory.iterdir():
            if path.name not in STATE | LOG | {name + '.lock' for name in STATE} | {'log.lock'}:
                run.complain(f'left in the state directory: {path.name}')
            elif path.stat().st_mode & 0o177:
                run.complain(f'others have access to {path.name}')
    for name in sorted(STATE):
        content = run.state(name)
        old = before / 'sigmasight-chat' / name
        old = settle(old.read_bytes()) if old.exists() else None
        if old is not None:
            old = re.sub(rb'@URL@', b'http://*/api/v1', old)
        # If the old file could not be read, it is written again with the same contents.
        if content is not None and old is not None and same_value(content, old) and after.state(name) == old:
            content = old
        if content not in (old, after.state(name)):
            run.complain(f'{name} is neither the old nor the new version: {content!r}')
        elif content is not None:
            try:
                parse(content.replace(b'*', b'0'))
            except ValueError as error:
                run.complain(f'{name}: not JSON: {error}')
        if run.status == 0 and content != after.state(name) and not run.warned and name not in may_stay:
            run.complain(f'{name}: status 0 and no message, but it was not changed')
    for name in sorted(LOG):
        check_log(run, name, before, after)
    for path in run.path.iterdir():
        if path.name not in FILES and not path.name.startswith('sanitizer'):
            run.complain(f'left in the working directory: {path.name}')


def check_end(run, whole, form):
    if run.status not in STATUSES:
        why = {99: 'a sanitizer report', 124: 'timed out', 137: 'timed out'}
        run.complain(f'status {run.status}: {why.get(run.status, "not in the table")}')
    elif run.status == 0 and whole.status != 0:
        run.complain(f'status 0, but {whole.status} without a fault')
    for path in sorted(run.path.glob('sanitizer*')):
        run.complain(path.read_text(errors='replace')[:4000])
    errors = [line for line in run.err.splitlines()
              if line.startswith(b'sigmasight-chat: ') and not re.match(rb'sigmasight-chat: (warning|retry)', line)]
    # Memory may run out after an error was reported.
    if form == 'objects': # of several jobs each has this fault
        errors = [line for line in errors if line != OUT_OF_MEMORY]
    if len(errors) > 1 + (OUT_OF_MEMORY in errors):
        run.complain('more than one error message')
    if run.status == 0 and errors:
        run.complain('status 0, but an error message')
    said = errors or form == 'objects' and (b' done' in run.err or OUT_OF_MEMORY in run.err)
    return run.status in STATUSES - {0} and not said


def main():
    form, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    runs = sorted((Run(path) for path in directory.iterdir()), key=lambda run: run.number)
    whole = runs[0]
    silent = []
    for run in runs:
        if check_end(run, whole, form):
            silent.append(run)
        check_output(run, whole, form)
        check_state(run, directory.parent / 'old', whole, sys.argv[3:])
    if runs[-1].fired:
        runs[-1].complain('the last run had a fault as well: not every operation was tried')
    elif runs[-1].status != whole.status:
        runs[-1].complain(f'the status of the run without a fault is {runs[-1].status}, before it was {whole.status}')
    # If the undisturbed run fails, a fault may prevent only its message. Of the other faults, one cannot be reported: that
    # before there are descriptors.
    silent = [run for run in silent if run.status != whole.status]
    if len(silent) > 1:
        for run in silent:
            run.complain('it failed without a message')
    bad = [run for run in runs if run.complaints]
    tell(bad)
    return 1 if bad else 0


def tell(bad):
    """Many faults end in the same way: each is reported once, with the standard error of the first case."""
    ways = {}
    for run in bad:
        key = run.status, re.sub(r'0x[0-9a-f]+|==\d+==|BuildId: \w+', '*', '\n'.join(run.complaints))
        ways.setdefault(key, []).append(run)
    for (status, why), runs in ways.items():
        faults = ' '.join(str(run.number) for run in runs if run.number)
        print(f'{"fault " + faults if faults else "undisturbed"}, status {status}:')
        print('  ' + why.replace('\n', '\n  '))
        for line in runs[0].err.decode(errors='replace').splitlines()[:5]:
            print('  | ' + line[:300])


sys.exit(main())
