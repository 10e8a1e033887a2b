"""What must hold of a case's instants, in one place for a single case and for a million rows."""

from __future__ import annotations

from datetime import UTC, datetime

from cso.errors import FieldError
from cso.recovery.models import CLOCK_TOLERANCE

AFTER_RECORDED = "The first report cannot be later than when this server first heard of the case."
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
            found.append(FieldError(field, "in_the_future", "This is in the future."))
        if instant is not None and instant < EARLIEST:
            found.append(FieldError(field, "too_early", f"This is before {EARLIEST.year}."))
    if occurred_at is not None and reported_at is not None and occurred_at > reported_at:
        found.append(FieldError("occurred_at", "after_reported", "The mistake cannot be later than its first report."))
    start = occurred_at or reported_at
    if first_fixed_at is not None and start is not None and first_fixed_at < start:
        found.append(FieldError("fixed_at", "before_opened", "The case cannot be fixed before it was opened."))
    return found
