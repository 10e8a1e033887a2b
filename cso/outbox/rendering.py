"""The words of a mail: one text for each language, from which both parts are made, so that they cannot disagree.

`<app>/mail/<language>/<mail>.subject.txt` and `<mail>.txt`. The text's paragraphs stand between empty lines; where one
is a label and, on the next line, the mail's own `url`, it is a button in the HTML part; any other `..._url` of the
mail is a link.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.template import Context
from django.template.loader import get_template, render_to_string


@dataclass(frozen=True)
class Paragraph:
    """`lines` of text; `url` is set where it is a button, and the lines are its label; `link` ends them, else."""

    lines: list[str]
    url: str = ""
    link: str = ""


def render_mail(template: str, language: str, context: Mapping[str, Any]) -> tuple[str, str, str]:
    """(subject, text, HTML) of a mail. The context's `url`, where it has one, is what its button opens."""
    app, _, name = template.partition("/")
    folder = f"{app}/mail/{language}/{name}"
    subject = " ".join(_plain(f"{folder}.subject.txt", context).split())
    text = re.sub(r"\n{3,}", "\n\n", _plain(f"{folder}.txt", context).replace("\r\n", "\n")).strip() + "\n"
    links = {str(value) for name, value in context.items() if name.endswith("_url")}
    paragraphs = [_paragraph(block, str(context.get("url", "")), links) for block in text.strip().split("\n\n")]
    page = {"subject": subject, "language": language, "paragraphs": paragraphs, **context}
    return subject, text, render_to_string("outbox/mail.html", page)


def _plain(template: str, context: Mapping[str, Any]) -> str:
    # Nothing is escaped in a text; the HTML part is made from it, and escapes all of it.
    found: Any = get_template(template)
    words: str = found.template.render(Context(dict(context), autoescape=False))
    return words.replace("\x00", "")


def _paragraph(block: str, url: str, links: Collection[str]) -> Paragraph:
    lines = [line.strip() for line in block.strip().splitlines()]
    if url and lines[-1] == url:
        return Paragraph([line.rstrip(":\u00a0 ") for line in lines[:-1]], url)
    return Paragraph(lines[:-1], link=lines[-1]) if lines[-1] in links else Paragraph(lines)
