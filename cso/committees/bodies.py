"""Founding committees, and saying who sits in them and by which charter they vote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cso.committees.holding import hold_standing
from cso.committees.models import Base, CharterVersion, Committee, Delegation, Seat, SeatTenure
from cso.errors import ConflictError, InvalidFieldsError
from cso.people.models import Unit
from cso.texts import text_errors
from tenants import audit
from tenants.models import Actor, ApiKey, Membership
from tenants.permissions import require
from tenants.roles import Can

# Charters that most committees want, by name; `set_charter` takes any of these terms by itself.
PRESETS: dict[str, dict[str, Any]] = {
    "simple_majority": {},
    "two_thirds": {"majority_numerator": 2, "majority_denominator": 3, "majority_is_more_than": False},
    "majority_of_seats": {"base": Base.ELIGIBLE},
    "unanimous": {"majority_numerator": 1, "majority_denominator": 1, "majority_is_more_than": False},
    "secret": {"is_secret": True, "votes_may_change": False},
    "chair_decides_ties": {"chair_breaks_ties": True},
}
TERMS = tuple(
    field.name
    for field in CharterVersion._meta.local_fields
    if field.name not in {"id", "tenant", "committee", "number", "in_force_from", "member"}
)


def found_committee(
    unit: Unit,
    name: str,
    *,
    by: Actor | None,
    now: datetime,
    cadence_days: int = 14,
    charter: Mapping[str, Any] | None = None,
) -> Committee:
    """A committee of a unit, with a charter as `set_charter` takes it, and no seats yet.

    Raises `InvalidFieldsError` by field, `ConflictError` where the unit has one of that name.
    """
    require(by, Can.RUN_COMMITTEES)
    name = " ".join(name.split())
    if not name:
        raise InvalidFieldsError.of("name", "required", _("Give the committee a name."))
    if errors := text_errors("name", name, 120):
        raise InvalidFieldsError(errors)
    if not 1 <= cadence_days <= 366:
        raise InvalidFieldsError.of("cadence_days", "out_of_range", _("Meet every 1 to 366 days."))
    committee = Committee(unit=unit, name=name, cadence_days=cadence_days, founded_at=now)
    _save_new(committee, "one_committee_per_name", _("This unit has a committee of that name."))
    audit.record(by, "found_committee", name, unit=unit.code)
    set_charter(committee, by=by, now=now, **(charter or {}))
    return committee


def set_charter(
    committee: Committee, *, by: Actor | None, now: datetime, preset: str = "simple_majority", **terms: Any
) -> CharterVersion:
    """A new version of the charter: a preset, with any of `TERMS` on top. Ballots that are open keep theirs.

    A share of one half is to be exceeded and any other to be reached, unless the terms say otherwise.
    """
    require(by, Can.RUN_COMMITTEES)
    if preset not in PRESETS:
        raise InvalidFieldsError.of(
            "preset", "unknown", _("Use one of: %(choices)s.") % {"choices": ", ".join(PRESETS)}
        )
    if unknown := set(terms) - set(TERMS):
        raise ValueError(f"No terms of a charter: {sorted(unknown)}")
    committee = hold_standing(committee)
    last = committee.charters.aggregate(last=Max("number"))["last"] or 0
    charter = CharterVersion(
        committee=committee,
        number=last + 1,
        in_force_from=now,
        member=by if isinstance(by, Membership) else None,
        **(PRESETS[preset] | _shares(terms) | terms),
    )
    _check(charter)
    charter.save(force_insert=True)
    audit.record(by, "set_charter", committee.name, number=charter.number, preset=preset)
    return charter


def charter_of(committee: Committee) -> CharterVersion:
    """The version in force."""
    charter = committee.charters.order_by("-number").first()
    assert charter is not None, "a committee has a charter from its founding"
    return charter


def add_seat(
    committee: Committee,
    label: str,
    *,
    by: Actor | None,
    now: datetime,
    holder: Membership | None = None,
    holder_name: str = "",
    is_chair: bool = False,
) -> Seat:
    """A seat, vacant without a holder (see `seat_member`). Ballots that are open do not know it."""
    require(by, Can.RUN_COMMITTEES)
    label = " ".join(label.split())
    if not label:
        raise InvalidFieldsError.of("label", "required", _("Give the seat a name."))
    if errors := text_errors("label", label, 120):
        raise InvalidFieldsError(errors)
    seat = Seat(committee=hold_standing(committee), label=label, is_chair=is_chair)
    _save_new(seat, "one_", _("The committee has a seat of that name, or a chair already."))
    audit.record(by, "add_seat", label, committee=committee.name)
    if holder is not None or holder_name:
        seat_member(seat, holder, by=by, now=now, holder_name=holder_name)
    return seat


def seat_member(
    seat: Seat, member: Membership | None, *, by: Actor | None, now: datetime, holder_name: str = ""
) -> SeatTenure | None:
    """From `now` on the seat is held by `member`, or by who is no member and has a name alone; else it is vacant.

    The roll of an open ballot stays as it is.
    """
    require(by, Can.RUN_COMMITTEES)
    holder_name = _name_of_holder(member, holder_name)
    if member is not None or holder_name:
        hold_standing(seat.committee)
    seat = Seat.objects.select_for_update().get(pk=seat.pk)
    if seat.retired_at is not None and (member or holder_name):
        raise ConflictError(_("This seat is no more."), code="retired")
    held = seat.tenures.filter(ends_at=None).first()
    if held is not None and (held.member_id, held.holder_name) == (member.pk if member else None, holder_name):
        return held
    if held is not None:
        if held.starts_at >= now:
            held.delete()
        else:
            held.ends_at = now
            held.save(update_fields=["ends_at"])
    Delegation.objects.filter(seat=seat, revoked_at=None).update(revoked_at=now)
    Delegation.objects.filter(to_seat=seat, revoked_at=None).update(revoked_at=now)
    audit.record(by, "seat_member", seat.label, member=member.label if member else holder_name or None)
    if member is None and not holder_name:
        return None
    return SeatTenure.objects.create(seat=seat, member=member, holder_name=holder_name, starts_at=now)


def retire_seat(seat: Seat, *, by: Actor | None, now: datetime) -> None:
    """The seat is no more; what it voted stays."""
    seat_member(seat, None, by=by, now=now)
    Seat.objects.filter(pk=seat.pk, retired_at=None).update(retired_at=now)
    audit.record(by, "retire_seat", seat.label)


def delegate_seat(seat: Seat, to_seat: Seat, *, by: Actor | None, now: datetime) -> Delegation:
    """Whoever holds `to_seat` may vote for `seat` from the next ballot on, until its holder votes or takes it back.

    By who holds the seat, or told by an integration. Raises `ConflictError` with the code `not_your_seat`,
    `no_delegation` (the charter allows none), `other_committee`, `vacant` or `one_hop`.
    """
    _require_own(seat, by)
    if not charter_of(seat.committee).allows_delegation:
        raise ConflictError(_("The charter allows no delegation."), code="no_delegation")
    if to_seat.committee_id != seat.committee_id or to_seat.pk == seat.pk:
        raise ConflictError(_("Delegate to another seat of the same committee."), code="other_committee")
    held = SeatTenure.objects.filter(ends_at=None, seat__retired_at=None, member__isnull=False, member__ended_at=None)
    if not held.filter(seat=to_seat).exists():
        raise ConflictError(_("No member holds that seat, so nobody could vote for yours."), code="vacant")
    hold_standing(seat.committee)
    open_ones = Delegation.objects.filter(revoked_at=None)
    if open_ones.filter(seat=to_seat).exists() or open_ones.filter(to_seat=seat).exists():
        raise ConflictError(_("A delegation is never passed on."), code="one_hop")
    open_ones.filter(seat=seat).update(revoked_at=now)
    given = Delegation.objects.create(seat=seat, to_seat=to_seat, given_at=now)
    audit.record(by, "delegate_seat", seat.label, to=to_seat.label)
    return given


def revoke_delegation(seat: Seat, *, by: Actor | None, now: datetime) -> None:
    """Its holder votes alone again, also in a ballot that is open; what was voted for them stays until they vote."""
    _require_own(seat, by)
    if Delegation.objects.filter(seat=seat, revoked_at=None).update(revoked_at=now):
        audit.record(by, "revoke_delegation", seat.label)


def _require_own(seat: Seat, by: Actor | None) -> None:
    if isinstance(by, ApiKey):
        require(by, Can.CAST_VOTES)
    elif by is not None and not seat.tenures.filter(ends_at=None, member=by).exists():
        raise ConflictError(_("Only who holds a seat delegates it, or takes that back."), code="not_your_seat")


def _shares(terms: Mapping[str, Any]) -> dict[str, bool]:
    found = {}
    for name in ("quorum", "majority"):
        numerator, denominator = (terms.get(f"{name}_{part}") for part in ("numerator", "denominator"))
        if numerator is not None or denominator is not None:
            is_half = 2 * (1 if numerator is None else numerator) == (2 if denominator is None else denominator)
            found[f"{name}_is_more_than"] = is_half
    return found


def _name_of_holder(member: Membership | None, name: str) -> str:
    name = " ".join(name.split())
    if member is not None and name:
        raise InvalidFieldsError.of("holder_name", "not_with_a_member", _("Name a member, or somebody who is none."))
    if errors := text_errors("holder_name", name, 120):
        raise InvalidFieldsError(errors)
    return name


def _check(charter: CharterVersion) -> None:
    if charter.base == Base.FIXED and not charter.majority_count:
        raise InvalidFieldsError.of("majority_count", "required", _("Say how many yes votes carry."))
    if charter.base != Base.FIXED and charter.majority_count:
        raise InvalidFieldsError.of("majority_count", "not_with_this_base", _("Only the base `fixed` takes a number."))
    for name in ("quorum", "majority"):
        numerator, denominator = getattr(charter, f"{name}_numerator"), getattr(charter, f"{name}_denominator")
        if not 0 <= numerator <= denominator or denominator < 1:
            field = f"{name}_numerator"
            raise InvalidFieldsError.of(field, "not_a_share", _("Give a share from 0 to 1, such as 2 of 3."))
        if numerator == denominator and getattr(charter, f"{name}_is_more_than"):
            field = f"{name}_is_more_than"
            raise InvalidFieldsError.of(field, "never", _("More than all is never reached; ask for at least all."))
    if charter.is_secret and (charter.votes_may_change or charter.shows_tally or charter.allows_delegation):
        message = _("A secret ballot allows no change of a vote, no running tally and no delegation.")
        raise InvalidFieldsError.of("is_secret", "not_secret", message)


def _save_new(row: Committee | Seat, constraint: str, message: str) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if constraint in str(error):
            raise ConflictError(message, code="in_use") from error
        raise
