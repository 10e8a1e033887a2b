"""The parts of a board pack: each a title, what there is to say, and one table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.safestring import SafeString

from frontend.charts.xmr import XmrChart

Value = str | int | Decimal | date | datetime | None


@dataclass(frozen=True)
class Cell:
    """`words` are what people read, `value` what a spreadsheet computes with; `note` stands below the words.

    picture: an SVG beside them, and `spoken` what it shows. url: what lies behind. tone: of a verdict (better, worse,
    chance).
    """

    words: str
    value: Value = None
    note: str = ""
    picture: SafeString | str = ""
    spoken: str = ""
    url: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Column:
    """`key` heads it in files, in every language; `title` on pages. is_hidden: it stands in files alone, for its
    numbers are in another one's words."""

    key: str
    title: str
    is_number: bool = False
    is_hidden: bool = False


@dataclass(frozen=True)
class Part:
    """`key` names its sheet and its file. text: a sentence or two above; sentence: what the rule engine says (tone,
    lead, text); changes: what the chart marks (what, note); empty: what is said in place of a table without rows.
    is_folded: on a screen the table opens by a click. bands: numbers of the rows, from 0, that differ from those above
    them by more than chance."""

    key: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str = ""
    text: str = ""
    sentence: dict[str, str] | None = None
    chart: XmrChart | None = None
    changes: Sequence[dict[str, str]] = ()
    is_folded: bool = False
    bands: Collection[int] = ()

    @property
    def shown(self) -> list[Column]:
        return [column for column in self.columns if not column.is_hidden]

    @property
    def lines(self) -> list[list[tuple[Column, Cell]]]:
        """The rows as a page shows them, each cell with its column."""
        return [
            [(column, cell) for column, cell in zip(self.columns, row, strict=True) if not column.is_hidden]
            for row in self.rows
        ]

    @property
    def values(self) -> list[list[Any]]:
        """The rows as a file holds them."""
        return [[cell.words if cell.value is None else cell.value for cell in row] for row in self.rows]


def hidden(value: Value) -> Cell:
    """A number that stands in files alone."""
    return Cell("", value)


def said(words: object, value: Value = None, **more: Any) -> Cell:
    return Cell(str(words), value, **more)


def tenths(value: Fraction | float | None) -> Decimal | None:
    """To one decimal, for a spreadsheet."""
    if value is None:
        return None
    exact = Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else Decimal(value)
    return exact.quantize(Decimal("0.1"))
