"""Outcomes: made, changed, put in order, looked at again and ended; and which metrics serve them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Max
from django.utils.translation import gettext as _

from cso.errors import ConflictError, FieldError, InvalidFieldsError, NotAllowedError
from cso.metrics.registry import METRICS
from cso.people.models import Person
from cso.strategy.goals import goal_errors
from cso.strategy.models import Initiative, Outcome, OutcomeMetric, OutcomeReview
from cso.strategy.permissions import may_keep
from cso.strategy.wording import MAX_BECAUSE, MAX_DECIDED, MAX_DESCRIPTION, MAX_NAME, plain, review_errors, said
from cso.texts import text_errors
from tenants import audit
from tenants.locks import hold_names
from tenants.models import Actor, Membership
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import day_of

# More than a company can mean at a time.
MOST_OUTCOMES = 20


def make_outcome(
    name: str, *, owner: Person, review_on: date, by: Actor | None, now: datetime, description: str = ""
) -> Outcome:
    """One more outcome, behind the others. Raises `ConflictError` for a name in use, and once there are too many.

    review_on: the day by which it is looked at, after today and within a year.
    """
    require(by, Can.SET_STRATEGY)
    name, description = plain(name), description.strip()
    errors = _name_errors(name) + text_errors("description", description, MAX_DESCRIPTION)
    if errors := errors + review_errors("review_on", review_on, day_of(now)):
        raise InvalidFieldsError(errors)
    hold_names("outcomes")
    live = Outcome.objects.filter(ended_at=None)
    if live.count() >= MOST_OUTCOMES:
        message = _("End one first: %(n)s are what can be meant at a time.") % {"n": MOST_OUTCOMES}
        raise ConflictError(message, code="too_many")
    _check_unused(name)
    last = live.aggregate(last=Max("position"))["last"]
    outcome = Outcome.objects.create(
        name=name,
        description=description,
        owner=owner,
        position=0 if last is None else last + 1,
        review_on=review_on,
        made_at=now,
    )
    _audit(by, "make_outcome", outcome, owner=owner.name, review_on=str(review_on))
    return outcome


def change_outcome(
    outcome: Outcome,
    *,
    by: Actor | None,
    name: str | None = None,
    description: str | None = None,
    owner: Person | None = None,
) -> Outcome:
    """Its words, or who owns it; what is left out stays. The day of its review is moved by a review alone."""
    require(by, Can.SET_STRATEGY)
    hold_names("outcomes")
    outcome = _live(outcome)
    name = plain(name) if name is not None else outcome.name
    description = description.strip() if description is not None else outcome.description
    if errors := _name_errors(name) + text_errors("description", description, MAX_DESCRIPTION):
        raise InvalidFieldsError(errors)
    wanted = {"name": name, "description": description, "owner": owner or outcome.owner}
    changed = {field: (getattr(outcome, field), value) for field, value in wanted.items()}
    changed = {field: (was, value) for field, (was, value) in changed.items() if was != value}
    if not changed:
        return outcome
    if "name" in changed:
        _check_unused(name)
    for field, (_was, value) in changed.items():
        setattr(outcome, field, value)
    outcome.save(update_fields=list(changed))
    _audit(by, "change_outcome", outcome, **{field: [str(was), str(is_)] for field, (was, is_) in changed.items()})
    return outcome


def order_outcomes(outcomes: Sequence[Outcome], *, by: Actor | None) -> list[Outcome]:
    """Put all that have not ended in this order. Raises `InvalidFieldsError` where one is missing or told twice."""
    require(by, Can.SET_STRATEGY)
    hold_names("outcomes")
    live = {outcome.pk: outcome for outcome in Outcome.objects.filter(ended_at=None)}
    wanted = [outcome.pk for outcome in outcomes]
    if len(wanted) != len(live) or set(wanted) != set(live):
        raise InvalidFieldsError.of("outcomes", "not_all", _("Name each outcome that has not ended, once."))
    ordered = [live[pk] for pk in wanted]
    before = [outcome.position for outcome in ordered]
    for position, outcome in enumerate(ordered):
        outcome.position = position
    if before != list(range(len(ordered))):
        Outcome.objects.bulk_update(ordered, ["position"])
        audit.record(by, "order_outcomes", "outcomes", order=[outcome.name for outcome in ordered])
    return ordered


def review_outcome(outcome: Outcome, *, decided: str, next_on: date, by: Actor | None, now: datetime) -> OutcomeReview:
    """Record that it was looked at: what was decided, and the day by which it is looked at again."""
    outcome = _live(outcome)
    if not may_keep(by, outcome):
        raise NotAllowedError(_("Only its owner does this, or the Chief Serving Officer."))
    decided = decided.strip()
    errors = said("decided", decided, MAX_DECIDED, _("Say what was decided, even that all goes on as it does."))
    if errors := errors + review_errors("next_on", next_on, day_of(now)):
        raise InvalidFieldsError(errors)
    review = OutcomeReview.objects.create(
        outcome=outcome,
        decided=decided,
        was_due_on=outcome.review_on,
        next_on=next_on,
        at=now,
        by=by if isinstance(by, Membership) else None,
    )
    outcome.review_on = next_on
    outcome.save(update_fields=["review_on"])
    _audit(by, "review_outcome", outcome, decided=decided, was_due_on=str(review.was_due_on), next_on=str(next_on))
    return review


def end_outcome(outcome: Outcome, *, because: str, by: Actor | None, now: datetime) -> Outcome:
    """It is reached, or given up: `because` says which. Its metrics serve none from then on.

    Raises `ConflictError` while initiatives for it run (`initiatives_run`).
    """
    require(by, Can.SET_STRATEGY)
    hold_names("outcomes")
    outcome = _live(outcome)
    because = plain(because)
    if errors := said("because", because, MAX_BECAUSE, _("Say why: it is reached, or given up.")):
        raise InvalidFieldsError(errors)
    if running := Initiative.objects.filter(outcome=outcome, done_at=None, stopped_at=None).count():
        message = _("Say first what came of the initiatives that still run: %(n)s.") % {"n": running}
        raise ConflictError(message, code="initiatives_run")
    freed = sorted(OutcomeMetric.objects.filter(outcome=outcome).values_list("metric", flat=True))
    OutcomeMetric.objects.filter(outcome=outcome).delete()
    outcome.ended_at, outcome.ended_because = now, because
    outcome.save(update_fields=["ended_at", "ended_because"])
    _audit(by, "end_outcome", outcome, because=because, metrics=freed)
    return outcome


def give_metric(metric: str, outcome: Outcome, *, by: Actor | None, target: Decimal | None = None) -> Outcome | None:
    """Let a metric of the registry serve `outcome`. Returns the one that it leaves for it, None where it served none.

    A metric serves one outcome, whose owner is its owner. target: where it is to lead, in the unit of
    `cso.strategy.goals`, of what has no target path; None for none. Raises `InvalidFieldsError` for a key that there is
    none of, and for a target that it cannot have.
    """
    require(by, Can.SET_STRATEGY)
    if metric not in METRICS:
        raise InvalidFieldsError.of("metric", "unknown", _("There is no metric of this key."))
    if errors := goal_errors(METRICS[metric], target):
        raise InvalidFieldsError(errors)
    hold_names("outcomes")
    outcome = _live(outcome)
    held = OutcomeMetric.objects.select_related("outcome").filter(metric=metric).first()
    left = held.outcome if held and held.outcome_id != outcome.pk else None
    before = held.target if held else None
    if held and left is None and before == target:
        return None
    OutcomeMetric.objects.update_or_create(metric=metric, defaults={"outcome": outcome, "target": target})
    told = {"metric": metric, "left": left.name if left else None}
    _audit(by, "give_metric", outcome, **told, target=_told(target), target_before=_told(before))
    return left


def free_metric(metric: str, *, by: Actor | None) -> Outcome | None:
    """Let a metric serve none. Returns the outcome that it leaves; None where it served none."""
    require(by, Can.SET_STRATEGY)
    hold_names("outcomes")
    held = OutcomeMetric.objects.select_related("outcome").filter(metric=metric).first()
    if held is None:
        return None
    left: Outcome = held.outcome
    held.delete()
    _audit(by, "free_metric", left, metric=metric)
    return left


def _told(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"


def _name_errors(name: str) -> list[FieldError]:
    return said("name", name, MAX_NAME, _("Say in a few words what is wanted for customers."))


def _check_unused(name: str) -> None:
    if Outcome.objects.filter(ended_at=None, name=name).exists():
        raise ConflictError(_("There is an outcome “%(name)s” already.") % {"name": name}, code="name_in_use")


def _live(outcome: Outcome) -> Outcome:
    """As it is once nobody else changes it; `ConflictError` once it has ended."""
    Outcome.objects.select_for_update().get(pk=outcome.pk)
    outcome = Outcome.objects.select_related("owner").get(pk=outcome.pk)
    if outcome.ended_at is not None:
        raise ConflictError(_("“%(name)s” has ended.") % {"name": outcome.name}, code="ended")
    return outcome


def _audit(by: Actor | None, act: str, outcome: Outcome, **details: object) -> None:
    audit.record(by, act, outcome.name, outcome=str(outcome.pk), **details)
