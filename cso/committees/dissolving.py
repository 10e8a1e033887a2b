"""Dissolving a committee: what it decided stays, and what waits for it goes back to where it can be decided."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from cso.committees.consequences import settle_review
from cso.committees.holding import hold_standing
from cso.committees.models import Ballot, Committee, Delegation, Motion, Nomination, SeatTenure
from cso.committees.motions import LIVE, RUNNING
from cso.errors import ConflictError, InvalidFieldsError
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor
from tenants.permissions import require
from tenants.roles import Can

MAX_BECAUSE = 500


def dissolve_committee(committee: Committee, *, because: str, by: Actor | None, now: datetime) -> Committee:
    """The committee is no more: its seats fall vacant, its motions are withdrawn, its docket goes back to the triage.

    Outcomes stay as they are, and so do the orders that they gave. Its name is not free again.

    Raises `ConflictError` with the code `in_ballot` while a ballot runs or waits for the chair's vote, `dissolved` the
    second time; `InvalidFieldsError` without a reason.
    """
    require(by, Can.RUN_COMMITTEES)
    because = " ".join(because.split())
    if not because:
        raise InvalidFieldsError.of("because", "required", _("Say why it is dissolved."))
    if errors := text_errors("because", because, MAX_BECAUSE):
        raise InvalidFieldsError(errors)
    committee = hold_standing(committee)
    _withdraw_motions(committee, now)
    _empty_docket(committee)
    _vacate_seats(committee, now)
    committee.dissolved_at = now
    committee.save(update_fields=["dissolved_at"])
    audit.record(by, "dissolve_committee", committee.name, committee=str(committee.pk), because=because)
    return committee


def _withdraw_motions(committee: Committee, now: datetime) -> None:
    """Motions before rules, as the close of a ballot does; under their lock no ballot is opened."""
    live = Motion.objects.filter(committee=committee, status__in=LIVE)
    held = list(live.select_for_update(of=("self",)).select_related("rule").order_by("pk"))
    if Ballot.objects.filter(motion__in=held, status__in=RUNNING).exists():
        message = _("A ballot is before this committee: let it be decided, or call it off first.")
        raise ConflictError(message, code="in_ballot")
    Motion.objects.filter(pk__in=[each.pk for each in held]).update(
        status=Motion.Status.WITHDRAWN, decided_at=now, revision=F("revision") + 1
    )
    for motion in sorted(held, key=lambda each: each.rule_id):
        settle_review(motion.rule)


def _empty_docket(committee: Committee) -> None:
    waiting = Nomination.objects.filter(committee=committee, status=Nomination.Status.DOCKETED)
    held = list(waiting.select_for_update().order_by("pk").values_list("pk", flat=True))
    Nomination.objects.filter(pk__in=held).update(
        status=Nomination.Status.TRIAGED, committee=None, revision=F("revision") + 1
    )


def _vacate_seats(committee: Committee, now: datetime) -> None:
    held = SeatTenure.objects.filter(seat__committee=committee, ends_at=None)
    held.filter(starts_at__gte=now).delete()
    held.update(ends_at=now)
    Delegation.objects.filter(seat__committee=committee, revoked_at=None).update(revoked_at=now)
