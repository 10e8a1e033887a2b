"""Figures of measures out of a CSV file, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from django.utils.translation import gettext

from cso.errors import InvalidFieldsError
from cso.recovery.loading.files import Lines, csv_rows
from cso.scorecards.plans.measures import FIELDS
from cso.texts import shown

# What may be left out has its own meaning then: a denominator of 1, the measure's own source.
_NEEDED = ("measure", "unit", "month", "numerator", "as_of")


def figure_lines(stream: BinaryIO | Iterable[bytes]) -> Lines:
    """The lines for `record_figures`. Raises `InvalidFieldsError` of `file` for a head that names other columns, or
    lacks some."""
    return csv_rows(stream, _check_head)


def _check_head(head: list[str]) -> None:
    if unknown := [name for name in head if name not in FIELDS]:
        words = {"unknown": shown(", ".join(unknown), 200), "known": ", ".join(FIELDS)}
        message = gettext("Unknown columns: %(unknown)s. Known: %(known)s.") % words
        raise InvalidFieldsError.of("file", "unknown_column", message)
    if missing := [name for name in _NEEDED if name not in head]:
        message = gettext("The file has no column %(column)s.") % {"column": ", ".join(missing)}
        raise InvalidFieldsError.of("file", "missing_column", message)
