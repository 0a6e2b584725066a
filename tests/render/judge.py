#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks rendered Markdown: judge.py words|cuts|screen|layout|latency [COUNT]

words    the visible words are those of cmark-gfm, for corpus.md and COUNT generated documents
cuts     the output is the same byte by byte, by characters, by lines, in random pieces, and whole; SGR sequences only
screen   on screens of 20, 40, 80 and 200 columns no line is too long and no word is broken
layout   each line, with the columns of tables, is as reference.py makes it from the tree of cmark-gfm
latency  a word is written with the event that completes it, where nothing but words may be held back

BUILDDIR/tests/render/render renders. Prints only failures.
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import columns  # noqa: E402
import generate  # noqa: E402
import reference  # noqa: E402
import words  # noqa: E402

RENDER = os.path.join(os.environ["BUILDDIR"], "tests/render/render")
found = 0


def wrong(what, document, *details):
    global found
    found += 1
    print(f"{what}:\n{document!r}", *(f"   {detail!r}" for detail in details), sep="\n")
    if found == 5:
        sys.exit(1)


def corpus():
    with open(f"{HERE}/corpus.md", encoding="utf-8") as file:
        return re.split(r"(?<=\n)%%\n", file.read())


class Documents:
    """Writes texts to files, so that one process can render many of them."""

    def __init__(self, texts):
        self.texts = texts
        self.directory = tempfile.TemporaryDirectory()
        self.names = []
        for i, text in enumerate(texts):
            self.names.append(f"{self.directory.name}/{i}")
            with open(self.names[-1], "w", encoding="utf-8", newline="") as file:
                file.write(text)

    def rendered(self, width, style, cut):
        out = b""
        for i in range(0, len(self.names), 500):
            out += subprocess.run([RENDER, str(width), style, cut] + self.names[i:i + 500], stdout=subprocess.PIPE,
                                  check=True).stdout
        return out.split(b"\x1e")[:-1]


def judge_words(texts):
    wide = Documents(texts).rendered(9999, "color", "whole")
    for text, out in zip(texts, wide):
        want, got = words.of_markdown(text), words.of_rendered(out.decode())
        if want != got:
            wrong("other words", text, want, got)


def judge_cuts(texts):
    documents = Documents(texts)
    for width, style in ((20, "color"), (80, "plain"), (9999, "ascii")):
        whole = documents.rendered(width, style, "whole")
        for cut in ("byte", "character", "line", "1", "2"):
            for text, one, other in zip(texts, whole, documents.rendered(width, style, cut)):
                if one != other:
                    wrong(f"{width} columns, cut by {cut}", text, one, other)
        for text, out in zip(texts, whole):
            rest = re.sub(rb"\x1b\[[0-9;]*m", b"", out) if style == "color" else out
            if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", rest):
                wrong("a control character", text, out)
            if re.search(rb"[ \t]\n", rest):
                wrong("a blank at the end of a line", text, out)


def is_code(line):
    """Whether the line is not wrapped: indented code, or a URL longer than a line."""
    return "    " in line or re.search(r"\w+://|\(/", line)


def judge_screen(texts):
    documents = Documents(texts)
    wide = documents.rendered(9999, "color", "whole")
    for width in (20, 40, 80, 200):
        for text, reference, out in zip(texts, wide, documents.rendered(width, "color", "whole")):
            lines = words.visible(out.decode(), marks=True).split("\n")
            has_code = "```" in text or "~~~" in text or "\t" in text or "    " in text
            for line in lines:
                if columns.width(line) > width and not is_code(line) and not has_code:
                    wrong(f"more than {width} columns", text, line)
            if "|" in text:
                continue
            # Only words longer than a line, and those with wide characters, may be broken.
            whole = words.visible(reference.decode()).split()
            parts = words.visible(out.decode()).split()
            if "".join(whole) != "".join(parts):
                wrong(f"{width} columns: other characters", text, whole, parts)
            longest = width - 10 if re.search(r"([-*+>]|\d[.)]) ", text) else width
            breakable = {w for w in whole if columns.width(w) > longest or columns.has_wide(w)}
            if len(parts) - len(whole) > sum(columns.width(w) for w in breakable):
                wrong(f"{width} columns: a word was broken", text, whole, parts)
            if not breakable and parts != whole:
                wrong(f"{width} columns: a word was broken", text, whole, parts)


def judge_layout(texts):
    texts = [text for text in texts if len(text) < 4096]
    documents, checked = Documents(texts), 0
    references = [reference.Reference(text) for text in texts]
    for width in (20, 40, 80, 120, 200):
        for text, ref, out in zip(texts, references, documents.rendered(width, "color", "whole")):
            got = words.visible(out.decode(), marks=True).split("\n")[:-1]
            try:
                want = ref.lines(width)
            except reference.Unlike:
                continue
            checked += 1
            if want != got:
                wrong(f"another layout at {width} columns", text, *difflib.unified_diff(want, got, "reference", "got", n=1))
    if checked < len(texts):
        wrong("too few documents were checked", checked)


def judge_latency(texts):
    for text, out in zip(texts, Documents(texts).rendered(60, "plain", "trace")):
        shown = out.decode().split("\x1f")
        prefixes = [i for i in range(1, len(text)) if re.search(r"[a-z]{2} $|[a-z]{2}\n$", text[:i])]
        expected = Documents([text[:i] for i in prefixes]).rendered(60, "plain", "whole")
        for i, want in zip(prefixes, expected):
            got = "".join(shown[:i])
            if got.split() != want.decode().split():
                wrong("late", text[:i], want.decode().split()[-4:], got.split()[-4:])


def main():
    what = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    if what == "latency":
        judge_latency(generate.plain_documents(max(1, count // 50)))
        judge_latency(["one two three\nfour\n\n> five six\n\n- seven *eight* nine **ten** eleven `x` twelve a\n"])
    else:
        {"words": judge_words, "cuts": judge_cuts, "screen": judge_screen,
         "layout": judge_layout}[what](corpus() + generate.documents(count))
    return 1 if found else 0


sys.exit(main())
