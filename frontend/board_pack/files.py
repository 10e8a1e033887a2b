"""A board pack as files: a workbook of a sheet for each part, CSV files in a ZIP, and a PDF to print and send."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import typst
from django.utils.translation import get_language

from frontend.board_pack.parts import Cell, Part
from frontend.export import csv_of, xlsx_of
from frontend.table import KnownTable
from tenants.models import Tenant

_TEMPLATE = (Path(__file__).parent / "board_pack.typ").read_bytes()


def as_xlsx(parts: Sequence[Part], tenant: Tenant) -> bytes:
    return b"".join(xlsx_of(*(_table(part, tenant) for part in parts)))


def as_zip(parts: Sequence[Part], tenant: Tenant) -> bytes:
    """One CSV file for each part, named after it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as folder:
        for part in parts:
            folder.writestr(f"{part.key}.csv", b"".join(csv_of(_table(part, tenant))))
    return content.getvalue()


def as_pdf(parts: Sequence[Part], *, title: str, sub: str, stamp: str, company: str, now: datetime) -> bytes:
    """With its structure, so that it can be read aloud, and by PDF/UA-1 where every letter has a glyph here.

    What people wrote goes in as data: nothing of it is read as markup. The fonts are the library's own; letters that
    they lack come from those of the machine, if it has them.
    """
    said = {
        "title": title,
        "sub": sub,
        "stamp": stamp,
        "company": company,
        "lang": (get_language() or "en")[:2],
        "parts": [_json(part) for part in parts],
    }
    options: dict[str, Any] = {"sys_inputs": {"pack": json.dumps(said)}, "timestamp": int(now.timestamp())}
    try:
        return _compiled(pdf_standards=["ua-1"], **options)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        return _compiled(**options)


def _compiled(**options: Any) -> bytes:
    made = typst.compile(_TEMPLATE, format="pdf", **options)
    assert isinstance(made, bytes), "one document is made"
    return made


def _table(part: Part, tenant: Tenant) -> KnownTable:
    return KnownTable(part.key, {column.key: "" for column in part.columns}, part.values, tenant)


def _json(part: Part) -> dict[str, Any]:
    return {
        "title": part.title,
        "text": part.text,
        "sentence": part.sentence,
        "chart": _picture(part.chart.wide, part.chart.spoken) if part.chart else None,
        "changes": part.changes,
        "columns": [{"title": column.title, "is_number": column.is_number} for column in part.shown],
        "rows": [[_cell(cell) for _column, cell in line] for line in part.lines],
        "bands": sorted(part.bands),
        "empty": part.empty,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    picture = _picture(cell.picture, cell.spoken) if cell.picture else None
    return {"words": cell.words, "note": cell.note, "tone": cell.tone, "picture": picture}


def _picture(svg: str, spoken: str) -> dict[str, str]:
    # In a page its name space goes without saying.
    return {"svg": svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1), "spoken": spoken}
