"""How units work: changes marked on their charts, and the decision to count limits anew from one.

Marking explains a chart and moves nothing. Counting anew makes what came before no longer a signal, so a person decides
it who also sets targets, with a reason.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from cso.errors import ConflictError, FieldError, InvalidFieldsError, NotAllowedError
from cso.people.models import Unit, UnitAncestor
from cso.people.queries import visible_units
from cso.scorecards.models import ProcessChange
from cso.scorecards.models.changes import MAX_BECAUSE, MAX_WHAT
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, ApiKey, Membership
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import day_of


def mark_change(unit: Unit, *, on: date, what: str, by: Actor | None, now: datetime) -> ProcessChange:
    """From the day `on` on the unit works in another way: `what` in a sentence. Not before it has happened.

    By who leads the unit or one above it, or sees every unit's figures and leads somewhere.
    """
    if not may_mark(by, unit):
        raise NotAllowedError(gettext("Who leads the unit, or one above it, marks how it works."))
    what = " ".join(what.split())
    errors = _said("what", what, MAX_WHAT, gettext("Say what was changed."))
    if on > day_of(now):
        errors.append(FieldError("on", "in_the_future", gettext("This has not happened yet; mark it when it has.")))
    if errors:
        raise InvalidFieldsError(errors)
    made_by = by if isinstance(by, Membership) else None
    change = ProcessChange.objects.create(unit=unit, on=on, what=what, made_by=made_by, made_at=now)
    _audit(by, "mark_change", change)
    return change


def rebase_from(change: ProcessChange, *, because: str, by: Actor | None, now: datetime) -> ProcessChange:
    """Decide that limits are counted anew from a change: what came before it is another way of working.

    Raises `NotAllowedError` for a key, whose decisions carry no name, and `ConflictError` where it is decided already
    (`rebased`) or the change is withdrawn (`withdrawn`).
    """
    require(by, Can.SET_TARGET)
    if by is not None and not isinstance(by, Membership):
        message = gettext("A person decides from where limits are counted; no key does.")
        raise NotAllowedError(message, code="a_person_rebases")
    change = _standing(change)
    if change.rebased_at is not None:
        raise ConflictError(gettext("Limits are counted anew from this already."), code="rebased")
    change.rebased_because = _because(because, gettext("Say why what came before counts no more."))
    change.rebased_at, change.rebased_by = now, by
    change.save(update_fields=["rebased_because", "rebased_at", "rebased_by"])
    _audit(by, "rebase_limits", change, because=change.rebased_because)
    return change


def withdraw_change(change: ProcessChange, *, because: str, by: Actor | None, now: datetime) -> ProcessChange:
    """It was no such change: it marks nothing any more, and limits are counted as if it had never been.

    By who marked it, or who sets targets; one from which limits are counted anew by a person of the latter alone.
    """
    if not may_withdraw(by, change):
        raise NotAllowedError(gettext("Who marked it takes it back, or who sets targets."))
    change = _standing(change)
    change.withdrawn_because = _because(because, gettext("Say why it is taken back."))
    change.withdrawn_at = now
    change.save(update_fields=["withdrawn_because", "withdrawn_at"])
    _audit(by, "withdraw_change", change, because=change.withdrawn_because, rebased=change.rebased_at is not None)
    return change


def changes_at(viewer: Actor, unit: Unit | None) -> QuerySet[ProcessChange]:
    """What was changed in a unit and in those above it, the last first, withdrawn ones too; None for the units at the
    top. Of a unit that the viewer does not see, nothing."""
    if unit is None:
        found = Q(unit__in=visible_units(viewer).filter(parent=None))
    else:
        above = UnitAncestor.objects.filter(unit=unit, unit__in=visible_units(viewer))
        found = Q(unit__in=above.values("ancestor"))
    told = ProcessChange.objects.filter(found).select_related("unit", "made_by__user", "rebased_by__user")
    return told.order_by("-on", "-made_at", "-id")


def may_mark(by: Actor | None, unit: Unit) -> bool:
    return by is None or (by.can(Can.MARK_CHANGES) and visible_units(by).filter(pk=unit.pk).exists())


def may_withdraw(by: Actor | None, change: ProcessChange) -> bool:
    if isinstance(by, ApiKey) and change.rebased_at is not None:
        return False  # a person decided it
    if by is None or by.can(Can.SET_TARGET):
        return True
    if isinstance(by, Membership):
        is_own = by.ended_at is None and change.made_by_id == by.pk
    else:  # what one integration marked, another takes back
        is_own = by.can(Can.MARK_CHANGES) and change.made_by_id is None
    return is_own and change.rebased_at is None


def _standing(change: ProcessChange) -> ProcessChange:
    change = ProcessChange.objects.select_for_update(of=("self",)).select_related("unit").get(pk=change.pk)
    if change.withdrawn_at is not None:
        raise ConflictError(gettext("This change was taken back."), code="withdrawn")
    return change


def _because(text: str, ask: str) -> str:
    text = " ".join(text.split())
    if errors := _said("because", text, MAX_BECAUSE, ask):
        raise InvalidFieldsError(errors)
    return text


def _said(field: str, text: str, longest: int, ask: str) -> list[FieldError]:
    return text_errors(field, text, longest) or ([] if text else [FieldError(field, "required", ask)])


def _audit(by: Actor | None, act: str, change: ProcessChange, **details: object) -> None:
    audit.record(by, act, change.what, change=str(change.pk), unit=change.unit.code, on=str(change.on), **details)
