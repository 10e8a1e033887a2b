"""Rows out of a stream of JSON lines or CSV, a line at a time, so that a million take no more memory than one.

A line that cannot be read comes out as what it is, and is refused by `rows.read_row` with its number.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from django.utils.translation import gettext

from cso.errors import InvalidFieldsError
from cso.recovery.loading.rows import FIELDS
from cso.texts import shown

# One row may be this long; what is longer is refused when its fields are checked, and beyond that with the whole file.
LONGEST_LINE = 16 * 1024 * 1024
csv.field_size_limit(LONGEST_LINE)

Lines = Iterator[tuple[int, Any]]


def json_lines(stream: BinaryIO | Iterable[bytes]) -> Lines:
    """(line number, decoded value) of each line that is not blank; a line that is no JSON gives its text."""
    for number, line in enumerate(stream, 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                yield number, line[:100].decode(errors="replace")


def csv_lines(stream: BinaryIO | Iterable[bytes], columns: Mapping[str, str]) -> Lines:
    """`csv_rows` of a file of cases; columns: field -> the file's column, for a file with names of its own.

    Raises `InvalidFieldsError` when the head names an unknown field, or lacks a mapped column.
    """
    return csv_rows(stream, lambda head: _check_head(head, columns))


def csv_rows(
    stream: BinaryIO | Iterable[bytes], check_head: Callable[[list[str]], None], *, encoding: str = "utf-8"
) -> Lines:
    """(number of the record's first line, {column: text}) of each record; the first line names the columns.

    A record with more or fewer cells than the head comes out as the list that it is. Bytes that are not of the encoding
    make a text that is refused where it is read (`cso.texts`).
    """
    text = codecs.iterdecode(_without_mark(stream), encoding, errors="surrogateescape")
    reader = csv.reader(_whole_lines(text))
    try:
        head = [name.strip() for name in next(reader, [])]
        check_head(head)
        first = reader.line_num + 1
        for record in reader:
            if record:
                yield first, dict(zip(head, record, strict=True)) if len(record) == len(head) else record
            first = reader.line_num + 1
    except csv.Error as error:
        message = gettext("Line %(line)s is not CSV: %(error)s.") % {"line": reader.line_num, "error": error}
        raise InvalidFieldsError.of("file", "not_csv", message) from error


def _check_head(head: list[str], columns: Mapping[str, str]) -> None:
    if not head:
        raise InvalidFieldsError.of("file", "empty", "The file is empty: its first line must name the columns.")
    if columns:
        if unknown := sorted(set(columns) - set(FIELDS)):
            raise InvalidFieldsError.of("map", "unknown", f"No such fields: {', '.join(unknown)}.")
        missing = sorted(set(columns.values()) - set(head))
        if missing:
            raise InvalidFieldsError.of("map", "missing_column", f"The file has no column {', '.join(missing)}.")
    elif unknown := [name for name in head if name not in FIELDS]:
        message = f"Unknown columns: {shown(', '.join(unknown), 200)}. Known: {', '.join(FIELDS)}. Or map them."
        raise InvalidFieldsError.of("file", "unknown_column", message)


def _without_mark(stream: Iterable[bytes]) -> Iterator[bytes]:
    """The stream without the byte order mark that spreadsheets put before the first line."""
    for number, chunk in enumerate(stream):
        yield chunk.removeprefix(codecs.BOM_UTF8) if number == 0 else chunk


def _whole_lines(chunks: Iterable[str]) -> Iterator[str]:
    """Lines with their ends, however the chunks cut them."""
    rest = ""
    for chunk in chunks:
        # Not splitlines: a summary may hold other separators, such as a vertical tab.
        *lines, rest = (rest + chunk).split("\n")
        yield from (f"{line}\n" for line in lines)
        if len(rest) > LONGEST_LINE:
            message = gettext("A line is longer than 16 MB; is this a CSV file?")
            raise InvalidFieldsError.of("file", "line_too_long", message)
    if rest:
        yield rest
