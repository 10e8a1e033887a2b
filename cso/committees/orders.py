"""Kill orders: carried out by one person, seen by another, and checked for whether it helped."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from cso.alarms.actions import cancel_alarm, set_alarm, when_ringing
from cso.committees.consequences import settle_review
from cso.committees.effect import effect_of
from cso.committees.holding import may_chair
from cso.committees.invitations import tell_effect, tell_owner
from cso.committees.models import KillOrder, KillStep, Motion
from cso.committees.reviving import revive_rule
from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.people.models import Person
from cso.recovery.models import Case
from cso.rules.models import Rule
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, Membership
from tenants.permissions import require
from tenants.roles import Can

CHECKS = "check_rule_effect"
# How long before and after the verification the cases that cite the rule are counted.
OBSERVED = timedelta(weeks=8)
LONGEST = timedelta(days=366)
MAX_STEP, MAX_EVIDENCE, MAX_BECAUSE = 300, 2_000, 500
MOST_STEPS = 50


def name_owner(order: KillOrder, person: Person, *, by: Actor | None, now: datetime) -> KillOrder:
    """Give the order to somebody, who is told."""
    order = _for_chair(order, by)
    if order.owner_id == person.pk:
        return order
    order.owner = person
    _save(order, "owner")
    audit.record(by, "name_kill_owner", order.rule.title, order=str(order.pk), person=person.name)
    tell_owner(order, now=now)
    return order


def postpone(order: KillOrder, due_at: datetime, *, by: Actor | None, now: datetime, because: str) -> KillOrder:
    """Let it be due later, for a reason that the audit log keeps."""
    _refuse_text("because", because, MAX_BECAUSE)
    order = _for_chair(order, by)
    if due_at <= order.due_at:
        raise InvalidFieldsError.of("due_at", "not_later", _("Name a later day."))
    if due_at > now + LONGEST:
        raise InvalidFieldsError.of(
            "due_at", "too_late", _("Name a day within %(days)s days.") % {"days": LONGEST.days}
        )
    before, order.due_at = order.due_at, due_at
    _save(order, "due_at")
    changes = {"due_at": [before.isoformat(), due_at.isoformat()]}
    audit.record(by, "postpone_kill", order.rule.title, order=str(order.pk), changes=changes, because=because.strip())
    return order


def add_step(order: KillOrder, what: str, *, by: Actor | None, now: datetime) -> KillStep:
    """One thing to do so that the rule is gone."""
    _refuse_text("what", what, MAX_STEP)
    order = _for_owner(order, by)
    if order.steps.count() >= MOST_STEPS:
        raise ConflictError(_("An order has at most %(most)s steps.") % {"most": MOST_STEPS}, code="too_many")
    last = order.steps.aggregate(last=Max("position"))["last"] or 0
    step = KillStep.objects.create(order=order, position=last + 1, what=" ".join(what.split()))
    _save(order)
    return step


def finish_step(step: KillStep, *, by: Actor | None, now: datetime) -> KillStep:
    order = _for_owner(step.order, by)
    step = KillStep.objects.get(pk=step.pk)
    if step.done_at is not None:
        return step
    step.done_at, step.done_by = now, by if isinstance(by, Membership) else None
    step.save(update_fields=["done_at", "done_by"])
    order.status = KillOrder.Status.IN_PROGRESS
    _save(order, "status")
    return step


def execute_order(order: KillOrder, *, by: Actor | None, now: datetime, evidence: str) -> KillOrder:
    """The rule is out of the company's life, and `evidence` says how one can see it.

    Raises `ConflictError` with the code `steps_open`, or `reconsidered` while a motion to keep the rule is pending.
    """
    _refuse_text("evidence", evidence, MAX_EVIDENCE)
    order = _for_owner(order, by)
    if order.steps.filter(done_at=None).exists():
        raise ConflictError(_("Some steps are not done yet."), code="steps_open")
    live = [Motion.Status.DRAFT, Motion.Status.DELIBERATING, Motion.Status.BALLOTING]
    if Motion.objects.filter(rule=order.rule_id, kind=Motion.Kind.KEEP, status__in=live).exists():
        raise ConflictError(_("A committee is reconsidering this rule."), code="reconsidered")
    order.status, order.evidence = KillOrder.Status.EXECUTED, evidence.strip()
    order.executed_at, order.executed_by = now, by if isinstance(by, Membership) else None
    _save(order, "status", "evidence", "executed_at", "executed_by")
    _end_rule(order, now)
    audit.record(by, "execute_kill", order.rule.title, order=str(order.pk))
    return order


def verify_order(order: KillOrder, *, by: Actor | None, now: datetime, seen_by: Membership | None = None) -> KillOrder:
    """A second person saw that it is done; from now on the effect is observed, for 8 weeks.

    `seen_by`: who that was, where an integration tells of it.
    """
    require(by, Can.TRIAGE_NOMINATIONS)
    order = _locked(order)
    if order.status != KillOrder.Status.EXECUTED:
        raise ConflictError(_("It is not executed, or was verified before."), code="not_executed")
    if seen_by is not None and (seen_by.ended_at or not seen_by.can(Can.TRIAGE_NOMINATIONS)):
        raise NotAllowedError(_("Only who triages nominations verifies it."))
    witness = seen_by or by
    if witness is not None and _is_same(order, witness):
        raise NotAllowedError(_("Somebody else than who carried it out verifies it."))
    order.status, order.verified_at = KillOrder.Status.OBSERVING, now
    order.verified_by = witness if isinstance(witness, Membership) else None
    _save(order, "status", "verified_at", "verified_by")
    set_alarm(CHECKS, order.pk, now + OBSERVED)
    told = {"seen_by": seen_by.label} if seen_by else {}
    audit.record(by, "verify_kill", order.rule.title, order=str(order.pk), **told)
    return order


def check_effect(order: KillOrder, *, now: datetime) -> KillOrder:
    """Count what cites the rule, 8 weeks before and after the verification. Sooner, or done before: nothing happens."""
    order = _locked(order)
    if order.status != KillOrder.Status.OBSERVING or order.verified_at is None or now < order.verified_at + OBSERVED:
        return order
    verified = order.verified_at
    cases = Case.objects.filter(quoted_rule=order.rule_id, is_valid=True)
    before = cases.filter(clock_start__gte=verified - OBSERVED, clock_start__lt=verified).count()
    after = cases.filter(clock_start__gte=verified, clock_start__lt=verified + OBSERVED).count()
    order.status = KillOrder.Status(effect_of(before, after).verdict)
    order.cases_before, order.cases_after, order.effect_checked_at = before, after, now
    _save(order, "status", "cases_before", "cases_after", "effect_checked_at")
    tell_effect(order, now=now)
    return order


def reinstate(order: KillOrder, *, by: Actor | None, now: datetime, because: str) -> KillOrder:
    """The rule holds again: killing it did harm. Before its execution only a ballot takes an order back."""
    require(by, Can.RUN_COMMITTEES)
    _refuse_text("because", because, MAX_BECAUSE)
    order = _locked(order)
    if order.status == KillOrder.Status.REINSTATED:
        raise ConflictError(_("The rule is back already."), code="reinstated_already")
    if order.status in KillOrder.OPEN:
        raise ConflictError(_("It is not executed: a ballot may take it back."), code="not_executed")
    revive_rule(order.rule, now=now, because=because.strip())
    cancel_alarm(CHECKS, order.pk)
    settle_review(order.rule)
    audit.record(by, "reinstate_rule", order.rule.title, order=str(order.pk), because=because.strip())
    return KillOrder.objects.select_related("rule", "owner").get(pk=order.pk)


@when_ringing(CHECKS)
def check_due(subject: UUID, *, now: datetime) -> None:
    if order := KillOrder.objects.filter(pk=subject).first():
        check_effect(order, now=now)


def _end_rule(order: KillOrder, now: datetime) -> None:
    rule = Rule.objects.select_for_update().get(pk=order.rule_id)
    if rule.status in Rule.HOLDING or rule.status == Rule.Status.EXPIRED:
        rule.status, rule.withdrawn_at = Rule.Status.KILLED, rule.withdrawn_at or now
        rule.withdrawn_because = rule.withdrawn_because or order.evidence[:MAX_BECAUSE]
        rule.revision += 1
        rule.save(update_fields=["status", "withdrawn_at", "withdrawn_because", "revision"])


def _is_same(order: KillOrder, by: Actor) -> bool:
    """Whether `by` is who executed the order: its owner, where a key told it, which cannot verify it either."""
    if order.executed_by_id is not None:
        return isinstance(by, Membership) and order.executed_by_id == by.pk
    return not isinstance(by, Membership) or (order.owner is not None and order.owner.member_id == by.pk)


def _for_owner(order: KillOrder, by: Actor | None) -> KillOrder:
    """An order that is not executed yet, for its owner and who runs committees."""
    order = _open(order)
    is_owner = isinstance(by, Membership) and order.owner is not None and order.owner.member_id == by.pk
    if not (is_owner or by is None or by.can(Can.RUN_COMMITTEES)):
        raise NotAllowedError(_("Only the owner of the order does this."))
    return order


def _for_chair(order: KillOrder, by: Actor | None) -> KillOrder:
    """An order that is not executed yet, for the chair of the committee that gave it and who runs committees."""
    order = _open(order)
    committee = order.outcome.ballot.motion.committee_id if order.outcome else None
    if not (by is None or by.can(Can.RUN_COMMITTEES) or (committee and may_chair(committee, by))):
        raise NotAllowedError(_("Only the chair of the committee does this."))
    return order


def _open(order: KillOrder) -> KillOrder:
    order = _locked(order)
    if order.status not in KillOrder.OPEN:
        raise ConflictError(_("This order is executed, or was taken back."), code="not_open")
    return order


def _locked(order: KillOrder) -> KillOrder:
    # The rule first, as all who decide about it do.
    Rule.objects.select_for_update().get(pk=order.rule_id)
    KillOrder.objects.select_for_update().get(pk=order.pk)
    return KillOrder.objects.select_related("rule", "owner__member", "outcome__ballot__motion", "nomination").get(
        pk=order.pk
    )


def _save(order: KillOrder, *fields: str) -> None:
    order.revision += 1
    order.save(update_fields=[*fields, "revision"])


def _refuse_text(field: str, text: str, longest: int) -> None:
    if not text.strip():
        raise InvalidFieldsError.of(field, "required", _("This is needed."))
    if errors := text_errors(field, text, longest):
        raise InvalidFieldsError(errors)
