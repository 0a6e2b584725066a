# SPDX-License-Identifier: MIT
"""Generates documents like those of a language model: headings, paragraphs, nested lists, tables, code, quotes, links, emoji.

The same seed makes the same documents.
"""
import random

NOUNS = ("portfolio position sector volatility beta drawdown correlation exposure hedge dividend yield spread duration "
         "benchmark allocation cash margin option strike premium Überschuss naïve 価格 持ち高 市場 📈 ✅ ⚠️ 👩‍💻 🇩🇪 S&P "
         "AAPL NVDA MSFT BRK.B 12.5% $1,234.56 −3.2 10× e.g. (see below) well-known re-balance snake_case_name").split()
VERBS = "rises falls hedges offsets exceeds tracks lags drives reduces concentrates".split()
URLS = ("https://example.com/a", "https://example.com/wiki/Beta_(finance)", "http://x.org/?a=1&amp;b=2", "/docs/risk",
        "https://example.com/a/very/long/path/that/does/not/fit/into/a/narrow/line/at/all?and=a&query=too", "")
LANGUAGES = ("", "python", "json", "sh", "c++")

# For documents that are lines of these at random: containers and leaves in every order.
MARKERS = ["", "", "", "> ", "- ", "  ", "    ", "1. ", "   ", "> - ", "> > ", "- - ", "+ ", ">", "-   ", "10) ", "      ", "\t", "-\t"]
LINES = ["aa bb", "aa bb", "", "", "cc", "# hh", "```", "~~~", "***", "*a* `b`", "**x", "y**", "| a | b |", "|---|---|", "| 1 | 2 |",
         "- ", "1. x", "> q", "word word word word word word word", "日本語 テスト テスト テスト", "`code with  blanks` z",
         "http://example.com/aaaaaaaaaaaaaaaaaa x", "[l](http://example.com/aaaaaaaaaaaaaaaaaa) y", "[](u)", "a" * 30 + " b"]


class Writer:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, of):
        return self.random.choice(of)

    def chance(self, of):
        return self.random.random() < of

    def words(self, least, most):
        return " ".join(self.pick(NOUNS if self.chance(0.7) else VERBS)
                        for _ in range(self.random.randint(least, most)))

    def inline(self):
        """A piece of text with markup, closed or not."""
        text = self.words(1, 4)
        url = self.pick(URLS)
        return self.pick((
            f"**{text}**", f"*{text}*", f"__{text}__", f"_{text}_", f"***{text}***", f"~~{text}~~",
            f"`{text}`", f"`` a ` {text} ``", f"[{text}]({url})", f"[**{text}**]({url} \"{text}\")",
            f"![{text}]({url})", "<https://example.com/x>", "<someone@example.com>", f"**{text}:**",
            f"**Bold with *{text}* inside**", f"\\*{text}\\*", "5 * 3 * 2", "a < b && c > d", "[1]", "[x] done",
            "~5%", f"**{text}", f"`{text}", f"[{text}]", f"*{text}", "&lt;tag&gt;", "&#x2713;", "&hellip;", "x^2_i",
            "**Note**:", f"**{text}**,", f"(*{text}*)", "snake_case_name", "2*3*4", "\\_", f'"*{text}*"', "!", "$x_1 * y_2$"))

    def line(self, least=1, most=5):
        return " ".join(self.inline() if self.chance(0.35) else self.words(1, 6)
                        for _ in range(self.random.randint(least, most)))

    def paragraph(self):
        ends = ("\n", "\n", "  \n", "\\\n")
        lines = [self.line() for _ in range(self.random.randint(1, 3))]
        return "".join(line + self.pick(ends) for line in lines[:-1]) + lines[-1] + "\n"

    def heading(self):
        closing = " " + "#" * self.random.randint(1, 3) if self.chance(0.1) else ""
        return f"{'#' * self.random.randint(1, 6)} {self.line(1, 2)}{closing}\n"

    def list(self, depth=0):
        ordered, loose, out = self.chance(0.4), self.chance(0.2), ""
        mark, number = self.pick("-*+"), self.random.randint(1, 12)
        for i in range(self.random.randint(1, 4)):
            head = f"{number + i}. " if ordered else f"{mark} "
            body = self.line(1, 3) + "\n"
            if self.chance(0.2):
                body += ("\n" if loose else "") + self.block(depth + 1)
            out += head + self.indent(body, len(head))[len(head):] + ("\n" if loose else "")
        return out

    @staticmethod
    def indent(text, by):
        return "".join((" " * by if line.strip() else "") + line for line in text.splitlines(True))

    def quote(self, depth):
        return "".join(f"> {line}" for line in (self.paragraph() if self.chance(0.7) else self.block(depth + 1))
                       .splitlines(True))

    def table(self):
        columns = self.random.randint(1, 6)
        wide = self.chance(0.3)

        def row(cells):
            return "| " + " | ".join(cells) + self.pick((" |", "|", "")) + "\n"

        def cell():
            text = self.line(1, 2) if wide else self.words(1, 3)
            # Lines within a cell stand next to those of others, so that words would change their order.
            broken = f"{text}<br>{text}" if columns == 1 else text
            return self.pick((text, text, f"**{text}**", "" if columns > 1 else "-", broken, "a \\| b")).replace("\\\n", " ")
        out = row([self.words(1, 2) for _ in range(columns)])
        out += "|" + "|".join(self.pick(("---", ":--", "--:", ":-:", " - ")) for _ in range(columns)) + "|\n"
        for _ in range(self.random.randint(0, 5)):
            out += row([cell() for _ in range(max(1, columns + self.pick((-1, 0, 0, 0, 1))))])
        return out

    def code(self):
        fence = self.pick(("```", "~~~", "````"))
        lines = "".join(self.pick(("", "    ", "\t")) + self.pick((self.words(1, 8), "x = **y**", "", "| a |", "# no"))
                        + self.pick(("", "  ")) + "\n" for _ in range(self.random.randint(0, 5)))
        return f"{fence}{self.pick(LANGUAGES)}\n{lines}{fence}\n"

    def block(self, depth=0):
        kinds = [self.paragraph, self.paragraph, self.heading, self.code, self.table, lambda: "---\n"]
        if depth < 3:
            kinds += [lambda: self.list(depth)] * 2 + [lambda: self.quote(depth)]
        return self.pick(kinds)()

    def document(self):
        out = ""
        for _ in range(self.random.randint(2, 8)):
            out += self.block() + ("\n" if self.chance(0.85) else "")
        return out if self.chance(0.8) else out.rstrip("\n")

    def lines(self):
        return "".join(self.pick(MARKERS) + (self.pick(MARKERS) if self.chance(0.3) else "") + self.pick(LINES) + "\n"
                       for _ in range(self.random.randint(1, 9)))

    def long(self):
        """An opener that nothing closes within its limit of 4 KiB, before text with constructs that are whole."""
        opener, without = self.pick((("[", "\0"), ("![", "\0"), ("<", "\0"), ("[a](", "\0"), ("[a](<", "\0"), ("![a](b \"", "\0"),
                                     ("[[[", "\0"), ("~~", "~"), ("**", "*"), ("*", "*"), ("__", "_"), ("[*", "*"), ("*[", "*")))
        kinds = [kind for kind in ("*{}*", "**{}**", "***{}***", "_{}_", "`{}`", "~~{}~~", "[{}](u)", "![{}](v)", "[**{}**](x)",
                                   "<http://{}>", "*{} `c` d*", "{} * e", "[{}]", "a_{}_b", "\\*{}") if without not in kind]
        return f"text {opener}q " + " ".join(self.pick(kinds).format(self.pick(("a", "b c", "d e f"))) for _ in range(1000)) + "\n"

    def plain(self):
        """Without inline markup and tables, so that only words may be held back."""
        out = ""
        for _ in range(self.random.randint(2, 8)):
            text = " ".join(self.pick("one two three four five six seven eight".split()) for _ in range(9))
            out += self.pick((f"{text}\n{text}", f"# {text}", f"- {text}\n- {text}\n  - {text}", f"> {text}",
                              f"1. {text}\n\n   {text}", f"```\n{text}\n```")) + "\n\n"
        return out


def documents(count, seed=1):
    """Documents, every other one of lines at random, and some of one long paragraph."""
    texts = [Writer(seed * 1000003 + i).document() if i % 2 else Writer(seed * 1000003 + i).lines() for i in range(count)]
    return texts + [Writer(seed * 1000003 + i).long() for i in range(count // 20)]


def plain_documents(count, seed=1):
    return [Writer(seed * 1000003 + i).plain() for i in range(count)]
