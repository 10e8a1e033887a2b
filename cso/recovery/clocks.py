"""What must hold of a case's instants, in one place for a single case and for a million rows; and its second clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cso.errors import FieldError, InvalidFieldsError
from cso.recovery.models import CLOCK_TOLERANCE, Case, ContactKind

AFTER_RECORDED = gettext_lazy("The first report cannot be later than when this server first heard of the case.")
# Before it lies a typing error, and no calendar of periods.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def instant_errors(
    *, occurred_at: datetime | None, reported_at: datetime | None, first_fixed_at: datetime | None, now: datetime
) -> list[FieldError]:
    """Every rule of the three instants that is broken, by field; all are aware, and None where nothing is told."""
    latest = now + CLOCK_TOLERANCE
    found = []
    for field, instant in (("occurred_at", occurred_at), ("reported_at", reported_at), ("fixed_at", first_fixed_at)):
        if instant is not None and instant > latest:
            found.append(FieldError(field, "in_the_future", _("This is in the future.")))
        if instant is not None and instant < EARLIEST:
            found.append(FieldError(field, "too_early", _("This is before %(year)s.") % {"year": EARLIEST.year}))
    if occurred_at is not None and reported_at is not None and occurred_at > reported_at:
        found.append(
            FieldError("occurred_at", "after_reported", _("The mistake cannot be later than its first report."))
        )
    start = occurred_at or reported_at
    if first_fixed_at is not None and start is not None and first_fixed_at < start:
        found.append(FieldError("fixed_at", "before_opened", _("The case cannot be fixed before it was opened.")))
    return found


@dataclass(frozen=True)
class Floor:
    """An instant that an act cannot precede, and how it is refused when it does; None: there is none."""

    instant: datetime | None
    code: str
    message: str


def act_instant(at: datetime | None, *, now: datetime, after: Sequence[Floor]) -> datetime:
    """When an act happened: `at`, or now when that is not told. Raises `InvalidFieldsError` for a time it cannot be."""
    if at is None:
        # A caller's clock may run ahead of ours: what was just told to us is followed by this all the same.
        return max([now, *(floor.instant for floor in after if floor.instant is not None)])
    if at > now + CLOCK_TOLERANCE:
        raise InvalidFieldsError.of("at", "in_the_future", _("This is in the future."))
    for floor in after:
        if floor.instant is not None and at < floor.instant:
            raise InvalidFieldsError.of("at", floor.code, floor.message)
    return at


def since_start(case: Case) -> Floor:
    """Nothing happens to a case before its clock starts."""
    return Floor(case.clock_start, "before_opened", _("This is before the case began."))


@dataclass(frozen=True)
class ContactsMade:
    """When a customer was last told anything; told how it was solved, or asked how it went afterwards. None: never."""

    last_at: datetime | None = None
    resolution_at: datetime | None = None
    follow_up_at: datetime | None = None


def contact_owed(
    *,
    reported_at: datetime,
    fixed_at: datetime | None,
    fixed_here: bool,
    undone_at: datetime | None,
    made: ContactsMade,
    answered_at: datetime | None,
    times: Mapping[str, timedelta],
) -> tuple[ContactKind, datetime] | None:
    """Which contact a known customer is owed next, and by when; None when all were made.

    fixed_here: the log tells of a fix; a case that was fixed before it came here owes nothing while it stays so.
    undone_at: the last reopening or dispute. answered_at: the customer's last answer; whoever has answered about the
    fix knows how it stands, and is owed nothing. times: how long each kind of contact may take, by `ContactKind`.
    While a case is open any contact is a sign of life; once it is fixed the customer is owed word of that, and a
    follow-up.
    """
    if fixed_at is None:
        last = max((instant for instant in (made.last_at, undone_at) if instant is not None), default=None)
        if last is None:
            return ContactKind.ACKNOWLEDGE, reported_at + times[ContactKind.ACKNOWLEDGE]
        return ContactKind.STATUS, last + times[ContactKind.STATUS]
    known = max((instant for instant in (made.follow_up_at, answered_at) if instant is not None), default=None)
    if not fixed_here or (known is not None and known >= fixed_at):
        return None
    if made.resolution_at is None or made.resolution_at < fixed_at:
        return ContactKind.RESOLUTION, fixed_at + times[ContactKind.RESOLUTION]
    return ContactKind.FOLLOW_UP, fixed_at + times[ContactKind.FOLLOW_UP]
