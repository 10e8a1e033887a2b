"""The words of a mail: HTML reduced to what a person would read of it, and what is quoted below cut off."""

from __future__ import annotations

import re
from contextlib import suppress
from html.parser import HTMLParser

# Enough for any letter; a page of a newsletter is cut.
MAX_HTML = 200_000
# A newline before and after what stands on lines of its own.
_BLOCKS = {"address", "article", "blockquote", "br", "div", "dl", "dt", "dd", "footer", "header", "hr", "li", "ol"}
_BLOCKS |= {"h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "section", "table", "tr", "ul"}
_SILENT = frozenset({"script", "style", "head", "title", "template", "noscript"})
_QUOTE = "> "

# Lines above which a mail program puts what is answered. Whole lines, so that nothing is searched twice.
_ABOVE_QUOTES = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|forwarded message|message d['’]origine|message transféré)\s*-{2,}"
    r"|_{20,}"
    r"|(?:on|am|le)\s.{4,200}(?:wrote|schrieb|a écrit)\s*:"
    r"|begin forwarded message:)\s*$",
    re.IGNORECASE,
)
_OPENS = re.compile(r"^\s*(?:on|le)\s.{4,200}$", re.IGNORECASE)
_ENDS = re.compile(r"(?:wrote|a écrit)\s*:\s*$", re.IGNORECASE)
# Outlook: four lines of a head, in a row.
_FROM = re.compile(r"^\s*\*?(?:from|de)\s?:\*?\s", re.IGNORECASE)
_SENT = re.compile(r"^\s*\*?(?:sent|date|envoyé|to|à)\s?:\*?\s", re.IGNORECASE)


def text_of_html(html: str) -> str:
    """What stands there for eyes: no markup, no scripts, what is quoted marked with `>`."""
    reader = _Reader()
    # The library's own way to give up on broken declarations; what was read before stands.
    with suppress(AssertionError):
        reader.feed(html[:MAX_HTML])
        reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def without_quotes(text: str) -> str:
    """A reply without the mail that it answers; the whole text when nothing else would be left."""
    lines = text.splitlines()
    end = next((number for number in range(len(lines)) if _quote_begins(lines, number)), len(lines))
    own = [line for line in lines[:end] if not line.lstrip().startswith(">")]
    return "\n".join(own).strip() or text.strip()


def _quote_begins(lines: list[str], number: int) -> bool:
    line = lines[number]
    following = lines[number + 1] if number + 1 < len(lines) else ""
    if _ABOVE_QUOTES.match(line):
        return True
    if _OPENS.match(line) and _ENDS.search(following):  # broken over two lines
        return True
    return bool(_FROM.match(line) and _SENT.match(following))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = self.quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag == "body":  # whatever was left open in a broken head
            self.silent = 0
        self.quoted += tag == "blockquote"
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        if tag == "blockquote":
            self.quoted = max(0, self.quoted - 1)
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(" ".join(data.split("\n")))

    def _break(self, tag: str) -> None:
        if tag in _BLOCKS and not self.silent:
            self.parts.append("\n" + _QUOTE * min(self.quoted, 1))
