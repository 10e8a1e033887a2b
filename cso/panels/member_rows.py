"""Many members at once, from a file or a request: each line joins, or says by field why it does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext

from cso.customers.matching import match_customer
from cso.customers.models import Customer
from cso.errors import ConflictError, FieldError, InvalidFieldsError
from cso.panels.members import Via, take_in
from cso.panels.models import MAX_SEGMENT, Panel
from cso.panels.permissions import require_panel
from cso.people.models import Unit
from cso.recovery.loading.files import Lines, csv_rows
from cso.recovery.loading.rows import Reading, read_instant
from cso.texts import counted, shown, text_errors
from tenants import audit
from tenants.locks import hold_names
from tenants.models import Actor

# What one transaction takes in; send more in several.
MOST_ROWS = 1_000
FIELDS = (
    "external_id",
    "email",
    "phone",
    "name",
    "language",
    "segment",
    "unit",
    "consented_at",
    "consent_source",
)


@dataclass(frozen=True)
class MemberOutcome:
    """What became of a line. `is_member`: they were one already, which is no error, and nothing was changed."""

    line: int
    status: Literal["joined", "is_member", "refused"]
    member: UUID | None = None
    errors: list[FieldError] = field(default_factory=list)


def import_members(
    panel: Panel,
    rows: Iterable[tuple[int, Any]],
    *,
    by: Actor | None,
    now: datetime,
    reading: Reading | None = None,
) -> list[MemberOutcome]:
    """Put the customers of many lines on a panel; a line either joins as a whole, or is refused with all its errors.

    rows: (line number, mapping of `FIELDS` to texts), as `json_lines` and `csv_lines` give them; an empty value says
    nothing. A line names its customer by external id, e-mail address or phone; who is not known is added, and a segment
    that was not known is filled in. Each brings its own consent: when, and how we know. `unit` is a code. `reading`:
    how times are written; None: ISO 8601 with an offset.

    Raises `InvalidFieldsError` of `rows` for more than `MOST_ROWS`.
    """
    require_panel(by, panel)
    lines = list(rows)
    if len(lines) > MOST_ROWS:
        raise InvalidFieldsError.of(
            "rows", "too_many", gettext("Send %(most)s lines at most at a time.") % {"most": counted(MOST_ROWS)}
        )
    _hold_customers(raw for _, raw in lines)
    units = {unit.code: unit for unit in Unit.objects.all()}
    outcomes = [_take_line(panel, line, raw, units, reading or Reading(), now) for line, raw in lines]
    joined = sum(outcome.status == "joined" for outcome in outcomes)
    audit.record(by, "import_members", panel.name, panel=str(panel.pk), lines=len(lines), joined=joined)
    return outcomes


def member_lines(stream: BinaryIO | Iterable[bytes]) -> Lines:
    """(line number, {column: text}) of a CSV file whose first line names some of `FIELDS`, for `import_members`.

    Raises `InvalidFieldsError` of `file` for a head that is not such, or a file that is no CSV.
    """
    return csv_rows(stream, _check_head)


def _check_head(head: list[str]) -> None:
    if not any(head):
        raise InvalidFieldsError.of(
            "file", "empty", gettext("The file is empty: its first line must name the columns.")
        )
    if unknown := [name for name in head if name not in FIELDS]:
        message = gettext("Unknown columns: %(unknown)s. Known: %(known)s.")
        message %= {"unknown": shown(", ".join(unknown), 200), "known": ", ".join(FIELDS)}
        raise InvalidFieldsError.of("file", "unknown_column", message)
    if len(set(head)) < len(head):
        raise InvalidFieldsError.of("file", "column_twice", gettext("A column stands there twice."))


def _hold_customers(raws: Iterable[Any]) -> None:
    """Those whom the lines name, in one order: whoever invites or erases them waits, and nobody for each other."""
    hold_names("import_members")
    told = [raw for raw in raws if isinstance(raw, Mapping)]
    ids = {str(raw.get("external_id") or "") for raw in told} - {""}
    emails = {str(raw.get("email") or "").strip().lower() for raw in told} - {""}
    named = Customer.objects.filter(Q(external_id__in=ids) | Q(email_ci__in=emails)).values_list("pk", flat=True)
    list(Customer.objects.select_for_update(no_key=True).filter(pk__in=list(named)).order_by("pk"))


def _take_line(
    panel: Panel, line: int, raw: Any, units: Mapping[str, Unit], reading: Reading, now: datetime
) -> MemberOutcome:
    try:
        told, consented_at = _read(raw, units, reading)
        with transaction.atomic():
            customer = match_customer(
                external_id=told["external_id"],
                email=told["email"],
                phone=told["phone"],
                name=told["name"],
                language=told["language"],
            )
            _tell_segment(customer, told["segment"])
            member = take_in(
                panel,
                customer,
                consented_at=consented_at,
                consent_source=told["consent_source"],
                now=now,
                via=Via.IMPORT,
                unit=units.get(told["unit"]),
            )
    except InvalidFieldsError as error:
        return MemberOutcome(line, "refused", errors=error.errors)
    except ConflictError as error:
        if error.code == "is_member":
            return MemberOutcome(line, "is_member")
        return MemberOutcome(line, "refused", errors=[FieldError("customer", error.code, str(error))])
    return MemberOutcome(line, "joined", member.pk)


def _read(raw: Any, units: Mapping[str, Unit], reading: Reading) -> tuple[dict[str, str], datetime]:
    """The texts of a line by field, "" where it says nothing, and when they consented; raises with all its errors."""
    if not isinstance(raw, Mapping):
        raise InvalidFieldsError.of("row", "unreadable", gettext("This line is not a row of named fields."))
    told = {name: raw.get(name) or "" for name in FIELDS}
    if errors := _form_errors(raw, told):
        raise InvalidFieldsError(errors)
    told = {name: value.strip() for name, value in told.items()}
    consented_at = _read_consent(told["consented_at"], reading)
    errors = _meaning_errors(told, units)
    if isinstance(consented_at, FieldError):
        raise InvalidFieldsError([*errors, consented_at])
    if errors:
        raise InvalidFieldsError(errors)
    return told, consented_at


def _form_errors(raw: Mapping[Any, Any], told: Mapping[str, Any]) -> list[FieldError]:
    unknown = [name for name in raw if name not in FIELDS]
    errors = [FieldError(shown(str(name), 60), "unknown", gettext("There is no such field.")) for name in unknown]
    for name, value in told.items():
        if not isinstance(value, str):
            errors.append(FieldError(name, "not_text", gettext("This must be text.")))
        else:
            errors += text_errors(name, value, 254)
    return errors


def _meaning_errors(told: Mapping[str, str], units: Mapping[str, Unit]) -> list[FieldError]:
    errors = text_errors("segment", told["segment"], MAX_SEGMENT)
    if not (told["external_id"] or told["email"] or told["phone"]):
        errors.append(
            FieldError("external_id", "required", gettext("Give an external id, an e-mail address or a phone."))
        )
    if told["unit"] and told["unit"] not in units:
        errors.append(
            FieldError("unit", "unknown", gettext("There is no unit “%(code)s”.") % {"code": told["unit"][:60]})
        )
    return errors


def _read_consent(text: str, reading: Reading) -> datetime | FieldError:
    if not text:
        return FieldError(
            "consented_at", "required", gettext("Say when they agreed: nobody is put on a panel unasked.")
        )
    return read_instant("consented_at", text, reading)


def _tell_segment(customer: Customer, segment: str) -> None:
    if not segment or segment == customer.segment:
        return
    if customer.segment:
        message = gettext("This customer is of the segment “%(segment)s”: change it there.")
        message %= {"segment": customer.segment}
        raise InvalidFieldsError.of("segment", "other_segment", message)
    customer.segment = segment
    customer.save(update_fields=["segment"])
