"""Opening a ballot: charter, motion, evidence and roll are frozen, and the voters are told."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from cso.alarms.actions import cancel_alarm, set_alarm
from cso.clock import database_now
from cso.committees.bodies import charter_of
from cso.committees.evidence import evidence_on
from cso.committees.holding import save
from cso.committees.invitations import invite_voters
from cso.committees.models import Ballot, Delegation, Motion, RollEntry, Seat, SeatTenure
from cso.committees.secrecy import begin_count
from cso.people.models import Person
from cso.recovery.settings import recovery_settings

OPENS, CLOSES, CASTING_LAPSES = "open_ballot", "close_ballot", "casting_vote_lapses"
_FROZEN = ("charter", "opened_at", "status", "is_secret", "motion_text", "rule_text", "evidence", "evidence_hash")


def open_ballot(ballot: Ballot) -> Ballot:
    """Freeze all that it is voted on and by whom. The caller holds the row alone, or has just made it."""
    motion = Motion.objects.select_related("rule", "committee").get(pk=ballot.motion_id)
    charter = charter_of(motion.committee)
    db_now = database_now()
    ballot.charter, ballot.opened_at, ballot.status = charter, db_now, Ballot.Status.OPEN
    ballot.is_secret, ballot.motion_text = charter.is_secret, motion.text
    version = motion.rule.versions.order_by("-number").first()
    ballot.rule_text = version.text if version else ""
    ballot.evidence, ballot.evidence_hash = evidence_on(motion.rule, until=db_now)
    save(ballot, *_FROZEN)
    if ballot.is_secret:
        begin_count(ballot)
    RollEntry.objects.bulk_create(_roll(ballot, motion, db_now))
    Motion.objects.filter(pk=motion.pk).update(status=Motion.Status.BALLOTING, revision=F("revision") + 1)
    cancel_alarm(OPENS, ballot.pk)
    set_alarm(CLOSES, ballot.pk, ballot.closes_at)
    invite_voters(ballot, now=db_now)
    return ballot


def _roll(ballot: Ballot, motion: Motion, db_now: datetime) -> list[RollEntry]:
    assert ballot.charter is not None
    seats = list(Seat.objects.filter(committee=motion.committee_id, retired_at=None).order_by("label"))
    held = Q(starts_at__lte=db_now) & (Q(ends_at=None) | Q(ends_at__gt=db_now))
    tenures = SeatTenure.objects.filter(held, seat__in=seats, member__ended_at=None)
    holders = {each.seat_id: (each.member_id, each.holder_name) for each in tenures}
    nobody: tuple[UUID | None, str] = (None, "")
    delegations = Delegation.objects.filter(seat__in=seats, revoked_at=None) if ballot.charter.allows_delegation else []
    delegates = {each.seat_id: holders.get(each.to_seat_id, nobody)[0] for each in delegations}
    owner = Person.objects.filter(pk=motion.rule.owner_id).values_list("member_id", flat=True).first()
    kills_own = ballot.charter.owner_is_recused and motion.kind == Motion.Kind.KILL
    with override(recovery_settings().language):
        owns = _("Owns the rule")
    entries = []
    for seat in seats:
        member, holder_name = holders.get(seat.pk, nobody)
        is_owner = kills_own and member is not None and member == owner
        status = RollEntry.Status.ELIGIBLE if member or holder_name else RollEntry.Status.VACANT
        entries.append(
            RollEntry(
                ballot=ballot,
                seat=seat,
                label=seat.label,
                is_chair=seat.is_chair,
                member_id=member,
                holder_name=holder_name,
                delegate_id=delegates.get(seat.pk) if member else None,
                status=RollEntry.Status.RECUSED if is_owner else status,
                recused_because=owns if is_owner else "",
            )
        )
    return entries
