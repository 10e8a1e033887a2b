"""Recognising heroes, by name; and taking it back where they do not want to be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cso.errors import ConflictError, FieldError, InvalidFieldsError, NotAllowedError
from cso.people.models import Person, Unit
from cso.people.queries import units_of
from cso.recognition.models import Recognition
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, ApiKey, Membership
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import day_of

MAX_WHAT = MAX_CUSTOMER_WORDS = 500
SLIP = timedelta(minutes=10)
# In the place of a customer's words, once they were erased.
ERASED = "Erased at the customer's request"

# (story, source, source_id) -> the names of customers that it tells.
Namer = Callable[[str, str, "UUID | None"], Iterable[str]]
_namers: list[Namer] = []


def when_told(namer: Namer) -> Namer:
    """Register who knows the customers that a story may name."""
    _namers.append(namer)
    return namer


def recognise(
    person: Person,
    *,
    kind: str,
    what: str,
    by: Actor | None,
    now: datetime,
    customer_words: str = "",
    source: str = "",
    source_id: UUID | None = None,
) -> Recognition:
    """Publish what somebody did. `source` and `source_id`: the case or the remark that it comes from, seen by `by`.

    Raises `InvalidFieldsError` by field, with the code `names_customer` for a story that does; `ConflictError` with the
    code `recognised_already` where the person was recognised for that source; `NotAllowedError` for oneself.
    """
    require(by, Can.RECOGNISE)
    if is_self(by, person):
        raise NotAllowedError(_("Nobody recognises themselves; a colleague gladly does."))
    what, customer_words = " ".join(what.split()), " ".join(customer_words.split())
    errors = text_errors("what", what, MAX_WHAT)
    errors += text_errors("customer_words", customer_words, MAX_CUSTOMER_WORDS)
    if not what:
        errors.append(FieldError("what", "required", _("Say what they did.")))
    errors += _names_nobody(what, source, source_id) if not errors else []
    if kind not in Recognition.Kind.values:
        errors.append(
            FieldError(
                "kind", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(Recognition.Kind.values)}
            )
        )
    if errors:
        raise InvalidFieldsError(errors)
    recognition = Recognition(
        kind=kind,
        person=person,
        unit=_unit_of(person, now),
        what=what,
        customer_words=customer_words,
        source=source,
        source_id=source_id,
        recognised_at=now,
        recognised_by=by if isinstance(by, Membership) else None,
        api_key=by if isinstance(by, ApiKey) else None,
    )
    _save_new(recognition)
    audit.record(by, "recognise", person.name, recognition=str(recognition.pk), kind=kind)
    return recognition


def withdraw_recognition(recognition: Recognition, *, by: Actor | None, now: datetime) -> Recognition:
    """Nobody is shown it any more; that there was one stays counted. By the hero, who gave it, or who keeps people."""
    recognition = Recognition.objects.select_for_update(of=("self",)).select_related("person").get(pk=recognition.pk)
    if not may_withdraw(by, recognition):
        raise NotAllowedError(_("Only the hero takes it back, or who recognised them."))
    if recognition.withdrawn_at is None:
        recognition.withdrawn_at = now
        recognition.save(update_fields=["withdrawn_at"])
        audit.record(by, "withdraw_recognition", recognition.person.name, recognition=str(recognition.pk))
    return recognition


def take_back(recognition: Recognition, *, by: Actor | None, now: datetime) -> None:
    """It was a slip: as if it had never been. By who gave it, within ten minutes (`ConflictError`, `too_late`)."""
    recognition = Recognition.objects.select_for_update(of=("self",)).select_related("person").get(pk=recognition.pk)
    if not gave_it(by, recognition):
        raise NotAllowedError(_("Only who recognised them takes it back."))
    # What was made of a remark stays: the remark says so.
    if now > recognition.recognised_at + SLIP or recognition.source == Recognition.Source.REMARK:
        raise ConflictError(_("It stands: it can be hidden, at the hero's wish."), code="too_late")
    audit.record(by, "take_back_recognition", recognition.person.name, recognition=str(recognition.pk))
    recognition.delete()


def may_withdraw(by: Actor | None, recognition: Recognition) -> bool:
    return by is None or by.can(Can.EDIT_PEOPLE) or is_self(by, recognition.person) or gave_it(by, recognition)


def gave_it(by: Actor | None, recognition: Recognition) -> bool:
    if by is None:
        return True
    return by.pk == (recognition.recognised_by_id if isinstance(by, Membership) else recognition.api_key_id)


def is_self(by: Actor | None, person: Person) -> bool:
    return isinstance(by, Membership) and person.member_id == by.pk


def erase_customer_words(source: str, ids: list[UUID]) -> None:
    """Of the recognitions that come from these: what the customer said, and what was told of them, once erased."""
    told = Recognition.objects.filter(source=source, source_id__in=ids)
    told.update(what=ERASED)
    told.exclude(customer_words="").update(customer_words=ERASED)


def _names_nobody(what: str, source: str, source_id: UUID | None) -> list[FieldError]:
    named = sorted({name for namer in _namers for name in namer(what, source, source_id)})
    if not named:
        return []
    message = _("It names a customer, %(name)s. Tell it without: all colleagues read it, and whoever passes a wall.")
    return [FieldError("what", "names_customer", message % {"name": ", ".join(named)})]


def _unit_of(person: Person, now: datetime) -> Unit:
    units, _tops = units_of([person], day_of(now))
    # Who stands nowhere in the tree yet belongs to the whole.
    found = Unit.objects.filter(pk=units[person.pk]) if person.pk in units else Unit.objects.filter(parent=None)
    unit = found.order_by("name", "id").first()
    if unit is None:
        raise InvalidFieldsError.of("person", "no_unit", _("There are no units yet."))
    return unit


def _save_new(recognition: Recognition) -> None:
    try:
        with transaction.atomic():
            recognition.save(force_insert=True)
    except IntegrityError as error:
        if "recognised_once_per_source" in str(error):
            raise ConflictError(_("They were recognised for this already."), code="recognised_already") from error
        raise
