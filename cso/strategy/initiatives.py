"""Initiatives: what is done for an outcome, from a day to a day, and what came of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from cso.errors import ConflictError, FieldError, InvalidFieldsError, NotAllowedError
from cso.people.models import Person
from cso.strategy.models import Initiative, Outcome
from cso.strategy.permissions import may_keep, may_run
from cso.strategy.wording import MAX_CAME, MAX_NAME, plain, said
from tenants import audit
from tenants.models import Actor

_EARLIEST, _LATEST = date(2000, 1, 1), date(2100, 1, 1)


def start_initiative(
    outcome: Outcome,
    name: str,
    *,
    owner: Person,
    starts_on: date,
    due_on: date,
    by: Actor | None,
    is_remarkable: bool = False,
) -> Initiative:
    """Something done for `outcome`; it may have begun already, or begin later.

    is_remarkable: customers are to notice it. Raises `ConflictError` once the outcome has ended.
    """
    Outcome.objects.select_for_update().get(pk=outcome.pk)
    outcome = Outcome.objects.select_related("owner").get(pk=outcome.pk)
    if not may_keep(by, outcome):
        raise NotAllowedError(_("Only its owner does this, or the Chief Serving Officer."))
    _require_live(outcome)
    name = plain(name)
    _check(name, starts_on, due_on)
    made = Initiative.objects.create(
        outcome=outcome, name=name, owner=owner, starts_on=starts_on, due_on=due_on, is_remarkable=is_remarkable
    )
    _audit(by, "start_initiative", made, owner=owner.name, starts_on=str(starts_on), due_on=str(due_on))
    return made


def change_initiative(
    initiative: Initiative,
    *,
    by: Actor | None,
    name: str | None = None,
    owner: Person | None = None,
    starts_on: date | None = None,
    due_on: date | None = None,
    is_remarkable: bool | None = None,
) -> Initiative:
    """Its name, owner or days, as long as it runs; what is left out stays. The audit log keeps what was before."""
    initiative = _running(initiative, by)
    wanted: dict[str, Any] = {
        "name": plain(name) if name is not None else None,
        "owner": owner,
        "starts_on": starts_on,
        "due_on": due_on,
        "is_remarkable": is_remarkable,
    }
    changed = {
        field: (getattr(initiative, field), value)
        for field, value in wanted.items()
        if value is not None and value != getattr(initiative, field)
    }
    for field, (_was, value) in changed.items():
        setattr(initiative, field, value)
    _check(initiative.name, initiative.starts_on, initiative.due_on)
    if changed:
        initiative.save(update_fields=list(changed))
        told = {field: [str(was), str(is_)] for field, (was, is_) in changed.items()}
        _audit(by, "change_initiative", initiative, **told)
    return initiative


def finish_initiative(initiative: Initiative, *, what_came_of_it: str, by: Actor | None, now: datetime) -> Initiative:
    """All of it is done."""
    return _end(initiative, "done_at", what_came_of_it, by, now)


def stop_initiative(initiative: Initiative, *, what_came_of_it: str, by: Actor | None, now: datetime) -> Initiative:
    """It goes no further, done or not."""
    return _end(initiative, "stopped_at", what_came_of_it, by, now)


def resume_initiative(initiative: Initiative, *, by: Actor | None) -> Initiative:
    """It is not over after all. Raises `ConflictError` where it is not, or its outcome has ended."""
    initiative = _locked(initiative, by)
    _require_live(initiative.outcome)
    if initiative.done_at is None and initiative.stopped_at is None:
        raise ConflictError(_("This is not over."), code="not_over")
    was = initiative.what_came_of_it
    initiative.done_at = initiative.stopped_at = None
    initiative.what_came_of_it = ""
    initiative.save(update_fields=["done_at", "stopped_at", "what_came_of_it"])
    _audit(by, "resume_initiative", initiative, what_came_of_it=was)
    return initiative


def _end(initiative: Initiative, how: str, what_came_of_it: str, by: Actor | None, now: datetime) -> Initiative:
    initiative = _running(initiative, by)
    came = plain(what_came_of_it)
    if errors := said("what_came_of_it", came, MAX_CAME, _("Say what came of it.")):
        raise InvalidFieldsError(errors)
    setattr(initiative, how, now)
    initiative.what_came_of_it = came
    initiative.save(update_fields=[how, "what_came_of_it"])
    act = "finish_initiative" if how == "done_at" else "stop_initiative"
    _audit(by, act, initiative, what_came_of_it=came)
    return initiative


def _running(initiative: Initiative, by: Actor | None) -> Initiative:
    initiative = _locked(initiative, by)
    if initiative.done_at is not None or initiative.stopped_at is not None:
        raise ConflictError(_("This is over already."), code="over")
    return initiative


def _locked(initiative: Initiative, by: Actor | None) -> Initiative:
    """As it is once nobody else changes it or its outcome, whose row comes first."""
    Outcome.objects.select_for_update().get(pk=initiative.outcome_id)
    Initiative.objects.select_for_update().get(pk=initiative.pk)
    initiative = Initiative.objects.select_related("outcome__owner", "owner").get(pk=initiative.pk)
    if not may_run(by, initiative):
        message = _("Only its owner does this, the owner of its outcome, or the Chief Serving Officer.")
        raise NotAllowedError(message)
    return initiative


def _require_live(outcome: Outcome) -> None:
    if outcome.ended_at is not None:
        raise ConflictError(_("“%(name)s” has ended.") % {"name": outcome.name}, code="ended")


def _check(name: str, starts_on: date, due_on: date) -> None:
    errors = said("name", name, MAX_NAME, _("Say in a few words what is done."))
    for field, day in (("starts_on", starts_on), ("due_on", due_on)):
        if not _EARLIEST <= day < _LATEST:
            errors.append(FieldError(field, "out_of_range", _("Use a day of this century.")))
    if due_on < starts_on:
        errors.append(FieldError("due_on", "before_start", _("It cannot be done before it starts.")))
    if errors:
        raise InvalidFieldsError(errors)


def _audit(by: Actor | None, act: str, initiative: Initiative, **details: object) -> None:
    outcome = initiative.outcome.name
    audit.record(by, act, initiative.name, initiative=str(initiative.pk), outcome=outcome, **details)
