"""What an outcome does: to its motion, to the nomination, and, when it carried, to the rule."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F

from cso.committees.models import KillOrder, Motion, Nomination, OutcomeRecord
from cso.people.models import Person, Unit
from cso.people.queries import leader_of
from cso.rules.actions import amend_rule, change_rule
from cso.rules.models import Rule
from tenants.scope import day_of

# How long the owner of a kill order has, unless the chair says otherwise.
TIME_TO_EXECUTE = timedelta(days=28)

_STATUS = {
    OutcomeRecord.Result.CARRIED: Motion.Status.CARRIED,
    OutcomeRecord.Result.LOST: Motion.Status.LOST,
    OutcomeRecord.Result.INQUORATE: Motion.Status.INQUORATE,
}


def carry_out(outcome: OutcomeRecord, *, now: datetime) -> None:
    """In the transaction that declares the outcome, so that a carried kill has exactly one order."""
    motion = outcome.ballot.motion
    motion.status, motion.decided_at = _STATUS[OutcomeRecord.Result(outcome.result)], now
    is_carried = outcome.result == OutcomeRecord.Result.CARRIED
    if is_carried and motion.kind == Motion.Kind.REFER:
        motion.status = Motion.Status.REFERRED
    motion.revision += 1
    motion.save(update_fields=["status", "decided_at", "revision"])
    if is_carried:
        _do(motion, outcome, now)
    _tell_nomination(motion, outcome)


def order_kill(
    rule: Rule, *, now: datetime, outcome: OutcomeRecord | None = None, nomination: Nomination | None = None
) -> KillOrder:
    """The order to take a rule away, to its owner; its time counts from the earliest nomination."""
    unit = rule.unit or Unit.objects.filter(parent=None).order_by("code").first()
    if outcome is not None:
        unit = rule.unit or outcome.ballot.motion.committee.unit
        nomination = nomination or outcome.ballot.motion.nomination
    assert unit is not None, "a workspace with a committee has units"
    return KillOrder.objects.create(
        rule=rule,
        unit=unit,
        outcome=outcome,
        nomination=nomination,
        owner=owner_for(rule, unit, now),
        nominated_at=nomination.submitted_at if nomination else now,
        ordered_at=now,
        due_at=now + TIME_TO_EXECUTE,
    )


def owner_for(rule: Rule, unit: Unit, now: datetime) -> Person | None:
    """Who answers for the rule: its owner, else who leads the unit, or the nearest above, today."""
    owner: Person | None = rule.owner
    above: Unit | None = unit
    while owner is None and above is not None:
        leadership = leader_of(above, day_of(now))
        owner, above = leadership.person if leadership else None, above.parent
    return owner


def _do(motion: Motion, outcome: OutcomeRecord, now: datetime) -> None:
    if motion.kind == Motion.Kind.KILL:
        order_kill(motion.rule, now=now, outcome=outcome)
    elif motion.kind == Motion.Kind.CHANGE:
        amend_rule(motion.rule, motion.new_text, by=None, now=now)
    elif motion.kind == Motion.Kind.KEEP:
        change_rule(motion.rule, by=None, now=now, sunset_on=motion.keep_until)


def _tell_nomination(motion: Motion, outcome: OutcomeRecord) -> None:
    """Carried or lost it is decided; referred or without a quorum it goes on."""
    if motion.nomination_id is None:
        return
    nomination = Nomination.objects.filter(pk=motion.nomination_id)
    if motion.status == Motion.Status.REFERRED:
        nomination.update(committee=motion.refer_to, revision=F("revision") + 1)
    elif motion.status != Motion.Status.INQUORATE:
        nomination.update(status=Nomination.Status.DECIDED, revision=F("revision") + 1)
