"""An org chart from CSV: units with their parents, and the people who lead them.

A file of the real world names parents loosely, misspells them or leaves them out. Every unit whose own line can be read
goes in; one whose parent is not found goes in at the top, and its line says so, with the likeliest name meant
for the first of them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cso.errors import FieldError, InvalidFieldsError
from cso.people import tree
from cso.people.models import Leadership, Person, Position, Unit
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can

FIELDS = ("code", "name", "parent", "leader", "position")
_LONGEST = {"code": 100, "name": 200, "parent": 2_000, "leader": 200, "position": 200}
# A search among ten thousand names takes up to a second.
_WORDINGS_HINTED = 20


@dataclass(frozen=True)
class ChartRow:
    """One line: a unit, the code or name of its parent, and who leads it; empty where the file says nothing."""

    line: int
    code: str
    name: str
    parent: str = ""
    leader: str = ""
    position: str = ""


@dataclass(frozen=True)
class Remark:
    """What a person should look at: a line that did not go in (`refused`), or went in with a question."""

    line: int
    field: str
    code: str
    message: str
    refused: bool


@dataclass
class ChartReport:
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    leaders_named: int = 0
    remarks: list[Remark] = field(default_factory=list)


def read_chart(lines: Iterable[str], columns: Mapping[str, str]) -> tuple[list[ChartRow], list[Remark]]:
    """Rows out of CSV text; `columns` maps `FIELDS` to the file's own column names.

    A unit without a code gets its name as code. Raises `InvalidFieldsError` when the head lacks a mapped column.
    """
    reader = csv.DictReader(lines)
    head = reader.fieldnames or []
    columns = dict(columns) or {name: name for name in FIELDS if name in head}
    if unknown := sorted(set(columns) - set(FIELDS)):
        known = ", ".join(FIELDS)
        raise InvalidFieldsError.of(
            "map",
            "unknown",
            _("No such fields: %(unknown)s. Known: %(known)s.") % {"unknown": ", ".join(unknown), "known": known},
        )
    missing = sorted(({"name"} - set(columns)) | {column for column in columns.values() if column not in head})
    if missing:
        raise InvalidFieldsError.of(
            "map", "missing_column", _("The file has no column %(columns)s.") % {"columns": ", ".join(missing)}
        )
    rows, remarks = [], []
    for raw in reader:
        line = reader.line_num
        values = {name: " ".join((raw.get(column) or "").split()) for name, column in columns.items()}
        errors = _errors(values)
        if errors:
            remarks += [Remark(line, error.field, error.code, error.message, refused=True) for error in errors]
        else:
            rows.append(ChartRow(line, **{**values, "code": values.get("code") or values["name"][:100]}))
    return rows, remarks


def _errors(values: Mapping[str, str]) -> list[FieldError]:
    errors = []
    if not values["name"]:
        errors.append(FieldError("name", "required", _("Name the unit.")))
    for name, value in values.items():
        errors += text_errors(name, value, _LONGEST[name])
    return errors


def load_chart(rows: Sequence[ChartRow], *, by: Actor | None, today: date) -> ChartReport:
    """Add or rename units by code, hang each below its parent, and name leaders from `today` where a unit has none.

    Loading the same chart again changes nothing. A parent is a code or a name, of the file or of a known unit.
    """
    require(by, Can.EDIT_PEOPLE)
    tree.lock_tree()
    report = ChartReport()
    units = {unit.code: unit for unit in Unit.objects.all()}
    rows = _without_repeated_codes(rows, report)
    before = {code: (unit.name, unit.parent_id) for code, unit in units.items()}
    _rename(rows, units)
    new = _with_ids([Unit(code=row.code, name=row.name) for row in rows if row.code not in units])
    units |= {unit.code: unit for unit in new}
    outline = tree.Outline(units.values())
    moved = [unit for unit in _hang(rows, units, outline, report) if unit.code in before]
    # With their parents, and parents first: a unit that is new leaves no other unit's figures stale.
    new.sort(key=lambda unit: len(outline.way_up(unit.pk)))
    Unit.objects.bulk_create(new)
    if moved:
        Unit.objects.bulk_update(moved, ["parent"])
        outline.hang()
    else:
        tree.hang_new(new)
    for row in rows:
        unit = units[row.code]
        if row.code not in before:
            report.added += 1
        elif before[row.code] == (unit.name, unit.parent_id):
            report.unchanged += 1
        else:
            report.changed += 1
    report.leaders_named = _name_leaders(rows, units, today)
    audit.record(by, "load_org_chart", f"{len(rows)} units", added=report.added, changed=report.changed)
    return report


def _without_repeated_codes(rows: Sequence[ChartRow], report: ChartReport) -> list[ChartRow]:
    first: dict[str, ChartRow] = {}
    for row in rows:
        if row.code in first:
            message = f"The code “{row.code}” stands on line {first[row.code].line} already."
            report.remarks.append(Remark(row.line, "code", "repeated", message, refused=True))
        else:
            first[row.code] = row
    return list(first.values())


def _with_ids(units: list[Unit]) -> list[Unit]:
    """Ids ahead of the insert, so that the units can point at each other in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT uuidv7() FROM generate_series(1, %s)", [len(units)])
        for unit, (made,) in zip(units, cursor.fetchall(), strict=True):
            unit.id = made
    return units


def _rename(rows: Sequence[ChartRow], units: Mapping[str, Unit]) -> None:
    renamed = []
    for row in rows:
        unit = units.get(row.code)
        if unit is not None and unit.name != row.name:
            unit.name = row.name
            renamed.append(unit)
    Unit.objects.bulk_update(renamed, ["name"])


def _hang(
    rows: Sequence[ChartRow], units: Mapping[str, Unit], outline: tree.Outline, report: ChartReport
) -> Iterator[Unit]:
    """Give each unit the parent that its line names; a line without one leaves the unit where it is.

    Yields the units that have another parent now; nothing is saved.
    """
    by_name: dict[str, list[Unit]] = {}
    for unit in units.values():
        by_name.setdefault(unit.name.casefold(), []).append(unit)
    hints = _Hints(list({unit.name for unit in units.values()}))
    for row in rows:
        if not row.parent:
            continue
        unit = units[row.code]
        parent = units.get(row.parent) or _only(by_name.get(row.parent.casefold(), []))
        if parent is None:
            report.remarks.append(_unknown_parent(row, by_name, hints))
        elif parent.pk != unit.parent_id:
            try:
                outline.move(unit, parent)
            except (InvalidFieldsError, tree.RingError) as error:
                report.remarks.append(Remark(row.line, "parent", error.code, error.message, refused=False))
            else:
                unit.parent = parent
                yield unit


def _only(found: Sequence[Unit]) -> Unit | None:
    return found[0] if len(found) == 1 else None


class _Hints:
    """The likeliest name meant by a wording, for so many wordings; a file that is wrong all over gets no more."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.given: dict[str, str] = {}

    def of(self, wording: str) -> str:
        if wording not in self.given and len(self.given) < _WORDINGS_HINTED:
            meant = get_close_matches(wording, self.names, n=1, cutoff=0.66)
            self.given[wording] = f" Did you mean “{meant[0]}”?" if meant else ""
        return self.given.get(wording, "")


def _unknown_parent(row: ChartRow, by_name: Mapping[str, list[Unit]], hints: _Hints) -> Remark:
    alike = by_name.get(row.parent.casefold(), [])
    if alike:
        codes = ", ".join(unit.code for unit in alike)[:200]
        message = f"“{row.parent}” names {len(alike)} units; give the code: {codes}."
        return Remark(row.line, "parent", "ambiguous", message, refused=False)
    message = f"There is no unit “{row.parent[:200]}”; {row.name} has no parent for now.{hints.of(row.parent)}"
    return Remark(row.line, "parent", "unknown", message, refused=False)


def _name_leaders(rows: Sequence[ChartRow], units: Mapping[str, Unit], today: date) -> int:
    # Also where a leader is named for a later day only: nobody else is put before them unasked.
    led_from_today = Leadership.objects.filter(Q(ends_on=None) | Q(ends_on__gt=today))
    led = set(led_from_today.values_list("unit_id", flat=True))
    wanted = [row for row in rows if row.leader and units[row.code].pk not in led]
    titles = {row.position for row in wanted if row.position}
    positions = {title: Position.objects.get_or_create(title=title)[0] for title in sorted(titles)}
    # Somebody of one name and position who leads two units is one person.
    people: dict[tuple[str, str], Person] = {}
    for row in wanted:
        person = Person(name=row.leader, position=positions.get(row.position), unit=units[row.code])
        people.setdefault((row.leader, row.position), person)
    known = {(person.name, person.position.title if person.position else ""): person for person in _people(wanted)}
    people = {key: known.get(key, person) for key, person in people.items()}
    Person.objects.bulk_create([person for key, person in people.items() if key not in known])
    Leadership.objects.bulk_create(
        [Leadership(unit=units[row.code], person=people[row.leader, row.position], starts_on=today) for row in wanted]
    )
    return len(wanted)


def _people(rows: Sequence[ChartRow]) -> QuerySet[Person]:
    return Person.objects.filter(name__in={row.leader for row in rows}).select_related("position")
