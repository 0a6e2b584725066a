# SPDX-License-Identifier: MIT
"""The words of a Markdown text, as rendered by cmark-gfm and in rendered output."""
import re
import subprocess
import unicodedata
import xml.etree.ElementTree as ElementTree

CMARK = ["cmark-gfm", "--extension", "table", "--extension", "strikethrough", "--strikethrough-double-tilde",
         "--sourcepos", "--to", "xml"]
NAMESPACE = "{http://commonmark.org/xml/1.0}"
BLOCKS = {"document", "block_quote", "list", "item", "paragraph", "heading", "table", "table_header", "table_row",
          "table_cell", "thematic_break", "softbreak", "linebreak"}
LITERAL = {"text", "code", "code_block", "html_inline", "html_block"}


def as_punctuation(text):
    """Replaces symbols by punctuation: they are punctuation since CommonMark 0.31; cmark-gfm implements 0.29."""
    return "".join("\u203d" if ord(c) > 127 and unicodedata.category(c)[0] == "S" else c for c in text)


def collect(node, out, in_cell=False):
    name = node.tag.removeprefix(NAMESPACE)
    if name == "html_inline" and in_cell and re.fullmatch(r"<br */?>", node.text or "", re.I):
        out.append(" ")
    elif name in LITERAL:
        out.append(node.text or "")
    for child in node:
        collect(child, out, in_cell or name == "table_cell")
    if name in BLOCKS or name == "code_block":
        out.append(" ")


def parse(text):
    xml = subprocess.run(CMARK, input=text.encode(), stdout=subprocess.PIPE, check=True).stdout.decode()
    return ElementTree.fromstring(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "?", xml))


def of_markdown(text):
    """The words of the CommonMark rendering."""
    out = []
    collect(parse(as_punctuation(text)), out)
    return as_punctuation("".join(out)).split()


def has_bare_table(text):
    """Whether what may be a table's delimiter row follows a line that does not begin with |."""
    former = ""
    for line in text.split("\n"):
        bare = re.sub(r"^(\s*([-+*]|\d+[.)])\s+|\s*>)*\s*", "", line)
        if re.fullmatch(r"[\s>*+]*[-:|][-:|\s]*", line) and "-" in line and not former.startswith("|"):
            return True
        former = bare
    return False


def visible(rendered, marks=False):
    """The text without SGR sequences, and without marks, borders and URLs, which are faint (SGR 2)."""
    out, faint = [], False
    for part in re.split("(\x1b\\[[0-9;]*m)", rendered):
        if part.startswith("\x1b["):
            faint = "2" in part[2:-1].split(";")[1:]
        elif marks or not faint:
            out.append(part)
        elif part.startswith("("):
            # The blank before a URL is not of the text.
            out[-1:] = [last.removesuffix(" ") for last in out[-1:]]
    return "".join(out)


def of_rendered(rendered):
    return as_punctuation(visible(rendered)).split()
