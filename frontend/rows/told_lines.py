"""What became of a file's lines, ready for components/file_form.html."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from django.utils.translation import ngettext

from cso.errors import FieldError
from frontend.words.figures import number


class LineOutcome(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def errors(self) -> Sequence[FieldError]: ...


def told_lines(went_in: Sequence[str], outcomes: Sequence[LineOutcome]) -> dict[str, Any]:
    """`loaded`: the sentences on what went in, and how many lines did not; `refused`: line, field and message of each
    mistake."""
    lines = [each for each in outcomes if each.status == "refused"]
    words = list(went_in)
    if lines:
        out = ngettext("%(n)s line did not go in.", "%(n)s lines did not go in.", len(lines))
        words.append(out % {"n": number(len(lines))})
    refused = [(each.line, error.field, error.message) for each in lines for error in each.errors]
    return {"loaded": " ".join(words), "refused": refused}
