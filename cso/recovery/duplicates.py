"""Two reports of one mistake: offered, merged, and split again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from cso.customers.matching import customers_alike
from cso.errors import ConflictError, InvalidFieldsError
from cso.people.models import UnitAncestor
from cso.recovery.actions import lock_case, save_case
from cso.recovery.merged_clocks import INSTANTS, follow_duplicates, merges_of, own_instants
from cso.recovery.models import Case, EventKind, Merge
from cso.recovery.queries import visible_cases
from cso.recovery.triggers import lock_customers
from tenants import audit
from tenants.models import Actor, ApiKey, Membership

NEAR = timedelta(days=14)
MOST_OFFERED = 10
# How many of a customer's cases are looked at to find those; nobody reports as many mistakes in two weeks.
_MOST_COMPARED = 200
# The share of the words of the shorter summary that the other has too.
_ALIKE = 0.5


def probable_duplicates(case: Case, *, viewer: Actor | None = None) -> list[Case]:
    """Other cases that may be the same mistake, the likeliest first, at most ten; of those that `viewer` may see.

    They are of the same customer, or of one with the same e-mail address or phone; count in the figures; and were
    reported within 14 days of this one. Those come first that share most of: a unit or one above the other, the cause,
    similar words; then those nearest in time. Unit and customer are read with them.
    """
    if case.customer is None or case.merged_into_id is not None:
        return []
    cases = Case.objects.all() if viewer is None else visible_cases(viewer)
    customers = [customer.pk for customer in customers_alike(case.customer)]
    near = cases.filter(
        customer__in=customers,
        is_valid=True,
        reported_at__gte=case.reported_at - NEAR,
        reported_at__lte=case.reported_at + NEAR,
    )
    found = list(near.exclude(pk=case.pk).select_related("unit", "customer").order_by("-reported_at")[:_MOST_COMPARED])
    line = _units_in_line(case.unit_id) if found else set()
    words = _words(case.summary)

    def unlikeliness(other: Case) -> tuple[int, timedelta]:
        shared = [
            other.unit_id in line,
            other.cause_id is not None and other.cause_id == case.cause_id,
            _is_similar(words, _words(other.summary)),
        ]
        return -sum(shared), abs(other.reported_at - case.reported_at)

    return sorted(found, key=unlikeliness)[:MOST_OFFERED]


def duplicates_of(case: Case) -> list[Case]:
    """The cases that were merged into this one, the first report first."""
    return list(Case.objects.filter(merged_into=case).select_related("unit").order_by("reported_at", "id"))


def merge_cases(duplicate: Case, into: Case, *, by: Actor | None, now: datetime) -> Case:
    """Make one case of two that are the same mistake; returns the survivor, `into`.

    The survivor's clock becomes the earliest of both, and what had to be asked above somebody's authority for either
    counts for it. The duplicate leaves every figure and takes no more acts; what hangs on it (contacts, tasks,
    promises, files) stays there. `split_case` undoes it.

    Raises `InvalidFieldsError` of `into` for a case into itself; `ConflictError` for a duplicate that is merged
    already or holds duplicates of its own, for an `into` that is merged itself, and for cases that count nowhere.
    """
    if duplicate.pk == into.pk:
        raise InvalidFieldsError.of("into", "itself", _("A case cannot be merged into itself."))
    duplicate, into = lock_both(by, duplicate, into)
    _refuse_merge(duplicate, into)
    own = own_instants(into)
    before = _instants_of(into)
    duplicate.merged_into = into
    duplicate = save_case(
        duplicate, EventKind.MERGED, by, now, "", "merged_into", changes={"merged into": ["", into.reference]}
    )
    Merge.objects.create(
        survivor=into,
        duplicate=duplicate,
        own_occurred_at=own.occurred_at,
        own_reported_at=own.reported_at,
        merged_at=now,
        member=by if isinstance(by, Membership) else None,
        api_key=by if isinstance(by, ApiKey) else None,
    )
    follow_duplicates(into, own)
    into.approvals_asked += duplicate.approvals_asked
    changes = {"duplicate": ["", duplicate.reference]} | _changed(before, _instants_of(into))
    audit.record(by, "merge_cases", duplicate.reference, into=into.reference)
    return save_case(into, EventKind.DUPLICATE_TAKEN_IN, by, now, "", *INSTANTS, "approvals_asked", changes=changes)


def split_case(duplicate: Case, *, by: Actor | None, now: datetime) -> Case:
    """Make two cases again of what was merged; returns the one that was the duplicate, which counts as it did before.

    The survivor's clock is the earliest of its own and those of the duplicates that it still holds.

    Raises `ConflictError` for a case that is not merged, and where the survivor was fixed before its clock would start.
    """
    into = duplicate.merged_into
    if into is None:
        raise ConflictError(_("This case is not merged into another."), code="not_merged")
    duplicate, into = lock_both(by, duplicate, into)
    if duplicate.merged_into_id != into.pk:
        raise ConflictError(_("This case is not merged into another."), code="not_merged")
    own, before = own_instants(into), _instants_of(into)
    duplicate.merged_into = None
    duplicate = save_case(
        duplicate, EventKind.SPLIT, by, now, "", "merged_into", changes={"merged into": [into.reference, ""]}
    )
    merges_of(into).filter(duplicate=duplicate).update(split_at=now)
    follow_duplicates(into, own)
    into.approvals_asked -= duplicate.approvals_asked
    _refuse_fix_before_clock(into)
    changes = {"duplicate": [duplicate.reference, ""]} | _changed(before, _instants_of(into))
    audit.record(by, "split_case", duplicate.reference, was_in=into.reference)
    save_case(into, EventKind.DUPLICATE_LET_GO, by, now, "", *INSTANTS, "approvals_asked", changes=changes)
    return duplicate


def lock_both(by: Actor | None, one: Case, other: Case) -> tuple[Case, Case]:
    """Both, locked in one order by everybody, and both customers before either."""
    lock_customers([one.customer_id, other.customer_id])
    held = {case.pk: lock_case(case, by, merged_too=True) for case in sorted((one, other), key=lambda case: case.pk)}
    return held[one.pk], held[other.pk]


def _refuse_merge(duplicate: Case, into: Case) -> None:
    for case in (duplicate, into):
        if case.merged_into is not None:
            message = _("Case %(reference)s was merged into %(survivor)s: work on that one.") % {
                "reference": case.reference,
                "survivor": case.merged_into.reference,
            }
            raise ConflictError(message, code="merged")
        if not case.is_valid:
            raise ConflictError(
                _("Case %(reference)s counts nowhere: count it again first.") % {"reference": case.reference},
                code="not_counted",
            )
    if duplicate.times_undone or duplicate.answered_at or duplicate.first_promise_broken_at:
        message = _(
            "Case %(reference)s was disputed, reopened or answered, or a promise of it was broken: that must count. "
            "Merge the other way round."
        ) % {"reference": duplicate.reference}
        raise ConflictError(message, code="has_history")
    if merges_of(duplicate).exists():
        message = _("Case %(reference)s took in duplicates itself: merge the other way round, or split them first.") % {
            "reference": duplicate.reference
        }
        raise ConflictError(message, code="has_duplicates")


def _refuse_fix_before_clock(into: Case) -> None:
    """A fix that was told after the merge may lie before the survivor's own clock."""
    start = into.occurred_at or into.reported_at
    if into.first_fixed_at is not None and into.first_fixed_at < start:
        message = _("Case %(reference)s was fixed before its own clock started: correct when it happened first.") % {
            "reference": into.reference
        }
        raise ConflictError(message, code="fixed_before_own_clock")


def _instants_of(case: Case) -> dict[str, datetime | None]:
    return {field: getattr(case, field) for field in INSTANTS}


def _changed(before: dict[str, datetime | None], after: dict[str, datetime | None]) -> dict[str, Any]:
    return {
        field: [was and was.isoformat(), instant and instant.isoformat()]
        for field, was in before.items()
        if (instant := after[field]) != was
    }


def _units_in_line(unit: UUID) -> set[UUID]:
    """The unit, those above it and those below."""
    pairs = UnitAncestor.objects.filter(Q(unit=unit) | Q(ancestor=unit)).values_list("unit_id", "ancestor_id")
    return {one for pair in pairs for one in pair}


def _words(summary: str) -> set[str]:
    return {word for word in re.findall(r"\w+", summary.casefold()) if len(word) > 2}


def _is_similar(one: set[str], other: set[str]) -> bool:
    return len(one & other) >= max(2, _ALIKE * min(len(one), len(other)))
