"""The right to act: what fits someone's authority is given and recorded; what does not is asked for, in minutes.

Whoever spends holds the case's row, then the person's, so that no two spends at once count on the same room: neither
colleagues on one case, nor one person on several.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext

from cso.errors import ConflictError, FieldError, InvalidFieldsError, NotAllowedError
from cso.money import currency_errors
from cso.people.models import Person, Position
from cso.people.queries import in_or_below
from cso.recovery import approvals
from cso.recovery.actions import lock_case, save_case
from cso.recovery.approvals import decide_remedy, may_decide, waiting_for, withdraw_remedy
from cso.recovery.clocks import act_instant, since_start
from cso.recovery.models import MAX_AMOUNT, Authority, Case, EventKind, Remedy
from cso.recovery.settings import recovery_settings
from cso.texts import counted, text_errors
from tenants import audit
from tenants.models import Actor, ApiKey, Membership
from tenants.permissions import require
from tenants.roles import Can
from tenants.scope import day_of

__all__ = [
    "Room",
    "authority_of",
    "cost_below",
    "cost_of",
    "decide_remedy",
    "give_remedy",
    "may_decide",
    "room_left",
    "set_authority",
    "waiting_for",
    "withdraw_remedy",
]

MAX_EXCEPTION = 80
MAX_NOTE = 500
MOST_EXCEPTIONS = 50


@dataclass(frozen=True)
class Room:
    """What someone may still give without asking: minor units of `currency` left on the case and on the day."""

    currency: str
    case_minor: int
    day_minor: int
    exceptions: tuple[str, ...]

    def fits(self, remedy: Remedy) -> bool:
        if remedy.exception:
            return remedy.exception in self.exceptions
        return remedy.currency == self.currency and remedy.amount_minor <= min(self.case_minor, self.day_minor)


def authority_of(person: Person) -> Authority | None:
    """What the person's position allows; None for nothing."""
    return Authority.objects.filter(position=person.position_id).first() if person.position_id else None


def set_authority(
    position: Position,
    *,
    by: Actor | None,
    currency: str,
    per_case_minor: int,
    per_day_minor: int,
    exceptions: Sequence[str] = (),
) -> Authority:
    """What whoever holds the position may give from now on; raises `InvalidFieldsError` by field."""
    require(by, Can.SET_RECOVERY)
    kept = list({" ".join(text.split()).casefold(): " ".join(text.split()) for text in exceptions}.values())
    errors = currency_errors("currency", currency) + _exception_errors(kept)
    for field, amount in (("per_case_minor", per_case_minor), ("per_day_minor", per_day_minor)):
        if not 0 <= amount <= MAX_AMOUNT:
            errors.append(
                FieldError(field, "out_of_range", gettext("Use 0 to %(most)s.") % {"most": counted(MAX_AMOUNT)})
            )
    if errors:
        raise InvalidFieldsError(errors)
    values = {
        "currency": currency,
        "per_case_minor": per_case_minor,
        "per_day_minor": per_day_minor,
        "exceptions": kept,
    }
    authority, _ = Authority.objects.update_or_create(position=position, defaults=values)
    audit.record(by, "set_authority", position.title, **values)
    return authority


def _exception_errors(exceptions: Sequence[str]) -> list[FieldError]:
    if len(exceptions) > MOST_EXCEPTIONS:
        return [
            FieldError(
                "exceptions",
                "too_many",
                gettext("Name at most %(most)s exceptions.") % {"most": MOST_EXCEPTIONS},
            )
        ]
    if "" in exceptions:
        return [FieldError("exceptions", "blank", gettext("Say what each exception is."))]
    return [error for text in exceptions for error in text_errors("exceptions", text, MAX_EXCEPTION)]


def room_left(person: Person, case: Case, *, now: datetime) -> Room:
    """What the person may still give on this case on the day of `now`; without an authority there is no room."""
    authority = authority_of(person)
    if authority is None:
        return Room(recovery_settings().currency, 0, 0, ())
    own = Remedy.objects.filter(on_own_authority=True)
    return Room(
        authority.currency,
        _left(authority.per_case_minor, authority.currency, own.filter(_of_case(case))),
        _left(authority.per_day_minor, authority.currency, own.filter(person=person, day=day_of(now))),
        tuple(authority.exceptions),
    )


def _left(limit: int, currency: str, given: QuerySet[Remedy]) -> int:
    """What is left of a limit; nothing once another currency was given, because no rate of exchange is known here."""
    sums = _by_currency(given)
    return 0 if sums.keys() - {currency} else max(limit - sums.get(currency, 0), 0)


def give_remedy(
    case: Case,
    *,
    person: Person,
    by: Actor | None,
    now: datetime,
    amount_minor: int = 0,
    currency: str = "",
    exception: str = "",
    note: str = "",
    at: datetime | None = None,
    id: UUID | None = None,  # noqa: A002 (the name of the column)
) -> Remedy:
    """Money (minor units; no currency: the authority's) or an exception, given by `person` at `at`, else now.

    Within the person's authority it is given, above it asked for: see the `status` of what comes back. Raises
    `InvalidFieldsError` by field, `NotAllowedError` for a member who gives in another's name, and `ConflictError`
    (`nobody_to_ask`) when it would have to be asked for and nobody stands above. `id` is chosen by who asks, so that a
    form sent twice gives once: the second raises `ConflictError` with the code `sent_twice`.
    """
    case = lock_case(case, by)
    at = act_instant(at, now=now, after=[since_start(case)])
    if id is not None and Remedy.objects.filter(pk=id).exists():
        raise ConflictError(gettext("This was sent already."), code="sent_twice")
    if isinstance(by, Membership) and person.member_id != by.pk:
        raise NotAllowedError(gettext("Everybody gives in their own name."))
    # Not against those who only refer to the person.
    person = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    room = room_left(person, case, now=at)
    remedy = Remedy(
        case=case,
        unit_id=case.unit_id,
        person=person,
        amount_minor=amount_minor,
        currency=(currency or room.currency) if amount_minor else "",
        exception=_as_granted(exception, room),
        note=note.strip(),
        member=by if isinstance(by, Membership) else None,
        api_key=by if isinstance(by, ApiKey) else None,
    )
    if id is not None:
        remedy.id = id
    _check(remedy, authority_of(person))
    if not room.fits(remedy):
        return approvals.ask(remedy, case, by=by, at=at, now=now)
    remedy.status, remedy.on_own_authority = Remedy.Status.GIVEN, True
    remedy.given_at, remedy.day = at, day_of(at)
    remedy.save(force_insert=True)
    save_case(case, EventKind.REMEDY_GIVEN, by, at, remedy.note, changes=approvals.said_of(remedy))
    return remedy


def _as_granted(exception: str, room: Room) -> str:
    """In the authority's own words, however it was typed."""
    typed = " ".join(exception.split())
    return next((known for known in room.exceptions if known.casefold() == typed.casefold()), typed)


def _check(remedy: Remedy, authority: Authority | None) -> None:
    errors = text_errors("note", remedy.note, MAX_NOTE) + text_errors("exception", remedy.exception, MAX_EXCEPTION)
    if bool(remedy.amount_minor) == bool(remedy.exception):
        errors.append(FieldError("amount_minor", "required", gettext("Give an amount or an exception: one at a time.")))
    elif not 0 <= remedy.amount_minor <= MAX_AMOUNT:
        errors.append(
            FieldError("amount_minor", "out_of_range", gettext("Use 1 to %(most)s.") % {"most": counted(MAX_AMOUNT)})
        )
    elif remedy.amount_minor:
        errors += _wrong_currency(remedy, authority)
    if errors:
        raise InvalidFieldsError(errors)


def _wrong_currency(remedy: Remedy, authority: Authority | None) -> list[FieldError]:
    if authority is not None and remedy.currency != authority.currency:
        message = gettext("Your authority is in %(currency)s: give the amount in %(currency)s.") % {
            "currency": authority.currency
        }
        return [FieldError("currency", "other_currency", message)]
    return currency_errors("currency", remedy.currency)


def cost_of(case: Case) -> dict[str, int]:
    """What was given on a case, and on what was merged into it: minor units by currency."""
    return _by_currency(Remedy.objects.filter(_of_case(case), status=Remedy.Status.GIVEN))


def cost_below(units: Iterable[UUID], start: datetime, end: datetime) -> dict[str, int]:
    """What `units`, and all below them, gave in [start, end): minor units by currency; a case's unit at that time."""
    return _by_currency(Remedy.objects.filter(in_or_below(units), given_at__gte=start, given_at__lt=end))


def _of_case(case: Case) -> Q:
    # What was given on a duplicate was given to the same customer for the same mistake.
    return Q(case=case) | Q(case__merged_into=case)


def _by_currency(rows: QuerySet[Remedy]) -> dict[str, int]:
    sums = rows.filter(amount_minor__gt=0).values_list("currency").annotate(Sum("amount_minor"))
    return dict(sums.order_by("currency"))
