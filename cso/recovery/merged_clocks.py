"""The clock of a case that took in duplicates: the earliest of them all, and each one's own to give back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cso.errors import InvalidFieldsError
from cso.recovery.models import Case, Merge

INSTANTS = ("occurred_at", "reported_at")


class Instants(NamedTuple):
    """When one case happened (None: unknown) and was first reported."""

    occurred_at: datetime | None
    reported_at: datetime

    @property
    def clock_start(self) -> datetime:
        return self.occurred_at or self.reported_at


def earliest(each: Iterable[Instants]) -> Instants:
    """The instants of several cases that are one: the first report of them, and the earliest of their clocks.

    They agree: no clock starts after its own report, so the earliest does not start after the first report.
    """
    known = list(each)
    start = min(one.clock_start for one in known)
    is_known = any(one.occurred_at == start for one in known)
    return Instants(start if is_known else None, min(one.reported_at for one in known))


def merges_of(case: Case) -> QuerySet[Merge]:
    """What the case took in and did not let go of."""
    return Merge.objects.filter(survivor=case, split_at=None)


def own_instants(case: Case) -> Instants:
    """The case's instants as it had them before it took in anything."""
    merge = merges_of(case).first()
    return Instants(merge.own_occurred_at, merge.own_reported_at) if merge else _instants(case)


def follow_duplicates(case: Case, own: Instants) -> None:
    """Set a locked case's instants to the earliest of its own and those of the duplicates that it holds."""
    held = Case.objects.filter(merged_into=case)
    case.occurred_at, case.reported_at = earliest([own, *(_instants(one) for one in held)])


def correct_own(case: Case, fields: Collection[str]) -> tuple[str, ...]:
    """Make what was corrected in a case's instants its own, and set its clock anew; which fields to save besides.

    Nothing to do for a case that holds no duplicate. Raises `InvalidFieldsError` where its own two contradict.
    """
    if not set(fields) & set(INSTANTS) or not merges_of(case).exists():
        return ()
    own = own_instants(case)._replace(**{field: getattr(case, field) for field in INSTANTS if field in fields})
    if own.occurred_at is not None and own.occurred_at > own.reported_at:
        message = _("The mistake cannot be later than the report of this case, without its duplicates.")
        raise InvalidFieldsError.of("occurred_at", "after_reported", message)
    merges_of(case).update(own_occurred_at=own.occurred_at, own_reported_at=own.reported_at)
    follow_duplicates(case, own)
    return INSTANTS


def _instants(case: Case) -> Instants:
    return Instants(case.occurred_at, case.reported_at)
