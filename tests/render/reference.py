# SPDX-License-Identifier: MIT
"""The lines of a rendered Markdown text at a width: the layout of sigmasight-chat-formats(7), made in another way.

The program lays out a text while it arrives. This makes the same lines from the tree that cmark-gfm makes of all of it.
"""
import re

import columns
import words

KEPT = "\x01"  # a blank in a code span, which is not folded with others
LONG_URL = re.compile(r"[(\[{<\"']*[A-Za-z]{2,}://|\(/")


class Unlike(Exception):
    """The text has something that is plain text in the program: HTML, a setext heading, a table without a first bar."""


def name(node):
    return node.tag.removeprefix(words.NAMESPACE)


def folded(text):
    return re.sub(" +", " ", text).strip(" ")


def inline(node, in_cell=False, in_image=False):
    """The text of a block, with a line feed for each break and the URLs of links."""
    out = []
    for child in node:
        kind = name(child)
        if kind == "text":
            out.append(re.sub("[\t\n]", " ", child.text or ""))
        elif kind == "code":
            if re.search("^ | $", child.text):
                raise Unlike("blanks at the ends of code, of which one is kept")
            out.append(re.sub("[ \t]", " " if in_cell else KEPT, child.text))
        elif kind in ("softbreak", "linebreak"):
            out.append("\n")
        elif kind in ("emph", "strong", "strikethrough"):
            out.append(inline(child, in_cell, in_image))
        elif kind in ("link", "image"):
            text, url = inline(child, in_cell, in_image or kind == "image"), child.get("destination")
            out.append(text)
            if url and not in_image and (kind == "image" or url not in (text, f"mailto:{text}")):
                out.append(f" ({url})" if re.search("[^ \n]$", "".join(out)) else f"({url})")
        elif kind == "html_inline" and in_cell and re.fullmatch("<br */?>", child.text, re.I):
            out.append("\n")
        else:
            raise Unlike(kind)
    return "".join(out)


def parts(word):
    """What of a word is not split: a line may break on either side of a wide character."""
    out = []
    if LONG_URL.match(word):
        return [word]
    for character, width in columns.characters(word):
        if width == 2 or not out or wide:
            out.append("")
        out[-1] += character
        wide = width == 2
    return out


def wrap(text, width):
    """The lines of one line of a paragraph."""
    lines, line, blanks = [], "", ""
    for match in re.finditer(f"([ {KEPT}]+)|([^ {KEPT}]+)", re.sub(" +", " ", text)):
        if match[1]:
            blanks = " " * len(match[1]) if line else ""
            continue
        for part in parts(match[2]):
            if line and columns.width(line + blanks + part) > width:
                lines.append(line)
                line, blanks = "", ""
            if columns.width(part) > width and not LONG_URL.match(part):
                for character, _ in columns.characters(part):
                    if columns.width(line + character) > width:
                        lines.append(line)
                        line = ""
                    line += character
            else:
                line += blanks + part
            blanks = ""
    return lines + [line]


def wrap_all(text, width):
    return [line for part in text.split("\n") for line in wrap(part, width)]


def fit(rows, width):
    """The widths of the columns, narrowed a column at a time; None if they do not fit."""
    cells = [[row[i] for row in rows] for i in range(len(rows[0]))]
    widths = [max(columns.width(folded(line)) for cell in column for line in cell.split("\n")) for column in cells]
    longest = [max(columns.width(word) for cell in column for word in re.split("[ \n]", cell)) for column in cells]
    least = [max(longest[i], min(8, widths[i])) for i in range(len(widths))]
    while sum(widths) + 2 * (len(widths) - 1) > width:
        able = [i for i in range(len(widths)) if widths[i] > least[i]]
        if not able:
            return None
        widths[max(able, key=lambda i: (widths[i], -i))] -= 1
    return widths


def cell_lines(text, width):
    lines = []
    for part in text.split("\n"):
        line = ""
        for word in filter(None, part.split(" ")):
            if line and columns.width(f"{line} {word}") > width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


def aligned(text, width, align):
    free = width - columns.width(text)
    before = {"right": free, "center": free // 2}.get(align, 0)
    return " " * before + text + " " * (free - before)


def records(rows, width):
    header, body = (rows[0], rows[1:]) if len(rows) > 1 else ([""] * len(rows[0]), rows)
    out = []
    for row in body:
        lines = []
        for title, value in zip(header, row):
            title = folded(title.replace("\n", " "))
            if value.strip(" \n"):
                lines += [line for line in wrap_all(f"{title}: {value}" if title else value, width) if line]
        out += [""] * bool(out and lines) + lines
    return out


class Reference:
    def __init__(self, text):
        self.source = text.split("\n")
        self.root = words.parse(text)
        self.is_old = words.as_punctuation("".join(self.root.itertext())) != "".join(
            words.parse(words.as_punctuation(text)).itertext())

    def lines(self, width):
        if self.is_old:
            raise Unlike("emphasis beside a symbol, as in CommonMark 0.29")
        return self.children(self.root, width, 0, False)

    def first_line(self, node):
        """The number of a block's first line. cmark-gfm has another one for a table below a paragraph."""
        if name(node) != "table":
            return int(node.get("sourcepos").split(":")[0])
        if len(node) == 1:
            raise Unlike("a table of which only the header is known")
        line = int(node[1].get("sourcepos").split(":")[0]) - 2
        if not re.match(r"([\s>*+-]|\d+[.)])*\|", self.source[line - 1]):
            raise Unlike("a header without a bar")
        return line

    def has_gap(self, node, former):
        """Whether an empty line is between the blocks; a line with > belongs to a quote before it."""
        line = self.first_line(node)
        if name(former) == "block_quote" and int(former.get("sourcepos").split("-")[1].split(":")[0]) == line - 1:
            return False
        return re.fullmatch(r"[\s>]*", self.source[line - 2])

    def children(self, node, width, column, in_item):
        out, former = [], None
        for child in node:
            lines = self.block(child, width, column)
            if lines and former is not None and (not in_item or self.has_gap(child, former)):
                out.append("")
            former = child if lines else former
            out += lines
        return out

    def block(self, node, width, column):
        kind = name(node)
        if width < 10:
            raise Unlike("containers that leave no room")
        if kind == "heading" and "#" not in self.source[self.first_line(node) - 1]:
            raise Unlike("a setext heading")
        if kind in ("paragraph", "heading"):
            lines = wrap_all(inline(node), width)
            return lines if any(lines) else []
        if kind == "thematic_break":
            return ["─" * (min(width + column, 80) - column)]
        if kind == "code_block":
            return self.code(node)
        if kind == "block_quote":
            return [f"│ {line}".rstrip(" ") for line in self.children(node, width - 2, column + 2, False) or [""]]
        if kind == "list":
            return self.items(node, width, column)
        if kind == "table":
            return self.table(node, width)
        raise Unlike(kind)

    def code(self, node):
        lines = [f"  {line}".rstrip(" \t") for line in (node.text or "").split("\n")[:-1]]
        last = int(node.get("sourcepos").split("-")[1].split(":")[0])
        closed = last <= len(self.source) and re.search("(```|~~~)[ \t]*$", self.source[last - 1])
        while lines and not lines[-1] and not closed:
            lines.pop()
        return lines

    def items(self, node, width, column):
        out, former = [], None
        for item in node:
            line, at = map(int, item.get("sourcepos").split("-")[0].split(":"))
            number = re.match(r"\d+[.)]", self.source[line - 1][at - 1:])
            mark = f"{number[0]} " if number else "• "
            size = len(mark)
            lines = self.children(item, width - size, column + size, True) or [""]
            if out and self.has_gap(item, former):
                out.append("")
            former = item
            out.append((mark + lines[0]).rstrip(" "))
            out += [" " * size + line if line else "" for line in lines[1:]]
        return out

    def table(self, node, width):
        self.first_line(node)
        rows = [[inline(cell, True) for cell in row] for row in node]
        aligns = [cell.get("align") for cell in node[0]]
        widths = fit(rows, width)
        if widths is None:
            return records(rows, width)
        out = []
        for row in rows:
            cells = [cell_lines(*pair) for pair in zip(row, widths)]
            for i in range(max(map(len, cells))):
                shown = [cell[i] if i < len(cell) else "" for cell in cells]
                out.append("  ".join(map(aligned, shown, widths, aligns)).rstrip(" "))
            if row is rows[0]:
                out.append("─" * (sum(widths) + 2 * (len(widths) - 1)))
        return out
