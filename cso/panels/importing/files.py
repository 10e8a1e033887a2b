"""Rows out of a survey's file, a line at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from cso.errors import InvalidFieldsError
from cso.recovery.loading.files import Lines, csv_rows
from cso.texts import shown

# As `--encoding` and the API name them.
ENCODINGS = ("utf-8", "latin-1", "windows-1252")


def survey_rows(stream: BinaryIO | Iterable[bytes], *, encoding: str = "utf-8") -> Lines:
    """(line number, {column: cell}) of a CSV file with whatever columns; a mark of UTF-8 before the first is no part
    of its name.

    Raises `InvalidFieldsError` for a file without a head, with a column twice, or that is not of the encoding.
    """
    return csv_rows(stream, _check_head, encoding=encoding)


def _check_head(head: list[str]) -> None:
    if not any(head):
        raise InvalidFieldsError.of("file", "empty", "The file is empty: its first line must name the columns.")
    # Columns without a name are some programs' row numbers.
    twice = sorted({name for name in head if name and head.count(name) > 1})
    if twice:
        message = f"Columns of the same name: {shown(', '.join(twice), 200)}."
        raise InvalidFieldsError.of("file", "column_twice", message)
    if any("\udc80" <= letter <= "\udcff" for name in head for letter in name):
        message = f"The head is not of this encoding: say which of {', '.join(ENCODINGS)} the file has."
        raise InvalidFieldsError.of("file", "not_of_the_encoding", message)
