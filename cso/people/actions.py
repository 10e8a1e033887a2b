"""Changes to the organization: units, people, and who leads what from when."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cso.errors import ConflictError, InvalidFieldsError
from cso.people import tree
from cso.people.models import Leadership, Person, Position, Unit
from cso.texts import text_errors
from tenants import audit
from tenants.members import enroll
from tenants.models import Actor, Membership
from tenants.permissions import require
from tenants.roles import Can, Role


def add_unit(code: str, name: str, parent: Unit | None = None, *, by: Actor | None) -> Unit:
    """A new unit below `parent` (None: at the top). Raises `ConflictError` for a code in use."""
    require(by, Can.EDIT_PEOPLE)
    _require_text("code", code, 100)
    _require_text("name", name, 200)
    tree.lock_tree()
    if Unit.objects.filter(code=code).exists():
        raise ConflictError(_("A unit with the code “%(code)s” exists already.") % {"code": code}, code="code_in_use")
    unit = Unit.objects.create(code=code, name=name, parent=parent)
    tree.hang_new([unit])
    audit.record(by, "add_unit", code, name=name, parent=parent.code if parent else None)
    return unit


def rename_unit(unit: Unit, name: str, *, by: Actor | None) -> None:
    require(by, Can.EDIT_PEOPLE)
    _require_text("name", name, 200)
    before, unit.name = unit.name, name
    unit.save(update_fields=["name"])
    audit.record(by, "rename_unit", unit.code, before=before, after=name)


def move_unit(unit: Unit, parent: Unit | None, *, by: Actor | None) -> None:
    """Hang a unit, with all below it, elsewhere in the tree; figures above it follow within seconds."""
    require(by, Can.EDIT_PEOPLE)
    tree.lock_tree()
    unit.refresh_from_db()
    if unit.parent_id == (parent.pk if parent else None):
        return
    before = unit.parent.code if unit.parent else None
    tree.rehang(unit, parent)
    unit.parent = parent
    unit.save(update_fields=["parent"])
    audit.record(by, "move_unit", unit.code, before=before, after=parent.code if parent else None)


def name_intake_owner(unit: Unit, member: Membership | None, *, by: Actor | None) -> None:
    """`member` owns the cases of a unit, and of those below that name nobody, while nobody has taken them.

    None: whoever does so for the unit above. Raises `InvalidFieldsError` for somebody who cannot work on cases.
    """
    require(by, Can.EDIT_PEOPLE)
    if member is not None and not member.can(Can.WORK_CASE):
        message = _("%(name)s cannot work on cases.") % {"name": member.label}
        raise InvalidFieldsError.of("intake_owner", "cannot_work_cases", message)
    before = unit.intake_owner
    if before == member:
        return
    unit.intake_owner = member
    unit.save(update_fields=["intake_owner"])
    emails = {"before": before.user.email if before else None, "after": member.user.email if member else None}
    audit.record(by, "name_intake_owner", unit.code, **emails)


_UNCHANGED: Any = object()


def change_unit(
    unit: Unit,
    *,
    by: Actor | None,
    name: str = _UNCHANGED,
    parent: Unit | None = _UNCHANGED,
    intake_owner: Membership | None = _UNCHANGED,
) -> None:
    """Rename a unit, move it with all below it, name who takes in its cases; what is not given stays."""
    require(by, Can.EDIT_PEOPLE)
    tree.lock_tree()  # before the unit's row, in the order in which every move takes them
    unit.refresh_from_db()
    if name is not _UNCHANGED and name != unit.name:
        rename_unit(unit, name, by=by)
    if parent is not _UNCHANGED:
        move_unit(unit, parent, by=by)
    if intake_owner is not _UNCHANGED:
        name_intake_owner(unit, intake_owner, by=by)


def add_person(
    name: str,
    *,
    by: Actor | None,
    external_id: str | None = None,
    email: str = "",
    position: str = "",
    unit: Unit | None = None,
    member: Membership | None = None,
) -> Person:
    """Someone who works here; `position` is a title, created when new."""
    require(by, Can.EDIT_PEOPLE)
    _require_text("name", name, 200)
    post = Position.objects.get_or_create(title=position)[0] if position else None
    if external_id and Person.objects.filter(external_id=external_id).exists():
        raise ConflictError(
            _("A person with the external id “%(external_id)s” exists already.") % {"external_id": external_id},
            code="external_id_in_use",
        )
    return Person.objects.create(
        name=name, external_id=external_id or None, email=email, position=post, unit=unit, member=member
    )


def enroll_colleague(
    name: str, email: str, role: Role, *, by: Actor | None, unit: Unit | None = None
) -> tuple[Membership, str | None]:
    """A member who works in `unit`, with the first password of a new account (`tenants.members.enroll`)."""
    member, password = enroll(email, name, role, by=by)
    if not Person.objects.filter(member=member).exists():
        add_person(name, email=email, unit=unit, member=member, by=by)
    return member, password


def name_leader(
    unit: Unit, person: Person, starts_on: date, ends_on: date | None = None, *, by: Actor | None
) -> Leadership:
    """`person` leads `unit` from `starts_on` up to, not including, `ends_on`.

    Raises `ConflictError` when another leads it on one of those days: end that leadership first.
    """
    require(by, Can.EDIT_PEOPLE)
    if ends_on is not None and ends_on <= starts_on:
        raise InvalidFieldsError.of("ends_on", "before_start", _("The end must be later than the start."))
    try:
        with transaction.atomic():
            leadership = Leadership.objects.create(unit=unit, person=person, starts_on=starts_on, ends_on=ends_on)
    except IntegrityError as error:
        if "one_leader_at_a_time" not in str(error):
            raise
        message = _("%(unit)s has another leader in that time; end that leadership first.") % {"unit": unit.name}
        raise ConflictError(message, code="led_by_another") from error
    audit.record(by, "name_leader", unit.code, person=person.name, starts_on=str(starts_on), ends_on=_text(ends_on))
    return leadership


def replace_leader(unit: Unit, name: str, starts_on: date, *, by: Actor | None, position: str = "") -> Leadership:
    """The person of this name, or somebody new in this position, leads from `starts_on`; whoever led until then ends.

    Of several people with the name it is the one in the position; raises `ConflictError` where that is not one, and
    what `name_leader` raises.
    """
    require(by, Can.EDIT_PEOPLE)
    known = list(Person.objects.filter(name=name).select_related("position"))
    if len(known) > 1:
        known = [person for person in known if person.position and person.position.title == position]
        if len(known) != 1:
            message = _("Several people are called “%(name)s”; give the position of the one who is meant.") % {
                "name": name
            }
            raise ConflictError(message, code="ambiguous_name")
    person = known[0] if known else add_person(name, position=position, unit=unit, by=by)
    current = unit.leaderships.filter(ends_on=None, starts_on__lt=starts_on).first()
    if current is not None:
        end_leadership(current, starts_on, by=by)
    return name_leader(unit, person, starts_on, by=by)


def end_leadership(leadership: Leadership, ends_on: date, *, by: Actor | None) -> None:
    """The leader's last day is the one before `ends_on`."""
    require(by, Can.EDIT_PEOPLE)
    if ends_on <= leadership.starts_on:
        raise InvalidFieldsError.of("ends_on", "before_start", _("The end must be later than the start."))
    if leadership.ends_on is not None and ends_on > leadership.ends_on:
        raise InvalidFieldsError.of(
            "ends_on", "already_ended", _("It has ended earlier; name the leader anew instead.")
        )
    leadership.ends_on = ends_on
    leadership.save(update_fields=["ends_on"])
    audit.record(by, "end_leadership", leadership.unit.code, person=leadership.person.name, ends_on=str(ends_on))


def _require_text(field: str, value: str, longest: int) -> None:
    if not value.strip():
        raise InvalidFieldsError.of(field, "required", _("This is required."))
    if errors := text_errors(field, value, longest):
        raise InvalidFieldsError(errors)


def _text(day: date | None) -> str | None:
    return str(day) if day else None
