"""What an outcome does: to its motion, to the nomination, and, when it carried, to the rule."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F

from cso.committees.models import KillOrder, Motion, Nomination, OutcomeRecord
from cso.committees.reviving import revive_rule
from cso.people.models import Person, Unit
from cso.people.queries import leader_of
from cso.rules.actions import amend_rule, change_rule
from cso.rules.models import Origin, Rule
from tenants.scope import day_of

# How long the owner of a kill order has, unless the chair says otherwise.
TIME_TO_EXECUTE = timedelta(days=28)

_STATUS = {
    OutcomeRecord.Result.CARRIED: Motion.Status.CARRIED,
    OutcomeRecord.Result.LOST: Motion.Status.LOST,
    OutcomeRecord.Result.INQUORATE: Motion.Status.INQUORATE,
}


def carry_out(outcome: OutcomeRecord, *, now: datetime) -> KillOrder | None:
    """In the transaction that declares the outcome, so that a carried kill has exactly one order; returns it."""
    motion = Motion.objects.select_related("committee__unit", "nomination").get(pk=outcome.ballot.motion_id)
    motion.status, motion.decided_at = _STATUS[OutcomeRecord.Result(outcome.result)], now
    is_carried = outcome.result == OutcomeRecord.Result.CARRIED
    if is_carried and motion.kind == Motion.Kind.REFER:
        motion.status = Motion.Status.REFERRED
    motion.revision += 1
    motion.save(update_fields=["status", "decided_at", "revision"])
    rule = Rule.objects.select_for_update().get(pk=motion.rule_id)
    order = _do(motion, rule, outcome, now) if is_carried else None
    _tell_nomination(motion, order)
    settle_review(rule)
    return order


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
        nominated_at=min(nomination.submitted_at, now) if nomination else _moved_at(outcome, now),
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


def settle_review(rule: Rule) -> None:
    """A rule that holds is under review while a motion on it, or an order to kill it, is pending."""
    rule = Rule.objects.select_for_update().get(pk=rule.pk)
    live = [Motion.Status.DRAFT, Motion.Status.DELIBERATING, Motion.Status.BALLOTING]
    is_pending = (
        rule.motions.filter(status__in=live).exists() or rule.kill_orders.filter(status__in=KillOrder.OPEN).exists()
    )
    if rule.status in {Rule.Status.ACTIVE, Rule.Status.REINSTATED} and is_pending:
        Rule.objects.filter(pk=rule.pk).update(status=Rule.Status.UNDER_REVIEW)
    elif rule.status == Rule.Status.UNDER_REVIEW and not is_pending:
        was_back = rule.kill_orders.filter(status=KillOrder.Status.REINSTATED).exists()
        Rule.objects.filter(pk=rule.pk).update(status=Rule.Status.REINSTATED if was_back else Rule.Status.ACTIVE)


def _moved_at(outcome: OutcomeRecord | None, now: datetime) -> datetime:
    return outcome.ballot.motion.moved_at if outcome is not None else now


def _do(motion: Motion, rule: Rule, outcome: OutcomeRecord, now: datetime) -> KillOrder | None:
    """What was carried, as far as the rule, which may have changed since the ballot opened, still lets it."""
    if motion.kind == Motion.Kind.KILL and rule.status in Rule.HOLDING and rule.origin != Origin.EXTERNAL_LAW:
        return order_kill(rule, now=now, outcome=outcome)
    if motion.kind == Motion.Kind.CHANGE and rule.status in Rule.HOLDING:
        amend_rule(rule, motion.new_text, by=None, now=now)
    elif motion.kind == Motion.Kind.KEEP and motion.keep_until is not None:
        revive_rule(rule, now=now, because=outcome.sentence)
        # A ballot that was extended may outlast the day until which the rule was to be kept.
        rule.refresh_from_db()
        if motion.keep_until > day_of(now) and rule.status in Rule.HOLDING:
            change_rule(rule, by=None, now=now, sunset_on=motion.keep_until)
    return None


def _tell_nomination(motion: Motion, order: KillOrder | None) -> None:
    """Carried or lost it is decided, and ended where no order follows; referred or without a quorum it goes on."""
    if motion.nomination_id is None:
        return
    nomination = Nomination.objects.filter(pk=motion.nomination_id)
    if motion.status == Motion.Status.REFERRED:
        to = motion.refer_to
        if to is None or to.dissolved_at is not None:
            # It was dissolved while the others voted: the triage finds another.
            nomination.update(status=Nomination.Status.TRIAGED, committee=None, revision=F("revision") + 1)
        else:
            nomination.update(committee=to, revision=F("revision") + 1)
    elif motion.status != Motion.Status.INQUORATE:
        ended_at = motion.decided_at if order is None else None
        nomination.update(status=Nomination.Status.DECIDED, ended_at=ended_at, revision=F("revision") + 1)
