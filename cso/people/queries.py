"""Reads of the organization, viewer first."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import F, Q, QuerySet

from cso.people.models import Leadership, Person, Unit, UnitAncestor
from tenants.models import Actor, Membership
from tenants.roles import Can


def visible_units(viewer: Actor) -> QuerySet[Unit]:
    """The units whose figures the viewer may see: all, or those below the units that the viewer leads now."""
    if viewer.can(Can.SEE_SCORECARD):
        return Unit.objects.all()
    below = UnitAncestor.objects.filter(ancestor__in=led_units(viewer)).values("unit")
    return Unit.objects.filter(pk__in=below)


def led_units(viewer: Actor) -> QuerySet[Unit]:
    """The units that the viewer leads and has not been replaced in; none for an API key."""
    if not isinstance(viewer, Membership):
        return Unit.objects.none()
    return Unit.objects.filter(leaderships__person__member=viewer, leaderships__ends_on=None).distinct()


def home_unit(viewer: Actor) -> Unit | None:
    """The unit in which the viewer works, as far as known."""
    if not isinstance(viewer, Membership):
        return None
    person = Person.objects.select_related("unit").filter(member=viewer).first()
    return person.unit if person else None


def units_below(unit: UUID) -> QuerySet[UnitAncestor]:
    """The closure rows of a unit and all below it."""
    return UnitAncestor.objects.filter(ancestor_id=unit)


def leaderships_between(first: date, end: date, units: list[UUID]) -> QuerySet[Leadership]:
    """Who led any of `units` on any day of [first, end), by unit and start."""
    overlap = Q(starts_on__lt=end) & (Q(ends_on=None) | Q(ends_on__gt=first))
    return (
        Leadership.objects.filter(overlap, unit__in=units)
        .select_related("person__position", "unit")
        .order_by("unit_id", F("starts_on"))
    )


def leader_of(unit: Unit, day: date) -> Leadership | None:
    """Who leads a unit on a day of the tenant; None for a vacancy."""
    held = Q(starts_on__lte=day) & (Q(ends_on=None) | Q(ends_on__gt=day))
    return unit.leaderships.filter(held).select_related("person__position").first()


def leaders_on(day: date) -> dict[UUID, Person]:
    """Who leads which unit (by its id) on a day of the tenant."""
    held = Q(starts_on__lte=day) & (Q(ends_on=None) | Q(ends_on__gt=day))
    return {
        leadership.unit_id: leadership.person
        for leadership in Leadership.objects.filter(held).select_related("person__position")
    }
