"""A customer wants to be called: whoever leads the unit is told at once, and how long it takes is measured."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cso.errors import ConflictError, InvalidFieldsError, NotAllowedError
from cso.people.models import Leadership, Person, Unit
from cso.people.queries import leading_on
from cso.recovery.actions import lock_case, save_case
from cso.recovery.models import CLOCK_TOLERANCE, CallBack, Case, EventKind
from cso.recovery.queries import visible_cases
from cso.recovery.questions import write_to_staff
from cso.recovery.settings import language_of
from cso.texts import text_errors
from tenants.models import Actor, ApiKey, Membership
from tenants.scope import day_of

MAX_PHONE = 40
MAX_NOTE = 500
FEWEST_DIGITS = 5


def ask_call_back(case: Case, *, phone: str, note: str, now: datetime, by: Actor | None = None) -> CallBack:
    """The customer wants to be called, on `phone` (empty: on the number that we have). One wish at a time is open.

    Raises `NotAllowedError` for a member (`by` is whoever is signed in here), `InvalidFieldsError` of `phone`, `note`.
    """
    if by is not None:
        raise NotAllowedError(_("Only the customer can ask for this, and nobody who works here."))
    _check(case, phone, note)
    case = lock_case(case, None)
    if waiting := case.call_backs.filter(called_at=None).first():
        return waiting
    known = case.customer.phone if case.customer is not None else ""
    wish = CallBack.objects.create(
        case=case,
        unit=case.unit,
        asked_at=now,
        phone=phone.strip() or known,
        note=note.strip(),
        leader=who_calls_back(case.unit, now),
    )
    save_case(case, EventKind.CALL_BACK_ASKED, None, now, note.strip())
    if wish.leader is not None and (address := _address(wish.leader)):
        key, language = f"call_back:{wish.pk}", language_of(wish.leader.member)
        write_to_staff(case, "call_back", address, language=language, key=key, now=now, wish=wish, leader=wish.leader)
    return wish


def call_back_done(call_back: CallBack, *, by: Actor | None, at: datetime, now: datetime, note: str = "") -> CallBack:
    """Somebody has called. Raises `InvalidFieldsError` of `at`, `ConflictError` when it is done already."""
    case = lock_case(call_back.case, by)
    call_back = CallBack.objects.select_for_update().get(pk=call_back.pk)
    if call_back.called_at is not None:
        raise ConflictError(_("This customer was called back already."), code="already_called")
    if at > now + CLOCK_TOLERANCE:
        raise InvalidFieldsError.of("at", "in_the_future", _("This is in the future."))
    if at < call_back.asked_at:
        raise InvalidFieldsError.of("at", "before_asked", _("This is before the customer asked for it."))
    call_back.called_at = at
    call_back.called_by = by if isinstance(by, Membership) else None
    call_back.api_key = by if isinstance(by, ApiKey) else None
    call_back.save(update_fields=["called_at", "called_by", "api_key"])
    save_case(case, EventKind.CALLED_BACK, by, at, note)
    return call_back


def call_backs(viewer: Actor) -> QuerySet[CallBack]:
    """Every wish to be called about a case that the viewer may see."""
    return CallBack.objects.filter(case__in=visible_cases(viewer))


def open_call_backs(viewer: Actor) -> QuerySet[CallBack]:
    """Who waits to be called, the longest first."""
    return call_backs(viewer).filter(called_at=None).select_related("case__customer", "leader").order_by("asked_at")


def who_calls_back(unit: Unit, now: datetime) -> Person | None:
    """The leader of a unit; where there is none who is still here, of the next one above it that has one."""
    day = day_of(now)
    leading = Leadership.objects.filter(leading_on(day), unit__below__unit=unit, person__member__ended_at=None)
    found = leading.select_related("person__member__user").order_by("unit__below__distance").first()
    return found.person if found else None


def _address(person: Person) -> str:
    member = person.member
    return person.email or (member.user.email if member is not None and member.ended_at is None else "")


def _check(case: Case, phone: str, note: str) -> None:
    known = case.customer.phone if case.customer is not None else ""
    digits = sum(sign.isdigit() for sign in phone)
    if (phone.strip() or not known) and digits < FEWEST_DIGITS:
        raise InvalidFieldsError.of("phone", "required", _("Give the number that we should call."))
    if text_errors("phone", phone, MAX_PHONE):
        raise InvalidFieldsError.of("phone", "too_long", _("Please write the number alone."))
    if text_errors("note", note, MAX_NOTE):
        raise InvalidFieldsError.of("note", "too_long", _("Please use fewer words: 500 characters at most."))
